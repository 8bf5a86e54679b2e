/* SPDX-License-Identifier: BSD-2-Clause */
/* Weights that are given another's memory decide as that other, bit for bit. */
#include "select/memory.h"

#include "base/util.h"
#include "random.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <string.h>

#define SITES     6
#define DECISIONS 60
#define INSTANCES 400

#define ALL                                                                               \
	(REPORT_CAPACITY | REPORT_SERVICE_TIME | REPORT_ARRIVAL_RATE | REPORT_IN_FLIGHT | \
	 REPORT_UTILISATION | REPORT_SCORE | REPORT_SAMPLED | REPORT_WINDOW)

/* A world that changes at random: the same calls can be made of several weights. */
struct world {
	struct random random;
	struct weights_site site[SITES];
	size_t count;
	double now_s, own_rate;
};

static double maybe(struct random *r, double value)
{
	return random_below(r, 3) ? 0 : value;
}

static struct weights_config config_drawn(struct random *r)
{
	return (struct weights_config){
		.policy = random_below(r, 2) ? POLICY_COMPUTE_AWARE : random_below(r, 4),
		.queue_factor = random_between(r, 1, 30),
		.hysteresis = random_between(r, 0, 0.05),
		.report_period_s = random_between(r, 0.5, 6),
		.on_missing = random_below(r, 3),
		.on_stale = random_below(r, 3),
		.on_expired = random_below(r, 3),
		.slow_start_s = maybe(r, 20),
		.limits = { .share_max = maybe(r, 0.5),
			    .share_min = maybe(r, 0.05),
			    .move_max = maybe(r, 0.1),
			    .rtt_max_s = maybe(r, 0.05),
			    .score_min = maybe(r, 4),
			    .overflow_s = 0.02,
			    .cost_weight_s = maybe(r, 0.01),
			    .distrust = maybe(r, 0.5) },
	};
}

/* What the data plane counts there, if it does. */
static void site_draw_flows(struct random *r, struct weights_site *site, double now_s)
{
	bool observed = random_below(r, 3);

	site->flow_time_s = observed ? random_between(r, 0.01, 0.5) : 0;
	site->flow_count = observed ? random_between(r, 0, 500) : 0;
	site->handshake_s = observed ? random_between(r, 0, 0.05) : 0;
	site->flows_in_flight = observed ? random_between(r, 0, 60) : 0;
	site->seen_window_s = observed ? random_between(r, 1, 10) : 0;
	site->flow_rate = observed ? random_between(r, 0, 100) : 0;
	site->seen_s = now_s - random_between(r, 0, 1);
}

static void site_draw(struct random *r, struct weights_site *site, double now_s)
{
	site->up = random_below(r, 20);
	site->drain = !random_below(r, 20);
	site->rtt_s = random_between(r, 0, 0.1);
	site->tier = (uint8_t)random_below(r, 2);
	site->cost = random_between(r, 0, 5);
	site->class_barred = !random_below(r, 20);
	site->has_report = random_below(r, 10);
	site->sampled_s = now_s - random_between(r, 0, 8);
	site->capacity = 16;
	site->service_time_s = 0.05;
	site->report = (struct report){ .has = ALL & (uint32_t)random_u64(r),
					.capacity = random_between(r, 8, 64),
					.service_time_s = random_between(r, 0.01, 0.1),
					.arrival_rate = random_between(r, 0, 800),
					.in_flight = random_between(r, 0, 100),
					.utilisation = random_between(r, 0, 1.2),
					.score = (uint8_t)random_below(r, 11),
					.window_s = random_between(r, 0.5, 10) };
	site_draw_flows(r, site, now_s);
}

static void world_turn(struct world *w)
{
	struct random *r = &w->random;

	w->now_s += random_between(r, 0.01, 1.5);
	w->own_rate = random_below(r, 15) ? random_between(r, 50, 300) : -1;
	for (size_t i = 0; i < SITES; i++)
		if (!w->count || !random_below(r, 3))
			site_draw(r, &w->site[i], w->now_s);
	for (size_t i = 0; i < SITES; i++)
		w->site[i].id = i + 1;
	if (!w->count || !random_below(r, 30))
		w->count = 1 + random_below(r, SITES); /* the last ones come or go */
}

static void decide(const struct world *w, struct weights *weights,
		   const struct weights_decision **ret)
{
	cr_assert(
		eq(int, weights_update(weights, w->now_s, w->own_rate, w->site, w->count, ret), 0));
}

static bool same(const struct weights_decision *a, const struct weights_decision *b)
{
	bool equal = a->count == b->count && a->own_rate == b->own_rate &&
		     a->total_rate == b->total_rate && a->level_s == b->level_s &&
		     a->changed == b->changed;

	for (size_t i = 0; equal && i < a->count; i++) {
		const struct weights_verdict *v = &a->site[i], *u = &b->site[i];

		equal = v->share == u->share && v->wanted == u->wanted && v->reason == u->reason &&
			v->base == u->base && v->own_share_then == u->own_share_then &&
			v->marginal_s == u->marginal_s && v->doubted == u->doubted &&
			v->service_time_s == u->service_time_s;
	}
	return equal;
}

static void give(const struct weights *from, struct weights *to)
{
	_cleanup_(weights_memory_clear) struct weights_memory memory = { 0 };

	cr_assert(eq(int, weights_memory_of(from, &memory), 0));
	cr_assert(eq(int, weights_remember(to, &memory), 0));
}

Test(memory, makes_the_same_decisions)
{
	struct random random = random_seeded("memory");

	for (int k = 0; k < INSTANCES; k++) {
		struct world world = { .random = { random_u64(&random) } };
		struct weights_config config = config_drawn(&world.random);
		_cleanup_(weights_free) struct weights *one = weights_new(&config);
		_cleanup_(weights_free) struct weights *other = weights_new(&config);
		size_t at = random_below(&random, DECISIONS);

		for (size_t i = 0; i < DECISIONS; i++) {
			const struct weights_decision *a, *b;

			if (i == at)
				give(one, other);
			world_turn(&world);
			decide(&world, one, &a);
			if (i < at)
				continue;
			decide(&world, other, &b);
			cr_assert(same(a, b), "instance %d, decision %zu, memory of %zu", k, i, at);
		}
	}
}

Test(memory, without_it_decisions_differ)
{
	struct world world = { .random = { 1 } };
	struct weights_config config = { .queue_factor = 10, .report_period_s = 5 };
	_cleanup_(weights_free) struct weights *one = weights_new(&config);
	_cleanup_(weights_free) struct weights *other = weights_new(&config);
	size_t differ = 0;

	for (size_t i = 0; i < DECISIONS; i++) {
		const struct weights_decision *a, *b;

		world_turn(&world);
		decide(&world, one, &a);
		if (i < DECISIONS / 2)
			continue;
		decide(&world, other, &b);
		differ += !same(a, b);
	}
	cr_expect(differ > DECISIONS / 4, "%zu", differ);
}

/* What a report says of its load follows the shares that were in force when it was taken. */
Test(memory, other_shares_have_been_applied)
{
	struct weights_config config = { .queue_factor = 10, .report_period_s = 5 };
	_cleanup_(weights_free) struct weights *one = weights_new(&config);
	_cleanup_(weights_memory_clear) struct weights_memory memory = { 0 };
	struct world world = { .random = { 2 } };
	const struct weights_decision *decision;
	const double all_to_first[SITES] = { 1 };

	world_turn(&world);
	world.count = SITES;
	decide(&world, one, &decision);
	weights_applied(one, world.now_s, all_to_first);
	cr_assert(eq(int, weights_memory_of(one, &memory), 0));
	for (size_t i = 0; i < SITES; i++) {
		const struct weights_memory_site *site = &memory.site[i];

		cr_expect(
			eq(dbl, site->shares.step[site->shares.count - 1].value, all_to_first[i]));
		cr_expect(eq(dbl, site->share, decision->site[i].share), "still its own decision");
	}
}

/* --- what own flows have taught --------------------------------------------------------------- */

enum { TELLS, SILENT, PAIR };

/* One site tells all, the other nothing; own flows are seen at both. */
static void pair_init(struct weights_site site[PAIR], double now_s)
{
	for (size_t i = 0; i < PAIR; i++)
		site[i] = (struct weights_site){ .id = i + 1,
						 .up = true,
						 .flow_time_s = 0.4,
						 .flow_count = 200,
						 .seen_window_s = 5,
						 .flow_rate = 10,
						 .seen_s = now_s };
	site[TELLS].has_report = true;
	site[TELLS].sampled_s = now_s;
	site[TELLS].report = (struct report){ .has = REPORT_CAPACITY | REPORT_SERVICE_TIME |
						     REPORT_ARRIVAL_RATE | REPORT_WINDOW,
					      .capacity = 8,
					      .service_time_s = 0.1,
					      .arrival_rate = 50,
					      .window_s = 5 };
}

static const struct weights_decision *decide_pair(struct weights *weights, double now_s,
						  const struct weights_site site[PAIR])
{
	const struct weights_decision *decision = NULL;

	cr_assert(eq(int, weights_update(weights, now_s, 20, site, PAIR, &decision), 0));
	return decision;
}

/* Once learned, a quarter of a flow's time is work, and five requests come for each flow of ours:
 * also while the site that taught it has none. Of two that did not see that one has been told. */
Test(memory, keeps_what_flows_have_taught)
{
	struct weights_config config = { .queue_factor = 10, .report_period_s = 5 };
	_cleanup_(weights_free) struct weights *one = weights_new(&config);
	_cleanup_(weights_free) struct weights *told = weights_new(&config);
	_cleanup_(weights_free) struct weights *not_told = weights_new(&config);
	_cleanup_(weights_memory_clear) struct weights_memory memory = { 0 };
	const struct weights_decision *a, *b, *c;
	struct weights_site site[PAIR];
	double now_s = 1;

	for (; now_s < 40; now_s++) {
		pair_init(site, now_s);
		decide_pair(one, now_s, site);
	}
	cr_assert(eq(int, weights_memory_of(one, &memory), 0));
	cr_expect(fabs(memory.time_per_flow_time - 0.25) < 1e-9, "%g", memory.time_per_flow_time);
	cr_expect(fabs(memory.per_flow - 5) < 1e-9, "%g", memory.per_flow);
	cr_assert(eq(int, weights_remember(told, &memory), 0));
	memory.time_per_flow_time = memory.per_flow = 0;
	cr_assert(eq(int, weights_remember(not_told, &memory), 0));

	pair_init(site, now_s);
	site[TELLS].flow_count = site[TELLS].flow_rate = 0;
	a = decide_pair(one, now_s, site);
	b = decide_pair(told, now_s, site);
	c = decide_pair(not_told, now_s, site);
	cr_expect(same(a, b));
	cr_expect(eq(dbl, b->site[SILENT].service_time_s, a->site[SILENT].service_time_s));
	cr_expect(fabs(a->site[SILENT].service_time_s - 0.1) < 1e-9, "%g",
		  a->site[SILENT].service_time_s);
	cr_expect(c->site[SILENT].service_time_s > 0.2, "%g", c->site[SILENT].service_time_s);
	cr_expect(fabs(a->total_rate - c->total_rate) > 5, "%g, %g", a->total_rate, c->total_rate);
}
