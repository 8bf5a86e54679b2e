/* SPDX-License-Identifier: BSD-2-Clause */
/* What all ingresses send in all, and the own part of it. */
#include "select/weights.h"

#include "base/util.h"
#include "random.h"
#include "weights_sites.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>

/* A site that dies leaves the sum short until reports show where its flows went. */
Test(weights, demand_is_held_while_a_site_is_missing)
{
	_cleanup_(weights_free) struct weights *w = weights_new(&usual);
	struct weights_site sites[] = { site_of(1, 0.001), site_of(2, 0.001), site_of(3, 0.001) };
	double now_s = 0;

	for (; now_s < 20; now_s++) {
		for (size_t i = 0; i < 3; i++)
			sites[i].sampled_s = now_s;
		cr_assert(near(update(w, now_s, sites, 3)->total_rate, 480, 1e-6));
	}
	sites[2].up = false;
	for (; now_s < 22; now_s++)
		cr_expect(near(update(w, now_s, sites, 3)->total_rate, 480, 1e-6), "%g", now_s);
	sites[0].report.arrival_rate = sites[1].report.arrival_rate = 240;
	sites[0].sampled_s = sites[1].sampled_s = now_s + 1;
	for (; now_s < 40; now_s++)
		cr_expect(near(update(w, now_s, sites, 3)->total_rate, 480, 1e-6), "%g", now_s);
}

/* A site that never tells is not waited for for ever; the others stand for it. */
Test(weights, silent_site_is_reckoned_like_the_others)
{
	_cleanup_(weights_free) struct weights *w = weights_new(&usual);
	struct weights_site sites[] = { site_of(1, 0.001), site_of(2, 0.001) };
	const struct weights_decision *d = NULL;

	sites[1].has_report = false;
	for (double now_s = 0; now_s < 14; now_s++) {
		sites[0].sampled_s = now_s;
		d = update(w, now_s, sites, 2);
		cr_expect(eq(dbl, d->total_rate, -1), "%g", now_s);
	}
	for (double now_s = 14; now_s < 60; now_s++) {
		sites[0].sampled_s = now_s;
		d = update(w, now_s, sites, 2);
	}
	cr_expect(near(d->total_rate, 320, 40), "%g", d->total_rate);
}

/* With all reports gone the demand is held for ten periods, then unknown: by capacity. */
Test(weights, all_reports_gone)
{
	_cleanup_(weights_free) struct weights *w = weights_new(&usual);
	struct weights_site sites[] = { site_of(1, 0.001), site_of(2, 0.05) };
	const struct weights_decision *d = update(w, 0, sites, 2);

	cr_expect(d->site[0].share > 0.55);
	sites[0].has_report = sites[1].has_report = false;
	for (double now_s = 1; now_s < 50; now_s++)
		cr_expect(near(update(w, now_s, sites, 2)->total_rate, 320, 1e-6), "%g", now_s);
	d = update(w, 51, sites, 2);
	cr_expect(eq(dbl, d->total_rate, -1));
	cr_expect(near(d->site[0].share, 0.5, 1e-9));
}

/* The ten periods are counted from the last sum of all, not from the first. */
Test(weights, demand_is_held_from_the_last_whole_sum_on)
{
	_cleanup_(weights_free) struct weights *w = weights_new(&usual);
	struct weights_site sites[] = { site_of(1, 0.001), site_of(2, 0.001) };
	double now_s = 0;

	for (; now_s <= 100; now_s++) {
		sites[0].sampled_s = sites[1].sampled_s = now_s;
		update(w, now_s, sites, 2);
	}
	sites[0].has_report = sites[1].has_report = false;
	for (; now_s < 150; now_s++)
		cr_expect(near(update(w, now_s, sites, 2)->total_rate, 320, 1e-6), "%g", now_s);
	cr_expect(eq(dbl, update(w, 151, sites, 2)->total_rate, -1));
}

/* A report already shows what the own shares did: the same report again changes nothing. */
Test(weights, same_snapshot_same_shares)
{
	struct random random = random_seeded("weights snapshot");
	struct weights_config config = usual;

	config.hysteresis = 0;
	for (int trial = 0; trial < 50; trial++) {
		_cleanup_(weights_free) struct weights *w = weights_new(&config);
		struct weights_site sites[4];
		const struct weights_decision *d;
		double share[4];

		for (size_t i = 0; i < 4; i++) {
			sites[i] = site_of(i + 1, random_between(&random, 0, 0.03));
			sites[i].report.capacity = random_between(&random, 4, 64);
		}
		update(w, 0, sites, 4);
		for (size_t i = 0; i < 4; i++) {
			sites[i].report.arrival_rate =
				sites[i].report.capacity * random_between(&random, 2, 18);
			sites[i].sampled_s = 30;
		}
		for (double now_s = 30; now_s < 60; now_s++)
			update(w, now_s, sites, 4); /* until Lambda has come to its new sum */
		for (size_t i = 0; i < 4; i++)
			sites[i].sampled_s = 59.5;
		d = update(w, 60, sites, 4);
		for (size_t i = 0; i < 4; i++)
			share[i] = d->site[i].share;
		for (double now_s = 61; now_s < 70; now_s++) {
			d = update(w, now_s, sites, 4);
			for (size_t i = 0; i < 4; i++)
				cr_expect(near(d->site[i].share, share[i], 1e-3),
					  "trial %d, %g s, site %zu: %g, was %g", trial, now_s, i,
					  d->site[i].share, share[i]);
		}
	}
}

/* Own share then and base, by hand: half of 320 for 10 s, seen through a window of 2 s. */
Test(weights, own_share_is_taken_out)
{
	_cleanup_(weights_free) struct weights *w = weights_new(&usual);
	struct weights_site sites[] = { site_of(1, 0.001), site_of(2, 0.001) };
	const struct weights_decision *d;

	sites[0].report.window_s = sites[1].report.window_s = 2;
	update(w, 0, sites, 2);
	sites[0].report.arrival_rate = 200;
	sites[1].report.arrival_rate = 120;
	sites[0].sampled_s = sites[1].sampled_s = 10;
	d = update(w, 10, sites, 2);
	/* Before 0 nothing is remembered: exp(-5) of it is as everybody's, 200 of 320. */
	cr_expect(near(d->site[0].own_share_then, 0.5 + 0.125 * exp(-5), 1e-9));
	cr_expect(near(d->site[0].base, 200 - 320 * d->site[0].own_share_then, 1e-9));
	cr_expect(near(d->site[1].base, 120 - 320 * d->site[1].own_share_then, 1e-9));
}

Test(weights, backlog_is_trimmed)
{
	_cleanup_(weights_free) struct weights *w = weights_new(&usual);
	struct weights_site sites[] = { site_of(1, 0.001), site_of(2, 0.001) };
	const struct weights_decision *d;

	sites[0].report.has |= REPORT_IN_FLIGHT;
	sites[0].report.in_flight = 16 + 30;
	d = update(w, 0, sites, 2);
	cr_expect(near(d->site[0].base, 30 / (0.6 * PERIOD), 1e-9), "%g", d->site[0].base);
	cr_expect(d->site[0].share < 0.5 - 0.005);
}

/* Own flows that the reports cannot show yet; noise is not taken for them. */
Test(weights, own_surge_counts)
{
	static const struct {
		double rate, want;
	} surges[] = { { 100, 320 }, { 110, 320 }, { 400, 620 }, { 1, 221 } };

	for (size_t i = 0; i < ARRAY_SIZE(surges); i++) {
		_cleanup_(weights_free) struct weights *w = weights_new(&usual);
		struct weights_site sites[] = { site_of(1, 0.001), site_of(2, 0.001) };
		const struct weights_decision *d;

		for (double now_s = 0; now_s <= 20; now_s++) {
			sites[0].sampled_s = sites[1].sampled_s = now_s;
			cr_assert(eq(int, weights_update(w, now_s, 100, sites, 2, &d), 0));
		}
		for (double now_s = 21; now_s <= 35; now_s++)
			cr_assert(
				eq(int, weights_update(w, now_s, surges[i].rate, sites, 2, &d), 0));
		cr_expect(near(d->total_rate, surges[i].want, 1), "%g: %g", surges[i].rate,
			  d->total_rate);
		cr_expect(near(d->own_rate, surges[i].rate, 1), "%g: %g", surges[i].rate,
			  d->own_rate);
	}
}
