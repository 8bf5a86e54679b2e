/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: select: the selector alone (control/select as it is linked into margayd) and slots in memory
 * of our own: for each service its shares, the slots' owners, and a store where an owner has
 * changed. On one CPU, by the thread's CPU time.
 */
#include "selector.h"

#include "base/log.h"
#include "base/util.h"
#include "select/owners.h"
#include "select/weights.h"

#include <errno.h>
#include <time.h>

#define SERVICES 10000
#define SITES    16
#define SLOTS    256
#define SINGLES  2000

struct service {
	struct weights *weights;
	struct weights_site site[SITES];
	struct owner slot[SLOTS];
};

struct selection {
	struct service *service;
	struct owner owner[SLOTS];
	double now_s;
	uint64_t stored; /* slots */
};

static double cpu_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void site_report(struct selection *s, struct service *service, uint32_t site, uint32_t n)
{
	struct weights_site *at = &service->site[site];

	at->report.arrival_rate = 40 + (n * 37 + site * 11) % 100;
	at->report.in_flight = (n * 5 + site) % 8;
	at->sampled_s = s->now_s;
}

static int service_new(struct selection *s, uint32_t number)
{
	const struct weights_config config = { .policy = POLICY_COMPUTE_AWARE,
					       .queue_factor = 10,
					       .hysteresis = 0.005,
					       .report_period_s = 5 };
	struct service *service = &s->service[number];

	service->weights = weights_new(&config);
	if (!service->weights)
		return -ENOMEM;
	for (uint32_t i = 0; i < SITES; i++) {
		service->site[i] = (struct weights_site){
			.id = UINT64_C(0x9e3779b97f4a7c15) * (i + 1),
			.up = true,
			.rtt_s = 0.002 * (i + 1),
			.has_report = true,
			.report = { .has = REPORT_CAPACITY | REPORT_SERVICE_TIME |
					   REPORT_ARRIVAL_RATE | REPORT_WINDOW | REPORT_IN_FLIGHT,
				    .capacity = 8,
				    .service_time_s = 0.05,
				    .window_s = 5 },
		};
		site_report(s, service, i, number);
	}
	return 0;
}

static int service_decide(struct selection *s, uint32_t number)
{
	struct service *service = &s->service[number];
	const struct weights_decision *decision;
	struct owner_site site[SITES];
	int r = weights_update(service->weights, s->now_s, 1000, service->site, SITES, &decision);

	if (r < 0)
		return r;
	for (uint32_t i = 0; i < SITES; i++)
		site[i] = (struct owner_site){ .id = service->site[i].id,
					       .share = decision->site[i].share,
					       .member = (uint16_t)(i + 1),
					       .spare = true };
	owners_assign(number, site, SITES, s->owner, SLOTS);
	for (uint32_t i = 0; i < SLOTS; i++) {
		if (s->owner[i].now == service->slot[i].now &&
		    s->owner[i].next == service->slot[i].next)
			continue;
		service->slot[i] = s->owner[i];
		s->stored++;
	}
	return 0;
}

static int selection_new(struct selection *s)
{
	int r = 0;

	s->now_s = 100;
	s->service = calloc(SERVICES, sizeof(*s->service));
	if (!s->service)
		return -ENOMEM;
	for (uint32_t i = 0; i < SERVICES && r == 0; i++) {
		r = service_new(s, i);
		if (r == 0)
			r = service_decide(s, i);
	}
	return r;
}

static void selection_clear(struct selection *s)
{
	for (uint32_t i = 0; s->service && i < SERVICES; i++)
		weights_free(&s->service[i].weights);
	freep(&s->service);
}

/* All metrics have changed. */
static int selection_all(struct selection *s, uint32_t run, double *ret_s)
{
	double begun;
	int r = 0;

	s->now_s += 5;
	for (uint32_t i = 0; i < SERVICES; i++)
		for (uint32_t site = 0; site < SITES; site++)
			site_report(s, &s->service[i], site, i + 13 * (run + 1));
	s->stored = 0;
	begun = cpu_s();
	for (uint32_t i = 0; i < SERVICES && r == 0; i++)
		r = service_decide(s, i);
	*ret_s = cpu_s() - begun;
	return r == 0 && !s->stored ? log_err(-EBADMSG, "no slot has changed its owner") : r;
}

/* One metric of one service; of many such the median. */
static int selection_one(struct selection *s, uint32_t run, double *ret_us)
{
	uint32_t changed = 0;
	double begun, took = 0;
	int r = 0;

	s->now_s += 1;
	for (uint32_t i = 0; i < SINGLES && r == 0; i++) {
		uint32_t number = (i * 7919 + run) % SERVICES;

		site_report(s, &s->service[number], i % SITES, i + 29 * (run + 3));
		s->stored = 0;
		begun = cpu_s();
		r = service_decide(s, number);
		took += cpu_s() - begun;
		changed += s->stored > 0;
	}
	*ret_us = took / SINGLES * 1e6;
	return r == 0 && !changed ? log_err(-EBADMSG, "no metric has changed a slot") : r;
}

int measure_select(const struct bench *bench, struct figures *figures)
{
	_cleanup_(selection_clear) struct selection s = { 0 };
	double all_s[BENCH_RUNS_MAX], one_us[BENCH_RUNS_MAX];
	struct figure *figure;
	int r = selection_new(&s);

	for (unsigned int run = 0; run < bench->runs && r == 0; run++) {
		r = selection_all(&s, run, &all_s[run]);
		if (r == 0)
			r = selection_one(&s, run, &one_us[run]);
	}
	if (r < 0)
		return log_err(r, "the selector");
	figure = figures_add(figures, "select", "all metrics of 10,000 services changed", "s",
			     all_s, bench->runs);
	figure->has_bound = true;
	figure->bound = 1;
	figure = figures_add(figures, "select", "one metric changed", "us", one_us, bench->runs);
	figure->has_bound = true;
	figure->bound = 200;
	return 0;
}
