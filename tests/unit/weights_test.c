/* SPDX-License-Identifier: BSD-2-Clause */
#include "select/weights.h"

#include "base/util.h"
#include "random.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>

#define ALL    (REPORT_CAPACITY | REPORT_SERVICE_TIME | REPORT_ARRIVAL_RATE | REPORT_WINDOW)
#define PERIOD 5.0

static const struct weights_config usual = { .queue_factor = 10,
					     .hysteresis = 0.005,
					     .report_period_s = PERIOD };

/* A site of 16 slots and 50 ms that reports 160 flows/s: half of what it can. */
static struct weights_site site_of(uint64_t id, double rtt_s)
{
	return (struct weights_site){
		.id = id,
		.up = true,
		.rtt_s = rtt_s,
		.has_report = true,
		.report = { .has = ALL,
			    .capacity = 16,
			    .service_time_s = 0.05,
			    .arrival_rate = 160,
			    .window_s = 1 },
		.capacity = 16,
		.service_time_s = 0.05,
	};
}

static const struct weights_decision *update(struct weights *w, double now_s,
					     const struct weights_site *sites, size_t count)
{
	const struct weights_decision *decision = NULL;

	cr_assert(eq(int, weights_update(w, now_s, -1, sites, count, &decision), 0));
	cr_assert(eq(sz, decision->count, count));
	return decision;
}

static double sum_of(const struct weights_decision *decision)
{
	double sum = 0;

	for (size_t i = 0; i < decision->count; i++)
		sum += decision->site[i].share;
	return sum;
}

static bool near(double a, double b, double tolerance)
{
	return fabs(a - b) <= tolerance;
}

/* --- one decision ----------------------------------------------------------------------------- */

static void unreported(struct weights_site *sites)
{
	for (int i = 0; i < 3; i++)
		sites[i].has_report = false;
	sites[2].capacity = 32;
}

static void nothing_known(struct weights_site *sites)
{
	for (int i = 0; i < 3; i++) {
		sites[i].has_report = false;
		sites[i].capacity = sites[i].service_time_s = 0;
	}
}

static void idle(struct weights_site *sites)
{
	for (int i = 0; i < 3; i++)
		sites[i].report.arrival_rate = 0;
}

static void nearest_down(struct weights_site *sites)
{
	idle(sites);
	sites[0].up = false;
}

static void nearest_unavailable(struct weights_site *sites)
{
	idle(sites);
	sites[0].report.has |= REPORT_AVAILABILITY;
	sites[0].report.availability = 0;
}

static void nearest_drains(struct weights_site *sites)
{
	idle(sites);
	sites[0].drain = true;
}

static void all_drain(struct weights_site *sites)
{
	idle(sites);
	for (int i = 0; i < 3; i++)
		sites[i].drain = true;
}

static void all_down(struct weights_site *sites)
{
	for (int i = 0; i < 3; i++)
		sites[i].up = false;
}

static void overload(struct weights_site *sites)
{
	for (int i = 0; i < 3; i++)
		sites[i].report.arrival_rate = 5000;
}

static void equal_and_loaded(struct weights_site *sites)
{
	for (int i = 0; i < 3; i++)
		sites[i].rtt_s = 0.001;
}

static void bigger(struct weights_site *sites)
{
	idle(sites);
	sites[1].capacity = 48;
}

static void nearest_tie(struct weights_site *sites)
{
	sites[1].rtt_s = sites[0].rtt_s;
	sites[0].id = 9;
}

/* 16 slots of 50 ms: each flow that waits is 3.1 ms. */
static void nearest_queues(struct weights_site *sites)
{
	for (int i = 0; i < 3; i++) {
		sites[i].report.has |= REPORT_IN_FLIGHT;
		sites[i].report.in_flight = 8;
	}
	sites[0].report.in_flight = 16 + 4;
}

static void nearest_queues_little(struct weights_site *sites)
{
	nearest_queues(sites);
	sites[0].report.in_flight = 16 + 3;
}

static void nearest_overloaded(struct weights_site *sites)
{
	sites[0].report.arrival_rate = 400;
}

static void faster(struct weights_site *sites)
{
	sites[2].service_time_s = 0.025;
}

static void faster_and_unknown(struct weights_site *sites)
{
	faster(sites);
	sites[0].service_time_s = 0;
}

static void no_distance(struct weights_site *sites)
{
	idle(sites);
	sites[0].rtt_s = NAN;
	sites[1].rtt_s = INFINITY;
}

/* Three sites, 1, 11 and 21 ms away; share < 0: any. */
static const struct {
	const char *name;
	enum policy policy;
	void (*change)(struct weights_site *sites);
	double share[3];
	enum weights_reason reason[3];
} vectors[] = {
	{ "no load: the nearest",
	  POLICY_COMPUTE_AWARE,
	  idle,
	  { 1, 0, 0 },
	  { REASON_SHARE, REASON_TOO_SLOW, REASON_TOO_SLOW } },
	{ "equal sites share equally",
	  POLICY_COMPUTE_AWARE,
	  equal_and_loaded,
	  { 1. / 3, 1. / 3, 1. / 3 },
	  { REASON_SHARE, REASON_SHARE, REASON_SHARE } },
	{ "overload: in proportion",
	  POLICY_COMPUTE_AWARE,
	  overload,
	  { 1. / 3, 1. / 3, 1. / 3 },
	  { REASON_SHARE, REASON_SHARE, REASON_SHARE } },
	{ "no report: by capacity",
	  POLICY_COMPUTE_AWARE,
	  unreported,
	  { 0.25, 0.25, 0.5 },
	  { REASON_SHARE, REASON_SHARE, REASON_SHARE } },
	{ "nothing known: equally",
	  POLICY_COMPUTE_AWARE,
	  nothing_known,
	  { 1. / 3, 1. / 3, 1. / 3 },
	  { REASON_SHARE, REASON_SHARE, REASON_SHARE } },
	{ "the nearest is down",
	  POLICY_COMPUTE_AWARE,
	  nearest_down,
	  { 0, 1, 0 },
	  { REASON_DOWN, REASON_SHARE, REASON_TOO_SLOW } },
	{ "the nearest has availability 0",
	  POLICY_COMPUTE_AWARE,
	  nearest_unavailable,
	  { 0, 1, 0 },
	  { REASON_DOWN, REASON_SHARE, REASON_TOO_SLOW } },
	{ "the nearest drains",
	  POLICY_COMPUTE_AWARE,
	  nearest_drains,
	  { 0, 1, 0 },
	  { REASON_DRAIN, REASON_SHARE, REASON_TOO_SLOW } },
	{ "all drain: as if none did",
	  POLICY_COMPUTE_AWARE,
	  all_drain,
	  { 1, 0, 0 },
	  { REASON_LAST_RESORT, REASON_LAST_RESORT, REASON_LAST_RESORT } },
	{ "all down",
	  POLICY_COMPUTE_AWARE,
	  all_down,
	  { 0, 0, 0 },
	  { REASON_DOWN, REASON_DOWN, REASON_DOWN } },
	{ "no distance is far",
	  POLICY_COMPUTE_AWARE,
	  no_distance,
	  { 0, 0, 1 },
	  { REASON_TOO_SLOW, REASON_TOO_SLOW, REASON_SHARE } },
	{ "nearest",
	  POLICY_NEAREST,
	  overload,
	  { 1, 0, 0 },
	  { REASON_SHARE, REASON_FARTHER, REASON_FARTHER } },
	{ "nearest: a tie goes by id",
	  POLICY_NEAREST,
	  nearest_tie,
	  { 0, 1, 0 },
	  { REASON_FARTHER, REASON_SHARE, REASON_FARTHER } },
	{ "nearest: down",
	  POLICY_NEAREST,
	  nearest_down,
	  { 0, 1, 0 },
	  { REASON_DOWN, REASON_SHARE, REASON_FARTHER } },
	{ "nearest: drains",
	  POLICY_NEAREST,
	  nearest_drains,
	  { 0, 1, 0 },
	  { REASON_DRAIN, REASON_SHARE, REASON_FARTHER } },
	{ "nearest: all drain",
	  POLICY_NEAREST,
	  all_drain,
	  { 1, 0, 0 },
	  { REASON_LAST_RESORT, REASON_LAST_RESORT, REASON_LAST_RESORT } },
	{ "greedy: no load",
	  POLICY_GREEDY,
	  idle,
	  { 1, 0, 0 },
	  { REASON_SHARE, REASON_BUSIER, REASON_BUSIER } },
	{ "greedy: the nearest has a queue",
	  POLICY_GREEDY,
	  nearest_queues,
	  { 0, 1, 0 },
	  { REASON_BUSIER, REASON_SHARE, REASON_BUSIER } },
	{ "greedy: but a short one",
	  POLICY_GREEDY,
	  nearest_queues_little,
	  { 1, 0, 0 },
	  { REASON_SHARE, REASON_BUSIER, REASON_BUSIER } },
	{ "greedy: overload, queues not told",
	  POLICY_GREEDY,
	  nearest_overloaded,
	  { 0, 1, 0 },
	  { REASON_BUSIER, REASON_SHARE, REASON_BUSIER } },
	{ "greedy: drains",
	  POLICY_GREEDY,
	  nearest_drains,
	  { 0, 1, 0 },
	  { REASON_DRAIN, REASON_SHARE, REASON_BUSIER } },
	{ "static: faster sites serve more",
	  POLICY_STATIC,
	  faster,
	  { 0.25, 0.25, 0.5 },
	  { REASON_SHARE, REASON_SHARE, REASON_SHARE } },
	{ "static: one time is not configured",
	  POLICY_STATIC,
	  faster_and_unknown,
	  { 1. / 3, 1. / 3, 1. / 3 },
	  { REASON_SHARE, REASON_SHARE, REASON_SHARE } },
	{ "static: what is configured",
	  POLICY_STATIC,
	  bigger,
	  { 0.2, 0.6, 0.2 },
	  { REASON_SHARE, REASON_SHARE, REASON_SHARE } },
	{ "static: nothing configured",
	  POLICY_STATIC,
	  nothing_known,
	  { 1. / 3, 1. / 3, 1. / 3 },
	  { REASON_SHARE, REASON_SHARE, REASON_SHARE } },
	{ "static: down",
	  POLICY_STATIC,
	  nearest_down,
	  { 0, 0.5, 0.5 },
	  { REASON_DOWN, REASON_SHARE, REASON_SHARE } },
};

Test(weights, decides)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		struct weights_config config = usual;
		_cleanup_(weights_free) struct weights *w = NULL;
		struct weights_site sites[3];
		const struct weights_decision *d;

		for (size_t k = 0; k < 3; k++)
			sites[k] = site_of(k + 1, 0.001 + 0.01 * (double)k);
		vectors[i].change(sites);
		config.policy = vectors[i].policy;
		w = weights_new(&config);
		d = update(w, 10, sites, 3);
		for (size_t k = 0; k < 3; k++) {
			cr_expect(near(d->site[k].share, vectors[i].share[k], 0.01),
				  "%s: site %zu has %g", vectors[i].name, k, d->site[k].share);
			cr_expect(eq(int, d->site[k].reason, vectors[i].reason[k]), "%s: site %zu",
				  vectors[i].name, k);
		}
	}
}

/* --- what a report lacks ---------------------------------------------------------------------- */

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

/* --- time ------------------------------------------------------------------------------------- */

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

/* --- what becomes of a site whose report cannot be relied on ---------------------------------- */

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
	cr_expect(gt(dbl, d->site[0].share, 0));
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

/* --- steps of a decision ---------------------------------------------------------------------- */

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

/* Everything in the verdict, against the model by hand. */
Test(weights, verdict_tells_the_truth)
{
	_cleanup_(weights_free) struct weights *w = weights_new(&usual);
	struct weights_site sites[] = { site_of(7, 0.004), site_of(8, 0.004) };
	const struct weights_verdict *v;
	const struct weights_decision *d;
	double rho = 0.5, p = sqrt(34), slope;

	sites[0].sampled_s = sites[1].sampled_s = 8;
	d = update(w, 10, sites, 2);
	v = &d->site[1];
	slope = pow(rho, p - 1) * (p - (p - 1) * rho) / ((1 - rho) * (1 - rho));
	cr_expect(eq(dbl, d->time_s, 10));
	cr_expect(near(d->total_rate, 320, 1e-9));
	cr_expect(eq(u64, v->id, 8));
	cr_expect(eq(dbl, v->age_s, 2));
	cr_expect(near(v->utilisation, rho, 1e-9));
	cr_expect(near(v->marginal_s, 0.004 + 0.05 + 10 * (0.05 / 16) * slope, 1e-9));
	cr_expect(near(d->level_s, v->marginal_s, 1e-9));
	cr_expect(near(v->wanted, v->share, 1e-9));
}

/* --- whatever comes in ------------------------------------------------------------------------ */

static double absurd(struct random *random)
{
	static const double values[] = { NAN,   INFINITY, -INFINITY, -1, 0,    1e-300,
					 1e300, 1e18,     1e-9,      1,  0.05, 100 };

	return values[random_below(random, ARRAY_SIZE(values))];
}

static struct weights_site site_absurd(struct random *random)
{
	return (struct weights_site){
		.id = random_below(random, 6),
		.up = random_below(random, 4),
		.drain = !random_below(random, 5),
		.excluded = !random_below(random, 9),
		.pinned = !random_below(random, 5),
		.tier = (uint8_t)random_below(random, 3),
		.rtt_s = absurd(random),
		.up_since_s = absurd(random),
		.has_report = random_below(random, 4),
		.report = { .has = (uint32_t)random_u64(random),
			    .capacity = absurd(random),
			    .service_time_s = absurd(random),
			    .arrival_rate = absurd(random),
			    .in_flight = absurd(random),
			    .utilisation = absurd(random),
			    .window_s = absurd(random),
			    .availability = (uint16_t)random_u64(random),
			    .score = (uint8_t)random_u64(random) },
		.sampled_s = absurd(random),
		.capacity = absurd(random),
		.service_time_s = absurd(random),
	};
}

static void expect_sane(const struct weights_decision *d, const struct weights_site *in, int trial)
{
	bool usable = false;

	for (size_t i = 0; i < d->count; i++) {
		const struct weights_verdict *v = &d->site[i];

		usable |= v->reason != REASON_DOWN && v->reason != REASON_EXCLUDED &&
			  !(v->reason == REASON_DRAIN && v->wanted == 0);
		cr_assert(v->share >= 0 && v->share <= 1, "trial %d", trial);
		cr_assert(in[i].up || v->share == 0, "trial %d", trial);
		cr_assert(v->capacity > 0 && v->service_time_s > 0, "trial %d", trial);
		cr_assert(isfinite(v->marginal_s) && isfinite(v->utilisation) &&
				  isfinite(v->base) && isfinite(v->age_s),
			  "trial %d: marginal %g, utilisation %g, base %g, age %g", trial,
			  v->marginal_s, v->utilisation, v->base, v->age_s);
	}
	cr_assert(near(sum_of(d), usable, 1e-6), "trial %d: %g", trial, sum_of(d));
}

Test(weights, absurd_input_gives_sane_shares)
{
	struct random random = random_seeded("weights absurd");

	for (int trial = 0; trial < 2000; trial++) {
		struct weights_config config = { .policy = (enum policy)random_below(&random, 4),
						 .queue_factor = absurd(&random),
						 .hysteresis = absurd(&random),
						 .report_period_s = absurd(&random),
						 .slow_start_s = absurd(&random),
						 .limits = { absurd(&random), absurd(&random),
							     absurd(&random), absurd(&random),
							     absurd(&random), absurd(&random),
							     absurd(&random) } };
		_cleanup_(weights_free) struct weights *w = weights_new(&config);

		for (int call = 0; call < 12; call++) {
			size_t count = random_below(&random, 6);
			_cleanup_(freep) struct weights_site *sites =
				calloc(count ? count : 1, sizeof(*sites));
			const struct weights_decision *d;

			for (size_t i = 0; i < count; i++)
				sites[i] = site_absurd(&random);
			cr_assert(eq(
				int,
				weights_update(w, random_below(&random, 3) ? call : absurd(&random),
					       absurd(&random), sites, count, &d),
				0));
			expect_sane(d, sites, trial);
		}
	}
}
