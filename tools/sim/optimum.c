/* SPDX-License-Identifier: BSD-2-Clause */
#include "optimum.h"

#include "select/waterfill.h"

#include <math.h>

#define SWEEPS    300
#define PRECISION 1e-6

double world_demand(const struct world *world, size_t m, double at_s)
{
	return world->rate * (window_holds(&world->heat, at_s) ? world->hot[m] : world->demand[m]);
}

static struct waterfill_site site_then(const struct world *world, size_t i, double at_s)
{
	double able = world_able(world, i, at_s), slots = world->site[i].slots;

	return (struct waterfill_site){ .capacity = slots,
					.service_time_s = able > 0 ? slots / able : 1,
					.closed = able <= 0,
					.queue = queue_of(slots) };
}

/* One ingress moves while the others stand still. Returns how far. */
static double ingress_improve(const struct world *world, size_t m, double demand,
			      const struct waterfill_site then[SITES], double *share,
			      double rate[SITES])
{
	struct waterfill_site site[SITES];
	struct waterfill fill = {
		.site = site, .count = SITES, .rate = demand, .theta = world->setup->theta
	};
	double moved = 0;

	for (size_t i = 0; i < SITES; i++) {
		site[i] = then[i];
		site[i].rtt_s = world_rtt(world, m, i);
		site[i].base = rate[i] - demand * share[i];
	}
	waterfill(&fill);
	for (size_t i = 0; i < SITES; i++) {
		moved += fabs(site[i].share - share[i]) / 2;
		rate[i] += demand * (site[i].share - share[i]);
		share[i] = site[i].share;
	}
	return moved;
}

void optimum_find(const struct world *world, double at_s, double *shares)
{
	struct waterfill_site then[SITES];
	double rate[SITES] = { 0 };

	for (size_t i = 0; i < SITES; i++)
		then[i] = site_then(world, i, at_s);
	for (size_t k = 0; k < world->ingresses * SITES; k++)
		rate[k % SITES] += world_demand(world, k / SITES, at_s) * shares[k];
	for (int sweep = 0; sweep < SWEEPS; sweep++) {
		double moved = 0;

		for (size_t m = 0; m < world->ingresses; m++)
			moved += ingress_improve(world, m, world_demand(world, m, at_s), then,
						 shares + m * SITES, rate);
		if (moved < PRECISION * (double)world->ingresses)
			break;
	}
}
