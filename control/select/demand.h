/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lambda: what all ingresses together send to one service. The sum of what its sites report, kept
 * as it was while a site is missing from it. Private to control/select; pure.
 */
#pragma once
#include <stdbool.h>

struct demand {
	double total; /* flows/s, smoothed; NAN: not known */
	double observed_s;
	double complete_s; /* when all sites that are up had told, or the first call */
	bool started;
};

/* What the sites tell at one moment. */
struct demand_view {
	bool first;           /* shortly after the start: sites come in, nothing to smooth */
	bool complete;        /* every site that is up has told its rate since the last change */
	double sum;           /* of the rates told */
	double telling_share; /* part of the demand that goes to the sites that told; 0: none did */
};

void demand_observe(struct demand *demand, double now_s, double period_s,
		    const struct demand_view *view);
