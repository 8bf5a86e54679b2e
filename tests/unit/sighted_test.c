/* SPDX-License-Identifier: BSD-2-Clause */
/* Steering by what the ingress sees of its own flows: control/select/sighted.c. */
#include "select/weights.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>

#define TOLD (REPORT_CAPACITY | REPORT_SERVICE_TIME | REPORT_ARRIVAL_RATE)

static const struct weights_config usual = { .queue_factor = 10,
					     .hysteresis = 0.005,
					     .report_period_s = 5 };

static struct weights_site silent(uint64_t id, double flow_time_s)
{
	return (struct weights_site){
		.id = id, .up = true, .flow_time_s = flow_time_s, .flow_count = 1e9
	};
}

/* 8 slots of 100 ms, half of them busy. */
static struct weights_site telling(uint64_t id, double flow_time_s)
{
	struct weights_site site = silent(id, flow_time_s);

	site.has_report = true;
	site.report = (struct report){
		.has = TOLD, .capacity = 8, .service_time_s = 0.1, .arrival_rate = 40
	};
	return site;
}

static const struct weights_decision *update(struct weights *w, double now_s,
					     const struct weights_site *sites, size_t count)
{
	const struct weights_decision *d = NULL;

	cr_assert(eq(int, weights_update(w, now_s, 40, sites, count, &d), 0));
	return d;
}

static bool near(double a, double b)
{
	return fabs(a - b) <= 1e-4 * fabs(b);
}

Test(sighted, nobody_tells)
{
	_cleanup_(weights_free) struct weights *w = weights_new(&usual);
	struct weights_site sites[] = { silent(1, 0.1), silent(2, 0.1) };
	const struct weights_decision *d = update(w, 1, sites, 2);

	cr_expect(near(d->site[0].share, 0.5));
	sites[1].flow_time_s = 0.2;
	d = update(w, 2, sites, 2);
	cr_expect(near(d->site[0].share, 2.0 / 3), "%g", d->site[0].share);
	cr_expect(eq(int, d->site[1].service_time_by, ORIGIN_OBSERVED));
	cr_expect(eq(int, d->site[1].rate_by, ORIGIN_NONE));
	cr_expect(eq(int, d->site[1].capacity_by, ORIGIN_NONE));
}

static const struct {
	const char *name;
	double configured, flow_time_s, handshake_s, other_flow_s, other_handshake_s;
	double want;
	enum weights_origin by;
} cases[] = {
	{ "as long as at the other", 0, 0.2, 0, 0.2, 0, 0.1, ORIGIN_OBSERVED },
	{ "twice as long", 0, 0.4, 0, 0.2, 0, 0.2, ORIGIN_OBSERVED },
	{ "two round trips are the way's", 0, 0.24, 0.02, 0.24, 0.07, 0.2, ORIGIN_OBSERVED },
	{ "but never all of it", 0, 0.1, 9, 0.1, 0, 0.01, ORIGIN_OBSERVED },
	{ "before what is configured", 0.5, 0.4, 0, 0.2, 0, 0.2, ORIGIN_OBSERVED },
	{ "too few flows", 0.5, 0, 0, 0.2, 0, 0.5, ORIGIN_CONFIGURED },
	{ "nothing at all", 0, 0, 0, 0.2, 0, 0.1, ORIGIN_OTHERS },
	{ "nothing to compare with", 0, 0.3, 0, 0, 0, 0.3, ORIGIN_OBSERVED },
	{ "connections that idle", 0, 300, 0, 150, 0, 0.2, ORIGIN_OBSERVED },
	{ "no number", 0.5, NAN, 0, 0.2, 0, 0.5, ORIGIN_CONFIGURED },
	{ "endless", 0, INFINITY, 0, 0.2, 0, 5e11, ORIGIN_OBSERVED },
};

Test(sighted, against_one_that_tells)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(weights_free) struct weights *w = weights_new(&usual);
		struct weights_site sites[] = { silent(1, cases[i].flow_time_s),
						telling(2, cases[i].other_flow_s) };
		const struct weights_decision *d;

		sites[0].service_time_s = cases[i].configured;
		sites[0].handshake_s = cases[i].handshake_s;
		sites[1].handshake_s = cases[i].other_handshake_s;
		sites[1].sampled_s = 1;
		d = update(w, 1, sites, 2);
		cr_expect(near(d->site[0].service_time_s, cases[i].want), "%s: %g", cases[i].name,
			  d->site[0].service_time_s);
		cr_expect(eq(int, d->site[0].service_time_by, cases[i].by), "%s", cases[i].name);
		cr_expect(eq(int, d->site[0].capacity_by, ORIGIN_OTHERS), "%s", cases[i].name);
		cr_expect(near(d->site[1].service_time_s, 0.1), "%s: who tells is believed",
			  cases[i].name);
		cr_expect(eq(int, d->site[1].service_time_by, ORIGIN_TOLD), "%s", cases[i].name);
		cr_expect(near(d->site[0].share + d->site[1].share, 1), "%s", cases[i].name);
	}
}

Test(sighted, few_flows_tell_little)
{
	_cleanup_(weights_free) struct weights *w = weights_new(&usual);
	struct weights_site sites[] = { silent(1, 0.4), telling(2, 0.2) };
	const struct weights_decision *d;

	sites[0].flow_count = 100;
	d = update(w, 1, sites, 2);
	cr_expect(near(d->site[0].service_time_s, (0.2 + 0.1) / 2), "half as the other site");
	sites[0].service_time_s = 0.04;
	d = update(w, 2, sites, 2);
	cr_expect(near(d->site[0].service_time_s, (0.2 + 0.04) / 2), "half as configured");
	sites[0].flow_count = 1;
	d = update(w, 3, sites, 2);
	cr_expect(near(d->site[0].service_time_s, (0.2 + 100 * 0.04) / 101));
}

/* Where sites that tell have lost their flows, what they taught stays. */
Test(sighted, learned)
{
	_cleanup_(weights_free) struct weights *w = weights_new(&usual);
	struct weights_site sites[] = { silent(1, 30), telling(2, 15) };
	const struct weights_decision *d = update(w, 1, sites, 2);

	cr_expect(near(d->site[0].service_time_s, 0.2), "connections that idle for long");
	sites[1].flow_count = 99;
	sites[1].flow_time_s = 600;
	sites[0].flow_time_s = 60;
	d = update(w, 2, sites, 2);
	cr_expect(near(d->site[0].service_time_s, 0.4), "%g", d->site[0].service_time_s);
	sites[1].flow_count = 100;
	sites[1].flow_time_s = 30;
	for (int i = 3; i < 80; i++) {
		sites[1].sampled_s = i;
		d = update(w, i, sites, 2);
	}
	cr_expect(epsilon_eq(dbl, d->site[0].service_time_s, 0.2, 0.001), "learned anew");
}

/* What is told gives way to what is seen, not to what is configured. */
Test(sighted, report_grows_old)
{
	_cleanup_(weights_free) struct weights *w = weights_new(&usual);
	struct weights_site sites[] = { telling(1, 0.4), telling(2, 0.2) };
	const struct weights_decision *d;

	sites[0].service_time_s = 7;
	sites[0].sampled_s = 80;
	sites[1].sampled_s = 100;
	d = update(w, 100, sites, 2);
	cr_expect(near(d->site[0].service_time_s, 0.2 - 0.1 * exp(-0.5)), "%g",
		  d->site[0].service_time_s);
	cr_expect(eq(int, d->site[0].service_time_by, ORIGIN_TOLD));
	sites[0].sampled_s = 40;
	d = update(w, 101, sites, 2);
	cr_expect(near(d->site[0].service_time_s, 0.2), "expired");
	cr_expect(eq(int, d->site[0].service_time_by, ORIGIN_OBSERVED));
}

/* Claims to be ten times as fast, while its flows last as long as the others'. */
Test(sighted, claims_to_be_fast)
{
	struct weights_config config = usual;
	struct weights_site sites[] = { telling(1, 0.2), telling(2, 0.2), telling(3, 0.2) };
	_cleanup_(weights_free) struct weights *believing = weights_new(&config);
	_cleanup_(weights_free) struct weights *w = NULL;
	const struct weights_decision *d;

	sites[0].report.service_time_s = 0.01;
	d = update(believing, 1, sites, 3);
	cr_expect(near(d->site[0].service_time_s, 0.01), "no distrust: it is believed");
	cr_expect(not(d->site[0].doubted));
	config.limits.distrust = 0.5;
	w = weights_new(&config);
	d = update(w, 1, sites, 3);
	cr_expect(d->site[0].doubted);
	cr_expect(near(d->site[0].service_time_s, 0.1), "%g", d->site[0].service_time_s);
	cr_expect(eq(int, d->site[0].service_time_by, ORIGIN_OBSERVED));
	cr_expect(not(d->site[1].doubted || d->site[2].doubted));
	sites[0].flow_count = 99;
	d = update(w, 1.5, sites, 3);
	cr_expect(not(d->site[0].doubted), "too few flows to say so");
	sites[0].flow_count = 100;
	sites[0].report.service_time_s = 0.06;
	d = update(w, 2, sites, 3);
	cr_expect(not(d->site[0].doubted), "within what is tolerated");
	sites[0].report.service_time_s = 0.01;
	sites[0].flow_time_s = 0.02;
	d = update(w, 3, sites, 3);
	cr_expect(not(d->site[0].doubted), "it is as fast as it says");
}

Test(sighted, claims_to_be_idle)
{
	struct weights_config config = usual;
	struct weights_site sites[] = { telling(1, 0.2), telling(2, 0.2) };
	_cleanup_(weights_free) struct weights *w = NULL;
	const struct weights_decision *d;

	config.limits.distrust = 0.5;
	w = weights_new(&config);
	sites[0].report.has |= REPORT_IN_FLIGHT;
	sites[0].report.in_flight = 0;
	sites[0].flows_in_flight = 19;
	d = update(w, 1, sites, 2);
	cr_expect(not(d->site[0].doubted), "so few may be a matter of moments");
	sites[0].flows_in_flight = 21;
	d = update(w, 2, sites, 2);
	cr_expect(d->site[0].doubted);
	cr_expect(eq(dbl, d->site[0].base, 0), "its load is as not told");
	sites[0].report.in_flight = 15;
	d = update(w, 3, sites, 2);
	cr_expect(not(d->site[0].doubted));
}

static struct weights_site seen(struct weights_site site, double rate)
{
	site.seen_window_s = 3;
	site.flow_rate = rate;
	return site;
}

/* The nearest site tells nothing and could take all: what goes there is seen. */
Test(sighted, load_of_a_silent_site)
{
	_cleanup_(weights_free) struct weights *w = weights_new(&usual);
	struct weights_site sites[] = { seen(silent(1, 0.1), 70), seen(telling(2, 0.1), 30) };
	const struct weights_decision *d = NULL;

	sites[0].capacity = 8;
	sites[0].service_time_s = 0.1;
	sites[1].rtt_s = 0.02;
	sites[1].report.arrival_rate = 30;
	for (int i = 1; i < 30; i++) {
		sites[0].seen_s = sites[1].sampled_s = sites[1].seen_s = i;
		cr_assert(eq(int, weights_update(w, i, 100, sites, 2, &d), 0));
		sites[0].flow_rate = 100 * d->site[0].share;
		sites[1].flow_rate = sites[1].report.arrival_rate = 100 * d->site[1].share;
	}
	cr_expect(eq(int, d->site[0].rate_by, ORIGIN_OBSERVED));
	cr_expect(eq(int, d->site[1].rate_by, ORIGIN_TOLD));
	cr_expect(epsilon_eq(dbl, d->total_rate, 100, 1), "%g", d->total_rate);
	cr_expect(d->site[0].share > 0.5, "it is nearer");
	cr_expect(lt(dbl, d->site[0].share, 0.6), "but not without end: %g", d->site[0].share);
}

/* Of what arrives at the other, this router sends a third: so it will be at the silent one. */
Test(sighted, others_send_there_too)
{
	_cleanup_(weights_free) struct weights *w = weights_new(&usual);
	struct weights_site sites[] = { seen(silent(1, 0.1), 20), seen(telling(2, 0.1), 20) };
	const struct weights_decision *d = NULL;

	sites[1].report.arrival_rate = 60;
	for (int i = 1; i < 20; i++) {
		sites[0].seen_s = sites[1].sampled_s = sites[1].seen_s = i;
		cr_assert(eq(int, weights_update(w, i, 40, sites, 2, &d), 0));
	}
	cr_expect(epsilon_eq(dbl, d->total_rate, 120, 1), "%g", d->total_rate);
	sites[1].flow_rate = 1;
	sites[0].flow_rate = 39;
	sites[1].report.arrival_rate = 6;
	for (int i = 20; i < 60; i++) {
		sites[0].seen_s = sites[1].sampled_s = sites[1].seen_s = i;
		cr_assert(eq(int, weights_update(w, i, 40, sites, 2, &d), 0));
	}
	cr_expect(epsilon_eq(dbl, d->total_rate, 123, 1), "so few flows teach nothing new: %g",
		  d->total_rate);
}

/* Nobody tells: the own flows are a part that nobody knows, and shares go by what sites can do. */
Test(sighted, nobody_tells_the_load)
{
	_cleanup_(weights_free) struct weights *w = weights_new(&usual);
	struct weights_site sites[] = { seen(silent(1, 0.1), 50), seen(silent(2, 0.3), 50) };
	const struct weights_decision *d = update(w, 1, sites, 2);

	cr_expect(lt(dbl, d->total_rate, 0));
	cr_expect(near(d->site[0].share, 0.75));
}

/* A liar's load is what is seen of it: half of all flows are this router's. */
Test(sighted, load_of_a_liar)
{
	struct weights_config config = usual;
	struct weights_site sites[] = { seen(telling(1, 0.2), 20), seen(telling(2, 0.2), 20) };
	_cleanup_(weights_free) struct weights *w = NULL;
	const struct weights_decision *d = NULL;

	config.limits.distrust = 0.5;
	w = weights_new(&config);
	sites[0].report.arrival_rate = 0;
	for (int i = 1; i < 60; i++) {
		sites[0].seen_s = sites[1].seen_s = sites[0].sampled_s = sites[1].sampled_s = i;
		sites[1].report.arrival_rate = 2 * sites[1].flow_rate;
		d = update(w, i, sites, 2);
		for (size_t k = 0; k < 2; k++)
			sites[k].flow_rate = 40 * d->site[k].share;
	}
	cr_expect(d->site[0].doubted);
	cr_expect(eq(int, d->site[0].rate_by, ORIGIN_OBSERVED));
	cr_expect(epsilon_eq(dbl, d->total_rate, 80, 4), "%g", d->total_rate);
	cr_expect(epsilon_eq(dbl, d->site[0].share, 0.5, 0.1), "%g", d->site[0].share);
}

Test(sighted, absurd)
{
	const double bad[] = { NAN, INFINITY, -INFINITY, -1, 1e300 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_(weights_free) struct weights *w = weights_new(&usual);
		struct weights_site sites[] = { seen(silent(1, bad[i]), bad[i]),
						seen(telling(2, 0.1), 1e5) };
		const struct weights_decision *d;

		sites[0].handshake_s = sites[0].seen_s = sites[0].flows_in_flight = bad[i];
		d = update(w, 1, sites, 2);
		cr_expect(near(d->site[0].share + d->site[1].share, 1), "%g", bad[i]);
		sites[0].seen_window_s = bad[i];
		sites[0].seen_s = 1;
		d = update(w, 2, sites, 2);
		cr_expect(near(d->site[0].share + d->site[1].share, 1), "%g", bad[i]);
		cr_expect(d->site[0].share >= 0 && d->site[1].share >= 0, "%g", bad[i]);
	}
}
