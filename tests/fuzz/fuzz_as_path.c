/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AS_PATH and AS4_PATH: the first octet is the length of the former, in octets of two-octet AS
 * numbers. What they come to is written as both again, and has to come to the same.
 */
#include "again.h"
#include "bgp/as_path.h"

static struct arena arena;

/* False: one of them is malformed. */
static bool read_both(struct cursor *c, size_t len, struct bgp_bytes *ret)
{
	struct bgp_codec codec = { .local_as = 65000, .remote_as = 65000 };
	struct attr_set set = { .codec = &codec, .arena = &arena };
	struct cursor two = cursor_sub(c, len), four = cursor_sub(c, cursor_left(c));
	struct bgp_bytes as4_path = { 0 };

	arena.used = 0;
	if (c->bad || as_path_decode(&set, &two, 2, ret) < 0 || two.bad || cursor_left(&two))
		return false;
	if (cursor_left(&four) && (as4_path_decode(&set, &four, &as4_path) < 0 || four.bad))
		return false;
	if (as_path_merge(&arena, &as4_path, ret) < 0)
		impossible("no room for what a message can hold");
	return true;
}

static bool write_four(struct cursor *c, struct writer *w)
{
	struct attr_set set = { .arena = &arena };
	struct bgp_bytes path = { 0 };

	arena.used = 0;
	if (as_path_decode(&set, c, 4, &path) < 0 || c->bad || cursor_left(c))
		return false;
	as_path_encode(&path, 4, w);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t octets[AGAIN_MAX];
	struct writer w = writer_of(octets, sizeof(octets));
	struct cursor c = cursor_of(data, size);
	struct bgp_bytes path = { 0 };
	size_t len = cursor_u8(&c);

	if (size > 4096)
		return 0;
	if (read_both(&c, len, &path)) {
		as_path_encode(&path, 4, &w);
		check_again(cursor_of(octets, writer_len(&w)), write_four);
		as_path_encode(&path, 2, &w);
		as_path_fits_2(&path);
	}
	check_again(cursor_of(data, size), write_four);
	return 0;
}
