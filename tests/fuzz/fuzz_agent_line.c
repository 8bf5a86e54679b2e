/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Collector output: the first octet says how the rest is cut into pieces. The lines must be the
 * same as when it comes whole, and a line that is accepted must hold what the report promises.
 */
#include "agent/line.h"
#include "agent/splitter.h"
#include "base/util.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define NOW_MS INT64_C(1800000000000)

static void check(const struct line *line)
{
	const struct report *r = &line->report;

	if (!memchr(line->service, 0, sizeof(line->service)) || !(r->has & REPORT_SAMPLED) ||
	    r->sampled_ms < 0 || r->sampled_ms > NOW_MS || r->score > 10 || r->availability > 100 ||
	    r->delay_index > 100 || !isfinite(r->arrival_rate) || r->arrival_rate < 0 ||
	    !isfinite(r->in_flight) || r->in_flight < 0 || !isfinite(r->utilisation) ||
	    r->utilisation < 0 || !isfinite(r->capacity) || !isfinite(r->service_time_s) ||
	    !isfinite(r->window_s))
		__builtin_trap();
	if ((r->has & REPORT_CAPACITY && r->capacity <= 0) ||
	    (r->has & REPORT_SERVICE_TIME && r->service_time_s <= 0) ||
	    (r->has & REPORT_WINDOW && r->window_s <= 0))
		__builtin_trap();
}

/* Folds every line, its length and its verdict into one number. */
static uint64_t feed(const uint8_t *data, size_t len, size_t piece)
{
	_cleanup_(freep) struct splitter *s = calloc(1, sizeof(*s));
	uint64_t fold = 0;

	for (size_t at = 0; at < len; at += piece) {
		struct cursor c = cursor_of(data + at, len - at < piece ? len - at : piece);
		enum splitter_state state;
		const char *text;
		size_t text_len;

		while ((state = splitter_next(s, &c, &text, &text_len)) != SPLITTER_MORE) {
			char reason[160];
			struct line line;
			int r = 1;

			if (state == SPLITTER_LINE)
				r = line_decode(text, text_len, NOW_MS, &line, reason);
			if (r == 0)
				check(&line);
			fold = fold * 31 + (state == SPLITTER_LINE ? text_len * 7 : 3) + (r == 0);
		}
	}
	return fold;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (!len)
		return 0;
	if (feed(data + 1, len - 1, data[0] + 1u) != feed(data + 1, len - 1, len))
		__builtin_trap();
	return 0;
}
