/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What comes out of a collector becomes reports here: bytes to lines, lines to reports; bad lines
 * are counted and named in the log, at a bounded rate. Owned by one agent, on the event loop.
 */
#pragma once
#include "agent/agent.h"
#include "agent/line.h"
#include "agent/splitter.h"
#include "base/limit.h"

/* When the lines were written, for those that do not say so themselves, and now. */
struct intake_time {
	int64_t written_ms; /* Unix time */
	uint64_t loop_ms;   /* the loop's monotonic clock, for rates */
};

struct intake {
	const char *name; /* of the collector, for the log; borrowed */
	struct splitter splitter;
	struct limit limit;
	struct agent_stats stats;
	/* A good line. True: go on; false: the owner is done with this intake, touch nothing. */
	bool (*good)(void *user, const struct line *line);
	void *user;
};

/* How many lines ended within the bytes: a measure of the work done. */
unsigned int intake_bytes(struct intake *in, const void *bytes, size_t len,
			  const struct intake_time *time);
