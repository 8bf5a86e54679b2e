/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/line.h"

#include "agent/field.h"
#include "base/util.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static int line_numbers(const json_t *object, struct report *report, char reason[160])
{
	const char *key;

	for (size_t i = 0; (key = field_key(i)); i++) {
		const json_t *value = json_object_get(object, key);

		if (value && !json_is_number(value)) {
			snprintf(reason, 160, "%s: not a number", key);
			return -EBADMSG;
		}
		if (value && field_store(report, i, json_number_value(value), reason) < 0)
			return -EBADMSG;
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
