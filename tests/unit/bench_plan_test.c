/* SPDX-License-Identifier: BSD-2-Clause */
#include "plan.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <traffic.h>

static const struct {
	const char *name, *dimension, *list;
	int want;
	uint32_t first;
	size_t count;
} lists[] = {
	{ "one", "flows", "1", 0, 1, 1 },
	{ "thousands and millions", "flows", "64K,10M", 0, 64000, 2 },
	{ "small letters", "services", "10k", 0, 10000, 1 },
	{ "words and numbers", "moving", "stable,5,100", 0, 0, 3 },
	{ "all are busy", "busy", "all,1", 0, 0, 2 },
	{ "words", "family", "ipv6,ipv4", 0, 1, 2 },
	{ "as many as fit", "moving", "1,2,3,4,5,6,7,8", 0, 1, 8 },
	{ "one more than fits", "moving", "1,2,3,4,5,6,7,8,9", -EINVAL, 0, 0 },
	{ "no flow", "flows", "0", -EINVAL, 0, 0 },
	{ "the most flows", "flows", "16777216", 0, 16777216, 1 },
	{ "more flows than clients", "flows", "16777217", -EINVAL, 0, 0 },
	{ "the factor leads out of range", "flows", "17M", -EINVAL, 0, 0 },
	{ "the factor wraps round", "flows", "4294968K", -EINVAL, 0, 0 },
	{ "minus", "flows", "-1", -EINVAL, 0, 0 },
	{ "space", "flows", " 1", -EINVAL, 0, 0 },
	{ "something behind", "flows", "1x", -EINVAL, 0, 0 },
	{ "something behind the factor", "flows", "1KK", -EINVAL, 0, 0 },
	{ "nothing", "flows", "", -EINVAL, 0, 0 },
	{ "nothing at the end", "flows", "1,", -EINVAL, 0, 0 },
	{ "twice", "flows", "1K,1000", -EINVAL, 0, 0 },
	{ "a number where words stand", "encap", "1", -EINVAL, 0, 0 },
	{ "a word of another dimension", "family", "srv6", -EINVAL, 0, 0 },
	{ "slots and a placement", "moving", "stable,two-choice", 0, 0, 2 },
	{ "more than all slots", "moving", "101", -EINVAL, 0, 0 },
	{ "no such dimension", "colour", "1", -EINVAL, 0, 0 },
};

static const struct choices *dimension(const struct plan *plan, const char *name)
{
	switch (*name) {
	case 'f':
		return name[1] == 'l' ? &plan->flows : &plan->v6;
	case 's':
		return &plan->services;
	case 'b':
		return &plan->busy;
	default:
		return &plan->moving_pct;
	}
}

Test(bench_plan, reads_lists)
{
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		struct plan plan = plan_default(), before = plan;
		const struct choices *choices = dimension(&plan, lists[i].dimension);
		int r = plan_choose(&plan, lists[i].dimension, lists[i].list);

		cr_expect(eq(int, r, lists[i].want), "%s", lists[i].name);
		if (r < 0) {
			cr_expect(memcmp(&plan, &before, sizeof(plan)) == 0, "%s", lists[i].name);
			continue;
		}
		cr_expect(eq(sz, choices->count, lists[i].count), "%s", lists[i].name);
		cr_expect(eq(u32, choices->value[0], lists[i].first), "%s", lists[i].name);
	}
}

/* No case twice, and those that share tables next to each other: else they are not interleaved. */
static void expect_sound(const struct bench_case *cases, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		bool parted = false;

		for (size_t j = i + 1; j < count; j++) {
			bool alike = case_alike(&cases[i], &cases[j]);

			cr_expect(not(case_equal(&cases[i], &cases[j])), "%s: %zu, %zu", name, i,
				  j);
			cr_expect(not(alike && parted), "%s: %zu, %zu", name, i, j);
			parted |= !alike;
		}
	}
}

Test(bench_plan, multiplies_out)
{
	struct plan full = plan_default(), check = plan_default(), small = plan_default();
	struct {
		const char *name;
		const struct plan *plan;
		size_t want;
	} rows[] = {
		{ "full", &full, 200 },
		{ "check", &check, 42 }, /* of a single service one is busy, hence all are */
		{ "default", &small, 16 },
	};

	plan_full(&full);
	plan_check(&check);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t count = 0;
		_cleanup_(freep) struct bench_case *cases = plan_cases(rows[i].plan, &count);

		cr_assert(cases != NULL);
		cr_expect(eq(sz, count, rows[i].want), "%s", rows[i].name);
		expect_sound(cases, count, rows[i].name);
	}
}

Test(bench_plan, tells_sizes)
{
	struct plan plan = plan_default();

	cr_expect(eq(u32, plan_flows_max(&plan), 1000000));
	cr_expect(eq(u32, plan_slots(&plan, 1), 65536));
	cr_expect(eq(u32, plan_slots(&plan, 10000), 256));
	plan.slots = 16;
	cr_expect(eq(u32, plan_slots(&plan, 1), 16));
}

/* What the driver compares with: service 6 is in group 2 of 4, whose sites begin at 16. */
Test(bench_plan, expects_the_group_of_a_service)
{
	struct expect expect = { .base = 0x0aff0000, .group = 3, .shift = 3 };

	cr_expect(eq(u32, traffic_word(&expect, 6), 0x0aff0010));
}
