/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/limit.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

static bool pass(struct limit *limit, uint64_t now_ms, const char *identity, uint64_t *ret)
{
	*ret = 0;
	return limit_pass(limit, now_ms, identity, strlen(identity), ret);
}

Test(limit, the_same_message_passes_once_a_minute)
{
	struct limit limit = { 0 };
	uint64_t suppressed;

	cr_expect(pass(&limit, 0, "a", &suppressed));
	for (uint64_t t = 1; t < LIMIT_REPEAT_MS; t += 999)
		cr_expect(not(pass(&limit, t, "a", &suppressed)), "%lu ms", (unsigned long)t);
	cr_expect(pass(&limit, LIMIT_REPEAT_MS, "a", &suppressed));
	cr_expect(eq(u64, suppressed, 61));
	cr_expect(pass(&limit, LIMIT_REPEAT_MS, "b", &suppressed));
	cr_expect(eq(u64, suppressed, 0), "told once");
}

Test(limit, different_messages_pass_in_a_burst_and_then_slowly)
{
	struct limit limit = { 0 };
	unsigned int passed = 0;
	uint64_t suppressed;
	char text[16];

	for (unsigned int i = 0; i < 1000; i++) {
		sprintf(text, "%u", i);
		passed += pass(&limit, 1000, text, &suppressed);
	}
	cr_expect(eq(u32, passed, LIMIT_BURST));
	cr_expect(not(pass(&limit, 1000 + LIMIT_REFILL_MS - 1, "early", &suppressed)));
	cr_expect(pass(&limit, 1000 + LIMIT_REFILL_MS, "in time", &suppressed));
	cr_expect(eq(u64, suppressed, 1000 - LIMIT_BURST + 1));
	cr_expect(not(pass(&limit, 1000 + LIMIT_REFILL_MS, "one only", &suppressed)));
}

Test(limit, long_quiet_saves_up_no_more_than_a_burst)
{
	struct limit limit = { 0 };
	unsigned int passed = 0;
	uint64_t suppressed;
	char text[16];

	pass(&limit, 0, "first", &suppressed);
	for (unsigned int i = 0; i < 100; i++) {
		sprintf(text, "%u", i);
		passed += pass(&limit, 86400000, text, &suppressed);
	}
	cr_expect(eq(u32, passed, LIMIT_BURST));
}

Test(limit, an_empty_message_is_one_too)
{
	struct limit limit = { 0 };
	uint64_t suppressed;

	cr_expect(pass(&limit, 0, "", &suppressed));
	cr_expect(not(pass(&limit, 0, "", &suppressed)));
}
