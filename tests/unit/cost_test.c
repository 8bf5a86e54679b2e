/* SPDX-License-Identifier: BSD-2-Clause */
/* What a flow costs in the operator's unit, weighed against time: weights_limits.cost_weight_s. */
#include "select/queue.h"
#include "select/waterfill.h"
#include "select/weights.h"

#include "base/util.h"
#include "random.h"
#include "weights_sites.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>

#define SITES 3
#define GRID  200 /* shares of 1/200 each are tried */

static struct weights_config weighing(double cost_weight_s)
{
	struct weights_config config = usual;

	config.hysteresis = 0;
	config.limits.cost_weight_s = cost_weight_s;
	return config;
}

/* The joint cost per second, from nothing but the model's definition: travel and money of each
 * flow, and the work of each site. */
static double objective(const struct weights_site sites[SITES], const double share[SITES],
			double rate, double cost_weight_s, double theta)
{
	double sum = 0;

	for (size_t i = 0; i < SITES; i++) {
		const struct waterfill_site site = { .service_time_s = sites[i].service_time_s,
						     .capacity = sites[i].capacity,
						     .queue = queue_of(sites[i].capacity) };
		double here = rate * share[i];

		sum += here * (sites[i].rtt_s + cost_weight_s * sites[i].cost) +
		       waterfill_cost(&site, theta, here);
	}
	return sum;
}

static double best_by_trying(const struct weights_site sites[SITES], double rate,
			     double cost_weight_s, double theta)
{
	double least = INFINITY;

	for (int a = 0; a <= GRID; a++)
		for (int b = 0; a + b <= GRID; b++) {
			const double share[SITES] = { a / (double)GRID, b / (double)GRID,
						      (GRID - a - b) / (double)GRID };

			least = fmin(least, objective(sites, share, rate, cost_weight_s, theta));
		}
	return least;
}

static void sites_draw(struct random *random, struct weights_site sites[SITES])
{
	for (size_t i = 0; i < SITES; i++) {
		sites[i] = site_of(i + 1, random_between(random, 0, 0.04));
		sites[i].cost = random_between(random, 0, 10);
		sites[i].capacity = sites[i].report.capacity = random_between(random, 4, 64);
		sites[i].report.arrival_rate = sites[i].capacity * random_between(random, 2, 18);
	}
}

/* No split of all flows that was tried is better than the one decided, and what is used costs the
 * same at the margin, money included. */
Test(cost, shares_are_the_best_ones)
{
	struct random random = random_seeded("cost optimum");
	int unused = 0;

	for (int trial = 0; trial < 100; trial++) {
		struct weights_config config = weighing(random_between(&random, 0, 0.02));
		double weight_s = config.limits.cost_weight_s, rate = 0, best, found;
		_cleanup_(weights_free) struct weights *w = weights_new(&config);
		const struct weights_decision *d;
		struct weights_site sites[SITES];
		double share[SITES];

		sites_draw(&random, sites);
		d = update(w, 0, sites, SITES);
		for (size_t i = 0; i < SITES; i++) {
			rate += sites[i].report.arrival_rate;
			share[i] = d->site[i].share;
		}
		/* It is the first decision, so all flows are there to be shared out anew. */
		best = best_by_trying(sites, rate, weight_s, config.queue_factor);
		found = objective(sites, share, rate, weight_s, config.queue_factor);
		cr_expect(found <= best * (1 + 1e-9), "trial %d: %.9g, but %.9g was found", trial,
			  found, best);
		for (size_t i = 0; i < SITES; i++) {
			const struct weights_verdict *v = &d->site[i];

			cr_expect(near(v->cost_s, weight_s * sites[i].cost, 1e-12));
			unused += !(v->share > 0);
			if (v->share > 1e-6)
				cr_expect(near(v->marginal_s, d->level_s, 1e-6 * d->level_s),
					  "trial %d, site %zu: %g, level %g", trial, i,
					  v->marginal_s, d->level_s);
			else
				cr_expect(v->marginal_s >= d->level_s * (1 - 1e-6),
					  "trial %d, site %zu: %g, level %g", trial, i,
					  v->marginal_s, d->level_s);
		}
	}
	cr_expect(unused > 10, "some sites must be too dear, or little was tried: %d", unused);
}

/* Two equal sites, of which one costs a unit a flow. */
static struct weights_verdict dear_one(enum policy policy, double cost_weight_s,
				       double arrival_rate)
{
	struct weights_config config = weighing(cost_weight_s);
	_cleanup_(weights_free) struct weights *w = NULL;
	struct weights_site sites[] = { site_of(1, 0.001), site_of(2, 0.001) };

	config.policy = policy;
	w = weights_new(&config);
	sites[0].report.arrival_rate = sites[1].report.arrival_rate = arrival_rate;
	sites[1].cost = 1;
	return update(w, 0, sites, 2)->site[1];
}

Test(cost, sends_less_where_it_is_dear)
{
	double before = 0.5;

	cr_expect(near(dear_one(POLICY_COMPUTE_AWARE, 0, 160).share, 0.5, 1e-9), "off");
	for (double weight_s = 0.01; weight_s < 0.3; weight_s *= 2) {
		double share = dear_one(POLICY_COMPUTE_AWARE, weight_s, 160).share;

		cr_expect(share < before, "%g: %g, was %g", weight_s, share, before);
		before = share;
	}
	cr_expect(before > 0, "with work enough, money gives way");
}

Test(cost, says_what_is_in_the_way)
{
	struct weights_verdict v = dear_one(POLICY_COMPUTE_AWARE, 0.01, 10);

	cr_expect(eq(dbl, v.share, 0));
	cr_expect(eq(int, v.reason, REASON_DEAR), "%s", weights_reason_text(v.reason));
	cr_expect(near(v.cost_s, 0.01, 1e-12));
	cr_expect(near(v.rtt_s, 0.001, 1e-12));
	cr_expect(eq(dbl, v.tier_s, 0));
	cr_expect(v.marginal_s > 0.06, "%g", v.marginal_s);
}

/* Too far even if it were for nothing. */
Test(cost, is_not_blamed_for_the_way)
{
	struct weights_config config = weighing(0.01);
	_cleanup_(weights_free) struct weights *w = weights_new(&config);
	struct weights_site sites[] = { site_of(1, 0.001), site_of(2, 0.5) };

	sites[0].report.arrival_rate = sites[1].report.arrival_rate = 10;
	sites[1].cost = 1;
	cr_expect(eq(int, update(w, 0, sites, 2)->site[1].reason, REASON_TOO_SLOW));
}

Test(cost, other_policies_do_not_weigh_it)
{
	cr_expect(near(dear_one(POLICY_STATIC, 1, 10).share, 0.5, 1e-9));
	for (enum policy policy = POLICY_NEAREST; policy <= POLICY_GREEDY; policy++)
		cr_expect(eq(dbl, dear_one(policy, 1, 10).cost_s, 0), "%d", policy);
}
