/* SPDX-License-Identifier: BSD-2-Clause */
/* One row of what was measured; a value. */
#pragma once
#include "plan.h"
#include "sample.h"

struct result {
	struct bench_case what;
	struct sample_summary floor, gross; /* ns a packet */
	uint32_t repeated; /* runs thrown away, because the floor was slow before or after */
	uint64_t evicted;  /* pins that found no room, in one filling of the table */
};

static inline double result_net(const struct result *result)
{
	return result->gross.median - result->floor.median;
}

static inline double result_spread(const struct result *result)
{
	return result->gross.spread > result->floor.spread ? result->gross.spread
							   : result->floor.spread;
}

static inline bool result_noisy(const struct result *result)
{
	return sample_noisy(&result->floor) || sample_noisy(&result->gross);
}
