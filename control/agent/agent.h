/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Collectors: turn what a site already publishes into reports. One agent is one collector at work:
 * a command whose standard output, or a file whose growing end, is JSON lines (README.md of this
 * directory). Owned by the event loop; none can stall another.
 */
#pragma once
#include "metric/report.h"
#include "metric/value.h"

#include <uv.h>

enum agent_kind { AGENT_NONE, AGENT_EXEC, AGENT_FILE, AGENT_NAMED };

struct agent_config {
	enum agent_kind kind;
	char path[256];      /* EXEC: command line for /bin/sh -c; FILE: the file; NAMED: names of
				gatherers, which are no matter of an agent (blend.h) */
	uint32_t timeout_ms; /* silence after which the site counts as silent */
};

struct agent_ops {
	/* service: name in the line, "" if the line names none. report->has says what it held.
	 * values: what the source gave that is no field of a report; NULL: nothing. Borrowed for
	 * the call. */
	void (*report)(void *user, const char *service, const struct report *report,
		       const struct value_set *values);
	/* up false: the command ended, the file vanished, or nothing came for timeout_ms. reason:
	 * words for people. */
	void (*state)(void *user, bool up, const char *reason);
};

struct agent;
/* 0, -ENOMEM, or -EINVAL (logged): a configuration without kind, path or timeout. Whatever else is
 * wrong comes as a state, from the loop, and is tried again with back-off (1 s to 30 s). */
int agent_start(uv_loop_t *loop, const struct agent_config *config, const struct agent_ops *ops,
		void *user, struct agent **ret);
/* No callback comes any more; it may be called from within one. The command gets SIGTERM, after 2 s
 * SIGKILL: run the loop until it is empty before the process ends. */
void agent_stop(struct agent **agent);

struct agent_stats {
	uint64_t lines, bad_lines, starts; /* lines: good and bad, without empty ones */
	char last_error[160];
};
void agent_stats(const struct agent *agent, struct agent_stats *ret);
