/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: flows come as one Poisson process; which ingress, how much work and which hashes is drawn
 * for each, in this order and by all rules alike, so that rules are compared on the same flows.
 *
 *   start at the ingress --rtt/2--> arrive at the site, wait, be served --rtt/2--> end, seen
 */
#include "run.h"

#include "base/util.h"
#include "draw.h"
#include "heap.h"
#include "ingress.h"
#include "optimum.h"
#include "sizes.h"

#include <errno.h>
#include <math.h>
#include <time.h>

#define STREAM_FLOWS   10
#define STREAM_REPORTS 11
#define STREAM_CLOCKS  12
#define STREAM_NOTICES 13
#define STREAM_ENDS    14

#define DECIDE_MIN_S 0.1
#define DECIDE_MAX_S 1.0
#define WATCH_S      0.1
#define NOTICE_MIN_S 1.0
#define NOTICE_S     0.5 /* and up to so much more */
#define JITTER       0.2 /* of D, of a report's way */
#define SLOW_S       0.5

struct flow {
	double start_s, work;
	double service_s;
	uint32_t since, epoch; /* of ingress and site, when it came there */
	uint16_t ingress;
	uint8_t site;
	bool counted, second;
};

struct pool {
	struct flow *flow;
	uint32_t *spare;
	size_t room, spares;
};

struct run {
	const struct setup *setup;
	struct world world;
	struct station station[SITES];
	struct gauge gauge[SITES];
	struct told sent[SITES]; /* reports under way */
	double clock_s[SITES];   /* what the site's clock is ahead */
	uint32_t heading[SITES]; /* flows at the site or under way to it */
	struct ingress *ingress;
	double *below, *below_hot; /* demand of the ingresses up to and with this one */
	double *optimum;
	struct heap heap;
	struct pool pool;
	struct draw flows, reports, notices, ends;
	struct tally tally;
	double now_s, least_work, liar_share_max;
	uint64_t decisions, closed;
	int error;
};

/* --- flows ------------------------------------------------------------------------------------ */

static void run_push(struct run *run, double at_s, enum event_kind kind, uint32_t what,
		     uint16_t site)
{
	struct event event = { .at_s = at_s, .what = what, .site = site, .kind = kind };

	if (!heap_push(&run->heap, event))
		run->error = -ENOMEM;
}

static int pool_grow(struct pool *pool)
{
	size_t room = pool->room ? pool->room * 2 : 4096;
	struct flow *flow = reallocarray(pool->flow, room, sizeof(*flow));
	uint32_t *spare;

	if (!flow)
		return -ENOMEM;
	pool->flow = flow;
	spare = reallocarray(pool->spare, room, sizeof(*spare));
	if (!spare)
		return -ENOMEM;
	pool->spare = spare;
	for (size_t i = room; i > pool->room; i--)
		pool->spare[pool->spares++] = (uint32_t)(i - 1);
	pool->room = room;
	return 0;
}

static void flow_free(struct run *run, uint32_t number)
{
	run->pool.spare[run->pool.spares++] = number;
}

/* Of one that ended somehow. */
static void flow_lost(struct run *run, uint32_t number, uint64_t *counter)
{
	struct flow *flow = &run->pool.flow[number];

	run->heading[flow->site]--;
	*counter += flow->counted;
	flow_free(run, number);
}

static size_t place_by_truth(const struct run *run, size_t m)
{
	double best = INFINITY;
	size_t site = 0;

	for (size_t i = 0; i < SITES; i++) {
		double able = world_able(&run->world, i, run->now_s);
		double slots = run->world.site[i].slots, over, cost;

		if (able <= 0)
			continue;
		over = run->heading[i] + 1 - slots;
		cost = world_rtt(&run->world, m, i) + slots / able + fmax(0, over) / able;
		if (cost < best) {
			best = cost;
			site = i;
		}
	}
	return site;
}

static size_t ingress_drawn(const struct run *run, double unit)
{
	const double *below =
		window_holds(&run->world.heat, run->now_s) ? run->below_hot : run->below;
	size_t low = 0, high = run->world.ingresses - 1;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (unit < below[middle])
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void tally_start(struct run *run, const struct flow *flow)
{
	run->tally.flows++;
	run->tally.second += flow->second;
	run->tally.to_liar += flow->site == run->setup->liar;
}

static void flow_start(struct run *run)
{
	size_t m = ingress_drawn(run, draw_unit(&run->flows));
	double work = sizes_work(run->least_work, draw_unit(&run->flows));
	uint32_t h1 = draw_below(&run->flows, UINT32_MAX), h2 = draw_below(&run->flows, UINT32_MAX);
	struct ingress *in = &run->ingress[m];
	bool second = false;
	struct flow *flow;
	uint32_t number;
	size_t site;

	if (!run->pool.spares && (run->error = pool_grow(&run->pool)) < 0)
		return;
	site = run->setup->rule->shares == SHARES_TRUTH ? place_by_truth(run, m)
							: ingress_place(in, h1, h2, &second);
	number = run->pool.spare[--run->pool.spares];
	flow = &run->pool.flow[number];
	*flow = (struct flow){ .start_s = run->now_s,
			       .work = work,
			       .since = in->since[site],
			       .ingress = (uint16_t)m,
			       .site = (uint8_t)site,
			       .counted = run->now_s >= run->world.warm_s,
			       .second = second };
	run->heading[site]++;
	if (flow->counted)
		tally_start(run, flow);
	run_push(run, run->now_s + world_rtt(&run->world, m, site) / 2, EVENT_ARRIVE, number, 0);
}

/* The ingress sees the end, sooner or later, or not. */
static void flow_end_later(struct run *run, uint32_t number)
{
	const struct setup *setup = run->setup;
	const struct flow *flow = &run->pool.flow[number];
	double rtt_s = world_rtt(&run->world, flow->ingress, flow->site);

	if (!setup->rule->two_choice ||
	    (setup->ends_seen < 1 && draw_unit(&run->ends) >= setup->ends_seen))
		flow_free(run, number);
	else
		run_push(run, run->now_s + rtt_s / 2 + setup->ends_late_s, EVENT_END, number, 0);
}

static double station_busy(const struct station *station)
{
	return fmin(1, (double)station->in_flight / (double)station->workers);
}

static void flow_arrive(struct run *run, uint32_t number)
{
	struct flow *flow = &run->pool.flow[number];
	struct station *station = &run->station[flow->site];
	double start_s, finish_s;

	if (!station->up) {
		flow_lost(run, number, &run->tally.lost_dead);
		return;
	}
	gauge_arrival(&run->gauge[flow->site], run->now_s);
	gauge_change(&run->gauge[flow->site], run->now_s, station_busy(station));
	if (!station_admit(station, run->now_s, flow->work, &start_s, &finish_s)) {
		run->heading[flow->site]--;
		run->tally.lost_full += flow->counted;
		flow_end_later(run, number); /* a site says no */
		return;
	}
	flow->epoch = station->epoch;
	flow->service_s = finish_s - start_s;
	run_push(run, finish_s, EVENT_FINISH, number, 0);
}

static void tally_finish(struct run *run, const struct flow *flow)
{
	double rtt_s = world_rtt(&run->world, flow->ingress, flow->site);
	double response_s = run->now_s - flow->start_s + rtt_s / 2;

	spread_add(&run->tally.response, response_s);
	spread_add(&run->tally.added, response_s - flow->service_s);
	run->tally.slow += response_s - flow->service_s > SLOW_S;
}

static void flow_finish(struct run *run, uint32_t number)
{
	struct flow *flow = &run->pool.flow[number];
	struct station *station = &run->station[flow->site];

	if (!station->up || flow->epoch != station->epoch) {
		flow_lost(run, number, &run->tally.lost_dead);
		return;
	}
	gauge_change(&run->gauge[flow->site], run->now_s, station_busy(station));
	gauge_served(&run->gauge[flow->site], run->now_s, flow->service_s);
	station_done(station);
	run->heading[flow->site]--;
	if (flow->counted)
		tally_finish(run, flow);
	flow_end_later(run, number);
}

static void flow_end(struct run *run, uint32_t number)
{
	const struct flow *flow = &run->pool.flow[number];

	ingress_end(&run->ingress[flow->ingress], flow->site, flow->since,
		    run->now_s - flow->start_s);
	flow_free(run, number);
}

/* --- reports ---------------------------------------------------------------------------------- */

static void report_lie(struct report *report)
{
	report->arrival_rate = report->in_flight = report->utilisation = 0;
}

static void report_sample(struct run *run, size_t site)
{
	double period_s = run->setup->delay_s, under_way_s;

	run_push(run, run->now_s + period_s, EVENT_SAMPLE, (uint32_t)site, 0);
	under_way_s = period_s * (0.5 + JITTER * draw_unit(&run->reports));
	if (!run->station[site].up)
		return;
	run->sent[site] = gauge_report(&run->gauge[site], &run->station[site], run->now_s);
	if ((int)site == run->setup->liar)
		report_lie(&run->sent[site].report);
	run_push(run, run->now_s + under_way_s, EVENT_DELIVER, (uint32_t)site, 0);
}

static void report_deliver(struct run *run, size_t site)
{
	const struct told *told = &run->sent[site];
	const struct window silence = { run->setup->silence_from_s,
					run->setup->silence_from_s + run->setup->silence_s };
	double sampled_s = told->sampled_s + run->clock_s[site];

	if (window_holds(&silence, run->now_s))
		return;
	for (size_t m = 0; m < run->world.ingresses; m++) {
		struct ingress *in = &run->ingress[m];

		if (run->setup->reports_lost > 0 &&
		    draw_unit(&run->reports) < run->setup->reports_lost)
			continue;
		if (in->in[site].up && told->sampled_s >= run->world.site[site].down.until_s)
			ingress_told(in, site, told, sampled_s);
		else if (in->in[site].up && told->sampled_s < run->world.site[site].down.from_s)
			ingress_told(in, site, told, sampled_s);
	}
}

/* --- decisions -------------------------------------------------------------------------------- */

static void decide(struct run *run, uint32_t m)
{
	struct ingress *in = &run->ingress[m];
	const double *optimum = run->optimum ? run->optimum + m * SITES : NULL;
	double moved = in->moved;
	int r = ingress_decide(in, run->now_s, optimum);

	if (r < 0)
		run->error = r;
	if (run->now_s < run->world.warm_s)
		return;
	run->tally.moved += in->moved - moved;
	run->decisions++;
	run->closed += ingress_closed(in);
	if (run->setup->liar >= 0)
		run->liar_share_max = fmax(run->liar_share_max, in->share[run->setup->liar]);
}

static double decide_every(const struct setup *setup)
{
	return fmax(DECIDE_MIN_S, fmin(DECIDE_MAX_S, setup->delay_s / 10));
}

/* Rules that are told the truth have it at once. */
static void regime(struct run *run)
{
	if (!run->optimum)
		return;
	optimum_find(&run->world, run->now_s, run->optimum);
	for (uint32_t m = 0; m < run->world.ingresses; m++)
		decide(run, m);
}

/* --- failures --------------------------------------------------------------------------------- */

static void site_turn(struct run *run, uint16_t site, bool up)
{
	if (up)
		station_return(&run->station[site], run->now_s);
	else
		station_fail(&run->station[site]);
	gauge_init(&run->gauge[site], run->setup, &run->world.site[site]);
	run->gauge[site].rate_at_s = run->gauge[site].busy_at_s = run->now_s;
	run->gauge[site].slow.at_s = run->gauge[site].fast.at_s = run->now_s;
	for (uint32_t m = 0; m < run->world.ingresses; m++)
		run_push(run, run->now_s + NOTICE_MIN_S + NOTICE_S * draw_unit(&run->notices),
			 EVENT_NOTICE, m, site);
}

static void notice(struct run *run, uint32_t m, uint16_t site)
{
	bool up = run->station[site].up;

	ingress_notice(&run->ingress[m], site, up, run->now_s);
	decide(run, m);
}

/* --- the loop --------------------------------------------------------------------------------- */

static void run_event(struct run *run, const struct event *event)
{
	switch ((enum event_kind)event->kind) {
	case EVENT_ARRIVE:
		flow_arrive(run, event->what);
		break;
	case EVENT_FINISH:
		flow_finish(run, event->what);
		break;
	case EVENT_END:
		flow_end(run, event->what);
		break;
	case EVENT_SAMPLE:
		report_sample(run, event->what);
		break;
	case EVENT_DELIVER:
		report_deliver(run, event->what);
		break;
	case EVENT_DECIDE:
		decide(run, event->what);
		run_push(run, run->now_s + decide_every(run->setup), EVENT_DECIDE, event->what, 0);
		break;
	case EVENT_WATCH:
		ingress_watch(&run->ingress[event->what], run->now_s);
		run_push(run, run->now_s + WATCH_S, EVENT_WATCH, event->what, 0);
		break;
	case EVENT_FAIL:
		site_turn(run, event->site, false);
		break;
	case EVENT_RETURN:
		site_turn(run, event->site, true);
		break;
	case EVENT_NOTICE:
		notice(run, event->what, event->site);
		break;
	case EVENT_REGIME:
		regime(run);
		break;
	}
}

static void run_loop(struct run *run)
{
	double start_s = draw_exponential(&run->flows, 1 / run->world.rate);

	while (!run->error) {
		bool event = run->heap.count && run->heap.event[0].at_s <= start_s;

		run->now_s = event ? run->heap.event[0].at_s : start_s;
		if (run->now_s >= run->setup->span_s)
			break;
		if (event) {
			struct event next = heap_pop(&run->heap);

			run_event(run, &next);
			continue;
		}
		flow_start(run);
		start_s = run->now_s + draw_exponential(&run->flows, 1 / run->world.rate);
	}
}

/* --- before and after ------------------------------------------------------------------------- */

static void run_push_window(struct run *run, const struct window *window)
{
	if (window->until_s <= window->from_s)
		return;
	run_push(run, window->from_s, EVENT_REGIME, 0, 0);
	run_push(run, window->until_s, EVENT_REGIME, 0, 0);
}

static void run_schedule_site(struct run *run, uint16_t i)
{
	const struct world_site *site = &run->world.site[i];
	double phase = draw_unit(&run->reports);

	run_push(run, phase * run->setup->delay_s, EVENT_SAMPLE, i, 0);
	if (site->down.until_s > site->down.from_s) {
		run_push(run, site->down.from_s, EVENT_FAIL, 0, i);
		run_push(run, site->down.until_s, EVENT_RETURN, 0, i);
	}
	run_push_window(run, &site->down);
	run_push_window(run, &site->slow);
}

static void run_schedule(struct run *run)
{
	for (uint16_t i = 0; i < SITES; i++)
		run_schedule_site(run, i);
	run_push_window(run, &run->world.heat);
	regime(run);
	for (uint32_t m = 0; m < run->world.ingresses; m++) {
		double phase = draw_unit(&run->reports);

		decide(run, m);
		run_push(run, phase * decide_every(run->setup), EVENT_DECIDE, m, 0);
		if (run->setup->rule->two_choice)
			run_push(run, phase * WATCH_S, EVENT_WATCH, m, 0);
	}
}

static void run_clear(struct run *run)
{
	for (size_t i = 0; i < SITES; i++)
		station_clear(&run->station[i]);
	for (size_t m = 0; run->ingress && m < run->world.ingresses; m++)
		ingress_clear(&run->ingress[m]);
	free(run->ingress);
	free(run->below);
	free(run->below_hot);
	free(run->optimum);
	free(run->pool.flow);
	free(run->pool.spare);
	heap_clear(&run->heap);
	world_clear(&run->world);
}

static int run_init_ingresses(struct run *run)
{
	size_t count = run->world.ingresses;
	double below = 0, below_hot = 0;

	run->ingress = calloc(count, sizeof(*run->ingress));
	run->below = calloc(count, sizeof(*run->below));
	run->below_hot = calloc(count, sizeof(*run->below_hot));
	if (!run->ingress || !run->below || !run->below_hot)
		return -ENOMEM;
	if (run->setup->rule->shares == SHARES_OPTIMUM) {
		run->optimum = calloc(count * SITES, sizeof(*run->optimum));
		if (!run->optimum)
			return -ENOMEM;
		for (size_t k = 0; k < count * SITES; k++)
			run->optimum[k] = 1.0 / SITES;
	}
	for (size_t m = 0; m < count; m++) {
		run->below[m] = below += run->world.demand[m];
		run->below_hot[m] = below_hot += run->world.hot[m];
		if (ingress_init(&run->ingress[m], &run->world, m) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int run_init(struct run *run, const struct setup *setup)
{
	struct draw clocks = draw_of(setup->seed, STREAM_CLOCKS);
	int r = world_init(&run->world, setup);

	if (r < 0)
		return r;
	run->setup = setup;
	run->flows = draw_of(setup->seed, STREAM_FLOWS);
	run->reports = draw_of(setup->seed, STREAM_REPORTS);
	run->notices = draw_of(setup->seed, STREAM_NOTICES);
	run->ends = draw_of(setup->seed, STREAM_ENDS);
	run->least_work = sizes_least(setup->mean_s);
	for (size_t i = 0; i < SITES; i++) {
		run->clock_s[i] =
			(2 * draw_unit(&clocks) - 1) * setup->clock_error * setup->delay_s;
		gauge_init(&run->gauge[i], setup, &run->world.site[i]);
		if (station_init(&run->station[i], &run->world.site[i]) < 0)
			return -ENOMEM;
	}
	return run_init_ingresses(run);
}

static void figures_take(const struct run *run, struct figures *ret)
{
	const struct tally *t = &run->tally;
	double flows = t->flows ? (double)t->flows : 1;
	double minutes = (run->setup->span_s - run->world.warm_s) / 60;

	*ret = (struct figures){
		.p50_s = spread_quantile(&t->response, 0.5),
		.p99_s = spread_quantile(&t->response, 0.99),
		.added_p99_s = spread_quantile(&t->added, 0.99),
		.lost = (double)(t->lost_dead + t->lost_full) / flows,
		.lost_full = (double)t->lost_full / flows,
		.slow = (double)(t->slow + t->lost_dead + t->lost_full) / flows,
		.second = (double)t->second / flows,
		.to_liar = (double)t->to_liar / flows,
		.moved_per_min = t->moved / minutes / (double)run->world.ingresses,
		.liar_share_max = run->liar_share_max,
		.gate_closed = (double)run->closed / (double)(run->decisions ? run->decisions : 1),
		.flows = t->flows,
	};
}

static double clock_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int run_do(const struct setup *setup, struct figures *ret)
{
	_cleanup_(freep) struct run *run = calloc(1, sizeof(*run));
	double began_s = clock_s();
	int r;

	if (!run)
		return -ENOMEM;
	r = run_init(run, setup);
	if (!r) {
		run_schedule(run);
		run_loop(run);
		r = run->error;
	}
	if (!r) {
		figures_take(run, ret);
		ret->wall_s = clock_s() - began_s;
	}
	run_clear(run);
	return r;
}
