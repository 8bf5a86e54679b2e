/* SPDX-License-Identifier: BSD-2-Clause */
/* What a run of the chain gave, whether it is to be believed, and what several say. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sample.h"
#include "topology.h"
#include "wire.h"

#define OUTCOME_RATIO_MIN 4.5
#define OUTCOME_RATIO_AIM 6.0
#define OUTCOME_BUSY_MIN \
	0.9 /* of what it got of its CPU; one that rests more had too few packets */
#define OUTCOME_WAIT_MAX 0.07 /* a thread that waited longer for its CPU spoils the run */

/* One run. */
struct run {
	double packets_s; /* right ones, at the sink */
	double offered_s; /* from the generator */
	double busy;   /* share of the time that the router's thread ran, of what it could have */
	double waited; /* share of the time that it, or the generator, waited for its CPU */
	double router_ns; /* CPU time of the router's thread, the sink in it, for a packet */
	struct tally tally;
};

bool run_spoilt(const struct run *run);

/* NULL: every packet is right, and they are spread over the sites as the weights say, in so far as
 * that many flows can be. Else what is wrong, in words for people, in `ret`. */
#define OUTCOME_WORDS 160
const char *run_fault(const struct run *run, uint32_t flows, char ret[OUTCOME_WORDS]);

/* What the runs of one router say. */
struct summary {
	struct sample_summary packets_s;
	double offered_s, busy, router_ns; /* medians */
};

/* One row of the table. */
struct outcome {
	bool v6;
	uint32_t flows;
	uint32_t repeated; /* runs thrown away, because a thread had to wait */
	uint32_t kept;     /* runs that were spoilt as often as they were made */
	struct summary router[ROUTER_COUNT];
	struct sample_summary ratio; /* of the pairs */
	double ratio_min, ratio_max;
};

/* pairs[i][ROUTER_...]: at least one. Fills what the runs say. 0, or -ENOMEM. */
int outcome_sum(const struct run pairs[][ROUTER_COUNT], size_t count, struct outcome *ret);

/* The router's own figure is its most only where it had no rest; a ratio of a kernel that rested
 * would flatter Margay. */
bool outcome_saturated(const struct outcome *outcome, enum router router);
bool outcome_held(const struct outcome *outcome);
