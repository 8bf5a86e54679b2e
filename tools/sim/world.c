/* SPDX-License-Identifier: BSD-2-Clause */
#include "world.h"

#include "draw.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <two_choice.h>

#define STREAM_PLACES 1
#define STREAM_DEMAND 2

#define SLOW_SITE 4 /* of 24 slots */
#define DOWN_SITE 1 /* of 12 slots */
#define HEAT      2.5
#define HOT_IN    4 /* a quarter of the ingresses */

static const double slots_of[SITES] = { 8, 12, 16, 16, 24, 32, 40, 64 };

/* With these speeds neither the site that slows down nor the one that fails is so large that load
 * 0.9 comes above 0.955 of what is left. */
struct setup setup_default(void)
{
	return (struct setup){ .delay_s = 1,
			       .load = 0.7,
			       .seed = 1,
			       .ingresses = 20,
			       .span_s = 800,
			       .mean_s = 0.05,
			       .slots = 4096,
			       .theta = 10,
			       .ends_seen = 1,
			       .speed = { 0.8, 1, 1.25, 0.9, 1, 1.1, 1, 1 },
			       .gamma = (double)TWO_CHOICE_GAMMA_NUM / TWO_CHOICE_GAMMA_DEN,
			       .liar = -1 };
}

bool window_holds(const struct window *w, double at_s)
{
	return at_s >= w->from_s && at_s < w->until_s;
}

double world_rtt(const struct world *world, size_t ingress, size_t site)
{
	return world->rtt_s[ingress * SITES + site];
}

double world_nominal(const struct world *world, size_t site)
{
	return world->site[site].slots * world->site[site].speed / world->setup->mean_s;
}

double world_able(const struct world *world, size_t site, double at_s)
{
	const struct world_site *s = &world->site[site];

	if (window_holds(&s->down, at_s))
		return 0;
	return world_nominal(world, site) * (window_holds(&s->slow, at_s) ? 0.5 : 1);
}

static void world_set_sites(struct world *world)
{
	double span_s = world->setup->span_s;

	for (size_t i = 0; i < SITES; i++)
		world->site[i] = (struct world_site){ .slots = slots_of[i],
						      .speed = world->setup->speed[i] };
	if (world->setup->calm)
		return;
	world->site[SLOW_SITE].slow = (struct window){ span_s * 2 / 8, span_s * 3 / 8 };
	world->site[DOWN_SITE].down = (struct window){ span_s * 4 / 8, span_s * 5 / 8 };
	world->heat = (struct window){ span_s * 6 / 8, span_s * 7 / 8 };
}

static void world_draw_places(struct world *world)
{
	struct draw draw = draw_of(world->setup->seed, STREAM_PLACES);
	double x[SITES], y[SITES];

	for (size_t i = 0; i < SITES; i++) {
		x[i] = draw_unit(&draw);
		y[i] = draw_unit(&draw);
	}
	for (size_t m = 0; m < world->ingresses; m++) {
		double at_x = draw_unit(&draw), at_y = draw_unit(&draw);

		for (size_t i = 0; i < SITES; i++)
			world->rtt_s[m * SITES + i] =
				0.002 + 0.04 * hypot(at_x - x[i], at_y - y[i]);
	}
}

/* By Box and Muller. */
static double draw_normal(struct draw *draw)
{
	double radius = sqrt(draw_exponential(draw, 2));

	return radius * cos(2 * M_PI * draw_unit(draw));
}

static void world_draw_demand(struct world *world)
{
	struct draw draw = draw_of(world->setup->seed, STREAM_DEMAND);
	size_t hot = world->ingresses / HOT_IN;
	double sum = 0, warm = 0, heat;

	for (size_t m = 0; m < world->ingresses; m++)
		sum += world->demand[m] = exp(0.6 * draw_normal(&draw));
	for (size_t m = 0; m < world->ingresses; m++)
		world->demand[m] /= sum;
	for (size_t m = 0; m < hot; m++)
		warm += world->demand[m];
	heat = warm > 0 ? fmin(HEAT, 0.9 / warm) : 1;
	for (size_t m = 0; m < world->ingresses; m++)
		world->hot[m] =
			world->demand[m] * (m < hot ? heat : (1 - heat * warm) / (1 - warm));
}

int world_init(struct world *world, const struct setup *setup)
{
	*world = (struct world){ .setup = setup,
				 .ingresses = setup->ingresses,
				 .warm_s = setup->span_s / 8 };
	world->rtt_s = calloc(world->ingresses * SITES, sizeof(*world->rtt_s));
	world->demand = calloc(world->ingresses, sizeof(*world->demand));
	world->hot = calloc(world->ingresses, sizeof(*world->hot));
	if (!world->rtt_s || !world->demand || !world->hot) {
		world_clear(world);
		return -ENOMEM;
	}
	world_set_sites(world);
	world_draw_places(world);
	world_draw_demand(world);
	for (size_t i = 0; i < SITES; i++)
		world->rate += setup->load * world_nominal(world, i);
	return 0;
}

void world_clear(struct world *world)
{
	free(world->rtt_s);
	free(world->demand);
	free(world->hot);
	*world = (struct world){ 0 };
}
