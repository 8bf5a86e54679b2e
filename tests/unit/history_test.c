/* SPDX-License-Identifier: BSD-2-Clause */
#include "select/timeline.h"

#include "random.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>

static void note(struct timeline *t, double now_s, double value)
{
	cr_assert(eq(int, timeline_reserve(t), 0));
	timeline_note(t, now_s, value);
}

Test(history, value_at)
{
	struct timeline t = { 0 };

	cr_expect(eq(dbl, timeline_at(&t, 5), 0));
	note(&t, 10, 1);
	note(&t, 20, 2);
	note(&t, 30, 3);
	cr_expect(eq(dbl, timeline_at(&t, 5), 1));
	cr_expect(eq(dbl, timeline_at(&t, 10), 1));
	cr_expect(eq(dbl, timeline_at(&t, 19.9), 1));
	cr_expect(eq(dbl, timeline_at(&t, 20), 2));
	cr_expect(eq(dbl, timeline_at(&t, 99), 3));
	timeline_clear(&t);
}

Test(history, equal_values_are_one_step_and_quick_changes_too)
{
	struct timeline t = { 0 };

	note(&t, 0, 1);
	note(&t, 1, 1);
	cr_expect(eq(sz, t.count, 1));
	note(&t, 2, 2);
	note(&t, 2.05, 3);
	cr_expect(eq(sz, t.count, 2));
	cr_expect(eq(dbl, timeline_at(&t, 2), 3));
	timeline_clear(&t);
}

Test(history, forgets_what_nobody_can_ask_for)
{
	struct timeline t = { 0 };

	for (int i = 0; i < 1000; i++) {
		note(&t, i, i);
		timeline_forget(&t, i - 10);
	}
	cr_expect(t.count <= 11, "%zu", t.count);
	cr_expect(t.room <= 32, "%zu", t.room);
	cr_expect(eq(dbl, timeline_at(&t, 990.5), 990));
	timeline_clear(&t);
}

/* The closed form against a mean computed in small steps, as a site would do it. */
Test(history, mean_is_the_sites_own)
{
	struct random random = random_seeded("history");

	for (int trial = 0; trial < 20; trial++) {
		struct timeline t = { 0 };
		double window_s = random_between(&random, 1, 8), mean = 0, value = 0, known;
		double step_s = 0.001, gain = -expm1(-step_s / window_s);

		for (int i = 0; i < 40000; i++) {
			if (i % 700 == 0) {
				value = random_unit(&random);
				note(&t, i * step_s, value);
			}
			mean += gain * (value - mean);
		}
		cr_expect(fabs(timeline_mean(&t, 40, window_s, &known) - mean) < 1e-6, "trial %d",
			  trial);
		cr_expect(fabs(known - -expm1(-40 / window_s)) < 1e-12, "trial %d", trial);
		timeline_clear(&t);
	}
}

Test(history, nothing_is_known_of_before)
{
	struct timeline t = { 0 };
	double known;

	cr_expect(eq(dbl, timeline_mean(&t, 5, 1, &known), 0));
	cr_expect(eq(dbl, known, 0));
	note(&t, 10, 0.5);
	cr_expect(eq(dbl, timeline_mean(&t, 10, 1, &known), 0));
	cr_expect(eq(dbl, known, 0));
	cr_expect(fabs(timeline_mean(&t, 30, 1, &known) - 0.5) < 1e-6);
	cr_expect(fabs(known - 1) < 1e-6);
	timeline_clear(&t);
}
