/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Things of one size, many of them: no octets around each, as malloc() has, and a block of them
 * goes back when it is empty. A value; one thread.
 */
#pragma once
#include <stddef.h>

struct pool_block;

struct pool {
	size_t size;             /* of a thing; a multiple of 8 */
	struct pool_block *open; /* blocks with room; at most one is empty */
};

#define POOL_OF(type) ((struct pool){ .size = sizeof(type) })

/* Zeroed, aligned to 8 octets. NULL: out of memory. */
void *pool_take(struct pool *pool);
void pool_give(struct pool *pool, void *thing);
/* Everything has been given back. */
void pool_clear(struct pool *pool);
