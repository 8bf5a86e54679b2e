/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fills sites with one service's arrivals until all that are used cost the same at the margin: the
 * least sum of travel and of work, queueing included. Pure; any thread.
 */
#pragma once
#include "select/queue.h"

#include <stdbool.h>
#include <stddef.h>

struct waterfill_site {
	double rtt_s, service_time_s, capacity; /* the last two > 0 */
	double base;                            /* flows/s without what is shared out; may be < 0 */
	bool closed;                            /* gets nothing */
	double share;                           /* result, 0..1 */
	struct queue queue;                     /* queue_of(capacity) */
	double guess;                           /* utilisation at the level tried last; 0: none */
	double below;                           /* share at a level just too low */
};

struct waterfill {
	struct waterfill_site *site;
	size_t count; /* at least one of them is not closed */
	double rate;  /* flows/s to be shared out, >= 0 */
	double theta; /* weight of queueing against travel, > 0 */
	double level; /* a guess, 0 for none; then the result: nu */
};

/* Shares sum to 1. */
void waterfill(struct waterfill *fill);

/* Cost per second of all work at the site, and its derivative: seconds per further flow. */
double waterfill_cost(const struct waterfill_site *site, double theta, double arrival_rate);
double waterfill_marginal(const struct waterfill_site *site, double theta, double arrival_rate);
