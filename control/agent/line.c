/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/line.h"

#include "base/util.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* A key whose value is a number, and what it may be. Bounds are far beyond any real site: they keep
 * infinities and slips of the unit (milliseconds for seconds) out of the selector's arithmetic. */
struct number_rule {
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

static const struct number_rule number_rules[] = {
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

static int line_number(const struct number_rule *rule, const json_t *value, struct report *report,
		       char reason[160])
{
	double v = json_number_value(value);

	if (!json_is_number(value)) {
		snprintf(reason, 160, "%s: not a number", rule->key);
		return -EBADMSG;
	}
	if (!(v >= rule->min && v <= rule->max) || (rule->above_min && !(v > rule->min))) {
		snprintf(reason, 160, "%s: must be %s %.10g and at most %.10g", rule->key,
			 rule->above_min ? "above" : "at least", rule->min, rule->max);
		return -EBADMSG;
	}
	if (rule->whole && floor(v) != v) {
		snprintf(reason, 160, "%s: not a whole number", rule->key);
		return -EBADMSG;
	}
	rule->store(report, v);
	return 0;
}

static int line_numbers(const json_t *object, struct report *report, char reason[160])
{
	for (size_t i = 0; i < ARRAY_SIZE(number_rules); i++) {
		const json_t *value = json_object_get(object, number_rules[i].key);
		int r = value ? line_number(&number_rules[i], value, report, reason) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

static int line_drain(const json_t *object, struct report *report, char reason[160])
{
	const json_t *value = json_object_get(object, "drain");

	if (value && !json_is_boolean(value)) {
		snprintf(reason, 160, "drain: not true or false");
		return -EBADMSG;
	}
	report->drain = json_is_true(value);
	return 0;
}

static int line_service(const json_t *object, char ret[LINE_SERVICE_MAX], char reason[160])
{
	const json_t *value = json_object_get(object, "service");
	size_t len = json_string_length(value);

	if (value && (!json_is_string(value) || !len || len >= LINE_SERVICE_MAX)) {
		snprintf(reason, 160, "service: not a name of 1 to %d bytes", LINE_SERVICE_MAX - 1);
		return -EBADMSG;
	}
	if (value)
		memcpy(ret, json_string_value(value), len + 1);
	return 0;
}

static void json_putp(json_t **json)
{
	json_decref(*json);
}

int line_decode(const char *text, size_t len, int64_t now_ms, struct line *ret, char reason[160])
{
	struct line line = { .report = { .has = REPORT_SAMPLED, .sampled_ms = now_ms } };
	json_error_t error;
	_cleanup_(json_putp) json_t *object = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);

	if (!object) {
		snprintf(reason, 160, "not JSON: %.140s", error.text);
		return -EBADMSG;
	}
	if (!json_is_object(object)) {
		snprintf(reason, 160, "not a JSON object");
		return -EBADMSG;
	}
	if (line_service(object, line.service, reason) < 0 ||
	    line_drain(object, &line.report, reason) < 0 ||
	    line_numbers(object, &line.report, reason) < 0)
		return -EBADMSG;
	*ret = line;
	return 0;
}
