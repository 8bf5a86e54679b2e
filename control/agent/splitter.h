/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cuts a stream of bytes into lines, whatever pieces it comes in. A line longer than the limit is
 * never held whole: it is named once, then skipped to its end. Storage is the caller's.
 */
#pragma once
#include "base/cursor.h"

#define SPLITTER_LINE_MAX 4096 /* without the newline */

struct splitter {
	char line[SPLITTER_LINE_MAX];
	size_t len;
	bool skipping; /* inside a line that was too long */
};

enum splitter_state { SPLITTER_MORE, SPLITTER_LINE, SPLITTER_TOO_LONG };

/* Forgets a line that was begun. */
void splitter_reset(struct splitter *s);

/*
 * Takes bytes up to the end of a line. SPLITTER_LINE: *ret, *ret_len is the line without its
 * newline, until the next call. SPLITTER_MORE: all bytes are taken, no line ended.
 */
enum splitter_state splitter_next(struct splitter *s, struct cursor *bytes, const char **ret,
				  size_t *ret_len);
