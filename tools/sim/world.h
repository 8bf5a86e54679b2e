/* SPDX-License-Identifier: BSD-2-Clause */
/* Sites, ingresses, distances and what befalls them: all that the seed decides before a run. */
#pragma once
#include "setup.h"

#include <stddef.h>

struct window {
	double from_s, until_s;
};

struct world_site {
	double slots, speed; /* worker slots; work done per second in each */
	struct window slow;  /* at half speed */
	struct window down;
};

struct world {
	const struct setup *setup;
	struct world_site site[SITES];
	size_t ingresses;
	double *rtt_s; /* [ingress * SITES + site] */
	double *demand,
		*hot; /* parts of the total, as usual and while some are hot; they sum to 1 */
	struct window heat;
	double rate; /* flows/s in all */
	double warm_s;
};

int world_init(struct world *world, const struct setup *setup); /* 0 or -ENOMEM */
void world_clear(struct world *world);

double world_rtt(const struct world *world, size_t ingress, size_t site);
bool window_holds(const struct window *window, double at_s);

/* Flows per second that the site can serve at nominal speed, and at this moment. */
double world_nominal(const struct world *world, size_t site);
double world_able(const struct world *world, size_t site, double at_s);
