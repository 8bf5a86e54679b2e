/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scratch memory of one message: handed out in order, given back all at once. What is decoded from
 * a message of 65535 octets (RFC 8654) always fits: room for unknown attributes is as long as all
 * attributes, other octets are copied once, those of a 2-octet AS_PATH are doubled and then merged
 * (RFC 6793): five times the message at most.
 */
#pragma once
#include "bgp/path.h"

#include <string.h>

#define ARENA_SIZE (5 * 65535)

struct arena {
	size_t used;
	uint8_t octet[ARENA_SIZE];
};

/* NULL: no room, which a message of legal size cannot bring about. */
static inline uint8_t *arena_take(struct arena *arena, size_t n)
{
	uint8_t *p = arena->octet + arena->used;

	if (n > sizeof(arena->octet) - arena->used)
		return NULL;
	arena->used += n;
	return p;
}
