/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A packet record for people and for scripts. No I/O, but for names of interfaces.
 */
#pragma once
#include "names.h"

/* wall_ns: what to add to CLOCK_MONOTONIC to get the time of day. Members that say nothing are left
 * out. NULL: no memory. */
json_t *trace_json(const struct mg_trace_record *record, const struct names *names,
		   uint64_t wall_ns);

/* Widths of columns that grow with what has been shown, so that lines stay aligned without knowing
 * what comes. */
#define TRACE_COLUMNS 9
struct trace_widths {
	size_t width[TRACE_COLUMNS];
};

/* One line without its newline, to be freed; NULL: no memory. */
char *trace_header(struct trace_widths *widths);
char *trace_line(const json_t *packet, struct trace_widths *widths);

/* "FORWARD: sent to a site; service web, site east", for a packet's comment. To be freed; NULL: no
 * memory. */
char *trace_comment(const struct mg_trace_record *record, const struct names *names);
