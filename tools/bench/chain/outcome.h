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
#define OUTCOME_WAIT_MAX  0.07 /* a run in which a thread waited longer for its CPU is spoilt */
#define OUTCOME_LOST_MAX  0.01 /* so is one that lost more on the way, where none should be lost */
#define OUTCOME_REST_MAX  0.1  /* a router that has rested more had too few packets */

/* One run. */
struct run {
	double packets_s; /* right ones at the sink, in a second of the router's CPU time */
	double arrived_s; /* the same, by the clock */
	double waited;    /* share of the time that a thread waited for its CPU in vain */
	double lost;      /* share of the generator's packets; 0 where it makes too many */
	double rested;    /* share of its CPU that the router left; 0 where others have it then */
	struct tally tally;
};

bool run_spoilt(const struct run *run);

/* NULL: every packet is right, and, behind a router that chooses, they are spread over the sites as
 * the weights say, in so far as that many flows can be. Else what is wrong, in words for people, in
 * `ret`. */
#define OUTCOME_WORDS 160
const char *run_fault(const struct run *run, enum router router, uint32_t flows,
		      char ret[OUTCOME_WORDS]);

/* What the runs of one router say. */
struct summary {
	struct sample_summary packets_s;
	double arrived_s, rested; /* medians */
};

static inline double summary_ns(const struct summary *summary) /* for a packet */
{
	return 1e9 / summary->packets_s.median;
}

/* One row of the table. */
struct outcome {
	bool v6;
	uint32_t flows;
	uint32_t repeated; /* runs thrown away, because they were spoilt */
	uint32_t kept;     /* runs that were spoilt as often as they were made */
	struct summary router[ROUTER_COUNT];
	struct sample_summary ratio; /* of the pairs */
	double ratio_min, ratio_max;
};

/* pairs[i][ROUTER_...]: at least one. Fills what the runs say. 0, or -ENOMEM. */
int outcome_sum(const struct run pairs[][ROUTER_COUNT], size_t count, struct outcome *ret);

/* A ratio to a kernel that rested would flatter Margay. */
bool outcome_saturated(const struct outcome *outcome, enum router router);
bool outcome_held(const struct outcome *outcome);
