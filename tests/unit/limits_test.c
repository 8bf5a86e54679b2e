/* SPDX-License-Identifier: BSD-2-Clause */
/* What operators wish beside the policy: struct weights_limits, and the wishes of a site. */
#include "base/util.h"
#include "random.h"
#include "select/weights.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>

#define ALL    (REPORT_CAPACITY | REPORT_SERVICE_TIME | REPORT_ARRIVAL_RATE | REPORT_WINDOW)
#define PERIOD 5.0
#define SITES  3

static const struct weights_config usual = { .queue_factor = 10,
					     .hysteresis = 0.005,
					     .report_period_s = PERIOD };

static void sites_init(struct weights_site sites[SITES], double arrival_rate)
{
	for (size_t i = 0; i < SITES; i++)
		sites[i] = (struct weights_site){
			.id = i + 1,
			.up = true,
			.rtt_s = 0.001 + 0.01 * (double)i,
			.has_report = true,
			.report = { .has = ALL,
				    .capacity = 16,
				    .service_time_s = 0.05,
				    .arrival_rate = arrival_rate,
				    .window_s = 1 },
			.capacity = 16,
			.service_time_s = 0.05,
		};
}

static const struct weights_decision *update(struct weights *w, double now_s, double own_rate,
					     const struct weights_site sites[SITES])
{
	const struct weights_decision *decision = NULL;
	double sum = 0;

	cr_assert(eq(int, weights_update(w, now_s, own_rate, sites, SITES, &decision), 0));
	for (size_t i = 0; i < SITES; i++)
		sum += decision->site[i].share;
	cr_expect(fabs(sum - 1) < 1e-9 || sum == 0, "%g", sum);
	return decision;
}

/* --- wishes ----------------------------------------------------------------------------------- */

static void first_excluded(struct weights_site *sites)
{
	sites[0].excluded = true;
}

static void all_excluded(struct weights_site *sites)
{
	for (size_t i = 0; i < SITES; i++)
		sites[i].excluded = true;
}

static void first_of_barred_class(struct weights_site *sites)
{
	sites[0].class_barred = true;
}

static void all_of_barred_class(struct weights_site *sites)
{
	for (size_t i = 0; i < SITES; i++)
		sites[i].class_barred = true;
}

static void last_pinned(struct weights_site *sites)
{
	sites[2].pinned = true;
}

static void last_pinned_and_down(struct weights_site *sites)
{
	sites[2].pinned = true;
	sites[2].up = false;
}

static void pinned_and_excluded(struct weights_site *sites)
{
	sites[0].pinned = sites[0].excluded = true;
}

static void nothing(struct weights_site *sites)
{
}

static void distance_unknown(struct weights_site *sites)
{
	sites[0].rtt_s = NAN;
}

static void near_one_down(struct weights_site *sites)
{
	sites[0].up = false;
}

static void first_overloaded(struct weights_site *sites)
{
	sites[0].report.arrival_rate = 310;
}

static void all_overloaded(struct weights_site *sites)
{
	for (size_t i = 0; i < SITES; i++)
		sites[i].report.arrival_rate = 310;
}

static void first_is_later(struct weights_site *sites)
{
	sites[0].tier = 1;
}

static void all_are_later(struct weights_site *sites)
{
	for (size_t i = 0; i < SITES; i++)
		sites[i].tier = 2;
}

#define SHARE REASON_SHARE

/* Three sites, 1, 11 and 21 ms away, without load. */
static const struct {
	const char *name;
	enum policy policy;
	struct weights_limits limits;
	void (*change)(struct weights_site *sites);
	double share[SITES];
	enum weights_reason reason[SITES];
} wishes[] = {
	{ "excluded",
	  POLICY_COMPUTE_AWARE,
	  { .distrust = 0 },
	  first_excluded,
	  { 0, 1, 0 },
	  { REASON_EXCLUDED, SHARE, REASON_TOO_SLOW } },
	{ "all excluded",
	  POLICY_COMPUTE_AWARE,
	  { .distrust = 0 },
	  all_excluded,
	  { 0, 0, 0 },
	  { REASON_EXCLUDED, REASON_EXCLUDED, REASON_EXCLUDED } },
	{ "its class is not allowed",
	  POLICY_COMPUTE_AWARE,
	  { .distrust = 0 },
	  first_of_barred_class,
	  { 0, 1, 0 },
	  { REASON_CLASS, SHARE, REASON_TOO_SLOW } },
	{ "no class is allowed",
	  POLICY_STATIC,
	  { .distrust = 0 },
	  all_of_barred_class,
	  { 0, 0, 0 },
	  { REASON_CLASS, REASON_CLASS, REASON_CLASS } },
	{ "excluded, nearest",
	  POLICY_NEAREST,
	  { .distrust = 0 },
	  first_excluded,
	  { 0, 1, 0 },
	  { REASON_EXCLUDED, SHARE, REASON_FARTHER } },
	{ "excluded, static",
	  POLICY_STATIC,
	  { .distrust = 0 },
	  first_excluded,
	  { 0, 0.5, 0.5 },
	  { REASON_EXCLUDED, SHARE, SHARE } },
	{ "pinned",
	  POLICY_COMPUTE_AWARE,
	  { .distrust = 0 },
	  last_pinned,
	  { 0, 0, 1 },
	  { REASON_UNPINNED, REASON_UNPINNED, SHARE } },
	{ "what is pinned is down",
	  POLICY_COMPUTE_AWARE,
	  { .distrust = 0 },
	  last_pinned_and_down,
	  { 1, 0, 0 },
	  { SHARE, REASON_TOO_SLOW, REASON_DOWN } },
	{ "what is pinned is excluded",
	  POLICY_COMPUTE_AWARE,
	  { .distrust = 0 },
	  pinned_and_excluded,
	  { 0, 1, 0 },
	  { REASON_EXCLUDED, SHARE, REASON_TOO_SLOW } },
	{ "far",
	  POLICY_STATIC,
	  { .rtt_max_s = 0.011 },
	  nothing,
	  { 0.5, 0.5, 0 },
	  { SHARE, SHARE, REASON_FAR } },
	{ "no distance is far",
	  POLICY_STATIC,
	  { .rtt_max_s = 0.05 },
	  distance_unknown,
	  { 0, 0.5, 0.5 },
	  { REASON_FAR, SHARE, SHARE } },
	{ "the only near one is down",
	  POLICY_COMPUTE_AWARE,
	  { .rtt_max_s = 0.01 },
	  near_one_down,
	  { 0, 1, 0 },
	  { REASON_DOWN, SHARE, REASON_TOO_SLOW } },
	{ "bad",
	  POLICY_STATIC,
	  { .score_min = 1 },
	  first_overloaded,
	  { 0, 0.5, 0.5 },
	  { REASON_BAD, SHARE, SHARE } },
	{ "all are bad",
	  POLICY_STATIC,
	  { .score_min = 1 },
	  all_overloaded,
	  { 1. / 3, 1. / 3, 1. / 3 },
	  { SHARE, SHARE, SHARE } },
	{ "a later tier, nearest",
	  POLICY_NEAREST,
	  { .overflow_s = 0.1 },
	  first_is_later,
	  { 0, 1, 0 },
	  { REASON_TIER, SHARE, REASON_FARTHER } },
	{ "a later tier, static",
	  POLICY_STATIC,
	  { .overflow_s = 0.1 },
	  first_is_later,
	  { 0, 0.5, 0.5 },
	  { REASON_TIER, SHARE, SHARE } },
	{ "a later tier without load",
	  POLICY_COMPUTE_AWARE,
	  { .overflow_s = 0.1 },
	  first_is_later,
	  { 0, 1, 0 },
	  { REASON_TOO_SLOW, SHARE, REASON_TOO_SLOW } },
	{ "all in one tier",
	  POLICY_STATIC,
	  { .overflow_s = 0.1 },
	  all_are_later,
	  { 1. / 3, 1. / 3, 1. / 3 },
	  { SHARE, SHARE, SHARE } },
	{ "most",
	  POLICY_COMPUTE_AWARE,
	  { .share_max = 0.6 },
	  nothing,
	  { 0.6, 0.4, 0 },
	  { REASON_MOST, SHARE, REASON_TOO_SLOW } },
	{ "most, too little for all",
	  POLICY_COMPUTE_AWARE,
	  { .share_max = 0.2 },
	  nothing,
	  { 1. / 3, 1. / 3, 1. / 3 },
	  { REASON_MOST, REASON_MOST, SHARE } },
	{ "least",
	  POLICY_COMPUTE_AWARE,
	  { .share_min = 0.05 },
	  nothing,
	  { 0.9, 0.05, 0.05 },
	  { SHARE, REASON_LEAST, REASON_LEAST } },
	{ "least, more than there is",
	  POLICY_COMPUTE_AWARE,
	  { .share_min = 0.9 },
	  nothing,
	  { 1. / 3, 1. / 3, 1. / 3 },
	  { REASON_LEAST, REASON_LEAST, REASON_LEAST } },
	{ "least and most",
	  POLICY_COMPUTE_AWARE,
	  { .share_min = 0.1, .share_max = 0.7 },
	  nothing,
	  { 0.7, 0.2, 0.1 },
	  { REASON_MOST, SHARE, REASON_LEAST } },
	{ "least is not for what is excluded",
	  POLICY_COMPUTE_AWARE,
	  { .share_min = 0.05 },
	  first_excluded,
	  { 0, 0.95, 0.05 },
	  { REASON_EXCLUDED, SHARE, REASON_LEAST } },
	{ "values that are none",
	  POLICY_COMPUTE_AWARE,
	  { .share_min = NAN,
	    .share_max = -1,
	    .move_max = 2,
	    .rtt_max_s = NAN,
	    .score_min = 11,
	    .overflow_s = -1,
	    .distrust = NAN },
	  nothing,
	  { 1, 0, 0 },
	  { SHARE, REASON_TOO_SLOW, REASON_TOO_SLOW } },
};

Test(limits, wishes_are_granted_while_a_site_is_left)
{
	for (size_t i = 0; i < ARRAY_SIZE(wishes); i++) {
		struct weights_config config = usual;
		_cleanup_(weights_free) struct weights *w = NULL;
		const struct weights_decision *d;
		struct weights_site sites[SITES];

		sites_init(sites, 0);
		wishes[i].change(sites);
		config.policy = wishes[i].policy;
		config.limits = wishes[i].limits;
		w = weights_new(&config);
		d = update(w, 0, -1, sites);
		for (size_t k = 0; k < SITES; k++) {
			cr_expect(fabs(d->site[k].share - wishes[i].share[k]) < 1e-6,
				  "%s, site %zu: share %g", wishes[i].name, k, d->site[k].share);
			cr_expect(eq(int, d->site[k].reason, wishes[i].reason[k]),
				  "%s, site %zu: %s", wishes[i].name, k,
				  weights_reason_text(d->site[k].reason));
		}
	}
}

/* The least share is of a whole site: of one that drains it is as much less as is left of it. */
Test(limits, the_least_share_drains_too)
{
	struct weights_config config = usual;
	_cleanup_(weights_free) struct weights *w = NULL;
	struct weights_site sites[SITES];

	config.limits.share_min = 0.05;
	w = weights_new(&config);
	sites_init(sites, 0);
	cr_expect(fabs(update(w, 0, -1, sites)->site[2].share - 0.05) < 1e-6);
	sites[2].drain = true;
	cr_expect(fabs(update(w, 1, -1, sites)->site[2].share - 0.05) < 1e-6);
	cr_expect(fabs(update(w, 6, -1, sites)->site[2].share - 0.025) < 1e-6, "half-way");
	cr_expect(eq(dbl, update(w, 11, -1, sites)->site[2].share, 0));
}

/* Where the first tier costs more than the next one and the step, that one takes part. */
Test(limits, a_tier_overflows_into_the_next)
{
	double before = -1;

	for (double load = 0.5; load < 1.3; load += 0.1) {
		struct weights_config config = usual;
		_cleanup_(weights_free) struct weights *w = NULL;
		const struct weights_decision *d;
		struct weights_site sites[SITES];

		sites_init(sites, 0);
		sites[0].report.arrival_rate = sites[1].report.arrival_rate = load * 320;
		sites[2].tier = 1;
		config.limits.overflow_s = 0.5;
		w = weights_new(&config);
		d = update(w, 0, -1, sites);
		cr_expect(d->site[2].share >= before, "%g: %g", load, d->site[2].share);
		before = d->site[2].share;
		if (load < 0.75) /* marginal cost 0.2 s */
			cr_expect(d->site[2].share < 1e-9, "%g: %g", load, d->site[2].share);
	}
	cr_expect(before > 0.2, "%g", before);
}

/* A site that is never used is no reason to leave the last one that is: not if this drains, nor if
 * its report is missing. */
Test(limits, what_is_never_used_stands_in_for_nobody)
{
	for (int barred = 0; barred < 2; barred++)
		for (int drains = 0; drains < 2; drains++) {
			struct weights_config config = usual;
			_cleanup_(weights_free) struct weights *w = NULL;
			const struct weights_decision *d;
			struct weights_site sites[SITES];

			config.on_missing = DISTRUST_EXCLUDE;
			w = weights_new(&config);
			sites_init(sites, 100);
			sites[0].drain = drains;
			sites[0].has_report = drains;
			sites[1].excluded = sites[2].excluded = !barred;
			sites[1].class_barred = sites[2].class_barred = barred;
			d = update(w, 0, -1, sites);
			cr_expect(eq(dbl, d->site[0].share, 1), "%d, %d: %s", barred, drains,
				  weights_reason_text(d->site[0].reason));
			cr_expect(eq(int, d->site[1].reason,
				     barred ? REASON_CLASS : REASON_EXCLUDED));
		}
}

/* --- bounds ----------------------------------------------------------------------------------- */

/* What is above its bound keeps it; among the others cost is equal as ever. */
Test(limits, bounded_shares_are_the_best_ones)
{
	struct random random = random_seeded("limits bounds");

	for (int trial = 0; trial < 300; trial++) {
		struct weights_config config = usual;
		_cleanup_(weights_free) struct weights *w = NULL;
		const struct weights_decision *d;
		struct weights_site sites[SITES];
		double low = INFINITY, high = 0;

		sites_init(sites, 0);
		for (size_t i = 0; i < SITES; i++) {
			sites[i].rtt_s = random_between(&random, 0, 0.04);
			sites[i].report.capacity = random_between(&random, 4, 64);
			sites[i].report.arrival_rate =
				sites[i].report.capacity * random_between(&random, 2, 18);
		}
		config.limits.share_max = random_between(&random, 0.35, 1);
		config.limits.share_min = random_between(&random, 0, 0.2);
		w = weights_new(&config);
		d = update(w, 0, -1, sites);
		for (size_t i = 0; i < SITES; i++) {
			const struct weights_verdict *v = &d->site[i];

			cr_assert(v->share <= config.limits.share_max + 1e-9 &&
					  v->share >= config.limits.share_min - 1e-9,
				  "trial %d: %g", trial, v->share);
			if (v->share < config.limits.share_max - 1e-6)
				low = fmin(low, v->marginal_s); /* could take more */
			if (v->share > config.limits.share_min + 1e-6)
				high = fmax(high, v->marginal_s); /* could give some */
		}
		cr_expect(low >= high * (1 - 1e-6), "trial %d: %g to %g", trial, low, high);
	}
}

Test(limits, no_more_moves_in_a_period_than_may)
{
	struct weights_config config = usual;
	_cleanup_(weights_free) struct weights *w = NULL;
	const struct weights_decision *d;
	struct weights_site sites[SITES];
	double began, before;

	config.limits.move_max = 0.1;
	w = weights_new(&config);
	sites_init(sites, 0);
	d = update(w, 0, -1, sites);
	cr_expect(eq(dbl, d->site[0].share, 1)); /* there was nothing to move from */
	sites[0].rtt_s = 0.5;
	began = before = 1;
	for (int s = 1; s <= 60; s++) {
		sites[0].sampled_s = sites[1].sampled_s = sites[2].sampled_s = s;
		d = update(w, s, -1, sites);
		cr_expect(d->site[0].share >= before - 0.1 - 1e-9, "%d s: %g", s, d->site[0].share);
		cr_expect(d->site[0].share >= began - 0.1 - 0.1 * s / PERIOD - 1e-9, "%d s: %g", s,
			  d->site[0].share);
		if (s == 10)
			cr_expect(eq(int, d->site[0].reason, REASON_MOVING), "%s",
				  weights_reason_text(d->site[0].reason));
		before = d->site[0].share;
	}
	cr_expect(before < 1e-9, "%g", before);
	cr_expect(eq(int, d->site[1].reason, REASON_SHARE));
}

/* Flows of a site that went down have to go somewhere. */
Test(limits, what_is_down_is_left_at_once_all_the_same)
{
	struct weights_config config = usual;
	_cleanup_(weights_free) struct weights *w = NULL;
	const struct weights_decision *d;
	struct weights_site sites[SITES];

	config.limits.move_max = 0.01;
	config.policy = POLICY_STATIC;
	w = weights_new(&config);
	sites_init(sites, 100);
	update(w, 0, -1, sites);
	sites[1].up = false;
	d = update(w, 0.1, -1, sites);
	cr_expect(eq(dbl, d->site[1].share, 0));
	cr_expect(fabs(d->site[0].share - 0.5) < 1e-9, "%g", d->site[0].share);
}

/* Below 2: out; it comes back from 3 on. */
Test(limits, a_score_that_was_bad_has_to_get_better_than_that)
{
	static const struct {
		double utilisation;
		bool bad;
	} steps[] = { { 0.79, false }, { 0.81, true },  { 0.79, true },
		      { 0.71, true },  { 0.69, false }, { 0.79, false } };
	struct weights_config config = usual;
	_cleanup_(weights_free) struct weights *w = NULL;
	struct weights_site sites[SITES];

	config.policy = POLICY_STATIC;
	config.limits.score_min = 2;
	w = weights_new(&config);
	sites_init(sites, 100);
	sites[0].report.has |= REPORT_UTILISATION;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		const struct weights_decision *d;

		sites[0].report.utilisation = steps[i].utilisation;
		sites[0].sampled_s = sites[1].sampled_s = sites[2].sampled_s = (double)i;
		d = update(w, (double)i, -1, sites);
		cr_expect(eq(int, d->site[0].reason == REASON_BAD, steps[i].bad), "step %zu", i);
		cr_expect(eq(int, d->site[0].share == 0, steps[i].bad), "step %zu", i);
	}
}

/* --- distrust --------------------------------------------------------------------------------- */

/* The first site tells that it has this much, 300 flows/s being sent from here to all. */
static const struct weights_decision *lie(struct weights *w, double told, double own_rate)
{
	const struct weights_decision *d = NULL;
	struct weights_site sites[SITES];

	sites_init(sites, 200);
	for (size_t i = 0; i < SITES; i++)
		sites[i].rtt_s = 0.001;
	for (int s = 0; s < 100; s++) {
		for (size_t i = 0; i < SITES; i++) {
			sites[i].sampled_s = s;
			if (d)
				sites[i].report.arrival_rate = 600 * d->site[i].share;
		}
		sites[0].report.arrival_rate = told;
		d = update(w, s, own_rate, sites);
	}
	return d;
}

Test(limits, a_site_that_tells_less_than_was_sent_is_not_believed)
{
	static const struct {
		const char *name;
		double distrust, told, own_rate, most;
		bool doubted;
	} lies[] = {
		{ "believed", 0, 0, 300, 1, false },
		{ "not believed", 0.5, 0, 300, 0.45, true },
		{ "tells enough", 0.5, 200, 300, 0.5, false },
		{ "own flows are few", 0.5, 0, 10, 1, false },
		{ "own flows are not known", 0.5, 0, -1, 1, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
		struct weights_config config = usual;
		_cleanup_(weights_free) struct weights *w = NULL;
		const struct weights_verdict *v;

		config.limits.distrust = lies[i].distrust;
		w = weights_new(&config);
		v = lie(w, lies[i].told, lies[i].own_rate)->site;
		cr_expect(eq(int, v->doubted, lies[i].doubted), "%s", lies[i].name);
		cr_expect(v->share <= lies[i].most, "%s: %g", lies[i].name, v->share);
		if (lies[i].most == 1) /* the harm that is to be kept off */
			cr_expect(v->share > 0.6, "%s: %g", lies[i].name, v->share);
	}
}
