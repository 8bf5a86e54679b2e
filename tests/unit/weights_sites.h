/* SPDX-License-Identifier: BSD-2-Clause */
/* Sites, and decisions about them, for the tests of struct weights. */
#pragma once
#include "select/weights.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>

#define ALL    (REPORT_CAPACITY | REPORT_SERVICE_TIME | REPORT_ARRIVAL_RATE | REPORT_WINDOW)
#define PERIOD 5.0

static const struct weights_config usual = { .queue_factor = 10,
					     .hysteresis = 0.005,
					     .report_period_s = PERIOD };

/* A site of 16 slots and 50 ms that reports 160 flows/s: half of what it can. */
static inline struct weights_site site_of(uint64_t id, double rtt_s)
{
	return (struct weights_site){
		.id = id,
		.up = true,
		.rtt_s = rtt_s,
		.has_report = true,
		.report = { .has = ALL,
			    .capacity = 16,
			    .service_time_s = 0.05,
			    .arrival_rate = 160,
			    .window_s = 1 },
		.capacity = 16,
		.service_time_s = 0.05,
	};
}

static inline const struct weights_decision *update(struct weights *w, double now_s,
						    const struct weights_site *sites, size_t count)
{
	const struct weights_decision *decision = NULL;

	cr_assert(eq(int, weights_update(w, now_s, -1, sites, count, &decision), 0));
	cr_assert(eq(sz, decision->count, count));
	return decision;
}

static inline double sum_of(const struct weights_decision *decision)
{
	double sum = 0;

	for (size_t i = 0; i < decision->count; i++)
		sum += decision->site[i].share;
	return sum;
}

static inline bool near(double a, double b, double tolerance)
{
	return fabs(a - b) <= tolerance;
}
