/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables/range.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void ranges_init(struct ranges *r, uint32_t first, uint32_t end)
{
	*r = (struct ranges){ .first = first, .end = end };
}

void ranges_clear(struct ranges *r)
{
	free(r->range);
	*r = (struct ranges){ 0 };
}

static int range_insert(struct ranges *r, size_t at, uint32_t base, uint32_t len)
{
	if (r->count == r->room) {
		size_t room = r->room ? 2 * r->room : 16;
		struct range *more = reallocarray(r->range, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		r->range = more;
		r->room = room;
	}
	memmove(r->range + at + 1, r->range + at, (r->count - at) * sizeof(*r->range));
	r->range[at] = (struct range){ .base = base, .len = len };
	r->count++;
	return 0;
}

/* Where the gap before range number `at` begins and ends. */
static uint64_t gap_start(const struct ranges *r, size_t at)
{
	return at ? (uint64_t)r->range[at - 1].base + r->range[at - 1].len : r->first;
}

static uint64_t gap_end(const struct ranges *r, size_t at)
{
	return at < r->count ? r->range[at].base : r->end;
}

int ranges_take(struct ranges *r, uint32_t len, uint32_t align, uint32_t *ret_base)
{
	while (r->packed < r->count && gap_start(r, r->packed) == gap_end(r, r->packed))
		r->packed++;
	for (size_t i = r->packed; i <= r->count; i++) {
		uint64_t base = (gap_start(r, i) + align - 1) / align * align;
		int fault;

		if (base + len > gap_end(r, i))
			continue;
		fault = range_insert(r, i, (uint32_t)base, len);
		if (fault < 0)
			return fault;
		*ret_base = (uint32_t)base;
		return 0;
	}
	return -ENOSPC;
}

int ranges_claim(struct ranges *r, uint32_t base, uint32_t len)
{
	size_t at = 0;

	while (at < r->count && r->range[at].base < base)
		at++;
	if (base < gap_start(r, at) || (uint64_t)base + len > gap_end(r, at))
		return -EEXIST;
	return range_insert(r, at, base, len);
}

void ranges_retire(struct ranges *r, uint32_t base, uint64_t round)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->range[i].base == base)
			r->range[i].retired = round;
}

void ranges_release(struct ranges *r, uint64_t round,
		    void (*empty)(void *user, uint32_t base, uint32_t len), void *user)
{
	size_t kept = 0;

	r->packed = 0;
	for (size_t i = 0; i < r->count; i++) {
		const struct range range = r->range[i];

		if (range.retired && range.retired < round)
			empty(user, range.base, range.len);
		else
			r->range[kept++] = range;
	}
	r->count = kept;
}

void ranges_gaps(const struct ranges *r, void (*gap)(void *user, uint32_t base, uint32_t len),
		 void *user)
{
	for (size_t i = 0; i <= r->count; i++) {
		uint64_t start = gap_start(r, i), end = gap_end(r, i);

		if (end > start)
			gap(user, (uint32_t)start, (uint32_t)(end - start));
	}
}
