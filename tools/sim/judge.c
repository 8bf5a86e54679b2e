/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge.h"

#include "base/util.h"
#include "print.h"
#include "rule.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIAR      5 /* of 32 slots: a seventh of the capacity */
#define LIAR_MOST 0.25
#define DISTRUST  0.5

static const char silent[] = "no reports for 5 minutes", crowd[] = "many ingresses",
		  lies[] = "a site lies, maximum share", doubted[] = "a site lies, distrust";

static const char fewer[] = "100 ingresses";

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

/* Shares alone, as far as they have bounds. */
static int plan_shares(struct cells *cells, const struct judge_plan *plan)
{
	static const double delays[] = { 0.1, 1, 5 };

	for (size_t d = plan->quick ? 1 : 0; d < (plan->quick ? 2 : ARRAY_SIZE(delays)); d++)
		for (size_t l = plan->quick ? 1 : 0; l < ARRAY_SIZE(all_loads); l++)
			if (!plan_add(cells, plan, "saw", all_loads[l], delays[d]))
				return -ENOMEM;
	return 0;
}

/* Few, as they are long. */
static struct cell *plan_add_crowd(struct cells *cells, const struct judge_plan *plan,
				   const char *rule, double delay_s, uint32_t ingresses)
{
	struct cell *cell = plan_add(cells, plan, rule, 0.9, delay_s);

	if (!cell)
		return NULL;
	cell->setup.ingresses = ingresses;
	cell->setup.span_s = plan->quick ? 160 : 400;
	cell->seeds = cell->seeds > 2 ? 2 : cell->seeds;
	return cell;
}

/* What two choices bear: at the load and D where it is hardest. */
static const struct sensitivity {
	const char *name;
	uint32_t ingresses;
	double reports_lost, clock_error, ends_seen, ends_late_s, mean_s;
} sensitivities[] = {
	{ fewer, .ingresses = 100 },
	{ "300 ingresses", .ingresses = 300 },
	{ "a fifth of the reports lost", .reports_lost = 0.2 },
	{ "clocks wrong by up to D", .clock_error = 1 },
	{ "half of the flow ends seen", .ends_seen = 0.5 },
	{ "a tenth of the flow ends seen", .ends_seen = 0.1 },
	{ "flow ends 0.2 s late", .ends_late_s = 0.2 },
	{ "flow ends 1 s late", .ends_late_s = 1 },
	{ "flows ten times as long", .mean_s = 0.5 },
};

static void setup_bend(struct setup *setup, const struct sensitivity *s)
{
	setup->reports_lost = s->reports_lost;
	setup->clock_error = s->clock_error;
	setup->ends_seen = s->ends_seen > 0 ? s->ends_seen : 1;
	setup->ends_late_s = s->ends_late_s;
	setup->mean_s = s->mean_s > 0 ? s->mean_s : setup->mean_s;
}

static int plan_sensitivity(struct cells *cells, const struct judge_plan *plan,
			    const struct sensitivity *s, double delay_s)
{
	static const char *const names[] = { "saw-two-choice", "jsq" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct cell *cell =
			s->ingresses ? plan_add_crowd(cells, plan, names[i], delay_s, s->ingresses)
				     : plan_add(cells, plan, names[i], 0.9, delay_s);

		if (!cell)
			return -ENOMEM;
		setup_bend(&cell->setup, s);
		cell->variant = s->name;
		if (i && cells_like(cells, cell, "jsq") != cell) {
			free(cell->run); /* it is there already */
			cells->count--;
		}
	}
	return 0;
}

static int plan_sensitivities(struct cells *cells, const struct judge_plan *plan)
{
	int r = 0;

	if (plan->quick)
		return plan_sensitivity(cells, plan, &sensitivities[0], 1);
	for (size_t i = 0; i < ARRAY_SIZE(sensitivities) && !r; i++)
		r = plan_sensitivity(cells, plan, &sensitivities[i], 30);
	for (size_t d = 0; d < 2 && !r; d++) /* this one has a bound, too */
		r = plan_sensitivity(cells, plan, &sensitivities[0], d ? 1 : 0.1);
	return r;
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
		struct cell *cell =
			plan_add_crowd(cells, plan, "saw", delays[d], plan->quick ? 60 : 300);

		if (!cell)
			return -ENOMEM;
		cell->variant = crowd;
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
		r = plan_shares(ret, plan);
	if (!r)
		r = plan_sensitivities(ret, plan);
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
	double load_min, load_max, delay_min_s, delay_max_s;
	size_t figure;
};

static bool ratio_is_about(const struct ratio *ratio, const struct cell *cell)
{
	const struct setup *s = &cell->setup;

	return cell_is(cell, ratio->rule, ratio->variant) && s->load >= ratio->load_min &&
	       s->load <= ratio->load_max && s->delay_s >= ratio->delay_min_s &&
	       s->delay_s <= ratio->delay_max_s;
}

/* A figure over that of another rule, mean of the seeds each, of the worst cell. */
static void bound_ratio(struct bound *bound, const struct cells *cells, const struct ratio *ratio)
{
	for (size_t i = 0; i < cells->count; i++) {
		const struct cell *cell = &cells->cell[i], *to;

		if (!ratio_is_about(ratio, cell))
			continue;
		to = cells_like(cells, cell, ratio->to);
		if (to)
			bound_meet(bound, cell,
				   cell_statistic(cell, ratio->figure).mean /
					   cell_statistic(to, ratio->figure).mean);
	}
}

/* The same of each run alone, with the same seed. */
static void bound_each(struct bound *bound, const struct cells *cells, const struct ratio *ratio)
{
	for (size_t i = 0; i < cells->count; i++) {
		const struct cell *cell = &cells->cell[i], *to = NULL;

		if (ratio_is_about(ratio, cell))
			to = cells_like(cells, cell, ratio->to);
		for (uint32_t k = 0; to && k < cell->seeds && k < to->seeds; k++)
			bound_meet(bound, cell, cell->run[k].p99_s / to->run[k].p99_s);
	}
}

static void bound_two(struct bound *full, struct bound *lost, struct bound *moved,
		      const struct cells *cells)
{
	for (size_t i = 0; i < cells->count; i++) {
		const struct cell *cell = &cells->cell[i];

		if (!cell_is(cell, "saw-two-choice", NULL))
			continue;
		bound_meet(full, cell, cell_figure(cell, lost_full).most);
		bound_meet(lost, cell, cell_figure(cell, lost).mean);
		bound_meet(moved, cell, cell_figure(cell, moved_per_min).mean);
	}
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
	BOUND_TWO_EACH,
	BOUND_TWO_ADDED,
	BOUND_FULL,
	BOUND_LOST,
	BOUND_TWO_MOVED,
	BOUND_FEWER,
	BOUND_SHARES,
	BOUND_SHARES_5,
	BOUND_SHARES_HIGH,
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
	double limit, quick; /* NAN: a short run is mostly what comes right after a change */
} bounds[BOUND_COUNT] = {
	[BOUND_TWO] = { "two choices: p99 over jsq", 1.05, 1.1 },
	[BOUND_TWO_EACH] = { "two choices: p99 over jsq, each run", 1.08, 1.15 },
	[BOUND_TWO_ADDED] = { "two choices: p99 of added time over jsq", 1.5, 1.75 },
	[BOUND_FULL] = { "two choices: part lost at full queues", 0, 0 },
	[BOUND_LOST] = { "two choices: part lost in all", 1e-4, 5e-4 },
	[BOUND_TWO_MOVED] = { "two choices: shares moved a minute", 6, 12 },
	[BOUND_FEWER] = { "two choices, 100 ingresses, D <= 1 s: p99 over jsq", 1.1, 1.1 },
	[BOUND_SHARES] = { "shares, load <= 0.7, D <= 1 s: p99 over jsq", 1.05, 1.1 },
	[BOUND_SHARES_5] = { "shares, load <= 0.7, D 5 s: p99 over jsq", 1.15, NAN },
	[BOUND_SHARES_HIGH] = { "shares, load 0.9, D <= 1 s: p99 over jsq", 1.3, 1.5 },
	[BOUND_FRESH] = { "slots, load <= 0.7, D <= 1 s: p99 over jsq", 1.1, 1.15 },
	[BOUND_NEVER] = { "slots: p99 over static", 1, 1 },
	[BOUND_SILENT] = { "no reports, slots: p99 over static", 1.1, 1.1 },
	[BOUND_SILENT_TWO] = { "no reports, two choices: p99 over static", 1.1, 1.1 },
	[BOUND_MOVED] = { "many ingresses: shares moved a minute", 6, 12 },
	[BOUND_FALLS] = { "many ingresses: moved at larger D over smaller", 1, 1 },
	[BOUND_LIAR] = { "a site lies: most share over the maximum", 1, 1 },
	[BOUND_DOUBTED] = { "a site lies, distrust: flows over its part of capacity", 1.5, 1.5 },
};

#define P99   offsetof(struct figures, p99_s)
#define ADDED offsetof(struct figures, added_p99_s)

static const struct ratio ratios[BOUND_COUNT] = {
	[BOUND_TWO] = { "saw-two-choice", NULL, "jsq", 0, 1, 0, 1000, P99 },
	[BOUND_TWO_ADDED] = { "saw-two-choice", NULL, "jsq", 0, 1, 0, 1000, ADDED },
	[BOUND_FEWER] = { "saw-two-choice", fewer, "jsq", 0, 1, 0, 1, P99 },
	[BOUND_SHARES] = { "saw", NULL, "jsq", 0, 0.7, 0, 1, P99 },
	[BOUND_SHARES_5] = { "saw", NULL, "jsq", 0, 0.7, 5, 5, P99 },
	[BOUND_SHARES_HIGH] = { "saw", NULL, "jsq", 0.9, 0.9, 0, 1, P99 },
	[BOUND_FRESH] = { "saw-slots", NULL, "jsq", 0, 0.7, 0, 1, P99 },
	[BOUND_NEVER] = { "saw-slots", NULL, "static", 0, 1, 0, 1000, P99 },
	[BOUND_SILENT] = { "saw-slots", silent, "static", 0, 1, 0, 1000, P99 },
	[BOUND_SILENT_TWO] = { "saw-two-choice", silent, "static", 0, 1, 0, 1000, P99 },
};

_Static_assert(BOUND_COUNT <= BOUNDS_MAX, "judge.h has room for them");

size_t judge(const struct judge_plan *plan, const struct cells *cells, struct bound ret[BOUNDS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < BOUND_COUNT; i++) {
		ret[i] = (struct bound){ .name = bounds[i].name,
					 .limit = plan->quick ? bounds[i].quick : bounds[i].limit };
		if (ratios[i].rule)
			bound_ratio(&ret[i], cells, &ratios[i]);
	}
	bound_each(&ret[BOUND_TWO_EACH], cells, &ratios[BOUND_TWO]);
	bound_two(&ret[BOUND_FULL], &ret[BOUND_LOST], &ret[BOUND_TWO_MOVED], cells);
	bound_moved(&ret[BOUND_MOVED], &ret[BOUND_FALLS], cells);
	bound_lies(&ret[BOUND_LIAR], &ret[BOUND_DOUBTED], cells);
	for (size_t i = 0; i < BOUND_COUNT; i++)
		if (!isnan(ret[i].limit))
			ret[count++] = ret[i];
	return count;
}

bool bound_held(const struct bound *bound)
{
	return bound->measured && bound->value <= bound->limit * (1 + 1e-9);
}
