/* SPDX-License-Identifier: BSD-2-Clause */
#include <two_choice.h>

#include "base/util.h"
#include "random.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>

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
	{ "an end in eight", { 1000, 125, 50 * FLOW, 100000, 0 }, TWO_CHOICE_OPEN },
	{ "an end in nine", { 999, 111, 50 * FLOW, 100000, 0 }, TWO_CHOICE_FEW_ENDS },
	{ "no ends", { 1000, 0, 50 * FLOW, 100000, 0 }, TWO_CHOICE_FEW_ENDS },
	{ "late", { 1000, 1000, 50 * FLOW, 100000, 250000 }, TWO_CHOICE_OPEN },
	{ "too late", { 1000, 1000, 50 * FLOW, 100000, 250001 }, TWO_CHOICE_LATE_ENDS },
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

Test(two_choice, nothing_is_drained_where_all_ends_are_seen)
{
	struct two_choice_view view = { .starts = 1000, .ends = 1000, .flow_us = 100000 };

	cr_expect(eq(u32, two_choice_drain(777, &view, 1000000), 777));
	view.ends = 1200; /* of earlier starts */
	cr_expect(eq(u32, two_choice_drain(777, &view, 1000000), 777));
	view.starts = view.ends = 0;
	cr_expect(eq(u32, two_choice_drain(777, &view, 1000000), 777));
	view = (struct two_choice_view){ .starts = 1000 };
	cr_expect(eq(u32, two_choice_drain(777, &view, 1000000), 0), "no time: at once");
	view.flow_us = 100000;
	cr_expect(eq(u32, two_choice_drain(800, &view, 50000), 400), "half of the time");
	cr_expect(eq(u32, two_choice_drain(800, &view, 100000), 0));
	cr_expect(eq(u32, two_choice_drain(800, &view, 4000000000u), 0), "not more than all");
}

/* Flows of 100 ms at 200/s, whatever part of their ends is seen: 20 in flight. */
Test(two_choice, the_count_settles_at_rate_times_time)
{
	static const uint32_t seen[] = { 100, 75, 50, 10, 0 };

	for (size_t i = 0; i < ARRAY_SIZE(seen); i++) {
		struct two_choice_view view = { .starts = 1000,
						.ends = 10 * seen[i],
						.flow_us = 100000 };
		double in_flight = (seen[i] == 100 ? 20 : 200) * FLOW;

		for (int ms = 0; ms < 20000; ms += 5) { /* a start in 5 ms */
			in_flight += FLOW;
			in_flight -= seen[i] / 100.0 * FLOW;
			in_flight = two_choice_drain((uint32_t)in_flight, &view, 5000);
		}
		cr_expect(fabs(in_flight / FLOW - 20) < 2, "%u %% seen: %.2f", seen[i],
			  in_flight / FLOW);
	}
}
