/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: A block is aligned to its size, so a thing's address tells its block. Things that were given
 * back are a list in themselves; those that never were taken stand behind `fresh`. Blocks without
 * room are in no list: their things know the way.
 */
#include "base/pool.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define BLOCK ((size_t)1 << 16)
/* What glibc keeps of an allocation stands in the eight octets before the next one: so blocks lie
 * one behind the other. */
#define BLOCK_LEN (BLOCK - 8)

#if defined(__SANITIZE_ADDRESS__)
#define POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISONS 1
#endif
#endif

#ifdef POISONS
#include <sanitizer/asan_interface.h>
#define POISON(at, len)   ASAN_POISON_MEMORY_REGION(at, len)
#define UNPOISON(at, len) ASAN_UNPOISON_MEMORY_REGION(at, len)
#else
#define POISON(at, len)   ((void)(at))
#define UNPOISON(at, len) ((void)(at))
#endif

struct pool_block {
	struct pool_block *prev, *next;
	void *given; /* the last one that was given back, which begins with the one before it */
	uint32_t used, fresh;
};

static size_t things_in(const struct pool *pool)
{
	return (BLOCK_LEN - sizeof(struct pool_block)) / pool->size;
}

static bool block_full(const struct pool *pool, const struct pool_block *block)
{
	return !block->given && block->fresh == things_in(pool);
}

static struct pool_block *block_new(struct pool *pool)
{
	struct pool_block *block;
	void *memory;

	if (posix_memalign(&memory, BLOCK, BLOCK_LEN) != 0)
		return NULL;
	block = memory;
	*block = (struct pool_block){ 0 };
	POISON(block + 1, BLOCK_LEN - sizeof(*block));
	DL_PREPEND(pool->open, block);
	return block;
}

/* Is in no list. */
static void block_free(struct pool_block *block)
{
	UNPOISON(block, BLOCK_LEN);
	free(block);
}

static void *block_take(const struct pool *pool, struct pool_block *block)
{
	void *thing = block->given;

	block->used++;
	if (!thing)
		thing = (uint8_t *)(block + 1) + block->fresh++ * pool->size;
	UNPOISON(thing, pool->size);
	if (block->given)
		memcpy(&block->given, thing, sizeof(block->given));
	return memset(thing, 0, pool->size);
}

void *pool_take(struct pool *pool)
{
	struct pool_block *block = pool->open ? pool->open : block_new(pool);
	void *thing;

	if (!block)
		return NULL;
	thing = block_take(pool, block);
	if (block_full(pool, block))
		DL_DELETE(pool->open, block);
	return thing;
}

void pool_give(struct pool *pool, void *thing)
{
	struct pool_block *block = (struct pool_block *)((uintptr_t)thing & ~(BLOCK - 1));
	bool was_full = block_full(pool, block);

	memcpy(thing, &block->given, sizeof(block->given));
	block->given = thing;
	POISON(thing, pool->size);
	if (was_full)
		DL_PREPEND(pool->open, block);
	if (--block->used)
		return;
	/* One that is empty may stay: the last in the list, so that others are filled first. */
	DL_DELETE(pool->open, block);
	if (pool->open && !pool->open->prev->used) /* utlist: the tail */
		block_free(block);
	else
		DL_APPEND(pool->open, block);
}

void pool_clear(struct pool *pool)
{
	while (pool->open) {
		struct pool_block *block = pool->open;

		DL_DELETE(pool->open, block);
		block_free(block);
	}
}
