/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A value that changes by steps, and since when it has had which: the memory of own shares and own
 * rates. Owned by whoever embeds it; times are arguments and do not go back.
 */
#pragma once
#include <stddef.h>

struct timeline_step {
	double start_s, value;
};

struct timeline {
	struct timeline_step *step; /* oldest first */
	size_t count, room;
};

void timeline_clear(struct timeline *timeline);

/* Room for one timeline_note() that cannot fail. 0 or -ENOMEM. */
int timeline_reserve(struct timeline *timeline);

/* From now_s on the value is this. Changes within a tenth of a second are one. */
void timeline_note(struct timeline *timeline, double now_s, double value);

/* What was before this time is asked for no more. */
void timeline_forget(struct timeline *timeline, double before_s);

/* The value at that time, the oldest for an earlier one; 0 if nothing was ever noted. */
double timeline_at(const struct timeline *timeline, double at_s);

/* What an exponentially weighted mean of this window would show at that time. *ret_known: how much
 * of it is from noted times, 0..1; what was before them counts as 0. */
double timeline_mean(const struct timeline *timeline, double at_s, double window_s,
		     double *ret_known);
