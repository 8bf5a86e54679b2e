/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An ingress: what it has been told, the shares it made of that, and where its next flow goes. The
 * shares of the daemon's policies come from control/select as in the daemon.
 */
#pragma once
#include "gauge.h"
#include "ingress/placement.h"
#include "rule.h"
#include "select/owners.h"

#include <two_choice.h>

struct ingress {
	const struct world *world;
	size_t number;
	struct weights *weights; /* NULL: shares are not from control/select */
	struct weights_site in[SITES];
	struct told told[SITES];
	double share[SITES], below[SITES]; /* below: sum of the shares up to and with the site */
	/* Slots of them, NULL: by shares. An owner is found when the slot is first drawn after the
	 * shares have changed: most are not drawn before these change again. */
	struct owner *owner;
	uint32_t *owner_turn, turn;
	struct owner_site owner_site[SITES];
	/* Two choices. */
	struct two_choice side[SITES];
	uint32_t since[SITES]; /* flows of before the site's last failure are counted no more */
	struct member_flows flows[SITES];
	struct placement placement; /* the daemon's */
	struct placement_site site[SITES];

	uint32_t started; /* flows since the last decision */
	double decided_s;
	double moved; /* total variation since it was taken */
};

int ingress_init(struct ingress *ingress, const struct world *world, size_t number);
void ingress_clear(struct ingress *ingress);

void ingress_told(struct ingress *ingress, size_t site, const struct told *told, double sampled_s);
void ingress_notice(struct ingress *ingress, size_t site, bool up, double now_s);

/* New shares from what it knows; `optimum` for the rule that is told the truth. 0 or -ENOMEM. */
int ingress_decide(struct ingress *ingress, double now_s, const double *optimum);

/* The counts are read and set right, and the gate is judged. */
void ingress_watch(struct ingress *ingress, double now_s);
bool ingress_closed(const struct ingress *ingress); /* the gate of two choices */

/* The site of a new flow with these two hashes. */
size_t ingress_place(struct ingress *ingress, uint32_t h1, uint32_t h2, bool *ret_second);
void ingress_end(struct ingress *ingress, size_t site, uint32_t since, double took_s);
