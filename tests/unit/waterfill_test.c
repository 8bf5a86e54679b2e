/* SPDX-License-Identifier: BSD-2-Clause */
#include "select/waterfill.h"

#include "base/util.h"
#include "random.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>

#define SITES_MAX 24
#define THETA     10.0

static bool close_to(double a, double b, double tolerance)
{
	return fabs(a - b) <= tolerance * fmax(1e-9, fmax(fabs(a), fabs(b)));
}

/* --- the queue -------------------------------------------------------------------------------- */

static const double capacities[] = { 1e-3, 0.5, 1, 8, 64, 500, 1e4, 1e9 };

/* Lq of one worker slot is exactly rho^2 / (1 - rho). */
Test(queue, single_slot_is_exact)
{
	struct queue queue = queue_of(1);

	cr_expect(close_to(queue_length(&queue, 0.5), 0.5, 1e-12));
	cr_expect(close_to(queue_length(&queue, 0.9), 8.1, 1e-12));
	cr_expect(close_to(queue_slope(&queue, 0.5), 3, 1e-12));
}

Test(queue, slope_is_the_lengths_derivative)
{
	for (size_t i = 0; i < ARRAY_SIZE(capacities); i++) {
		struct queue queue = queue_of(capacities[i]);

		for (double rho = 0.9; rho < 3; rho += 0.0137) {
			double step = 1e-7, numeric = (queue_length(&queue, rho + step) -
						       queue_length(&queue, rho - step)) /
						      (2 * step);

			cr_expect(fabs(numeric - queue_slope(&queue, rho)) <
					  1e-4 * (1 + queue_slope(&queue, rho)),
				  "c %g, rho %g: %g for %g", capacities[i], rho,
				  queue_slope(&queue, rho), numeric);
		}
	}
}

Test(queue, bends_without_a_kink)
{
	for (size_t i = 0; i < ARRAY_SIZE(capacities); i++) {
		struct queue queue = queue_of(capacities[i]);
		double below = queue.bend * (1 - 1e-12), above = queue.bend * (1 + 1e-12);

		cr_expect(close_to(queue_length(&queue, below), queue_length(&queue, above), 1e-4),
			  "c %g", capacities[i]);
		cr_expect(close_to(queue_slope(&queue, below), queue_slope(&queue, above), 1e-4),
			  "c %g", capacities[i]);
		cr_expect(close_to(queue_curve(&queue, below), queue_curve(&queue, above), 1e-4),
			  "c %g", capacities[i]);
	}
}

/* However many slots, 50 % too much must cost seconds, not microseconds. */
Test(queue, overload_is_never_free)
{
	for (size_t i = 0; i < ARRAY_SIZE(capacities); i++) {
		struct queue queue = queue_of(capacities[i]);

		cr_expect(queue_slope(&queue, 1.5) / capacities[i] > 1, "c %g: %g", capacities[i],
			  queue_slope(&queue, 1.5) / capacities[i]);
	}
}

Test(queue, utilisation_inverts_slope)
{
	struct random random = random_seeded("queue inverse");

	for (int trial = 0; trial < 20000; trial++) {
		double capacity = exp(random_between(&random, -7, 20)),
		       rho = random_between(&random, 0.001, 2),
		       guess = trial % 3 ? random_between(&random, 0.001, 2) : 0;
		struct queue queue = queue_of(capacity);
		double slope = queue_slope(&queue, rho);

		if (slope < 1e-280)
			continue; /* next to nothing: no number tells it from 0 */
		cr_expect(close_to(queue_utilisation(&queue, slope, guess), rho, 1e-8),
			  "c %g, rho %g, guess %g: %g", capacity, rho, guess,
			  queue_utilisation(&queue, slope, guess));
	}
}

/* --- the filling ------------------------------------------------------------------------------ */

static void sites_draw(struct random *random, struct waterfill_site *sites, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		sites[i] = (struct waterfill_site){
			.rtt_s = random_between(random, 0, 0.05),
			.service_time_s = random_between(random, 0.01, 0.1),
			.capacity = exp(random_between(random, 0, 5)),
			.closed = random_below(random, 8) == 0 && i > 0,
		};
		sites[i].base = random_between(random, -0.5, 1) * sites[i].capacity /
				sites[i].service_time_s;
		sites[i].queue = queue_of(sites[i].capacity);
	}
}

static double cost_at(const struct waterfill_site *site, double rate, double share)
{
	return site->rtt_s + waterfill_marginal(site, THETA, site->base + rate * share);
}

static double sum_of(const struct waterfill_site *sites, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += sites[i].share;
	return sum;
}

/* The optimum's conditions: equal cost at the margin where something goes, no lower one elsewhere.
 * A site whose load would still be negative has a flat cost, and may take any part of it. */
Test(waterfill, equal_cost_at_the_margin)
{
	struct random random = random_seeded("waterfill");

	for (int trial = 0; trial < 5000; trial++) {
		struct waterfill_site sites[SITES_MAX];
		size_t count = 1 + random_below(&random, SITES_MAX);
		struct waterfill fill = { .site = sites,
					  .count = count,
					  .rate = exp(random_between(&random, -3, 9)),
					  .theta = THETA,
					  .level = trial % 2 ? random_unit(&random) : 0 };

		sites_draw(&random, sites, count);
		waterfill(&fill);
		cr_expect(close_to(sum_of(sites, count), 1, 1e-9), "trial %d", trial);
		for (size_t i = 0; i < count; i++) {
			double cost = cost_at(&sites[i], fill.rate, sites[i].share);

			cr_expect(sites[i].share >= 0 && sites[i].share <= 1, "trial %d", trial);
			cr_expect(sites[i].share == 0 || !sites[i].closed, "trial %d", trial);
			if (sites[i].share > 1e-9)
				cr_expect(close_to(cost, fill.level, 1e-6),
					  "trial %d, site %zu: %.9f, level %.9f", trial, i, cost,
					  fill.level);
			else if (!sites[i].closed)
				cr_expect(cost >= fill.level * (1 - 1e-6), "trial %d, site %zu",
					  trial, i);
		}
	}
}

static const struct {
	const char *name;
	double rate;
	struct waterfill_site sites[3];
	double share[3];
} vectors[] = {
	{ "equal sites share equally",
	  100,
	  { { .rtt_s = 0.01, .service_time_s = 0.05, .capacity = 8 },
	    { .rtt_s = 0.01, .service_time_s = 0.05, .capacity = 8 },
	    { .rtt_s = 0.01, .service_time_s = 0.05, .capacity = 8 } },
	  { 1.0 / 3, 1.0 / 3, 1.0 / 3 } },
	{ "few flows go to the nearest",
	  0.1,
	  { { .rtt_s = 0.01, .service_time_s = 0.05, .capacity = 8 },
	    { .rtt_s = 0.02, .service_time_s = 0.05, .capacity = 64 },
	    { .rtt_s = 0.03, .service_time_s = 0.05, .capacity = 64 } },
	  { 1, 0, 0 } },
	{ "none at all too",
	  0,
	  { { .rtt_s = 0.02, .service_time_s = 0.05, .capacity = 8 },
	    { .rtt_s = 0.01, .service_time_s = 0.05, .capacity = 8 },
	    { .rtt_s = 0.03, .service_time_s = 0.05, .capacity = 8 } },
	  { 0, 1, 0 } },
	{ "none at all, and equal sites",
	  0,
	  { { .rtt_s = 0.01, .service_time_s = 0.05, .capacity = 8 },
	    { .rtt_s = 0.01, .service_time_s = 0.05, .capacity = 8 },
	    { .rtt_s = 0.03, .service_time_s = 0.05, .capacity = 8 } },
	  { 0.5, 0.5, 0 } },
	{ "a closed site gets nothing",
	  100,
	  { { .rtt_s = 0, .service_time_s = 0.05, .capacity = 8, .closed = true },
	    { .rtt_s = 0.01, .service_time_s = 0.05, .capacity = 8 },
	    { .rtt_s = 0.01, .service_time_s = 0.05, .capacity = 8 } },
	  { 0, 0.5, 0.5 } },
	{ "far too much: each is overloaded alike",
	  1e6,
	  { { .rtt_s = 0, .service_time_s = 0.05, .capacity = 16 },
	    { .rtt_s = 0.01, .service_time_s = 0.05, .capacity = 16 },
	    { .rtt_s = 0.05, .service_time_s = 0.05, .capacity = 16 } },
	  { 1.0 / 3, 1.0 / 3, 1.0 / 3 } },
	{ "a jump: what is expected elsewhere leaves room for all",
	  100,
	  { { .rtt_s = 0.01, .service_time_s = 0.05, .capacity = 64, .base = -500 },
	    { .rtt_s = 0.5, .service_time_s = 0.05, .capacity = 64 },
	    { .rtt_s = 0.5, .service_time_s = 0.05, .capacity = 64 } },
	  { 1, 0, 0 } },
};

Test(waterfill, vectors)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		struct waterfill_site sites[3];
		struct waterfill fill = {
			.site = sites, .count = 3, .rate = vectors[i].rate, .theta = THETA
		};

		for (size_t k = 0; k < 3; k++) {
			sites[k] = vectors[i].sites[k];
			sites[k].queue = queue_of(sites[k].capacity);
		}
		waterfill(&fill);
		for (size_t k = 0; k < 3; k++)
			cr_expect(fabs(sites[k].share - vectors[i].share[k]) < 1e-3,
				  "%s: site %zu: %g for %g", vectors[i].name, k, sites[k].share,
				  vectors[i].share[k]);
	}
}
