/* SPDX-License-Identifier: BSD-2-Clause */
/* What became of the flows of a run: counts, and how long they took, to 0.1 %. */
#pragma once
#include <stdint.h>

#define TALLY_OCTAVES 24 /* from 2^-16 s to 256 s */
#define TALLY_STEPS   1024

struct spread {
	uint64_t count;
	uint64_t bin[TALLY_OCTAVES * TALLY_STEPS];
};

void spread_add(struct spread *spread, double seconds);
double spread_quantile(const struct spread *spread, double part); /* 0 of none */

struct tally {
	uint64_t flows;     /* all that are counted */
	uint64_t lost_dead; /* sent to a site that was down, or in it when it failed */
	uint64_t lost_full; /* at a full queue */
	uint64_t slow;      /* more than half a second beside the service itself */
	uint64_t second;    /* went to their second choice */
	uint64_t to_liar;
	struct spread response, added; /* of those served; added: without the service itself */
	double moved;                  /* total variation of the shares, sum over the ingresses */
};

/* Of one run, to be printed. */
struct figures {
	double p50_s, p99_s, added_p99_s;
	double lost, lost_full, slow, second, to_liar; /* parts of all flows */
	double moved_per_min;                          /* of an ingress */
	double liar_share_max; /* of an ingress at any moment; 0: no site lies */
	double gate_closed;    /* part of the decisions after which two choices were off */
	double wall_s;
	uint64_t flows;
};
