/* SPDX-License-Identifier: BSD-2-Clause */
/* The same setup with several seeds, and what came out. */
#pragma once
#include "setup.h"
#include "tally.h"

#include <stddef.h>

#define SEEDS_MAX 100

struct cell {
	struct setup setup;  /* seed: the first */
	const char *variant; /* what is unusual about it; NULL: nothing */
	uint32_t seeds;
	struct figures *run; /* seeds of them */
};

struct cells {
	struct cell *cell;
	size_t count;
};

/* The new cell, whose setup the caller may change; the pointer holds until the next call. NULL: out
 * of memory. */
struct cell *cells_add(struct cells *cells, const struct setup *setup, uint32_t seeds);
void cells_clear(struct cells *cells);

struct statistic {
	double mean, deviation, most; /* over the seeds */
};

/* figure: offset in struct figures. */
struct statistic cell_statistic(const struct cell *cell, size_t figure);
#define cell_figure(cell, name) cell_statistic(cell, offsetof(struct figures, name))

/* The cell of this rule under otherwise the same circumstances; a rule that does not look at
 * reports serves for every D. NULL: there is none. */
const struct cell *cells_like(const struct cells *cells, const struct cell *cell, const char *rule);
