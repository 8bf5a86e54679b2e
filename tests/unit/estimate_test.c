/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of stand-ins in control/select/README.md: every set of fields that a site may tell. */
#include "select/estimate.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <string.h>

/* Of no two of them the same follows, so that it shows which one was used. */
#define CAPACITY     8.0
#define SERVICE_TIME 0.1
#define RATE         40.0
#define IN_FLIGHT    2.0
#define UTILISATION  0.45
#define SCORE        3 /* 0.7 busy */

#define CONFIGURED_CAPACITY 16.0
#define CONFIGURED_TIME     0.25
#define OTHER_CAPACITY      64.0
#define OTHER_TIME          0.025

static const uint32_t fields[] = { REPORT_CAPACITY,  REPORT_SERVICE_TIME, REPORT_ARRIVAL_RATE,
				   REPORT_IN_FLIGHT, REPORT_UTILISATION,  REPORT_SCORE };

static const struct weights_config config = {
	.queue_factor = 10, .report_period_s = 5, .stale_s = 15, .expired_s = 50
};

static struct weights_site site_telling(uint32_t has, bool configured)
{
	return (struct weights_site){
		.up = true,
		.has_report = true,
		.report = { .has = has,
			    .capacity = CAPACITY,
			    .service_time_s = SERVICE_TIME,
			    .arrival_rate = RATE,
			    .in_flight = IN_FLIGHT,
			    .utilisation = UTILISATION,
			    .score = SCORE },
		.capacity = configured ? CONFIGURED_CAPACITY : 0,
		.service_time_s = configured ? CONFIGURED_TIME : 0,
	};
}

/* What the table says, read row by row. */
struct wanted {
	double capacity, service_time, rate;
};

static struct wanted wanted_of(uint32_t has, bool configured)
{
	const double busy = has & REPORT_UTILISATION ? UTILISATION : has & REPORT_SCORE ? 0.7 : NAN;
	const bool rate = has & REPORT_ARRIVAL_RATE, time = has & REPORT_SERVICE_TIME,
		   capacity = has & REPORT_CAPACITY;
	struct wanted w = { .capacity = configured ? CONFIGURED_CAPACITY : OTHER_CAPACITY,
			    .service_time = configured ? CONFIGURED_TIME : OTHER_TIME,
			    .rate = NAN };

	if (capacity)
		w.capacity = CAPACITY;
	else if (rate && time && !isnan(busy))
		w.capacity = RATE * SERVICE_TIME / busy;
	if (time)
		w.service_time = SERVICE_TIME;
	else if (rate && capacity && !isnan(busy))
		w.service_time = busy * CAPACITY / RATE;
	if (rate)
		w.rate = RATE;
	else if (has & REPORT_UTILISATION)
		w.rate = UTILISATION * w.capacity / w.service_time;
	else if (has & REPORT_IN_FLIGHT)
		w.rate = fmin(IN_FLIGHT, w.capacity) / w.service_time;
	else if (has & REPORT_SCORE)
		w.rate = 0.7 * w.capacity / w.service_time;
	return w;
}

static bool near(double a, double b)
{
	return (isnan(a) && isnan(b)) || fabs(a - b) <= 1e-9 * fabs(b);
}

static void try_fields(uint32_t has, bool configured)
{
	const struct weights_site site = site_telling(has, configured);
	const struct weights_site other = { .up = true,
					    .has_report = true,
					    .report = { .has = REPORT_CAPACITY |
							       REPORT_SERVICE_TIME,
							.capacity = OTHER_CAPACITY,
							.service_time_s = OTHER_TIME } };
	struct estimate e[] = { estimate_of(&site, 0, &config, true),
				estimate_of(&other, 0, &config, true) };
	struct wanted want = wanted_of(has, configured);

	/* The mean is of all that are known, and what is deduced is known. */
	estimate_complete(e, 2);
	cr_expect(near(e[0].capacity, want.capacity),
		  "fields %#x configured %d: capacity %g, not %g", has, configured, e[0].capacity,
		  want.capacity);
	cr_expect(near(e[0].service_time_s, want.service_time),
		  "fields %#x configured %d: time %g, not %g", has, configured, e[0].service_time_s,
		  want.service_time);
	cr_expect(near(e[0].arrival_rate, want.rate), "fields %#x configured %d: rate %g, not %g",
		  has, configured, e[0].arrival_rate, want.rate);
	cr_expect(near(e[0].in_flight, has & REPORT_IN_FLIGHT ? IN_FLIGHT : NAN), "fields %#x",
		  has);
	cr_expect(near(e[0].window_s, 5), "fields %#x: one report period", has);
}

Test(estimate, every_set_of_fields)
{
	for (uint32_t set = 0; set < 1u << ARRAY_SIZE(fields); set++) {
		uint32_t has = 0;

		for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
			has |= set & 1u << i ? fields[i] : 0;
		try_fields(has, false);
		try_fields(has, true);
	}
}

Test(estimate, score_by_its_function)
{
	struct scores scores = scores_default;
	struct weights_config by = config;
	const struct weights_site site = site_telling(REPORT_SCORE, true);
	struct estimate e;

	scores.metric[0].worst = 0.9;
	scores.metric[0].best = 0.1;
	by.scores = &scores;
	e = estimate_of(&site, 0, &by, true);
	cr_expect(near(e.score, SCORE));
	cr_expect(near(e.scored, 0.9 - 0.3 * 0.8));
	strcpy(scores.metric[0].type, "gpu-memory-utilisation");
	e = estimate_of(&site, 0, &by, true);
	cr_expect(near(e.scored, 0.7), "of something else: a straight line");
}

/* A site that came back: what its report says of load is of before. */
Test(estimate, load_of_other_days)
{
	const struct weights_site site = site_telling(0x3f, true);
	struct estimate e = estimate_of(&site, 0, &config, false);

	cr_expect(near(e.capacity, CAPACITY));
	cr_expect(near(e.service_time_s, SERVICE_TIME));
	estimate_complete(&e, 1);
	cr_expect(isnan(e.arrival_rate));
	cr_expect(isnan(e.in_flight));
	cr_expect(isnan(e.score));
}
