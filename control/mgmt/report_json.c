/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/report_json.h"

#include "base/util.h"
#include "mgmt/answer.h"

#include <stddef.h>

enum field_type { FIELD_DOUBLE, FIELD_U32, FIELD_U16, FIELD_U8 };

static const struct field {
	const char *name;
	enum report_field bit;
	enum field_type type;
	size_t offset;
	double scale; /* of JSON to the struct */
	double min, max;
} fields[] = {
	{ "capacity", REPORT_CAPACITY, FIELD_DOUBLE, offsetof(struct report, capacity), 1, 1e-6,
	  1e9 },
	{ "service-time-ms", REPORT_SERVICE_TIME, FIELD_DOUBLE,
	  offsetof(struct report, service_time_s), 1e-3, 1e-6, 1e9 },
	{ "arrival-rate", REPORT_ARRIVAL_RATE, FIELD_DOUBLE, offsetof(struct report, arrival_rate),
	  1, 0, 1e9 },
	{ "in-flight", REPORT_IN_FLIGHT, FIELD_DOUBLE, offsetof(struct report, in_flight), 1, 0,
	  1e9 },
	{ "utilisation", REPORT_UTILISATION, FIELD_DOUBLE, offsetof(struct report, utilisation), 1,
	  0, 1e6 },
	{ "window", REPORT_WINDOW, FIELD_DOUBLE, offsetof(struct report, window_s), 1, 1e-3,
	  86400 },
	{ "score", REPORT_SCORE, FIELD_U8, offsetof(struct report, score), 1, 0, 10 },
	{ "preference", REPORT_PREFERENCE, FIELD_U32, offsetof(struct report, preference), 1, 0,
	  4294967295.0 },
	{ "availability", REPORT_AVAILABILITY, FIELD_U16, offsetof(struct report, availability), 1,
	  0, 100 },
	{ "delay-index", REPORT_DELAY, FIELD_U8, offsetof(struct report, delay_index), 1, 0, 100 },
};

static double field_load(const struct field *field, const struct report *report)
{
	const void *at = (const char *)report + field->offset;

	switch (field->type) {
	case FIELD_DOUBLE:
		return *(const double *)at / field->scale;
	case FIELD_U32:
		return *(const uint32_t *)at;
	case FIELD_U16:
		return *(const uint16_t *)at;
	default:
		return *(const uint8_t *)at;
	}
}

static void field_store(const struct field *field, double value, struct report *report)
{
	void *at = (char *)report + field->offset;

	switch (field->type) {
	case FIELD_DOUBLE:
		*(double *)at = value * field->scale;
		break;
	case FIELD_U32:
		*(uint32_t *)at = (uint32_t)value;
		break;
	case FIELD_U16:
		*(uint16_t *)at = (uint16_t)value;
		break;
	default:
		*(uint8_t *)at = (uint8_t)value;
	}
	report->has |= field->bit;
}

void report_put(json_t *object, const struct report *report)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const struct field *field = &fields[i];

		if (!(report->has & field->bit))
			continue;
		if (field->type == FIELD_DOUBLE)
			answer_number(object, field->name, field_load(field, report));
		else
			answer_count(object, field->name, (uint64_t)field_load(field, report));
	}
	if (report->has & REPORT_SAMPLED)
		json_object_set_new(object, "sampled-ms", json_integer(report->sampled_ms));
	answer_flag(object, "drain", report->drain);
}

static void put_fields(json_t *object, const char *carrier, uint32_t has)
{
	json_t *array = answer_array(object, carrier);

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (has & fields[i].bit)
			json_array_append_new(array, json_string(fields[i].name));
	if (has & REPORT_SAMPLED)
		json_array_append_new(array, json_string("sampled-ms"));
}

void carried_put(json_t *object, uint32_t carrier, const uint32_t carried[BGP_CARRIER_COUNT])
{
	json_t *by;

	if (!carrier)
		return;
	answer_text(object, "carrier", bgp_carrier_text(carrier));
	by = answer_object(object, "carried-by");
	for (size_t i = 0; i < BGP_CARRIER_COUNT; i++)
		if (carried[i])
			put_fields(by, bgp_carrier_text(BIT(i)), carried[i]);
}

void dated_put(json_t *object, enum dated_by by, int64_t lag_ms)
{
	answer_text(object, "dated-by", dated_text(by));
	if (by != DATED_ARRIVAL)
		json_object_set_new(object, "lag-ms", json_integer(lag_ms));
}

const char *distrust_text(enum weights_distrust distrust)
{
	static const char *const words[] = { [DISTRUST_DEGRADE] = "degrade",
					     [DISTRUST_HOLD] = "hold",
					     [DISTRUST_EXCLUDE] = "exclude" };

	return words[distrust];
}

const char *report_get(const json_t *object, struct report *ret)
{
	struct report report = { .drain = json_is_true(json_object_get(object, "drain")) };

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const json_t *member = json_object_get(object, fields[i].name);
		double value = json_number_value(member);

		if (!member)
			continue;
		if (value < fields[i].min || value > fields[i].max)
			return fields[i].name;
		field_store(&fields[i], value, &report);
	}
	*ret = report;
	return NULL;
}

void id_put(json_t *object, const char *key, const uint8_t id[4])
{
	struct addr addr = addr_of_v4(id);
	char text[ADDR_STRLEN];

	if (!addr_is_zero(&addr))
		answer_text(object, key, addr_format(&addr, text));
}
