/* SPDX-License-Identifier: BSD-2-Clause */
#include "egress/discipline.h"

#include "base/util.h"
#include "random.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>

static const struct discipline settings = {
	.min_s = 1, .max_s = 10, .good_s = 3, .jitter = 0.2, .threshold = 0.15, .quantum = 0.01
};

/* Told at 100 s; what comes then, and when it is due. */
static const struct {
	const char *name;
	enum report_change change;
	int64_t now_ms;
	double chance;
	int64_t want_ms;
} waits[] = {
	{ "nothing new", REPORT_SAME, 100500, 0, 110000 },
	{ "nothing new, some chance", REPORT_SAME, 100500, 0.5, 109000 },
	{ "nothing new, all chance", REPORT_SAME, 100500, 1, 108000 },
	{ "nothing new for long", REPORT_SAME, 150000, 0, 150000 },
	{ "bad news within the least time", REPORT_WORSE, 100500, 1, 101000 },
	{ "bad news later", REPORT_WORSE, 104000, 1, 104000 },
	{ "good news", REPORT_BETTER, 100500, 0, 103500 },
	{ "good news, all chance", REPORT_BETTER, 100500, 1, 102900 },
	{ "good news just before the period ends", REPORT_BETTER, 109000, 0, 110000 },
	{ "good news after it ended", REPORT_BETTER, 120000, 0, 120000 },
};

Test(discipline, waits)
{
	for (size_t i = 0; i < ARRAY_SIZE(waits); i++) {
		struct discipline_state state = { 0 };

		discipline_sent(&state, 100000, waits[i].chance);
		cr_expect(eq(i64,
			     discipline_due(&settings, &state, waits[i].change, waits[i].now_ms),
			     waits[i].want_ms),
			  "%s", waits[i].name);
	}
}

/* They count from their first report on, and from anew after an interruption. */
Test(discipline, good_news_must_last)
{
	struct discipline_state state = { 0 };

	discipline_sent(&state, 100000, 0);
	cr_expect(eq(i64, discipline_due(&settings, &state, REPORT_BETTER, 101000), 104000));
	cr_expect(eq(i64, discipline_due(&settings, &state, REPORT_BETTER, 103000), 104000));
	cr_expect(eq(i64, discipline_due(&settings, &state, REPORT_SAME, 103500), 110000));
	cr_expect(eq(i64, discipline_due(&settings, &state, REPORT_BETTER, 104000), 107000));
	cr_expect(eq(i64, discipline_due(&settings, &state, REPORT_WORSE, 105000), 105000));
	cr_expect(eq(i64, discipline_due(&settings, &state, REPORT_BETTER, 106000), 109000));
	discipline_sent(&state, 109000, 0);
	cr_expect(eq(i64, discipline_due(&settings, &state, REPORT_BETTER, 109500), 112500));
}

/* Whatever comes, two UPDATEs are min_s apart at least, and max_s at most. */
Test(discipline, keeps_both_bounds)
{
	struct random random = random_seeded("discipline");
	struct discipline_state state = { 0 };
	int64_t now_ms = 100000, due_ms;

	discipline_sent(&state, now_ms, 0);
	due_ms = discipline_due(&settings, &state, REPORT_SAME, now_ms);
	for (int i = 0; i < 100000; i++) {
		now_ms += (int64_t)random_below(&random, 700);
		if (due_ms <= now_ms) {
			cr_assert(ge(i64, due_ms - state.sent_ms, 1000), "step %d", i);
			cr_assert(le(i64, due_ms - state.sent_ms, 10000), "step %d", i);
			discipline_sent(&state, due_ms, (double)random_below(&random, 1000) / 999);
		}
		due_ms = discipline_due(&settings, &state,
					(enum report_change)random_below(&random, 3), now_ms);
		cr_assert(ge(i64, due_ms, now_ms), "step %d", i);
	}
}

static const struct {
	double value, want;
} numbers[] = { { 0, 0 },        { 1, 1 },       { 1.004, 1 },   { 1.006, 1.01 },
		{ 12.34, 12.3 }, { 99.96, 100 }, { 4567, 4570 }, { 0.051234, 0.0512 },
		{ 1e-9, 1e-9 } };

Test(discipline, rounds_to_three_digits)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		struct report in = { .has = REPORT_ARRIVAL_RATE | REPORT_CAPACITY,
				     .arrival_rate = numbers[i].value,
				     .service_time_s = numbers[i].value,
				     .in_flight = numbers[i].value,
				     .capacity = 1.23456,
				     .sampled_ms = 1234567 };
		struct report out = discipline_quantise(&settings, &in), again;

		cr_expect(epsilon_eq(dbl, out.arrival_rate, numbers[i].want, 1e-12), "%g",
			  numbers[i].value);
		cr_expect(epsilon_eq(dbl, out.service_time_s, numbers[i].want, 1e-12));
		cr_expect(epsilon_eq(dbl, out.in_flight, numbers[i].want, 1e-12));
		cr_expect(eq(dbl, out.capacity, in.capacity));
		cr_expect(eq(i64, out.sampled_ms, in.sampled_ms));
		again = discipline_quantise(&settings, &out);
		cr_expect(epsilon_eq(dbl, again.arrival_rate, out.arrival_rate, 1e-12));
	}
}

Test(discipline, leaves_as_measured_where_told_to)
{
	struct discipline exact = settings;
	struct report in = { .has = REPORT_ARRIVAL_RATE | REPORT_UTILISATION,
			     .arrival_rate = 1.23456,
			     .utilisation = 0.98765 };
	struct report out;

	exact.quantum = 0;
	out = discipline_quantise(&exact, &in);
	cr_expect(eq(dbl, out.arrival_rate, in.arrival_rate));
	cr_expect(eq(dbl, out.utilisation, in.utilisation));
	out = discipline_quantise(&settings, &in);
	cr_expect(epsilon_eq(dbl, out.utilisation, 0.99, 1e-12));
}
