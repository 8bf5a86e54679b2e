/* SPDX-License-Identifier: BSD-2-Clause */
#include "metric/handshake.h"

#include "base/util.h"
#include "random.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>

/* What the data plane counts of flows whose handshakes have this mean, and scatter as much again
 * (they are exponential). */
struct flows {
	struct random random;
	double mean_s;
	uint64_t count, time_us;
};

static void flow_add(struct flows *f)
{
	f->count++;
	f->time_us += (uint64_t)(-f->mean_s * log(random_between(&f->random, 1e-12, 1)) * 1e6);
}

/* per_s handshakes a second, read ten times in each. */
static double run(struct handshake *h, struct flows *f, double from_s, int seconds, int per_s)
{
	for (int i = 0; i < 10 * seconds; i++) {
		for (int k = per_s * i / 10; k < per_s * (i + 1) / 10; k++)
			flow_add(f);
		handshake_note(h, from_s + i / 10.0, f->count, f->time_us);
	}
	return from_s + seconds;
}

Test(handshake, knows_nothing_at_first)
{
	struct handshake h = { 0 };
	struct handshake_mean mean = handshake_mean(&h, 5);

	cr_expect(eq(dbl, mean.count, 0));
	cr_expect(isinf(mean.error_s));
	handshake_note(&h, 1, 1000, 1000000); /* of who was there before us */
	handshake_note(&h, 3, 1000, 1000000);
	cr_expect(eq(dbl, handshake_mean(&h, 3).count, 0));
}

/* Means of many runs scatter as the error says, or a little less: the oldest ones count less than
 * the error takes them for. */
Test(handshake, knows_how_sure_it_is)
{
	struct random random = random_seeded("handshake error");
	double squares = 0, errors = 0;
	const int runs = 300;

	for (int k = 0; k < runs; k++) {
		struct flows f = { .random = { random_u64(&random) }, .mean_s = 0.04 };
		struct handshake h = { 0 };
		double now_s = run(&h, &f, 100, 90, 10);
		struct handshake_mean mean = handshake_mean(&h, now_s);

		squares += (mean.mean_s - 0.04) * (mean.mean_s - 0.04) / runs;
		errors += mean.error_s * mean.error_s / runs;
	}
	cr_expect(squares < errors * 1.2, "off by %g, error %g", sqrt(squares), sqrt(errors));
	cr_expect(squares > errors * 0.3, "off by %g, error %g", sqrt(squares), sqrt(errors));
}

/* Ten flows of one client at once tell less than ten clients. */
Test(handshake, is_less_sure_of_bursts)
{
	struct random random = random_seeded("handshake bursts");
	struct handshake h = { 0 };
	uint64_t count = 0, time_us = 0;
	struct handshake_mean mean;

	for (int i = 0; i < 300; i++) {
		handshake_note(&h, i, count, time_us);
		count += 10;
		time_us += 10 * (uint64_t)(random_below(&random, 2) * 40000); /* 0 or 40 ms */
	}
	mean = handshake_mean(&h, 300);
	cr_expect(mean.error_s > 0.02 / sqrt(110) * 0.7, "%g, of 110 independent ones",
		  mean.error_s);
	cr_expect(mean.error_s < 0.02 / sqrt(110) * 1.5, "%g, of 110 independent ones",
		  mean.error_s);
}

Test(handshake, few_tell_nothing)
{
	struct flows f = { .random = { 7 }, .mean_s = 0.04 };
	struct handshake h = { 0 };
	double now_s = run(&h, &f, 0, 20, 1);

	cr_expect(isinf(handshake_mean(&h, now_s).error_s), "20");
	now_s = run(&h, &f, now_s, 25, 1);
	cr_expect(not(isinf(handshake_mean(&h, now_s).error_s)), "45, less what has faded");
}

/* All at once, in two seconds, they may be of one client. */
Test(handshake, needs_some_time)
{
	struct flows f = { .random = { 7 }, .mean_s = 0.04 };
	struct handshake h = { 0 };
	double now_s = run(&h, &f, 0, 3, 1000);

	cr_expect(isinf(handshake_mean(&h, now_s).error_s));
}

Test(handshake, is_forgotten)
{
	struct flows f = { .random = { 7 }, .mean_s = 0.04 };
	struct handshake h = { 0 };
	double now_s = run(&h, &f, 0, 60, 10), before;

	before = handshake_mean(&h, now_s).error_s;
	cr_expect(handshake_mean(&h, now_s + 60).error_s > before, "less sure with time");
	cr_expect(isinf(handshake_mean(&h, now_s + 600).error_s));
}

Test(handshake, follows_a_way_that_grows)
{
	struct flows f = { .random = { 7 }, .mean_s = 0.02 };
	struct handshake h = { 0 };
	double now_s = run(&h, &f, 0, 300, 50);

	f.mean_s = 0.08;
	now_s = run(&h, &f, now_s, 300, 50);
	cr_expect(handshake_mean(&h, now_s).mean_s > 0.02 + 0.06 * 0.8, "%g",
		  handshake_mean(&h, now_s).mean_s);
}

/* The place in the table is another member's now. */
Test(handshake, counts_that_went_back_begin_anew)
{
	static const struct {
		uint64_t count, time_us;
	} back[] = { { 10, 1u << 30 }, { 1u << 20, 10 } };

	for (size_t i = 0; i < ARRAY_SIZE(back); i++) {
		struct flows f = { .random = { 7 }, .mean_s = 0.04 };
		struct handshake h = { 0 };
		double now_s = run(&h, &f, 0, 60, 10);

		handshake_note(&h, now_s + 2, back[i].count, back[i].time_us);
		cr_expect(eq(dbl, handshake_mean(&h, now_s + 2).count, 0), "%zu", i);
	}
}
