/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/cursor.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static const uint8_t octets[] = { 1, 2, 3, 4, 5, 6, 7, 8 };

/* A heap block of exactly n bytes: the sanitizer sees any read past them. */
static uint8_t *block(size_t n)
{
	return memcpy(malloc(n ? n : 1), octets, n);
}

static const struct {
	const char *name;
	size_t octets;
	uint64_t want;
} reads[] = {
	{ "u8", 1, 0x01 },
	{ "u16", 2, 0x0102 },
	{ "u24", 3, 0x010203 },
	{ "u32", 4, 0x01020304 },
	{ "u64", 8, 0x0102030405060708 },
};

Test(cursor, reads_big_endian_and_stops_at_every_truncation)
{
	for (size_t i = 0; i < ARRAY_SIZE(reads); i++)
		for (size_t have = 0; have <= reads[i].octets; have++) {
			_cleanup_(freep) uint8_t *bytes = block(have);
			struct cursor c = cursor_of(bytes, have);
			bool whole = have == reads[i].octets;
			uint64_t v = cursor_uint(&c, reads[i].octets);

			cr_expect(eq(u64, v, whole ? reads[i].want : 0), "%s of %zu", reads[i].name,
				  have);
			cr_expect(eq(int, c.bad, !whole), "%s of %zu", reads[i].name, have);
			cr_expect(eq(sz, cursor_left(&c), 0), "%s of %zu", reads[i].name, have);
		}
}

Test(cursor, the_short_names_read_their_width)
{
	_cleanup_(freep) uint8_t *bytes = block(7);
	struct cursor c = cursor_of(bytes, 7);

	cr_expect(eq(u8, cursor_u8(&c), 1));
	cr_expect(eq(u16, cursor_u16(&c), 0x0203));
	cr_expect(eq(u32, cursor_u32(&c), 0x04050607));
	cr_expect(eq(int, c.bad, false));
}

Test(cursor, bad_stays_and_all_reads_yield_zero)
{
	_cleanup_(freep) uint8_t *bytes = block(8);
	struct cursor c = cursor_of(bytes, 8);
	struct cursor sub;

	cr_expect(eq(ptr, (void *)cursor_take(&c, 9), NULL));
	cr_expect(eq(int, c.bad, true));
	cr_expect(eq(u8, cursor_u8(&c), 0), "although eight bytes are there");
	cr_expect(eq(ptr, (void *)cursor_take(&c, 0), NULL));
	sub = cursor_sub(&c, 1);
	cr_expect(eq(int, sub.bad, true));
	cr_expect(eq(sz, cursor_left(&sub), 0));
	cr_expect(eq(sz, cursor_left(&c), 0));
}

Test(cursor, no_length_wraps_around)
{
	_cleanup_(freep) uint8_t *bytes = block(8);
	struct cursor c = cursor_of(bytes, 8);

	cursor_u8(&c);
	cr_expect(eq(ptr, (void *)cursor_take(&c, SIZE_MAX), NULL));
	cr_expect(eq(int, c.bad, true));
}

Test(cursor, a_sub_reader_cannot_be_left)
{
	for (size_t n = 0; n <= sizeof(octets); n++) {
		_cleanup_(freep) uint8_t *bytes = block(sizeof(octets));
		struct cursor c = cursor_of(bytes, sizeof(octets)), sub = cursor_sub(&c, n);

		cr_expect(eq(sz, cursor_left(&sub), n));
		cr_expect(eq(sz, cursor_left(&c), sizeof(octets) - n));
		cursor_take(&sub, n);
		cr_expect(eq(int, sub.bad, false), "%zu", n);
		cursor_u8(&sub);
		cr_expect(eq(int, sub.bad, true), "%zu", n);
		cr_expect(eq(int, c.bad, false), "the outer one is not touched");
		cr_expect(eq(u8, cursor_u8(&c), n < sizeof(octets) ? octets[n] : 0), "%zu", n);
	}
}

Test(cursor, of_nothing_has_nothing)
{
	struct cursor c = cursor_of(NULL, 0), sub = cursor_sub(&c, 0);

	cr_expect(eq(int, sub.bad, false));
	cr_expect(eq(sz, cursor_left(&sub), 0));
	cr_expect(eq(sz, cursor_left(&c), 0));
	cr_expect(eq(int, c.bad, false));
	cr_expect(eq(u8, cursor_u8(&c), 0));
	cr_expect(eq(int, c.bad, true));
}
