/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prometheus text and OpenMetrics: the first octet says which, and how the rest is cut into pieces.
 * The verdict and the values must be those of the text in one piece, and whatever is accepted must
 * make a report that holds what report.h promises.
 */
#include "agent/reading.h"
#include "base/util.h"
#include "metric/report.h"

#include <math.h>
#include <string.h>

#define NOW_MS INT64_C(1800000000000)

static struct mapping *mapping;

static void value(const char *name, const char *metric, bool rate)
{
	struct mapping_value *v = &mapping->value[mapping->value_count++];

	strcpy(v->name, name);
	strcpy(v->of[0].metric[0], metric);
	v->of[0].metric_count = v->of_count = 1;
	v->of[0].rate = rate;
	v->scale = 1;
}

static void mapping_make(void)
{
	mapping = mapping_new("fuzz");
	if (!mapping)
		__builtin_trap();
	value("in-flight", "a", false);
	value("arrival-rate", "b", true);
	value("utilisation", "c", false);
	mapping->value[2].per[0] = mapping->value[0].of[0];
	mapping->value[2].per_count = 1;
	value("service-time", "b", true);
	value("capacity", "d", false);
	strcpy(mapping->value[4].of[0].matcher[0].label, "l");
	strcpy(mapping->value[4].of[0].matcher[0].value, "*x*");
	mapping->value[4].of[0].matcher_count = 1;
}

static bool on_wanted(void *user, const char *name, size_t len)
{
	return reading_wanted(user, name, len);
}

static const char *on_sample(void *user, const struct exposition_sample *sample)
{
	return reading_sample(user, sample);
}

/* The report after the text was read twice, so that there are rates; has 0: it was refused. */
static struct report feed(const uint8_t *data, size_t len, size_t piece, bool openmetrics)
{
	static const struct exposition_ops ops = { .wanted = on_wanted, .sample = on_sample };
	_cleanup_(freep) struct exposition *e = malloc(sizeof(*e));
	_cleanup_(reading_free) struct reading *r = reading_new(mapping, 15000);
	struct report report = { 0 };
	char reason[160];

	for (int pass = 0; pass < 2; pass++) {
		struct reading_time now = { .loop_ms = 1000 + 5000u * (unsigned int)pass,
					    .unix_ms = NOW_MS + 5000 * pass };

		reading_begin(r);
		exposition_start(e, openmetrics, &ops, r);
		for (size_t at = 0; at < len; at += piece)
			exposition_feed(e, data + at, len - at < piece ? len - at : piece);
		if (!exposition_end(e) && reading_end(r, &now, reason) == 0)
			reading_report(r, &now, &report);
	}
	return report;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct report cut, whole;

	if (!mapping)
		mapping_make();
	if (!len)
		return 0;
	cut = feed(data + 1, len - 1, (data[0] >> 1) + 1u, data[0] & 1);
	whole = feed(data + 1, len - 1, len, data[0] & 1);
	if (cut.has != whole.has || cut.sampled_ms != whole.sampled_ms ||
	    !report_equal_within(&cut, &whole, 0))
		__builtin_trap();
	if (whole.sampled_ms > NOW_MS + 5000 || report_validate(&whole))
		__builtin_trap();
	return 0;
}
