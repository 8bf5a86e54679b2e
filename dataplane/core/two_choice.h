/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Placement by two choices: of the members of two slots, drawn by independent hashes, a new flow
 * goes to the one with fewer of this router's own flows in flight for its weight; the first keeps a
 * head start. Whatever the counts say, a member of share w gets between w^2 and 1 - (1 - w)^2 of
 * the flows, which is at most twice its share. Pure; any thread.
 *
 * Flows in flight are counted in 1/256, so that corrections do not lose the small ones: a flow
 * start adds TWO_CHOICE_FLOW, a flow end that is seen takes it away, and control sets right what is
 * not seen (control/ingress/census.h).
 */
#pragma once
#include "abi.h"

#include <stdbool.h>

#define TWO_CHOICE_FLOW MG_LOAD_FLOW

/* The second is taken if gamma (f_j + 1) / w_j < (f_i + 1) / w_i, with gamma = 5/4: tools/sim
 * compares it with others. */
#define TWO_CHOICE_GAMMA_NUM 5
#define TWO_CHOICE_GAMMA_DEN 4

struct two_choice {
	__u32 in_flight; /* 1/256 flows; at most 2^31 */
	__u32 weight;    /* share in 1/65536, as in mg_member; at most 65536 */
};

static MG_INLINE bool two_choice_second(const struct two_choice *first,
					const struct two_choice *second)
{
	__u64 i = (__u64)first->in_flight + TWO_CHOICE_FLOW;
	__u64 j = (__u64)second->in_flight + TWO_CHOICE_FLOW;

	return TWO_CHOICE_GAMMA_NUM * j * first->weight < TWO_CHOICE_GAMMA_DEN * i * second->weight;
}

/* A flow end was seen. What was taken before it came is not taken twice. */
static MG_INLINE __u32 two_choice_end(__u32 in_flight)
{
	return in_flight > TWO_CHOICE_FLOW ? in_flight - TWO_CHOICE_FLOW : 0;
}

/* What an ingress sees of one service's flows: the same for all its members. */
struct two_choice_view {
	__u32 starts, ends; /* of late: as many seconds of each */
	__u32 in_flight;    /* 1/256 flows, of all members */
	__u32 flow_us;      /* mean time of a flow, as the sites' reports and the distances say */
	__u32 late_us; /* so much longer do flows seem to last, by flows in flight and starts */
};

enum two_choice_gate {
	TWO_CHOICE_OPEN,
	TWO_CHOICE_FEW_FLOWS, /* own flows are too few to tell one member from another */
	TWO_CHOICE_FEW_ENDS,  /* most flow ends are not seen */
	TWO_CHOICE_LATE_ENDS, /* they are seen so late that the counts show the past */
};

/* Beyond these tools/sim finds slots alone as good, or there is nothing left to tell: README.md
 * there, "The gate". */
#define TWO_CHOICE_FLOWS_MIN 2
#define TWO_CHOICE_ENDS_MIN  20 /* one end in so many starts */
#define TWO_CHOICE_LATE_MAX  20 /* halves of a flow's time */

/* Whether the counts are worth asking. Where they are not, the first slot decides alone. */
static MG_INLINE enum two_choice_gate two_choice_gate(const struct two_choice_view *view)
{
	if (view->in_flight < TWO_CHOICE_FLOWS_MIN * TWO_CHOICE_FLOW)
		return TWO_CHOICE_FEW_FLOWS;
	if ((__u64)view->ends * TWO_CHOICE_ENDS_MIN < view->starts)
		return TWO_CHOICE_FEW_ENDS;
	if ((__u64)view->late_us * 2 > (__u64)view->flow_us * TWO_CHOICE_LATE_MAX)
		return TWO_CHOICE_LATE_ENDS;
	return TWO_CHOICE_OPEN;
}

/* The count after a correction by control, in 1/256 flows, of at most 2^62. */
static MG_INLINE __u32 two_choice_adjust(__u32 in_flight, __s64 more)
{
	__s64 now = (__s64)in_flight + more;

	if (now < 0)
		return 0;
	return now < MG_LOAD_MAX ? (__u32)now : MG_LOAD_MAX;
}
