/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge.h"

#include "base/util.h"
#include "print.h"
#include "rule.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define LIAR      5 /* of 32 slots: a seventh of the capacity */
#define LIAR_MOST 0.25
#define DISTRUST  0.5

static const char silent[] = "no reports for 5 minutes", crowd[] = "many ingresses",
		  lies[] = "a site lies, maximum share", doubted[] = "a site lies, distrust";

static const double all_delays[] = { 0.1, 1, 5, 30 }, all_loads[] = { 0.5, 0.7, 0.9 };
static const double quick_delays[] = { 1, 5 }, quick_loads[] = { 0.7, 0.9 };

/* --- the runs --------------------------------------------------------------------------------- */

static struct cell *plan_add(struct cells *cells, const struct judge_plan *plan, const char *rule,
			     double load, double delay_s)
{
	struct setup setup = setup_default();

	setup.rule = rule_find(rule);
	setup.load = load;
	setup.delay_s = delay_s;
	setup.seed = plan->seed;
	if (plan->quick)
		setup.span_s = 160;
	return cells_add(cells, &setup, plan->seeds);
}

static int plan_grid(struct cells *cells, const struct judge_plan *plan, const char *rule)
{
	const double *delay_s = plan->quick ? quick_delays : all_delays;
	const double *load = plan->quick ? quick_loads : all_loads;
	size_t delays = plan->quick ? ARRAY_SIZE(quick_delays) : ARRAY_SIZE(all_delays);
	size_t loads = plan->quick ? ARRAY_SIZE(quick_loads) : ARRAY_SIZE(all_loads);

	if (!rule_find(rule)->aged)
		delays = 1;
	for (size_t l = 0; l < loads; l++)
		for (size_t d = 0; d < delays; d++)
			if (!plan_add(cells, plan, rule, load[l], delay_s[d]))
				return -ENOMEM;
	return 0;
}

static int plan_silence(struct cells *cells, const struct judge_plan *plan)
{
	static const char *const names[] = { "saw-slots", "saw-two-choice" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct cell *cell = plan_add(cells, plan, names[i], 0.9, 1);

		if (!cell)
			return -ENOMEM;
		cell->variant = silent;
		cell->setup.silence_from_s = cell->setup.span_s * 5 / 16; /* one site is slow */
		cell->setup.silence_s = cell->setup.span_s * 3 / 8;
	}
	return 0;
}

static int plan_crowd(struct cells *cells, const struct judge_plan *plan)
{
	static const double delays[] = { 1, 5, 30 };

	for (size_t d = 0; d < (plan->quick ? 2 : ARRAY_SIZE(delays)); d++) {
		struct cell *cell = plan_add(cells, plan, "saw", 0.9, delays[d]);

		if (!cell)
			return -ENOMEM;
		cell->variant = crowd;
		cell->setup.ingresses = plan->quick ? 60 : 300;
		cell->setup.span_s = plan->quick ? 160 : 400;
		cell->seeds = cell->seeds > 2 ? 2 : cell->seeds;
	}
	return 0;
}

static int plan_lies(struct cells *cells, const struct judge_plan *plan)
{
	for (size_t i = 0; i < 2; i++) {
		struct cell *cell = plan_add(cells, plan, "saw", 0.7, 1);

		if (!cell)
			return -ENOMEM;
		cell->variant = i ? doubted : lies;
		cell->setup.liar = LIAR;
		cell->setup.share_max = i ? 0 : LIAR_MOST;
		cell->setup.distrust = i ? DISTRUST : 0;
	}
	return 0;
}

int judge_plan(const struct judge_plan *plan, struct cells *ret)
{
	static const char *const names[] = { "jsq", "static", "saw-slots", "saw-two-choice" };
	int r = plan_crowd(ret, plan); /* the longest first */

	for (size_t i = 0; i < ARRAY_SIZE(names) && !r; i++)
		r = plan_grid(ret, plan, names[i]);
	if (!r)
		r = plan_silence(ret, plan);
	return r ? r : plan_lies(ret, plan);
}

/* --- the bounds ------------------------------------------------------------------------------- */

static bool cell_is(const struct cell *cell, const char *rule, const char *variant)
{
	return cell->variant == variant && strcmp(cell->setup.rule->name, rule) == 0;
}

static void bound_meet(struct bound *bound, const struct cell *cell, double value)
{
	if (bound->measured && !(value > bound->value) && !isnan(value))
		return;
	bound->measured = true;
	bound->value = value;
	print_cell_name(cell, bound->where, sizeof(bound->where));
}

struct ratio {
	const char *rule, *variant, *to;
	double load_max, delay_max_s;
};

/* p99 over that of another rule, mean of the seeds each, of the worst cell. */
static void bound_ratio(struct bound *bound, const struct cells *cells, const struct ratio *ratio)
{
	for (size_t i = 0; i < cells->count; i++) {
		const struct cell *cell = &cells->cell[i], *to;

		if (!cell_is(cell, ratio->rule, ratio->variant) ||
		    cell->setup.load > ratio->load_max || cell->setup.delay_s > ratio->delay_max_s)
			continue;
		to = cells_like(cells, cell, ratio->to);
		if (to)
			bound_meet(bound, cell,
				   cell_figure(cell, p99_s).mean / cell_figure(to, p99_s).mean);
	}
}

static void bound_lost(struct bound *bound, const struct cells *cells)
{
	for (size_t i = 0; i < cells->count; i++)
		if (cell_is(&cells->cell[i], "saw-two-choice", NULL))
			bound_meet(bound, &cells->cell[i],
				   cell_figure(&cells->cell[i], lost_full).most);
}

static void bound_moved(struct bound *most, struct bound *falls, const struct cells *cells)
{
	const struct cell *before = NULL;

	for (size_t i = 0; i < cells->count; i++) {
		const struct cell *cell = &cells->cell[i];
		double moved;

		if (!cell_is(cell, "saw", crowd))
			continue;
		moved = cell_figure(cell, moved_per_min).mean;
		bound_meet(most, cell, moved);
		if (before)
			bound_meet(falls, cell, moved / cell_figure(before, moved_per_min).mean);
		before = cell;
	}
}

/* Of its nominal capacity a site gets about as much when it tells the truth. */
static double liar_part(void)
{
	static const double slots[] = { 8, 12, 16, 16, 24, 32, 40, 64 };
	double sum = 0;

	for (size_t i = 0; i < ARRAY_SIZE(slots); i++)
		sum += slots[i];
	return slots[LIAR] / sum;
}

static void bound_lies(struct bound *most, struct bound *seen, const struct cells *cells)
{
	for (size_t i = 0; i < cells->count; i++) {
		const struct cell *cell = &cells->cell[i];

		if (cell_is(cell, "saw", lies))
			bound_meet(most, cell, cell_figure(cell, liar_share_max).most / LIAR_MOST);
		if (cell_is(cell, "saw", doubted))
			bound_meet(seen, cell, cell_figure(cell, to_liar).mean / liar_part());
	}
}

enum {
	BOUND_TWO,
	BOUND_FULL,
	BOUND_FRESH,
	BOUND_NEVER,
	BOUND_SILENT,
	BOUND_SILENT_TWO,
	BOUND_MOVED,
	BOUND_FALLS,
	BOUND_LIAR,
	BOUND_DOUBTED,
	BOUND_COUNT,
};

static const struct {
	const char *name;
	double limit, quick;
} bounds[BOUND_COUNT] = {
	[BOUND_TWO] = { "two choices: p99 over jsq", 1.05, 1.1 },
	[BOUND_FULL] = { "two choices: part lost at full queues", 0, 0 },
	[BOUND_FRESH] = { "slots, load <= 0.7, D <= 1 s: p99 over jsq", 1.1, 1.15 },
	[BOUND_NEVER] = { "slots: p99 over static", 1, 1 },
	[BOUND_SILENT] = { "no reports, slots: p99 over static", 1.1, 1.1 },
	[BOUND_SILENT_TWO] = { "no reports, two choices: p99 over static", 1.1, 1.1 },
	[BOUND_MOVED] = { "many ingresses: shares moved a minute", 6, 12 },
	[BOUND_FALLS] = { "many ingresses: moved at larger D over smaller", 1, 1 },
	[BOUND_LIAR] = { "a site lies: most share over the maximum", 1, 1 },
	[BOUND_DOUBTED] = { "a site lies, distrust: flows over its part of capacity", 1.5, 1.5 },
};

static const struct ratio ratios[BOUND_COUNT] = {
	[BOUND_TWO] = { "saw-two-choice", NULL, "jsq", 1, 1000 },
	[BOUND_FRESH] = { "saw-slots", NULL, "jsq", 0.7, 1 },
	[BOUND_NEVER] = { "saw-slots", NULL, "static", 1, 1000 },
	[BOUND_SILENT] = { "saw-slots", silent, "static", 1, 1000 },
	[BOUND_SILENT_TWO] = { "saw-two-choice", silent, "static", 1, 1000 },
};

size_t judge(const struct judge_plan *plan, const struct cells *cells, struct bound ret[BOUNDS_MAX])
{
	for (size_t i = 0; i < BOUND_COUNT; i++) {
		ret[i] = (struct bound){ .name = bounds[i].name,
					 .limit = plan->quick ? bounds[i].quick : bounds[i].limit };
		if (ratios[i].rule)
			bound_ratio(&ret[i], cells, &ratios[i]);
	}
	bound_lost(&ret[BOUND_FULL], cells);
	bound_moved(&ret[BOUND_MOVED], &ret[BOUND_FALLS], cells);
	bound_lies(&ret[BOUND_LIAR], &ret[BOUND_DOUBTED], cells);
	return BOUND_COUNT;
}

bool bound_held(const struct bound *bound)
{
	return bound->measured && bound->value <= bound->limit * (1 + 1e-9);
}
