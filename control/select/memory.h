/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one service's weights remember from one decision to the next, as a value: all that a later
 * decision can depend on beside its own arguments. Weights that were given it decide, bit for bit,
 * as those that it was taken from; so a record that begins in the middle can be replayed. Pure.
 */
#pragma once
#include "select/timeline.h"
#include "select/weights.h"

struct weights_memory_site {
	uint64_t id;
	double share;           /* in force, 0..1 */
	struct timeline shares; /* own ones, as they were in force */
	bool known, founder, up, drains, bad;
	double drain_since_s; /* -INFINITY: it had no share then */
	bool remembers;       /* `last` is a report of it */
	struct report last;
	double last_sampled_s;
	double sampled_s, window_s; /* of the report that the next two belong to */
	double own_then, own_known;
	double guess; /* where water-filling begins to seek */
};

struct weights_memory {
	double decided_s;
	double began_s;      /* NAN: no site has been up */
	double changed_s;    /* -INFINITY: none has come or gone */
	double own_rate;     /* NAN: not known */
	double demand_total; /* NAN: not known */
	double demand_observed_s, demand_complete_s;
	bool demand_started;
	double level, budget;
	double time_per_flow_time, per_flow; /* 0: not known */
	bool limited;
	struct timeline rates; /* own ones */
	size_t count;
	struct weights_memory_site *site; /* count of them */
};

/* A copy. 0; or -ENOMEM, and *ret is untouched. */
int weights_memory_of(const struct weights *weights, struct weights_memory *ret);
void weights_memory_clear(struct weights_memory *memory);

/* Replaces what the weights remember; their configuration stays. 0; or -ENOMEM, and they are as
 * they were. */
int weights_remember(struct weights *weights, const struct weights_memory *memory);

/* Other shares than those decided at that time have been in force since: what the sites report of
 * their load follows these. share: in the order of the last decision. */
void weights_applied(struct weights *weights, double now_s, const double *share);
