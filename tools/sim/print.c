/* SPDX-License-Identifier: BSD-2-Clause */
#include "print.h"

#include "base/util.h"
#include "rule.h"

#include <stdio.h>

static const struct column {
	const char *name, *key;
	size_t figure;
	double unit;
	int digits;
	bool spread;
} columns[] = {
	{ "p50 ms", "p50-ms", offsetof(struct figures, p50_s), 1e3, 0, false },
	{ "p99 ms", "p99-ms", offsetof(struct figures, p99_s), 1e3, 0, true },
	{ "added ms", "added-p99-ms", offsetof(struct figures, added_p99_s), 1e3, 0, true },
	{ "lost %", "lost-pct", offsetof(struct figures, lost), 1e2, 4, false },
	{ "full %", "lost-full-pct", offsetof(struct figures, lost_full), 1e2, 4, false },
	{ "slow %", "slow-pct", offsetof(struct figures, slow), 1e2, 3, false },
	{ "second %", "second-choice-pct", offsetof(struct figures, second), 1e2, 1, false },
	{ "moved/min", "moved-per-min", offsetof(struct figures, moved_per_min), 1, 2, false },
};

/* Further figures, of JSON only. */
static const struct column more[] = {
	{ "", "gate-closed", offsetof(struct figures, gate_closed), 1, 4, false },
	{ "", "to-liar-pct", offsetof(struct figures, to_liar), 1e2, 3, false },
	{ "", "liar-share-max", offsetof(struct figures, liar_share_max), 1, 4, false },
	{ "", "cpu-s", offsetof(struct figures, wall_s), 1, 2, false },
};

void print_cell_name(const struct cell *cell, char *ret, size_t room)
{
	const struct setup *s = &cell->setup;
	char aged[32] = "";

	if (s->rule->aged)
		snprintf(aged, sizeof(aged), " D %g", s->delay_s);
	snprintf(ret, room, "%s load %g%s%s%s", s->rule->name, s->load, aged,
		 cell->variant ? ", " : "", cell->variant ? cell->variant : "");
}

static void print_row(const struct cells *cells, const struct cell *cell)
{
	const struct cell *best = cells_like(cells, cell, "jsq");
	char name[128];

	print_cell_name(cell, name, sizeof(name));
	printf("%-44s", name);
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		const struct column *c = &columns[i];
		struct statistic s = cell_statistic(cell, c->figure);
		char value[64];

		if (c->spread)
			snprintf(value, sizeof(value), "%.*f +- %.*f", c->digits, s.mean * c->unit,
				 c->digits, s.deviation * c->unit);
		else
			snprintf(value, sizeof(value), "%.*f", c->digits, s.mean * c->unit);
		printf(" %*s", c->spread ? 14 : 9, value);
	}
	if (best)
		printf(" %8.3f", cell_figure(cell, p99_s).mean / cell_figure(best, p99_s).mean);
	putchar('\n');
}

void print_table(const struct cells *cells)
{
	printf("%-44s", "");
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		printf(" %*s", columns[i].spread ? 14 : 9, columns[i].name);
	puts("  p99/jsq");
	for (size_t i = 0; i < cells->count; i++)
		print_row(cells, &cells->cell[i]);
}

static void put_columns(json_t *object, const struct cell *cell, const struct column *column,
			size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct statistic s = cell_statistic(cell, column[i].figure);
		double unit = column[i].unit;

		json_object_set_new(object, column[i].key,
				    json_pack("{s:f, s:f, s:f}", "mean", s.mean * unit, "deviation",
					      s.deviation * unit, "most", s.most * unit));
	}
}

static json_t *cell_json(const struct cells *cells, const struct cell *cell)
{
	const struct cell *best = cells_like(cells, cell, "jsq");
	const struct setup *s = &cell->setup;
	json_t *object = json_pack("{s:s, s:f, s:i, s:I, s:i}", "rule", s->rule->name, "load",
				   s->load, "ingresses", (int)s->ingresses, "first-seed",
				   (json_int_t)s->seed, "seeds", (int)cell->seeds);

	if (s->rule->aged)
		json_object_set_new(object, "delay-s", json_real(s->delay_s));
	if (cell->variant)
		json_object_set_new(object, "variant", json_string(cell->variant));
	put_columns(object, cell, columns, ARRAY_SIZE(columns));
	put_columns(object, cell, more, ARRAY_SIZE(more));
	if (best)
		json_object_set_new(
			object, "p99-to-jsq",
			json_real(cell_figure(cell, p99_s).mean / cell_figure(best, p99_s).mean));
	return object;
}

json_t *print_json(const struct cells *cells)
{
	json_t *array = json_array();

	for (size_t i = 0; i < cells->count; i++)
		json_array_append_new(array, cell_json(cells, &cells->cell[i]));
	return array;
}
