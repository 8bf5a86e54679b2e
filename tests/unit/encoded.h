/* SPDX-License-Identifier: BSD-2-Clause */
/* What encoders of the feeds write, against octets by hand. */
#pragma once
#include "base/util.h"
#include "base/writer.h"
#include "hex.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

struct encoded {
	const char *name;
	void (*encode)(struct writer *w);
	const char *hex;
};

static inline void expect_encoded(const struct encoded *vector)
{
	char got[1024], want[1024];
	uint8_t octets[512];
	struct writer w = writer_of(octets, sizeof(octets));
	size_t len;
	_cleanup_(freep) uint8_t *bytes = unhex(vector->hex, &len);

	vector->encode(&w);
	cr_expect(not(w.bad), "%s", vector->name);
	hexdump(octets, writer_len(&w), got, sizeof(got));
	hexdump(bytes, len, want, sizeof(want));
	cr_expect(eq(str, got, want), "%s", vector->name);
}

/* In every room that is too small it says so. */
static inline void expect_no_fit(const struct encoded *vector)
{
	size_t len;

	free(unhex(vector->hex, &len));
	for (size_t room = 0; room < len; room++) {
		_cleanup_(freep) uint8_t *octets = malloc(room + 1);
		struct writer w = writer_of(octets, room);

		vector->encode(&w);
		cr_expect(w.bad, "%s in %zu octets", vector->name, room);
	}
}
