/* SPDX-License-Identifier: BSD-2-Clause */
/* Things of several sizes, taken and given back at random: nobody's octets are another's, and what
 * is given back is taken again. */
#include "base/pool.h"

#include "base/util.h"
#include "random.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#define THINGS 5000
#define BLOCK  65536

static bool is_filled(const uint8_t *thing, size_t size, uint8_t with)
{
	for (size_t i = 0; i < size; i++)
		if (thing[i] != with)
			return false;
	return true;
}

static void converse(struct random *random, size_t size)
{
	struct pool pool = { .size = size };
	uint8_t *thing[THINGS] = { 0 };

	for (int step = 0; step < 40000; step++) {
		size_t i = random_below(random, THINGS);
		bool fill = random_below(random, 10) < (step / 10000 % 2 ? 1 : 9);

		if (fill == !!thing[i])
			continue;
		if (!fill) {
			cr_assert(is_filled(thing[i], size, (uint8_t)i), "thing %zu", i);
			pool_give(&pool, thing[i]);
			thing[i] = NULL;
			continue;
		}
		thing[i] = pool_take(&pool);
		cr_assert(thing[i] != NULL);
		cr_assert(eq(sz, (uintptr_t)thing[i] % 8, 0));
		cr_assert(is_filled(thing[i], size, 0), "it is zeroed");
		memset(thing[i], (int)i, size);
	}
	for (size_t i = 0; i < THINGS; i++)
		if (thing[i])
			pool_give(&pool, thing[i]);
	pool_clear(&pool);
	cr_expect(eq(ptr, pool.open, NULL));
}

Test(pool, keeps_things_apart)
{
	static const size_t sizes[] = { 8, 24, 64, 72, 4096, 20000 };
	struct random random = random_seeded("pool");

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		converse(&random, sizes[i]);
}

/* The block of a thing, by its address. */
static uintptr_t block_of(const void *thing)
{
	return (uintptr_t)thing / BLOCK;
}

Test(pool, fills_holes_first)
{
	struct pool pool = { .size = 1024 };
	void *thing[200], *again;

	for (size_t i = 0; i < ARRAY_SIZE(thing); i++)
		thing[i] = pool_take(&pool);
	pool_give(&pool, thing[10]);
	again = pool_take(&pool);
	cr_expect(eq(ptr, again, thing[10]));
	pool_give(&pool, thing[11]);
	for (size_t i = 0; i < ARRAY_SIZE(thing); i++)
		if (block_of(thing[i]) != block_of(thing[10]))
			pool_give(&pool, thing[i]);
	again = pool_take(&pool);
	cr_expect(eq(ptr, again, thing[11]), "not out of a block that is empty");
	for (size_t i = 0; i < ARRAY_SIZE(thing); i++)
		if (block_of(thing[i]) == block_of(thing[10]))
			pool_give(&pool, thing[i]);
	pool_clear(&pool);
}
