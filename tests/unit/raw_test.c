/* SPDX-License-Identifier: BSD-2-Clause */
#include "metric/raw.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdio.h>

#define NONE -1e6 /* marks what is not there */

struct given {
	const char *type;
	double number;
};

static void put(struct value_set *set, const char *type, double number, int64_t sampled_ms)
{
	struct value v = { .value = number,
			   .source = VALUE_AGENT,
			   .statistic = VALUE_MEAN,
			   .window_s = 10,
			   .sampled_ms = sampled_ms };

	snprintf(v.type, sizeof(v.type), "%s", type);
	cr_assert(eq(int, value_set_put(set, &v), 0));
}

static double field(const struct report *r, enum report_field bit, double value)
{
	return r->has & bit ? value : NONE;
}

/* Stand-ins at the site: the table in README.md, row by row. */
static const struct {
	const char *name;
	struct given given[4];
	double capacity, service_time, rate, in_flight, utilisation;
} stand_ins[] = {
	{ "nothing", { { NULL, 0 } }, NONE, NONE, NONE, NONE, NONE },
	{ "unknown types", { { "fan-speed", 900 } }, NONE, NONE, NONE, NONE, NONE },
	{ "each field by its name",
	  { { "capacity", 8 },
	    { "service-time", 0.1 },
	    { "arrival-rate", 40 },
	    { "in-flight", 5 } },
	  8,
	  0.1,
	  40,
	  5,
	  NONE },
	{ "utilisation by its name", { { "utilisation", 0.5 } }, NONE, NONE, NONE, NONE, 0.5 },
	{ "busy slots", { { "busy", 6 } }, NONE, NONE, NONE, 6, NONE },
	{ "busy slots of so many", { { "busy", 6 }, { "capacity", 8 } }, 8, NONE, NONE, 6, 0.75 },
	{ "busy slots and a queue",
	  { { "busy", 8 }, { "queue", 3 }, { "capacity", 8 } },
	  8,
	  NONE,
	  NONE,
	  11,
	  1 },
	{ "a queue alone", { { "queue", 3 } }, NONE, NONE, NONE, NONE, NONE },
	{ "a queue before so many slots",
	  { { "queue", 3 }, { "capacity", 8 } },
	  8,
	  NONE,
	  NONE,
	  11,
	  NONE },
	{ "no queue tells nothing",
	  { { "queue", 0 }, { "capacity", 8 } },
	  8,
	  NONE,
	  NONE,
	  NONE,
	  NONE },
	{ "in flight before busy slots",
	  { { "in-flight", 9 }, { "busy", 8 }, { "queue", 3 } },
	  NONE,
	  NONE,
	  NONE,
	  9,
	  NONE },
	{ "the machine's load", { { "cpu-utilisation", 0.6 } }, NONE, NONE, NONE, NONE, 0.6 },
	{ "the busiest of a machine",
	  { { "cpu-utilisation", 0.6 }, { "gpu-utilisation", 0.9 }, { "npu-utilisation", 0.1 } },
	  NONE,
	  NONE,
	  NONE,
	  NONE,
	  0.9 },
	{ "the service's load before the machine's",
	  { { "cpu-utilisation", 0.6 }, { "busy", 2 }, { "capacity", 8 } },
	  8,
	  NONE,
	  NONE,
	  2,
	  0.25 },
	{ "what follows from other fields before the machine's",
	  { { "cpu-utilisation", 0.6 },
	    { "arrival-rate", 40 },
	    { "service-time", 0.1 },
	    { "capacity", 8 } },
	  8,
	  0.1,
	  40,
	  NONE,
	  NONE },
	{ "out of range is passed over",
	  { { "capacity", 0 }, { "service-time", -1 }, { "utilisation", -0.5 }, { "busy", -2 } },
	  NONE,
	  NONE,
	  NONE,
	  NONE,
	  NONE },
};

Test(raw, stand_ins)
{
	for (size_t i = 0; i < ARRAY_SIZE(stand_ins); i++) {
		_cleanup_(value_set_clear) struct value_set set = { 0 };
		struct report r = { 0 };
		uint32_t filled;

		for (size_t k = 0; k < 4 && stand_ins[i].given[k].type; k++)
			put(&set, stand_ins[i].given[k].type, stand_ins[i].given[k].number, 1000);
		filled = raw_complete(&set, &r);
		cr_expect(eq(u32, filled, r.has), "%s", stand_ins[i].name);
		cr_expect(eq(ptr, (void *)report_validate(&r), NULL), "%s", stand_ins[i].name);
		cr_expect(eq(dbl, field(&r, REPORT_CAPACITY, r.capacity), stand_ins[i].capacity),
			  "%s", stand_ins[i].name);
		cr_expect(eq(dbl, field(&r, REPORT_SERVICE_TIME, r.service_time_s),
			     stand_ins[i].service_time),
			  "%s", stand_ins[i].name);
		cr_expect(
			eq(dbl, field(&r, REPORT_ARRIVAL_RATE, r.arrival_rate), stand_ins[i].rate),
			"%s", stand_ins[i].name);
		cr_expect(eq(dbl, field(&r, REPORT_IN_FLIGHT, r.in_flight), stand_ins[i].in_flight),
			  "%s", stand_ins[i].name);
		cr_expect(eq(dbl, field(&r, REPORT_UTILISATION, r.utilisation),
			     stand_ins[i].utilisation),
			  "%s", stand_ins[i].name);
		cr_expect(eq(int, !!(r.has & REPORT_SAMPLED), !!filled), "%s", stand_ins[i].name);
	}
}

Test(raw, told_fields_stay)
{
	_cleanup_(value_set_clear) struct value_set set = { 0 };
	struct report r = { .has = REPORT_CAPACITY | REPORT_SAMPLED,
			    .capacity = 4,
			    .sampled_ms = 7 };

	put(&set, "capacity", 8, 1000);
	put(&set, "busy", 1, 1000);
	cr_expect(eq(u32, raw_complete(&set, &r),
		     REPORT_IN_FLIGHT | REPORT_UTILISATION | REPORT_WINDOW));
	cr_expect(eq(dbl, r.capacity, 4));
	cr_expect(eq(dbl, r.utilisation, 0.25));
	cr_expect(eq(i64, r.sampled_ms, 7));
}

Test(raw, oldest_time_of_what_was_used)
{
	_cleanup_(value_set_clear) struct value_set set = { 0 };
	struct report r = { 0 };

	put(&set, "cpu-utilisation", 0.5, 500); /* not used: utilisation is told */
	put(&set, "utilisation", 0.5, 3000);
	put(&set, "in-flight", 1, 2000);
	put(&set, "fan-speed", 1, 100);
	raw_complete(&set, &r);
	cr_expect(eq(i64, r.sampled_ms, 2000));
	cr_expect(eq(dbl, r.window_s, 10));
}

Test(raw, extremes_are_no_fields)
{
	_cleanup_(value_set_clear) struct value_set set = { 0 };
	struct value v = { .type = "service-time",
			   .value = 9,
			   .statistic = VALUE_MAX,
			   .window_s = 10,
			   .sampled_ms = 1 };
	struct report r = { 0 };

	cr_assert(eq(int, value_set_put(&set, &v), 0));
	cr_expect(eq(u32, raw_complete(&set, &r), 0));
}

Test(raw, report_to_values_and_back)
{
	_cleanup_(value_set_clear) struct value_set set = { 0 };
	const struct report r = { .has = REPORT_CAPACITY | REPORT_SERVICE_TIME |
					 REPORT_ARRIVAL_RATE | REPORT_IN_FLIGHT |
					 REPORT_UTILISATION | REPORT_WINDOW | REPORT_SAMPLED |
					 REPORT_AVAILABILITY,
				  .capacity = 8,
				  .service_time_s = 0.1,
				  .arrival_rate = 40,
				  .in_flight = 5,
				  .utilisation = 0.5,
				  .window_s = 2,
				  .sampled_ms = 12345,
				  .availability = 75 };
	struct report back = { 0 };

	raw_put_report(&set, &r, VALUE_AGENT, 1);
	cr_expect(eq(sz, set.count, 6));
	cr_expect(eq(dbl, value_set_find(&set, "arrival-rate")->window_s, 2));
	cr_expect(eq(str, (char *)value_set_find(&set, "arrival-rate")->unit, "1/s"));
	cr_expect(eq(int, value_set_find(&set, "in-flight")->statistic, VALUE_CURRENT));
	raw_complete(&set, &back);
	cr_expect(report_equal_within(&r, &back, 0));
}

Test(raw, score)
{
	static const struct report told = { .has = REPORT_SCORE | REPORT_UTILISATION,
					    .score = 9,
					    .utilisation = 0.9 },
				   offered = { .has = REPORT_ARRIVAL_RATE | REPORT_SERVICE_TIME |
						      REPORT_CAPACITY,
					       .arrival_rate = 40,
					       .service_time_s = 0.1,
					       .capacity = 8 },
				   capacity = { .has = REPORT_CAPACITY, .capacity = 8 };
	_cleanup_(value_set_clear) struct value_set set = { 0 };
	struct scores memory = scores_default;
	uint8_t score = 99;

	snprintf(memory.metric[0].type, sizeof(memory.metric[0].type), "gpu-memory-utilisation");
	cr_expect(raw_score(NULL, &told, NULL, &score));
	cr_expect(eq(int, score, 9), "as told");
	cr_expect(raw_score(NULL, &offered, NULL, &score));
	cr_expect(eq(int, score, 5), "of the utilisation that follows");
	cr_expect(not(raw_score(NULL, &capacity, NULL, &score)));
	cr_expect(not(raw_score(&memory, &offered, NULL, &score)));
	cr_expect(eq(int, score, 5), "untouched");
	put(&set, "gpu-memory-utilisation", 0.2, 1);
	cr_expect(raw_score(&memory, &offered, &set, &score));
	cr_expect(eq(int, score, 8), "of what no report has a field for");
}
