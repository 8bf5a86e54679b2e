/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What most targets of decoders check: what was understood is written, read and written again, and
 * the octets have to be the same both times. Values out of range are cut to it the first time.
 */
#pragma once
#include "base/cursor.h"
#include "base/util.h"
#include "base/writer.h"
#include "impossible.h"

#include <string.h>

#define AGAIN_MAX (1 << 16)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads *c and writes what it understood. False: nothing to write, or it was refused. */
typedef bool (*again_fn)(struct cursor *c, struct writer *w);

static inline void check_again(struct cursor c, again_fn read_write)
{
	static uint8_t first[AGAIN_MAX], second[AGAIN_MAX];
	struct writer a = writer_of(first, sizeof(first)), b = writer_of(second, sizeof(second));
	struct cursor back;

	if (!read_write(&c, &a))
		return;
	back = cursor_of(first, writer_len(&a));
	if (a.bad || !read_write(&back, &b) || b.bad)
		impossible("what was written is not understood");
	if (writer_len(&a) != writer_len(&b) || memcmp(first, second, writer_len(&a)))
		impossible("what is read again is written otherwise");
}
