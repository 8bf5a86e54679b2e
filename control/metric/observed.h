/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a router sees of a site by its own flows: how long they last (Little's law: in flight /
 * start rate) and how long their handshake takes. Fed with the data plane's counters, which only
 * grow; times are arguments. A value without owner; pure.
 */
#pragma once
#include "metric/value.h"

/* As the data plane counts them, see struct member_flows of control/tables. */
struct observed_counts {
	uint64_t starts, ends;             /* flows */
	uint64_t handshakes, handshake_us; /* of some of them, and the sum of their times */
	double in_flight;                  /* flows */
};

/* Sums that lose 1 - exp(-t / window) of themselves in t: of the recent past, each with its weight.
 */
struct observed_sums {
	double starts, ends, drained; /* flows; drained: what was in flight and ended unseen */
	double grown;                 /* flows more in flight */
	double flow_s;                /* flows in flight x time */
	double passed_s;
	double handshakes, handshake_s;
};

struct observed {
	bool begun;
	struct observed_counts last;
	double at_s;                        /* of `last` */
	struct observed_sums now, long_run; /* by OBSERVED_LONG_S */
	double window_s;                    /* of `now` */
};

/* The window of what is told: long against a flow, and with ten flows in it where it may. */
#define OBSERVED_WINDOW_S 5.0  /* at least */
#define OBSERVED_SPARSE_S 10.0 /* at most, for flows that are few */
#define OBSERVED_LONG_S   30.0 /* at most, for flows that are long: three times their time */

/* Takes a reading; now_s does not go back. Between two, as many flows are taken to be in flight as
 * the mean of both, so readings should not be much farther apart than flows are long. One that
 * follows the last within 0.05 s is passed over; a count that went back (another member has the
 * place), or a silence of ten long windows, begins anew. */
void observed_note(struct observed *observed, double now_s, const struct observed_counts *counts);

/* All is per what is known now; negative where that is not known. */
struct observed_load {
	double flow_time_s; /* mean; not known: no flows, or more than half of those that ended did
			     * so unseen (UDP, asymmetric) */
	double flows;       /* that it is the mean of: its evidence */
	double handshake_s; /* mean, as the router sees it: to the site and to the client */
	double rate;        /* flow starts per second, of this router alone */
	double in_flight;   /* mean flows in flight, of this router alone */
	double steady;      /* the lesser of that and of its mean in OBSERVED_LONG_S */
	double window_s;    /* that these are means over; 0: nothing is known */
	double age_s;       /* of the newest reading */
};
struct observed_load observed_load(const struct observed *observed, double now_s);

/* Adds what is known as values of source VALUE_OBSERVED, taken at sampled_ms: flow-time,
 * handshake-time, arrival-rate and in-flight. */
void observed_put(struct value_set *set, const struct observed_load *load, int64_t sampled_ms);
