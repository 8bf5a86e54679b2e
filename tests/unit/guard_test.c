/* SPDX-License-Identifier: BSD-2-Clause */
/* Limits: which bucket, and what is not limited. How tokens come and go is in answer_test.c. */
#include "base/util.h"
#include "target.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define CLOCK 1000

static struct mg_settings limited(enum mg_guard guard)
{
	struct mg_settings settings = { 0 };

	settings.limit[guard] = (struct mg_limit){ CLOCK, 2 * CLOCK };
	return settings;
}

Test(guard, a_bucket_each)
{
	for (enum mg_guard guard = 0; guard < MG_GUARD_COUNT; guard++) {
		struct mg_settings settings = limited(guard);

		memset(&target, 0, sizeof(target));
		target.clock_ns = 10 * CLOCK;
		for (int i = 0; i < 3; i++)
			cr_expect(guard_allows(&settings, guard));
		cr_expect(not(guard_allows(&settings, guard)));
		for (enum mg_guard other = 0; other < MG_GUARD_COUNT; other++) {
			cr_expect(eq(int, guard_allows(&settings, other), other != guard));
			cr_expect(eq(u64, target.bucket[other].next_ns,
				     other == guard ? 13 * CLOCK : 0));
		}
		target.clock_ns += CLOCK;
		cr_expect(guard_allows(&settings, guard));
		cr_expect(not(guard_allows(&settings, guard)));
	}
}

Test(guard, no_settings_allow_nothing)
{
	cr_expect(not(guard_allows(NULL, MG_GUARD_PINS)));
}
