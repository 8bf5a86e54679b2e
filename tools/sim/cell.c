/* SPDX-License-Identifier: BSD-2-Clause */
#include "cell.h"

#include "rule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct cell *cells_add(struct cells *cells, const struct setup *setup, uint32_t seeds)
{
	struct cell *grown = reallocarray(cells->cell, cells->count + 1, sizeof(*grown)), *cell;

	if (!grown)
		return NULL;
	cells->cell = grown;
	cell = &grown[cells->count];
	*cell = (struct cell){ .setup = *setup, .seeds = seeds };
	cell->run = calloc(seeds, sizeof(*cell->run));
	if (!cell->run)
		return NULL;
	cells->count++;
	return cell;
}

void cells_clear(struct cells *cells)
{
	for (size_t i = 0; i < cells->count; i++)
		free(cells->cell[i].run);
	free(cells->cell);
	*cells = (struct cells){ 0 };
}

struct statistic cell_statistic(const struct cell *cell, size_t figure)
{
	struct statistic s = { .most = -INFINITY };
	double squares = 0;

	for (uint32_t i = 0; i < cell->seeds; i++) {
		double value = *(const double *)((const char *)&cell->run[i] + figure);

		s.mean += value / cell->seeds;
		s.most = fmax(s.most, value);
	}
	for (uint32_t i = 0; i < cell->seeds; i++) {
		double value = *(const double *)((const char *)&cell->run[i] + figure);

		squares += (value - s.mean) * (value - s.mean);
	}
	s.deviation = cell->seeds > 1 ? sqrt(squares / (cell->seeds - 1)) : 0;
	return s;
}

const struct cell *cells_like(const struct cells *cells, const struct cell *cell, const char *rule)
{
	for (size_t i = 0; i < cells->count; i++) {
		const struct cell *c = &cells->cell[i];
		const struct setup *a = &c->setup, *b = &cell->setup;

		if (strcmp(a->rule->name, rule) == 0 && a->load == b->load &&
		    (a->delay_s == b->delay_s || !a->rule->aged) && a->ingresses == b->ingresses &&
		    a->span_s == b->span_s && a->mean_s == b->mean_s &&
		    memcmp(a->speed, b->speed, sizeof(a->speed)) == 0 && a->calm == b->calm &&
		    (!a->rule->aged || c->variant == cell->variant))
			return c;
	}
	return NULL;
}
