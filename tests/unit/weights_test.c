/* SPDX-License-Identifier: BSD-2-Clause */
/* One decision: shares and their reasons. */
#include "select/weights.h"

#include "base/util.h"
#include "weights_sites.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>

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
