/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/util.h"
#include "tables/range.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#define SIZE 64

/* One operation a row on an array of SIZE entries from 1 on; taken ranges stay for the next row. */
static const struct {
	const char *name;
	enum { TAKE, CLAIM, RETIRE, RELEASE } what;
	uint32_t base, len, align; /* base: CLAIM's and RETIRE's, RELEASE's round */
	int want;
	uint32_t want_base;
} steps[] = {
	{ "first fit", TAKE, 0, 1, 1, 0, 1 },
	{ "aligned", TAKE, 0, 16, 16, 0, 16 },
	{ "into the gap before it", TAKE, 0, 8, 1, 0, 2 },
	{ "too long for any gap", TAKE, 0, 33, 1, -ENOSPC, 0 },
	{ "as long as the last gap", TAKE, 0, 32, 32, 0, 32 },
	{ "no room at this alignment", TAKE, 0, 4, 8, -ENOSPC, 0 },
	{ "room at a lesser one", TAKE, 0, 4, 2, 0, 10 },
	{ "claim of what is taken", CLAIM, 20, 1, 0, -EEXIST, 0 },
	{ "claim over an edge", CLAIM, 14, 3, 0, -EEXIST, 0 },
	{ "claim before the first", CLAIM, 0, 1, 0, -EEXIST, 0 },
	{ "claim beyond the end", CLAIM, 64, 1, 0, -EEXIST, 0 },
	{ "claim whose end wraps", CLAIM, 14, UINT32_MAX, 0, -EEXIST, 0 },
	{ "claim of a gap", CLAIM, 14, 2, 0, 0, 0 },
	{ "full", TAKE, 0, 1, 1, -ENOSPC, 0 },
	{ "given back", RETIRE, 16, 5, 0, 0, 0 },
	{ "but at rest", TAKE, 0, 1, 1, -ENOSPC, 0 },
	{ "its own round is not enough", RELEASE, 5, 0, 0, 0, 0 },
	{ "still", TAKE, 0, 1, 1, -ENOSPC, 0 },
	{ "the next one", RELEASE, 6, 16, 0, 0, 16 },
	{ "free again", TAKE, 0, 16, 1, 0, 16 },
};

struct emptied {
	uint32_t base, len;
};

static void note(void *user, uint32_t base, uint32_t len)
{
	*(struct emptied *)user = (struct emptied){ base, len };
}

Test(range, takes_and_rests)
{
	struct ranges ranges;

	ranges_init(&ranges, 1, SIZE);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct emptied emptied = { 0 };
		uint32_t base = 0;
		int r = 0;

		if (steps[i].what == TAKE)
			r = ranges_take(&ranges, steps[i].len, steps[i].align, &base);
		else if (steps[i].what == CLAIM)
			r = ranges_claim(&ranges, steps[i].base, steps[i].len);
		else if (steps[i].what == RETIRE)
			ranges_retire(&ranges, steps[i].base, steps[i].len);
		else
			ranges_release(&ranges, steps[i].base, note, &emptied);
		cr_expect(eq(int, r, steps[i].want), "%s", steps[i].name);
		if (steps[i].what == TAKE)
			cr_expect(eq(u32, base, steps[i].want_base), "%s", steps[i].name);
		if (steps[i].what == RELEASE) {
			cr_expect(eq(u32, emptied.base, steps[i].want_base), "%s", steps[i].name);
			cr_expect(eq(u32, emptied.len, steps[i].len), "%s", steps[i].name);
		}
	}
	ranges_clear(&ranges);
}

/* A plain array of flags says what must come out. */
struct naive {
	bool taken[SIZE];
	bool gap[SIZE];
};

static void note_gap(void *user, uint32_t base, uint32_t len)
{
	struct naive *naive = user;

	memset(naive->gap + base, true, len);
}

static bool naive_fits(const struct naive *naive, uint32_t base, uint32_t len)
{
	return base + len <= SIZE && !memchr(naive->taken + base, true, len);
}

static uint32_t naive_first(const struct naive *naive, uint32_t len, uint32_t align)
{
	for (uint32_t base = 0; base < SIZE; base += align)
		if (naive_fits(naive, base, len))
			return base;
	return SIZE;
}

Test(range, agrees_with_a_plain_array)
{
	unsigned int seed = (unsigned int)time(NULL);
	struct naive naive = { 0 };
	struct ranges ranges;
	uint32_t len_at[SIZE] = { 0 };

	cr_log_info("seed %u", seed);
	srand(seed);
	ranges_init(&ranges, 0, SIZE);
	for (int i = 0; i < 20000; i++) {
		uint32_t align = 1u << rand() % 4, len = 1 + (uint32_t)rand() % 12;
		uint32_t base = (uint32_t)rand() % SIZE, want = naive_first(&naive, len, align);
		struct emptied emptied;

		if (rand() % 2 && len_at[base]) {
			ranges_retire(&ranges, base, 1);
			ranges_release(&ranges, 2, note, &emptied);
			cr_assert(eq(u32, emptied.base, base), "seed %u", seed);
			memset(naive.taken + base, false, len_at[base]);
			len_at[base] = 0;
		} else if (rand() % 4) {
			int r = ranges_take(&ranges, len, align, &base);

			cr_assert(eq(int, r, want < SIZE ? 0 : -ENOSPC), "seed %u", seed);
			if (r < 0)
				continue;
			cr_assert(eq(u32, base, want), "seed %u", seed);
			memset(naive.taken + base, true, len);
			len_at[base] = len;
		} else {
			int r = ranges_claim(&ranges, base, len);

			cr_assert(eq(int, r, naive_fits(&naive, base, len) ? 0 : -EEXIST),
				  "seed %u", seed);
			if (r < 0)
				continue;
			memset(naive.taken + base, true, len);
			len_at[base] = len;
		}
		memset(naive.gap, 0, sizeof(naive.gap));
		ranges_gaps(&ranges, note_gap, &naive);
		for (uint32_t k = 0; k < SIZE; k++)
			cr_assert(naive.gap[k] != naive.taken[k], "seed %u", seed);
	}
	ranges_clear(&ranges);
}
