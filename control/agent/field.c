/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/field.h"

#include "base/util.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* What a value may be. Bounds are far beyond any real site: they keep
 * infinities and slips of the unit (milliseconds for seconds) out of the selector's arithmetic. */
struct field_rule {
	const char *key;
	double min, max;
	bool above_min; /* min itself is out of range */
	bool whole;
	void (*store)(struct report *report, double value);
};

static void store_capacity(struct report *report, double value)
{
	report->capacity = value;
	report->has |= REPORT_CAPACITY;
}

static void store_service_time(struct report *report, double value)
{
	report->service_time_s = value;
	report->has |= REPORT_SERVICE_TIME;
}

static void store_arrival_rate(struct report *report, double value)
{
	report->arrival_rate = value;
	report->has |= REPORT_ARRIVAL_RATE;
}

static void store_in_flight(struct report *report, double value)
{
	report->in_flight = value;
	report->has |= REPORT_IN_FLIGHT;
}

static void store_utilisation(struct report *report, double value)
{
	report->utilisation = value;
	report->has |= REPORT_UTILISATION;
}

static void store_window(struct report *report, double value)
{
	report->window_s = value;
	report->has |= REPORT_WINDOW;
}

static void store_time(struct report *report, double value)
{
	int64_t ms = llround(value * 1000);

	/* A clock that runs ahead must not make its site look fresh for longer than it is. */
	if (ms < report->sampled_ms)
		report->sampled_ms = ms;
}

static void store_score(struct report *report, double value)
{
	report->score = (uint8_t)value;
	report->has |= REPORT_SCORE;
}

static void store_preference(struct report *report, double value)
{
	report->preference = (uint32_t)value;
	report->has |= REPORT_PREFERENCE;
}

static void store_availability(struct report *report, double value)
{
	report->availability = (uint16_t)value;
	report->has |= REPORT_AVAILABILITY;
}

static void store_delay_index(struct report *report, double value)
{
	report->delay_index = (uint8_t)value;
	report->has |= REPORT_DELAY;
}

static const struct field_rule field_rules[] = {
	{ "capacity", 0, 1e9, true, false, store_capacity },
	{ "service-time", 0, 1e5, true, false, store_service_time },
	{ "arrival-rate", 0, 1e9, false, false, store_arrival_rate },
	{ "in-flight", 0, 1e9, false, false, store_in_flight },
	{ "utilisation", 0, 1e3, false, false, store_utilisation },
	{ "window", 0, 86400, true, false, store_window },
	{ "time", 0, 1e11, false, false, store_time },
	{ "score", 0, 10, false, true, store_score },
	{ "preference", 0, UINT32_MAX, false, true, store_preference },
	{ "availability", 0, 100, false, true, store_availability },
	{ "delay-index", 0, 100, false, true, store_delay_index },
};

const char *field_key(size_t i)
{
	return i < ARRAY_SIZE(field_rules) ? field_rules[i].key : NULL;
}

bool field_find(const char *key, size_t *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(field_rules); i++) {
		if (strcmp(field_rules[i].key, key) != 0)
			continue;
		*ret = i;
		return true;
	}
	return false;
}

bool field_is_whole(size_t i)
{
	return field_rules[i].whole;
}

int field_store(struct report *report, size_t i, double value, char reason[160])
{
	const struct field_rule *rule = &field_rules[i];

	if (!(value >= rule->min && value <= rule->max) ||
	    (rule->above_min && !(value > rule->min))) {
		snprintf(reason, 160, "%s: must be %s %.10g and at most %.10g", rule->key,
			 rule->above_min ? "above" : "at least", rule->min, rule->max);
		return -EBADMSG;
	}
	if (rule->whole && floor(value) != value) {
		snprintf(reason, 160, "%s: not a whole number", rule->key);
		return -EBADMSG;
	}
	rule->store(report, value);
	return 0;
}
