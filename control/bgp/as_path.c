/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/as_path.h"

#include <errno.h>

#define AS_TRANS 23456 /* RFC 6793 section 9 */

bool as_segment_next(struct cursor *c, size_t octets, struct as_segment *ret)
{
	if (!cursor_left(c))
		return false;
	ret->type = cursor_u8(c);
	ret->count = cursor_u8(c);
	ret->numbers = cursor_sub(c, ret->count * octets);
	return !c->bad;
}

/* RFC 7606 section 7.2; AS 0 by RFC 7607 section 2. Widens the numbers on the way. */
static int segment_copy(struct as_segment *segment, size_t octets, struct writer *w)
{
	if (segment->type < AS_SET || segment->type > AS_SEQUENCE || !segment->count)
		return -EBADMSG;
	writer_u8(w, segment->type);
	writer_u8(w, segment->count);
	for (size_t i = 0; i < segment->count; i++) {
		uint32_t as = (uint32_t)cursor_uint(&segment->numbers, octets);

		if (!as)
			return -EBADMSG;
		writer_u32(w, as);
	}
	return 0;
}

static int segments_decode(struct attr_set *set, struct cursor *c, size_t octets, bool skip_confed,
			   struct bgp_bytes *ret)
{
	size_t size = cursor_left(c) * (sizeof(uint32_t) / octets);
	uint8_t *room = arena_take(set->arena, size);
	struct writer w = writer_of(room, size);
	struct as_segment segment;

	if (!room)
		return -ENOBUFS;
	while (as_segment_next(c, octets, &segment)) {
		int r;

		if (skip_confed && segment.type > AS_SEQUENCE && segment.type <= AS_CONFED_SET)
			continue;
		r = segment_copy(&segment, octets, &w);
		if (r < 0)
			return r;
	}
	if (c->bad || w.bad)
		return -EBADMSG;
	*ret = (struct bgp_bytes){ room, writer_len(&w) };
	return 0;
}

int as_path_decode(struct attr_set *set, struct cursor *c, size_t octets, struct bgp_bytes *ret)
{
	return segments_decode(set, c, octets, false, ret);
}

int as4_path_decode(struct attr_set *set, struct cursor *c, struct bgp_bytes *ret)
{
	return segments_decode(set, c, sizeof(uint32_t), true, ret);
}

static size_t path_len(const struct bgp_bytes *as_path)
{
	struct bgp_path path = { .as_path = *as_path };

	return bgp_path_as_len(&path);
}

/* The first n hops of *from, as bgp_path_as_len() counts them. */
static void copy_leading(const struct bgp_bytes *from, size_t n, struct writer *w)
{
	struct cursor c = bytes_cursor(from);
	struct as_segment segment;

	while (n && as_segment_next(&c, sizeof(uint32_t), &segment)) {
		size_t hops = segment.type == AS_SET ? 1 : segment.count;
		size_t count = segment.type == AS_SET ? segment.count : hops < n ? hops : n;

		writer_u8(w, segment.type);
		writer_u8(w, (uint8_t)count);
		writer_bytes(w, segment.numbers.at, count * sizeof(uint32_t));
		n -= hops < n ? hops : n;
	}
}

int as_path_merge(struct arena *arena, const struct bgp_bytes *as4_path, struct bgp_bytes *as_path)
{
	size_t len = path_len(as_path), len4 = path_len(as4_path);
	size_t size = as_path->len + as4_path->len;
	uint8_t *room;
	struct writer w;

	if (!as4_path->len || len < len4)
		return 0; /* RFC 6793 section 4.2.3: then AS4_PATH is ignored */
	room = arena_take(arena, size);
	if (!room)
		return -ENOBUFS;
	w = writer_of(room, size);
	copy_leading(as_path, len - len4, &w);
	writer_bytes(&w, as4_path->at, as4_path->len);
	*as_path = (struct bgp_bytes){ room, writer_len(&w) };
	return 0;
}

void as_path_encode(const struct bgp_bytes *as_path, size_t octets, struct writer *w)
{
	struct cursor c = bytes_cursor(as_path);
	struct as_segment segment;

	while (as_segment_next(&c, sizeof(uint32_t), &segment)) {
		writer_u8(w, segment.type);
		writer_u8(w, segment.count);
		for (size_t i = 0; i < segment.count; i++) {
			uint32_t as = cursor_u32(&segment.numbers);

			writer_uint(w, octets == 2 && as > UINT16_MAX ? AS_TRANS : as, octets);
		}
	}
}

bool as_path_fits_2(const struct bgp_bytes *as_path)
{
	struct cursor c = bytes_cursor(as_path);
	struct as_segment segment;

	while (as_segment_next(&c, sizeof(uint32_t), &segment))
		for (size_t i = 0; i < segment.count; i++)
			if (cursor_u32(&segment.numbers) > UINT16_MAX)
				return false;
	return true;
}
