/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Several ingresses that decide from the same reports at the same time, as a fluid: the claims of
 * control/select/README.md on why that does not swing.
 */
#include "base/util.h"
#include "random.h"
#include "select/waterfill.h"
#include "select/weights.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <string.h>

#define SITES     6
#define INGRESSES 5
#define THETA     10.0
#define PAST      64 /* rounds remembered for late reports */

struct world {
	struct weights *weights[INGRESSES];
	double demand[INGRESSES], rtt_s[INGRESSES][SITES], share[INGRESSES][SITES];
	double capacity[SITES], service_time_s[SITES];
	double past[PAST][SITES]; /* arrival rates by round */
	int round;
};

static void world_draw(struct world *world, struct random *random)
{
	double load = random_between(random, 0.3, 0.95), served = 0, asked = 0;

	for (size_t i = 0; i < SITES; i++) {
		world->capacity[i] = 4 + (double)random_below(random, 60);
		world->service_time_s[i] = random_between(random, 0.03, 0.08);
		served += world->capacity[i] / world->service_time_s[i];
	}
	for (size_t m = 0; m < INGRESSES; m++) {
		world->demand[m] = exp(random_between(random, -1, 1));
		asked += world->demand[m];
		for (size_t i = 0; i < SITES; i++)
			world->rtt_s[m][i] = random_between(random, 0.002, 0.042);
	}
	for (size_t m = 0; m < INGRESSES; m++)
		world->demand[m] *= load * served / asked;
}

static void world_init(struct world *world, struct random *random, double hysteresis)
{
	struct weights_config config = { .queue_factor = THETA,
					 .hysteresis = hysteresis,
					 .report_period_s = 2 };

	*world = (struct world){ 0 };
	world_draw(world, random);
	for (size_t m = 0; m < INGRESSES; m++)
		world->weights[m] = weights_new(&config);
}

static void world_clear(struct world *world)
{
	for (size_t m = 0; m < INGRESSES; m++)
		weights_free(&world->weights[m]);
}

static void world_rates(const struct world *world, double ret[SITES])
{
	for (size_t i = 0; i < SITES; i++) {
		ret[i] = 0;
		for (size_t m = 0; m < INGRESSES; m++)
			ret[i] += world->demand[m] * world->share[m][i];
	}
}

static struct waterfill_site world_site(const struct world *world, size_t i)
{
	return (struct waterfill_site){ .capacity = world->capacity[i],
					.service_time_s = world->service_time_s[i],
					.queue = queue_of(world->capacity[i]) };
}

/* F: seconds of travel and work per second, over all flows. */
static double world_cost(const struct world *world)
{
	double rates[SITES], cost = 0;

	world_rates(world, rates);
	for (size_t i = 0; i < SITES; i++) {
		struct waterfill_site site = world_site(world, i);

		cost += waterfill_cost(&site, THETA, rates[i]);
		for (size_t m = 0; m < INGRESSES; m++)
			cost += world->demand[m] * world->share[m][i] * world->rtt_s[m][i];
	}
	return cost;
}

/* The marginal cost that ingress m sees at site i. */
static double world_marginal(const struct world *world, size_t m, size_t i)
{
	struct waterfill_site site = world_site(world, i);
	double rates[SITES];

	world_rates(world, rates);
	return world->rtt_s[m][i] + waterfill_marginal(&site, THETA, rates[i]);
}

static struct weights_site world_input(const struct world *world, size_t m, size_t i, int age)
{
	int then = world->round - age > 0 ? world->round - age : 0;

	return (struct weights_site){
		.id = i + 1,
		.up = true,
		.rtt_s = world->rtt_s[m][i],
		.has_report = then > 0,
		.report = { .has = REPORT_CAPACITY | REPORT_SERVICE_TIME | REPORT_ARRIVAL_RATE |
				   REPORT_WINDOW,
			    .capacity = world->capacity[i],
			    .service_time_s = world->service_time_s[i],
			    .arrival_rate = world->past[then % PAST][i],
			    .window_s = 0.001 },
		.sampled_s = then,
		.capacity = world->capacity[i],
		.service_time_s = world->service_time_s[i],
	};
}

/* All ingresses, or those of the mask, decide at once by what the sites said age[i] rounds ago. */
static void world_turn(struct world *world, const int age[SITES], unsigned int mask)
{
	double next[INGRESSES][SITES];

	for (size_t m = 0; m < INGRESSES; m++) {
		const struct weights_decision *d;
		struct weights_site in[SITES];

		memcpy(next[m], world->share[m], sizeof(next[m]));
		if (world->round && !(mask >> m & 1))
			continue;
		for (size_t i = 0; i < SITES; i++)
			in[i] = world_input(world, m, i, age[i]);
		cr_assert(eq(int,
			     weights_update(world->weights[m], world->round, -1, in, SITES, &d),
			     0));
		for (size_t i = 0; i < SITES; i++)
			next[m][i] = d->site[i].share;
	}
	memcpy(world->share, next, sizeof(next));
	world->round++;
	world_rates(world, world->past[world->round % PAST]);
}

static const int fresh[SITES] = { 0 };

/* Claim 1: whether all move or only some. */
Test(herding, joint_cost_never_rises_on_fresh_reports)
{
	struct random random = random_seeded("herding descent");
	int rises = 0, steps = 0;

	for (int trial = 0; trial < 40; trial++) {
		struct world world;
		double before = INFINITY;

		world_init(&world, &random, trial % 2 ? 0.005 : 0);
		for (int turn = 0; turn < 25; turn++) {
			double cost;

			world_turn(&world, fresh,
				   trial % 4 < 2 ? ~0u : (unsigned int)random_u64(&random));
			cost = world_cost(&world);
			if (turn > 1) {
				rises += cost > before * (1 + 1e-9);
				steps++;
			}
			before = cost;
		}
		world_clear(&world);
	}
	fprintf(stderr, "herding: the joint cost rose in %d of %d steps\n", rises, steps);
	cr_expect(eq(int, rises, 0));
}

/* The least joint cost: one ingress at a time, others held, to the end. */
static double world_optimum(const struct world *world)
{
	struct world best = *world;

	for (int sweep = 0; sweep < 400; sweep++)
		for (size_t m = 0; m < INGRESSES; m++) {
			struct waterfill_site sites[SITES];
			struct waterfill fill = { .site = sites,
						  .count = SITES,
						  .rate = best.demand[m],
						  .theta = THETA };
			double rates[SITES];

			world_rates(&best, rates);
			for (size_t i = 0; i < SITES; i++) {
				sites[i] = world_site(&best, i);
				sites[i].rtt_s = best.rtt_s[m][i];
				sites[i].base = rates[i] - best.demand[m] * best.share[m][i];
			}
			waterfill(&fill);
			for (size_t i = 0; i < SITES; i++)
				best.share[m][i] = sites[i].share;
		}
	return world_cost(&best);
}

/* Claim 2: what no longer moves is the optimum of all together. */
Test(herding, fixed_point_is_the_joint_optimum)
{
	struct random random = random_seeded("herding optimum");
	double worst = 0;

	for (int trial = 0; trial < 10; trial++) {
		struct world world;
		double excess;

		world_init(&world, &random, 0);
		for (int turn = 0; turn < 3000; turn++)
			world_turn(&world, fresh, ~0u);
		excess = world_cost(&world) / world_optimum(&world) - 1;
		worst = fmax(worst, excess);
		cr_expect(excess < 0.05, "trial %d: %.4f above the optimum", trial, excess);
		for (size_t m = 0; m < INGRESSES; m++) {
			double level = INFINITY;

			for (size_t i = 0; i < SITES; i++)
				level = fmin(level, world_marginal(&world, m, i));
			for (size_t i = 0; i < SITES; i++)
				if (world.share[m][i] > 0.02)
					cr_expect(world_marginal(&world, m, i) < level * 1.05,
						  "trial %d, ingress %zu, site %zu: %.5f over %.5f",
						  trial, m, i, world_marginal(&world, m, i), level);
		}
		world_clear(&world);
	}
	fprintf(stderr, "herding: after 3000 turns at most %.5f above the optimum\n", worst);
}

/* Claim 3: by reports that are all d rounds old, no cost is above that of d rounds ago. */
Test(herding, late_reports_do_not_swing)
{
	struct random random = random_seeded("herding late");
	int rises = 0, steps = 0;

	for (int trial = 0; trial < 40; trial++) {
		int age[SITES], common = 1 + trial % 8;
		double cost[PAST];
		struct world world;

		for (size_t i = 0; i < SITES; i++)
			age[i] = common;
		world_init(&world, &random, 0);
		for (int turn = 0; turn < PAST - 1; turn++) {
			world_turn(&world, age, ~0u);
			cost[world.round] = world_cost(&world);
			if (turn - common < 1)
				continue;
			rises += cost[turn + 1] > cost[turn - common] * (1 + 1e-9);
			steps++;
		}
		world_clear(&world);
	}
	fprintf(stderr, "herding: on late reports the joint cost rose in %d of %d steps\n", rises,
		steps);
	cr_expect(eq(int, rises, 0));
}

/* Not proved, but expected: where every site's report has an age of its own. */
Test(herding, reports_of_different_ages_swing_little)
{
	struct random random = random_seeded("herding mixed");
	double worst_swing = 0, worst_excess = 0;

	for (int trial = 0; trial < 30; trial++) {
		double low = INFINITY, high = 0;
		struct world world;
		int age[SITES];

		for (size_t i = 0; i < SITES; i++)
			age[i] = (int)random_below(&random, 10);
		world_init(&world, &random, 0.005);
		for (int turn = 0; turn < 300; turn++) {
			world_turn(&world, age, ~0u);
			if (turn < 250)
				continue;
			low = fmin(low, world_cost(&world));
			high = fmax(high, world_cost(&world));
		}
		worst_swing = fmax(worst_swing, high / low - 1);
		worst_excess = fmax(worst_excess, high / world_optimum(&world) - 1);
		world_clear(&world);
	}
	fprintf(stderr, "herding: mixed ages: swing at most %.4f, excess at most %.4f\n",
		worst_swing, worst_excess);
	cr_expect(worst_swing < 0.1, "%.4f", worst_swing);
	cr_expect(worst_excess < 0.3, "%.4f", worst_excess);
}

/* Claim 4: a backlog that one site has from somewhere is worked off without ringing. */
Test(herding, backlog_drains)
{
	struct random random = random_seeded("herding backlog");

	for (int trial = 0; trial < 20; trial++) {
		struct weights_config config = { .queue_factor = THETA,
						 .hysteresis = 0.005,
						 .report_period_s = 1 };
		_cleanup_(weights_free) struct weights *w = weights_new(&config);
		double queued = random_between(&random, 50, 400), rate = 450, share[2] = { .5, .5 };
		double seen_queue = queued, seen_rate[2] = { rate / 2, rate / 2 }, least = share[0];

		for (int turn = 0; turn < 300; turn++) {
			double now_s = 0.2 * turn;
			const struct weights_decision *d;
			struct weights_site in[2];

			if (turn % 5 == 0) {
				seen_queue = queued;
				seen_rate[0] = rate * share[0];
				seen_rate[1] = rate * share[1];
			}
			for (size_t i = 0; i < 2; i++)
				in[i] = (struct weights_site){
					.id = i + 1,
					.up = true,
					.rtt_s = 0.005,
					.has_report = true,
					.report = { .has = REPORT_CAPACITY | REPORT_SERVICE_TIME |
							   REPORT_ARRIVAL_RATE | REPORT_WINDOW |
							   REPORT_IN_FLIGHT,
						    .capacity = 16,
						    .service_time_s = 0.05,
						    .arrival_rate = seen_rate[i],
						    .in_flight = i ? 14 : 16 + seen_queue,
						    .window_s = 0.001 },
					.sampled_s = 0.2 * (turn - turn % 5),
				};
			cr_assert(eq(int, weights_update(w, now_s, -1, in, 2, &d), 0));
			for (size_t i = 0; i < 2; i++)
				share[i] = d->site[i].share;
			least = fmin(least, share[0]);
			queued = fmax(0, queued + 0.2 * (rate * share[0] - 320));
		}
		cr_expect(least < 0.48, "trial %d: the site with the queue kept %.3f", trial,
			  least);
		cr_expect(eq(dbl, queued, 0), "trial %d", trial);
		cr_expect(fabs(share[0] - 0.5) < 0.02, "trial %d: %.4f", trial, share[0]);
	}
}
