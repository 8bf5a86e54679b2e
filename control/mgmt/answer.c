/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/answer.h"

#include "base/utf8.h"
#include "base/util.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ANSWER_ERROR_CODE(name, code, status) code,
static const char *const codes[] = { ANSWER_ERRORS(ANSWER_ERROR_CODE) };

#define ANSWER_ERROR_STATUS(name, code, status) status,
static const int statuses[] = { ANSWER_ERRORS(ANSWER_ERROR_STATUS) };

/* What was cut in the middle of a character, or never was UTF-8, has '?' there: JSON takes no other
 * text. NULL: no memory. */
static json_t *text_json(const char *text)
{
	_cleanup_(freep) char *mended = NULL;
	size_t len = strlen(text);

	if (utf8_valid((const uint8_t *)text, len))
		return json_string(text);
	mended = strdup(text);
	for (size_t i = 0, n; mended && i < len; i += n ? n : 1) {
		uint32_t value;

		n = utf8_next((const uint8_t *)mended + i, len - i, &value);
		if (!n)
			mended[i] = '?';
	}
	return mended ? json_string(mended) : NULL;
}

json_t *answer_error(enum answer_error error, const char *path, const char *hint,
		     const char *format, ...)
{
	_cleanup_(freep) char *message = NULL;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&message, format, args);
	va_end(args);
	if (len < 0)
		message = NULL;
	return json_pack("{s:{s:s, s:o, s:o, s:o}}", "error", "code", codes[error], "message",
			 text_json(message ? message : ""), "path", text_json(path ? path : ""),
			 "hint", text_json(hint ? hint : ""));
}

json_t *answer_errno(int err, const char *what)
{
	switch (err) {
	case -ENOENT:
		return answer_error(ANSWER_NOT_FOUND, NULL, "margay show services lists all",
				    "there is no %s", what);
	case -EEXIST:
		return answer_error(ANSWER_EXISTS, NULL, "withdraw it first", "%s is there already",
				    what);
	case -EINVAL:
		return answer_error(ANSWER_BAD_ARGUMENT, NULL, NULL, "%s: a value is not right",
				    what);
	case -ENOMEM:
		return answer_error(ANSWER_NO_MEMORY, NULL, NULL, "%s: no memory", what);
	default:
		return answer_error(ANSWER_REFUSED, NULL, "margayd's log may tell more", "%s: %s",
				    what, strerror(-err));
	}
}

json_t *answer_done(void)
{
	return json_pack("{s:s}", "result", "done");
}

int answer_status(const json_t *answer)
{
	const json_t *error = json_object_get(answer, "error");
	const char *code = json_string_value(json_object_get(error, "code"));

	if (!error)
		return 0;
	for (size_t i = 0; code && i < ANSWER_ERROR_COUNT; i++)
		if (strcmp(codes[i], code) == 0)
			return statuses[i];
	return 1;
}

void answer_number(json_t *object, const char *key, double value)
{
	/* json_real() of what is not finite is NULL, and then there is no member. */
	json_object_set_new(object, key, json_real(value));
}

void answer_count(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)(value & INT64_MAX)));
}

void answer_text(json_t *object, const char *key, const char *value)
{
	if (value && *value)
		json_object_set_new(object, key, text_json(value));
}

void answer_flag(json_t *object, const char *key, bool value)
{
	json_object_set_new(object, key, json_boolean(value));
}

json_t *answer_array(json_t *object, const char *key)
{
	json_t *array = json_array();

	return json_object_set_new(object, key, array) < 0 ? NULL : array;
}

json_t *answer_object(json_t *object, const char *key)
{
	json_t *child = json_object();

	return json_object_set_new(object, key, child) < 0 ? NULL : child;
}

json_t *answer_append(json_t *array)
{
	json_t *child = json_object();

	return json_array_append_new(array, child) < 0 ? NULL : child;
}

const char *answer_name(const char *upper, char ret[32])
{
	size_t i = 0;

	for (; upper[i] && i + 1 < 32; i++)
		ret[i] = upper[i] == '_' ? '-' : (char)(upper[i] | 0x20);
	ret[i] = '\0';
	return ret;
}
