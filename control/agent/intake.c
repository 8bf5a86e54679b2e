/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/intake.h"

#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void intake_bad(struct intake *in, const char *reason, uint64_t loop_ms)
{
	uint64_t suppressed;

	in->stats.bad_lines++;
	snprintf(in->stats.last_error, sizeof(in->stats.last_error), "%s", reason);
	if (!limit_pass(&in->limit, loop_ms, reason, strcspn(reason, ":"), &suppressed))
		return;
	if (suppressed)
		log_warn(0, "collector %s: bad line: %s (%" PRIu64 " others not shown)", in->name,
			 reason, suppressed);
	else
		log_warn(0, "collector %s: bad line: %s", in->name, reason);
}

/* An empty line says nothing, and is no fault. */
static bool intake_blank(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r')
			return false;
	return true;
}

/* False: the owner is done. */
static bool intake_line(struct intake *in, const char *text, size_t len,
			const struct intake_time *time)
{
	char reason[160];
	struct line line;

	if (intake_blank(text, len))
		return true;
	in->stats.lines++;
	if (line_decode(text, len, time->written_ms, &line, reason) == 0)
		return in->good(in->user, &line);
	intake_bad(in, reason, time->loop_ms);
	return true;
}

unsigned int intake_bytes(struct intake *in, const void *bytes, size_t len,
			  const struct intake_time *time)
{
	struct cursor c = cursor_of(bytes, len);
	enum splitter_state state;
	unsigned int lines = 0;
	const char *text;
	size_t text_len;

	while ((state = splitter_next(&in->splitter, &c, &text, &text_len)) != SPLITTER_MORE) {
		lines++;
		if (state == SPLITTER_LINE) {
			if (!intake_line(in, text, text_len, time))
				return lines;
			continue;
		}
		in->stats.lines++;
		intake_bad(in, "longer than 4096 bytes", time->loop_ms);
	}
	return lines;
}
