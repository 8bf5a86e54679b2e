/* SPDX-License-Identifier: BSD-2-Clause */
/* What steering must reach: the runs for it, and whether it did. */
#pragma once
#include "cell.h"

#include <stdbool.h>

struct bound {
	const char *name;
	double limit, value; /* the worst of all cells that it is about */
	char where[128];     /* the cell */
	bool measured;
};

#define BOUNDS_MAX 24

struct judge_plan {
	uint32_t seeds;
	uint64_t seed;
	bool quick;
};

int judge_plan(const struct judge_plan *plan, struct cells *ret); /* 0 or -ENOMEM */

/* In order; returns how many. A bound whose cells were not run is not held. */
size_t judge(const struct judge_plan *plan, const struct cells *cells,
	     struct bound ret[BOUNDS_MAX]);
bool bound_held(const struct bound *bound);
