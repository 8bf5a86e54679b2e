/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the bench has found: named figures with their unit, and bounds on them. A list, in order,
 * which is printed as a table or as JSON. Pure but for the printing; storage is in the list.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define FIGURES_MAX 64

struct figure {
	const char *measure, *name, *unit;
	double median, spread;
	bool has_bound, at_least; /* at_least: the bound is the lowest value, not the highest */
	double bound, aim;        /* aim 0: none */
	bool missing;             /* it could not be measured: its bound is not held */
};

struct figures {
	struct figure at[FIGURES_MAX];
	size_t count;
};

/* Of `count` runs; sorts the values. Returns it, for a bound to be added. */
struct figure *figures_add(struct figures *figures, const char *measure, const char *name,
			   const char *unit, double *values, size_t count);
struct figure *figures_miss(struct figures *figures, const char *measure, const char *name,
			    const char *unit);

bool figure_held(const struct figure *figure); /* true where it has no bound */
bool figures_held(const struct figures *figures);

void figures_print(const struct figures *figures, bool bounds);
int figures_print_json(const struct figures *figures, bool bounds); /* 0, -ENOMEM or -EIO */
