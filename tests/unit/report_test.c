/* SPDX-License-Identifier: BSD-2-Clause */
#include "metric/report.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <string.h>

#define EVERYTHING 0x7ff

static const struct report whole = {
	.has = EVERYTHING,
	.capacity = 8,
	.service_time_s = 0.1,
	.arrival_rate = 40,
	.in_flight = 6,
	.utilisation = 0.5,
	.window_s = 10,
	.sampled_ms = 1700000000000,
	.preference = 100,
	.availability = 90,
	.delay_index = 20,
	.score = 5,
};

static const struct {
	enum report_field field;
	const char *name;
	double good[3], bad[5]; /* ended by NAN where there are fewer, but bad[0] is NAN itself */
	size_t bad_count;
} ranges[] = {
	{ REPORT_CAPACITY, "capacity", { 1e-9, 1, 1e9 }, { NAN, INFINITY, 0, -1 }, 4 },
	{ REPORT_SERVICE_TIME, "service-time", { 1e-9, 1, 1e5 }, { NAN, INFINITY, 0, -1 }, 4 },
	{ REPORT_ARRIVAL_RATE, "arrival-rate", { 0, 1, 1e9 }, { NAN, INFINITY, -INFINITY, -1 }, 4 },
	{ REPORT_IN_FLIGHT, "in-flight", { 0, 1, 1e9 }, { NAN, INFINITY, -1e-9 }, 3 },
	{ REPORT_UTILISATION, "utilisation", { 0, 1, 7 }, { NAN, INFINITY, -0.1 }, 3 },
	{ REPORT_WINDOW, "window", { 1e-3, 1, 86400 }, { NAN, INFINITY, 0, -1 }, 4 },
	{ REPORT_SAMPLED, "sampled", { 0, 1, 1e12 }, { -1 }, 1 },
	{ REPORT_AVAILABILITY, "availability", { 0, 1, 100 }, { 101, 65535 }, 2 },
	{ REPORT_DELAY, "delay-index", { 0, 1, 100 }, { 101, 255 }, 2 },
	{ REPORT_SCORE, "score", { 0, 1, 10 }, { 11, 255 }, 2 },
};

static struct report report_with(enum report_field field, double value)
{
	struct report r = whole;

	switch (field) {
	case REPORT_CAPACITY:
		r.capacity = value;
		break;
	case REPORT_SERVICE_TIME:
		r.service_time_s = value;
		break;
	case REPORT_ARRIVAL_RATE:
		r.arrival_rate = value;
		break;
	case REPORT_IN_FLIGHT:
		r.in_flight = value;
		break;
	case REPORT_UTILISATION:
		r.utilisation = value;
		break;
	case REPORT_WINDOW:
		r.window_s = value;
		break;
	case REPORT_SAMPLED:
		r.sampled_ms = (int64_t)value;
		break;
	case REPORT_PREFERENCE:
		r.preference = (uint32_t)value;
		break;
	case REPORT_AVAILABILITY:
		r.availability = (uint16_t)value;
		break;
	case REPORT_DELAY:
		r.delay_index = (uint8_t)value;
		break;
	case REPORT_SCORE:
		r.score = (uint8_t)value;
		break;
	}
	return r;
}

Test(report, validate)
{
	cr_expect(eq(ptr, (void *)report_validate(&whole), NULL));
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		for (size_t k = 0; k < 3; k++) {
			struct report r = report_with(ranges[i].field, ranges[i].good[k]);

			cr_expect(eq(ptr, (void *)report_validate(&r), NULL), "%s: %g",
				  ranges[i].name, ranges[i].good[k]);
		}
		for (size_t k = 0; k < ranges[i].bad_count; k++) {
			struct report r = report_with(ranges[i].field, ranges[i].bad[k]);
			const char *name = report_validate(&r);

			cr_expect(eq(str, (char *)(name ? name : ""), (char *)ranges[i].name),
				  "%s: %g", ranges[i].name, ranges[i].bad[k]);
			r.has &= ~ranges[i].field;
			cr_expect(eq(ptr, (void *)report_validate(&r), NULL), "%s: not said",
				  ranges[i].name);
		}
	}
}

/* From `whole` to it with this field changed. */
static const struct {
	const char *name;
	enum report_field field;
	double value;
	bool significant;
} moves[] = {
	{ "nothing", REPORT_CAPACITY, 8, false },
	{ "service time by 14 %", REPORT_SERVICE_TIME, 0.114, false },
	{ "service time by 16 %", REPORT_SERVICE_TIME, 0.116, true },
	{ "service time down by 14 %", REPORT_SERVICE_TIME, 0.086, false },
	{ "service time down by 16 %", REPORT_SERVICE_TIME, 0.084, true },
	{ "a slot more", REPORT_CAPACITY, 9, true },
	{ "capacity by rounding", REPORT_CAPACITY, 8.01, false },
	{ "in flight, no backlog", REPORT_IN_FLIGHT, 8, false },
	{ "backlog of two a slot", REPORT_IN_FLIGHT, 24, false },
	{ "backlog above two a slot", REPORT_IN_FLIGHT, 24.1, true },
	{ "utilisation below a level", REPORT_UTILISATION, 0.69, false },
	{ "utilisation across a level", REPORT_UTILISATION, 0.71, true },
	{ "utilisation to overload", REPORT_UTILISATION, 1.2, true },
	{ "arrival rate alone", REPORT_ARRIVAL_RATE, 50, false },
	{ "window", REPORT_WINDOW, 5, false },
	{ "sample time", REPORT_SAMPLED, 1700000009999, false },
	{ "preference", REPORT_PREFERENCE, 101, true },
	{ "availability", REPORT_AVAILABILITY, 89, true },
	{ "delay index a little", REPORT_DELAY, 35, false },
	{ "delay index much", REPORT_DELAY, 36, true },
	{ "score by one", REPORT_SCORE, 6, false },
	{ "score by two", REPORT_SCORE, 3, true },
};

Test(report, significant)
{
	for (size_t i = 0; i < ARRAY_SIZE(moves); i++) {
		struct report r = report_with(moves[i].field, moves[i].value);

		cr_expect(eq(int, report_significant(&whole, &r), moves[i].significant), "%s",
			  moves[i].name);
		r = whole;
		r.has &= ~moves[i].field;
		cr_expect(eq(int, report_significant(&whole, &r), true), "%s: no more said",
			  moves[i].name);
		cr_expect(eq(int, report_significant(&r, &whole), true), "%s: new", moves[i].name);
	}
}

/* Which of two reports is the worse one: the second, in each row. */
static const struct {
	const char *name;
	enum report_field field;
	double good, bad;
} worse[] = {
	{ "capacity", REPORT_CAPACITY, 8, 7 },
	{ "service time", REPORT_SERVICE_TIME, 0.1, 0.2 },
	{ "backlog", REPORT_IN_FLIGHT, 8, 80 },
	{ "utilisation", REPORT_UTILISATION, 0.6, 0.95 },
	{ "preference", REPORT_PREFERENCE, 100, 99 },
	{ "availability", REPORT_AVAILABILITY, 90, 80 },
	{ "delay index", REPORT_DELAY, 20, 60 },
	{ "score", REPORT_SCORE, 9, 5 },
};

Test(report, tells_worse_from_better)
{
	for (size_t i = 0; i < ARRAY_SIZE(worse); i++) {
		struct report good = report_with(worse[i].field, worse[i].good),
			      bad = report_with(worse[i].field, worse[i].bad), mixed = bad;

		cr_expect(eq(int, report_change(&good, &bad, 0.15), REPORT_WORSE), "%s",
			  worse[i].name);
		cr_expect(eq(int, report_change(&bad, &good, 0.15), REPORT_BETTER), "%s",
			  worse[i].name);
		mixed = good;
		good.drain = true;
		mixed.drain = false;
		bad.drain = false;
		cr_expect(eq(int, report_change(&good, &mixed, 0.15), REPORT_BETTER), "%s",
			  worse[i].name);
		cr_expect(eq(int, report_change(&good, &bad, 0.15), REPORT_WORSE),
			  "%s: worse, though it drains no more", worse[i].name);
	}
}

/* The threshold is that of service times; the others go with it. */
Test(report, threshold_scales)
{
	struct report slow = report_with(REPORT_SERVICE_TIME, 0.125),
		      busy = report_with(REPORT_IN_FLIGHT, 30),
		      late = report_with(REPORT_DELAY, 40),
		      near = report_with(REPORT_UTILISATION, 0.66),
		      over = report_with(REPORT_UTILISATION, 0.74);

	cr_expect(eq(int, report_change(&whole, &slow, 0.15), REPORT_WORSE));
	cr_expect(eq(int, report_change(&whole, &slow, 0.3), REPORT_SAME));
	cr_expect(eq(int, report_change(&whole, &busy, 0.15), REPORT_WORSE));
	cr_expect(eq(int, report_change(&whole, &busy, 0.3), REPORT_SAME));
	cr_expect(eq(int, report_change(&whole, &late, 0.15), REPORT_WORSE));
	cr_expect(eq(int, report_change(&whole, &late, 0.3), REPORT_SAME));
	cr_expect(eq(int, report_change(&near, &over, 0.15), REPORT_WORSE));
	cr_expect(eq(int, report_change(&near, &over, 0.3), REPORT_SAME));
}

Test(report, drain_is_significant)
{
	struct report r = whole;

	r.drain = true;
	cr_expect(eq(int, report_significant(&whole, &r), true));
	cr_expect(eq(int, report_significant(&r, &whole), true));
	cr_expect(eq(int, report_significant(&r, &r), false));
}

/* Around a level it must move by more than the margin, or it would be told every second. */
Test(report, hovering_on_a_level_is_no_news)
{
	struct report low = report_with(REPORT_UTILISATION, 0.88),
		      high = report_with(REPORT_UTILISATION, 0.92),
		      higher = report_with(REPORT_UTILISATION, 0.94);

	cr_expect(eq(int, report_significant(&low, &high), false));
	cr_expect(eq(int, report_significant(&high, &low), false));
	cr_expect(eq(int, report_significant(&low, &higher), true));
}

Test(report, equal_within)
{
	struct report r = whole;

	cr_expect(eq(int, report_equal_within(&whole, &r, 0), true));
	r.sampled_ms++;
	cr_expect(eq(int, report_equal_within(&whole, &r, 0), false));
	cr_expect(eq(int, report_equal_within(&whole, &r, 0.01), true));
	for (size_t i = 0; i < 6; i++) {
		double base[] = { 8, 0.1, 40, 6, 0.5, 10 };
		struct report near = report_with(ranges[i].field, base[i] * 1.009),
			      far = report_with(ranges[i].field, base[i] * 1.02);

		cr_expect(eq(int, report_equal_within(&whole, &near, 0.01), true), "%s",
			  ranges[i].name);
		cr_expect(eq(int, report_equal_within(&whole, &near, 0), false), "%s",
			  ranges[i].name);
		cr_expect(eq(int, report_equal_within(&whole, &far, 0.01), false), "%s",
			  ranges[i].name);
		far.has &= ~ranges[i].field;
		cr_expect(eq(int, report_equal_within(&whole, &far, 0.01), false), "%s: not said",
			  ranges[i].name);
	}
	for (size_t i = 7; i < ARRAY_SIZE(ranges); i++) {
		struct report other = report_with(ranges[i].field, 1);

		cr_expect(eq(int, report_equal_within(&whole, &other, 0.5), false), "%s",
			  ranges[i].name);
	}
	r = whole;
	r.drain = true;
	cr_expect(eq(int, report_equal_within(&whole, &r, 1), false));
}

static const struct {
	const char *name;
	struct report report;
	bool known;
	double utilisation;
	uint8_t score;
} scores[] = {
	{ "nothing", { 0 }, false, 0, 0 },
	{ "idle", { .has = REPORT_UTILISATION }, true, 0, 10 },
	{ "half", { .has = REPORT_UTILISATION, .utilisation = 0.5 }, true, 0.5, 5 },
	{ "rounded", { .has = REPORT_UTILISATION, .utilisation = 0.96 }, true, 0.96, 0 },
	{ "overload", { .has = REPORT_UTILISATION, .utilisation = 3 }, true, 3, 0 },
	{ "from rate, time and capacity",
	  { .has = REPORT_ARRIVAL_RATE | REPORT_SERVICE_TIME | REPORT_CAPACITY,
	    .arrival_rate = 40,
	    .service_time_s = 0.1,
	    .capacity = 16 },
	  true,
	  0.25,
	  8 },
	{ "rate without capacity",
	  { .has = REPORT_ARRIVAL_RATE | REPORT_SERVICE_TIME, .arrival_rate = 40 },
	  false,
	  0,
	  0 },
	{ "from what runs",
	  { .has = REPORT_IN_FLIGHT | REPORT_CAPACITY, .in_flight = 3, .capacity = 10 },
	  true,
	  0.3,
	  7 },
	{ "what queues does not run",
	  { .has = REPORT_IN_FLIGHT | REPORT_CAPACITY, .in_flight = 30, .capacity = 10 },
	  true,
	  1,
	  0 },
	{ "from a score", { .has = REPORT_SCORE, .score = 7 }, true, 0.3, 7 },
};

Test(report, utilisation_and_score)
{
	for (size_t i = 0; i < ARRAY_SIZE(scores); i++) {
		double utilisation = 0;
		uint8_t score = 0;

		cr_expect(eq(int, report_utilisation(&scores[i].report, &utilisation),
			     scores[i].known),
			  "%s", scores[i].name);
		cr_expect(fabs(utilisation - scores[i].utilisation) < 1e-12, "%s: %g",
			  scores[i].name, utilisation);
		cr_expect(eq(int, report_score(&scores[i].report, &score), scores[i].known), "%s",
			  scores[i].name);
		cr_expect(eq(u8, score, scores[i].score), "%s", scores[i].name);
	}
}
