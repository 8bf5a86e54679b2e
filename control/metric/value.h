/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A raw metric (level 0 of draft-ietf-cats-metric-definition section 4): one number, with all that
 * is needed to read it; and a bounded set of them, what is known of one service at one site. Values
 * without owner or I/O; a set belongs to whoever embeds it. Level 0 is not carried by BGP.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VALUE_TYPE_MAX 48 /* with the NUL */
#define VALUE_UNIT_MAX 16 /* with the NUL */
#define VALUES_MAX     64 /* of one set */

/* Who says so. The order is that of belief: where a type is told by several, the first counts. */
enum value_source {
	VALUE_AGENT,      /* the site's own collector, or the site's report over BGP */
	VALUE_OBSERVED,   /* what this router sees of its own flows */
	VALUE_PROBE,      /* measured across the network, by STAMP */
	VALUE_CONFIGURED, /* an operator: nominal */
	VALUE_SOURCE_COUNT
};

/* Of what was measured in the window (section 4.1: cur, mean, min, max). */
enum value_statistic {
	VALUE_CURRENT, /* at one moment: without a window */
	VALUE_MEAN,
	VALUE_MIN,
	VALUE_MAX,
	VALUE_STATISTIC_COUNT
};

struct value {
	char type[VALUE_TYPE_MAX]; /* as in kind.h, or any other: that is kept, and ignored */
	char unit[VALUE_UNIT_MAX]; /* "s", "1/s", "ratio" (1 is all), "slots", "requests"; "": none
				    */
	double value;              /* finite, at most VALUE_LIMIT either way */
	enum value_source source;
	enum value_statistic statistic;
	double window_s;    /* > 0; 0 with VALUE_CURRENT only */
	int64_t sampled_ms; /* Unix time in ms at which it was taken; 0: not known (configured) */
};

#define VALUE_LIMIT 1e15

const char *value_source_text(enum value_source source);
const char *value_statistic_text(enum value_statistic statistic);

/* Is the value all that its fields promise? NULL, or what is wrong with it. A type is 1 to 47 of
 * a-z, 0-9, `-`, `_`, `.` and `:`, and begins with a letter. */
const char *value_validate(const struct value *value);

/* At most one value of the same type, source and statistic. */
struct value_set {
	struct value *value; /* in the order in which their keys came */
	size_t count;
};

void value_set_clear(struct value_set *set); /* frees; empty afterwards */

/* Makes *ret, which is empty before, a copy. from NULL: nothing. 0; or -ENOMEM, and it is empty. */
int value_set_copy(const struct value_set *from, struct value_set *ret);

/* Adds a copy, or puts it in the place of the one of the same key, if it is not older than that
 * (then nothing happens, and it is 0 as well). 0; -EINVAL: value_validate() objects; -ENOSPC: the
 * set is full; -ENOMEM. After an error the set is as it was. */
int value_set_put(struct value_set *set, const struct value *value);

/* The one of this type; of several sources the first of enum value_source, of several statistics
 * the first of enum value_statistic. NULL: none. Borrowed until the set changes. */
const struct value *value_set_find(const struct value_set *set, const char *type);

/* The same of one source alone. */
const struct value *value_set_find_of(const struct value_set *set, const char *type,
				      enum value_source source);

/* Takes out what was sampled before that; what has no sample time stays. Returns how many. */
size_t value_set_forget(struct value_set *set, int64_t before_ms);
