/* SPDX-License-Identifier: BSD-2-Clause */
/* Flows after a pause: a near site and one far away that can do three times as much. Reports come
 * every PERIOD, and show what the last window saw. */
#include "select/weights.h"

#include "base/util.h"
#include "select/demand.h"
#include "weights_sites.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>

#define SITES     2
#define CAN       1280.0 /* flows/s, both sites */
#define FORESEEN  (0.9 * CAN)
#define PAUSE_S   20.0
#define SAMPLED_S 18.0 /* the last report of the pause */

struct world {
	struct weights *weights;
	struct weights_site site[SITES];
};

static const struct weights_decision *decide(struct world *w, double now_s, double own_rate)
{
	const struct weights_decision *d = NULL;

	cr_assert(eq(int, weights_update(w->weights, now_s, own_rate, w->site, SITES, &d), 0));
	return d;
}

static void report(struct world *w, double sampled_s, double near, double far)
{
	w->site[0].sampled_s = w->site[1].sampled_s = sampled_s;
	w->site[0].report.arrival_rate = near;
	w->site[1].report.arrival_rate = far;
}

/* All is told, long since; then nothing but `told` arrives, of which `own` is ours. */
static struct world after_pause(double told, double own)
{
	struct world w = { .weights = weights_new(&usual),
			   .site = { site_of(1, 0.001), site_of(2, 0.03) } };

	cr_assert(w.weights != NULL);
	w.site[1].report.capacity = w.site[1].capacity = 48;
	for (double now_s = 0; now_s <= PAUSE_S; now_s++) {
		report(&w, fmin(now_s, SAMPLED_S), told, 0);
		decide(&w, now_s, own);
	}
	return w;
}

static const struct {
	const char *name;
	double told, before, rate; /* own rate before, and at once */
	double total, foreseen;
} rows[] = {
	{ "many flows after a pause", 0, 0, 400, FORESEEN, FORESEEN - 400 },
	{ "others are ten times the own ones at most", 0, 0, 80, 800, 720 },
	{ "few flows are chance", 0, 0, 15, 3, 0 },
	{ "none", 0, 0, 0, 0, 0 },
	{ "much more than all that was told", 50, 25, 225, 50 + 800, 600 },
	{ "a little more than all that was told", 100, 0, 110, 221, 11 },
	{ "less than all that was told", 320, 100, 400, 620, 0 },
	{ "more than the sites can do, all of it own", 0, 0, 5000, 5000, 0 },
	{ "a service that is as busy as before", 200, 100, 100, 200, 0 },
};

Test(surge, own_flows_and_those_that_may_come_with_them)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world w = after_pause(rows[i].told, rows[i].before);
		const struct weights_decision *d = decide(&w, PAUSE_S + 0.2, rows[i].rate);

		cr_expect(near(d->total_rate, rows[i].total, 2), "%s: %g in all", rows[i].name,
			  d->total_rate);
		cr_expect(near(d->foreseen_rate, rows[i].foreseen, 2), "%s: %g foreseen",
			  rows[i].name, d->foreseen_rate);
		weights_free(&w.weights);
	}
}

/* The near site can do a quarter of all; before, it got everything. */
Test(surge, the_first_flows_go_by_what_sites_can_do)
{
	struct world w = after_pause(0, 0);
	const struct weights_decision *d = decide(&w, PAUSE_S + 0.1, 0);

	cr_expect(near(d->site[0].share, 1, 1e-6), "pause: %g", d->site[0].share);
	d = decide(&w, PAUSE_S + 0.2, 400);
	cr_expect(near(d->site[0].share, 0.25, 0.03), "first flows: %g", d->site[0].share);
	weights_free(&w.weights);
}

/* Where only this ingress has flows, its share of them comes back with the reports. */
Test(surge, reports_end_it)
{
	struct world w = after_pause(0, 0);
	const struct weights_decision *d;
	double now_s = PAUSE_S;

	for (; now_s < PAUSE_S + 1; now_s += 0.5)
		d = decide(&w, now_s, 200);
	cr_expect(near(d->total_rate, FORESEEN, 2), "%g", d->total_rate);
	/* Of this moment, so its window shows a part only: still not to be gone by. */
	report(&w, now_s, 126, 0);
	d = decide(&w, now_s, 200);
	cr_expect(d->foreseen_rate > 0, "a report in between: %g in all", d->total_rate);
	for (; now_s < PAUSE_S + 5; now_s += 0.5)
		decide(&w, now_s, 200);
	report(&w, now_s, 50, 150);
	d = decide(&w, now_s, 200);
	cr_expect(eq(dbl, d->foreseen_rate, 0));
	cr_expect(near(d->total_rate, 200, 5), "%g", d->total_rate);
	cr_expect(d->site[0].share > 0.9, "%g", d->site[0].share);
	weights_free(&w.weights);
}

/* Nothing is foreseen where nobody counts the own flows, nor where no site has told. */
Test(surge, nothing_is_foreseen_from_nothing)
{
	struct world w = after_pause(0, 0);
	const struct weights_decision *d = decide(&w, PAUSE_S + 0.2, -1);

	cr_expect(eq(dbl, d->foreseen_rate, 0));
	cr_expect(near(d->site[0].share, 1, 1e-6), "%g", d->site[0].share);
	weights_free(&w.weights);

	w = (struct world){ .weights = weights_new(&usual),
			    .site = { site_of(1, 0.001), site_of(2, 0.03) } };
	w.site[0].has_report = w.site[1].has_report = false;
	decide(&w, 0, 0);
	d = decide(&w, 1, 400);
	cr_expect(eq(dbl, d->foreseen_rate, 0));
	cr_expect(near(d->site[0].share, 0.5, 1e-6), "by capacity: %g", d->site[0].share);
	weights_free(&w.weights);
}

/* The sum of what sites tell: up at once where it must be, else step by step. */
Test(surge, the_sum_leaps_upwards_only)
{
	static const struct {
		const char *name;
		double before, sum, want; /* a second later */
	} steps[] = {
		{ "from nothing", 0, 400, 400 },         { "twice as many", 200, 400, 400 },
		{ "a quarter more", 400, 500, 420 },     { "half", 400, 200, 360 },
		{ "twice as many, but few", 3, 6, 3.6 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct demand d = { 0 };
		struct demand_view view = { .complete = true,
					    .sum = steps[i].before,
					    .telling_share = 1 };

		demand_observe(&d, 100, PERIOD, &view);
		cr_expect(eq(dbl, d.total, steps[i].before), "%s", steps[i].name);
		view.sum = steps[i].sum;
		demand_observe(&d, 101, PERIOD, &view);
		cr_expect(near(d.total, steps[i].want, 1e-6), "%s: %g", steps[i].name, d.total);
	}
}
