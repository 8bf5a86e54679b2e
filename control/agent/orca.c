/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/orca.h"

#include "base/util.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A field is a number, or a map of numbers by name. JSON of protobuf may use either spelling. */
static const struct {
	const char *name, *camel;
	bool map;
} fields[] = {
	{ "cpu_utilization", "cpuUtilization", false },
	{ "mem_utilization", "memUtilization", false },
	{ "application_utilization", "applicationUtilization", false },
	{ "rps_fractional", "rpsFractional", false },
	{ "rps", "rps", false },
	{ "eps", "eps", false },
	{ "utilization", "utilization", true },
	{ "named_metrics", "namedMetrics", true },
	{ "request_cost", "requestCost", true },
};

struct out {
	orca_sample_fn sample;
	void *user;
	char *reason;
};

static int refuse(const struct out *out, const char *what, const char *name, size_t len)
{
	snprintf(out->reason, 160, "load report: %s: %.*s", what, len < 64 ? (int)len : 64, name);
	return -EBADMSG;
}

/* member NULL: the field is a number itself. */
static int put(const struct out *out, const char *field, const char *member, size_t member_len,
	       double value)
{
	struct exposition_label label = {
		.name = "name", .name_len = 4, .value = member, .value_len = member_len
	};
	struct exposition_sample sample = { .name = field,
					    .name_len = strlen(field),
					    .label = &label,
					    .label_count = member ? 1 : 0,
					    .value = value };
	const char *fault;

	if (!isfinite(value))
		return refuse(out, "no number", field, strlen(field));
	fault = out->sample(out->user, &sample);
	return fault ? refuse(out, fault, field, strlen(field)) : 0;
}

/* name: of a field, or MAP.NAME. Fields that we do not know are passed over. */
static int put_text(const struct out *out, const char *name, size_t len, double value)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		size_t field_len = strlen(fields[i].name);
		bool begins = len >= field_len && !memcmp(name, fields[i].name, field_len);

		if (begins && !fields[i].map && len == field_len)
			return put(out, fields[i].name, NULL, 0, value);
		if (begins && fields[i].map && len > field_len + 1 && name[field_len] == '.')
			return put(out, fields[i].name, name + field_len + 1, len - field_len - 1,
				   value);
	}
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* One "name=value" or "name:value", blanks around it. Names may hold a colon where there is '='. */
static int read_pair(const struct out *out, const char *pair, size_t len)
{
	const char *mark = memchr(pair, '=', len), *name = pair, *end = pair + len, *value;
	char *after;
	double v;

	if (!mark)
		mark = memchr(pair, ':', len);
	if (!mark)
		return refuse(out, "a name without a value", pair, len);
	for (value = mark + 1; name < mark && is_blank(*name); name++)
		;
	while (mark > name && is_blank(mark[-1]))
		mark--;
	while (end > value && is_blank(end[-1]))
		end--;
	while (value < end && is_blank(*value))
		value++;
	if (mark == name || value == end)
		return refuse(out, "a name or a value is empty", pair, len);
	v = strtod(value, &after);
	if (after != end || memchr(value, '(', (size_t)(end - value)))
		return refuse(out, "no number", name, (size_t)(mark - name));
	return put_text(out, name, (size_t)(mark - name), v);
}

static int read_text(const struct out *out, const char *text)
{
	int r = 0;

	while (r == 0 && *text) {
		size_t len = strcspn(text, ",");

		r = read_pair(out, text, len);
		text += len;
		text += *text == ',';
	}
	return r;
}

static int put_json(const struct out *out, const char *field, const char *member,
		    const json_t *value)
{
	if (!json_is_number(value))
		return refuse(out, "no number", field, strlen(field));
	return put(out, field, member, member ? strlen(member) : 0, json_number_value(value));
}

static int read_member(const struct out *out, size_t field, json_t *value)
{
	const char *name, *field_name = fields[field].name;
	json_t *member;
	int r = 0;

	if (!fields[field].map)
		return put_json(out, field_name, NULL, value);
	if (!json_is_object(value))
		return refuse(out, "no map of numbers", field_name, strlen(field_name));
	json_object_foreach(value, name, member)
	{
		r = put_json(out, field_name, name, member);
		if (r < 0)
			break;
	}
	return r;
}

static void json_putp(json_t **json)
{
	json_decref(*json);
}

static int read_json(const struct out *out, const char *text)
{
	json_error_t error;
	_cleanup_(json_putp) json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, &error);

	if (!json_is_object(object))
		return refuse(out, "no JSON object", error.text,
			      object ? 0 : strnlen(error.text, sizeof(error.text)));
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		json_t *value = json_object_get(object, fields[i].name);
		int r;

		if (!value)
			value = json_object_get(object, fields[i].camel);
		r = value ? read_member(out, i, value) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

int orca_read(const char *value, bool json, orca_sample_fn sample, void *user, char reason[160])
{
	const struct out out = { sample, user, reason };

	if (strnlen(value, ORCA_VALUE_MAX + 1) > ORCA_VALUE_MAX)
		return refuse(&out, "longer than 8192 octets", "", 0);
	value += strspn(value, " \t");
	if (json)
		return read_json(&out, value);
	if (!strncmp(value, "JSON ", 5))
		return read_json(&out, value + 5);
	if (!strncmp(value, "BIN ", 4))
		return refuse(&out, "in binary, though TEXT or JSON was asked for", "", 0);
	return read_text(&out, strncmp(value, "TEXT ", 5) ? value : value + 5);
}
