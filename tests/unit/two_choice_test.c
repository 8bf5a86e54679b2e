/* SPDX-License-Identifier: BSD-2-Clause */
#include <two_choice.h>

#include "base/util.h"
#include "random.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define FLOW TWO_CHOICE_FLOW

static const struct {
	const char *name;
	struct two_choice first, second;
	bool takes_second;
} choices[] = {
	{ "both idle", { 0, 100 }, { 0, 100 }, false },
	{ "equal", { 9 * FLOW, 100 }, { 9 * FLOW, 100 }, false },
	{ "within the head start", { 9 * FLOW, 100 }, { 7 * FLOW, 100 }, false },
	{ "just beyond it", { 9 * FLOW + 1, 100 }, { 7 * FLOW, 100 }, true },
	{ "first idle", { 0, 100 }, { 50 * FLOW, 100 }, false },
	{ "second idle", { 1 * FLOW, 100 }, { 0, 100 }, true },
	{ "second is bigger", { 9 * FLOW, 100 }, { 9 * FLOW, 126 }, true },
	{ "second is bigger by less than the head start",
	  { 9 * FLOW, 100 },
	  { 9 * FLOW, 125 },
	  false },
	{ "first is bigger", { 9 * FLOW, 160 }, { 9 * FLOW, 100 }, false },
	{ "first has no share any more", { 0, 0 }, { 9 * FLOW, 1 }, true },
	{ "second has no share any more", { 9 * FLOW, 1 }, { 0, 0 }, false },
	{ "none has a share", { 9 * FLOW, 0 }, { 0, 0 }, false },
	{ "the largest numbers", { 1u << 31, 65536 }, { 1u << 30, 65536 }, true },
	{ "the largest numbers, turned", { 1u << 30, 65536 }, { 1u << 31, 65536 }, false },
};

Test(two_choice, the_second_is_taken_beyond_the_head_start)
{
	for (size_t i = 0; i < ARRAY_SIZE(choices); i++)
		cr_expect(eq(int, two_choice_second(&choices[i].first, &choices[i].second),
			     choices[i].takes_second),
			  "%s", choices[i].name);
}

/* Of two members not both take the other's flows, or these would go round. */
Test(two_choice, not_each_for_the_other)
{
	struct random random = random_seeded("two choices");

	for (int i = 0; i < 100000; i++) {
		struct two_choice a = { (uint32_t)random_below(&random, 1 << 20),
					(uint32_t)random_below(&random, 65537) };
		struct two_choice b = { (uint32_t)random_below(&random, 1 << 20),
					(uint32_t)random_below(&random, 65537) };

		bool both = two_choice_second(&a, &b) && two_choice_second(&b, &a);

		cr_assert(eq(int, both, false), "%u/%u %u/%u", a.in_flight, a.weight, b.in_flight,
			  b.weight);
		cr_assert(eq(int, two_choice_second(&a, &b),
			     1.25 * ((double)b.in_flight + FLOW) * a.weight <
				     ((double)a.in_flight + FLOW) * b.weight));
	}
}

static const struct {
	const char *name;
	struct two_choice_view view;
	enum two_choice_gate gate;
} gates[] = {
	{ "all is seen", { 1000, 1000, 50 * FLOW, 100000, 0 }, TWO_CHOICE_OPEN },
	{ "nothing yet", { 0, 0, 0, 100000, 0 }, TWO_CHOICE_FEW_FLOWS },
	{ "less than two flows", { 1000, 1000, 2 * FLOW - 1, 100000, 0 }, TWO_CHOICE_FEW_FLOWS },
	{ "two flows", { 1000, 1000, 2 * FLOW, 100000, 0 }, TWO_CHOICE_OPEN },
	{ "an end in twenty", { 1000, 50, 50 * FLOW, 100000, 0 }, TWO_CHOICE_OPEN },
	{ "an end in twenty-one", { 1050, 50, 50 * FLOW, 100000, 0 }, TWO_CHOICE_FEW_ENDS },
	{ "no ends", { 1000, 0, 50 * FLOW, 100000, 0 }, TWO_CHOICE_FEW_ENDS },
	{ "late", { 1000, 1000, 50 * FLOW, 100000, 1000000 }, TWO_CHOICE_OPEN },
	{ "too late", { 1000, 1000, 50 * FLOW, 100000, 1000001 }, TWO_CHOICE_LATE_ENDS },
	{ "late, but flows are long",
	  { 1000, 1000, 50 * FLOW, 10000000, 1000000 },
	  TWO_CHOICE_OPEN },
	{ "large numbers",
	  { 4000000000u, 4000000000u, 4000000000u, 4000000000u, 4000000000u },
	  TWO_CHOICE_OPEN },
};

Test(two_choice, the_gate_closes_where_the_counts_tell_nothing)
{
	for (size_t i = 0; i < ARRAY_SIZE(gates); i++)
		cr_expect(eq(int, two_choice_gate(&gates[i].view), gates[i].gate), "%s",
			  gates[i].name);
}

Test(two_choice, an_end_takes_a_flow_and_not_more_than_there_is)
{
	cr_expect(eq(u32, two_choice_end(3 * FLOW), 2 * FLOW));
	cr_expect(eq(u32, two_choice_end(FLOW + 1), 1));
	cr_expect(eq(u32, two_choice_end(FLOW), 0));
	cr_expect(eq(u32, two_choice_end(FLOW - 1), 0));
	cr_expect(eq(u32, two_choice_end(0), 0));
}

Test(two_choice, a_correction_stays_within_what_can_be_counted)
{
	cr_expect(eq(u32, two_choice_adjust(777, 0), 777));
	cr_expect(eq(u32, two_choice_adjust(777, -7), 770));
	cr_expect(eq(u32, two_choice_adjust(777, 3), 780));
	cr_expect(eq(u32, two_choice_adjust(777, -777), 0));
	cr_expect(eq(u32, two_choice_adjust(777, -778), 0));
	cr_expect(eq(u32, two_choice_adjust(0, -(1ll << 62)), 0));
	cr_expect(eq(u32, two_choice_adjust(777, 1ll << 62), MG_LOAD_MAX));
	cr_expect(eq(u32, two_choice_adjust(MG_LOAD_MAX - 1, 1), MG_LOAD_MAX));
	cr_expect(eq(u32, two_choice_adjust(MG_LOAD_MAX, 1), MG_LOAD_MAX));
	cr_expect(eq(u32, two_choice_adjust(MG_LOAD_MAX + 9, 0), MG_LOAD_MAX), "starts raced");
}
