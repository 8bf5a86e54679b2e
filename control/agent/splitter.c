/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/splitter.h"

#include <string.h>

void splitter_reset(struct splitter *s)
{
	s->len = 0;
	s->skipping = false;
}

/* Keeps n bytes of the line that is under way; false: it is too long, what is there is dropped. */
static bool splitter_keep(struct splitter *s, const uint8_t *bytes, size_t n)
{
	if (s->skipping)
		return true;
	if (n > sizeof(s->line) - s->len) {
		s->len = 0;
		s->skipping = true;
		return false;
	}
	memcpy(s->line + s->len, bytes, n);
	s->len += n;
	return true;
}

/* A newline was read. False where it ends a line that was skipped. */
static bool splitter_end(struct splitter *s, const char **ret, size_t *ret_len)
{
	bool skipped = s->skipping;

	*ret = s->line;
	*ret_len = s->len;
	splitter_reset(s);
	return !skipped;
}

enum splitter_state splitter_next(struct splitter *s, struct cursor *bytes, const char **ret,
				  size_t *ret_len)
{
	while (cursor_left(bytes)) {
		const uint8_t *newline = memchr(bytes->at, '\n', cursor_left(bytes));
		size_t n = newline ? (size_t)(newline - bytes->at) : cursor_left(bytes);

		/* Named before its newline is taken, so that the next call finds the end. */
		if (!splitter_keep(s, cursor_take(bytes, n), n))
			return SPLITTER_TOO_LONG;
		if (newline && cursor_take(bytes, 1) && splitter_end(s, ret, ret_len))
			return SPLITTER_LINE;
	}
	return SPLITTER_MORE;
}
