/* SPDX-License-Identifier: BSD-2-Clause */
/* What a report lacks, and what becomes of one that grows old or is missing. */
#include "select/weights.h"

#include "base/util.h"
#include "weights_sites.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>

static const struct {
	const char *name;
	struct report report;
	double capacity, service_time_s; /* configured */
	double want_capacity, want_service_time_s, want_rate;
} reports[] = {
	{ "all of it",
	  { .has = ALL, .capacity = 8, .service_time_s = 0.1, .arrival_rate = 40, .window_s = 1 },
	  1,
	  1,
	  8,
	  0.1,
	  40 },
	{ "capacity and time from the configuration",
	  { .has = REPORT_ARRIVAL_RATE, .arrival_rate = 40 },
	  8,
	  0.1,
	  8,
	  0.1,
	  40 },
	{ "capacity deduced",
	  { .has = REPORT_ARRIVAL_RATE | REPORT_SERVICE_TIME | REPORT_UTILISATION,
	    .arrival_rate = 40,
	    .service_time_s = 0.1,
	    .utilisation = 0.5 },
	  1,
	  1,
	  8,
	  0.1,
	  40 },
	{ "time deduced",
	  { .has = REPORT_ARRIVAL_RATE | REPORT_CAPACITY | REPORT_UTILISATION,
	    .arrival_rate = 40,
	    .capacity = 8,
	    .utilisation = 0.5 },
	  1,
	  1,
	  8,
	  0.1,
	  40 },
	{ "rate from utilisation",
	  { .has = REPORT_UTILISATION, .utilisation = 0.5 },
	  8,
	  0.1,
	  8,
	  0.1,
	  40 },
	{ "rate from the score", { .has = REPORT_SCORE, .score = 4 }, 8, 0.1, 8, 0.1, 48 },
	{ "rate from what runs", { .has = REPORT_IN_FLIGHT, .in_flight = 4 }, 8, 0.1, 8, 0.1, 40 },
	{ "what queues does not run",
	  { .has = REPORT_IN_FLIGHT, .in_flight = 100 },
	  8,
	  0.1,
	  8,
	  0.1,
	  80 },
	{ "half of it is available",
	  { .has = ALL | REPORT_AVAILABILITY,
	    .capacity = 8,
	    .service_time_s = 0.1,
	    .arrival_rate = 40,
	    .window_s = 1,
	    .availability = 50 },
	  1,
	  1,
	  4,
	  0.1,
	  40 },
	{ "nothing configured: as at the other site",
	  { .has = REPORT_UTILISATION, .utilisation = 0.5 },
	  0,
	  0,
	  16,
	  0.05,
	  160 },
	{ "not numbers",
	  { .has = ALL,
	    .capacity = NAN,
	    .service_time_s = -1,
	    .arrival_rate = 40,
	    .window_s = NAN },
	  8,
	  0.1,
	  8,
	  0.1,
	  40 },
};

Test(weights, stand_ins)
{
	for (size_t i = 0; i < ARRAY_SIZE(reports); i++) {
		_cleanup_(weights_free) struct weights *w = weights_new(&usual);
		struct weights_site sites[] = { site_of(1, 0.001), site_of(2, 0.001) };
		const struct weights_decision *d;

		sites[0].report = reports[i].report;
		sites[0].capacity = reports[i].capacity;
		sites[0].service_time_s = reports[i].service_time_s;
		d = update(w, 1, sites, 2);
		cr_expect(near(d->site[0].capacity, reports[i].want_capacity, 1e-6), "%s: %g",
			  reports[i].name, d->site[0].capacity);
		cr_expect(near(d->site[0].service_time_s, reports[i].want_service_time_s, 1e-6),
			  "%s: %g", reports[i].name, d->site[0].service_time_s);
		cr_expect(near(d->total_rate - 160, reports[i].want_rate, 1e-6), "%s: %g",
			  reports[i].name, d->total_rate - 160);
	}
}

static const struct {
	double age_s;
	enum weights_freshness freshness;
	double service_time_s; /* reported 0.1, configured 0.05 */
} ages[] = {
	{ 0, FRESH_CURRENT, 0.1 },
	{ 15, FRESH_CURRENT, 0.1 },
	{ 20, FRESH_LATE, 0.05 + 0.05 * 0.606530659712633 }, /* exp(-5/10) */
	{ 45, FRESH_LATE, 0.05 + 0.05 * 0.049787068367864 }, /* exp(-30/10) */
	{ 51, FRESH_EXPIRED, 0.05 },
	{ -3, FRESH_CURRENT, 0.1 }, /* sampled in the future */
};

Test(weights, report_grows_old)
{
	for (size_t i = 0; i < ARRAY_SIZE(ages); i++) {
		_cleanup_(weights_free) struct weights *w = weights_new(&usual);
		struct weights_site sites[] = { site_of(1, 0.001), site_of(2, 0.001) };
		const struct weights_decision *d;

		sites[0].report.service_time_s = 0.1;
		sites[0].sampled_s = 100 - ages[i].age_s;
		sites[1].sampled_s = 100;
		d = update(w, 100, sites, 2);
		cr_expect(eq(int, d->site[0].freshness, ages[i].freshness), "age %g",
			  ages[i].age_s);
		cr_expect(near(d->site[0].service_time_s, ages[i].service_time_s, 1e-9),
			  "age %g: %g", ages[i].age_s, d->site[0].service_time_s);
	}
}

enum { MISSING, STALE, EXPIRED, STATES };

static const struct {
	const char *name;
	enum weights_freshness freshness;
	double age_s;
} states[STATES] = { [MISSING] = { "missing", FRESH_NONE, 0 },
		     [STALE] = { "stale", FRESH_LATE, 30 },
		     [EXPIRED] = { "expired", FRESH_EXPIRED, 90 } };

static struct weights_config distrusting(int state, enum weights_distrust distrust)
{
	struct weights_config config = usual;

	config.stale_s = 20;
	config.expired_s = 60;
	config.on_missing = state == MISSING ? distrust : DISTRUST_DEGRADE;
	config.on_stale = state == STALE ? distrust : DISTRUST_DEGRADE;
	config.on_expired = state == EXPIRED ? distrust : DISTRUST_DEGRADE;
	return config;
}

/* Site 1 has told of 0.1 s a request at 100 s (0.05 s are configured), and nothing since. */
static const struct weights_decision *silent(struct weights *w, int state,
					     struct weights_site sites[2])
{
	double now_s = 100 + states[state].age_s;

	sites[0].report.service_time_s = 0.1;
	sites[0].sampled_s = sites[1].sampled_s = 100;
	update(w, 100, sites, 2);
	sites[0].has_report = state != MISSING;
	sites[1].sampled_s = now_s;
	return update(w, now_s, sites, 2);
}

Test(weights, distrust_as_configured)
{
	for (int state = 0; state < STATES; state++) {
		for (enum weights_distrust distrust = DISTRUST_DEGRADE;
		     distrust <= DISTRUST_EXCLUDE; distrust++) {
			struct weights_config config = distrusting(state, distrust);
			_cleanup_(weights_free) struct weights *w = weights_new(&config);
			struct weights_site sites[] = { site_of(1, 0.001), site_of(2, 0.001) };
			const struct weights_verdict *site = &silent(w, state, sites)->site[0];
			const char *name = states[state].name;

			cr_expect(eq(int, site->freshness, states[state].freshness), "%s", name);
			cr_expect(eq(int, site->reason == REASON_SILENT,
				     distrust == DISTRUST_EXCLUDE),
				  "%s", name);
			cr_expect(eq(int, site->share > 0, distrust != DISTRUST_EXCLUDE), "%s",
				  name);
			if (distrust == DISTRUST_HOLD)
				cr_expect(near(site->service_time_s, 0.1, 1e-9), "%s", name);
			if (distrust == DISTRUST_DEGRADE)
				cr_expect(site->service_time_s < 0.09, "%s: %g", name,
					  site->service_time_s);
		}
	}
}

/* An outage that nobody asked for: where all would be excluded, none is. */
Test(weights, excludes_not_the_last_one)
{
	struct weights_config config = distrusting(MISSING, DISTRUST_EXCLUDE);
	_cleanup_(weights_free) struct weights *w = weights_new(&config);
	struct weights_site sites[] = { site_of(1, 0.001), site_of(2, 0.001) };
	const struct weights_decision *d;

	sites[0].has_report = sites[1].has_report = false;
	d = update(w, 100, sites, 2);
	cr_expect(near(d->site[0].share, 0.5, 1e-9));
	sites[1].has_report = true;
	sites[1].sampled_s = 101;
	d = update(w, 101, sites, 2);
	cr_expect(eq(dbl, d->site[0].share, 0));
	cr_expect(eq(dbl, d->site[1].share, 1));
	sites[1].up = false;
	d = update(w, 102, sites, 2);
	cr_expect(eq(dbl, d->site[0].share, 1));
	cr_expect(ne(int, d->site[0].reason, REASON_SILENT));
	sites[1].up = sites[1].drain = true; /* who drains serves before nobody does */
	d = update(w, 103, sites, 2);
	cr_expect(eq(dbl, d->site[1].share, 1));
	cr_expect(eq(int, d->site[1].reason, REASON_LAST_RESORT));
}

/* What was told as held is what was told last, not what was told first. */
Test(weights, holds_the_last_report)
{
	struct weights_config config = distrusting(MISSING, DISTRUST_HOLD);
	_cleanup_(weights_free) struct weights *w = weights_new(&config);
	struct weights_site site = site_of(1, 0.001);
	const struct weights_decision *d;

	site.has_report = false;
	d = update(w, 100, &site, 1);
	cr_expect(near(d->site[0].capacity, 16, 1e-9), "there is none yet: as configured");
	site.has_report = true;
	for (int i = 1; i <= 2; i++) {
		site.report.capacity = 20 * i;
		site.sampled_s = 100 + i;
		update(w, 100 + i, &site, 1);
	}
	site.has_report = false;
	d = update(w, 500, &site, 1);
	cr_expect(near(d->site[0].capacity, 40, 1e-9));
	cr_expect(eq(int, d->site[0].freshness, FRESH_NONE));
}

/* A report that tells neither load nor when is true until it says otherwise. */
Test(weights, some_reports_last)
{
	struct weights_config config = distrusting(EXPIRED, DISTRUST_EXCLUDE);
	_cleanup_(weights_free) struct weights *w = weights_new(&config);
	struct weights_site sites[] = { site_of(1, 0.001), site_of(2, 0.001) };
	const struct weights_decision *d;

	sites[0].report.has = REPORT_CAPACITY | REPORT_SERVICE_TIME;
	sites[0].report.capacity = 99;
	sites[1].sampled_s = 10000;
	d = update(w, 10000, sites, 2);
	cr_expect(eq(int, d->site[0].freshness, FRESH_LASTING));
	cr_expect(near(d->site[0].capacity, 99, 1e-9));
	cr_expect(d->site[0].share > 0, "%g", d->site[0].share);
	sites[0].report.has |= REPORT_SAMPLED;
	d = update(w, 10001, sites, 2);
	cr_expect(eq(int, d->site[0].freshness, FRESH_EXPIRED));
	cr_expect(eq(int, d->site[0].reason, REASON_SILENT));
}

/* A part of the whole site is gone: of all that is known or assumed of its capacity. */
Test(weights, part_of_a_site)
{
	for (int told = 0; told <= 1; told++) {
		_cleanup_(weights_free) struct weights *w = weights_new(&usual);
		struct weights_site sites[] = { site_of(1, 0.001), site_of(2, 0.001) };
		const struct weights_decision *d;

		sites[0].has_report = told;
		sites[0].capacity = 0; /* then it is as the other one */
		sites[0].unavailable = 0.75;
		d = update(w, 100, sites, 2);
		cr_expect(near(d->site[0].capacity, 4, 1e-9), "%g", d->site[0].capacity);
		cr_expect(near(d->site[1].capacity, 16, 1e-9));
		cr_expect(lt(dbl, d->site[0].share, d->site[1].share));
	}
}

Test(weights, no_report_has_no_age)
{
	_cleanup_(weights_free) struct weights *w = weights_new(&usual);
	struct weights_site site = site_of(1, 0.001);
	const struct weights_decision *d;

	site.has_report = false;
	d = update(w, 100, &site, 1);
	cr_expect(eq(int, d->site[0].freshness, FRESH_NONE));
	cr_expect(eq(dbl, d->total_rate, -1));
	cr_expect(eq(dbl, d->own_rate, -1));
	cr_expect(eq(dbl, d->site[0].share, 1));
}
