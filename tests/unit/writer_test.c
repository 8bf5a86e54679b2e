/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/writer.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

/* One record of every kind of write: 1 + 2 + 4 + 3 + (2 + 2) octets. */
static void write_all(struct writer *w)
{
	uint8_t *field;

	writer_u8(w, 0x01);
	writer_u16(w, 0x0203);
	writer_u32(w, 0x04050607);
	writer_uint(w, 0xff08090a, 3);
	field = writer_len_open(w, 2);
	writer_bytes(w, "\xaa\xbb", 2);
	writer_len_close(w, field, 2);
}

static const uint8_t want[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 2, 0xaa, 0xbb };

Test(writer, writes_big_endian)
{
	_cleanup_(freep) uint8_t *buffer = malloc(sizeof(want));
	struct writer w = writer_of(buffer, sizeof(want));

	write_all(&w);
	cr_expect(eq(int, w.bad, false));
	cr_expect(eq(sz, writer_len(&w), sizeof(want)));
	cr_expect(eq(int, memcmp(buffer, want, sizeof(want)), 0));
}

Test(writer, every_smaller_buffer_is_bad_and_not_overrun)
{
	for (size_t size = 0; size < sizeof(want); size++) {
		_cleanup_(freep) uint8_t *buffer = malloc(size ? size : 1);
		struct writer w = writer_of(buffer, size);

		write_all(&w);
		cr_expect(eq(int, w.bad, true), "%zu", size);
		cr_expect(le(sz, writer_len(&w), size), "%zu", size);
		/* The length stays open: nobody may send this. */
		cr_expect(eq(int, memcmp(buffer, want, size < 10 ? writer_len(&w) : 10), 0), "%zu",
			  size);
	}
}

Test(writer, bad_stays_although_a_smaller_write_would_fit)
{
	_cleanup_(freep) uint8_t *buffer = calloc(1, 4);
	struct writer w = writer_of(buffer, 4);

	writer_u8(&w, 1);
	writer_u32(&w, 2);
	writer_u8(&w, 3);
	writer_bytes(&w, "x", 1);
	cr_expect(eq(int, w.bad, true));
	cr_expect(eq(sz, writer_len(&w), 1));
	cr_expect(eq(u8, buffer[1], 0));
	cr_expect(eq(ptr, writer_room(&w, 0), NULL));
}

Test(writer, no_length_wraps_around)
{
	_cleanup_(freep) uint8_t *buffer = malloc(4);
	struct writer w = writer_of(buffer, 4);

	writer_u8(&w, 1);
	cr_expect(eq(ptr, writer_room(&w, SIZE_MAX), NULL));
	cr_expect(eq(int, w.bad, true));
}

static const struct {
	size_t octets, body;
	bool fits;
} lengths[] = {
	{ 1, 0, true },     { 1, 255, true },   { 1, 256, false },   { 1, 65536, false },
	{ 2, 256, true },   { 2, 65535, true }, { 2, 65536, false }, { 3, 65536, true },
	{ 4, 70000, true }, { 8, 70000, true },
};

Test(writer, a_length_is_stored_or_bad)
{
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		size_t size = lengths[i].octets + lengths[i].body, stored = 0;
		_cleanup_(freep) uint8_t *buffer = calloc(1, size);
		struct writer w = writer_of(buffer, size);
		uint8_t *field = writer_len_open(&w, lengths[i].octets);

		writer_room(&w, lengths[i].body);
		writer_len_close(&w, field, lengths[i].octets);
		for (size_t j = 0; j < lengths[i].octets; j++)
			stored = stored << 8 | buffer[j];
		cr_expect(eq(int, w.bad, !lengths[i].fits), "%zu octets for %zu", lengths[i].octets,
			  lengths[i].body);
		if (lengths[i].fits)
			cr_expect(eq(sz, stored, lengths[i].body));
	}
}

Test(writer, a_length_that_found_no_room_closes_to_nothing)
{
	_cleanup_(freep) uint8_t *buffer = malloc(1);
	struct writer w = writer_of(buffer, 1);
	uint8_t *field = writer_len_open(&w, 2);

	cr_expect(eq(ptr, field, NULL));
	writer_len_close(&w, field, 2);
	cr_expect(eq(int, w.bad, true));
	cr_expect(eq(sz, writer_len(&w), 0));
}

Test(writer, lengths_nest)
{
	_cleanup_(freep) uint8_t *buffer = malloc(6);
	struct writer w = writer_of(buffer, 6);
	uint8_t *outer = writer_len_open(&w, 1), *inner;

	writer_u8(&w, 7);
	inner = writer_len_open(&w, 2);
	writer_u16(&w, 0x0809);
	writer_len_close(&w, inner, 2);
	writer_len_close(&w, outer, 1);
	cr_expect(eq(int, w.bad, false));
	cr_expect(eq(int, memcmp(buffer, "\5\7\0\2\10\11", 6), 0));
}
