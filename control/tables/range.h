/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which entries of an array are taken, as ranges. A range that is given back rests until a whole
 * round of the sweep has gone by, because a packet or a pin may still name it. The caller owns the
 * storage of the struct.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct range {
	uint32_t base, len;
	uint64_t retired; /* the round in which it was given back; 0: in use */
};

struct ranges {
	uint32_t first, end; /* what may be taken: first up to end - 1 */
	struct range *range; /* by base */
	size_t count, room;
	size_t packed; /* before so many of them, and between them, nothing is free */
};

void ranges_init(struct ranges *ranges, uint32_t first, uint32_t end);
void ranges_clear(struct ranges *ranges);

/* Takes the lowest gap of len entries whose base is a multiple of align. 0, -ENOSPC, -ENOMEM. */
int ranges_take(struct ranges *ranges, uint32_t len, uint32_t align, uint32_t *ret_base);
/* Takes just this one, as a former run has left it. -EEXIST: not free, or beyond the array. */
int ranges_claim(struct ranges *ranges, uint32_t base, uint32_t len);

/* Gives back the range that begins at base. round: the current one of the sweep, from 1. */
void ranges_retire(struct ranges *ranges, uint32_t base, uint64_t round);
/* Frees what was given back before `round`, and tells each, for its entries to be emptied. */
void ranges_release(struct ranges *ranges, uint64_t round,
		    void (*empty)(void *user, uint32_t base, uint32_t len), void *user);
/* Calls back for each gap: what no range covers. */
void ranges_gaps(const struct ranges *ranges, void (*gap)(void *user, uint32_t base, uint32_t len),
		 void *user);
