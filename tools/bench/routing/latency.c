/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: latency: every millisecond a metric update arrives, and each changes a service's shares a
 * little. Of every fourth the bench waits for the consequence: it says that a site is much busier
 * than before, or much less so, and the bench reads the service's slots as they are mapped until
 * one of them has left that site, or come to it. The time is from the call that sends the UPDATE to
 * the slot that shows, so the kernel's loopback and the bench's own look are in it.
 * margayd and the bench run in real time, for what others do on the machine is not the question.
 */
#include "base/log.h"
#include "base/util.h"
#include "clock.h"
#include "sample.h"
#include "slots.h"
#include "steering.h"

#include <errno.h>

#define SERVICES    1000
#define PERIOD_S    20
#define PERIOD_NS   UINT64_C(1000000) /* between updates: 1000 a second */
#define PROBE_EVERY 4                 /* of the updates one is watched */
#define PROBES      2000              /* a run */
#define PROBE_SITE  8                 /* probes are about this one and those behind it */
#define SLOT_NS     UINT64_C(2000000000)
#define LOAD_NS     UINT64_C(60000000000)
#define SETTLE_NS   UINT64_C(7000000000) /* until margayd knows its own shares of a whole window */
#define LATE_NS     UINT64_C(20000000)   /* behind its time: what was missed is left out */
#define BUSY        150                  /* requests a second of 160 */
#define IDLE        10
#define LITTLE      16 /* slots: a site with fewer has none to lose */

struct latencies {
	double median[BENCH_RUNS_MAX], p99[BENCH_RUNS_MAX], most[BENCH_RUNS_MAX];
	double busy[BENCH_RUNS_MAX], rate[BENCH_RUNS_MAX];
};

struct probing {
	struct fleet *fleet;
	struct slots *slots;
	uint16_t before[FLEET_SLOTS]; /* owners of the service at hand */
	double us[PROBES];
};

/* A slot has left the site, where it got busier, or else come to it. */
static bool slots_follow(const struct probing *p, uint32_t service, uint16_t member, bool busier)
{
	for (uint32_t i = 0; i < FLEET_SLOTS; i++) {
		uint16_t now = slots_word(p->slots, service, i).now;

		if (now != p->before[i] && (busier ? p->before[i] == member : now == member))
			return true;
	}
	return false;
}

static int probe(struct probing *p, uint32_t service, uint32_t site, double *ret_us)
{
	bool busier = slots_count(p->slots, service, site) >= LITTLE;
	struct fleet_report report = { .arrival_rate = busier ? BUSY : IDLE,
				       .in_flight = busier ? 8 : 0 };
	uint16_t member = p->slots->service[service].member[site];
	int r = fleet_announce(p->fleet, 0, service, site, &report);
	uint64_t begun;

	for (uint32_t i = 0; i < FLEET_SLOTS; i++)
		p->before[i] = slots_word(p->slots, service, i).now;
	begun = clock_ns();
	if (r == 0)
		r = fleet_send(p->fleet, 0, SLOT_NS);
	while (r == 0 && !slots_follow(p, service, member, busier)) {
		fleet_blink();
		if (clock_ns() - begun > SLOT_NS)
			r = log_err(-ETIMEDOUT,
				    "service s%u, site %u: said to be %s, and its slots stay",
				    service, site, busier ? "busy" : "idle");
	}
	*ret_us = (double)(clock_ns() - begun) / 1e3;
	return r;
}

static int update(struct probing *p, uint64_t n)
{
	uint32_t service = (uint32_t)(n * 7 % SERVICES), site = (uint32_t)(n % PROBE_SITE);
	struct fleet_report report = { .arrival_rate = 70 + n * 13 % 21, .in_flight = n % 8 };
	int r = fleet_announce(p->fleet, 0, service, site, &report);

	return r < 0 ? r : fleet_send(p->fleet, 0, SLOT_NS);
}

/* Services in turn, and with each round another site of them. */
static int latency_run(struct probing *p, unsigned int run, double *ret_rate)
{
	uint64_t begun = clock_ns(), next = begun, n = 0;
	uint32_t probes = 0;
	int r = 0;

	for (; probes < PROBES && r == 0; n++) {
		uint32_t number = run * PROBES + probes;

		next += PERIOD_NS;
		if (clock_ns() > next + LATE_NS)
			next = clock_ns();
		fleet_wait_until(next);
		if (n % PROBE_EVERY) {
			r = update(p, n);
			continue;
		}
		r = probe(p, number % SERVICES, PROBE_SITE + number / SERVICES % PROBE_SITE,
			  &p->us[probes++]);
	}
	*ret_rate = (double)n / ((double)(clock_ns() - begun) / 1e9);
	return r;
}

static int latency_measure(struct probing *p, unsigned int run, struct latencies *ret)
{
	struct process_state before = { 0 }, after = { 0 };
	uint64_t begun = clock_ns();
	int r = process_state(&p->fleet->process, &before);

	if (r == 0)
		r = latency_run(p, run, &ret->rate[run]);
	if (r == 0)
		r = process_state(&p->fleet->process, &after);
	if (r < 0)
		return r;
	ret->busy[run] = (double)(after.cpu_ns - before.cpu_ns) / (double)(clock_ns() - begun);
	ret->median[run] = sample_quantile(p->us, PROBES, 0.5);
	ret->p99[run] = sample_quantile(p->us, PROBES, 0.99);
	ret->most[run] = sample_quantile(p->us, PROBES, 1);
	return slots_check(p->slots, p->fleet);
}

static int latency_runs(const struct bench *bench, struct probing *p, struct latencies *ret)
{
	int r = fleet_load(p->fleet, p->slots, LOAD_NS);

	if (r == 0)
		r = fleet_rest(p->fleet, 0, SETTLE_NS);
	if (r == 0)
		fleet_hurry(p->fleet);
	for (unsigned int run = 0; run < bench->runs && r == 0; run++) {
		bench_progress(bench, "latency", run);
		r = latency_measure(p, run, ret);
	}
	return r;
}

static void latency_figures(struct figures *figures, struct latencies *l, size_t runs)
{
	struct figure *figure;

	figures_add(figures, "latency", "UPDATE sent to slot stored, median", "us", l->median,
		    runs);
	figure = figures_add(figures, "latency", "UPDATE sent to slot stored, p99", "us", l->p99,
			     runs);
	figure->has_bound = true;
	figure->bound = 1000;
	figures_add(figures, "latency", "the longest", "us", l->most, runs);
	figure = figures_add(figures, "latency", "metric updates meanwhile", "1/s", l->rate, runs);
	figure->has_bound = figure->at_least = true;
	figure->bound = 990;
	figures_add(figures, "latency", "margayd, share of one CPU", "", l->busy, runs);
}

int measure_latency(const struct bench *bench, struct figures *figures)
{
	_cleanup_(freep) struct latencies *l = calloc(1, sizeof(*l));
	_cleanup_(freep) struct probing *p = calloc(1, sizeof(*p));
	struct fleet fleet;
	struct slots slots;
	int r;

	if (!l || !p)
		return -ENOMEM;
	fleet_init(&fleet, bench->dir, SERVICES, 1);
	fleet.period_s = PERIOD_S;
	p->fleet = &fleet;
	p->slots = &slots;
	r = slots_open(&fleet, &slots);
	if (r == 0)
		r = latency_runs(bench, p, l);
	slots_close(&slots);
	fleet_close(&fleet);
	if (r == 0)
		latency_figures(figures, l, bench->runs);
	return r;
}
