/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: rate: a stream of metric updates, each for another offer than the one before and with
 * another report than the last one of its own, is sent as fast as margayd takes it. Behind it
 * stands a withdrawal; the run ends when that shows in the tables, for BGP is ordered: all updates
 * are in the catalog then. What counts is margayd's CPU time, with what it decided beside. After it
 * margayd is asked for all reports, which must be the last ones that were told.
 */
#include "base/log.h"
#include "base/util.h"
#include "clock.h"
#include "slots.h"
#include "steering.h"
#include "told.h"

#include <errno.h>

#define SERVICES 1000
#define OFFERS   (SERVICES * FLEET_SITES)
#define UPDATES  200000
#define PERIOD_S 20
#define LOAD_NS  UINT64_C(60000000000)
#define MARKER   (FLEET_SITES - 1) /* the site that is withdrawn, from service 0 */
#define RATES    41                /* a prime: laps of one offer differ */

struct rates {
	double per_cpu_s[BENCH_RUNS_MAX], per_s[BENCH_RUNS_MAX];
};

static struct fleet_report report_of(uint32_t service, uint32_t site, uint32_t lap)
{
	return (struct fleet_report){ .arrival_rate = 60 + (service + site * 5 + lap * 7) % RATES,
				      .in_flight = (service + lap) % 8 };
}

static int updates_make(struct fleet *f, uint32_t lap)
{
	int r = 0;

	for (uint32_t i = 0; i < UPDATES && r == 0; i++) {
		uint32_t service = i % SERVICES, site = i / SERVICES % FLEET_SITES;
		struct fleet_report report = report_of(service, site, lap + i / OFFERS);

		r = fleet_announce(f, 0, service, site, &report);
	}
	return r < 0 ? r : fleet_withdraw(f, 0, 0, MARKER);
}

static int marker_await(struct fleet *f, struct slots *s, bool up)
{
	uint64_t until = clock_ns() + LOAD_NS;
	uint16_t member = s->service[0].member[MARKER];
	int r = 0;

	while (r == 0 && (member && slots_member_up(s, 0, member)) != up) {
		if (clock_ns() > until)
			return log_err(-ETIMEDOUT, "margayd has not come to the last update");
		r = fleet_rest(f, 0, 1000000);
		if (up)
			slots_look_at(s, 0);
		member = s->service[0].member[MARKER];
	}
	return r;
}

/* The last report of each offer. */
static int reports_check(const struct fleet *f, uint32_t lap)
{
	json_t *told = told_services(f, NULL);
	const json_t *services = told ? json_object_get(told, "services") : NULL, *site;
	size_t count = 0, i;
	int r = told ? 0 : -EBADMSG;

	for (uint32_t service = 0; service < SERVICES && r == 0; service++) {
		const json_t *sites = json_object_get(json_array_get(services, service), "sites");

		json_array_foreach(sites, i, site)
		{
			uint32_t number = told_site(site), place = number * SERVICES + service;
			uint32_t last = lap + (UPDATES - 1 - place) / OFFERS;
			struct fleet_report report = report_of(service, number, last);

			if (number < FLEET_SITES &&
			    json_number_value(json_object_get(site, "arrival-rate")) ==
				    report.arrival_rate &&
			    json_number_value(json_object_get(site, "in-flight")) ==
				    report.in_flight)
				count++;
		}
	}
	json_decref(told);
	if (r == 0 && count != OFFERS)
		r = log_err(-EBADMSG, "of %u offers only %zu are in the catalog as told last",
			    OFFERS, count);
	return r;
}

/* What was the marker is told again, for the check and for the next run. */
static int marker_restore(struct fleet *f, struct slots *s, uint32_t lap)
{
	uint32_t last = lap + (UPDATES - 1 - MARKER * SERVICES) / OFFERS;
	struct fleet_report report = report_of(0, MARKER, last);
	int r = fleet_announce(f, 0, 0, MARKER, &report);

	if (r == 0)
		r = fleet_send(f, 0, LOAD_NS);
	return r < 0 ? r : marker_await(f, s, true);
}

static int rate_run(struct fleet *f, struct slots *s, struct rates *ret, unsigned int run)
{
	uint32_t lap = 1 + run * (UPDATES / OFFERS + 1);
	struct process_state before, after;
	uint64_t begun, took;
	int r = updates_make(f, lap);

	if (r == 0)
		r = process_state(&f->process, &before);
	begun = clock_ns();
	if (r == 0)
		r = fleet_send(f, 0, LOAD_NS);
	if (r == 0)
		r = marker_await(f, s, false);
	took = clock_ns() - begun;
	if (r == 0)
		r = process_state(&f->process, &after);
	if (r < 0)
		return r;
	ret->per_cpu_s[run] = UPDATES / ((double)(after.cpu_ns - before.cpu_ns) / 1e9);
	ret->per_s[run] = UPDATES / ((double)took / 1e9);
	r = marker_restore(f, s, lap);
	return r < 0 ? r : reports_check(f, lap);
}

static int rate_runs(const struct bench *bench, struct fleet *f, struct slots *s, struct rates *ret)
{
	int r = fleet_load(f, s, LOAD_NS);

	for (unsigned int run = 0; run < bench->runs && r == 0; run++) {
		bench_progress(bench, "rate", run);
		r = rate_run(f, s, ret, run);
	}
	return r < 0 ? r : slots_check(s, f);
}

int measure_rate(const struct bench *bench, struct figures *figures)
{
	_cleanup_(freep) struct rates *rates = calloc(1, sizeof(*rates));
	struct figure *figure;
	struct fleet fleet;
	struct slots slots;
	int r;

	if (!rates)
		return -ENOMEM;
	fleet_init(&fleet, bench->dir, SERVICES, 1);
	fleet.period_s = PERIOD_S;
	r = slots_open(&fleet, &slots);
	if (r == 0)
		r = rate_runs(bench, &fleet, &slots, rates);
	slots_close(&slots);
	fleet_close(&fleet);
	if (r < 0)
		return r;
	figure = figures_add(figures, "rate", "metric updates for a second of CPU time", "1/s",
			     rates->per_cpu_s, bench->runs);
	figure->has_bound = figure->at_least = true;
	figure->bound = 100000;
	figures_add(figures, "rate", "metric updates a second, by the clock", "1/s", rates->per_s,
		    bench->runs);
	return 0;
}
