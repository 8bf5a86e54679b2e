/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The samples of one source, from one reading to the next, as values of a report. Owned by one
 * collector; pure: clocks are arguments.
 *
 * A reading is good or bad as a whole: of a bad one nothing is kept, and what was known before
 * stays until it is too old. What can go wrong is in README.md of this directory.
 */
#pragma once
#include "agent/mapping.h"
#include "metric/report.h"

#define READING_SERIES_MAX 2048 /* wanted ones in one reading */

struct reading;

/* Takes a reference to the mapping. max_age_ms: for how long a value counts that is not renewed,
 * and how old a sample may be that names its time. NULL: no memory. */
struct reading *reading_new(struct mapping *mapping, uint32_t max_age_ms);
void reading_free(struct reading **reading);

void reading_begin(struct reading *r); /* forgets what an unfinished one has brought */
bool reading_wanted(const struct reading *r, const char *name, size_t len);
/* NULL, or static words: what is wrong with the sample. */
const char *reading_sample(struct reading *r, const struct exposition_sample *sample);

struct reading_time {
	uint64_t loop_ms; /* monotonic */
	int64_t unix_ms;
};
/* 0: good, though maybe nothing is known yet (counters need two readings). Else -EBADMSG and
 * reason says why, its part before the first colon being the same for all faults of that kind. */
int reading_end(struct reading *r, const struct reading_time *now, char reason[160]);

/* What is known now. ret->has is REPORT_SAMPLED alone where no value is. */
void reading_report(const struct reading *r, const struct reading_time *now, struct report *ret);

/* The i-th value of the mapping; false: no more. known false: not known now. */
struct reading_value {
	const char *name;
	bool known;
	double value, window_s; /* window_s: over which it was averaged; 0: of one moment */
	int64_t sampled_ms;     /* Unix time */
};
bool reading_value(const struct reading *r, size_t i, const struct reading_time *now,
		   struct reading_value *ret);

struct reading_stats {
	uint64_t samples; /* wanted ones that were taken, of good readings */
	uint64_t skipped; /* not finite: NaN says that there is none */
	uint64_t old;     /* older than max_age_ms by their own time */
	uint64_t ahead;   /* with a time that was still to come, taken as now */
	uint64_t resets;  /* counters that fell: they begin anew */
	uint64_t jumps;   /* counters whose clock went otherwise than ours: they begin anew */
};
void reading_stats(const struct reading *r, struct reading_stats *ret);
