/* SPDX-License-Identifier: BSD-2-Clause */
/* What is in flight at a site, by counts that are wrong: flows at random, whose truth is known. */
#include "base/util.h"
#include "draw.h"
#include "ingress/census.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdlib.h>

#define TICK_S 0.1

static const struct census_view all_seen = { 0 };

/* rate flows/s of time_s each, of which a part is seen to end. */
static struct census settled(double rate, double time_s, double seen, double said_s)
{
	struct census c = { 0 };
	struct census_tick tick = { .starts = rate * TICK_S,
				    .ends = rate * TICK_S * seen,
				    .timed = rate * TICK_S * seen,
				    .timed_s = rate * TICK_S * seen * time_s,
				    .passed_s = TICK_S };

	for (int i = 0; i < 3000; i++)
		census_note(&c, &tick, said_s);
	return c;
}

Test(census, learns_rate_and_time)
{
	struct census c = settled(50, 0.2, 1, 0.1), none = settled(50, 0.2, 0, 0.1);

	cr_expect(fabs(c.rate - 50) < 0.01, "%g", c.rate);
	cr_expect(fabs(census_time(&c, 0.1) - 0.2) < 1e-6, "%g", c.time_s);
	cr_expect(census_time(&none, 0.1) == 0.1, "nobody knows better than what is said");
}

Test(census, one_flow_is_not_the_mean)
{
	struct census c = settled(50, 0.2, 1, 0.1);
	struct census_tick slow = { .timed = 1, .timed_s = 1, .passed_s = TICK_S };
	struct census_tick many = { .timed = 100, .timed_s = 100, .passed_s = TICK_S };

	census_note(&c, &slow, 0.1);
	cr_expect(fabs(c.time_s - 0.3) < 1e-3, "an eighth of it: %g", c.time_s);
	census_note(&c, &many, 0.1);
	cr_expect(fabs(c.time_s - 1) < 1e-3, "%g", c.time_s);
}

Test(census, where_all_ends_are_seen_in_time_the_count_is_right)
{
	struct census c = settled(50, 0.2, 1, 0.1);

	for (double in_flight = 0; in_flight < 100; in_flight += 10) {
		struct census_tick tick = {
			.starts = 5, .ends = 5, .in_flight = in_flight, .passed_s = TICK_S
		};

		cr_expect(census_correct(&c, &tick, &all_seen, 0.1) == 0, "%g", in_flight);
	}
}

/* An end that was lost among many, or a remainder of corrections: no later end takes it away. */
Test(census, what_is_left_when_nothing_begins_goes)
{
	struct census c = settled(50, 0.2, 1, 0.1);
	double in_flight = 1.5, at_s = 0;

	for (; at_s < 10; at_s += TICK_S) {
		struct census_tick tick = { .in_flight = in_flight, .passed_s = TICK_S };

		census_note(&c, &tick, 0.1);
		in_flight += census_correct(&c, &tick, &all_seen, 0.1);
		if (at_s < 1)
			cr_expect(in_flight == 1.5, "%g after %g s: these may be flows", in_flight,
				  at_s);
	}
	cr_expect(fabs(in_flight) < 1. / 512, "%g", in_flight);
}

static const struct {
	const char *name;
	double ends, in_flight;
	struct census_view view;
	double least, most; /* correction */
} rows[] = {
	/* 50 flows/s of 0.2 s: 10 in flight */
	{ "half are seen, the law holds", 2.5, 12.5, { .5, .5, 0 }, -2.51, -2.49 },
	{ "too many are counted", 2.5, 32.5, { .5, .5, 0 }, -10, -5 },
	{ "too few", 2.5, 2.5, { .5, .5, 0 }, -2, 1 },
	{ "few are missed: one stands for little more, the law pulls little",
	  4.5,
	  10.5,
	  { .1, .1, 0 },
	  -0.51,
	  -0.49 },
	{ "the same, too many", 4.5, 30.5, { .1, .1, 0 }, -3, -2.7 },
	{ "none is seen: as many end as begin, and the law pulls", 0, 30, { 1, 1, 0 }, -10, -9.9 },
	{ "none is seen, the law holds", 0, 15, { 1, 1, 0 }, -5.01, -4.99 },
	{ "next to none", 0.05, 15, { .99, .99, 0 }, -5, -4.9 },
	{ "late, and as many counted as are late", 5, 10, { 0, 0, .1 }, -3, -0.3 },
	{ "late, and the law holds", 5, 5, { 0, 0, .1 }, -0.01, 0.01 },
	{ "later than flows last: half of what is said, at least", 5, 2.5, { 0, 0, 9 }, -.01, .01 },
};

Test(census, the_law_pulls_at_the_count)
{
	struct census c = settled(50, 0.2, 1, 0.1);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct census_tick tick = { .starts = 5,
					    .ends = rows[i].ends,
					    .in_flight = rows[i].in_flight,
					    .passed_s = TICK_S };
		double more = census_correct(&c, &tick, &rows[i].view, 0.1);

		cr_expect(more >= rows[i].least && more <= rows[i].most, "%s: %g", rows[i].name,
			  more);
	}
}

Test(census, a_long_pause_pulls_to_the_law_and_not_beyond)
{
	struct census c = settled(50, 0.2, 1, 0.1);
	struct census_tick tick = { .in_flight = 30, .passed_s = 1000 };

	cr_expect(fabs(census_correct(&c, &tick, &(struct census_view){ 1, 1, 0 }, 0.1) + 20) <
		  0.1);
}

/* --- flows at random -------------------------------------------------------------------------- */

struct site {
	const char *name;
	double rate, seen, late_s, slower_from_s,
		slower_s; /* flows take so much longer from then */
	double within;    /* mean error, flows */
};

#define SPAN_S  200.0
#define TICKS   2000
#define FLOWS_M 20000
#define MEAN_S  0.1
#define OVER_S  5

static const struct site sites[] = {
	{ "all seen", 40, 1, 0, 1000, 0, 0.01 },
	{ "half seen", 40, .5, 0, 1000, 0, 0.3 },
	{ "a tenth seen", 40, .1, 0, 1000, 0, 0.6 },
	{ "nine in ten seen", 40, .9, 0, 1000, 0, 0.5 },
	{ "none seen", 40, 0, 0, 1000, 0, 0.3 },
	{ "0.2 s late", 40, 1, .2, 1000, 0, 0.5 },
	{ "half seen, slower from the middle on", 40, .5, 0, 100, 0.3, 1.2 },
	{ "all seen, slower from the middle on", 40, 1, 0, 100, 0.3, 0.01 },
	{ "0.2 s late, slower from the middle on", 40, 1, .2, 100, 0.3, 1.5 },
};

struct flows {
	double start_s[FLOWS_M], end_s[FLOWS_M];
	bool seen[FLOWS_M];
	size_t count, seen_count, first; /* first: those before it are long over */
};

static void flows_draw(struct flows *f, const struct site *site)
{
	struct draw draw = draw_of(7, 1);

	for (double at = draw_exponential(&draw, 1 / site->rate); at < SPAN_S && f->count < FLOWS_M;
	     at += draw_exponential(&draw, 1 / site->rate)) {
		f->start_s[f->count] = at;
		f->end_s[f->count] = at + draw_exponential(&draw, MEAN_S) +
				     (at >= site->slower_from_s ? site->slower_s : 0);
		f->seen[f->count] = draw_unit(&draw) < site->seen;
		f->seen_count += f->seen[f->count++];
	}
}

/* What happened in the tick that ends at now_s. */
static struct census_tick flows_tick(struct flows *f, const struct site *site, double now_s,
				     double *ret_truth)
{
	struct census_tick tick = { .passed_s = TICK_S };
	double from_s = now_s - TICK_S;

	*ret_truth = 0;
	while (f->first < f->count && f->start_s[f->first] < from_s - OVER_S)
		f->first++;
	for (size_t i = f->first; i < f->count && f->start_s[i] <= now_s; i++) {
		double seen_s = f->end_s[i] + site->late_s;

		tick.starts += f->start_s[i] > from_s && f->start_s[i] <= now_s;
		*ret_truth += f->start_s[i] <= now_s && f->end_s[i] > now_s;
		if (f->seen[i] && seen_s > from_s && seen_s <= now_s) {
			tick.ends++;
			tick.timed++;
			tick.timed_s += seen_s - f->start_s[i];
		}
	}
	return tick;
}

/* The mean over the second half, and that of what is true. */
static double site_run(const struct site *site, double *ret_truth)
{
	_cleanup_(freep) struct flows *f = calloc(1, sizeof(*f));
	struct census_view view = { .late_s = site->late_s };
	double in_flight = 0, sum = 0, truth_sum = 0, truth;
	struct census c = { 0 };

	flows_draw(f, site);
	view.missed = view.surely = 1 - (double)f->seen_count / (double)f->count;
	for (int k = 1; k <= TICKS; k++) {
		struct census_tick tick = flows_tick(f, site, k * TICK_S, &truth);

		in_flight = fmax(0, in_flight + tick.starts - tick.ends);
		tick.in_flight = in_flight;
		census_note(&c, &tick, MEAN_S);
		in_flight = fmax(0, in_flight + census_correct(&c, &tick, &view, MEAN_S));
		if (k <= TICKS * 6 / 10)
			continue;
		sum += in_flight;
		truth_sum += truth;
	}
	*ret_truth = truth_sum / (TICKS * 4 / 10);
	return sum / (TICKS * 4 / 10);
}

Test(census, settles_at_what_is_in_flight)
{
	for (size_t i = 0; i < ARRAY_SIZE(sites); i++) {
		double truth, is = site_run(&sites[i], &truth);

		cr_expect(fabs(is - truth) < sites[i].within, "%s: %.2f, in truth %.2f",
			  sites[i].name, is, truth);
	}
}
