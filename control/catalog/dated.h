/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When the values of a report were taken, on our clock, whatever carrier brought it, and how that
 * is known. Pure: clocks are arguments.
 */
#pragma once
#include "metric/report.h"

enum dated_by {
	DATED_ARRIVAL, /* no sample time came: it is no younger than that */
	DATED_SAMPLE,  /* by the sample time */
	DATED_AHEAD,   /* its sample time lies in our future: by its arrival */
};

struct dated {
	int64_t sampled_ms; /* monotonic */
	enum dated_by by;
	int64_t lag_ms; /* how old it was at its arrival by the sender's clock; negative: that clock
			   is ahead of ours; 0 without a sample time */
};

/* received_*: the same moment on our monotonic and on our Unix clock, which is read at no other
 * time: should it step later, ages do not. */
struct dated dated_of(const struct report *report, int64_t received_ms, int64_t received_unix_ms);

/* "arrival", "sample", "arrival, its clock is ahead" */
const char *dated_text(enum dated_by by);
