/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers as JSON: data, or {"error":{"code","message","path","hint"}}. The codes are stable, for
 * scripts; the sentences are for people and free to change. The daemon and margay share this file,
 * so that both speak of one list.
 */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* name, code in JSON, exit status of margay */
#define ANSWER_ERRORS(X)                              \
	X(BAD_REQUEST, "bad-request", 2)              \
	X(UNKNOWN_VERB, "unknown-verb", 2)            \
	X(UNKNOWN_ARGUMENT, "unknown-argument", 2)    \
	X(MISSING_ARGUMENT, "missing-argument", 2)    \
	X(BAD_ARGUMENT, "bad-argument", 2)            \
	X(USAGE, "usage", 2)                          \
	X(FORBIDDEN, "forbidden", 1)                  \
	X(NOT_CONFIGURED, "not-configured", 1)        \
	X(EXISTS, "exists", 1)                        \
	X(REFUSED, "refused", 1)                      \
	X(STATE_NOT_SAVED, "state-not-saved", 1)      \
	X(NO_MEMORY, "no-memory", 1)                  \
	X(BAD_RECORD, "bad-record", 1)                \
	X(BAD_ANSWER, "bad-answer", 1)                \
	X(UNREACHABLE, "daemon-unreachable", 3)       \
	X(NOT_FOUND, "not-found", 4)                  \
	X(CONFIG_INVALID, "configuration-invalid", 5) \
	X(TIMED_OUT, "timed-out", 6)

#define ANSWER_ERROR_ENUM(name, code, status) ANSWER_##name,
enum answer_error { ANSWER_ERRORS(ANSWER_ERROR_ENUM) ANSWER_ERROR_COUNT };

/* path and hint NULL: none. NULL: no memory. */
json_t *answer_error(enum answer_error error, const char *path, const char *hint,
		     const char *format, ...) __attribute__((format(printf, 4, 5)));
/* For what a call of ingress.h or egress.h returned; what: "service 'web'". */
json_t *answer_errno(int err, const char *what);
json_t *answer_done(void); /* {"result":"done"} */

/* The exit status that margay leaves with after this answer; 0 where it is no error. */
int answer_status(const json_t *answer);

/* Sets a member; a value that is none (not finite, empty text, NULL) is left out, never null. */
void answer_number(json_t *object, const char *key, double value);
void answer_count(json_t *object, const char *key, uint64_t value);
void answer_text(json_t *object, const char *key, const char *value);
void answer_flag(json_t *object, const char *key, bool value);
/* NO_MEMBER of a list in abi.h as "no-member", into ret (32 octets): words are spelt as in YANG. */
const char *answer_name(const char *upper, char ret[32]);
/* A new array or object as a member, borrowed; NULL: no memory, which jansson's setters take. */
json_t *answer_array(json_t *object, const char *key);
json_t *answer_object(json_t *object, const char *key);
json_t *answer_append(json_t *array); /* a new object at its end */
