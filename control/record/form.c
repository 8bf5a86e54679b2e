/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/form.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_DIGITS 16

int form_fault(char ret[FORM_FAULT_LEN], const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(ret, FORM_FAULT_LEN, format, arguments);
	va_end(arguments);
	return -EBADMSG;
}

/* --- put -------------------------------------------------------------------------------------- */

json_t *form_any(double value)
{
	if (isfinite(value))
		return json_real(value);
	return json_string(isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
}

static json_t *id_json(uint64_t id)
{
	return json_sprintf("%0*" PRIx64, ID_DIGITS, id);
}

static json_t *field_json(const struct form_field *field, const void *at)
{
	switch (field->type) {
	case FORM_NUMBER:
	case FORM_ANY:
		return form_any(*(const double *)at);
	case FORM_FLAG:
		return *(const bool *)at ? json_true() : NULL;
	case FORM_U8:
		return json_integer(*(const uint8_t *)at);
	case FORM_U16:
		return json_integer(*(const uint16_t *)at);
	case FORM_U32:
		return json_integer(*(const uint32_t *)at);
	case FORM_S64:
		return json_integer(*(const int64_t *)at);
	case FORM_ID:
		return id_json(*(const uint64_t *)at);
	case FORM_WORD:
		return json_string(field->word(*(const int *)at));
	case FORM_TEXT:
		return json_string(at);
	}
	return NULL;
}

static uint32_t *form_has(const struct form *form, void *base)
{
	return (uint32_t *)((char *)base + form->has);
}

void form_put(json_t *object, const struct form *form, const void *from)
{
	for (size_t i = 0; i < form->count; i++) {
		const struct form_field *field = &form->field[i];
		json_t *value;

		if (field->bit && !(*form_has(form, (void *)from) & field->bit))
			continue;
		value = field_json(field, (const char *)from + field->offset);
		if (value)
			json_object_set_new(object, field->name, value);
	}
}

/* --- take ------------------------------------------------------------------------------------- */

bool form_any_get(const json_t *value, double *ret)
{
	const char *text = json_string_value(value);

	if (json_is_number(value))
		*ret = json_number_value(value);
	else if (text && strcmp(text, "nan") == 0)
		*ret = NAN;
	else if (text && strcmp(text, "inf") == 0)
		*ret = INFINITY;
	else if (text && strcmp(text, "-inf") == 0)
		*ret = -INFINITY;
	else
		return false;
	return true;
}

static bool id_get(const char *text, uint64_t *ret)
{
	if (!text || strlen(text) != ID_DIGITS || strspn(text, "0123456789abcdef") != ID_DIGITS)
		return false;
	*ret = strtoull(text, NULL, 16);
	return true;
}

static bool word_get(const struct form_field *field, const char *text, int *ret)
{
	for (int i = (int)field->min; text && i <= (int)field->max; i++)
		if (strcmp(text, field->word(i)) == 0) {
			*ret = i;
			return true;
		}
	return false;
}

static bool number_get(const struct form_field *field, const json_t *value, double *ret)
{
	double number = json_number_value(value);

	if (!json_is_number(value) || !(number >= field->min && number <= field->max))
		return false;
	*ret = number;
	return true;
}

static bool integer_get(const struct form_field *field, const json_t *value, json_int_t *ret)
{
	json_int_t integer = json_integer_value(value);

	if (!json_is_integer(value) || (double)integer < field->min || (double)integer > field->max)
		return false;
	*ret = integer;
	return true;
}

bool form_steers(const char *text)
{
	for (const unsigned char *at = (const unsigned char *)text; *at; at++)
		if (*at < 0x20 || *at == 0x7f || (*at == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f))
			return true;
	return false;
}

static bool text_get(const struct form_field *field, const char *text, char *ret)
{
	if (!text || strlen(text) >= (size_t)field->max || form_steers(text))
		return false;
	strcpy(ret, text);
	return true;
}

static void integer_store(const struct form_field *field, json_int_t value, void *at)
{
	switch (field->type) {
	case FORM_U8:
		*(uint8_t *)at = (uint8_t)value;
		break;
	case FORM_U16:
		*(uint16_t *)at = (uint16_t)value;
		break;
	case FORM_U32:
		*(uint32_t *)at = (uint32_t)value;
		break;
	default:
		*(int64_t *)at = value;
		break;
	}
}

static bool field_get(const struct form_field *field, const json_t *value, void *at)
{
	json_int_t integer;

	switch (field->type) {
	case FORM_NUMBER:
		return number_get(field, value, at);
	case FORM_ANY:
		return form_any_get(value, at);
	case FORM_FLAG:
		*(bool *)at = json_is_true(value);
		return json_is_boolean(value);
	case FORM_ID:
		return id_get(json_string_value(value), at);
	case FORM_WORD:
		return word_get(field, json_string_value(value), at);
	case FORM_TEXT:
		return text_get(field, json_string_value(value), at);
	default:
		if (!integer_get(field, value, &integer))
			return false;
		integer_store(field, integer, at);
		return true;
	}
}

static void field_wanted(const struct form_field *field, char ret[FORM_FAULT_LEN])
{
	switch (field->type) {
	case FORM_NUMBER:
		snprintf(ret, FORM_FAULT_LEN, "'%s' must be a number from %g to %g", field->name,
			 field->min, field->max);
		break;
	case FORM_ANY:
		snprintf(ret, FORM_FAULT_LEN, "'%s' must be a number, or inf, -inf or nan",
			 field->name);
		break;
	case FORM_FLAG:
		snprintf(ret, FORM_FAULT_LEN, "'%s' must be true or false", field->name);
		break;
	case FORM_ID:
		snprintf(ret, FORM_FAULT_LEN, "'%s' must be %d hexadecimal digits", field->name,
			 ID_DIGITS);
		break;
	case FORM_WORD:
		snprintf(ret, FORM_FAULT_LEN, "'%s' must be a word as '%s'", field->name,
			 field->word((int)field->min));
		break;
	case FORM_TEXT:
		snprintf(ret, FORM_FAULT_LEN,
			 "'%s' must be a printable text of less than %g octets", field->name,
			 field->max);
		break;
	default:
		snprintf(ret, FORM_FAULT_LEN, "'%s' must be an integer from %.0f to %.0f",
			 field->name, field->min, field->max);
		break;
	}
}

bool form_take(json_t *object, const struct form *form, void *ret, char ret_fault[FORM_FAULT_LEN])
{
	for (size_t i = 0; i < form->count; i++) {
		const struct form_field *field = &form->field[i];
		const json_t *value = json_object_get(object, field->name);

		if (!value && (field->bit || field->type == FORM_FLAG))
			continue;
		if (!value) {
			snprintf(ret_fault, FORM_FAULT_LEN, "'%s' is missing", field->name);
			return false;
		}
		if (!field_get(field, value, (char *)ret + field->offset)) {
			field_wanted(field, ret_fault);
			return false;
		}
		if (field->bit)
			*form_has(form, ret) |= field->bit;
		json_object_del(object, field->name);
	}
	return true;
}

bool form_empty(const json_t *object, char ret_fault[FORM_FAULT_LEN])
{
	const char *name = json_object_iter_key(json_object_iter((json_t *)object));

	if (name)
		snprintf(ret_fault, FORM_FAULT_LEN, "'%.80s' is not known here", name);
	return !name;
}
