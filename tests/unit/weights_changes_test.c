/* SPDX-License-Identifier: BSD-2-Clause */
/* From one decision to the next: sites that drain, return and leave, and small changes. */
#include "select/weights.h"

#include "base/util.h"
#include "weights_sites.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>

Test(weights, drain_is_gradual_and_ends_at_zero)
{
	_cleanup_(weights_free) struct weights *w = weights_new(&usual);
	struct weights_site sites[] = { site_of(1, 0.001), site_of(2, 0.001) };
	double before = 0.5;

	sites[0].report.window_s = sites[1].report.window_s = 0.01;
	update(w, 0, sites, 2);
	sites[0].drain = true;
	for (double now_s = 1; now_s <= 11; now_s++) {
		const struct weights_decision *d;

		sites[0].sampled_s = sites[1].sampled_s = now_s;
		d = update(w, now_s, sites, 2);
		cr_expect(d->site[0].share <= before + 1e-9, "%g s: %g, was %g", now_s,
			  d->site[0].share, before);
		cr_expect(near(sum_of(d), 1, 1e-9), "%g", now_s);
		cr_expect(eq(int, d->site[0].reason, REASON_DRAIN), "%g", now_s);
		before = d->site[0].share;
		for (size_t i = 0; i < 2; i++)
			sites[i].report.arrival_rate = 320 * d->site[i].share;
	}
	cr_expect(eq(dbl, before, 0));
	sites[0].drain = false;
	sites[0].sampled_s = sites[1].sampled_s = 12;
	cr_expect(near(update(w, 12, sites, 2)->site[0].share, 0.5, 0.01));
}

Test(weights, slow_start_of_a_site_that_returns)
{
	struct weights_config config = usual;
	_cleanup_(weights_free) struct weights *w = NULL;
	struct weights_site sites[] = { site_of(1, 0.001), site_of(2, 0.001) };
	const struct weights_decision *d;

	config.slow_start_s = 20;
	w = weights_new(&config);
	d = update(w, 0, sites, 2);
	cr_expect(near(d->site[1].capacity, 16, 1e-9), "those here at the start are not cold");
	sites[1].up = false;
	update(w, 50, sites, 2);
	sites[1].up = true;
	sites[1].up_since_s = 100;
	for (double now_s = 100; now_s < 125; now_s++) {
		double part = fmin(1, 0.2 + 0.8 * (now_s - 100) / 20);

		sites[0].sampled_s = sites[1].sampled_s = now_s;
		d = update(w, now_s, sites, 2);
		cr_expect(near(d->site[1].capacity, 16 * part, 1e-9), "%g", now_s);
	}
}

/* What was sampled before the site came back says nothing about its load now. */
Test(weights, load_from_before_a_return_is_ignored)
{
	_cleanup_(weights_free) struct weights *w = weights_new(&usual);
	struct weights_site sites[] = { site_of(1, 0.001), site_of(2, 0.001) };
	const struct weights_decision *d;

	update(w, 0, sites, 2);
	sites[1].up = false;
	update(w, 50, sites, 2);
	sites[1].up = true;
	sites[1].up_since_s = 100;
	sites[1].sampled_s = 99.9;
	sites[0].sampled_s = 99.9;
	d = update(w, 100, sites, 2);
	cr_expect(eq(dbl, d->site[1].base, 0));
	cr_expect(d->site[1].share > 0.3, "%g", d->site[1].share);
}

Test(weights, hysteresis_holds_small_changes_only)
{
	_cleanup_(weights_free) struct weights *w = weights_new(&usual);
	struct weights_site sites[] = { site_of(1, 0.001), site_of(2, 0.001) };
	const struct weights_decision *d = update(w, 0, sites, 2);
	double before = d->site[0].share;

	cr_expect(eq(int, d->changed, true));
	sites[0].rtt_s += 1e-5;
	d = update(w, 1, sites, 2);
	cr_expect(eq(int, d->changed, false));
	cr_expect(eq(dbl, d->site[0].share, before));
	cr_expect(d->site[0].wanted < before);
	cr_expect(eq(int, d->site[0].reason, REASON_HELD));
	sites[0].rtt_s += 0.02;
	d = update(w, 2, sites, 2);
	cr_expect(eq(int, d->changed, true));
	cr_expect(d->site[0].share < before - 0.01);
}

Test(weights, site_that_goes_down_is_left_at_once)
{
	struct weights_config config = usual;
	_cleanup_(weights_free) struct weights *w = NULL;
	struct weights_site sites[] = { site_of(1, 0.001), site_of(2, 0.001) };
	const struct weights_decision *d;

	config.hysteresis = 1; /* holds everything else */
	w = weights_new(&config);
	update(w, 0, sites, 2);
	sites[0].up = false;
	d = update(w, 0.001, sites, 2);
	cr_expect(eq(dbl, d->site[0].share, 0));
	cr_expect(eq(dbl, d->site[1].share, 1));
	cr_expect(eq(int, d->changed, true));
	d = update(w, 0.002, sites + 1, 1); /* and is gone from the list */
	cr_expect(eq(int, d->changed, false));
	sites[1].up = false;
	d = update(w, 0.003, sites + 1, 1);
	cr_expect(eq(dbl, sum_of(d), 0));
	d = update(w, 0.004, sites, 0);
	cr_expect(eq(int, d->changed, false));
}

Test(weights, site_that_leaves_the_list_with_weight)
{
	_cleanup_(weights_free) struct weights *w = weights_new(&usual);
	struct weights_site sites[] = { site_of(1, 0.001), site_of(2, 0.001) };
	const struct weights_decision *d;

	update(w, 0, sites, 2);
	d = update(w, 1, sites, 1);
	cr_expect(eq(int, d->changed, true));
	cr_expect(eq(dbl, d->site[0].share, 1));
	d = update(w, 2, sites, 0);
	cr_expect(eq(int, d->changed, true));
}
