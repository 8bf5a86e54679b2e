/* SPDX-License-Identifier: BSD-2-Clause */
/* What the data plane must hold, and whether it did. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "result.h"

/* Of one bound. */
struct bound_verdict {
	const char *name;
	double limit;
	double value; /* meaningless unless measured */
	bool measured, held;
};

#define BOUNDS_MAX 16

/* Fills ret, in order, and returns how many bounds there are. A bound whose cases were not measured
 * was not held. */
size_t bounds_judge(const struct result *results, size_t count,
		    struct bound_verdict ret[BOUNDS_MAX]);
