/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/reading.h"
#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define START_MS INT64_C(1800000000000)
#define AGE_MS   15000

static struct mapping *mapping;
static struct reading *reading;

static struct mapping_term *term(struct mapping_value *v, bool per, const char *metric)
{
	struct mapping_term *t = per ? &v->per[v->per_count++] : &v->of[v->of_count++];

	strcpy(t->metric[t->metric_count++], metric);
	return t;
}

static struct mapping_value *value(const char *name, const char *metric)
{
	struct mapping_value *v = &mapping->value[mapping->value_count++];

	strcpy(v->name, name);
	v->scale = 1;
	if (metric)
		term(v, false, metric);
	return v;
}

static void label(struct mapping_term *t, const char *name, const char *glob, bool negate)
{
	struct mapping_matcher *m = &t->matcher[t->matcher_count++];

	strcpy(m->label, name);
	strcpy(m->value, glob);
	m->negate = negate;
}

static void setup(void)
{
	mapping = mapping_new("test");
}

static void begin(void)
{
	reading = reading_new(mapping, AGE_MS);
}

static void teardown(void)
{
	reading_free(&reading);
	mapping_unref(&mapping);
}

TestSuite(reading, .init = setup, .fini = teardown);

static bool on_wanted(void *user, const char *name, size_t len)
{
	return reading_wanted(reading, name, len);
}

static const char *on_sample(void *user, const struct exposition_sample *sample)
{
	return reading_sample(reading, sample);
}

static struct reading_time at(double second)
{
	return (struct reading_time){ .loop_ms = 1000 + (uint64_t)(second * 1000),
				      .unix_ms = START_MS + (int64_t)(second * 1000) };
}

/* Reads a text at that second; the reason it is refused for, or "". */
static const char *take(double second, const char *text)
{
	static const struct exposition_ops ops = { .wanted = on_wanted, .sample = on_sample };
	_cleanup_(freep) struct exposition *e = malloc(sizeof(*e));
	struct reading_time now = at(second);
	static char reason[160];
	const char *fault;

	reading_begin(reading);
	exposition_start(e, false, &ops, NULL);
	exposition_feed(e, text, strlen(text));
	fault = exposition_end(e);
	reason[0] = '\0';
	if (fault)
		snprintf(reason, sizeof(reason), "%s", fault);
	else
		reading_end(reading, &now, reason);
	return reason;
}

static struct report told(double second)
{
	struct reading_time now = at(second);
	struct report report;

	reading_report(reading, &now, &report);
	return report;
}

#define TAKEN(second, text) cr_expect(eq(str, (char *)take(second, text), ""))

Test(reading, combines)
{
	static const struct {
		enum mapping_combine combine;
		double want;
	} rows[] = { { MAPPING_SUM, 9 },
		     { MAPPING_MEAN, 3 },
		     { MAPPING_MIN, 1 },
		     { MAPPING_MAX, 6 },
		     { MAPPING_COUNT, 3 } };
	struct mapping_value *v = value("in-flight", "m");

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		v->of[0].combine = rows[i].combine;
		begin();
		TAKEN(0, "m{x=\"1\"} 1\nm{x=\"2\"} 6\nm 2\nother 7\n");
		cr_expect(eq(dbl, told(0).in_flight, rows[i].want), "%zu", i);
		cr_expect(eq(u32, told(0).has, REPORT_IN_FLIGHT | REPORT_SAMPLED));
		reading_free(&reading);
	}
}

Test(reading, takes_the_first_name_that_is_there)
{
	struct mapping_value *v = value("in-flight", "new_name");
	struct reading_stats stats;

	strcpy(v->of[0].metric[v->of[0].metric_count++], "old_name");
	begin();
	TAKEN(0, "old_name 3\n");
	cr_expect(eq(dbl, told(0).in_flight, 3));
	TAKEN(1, "old_name 3\nnew_name 4\n");
	cr_expect(eq(dbl, told(1).in_flight, 4));
	TAKEN(2, "new_name 1\n");
	reading_stats(reading, &stats);
	cr_expect(eq(u64, stats.resets, 0), "it is no counter that may not fall");
}

Test(reading, matches_labels)
{
	static const struct {
		const char *glob;
		bool negate;
		double want;
	} rows[] = { { "cpu*", false, 3 }, { "cpu0", false, 1 }, { "*0", false, 5 },
		     { "cpu*", true, 12 }, { "", false, 8 },     { "*", false, 15 },
		     { "c*u*1", false, 2 } };
	struct mapping_value *v = value("in-flight", "m");

	label(&v->of[0], "l", "", false);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		strcpy(v->of[0].matcher[0].value, rows[i].glob);
		v->of[0].matcher[0].negate = rows[i].negate;
		begin();
		TAKEN(0, "m{l=\"cpu0\"} 1\nm{l=\"cpu1\"} 2\nm{l=\"gpu0\"} 4\nm{k=\"cpu0\"} 8\n");
		cr_expect(eq(dbl, told(0).in_flight, rows[i].want), "%s", rows[i].glob);
		reading_free(&reading);
	}
}

Test(reading, sums_divides_scales_and_complements)
{
	struct mapping_value *v = value("utilisation", "used");

	term(v, true, "used");
	term(v, true, "free");
	v = value("service-time", "ms");
	v->scale = 0.001;
	v = value("availability", "bad");
	v->complement = true;
	begin();
	TAKEN(0, "used 30\nfree 10\nms 250\nbad 0\n");
	cr_expect(eq(dbl, told(0).utilisation, 0.75));
	cr_expect(eq(dbl, told(0).service_time_s, 0.25));
	cr_expect(eq(u16, told(0).availability, 1));
	TAKEN(1, "used 0\nfree 0\nms 250\nbad 0\n"); /* 0 of 0 is not known: as before */
	cr_expect(eq(dbl, told(1).utilisation, 0.75));
}

Test(reading, rates_of_counters)
{
	struct mapping_value *v = value("arrival-rate", "c");
	struct reading_stats stats;

	v->of[0].rate = true;
	begin();
	TAKEN(0, "c{i=\"a\"} 100\nc{i=\"b\"} 5000\n");
	cr_expect(eq(u32, told(0).has, REPORT_SAMPLED));
	TAKEN(2, "c{i=\"a\"} 120\nc{i=\"b\"} 5040\n");
	cr_expect(eq(dbl, told(2).arrival_rate, 30));
	cr_expect(eq(dbl, told(2).window_s, 2));
	TAKEN(4, "c{i=\"a\"} 140\n"); /* one is gone: no fall of the sum is seen */
	cr_expect(eq(dbl, told(4).arrival_rate, 10));
	TAKEN(6, "c{i=\"a\"} 160\nc{i=\"b\"} 9000\n"); /* and back: it begins anew */
	cr_expect(eq(dbl, told(6).arrival_rate, 10));
	TAKEN(8, "c{i=\"a\"} 3\nc{i=\"b\"} 9020\n"); /* one fell: a restart */
	cr_expect(eq(dbl, told(8).arrival_rate, 10));
	reading_stats(reading, &stats);
	cr_expect(eq(u64, stats.resets, 1));
	TAKEN(10, "c{i=\"a\"} 23\nc{i=\"b\"} 9040\n");
	cr_expect(eq(dbl, told(10).arrival_rate, 20));
}

Test(reading, a_counter_that_stands_still)
{
	struct mapping_value *v = value("arrival-rate", "c");
	struct reading_stats stats;

	v->of[0].rate = true;
	begin();
	TAKEN(0, "c 100\n");
	TAKEN(2, "c 100\n");
	cr_expect(eq(u32, told(2).has, REPORT_ARRIVAL_RATE | REPORT_WINDOW | REPORT_SAMPLED));
	cr_expect(eq(dbl, told(2).arrival_rate, 0));
	reading_stats(reading, &stats);
	cr_expect(eq(u64, stats.resets, 0));
}

Test(reading, a_rate_takes_time)
{
	struct mapping_value *v = value("arrival-rate", "c");

	v->of[0].rate = true;
	begin();
	TAKEN(0, "c 100\n");
	TAKEN(0.049, "c 200\n");
	cr_expect(eq(u32, told(0.049).has, REPORT_SAMPLED));
	TAKEN(0.099, "c 201\n");
	cr_expect(eq(dbl, told(0.099).arrival_rate, 20));
}

Test(reading, a_mean_time_of_two_counters)
{
	struct mapping_value *v = value("service-time", "sum");

	v->of[0].rate = true;
	term(v, true, "count")->rate = true;
	begin();
	TAKEN(0, "sum 10\ncount 100\n");
	TAKEN(5, "sum 15\ncount 110\n");
	cr_expect(eq(dbl, told(5).service_time_s, 0.5));
	TAKEN(10, "sum 15\ncount 110\n"); /* nothing has ended: as before */
	cr_expect(eq(dbl, told(10).service_time_s, 0.5));
	TAKEN(21, "sum 15\ncount 110\n");
	cr_expect(eq(u32, told(21).has, REPORT_SAMPLED), "too old now");
}

Test(reading, honours_the_time_of_samples)
{
	struct mapping_value *v = value("arrival-rate", "c");

	v->of[0].rate = true;
	value("in-flight", "g");
	begin();
	TAKEN(0, "c 100 1799999999000\ng 1 1799999999500\n");
	cr_expect(eq(i64, told(0).sampled_ms, START_MS - 500));
	TAKEN(5, "c 100 1799999999000\ng 1\n"); /* not looked at again since */
	cr_expect(eq(u32, told(5).has, REPORT_SAMPLED | REPORT_IN_FLIGHT));
	TAKEN(10, "c 200 1800000009000\ng 1\n"); /* over the 10 s between the stamps */
	cr_expect(eq(dbl, told(10).arrival_rate, 10));
	cr_expect(eq(dbl, told(10).window_s, 10));
	cr_expect(eq(i64, told(10).sampled_ms, START_MS + 9000));
	TAKEN(15, "c 200 1800000009000\ng 2\n");
	cr_expect(eq(dbl, told(15).arrival_rate, 10), "it holds, at its age");
	cr_expect(eq(i64, told(15).sampled_ms, START_MS + 9000));
}

Test(reading, clocks_that_jump)
{
	struct mapping_value *v = value("arrival-rate", "c");
	struct reading_stats stats;

	v->of[0].rate = true;
	begin();
	TAKEN(0, "c 100 1800000000000\n");
	TAKEN(5, "c 150 1800000005000\n");
	cr_expect(eq(dbl, told(5).arrival_rate, 10));
	TAKEN(10, "c 200 1800003600000\n"); /* an hour ahead: no rate over an hour, and no future */
	cr_expect(eq(dbl, told(10).arrival_rate, 10));
	cr_expect(eq(i64, told(10).sampled_ms, START_MS + 5000), "as it was");
	TAKEN(12, "c 240 1800000012000\n"); /* and back */
	cr_expect(eq(dbl, told(12).arrival_rate, 10));
	reading_stats(reading, &stats);
	cr_expect(eq(u64, stats.jumps, 2));
	cr_expect(eq(u64, stats.ahead, 1));
	TAKEN(14, "c 260 1800000014000\n");
	cr_expect(eq(dbl, told(14).arrival_rate, 10));
	cr_expect(eq(i64, told(14).sampled_ms, START_MS + 14000));
}

Test(reading, two_values_of_one_moment)
{
	struct mapping_value *v = value("arrival-rate", "c");
	struct reading_stats stats;

	v->of[0].rate = true;
	begin();
	TAKEN(0, "c 100 1800000000000\n");
	TAKEN(5, "c 150 1800000000000\n");
	cr_expect(eq(u32, told(5).has, REPORT_SAMPLED));
	reading_stats(reading, &stats);
	cr_expect(eq(u64, stats.jumps, 1));
}

Test(reading, the_future_counts_as_now)
{
	struct reading_time now = at(0);
	struct reading_value v;

	value("in-flight", "g");
	begin();
	TAKEN(0, "g 3 1900000000000\n");
	cr_expect(eq(dbl, told(0).in_flight, 3));
	cr_expect(eq(i64, told(0).sampled_ms, START_MS));
	cr_assert(reading_value(reading, 0, &now, &v));
	cr_expect(eq(i64, v.sampled_ms, START_MS));
}

Test(reading, what_is_too_old_is_named)
{
	value("in-flight", "g");
	begin();
	cr_expect(eq(str, (char *)take(0, "g 3 1799999984999\n"),
		     "all samples are older than 15 s by their own time"));
	TAKEN(0, "g 3 1799999985000\n");
	TAKEN(1, "g{i=\"1\"} 3 1799999000000\ng{i=\"2\"} 4\n");
	cr_expect(eq(dbl, told(1).in_flight, 4));
	cr_expect(eq(u32, told(16).has, REPORT_SAMPLED | REPORT_IN_FLIGHT));
	cr_expect(eq(u32, told(16.001).has, REPORT_SAMPLED));
}

static const struct {
	const char *name, *text, *reason;
} bad[] = {
	{ "negative", "g -1\nf 1\n", "in-flight: must be at least 0 and at most 1000000000" },
	{ "huge", "g 1e300\n", "in-flight: must be at least 0 and at most 1000000000" },
	{ "negative counter", "c -1\n", "a counter is negative" },
	{ "twice", "g 1\ng 1\n", "a sample is there twice" },
	{ "twice, labels turned", "g{a=\"1\",b=\"2\"} 1\ng{b=\"2\",a=\"1\"} 1\n",
	  "a sample is there twice" },
	{ "nothing wanted", "other 1\n", "none of the metrics of mapping test is there" },
	{ "nothing at all", "", "none of the metrics of mapping test is there" },
	{ "not a number alone", "g NaN\n", "none of the metrics of mapping test is there" },
	{ "above its maximum", "u 1.5\n", "utilisation: is 1.5, above its 'maximum' of 1" },
	{ "infinite by arithmetic", "x 1e308\nx{i=\"2\"} 1e308\n", "x: comes out as no number" },
	{ "garbage behind good", "g 1\n\x01\x02\n", "no metric's name, or nothing behind it" },
	{ "cut off", "g 1\ng{a=\"", "the last line is cut off" },
};

Test(reading, of_a_bad_one_nothing_is_kept)
{
	struct mapping_value *v;

	value("in-flight", "g");
	v = value("arrival-rate", "c");
	v->of[0].rate = true;
	v = value("utilisation", "u");
	v->maximum = 1;
	value("x", "x");
	begin();
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		reading_free(&reading);
		begin();
		TAKEN(0, "g 7\nc 10\n");
		TAKEN(1, "g 7\nc 20\n");
		cr_expect(eq(str, (char *)take(2, bad[i].text), (char *)bad[i].reason), "%s",
			  bad[i].name);
		cr_expect(eq(dbl, told(2).in_flight, 7), "%s", bad[i].name);
		cr_expect(eq(dbl, told(2).arrival_rate, 10), "%s", bad[i].name);
		cr_expect(eq(i64, told(2).sampled_ms, START_MS + 1000), "%s", bad[i].name);
		TAKEN(3, "g 8\nc 40\n"); /* over the two seconds since the last good one */
		cr_expect(eq(dbl, told(3).arrival_rate, 10), "%s", bad[i].name);
		cr_expect(eq(dbl, told(3).in_flight, 8), "%s", bad[i].name);
	}
}

Test(reading, no_number_is_no_sample)
{
	struct reading_stats stats;

	value("in-flight", "g");
	begin();
	TAKEN(0, "g{i=\"1\"} NaN\ng{i=\"2\"} 4\ng{i=\"3\"} +Inf\n");
	cr_expect(eq(dbl, told(0).in_flight, 4));
	reading_stats(reading, &stats);
	cr_expect(eq(u64, stats.skipped, 2));
	cr_expect(eq(u64, stats.samples, 1));
	TAKEN(1, "g NaN\ng 4\n");
	cr_expect(eq(dbl, told(1).in_flight, 4), "no number leaves nothing behind");
}

Test(reading, drains_and_keeps_what_it_does_not_know)
{
	struct reading_time now = at(0);
	struct reading_value v;

	value("drain", "d");
	value("gpu-memory", "m");
	begin();
	TAKEN(0, "d 1\nm -3\n");
	cr_expect(told(0).drain);
	cr_expect(eq(u32, told(0).has, REPORT_SAMPLED));
	cr_assert(reading_value(reading, 1, &now, &v));
	cr_expect(eq(str, (char *)v.name, "gpu-memory"));
	cr_expect(eq(dbl, v.value, -3));
	TAKEN(1, "d 0\nm -3\n");
	cr_expect(eq(int, told(1).drain, 0));
}

Test(reading, bounds_the_series)
{
	_cleanup_(freep) char *text = malloc(READING_SERIES_MAX * 32);
	size_t n = 0;

	value("in-flight", "g");
	begin();
	for (int i = 0; i < READING_SERIES_MAX; i++)
		n += (size_t)sprintf(text + n, "g{i=\"%d\"} 1\n", i);
	TAKEN(0, text);
	cr_expect(eq(dbl, told(0).in_flight, READING_SERIES_MAX));
	sprintf(text + n, "g 1\n");
	cr_expect(eq(str, (char *)take(1, text),
		     "more than 2048 samples are wanted: narrow the labels"));
	cr_expect(eq(dbl, told(1).in_flight, READING_SERIES_MAX));
}

Test(reading, a_glob_takes_its_time_but_ends)
{
	char text[4096];

	memset(text, 'a', sizeof(text));
	cr_expect(eq(int, mapping_glob("*a*a*a*a*a*a*a*a*a*a*b", text, sizeof(text)), 0));
	cr_expect(mapping_glob("*a*a*", text, sizeof(text)));
}
