/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A struct as a JSON object and back, by one table of its members, so that what is written and what
 * is read cannot differ. Numbers come back as they were, to the last bit. Strict: a member that the
 * table does not have, a wrong type and a value out of range are faults.
 */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum form_type {
	FORM_NUMBER, /* double, finite */
	FORM_ANY,    /* double; "inf", "-inf" and "nan" where it is none of the others */
	FORM_FLAG,   /* bool; left out where false */
	FORM_U8,
	FORM_U16,
	FORM_U32,
	FORM_S64,
	FORM_ID,   /* uint64_t, 16 hexadecimal digits */
	FORM_WORD, /* enum: its text */
	FORM_TEXT, /* char[] */
};

struct form_field {
	const char *name;
	enum form_type type;
	size_t offset;
	double min, max; /* of a number, an integer, a word's value, a text's octets with its end */
	const char *(*word)(int value);
	uint32_t bit; /* only where it is set in the form's `has`; 0: always there */
};

struct form {
	const struct form_field *field;
	size_t count;
	size_t has; /* offset of a uint32_t, where fields have bits */
};

#define FORM_FAULT_LEN 160

/* Says what is wrong; returns -EBADMSG. */
int form_fault(char ret[FORM_FAULT_LEN], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Members that stay in the object although no table has them are for others to read. */
void form_put(json_t *object, const struct form *form, const void *from);

/* Reads and removes its members from the object. False: *ret is in parts, and ret_fault has the
 * reason. */
bool form_take(json_t *object, const struct form *form, void *ret, char ret_fault[FORM_FAULT_LEN]);

/* After all members were taken: is anything left that nobody knows? */
bool form_empty(const json_t *object, char ret_fault[FORM_FAULT_LEN]);

/* Characters that could steer a terminal: C0, DEL, and C1, which in UTF-8 is C2 80 to C2 9F. */
bool form_steers(const char *text);

/* A double that may be none, as in FORM_ANY. */
json_t *form_any(double value);
bool form_any_get(const json_t *value, double *ret);
