/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which samples of a source give which value of a report. A value is
 *
 *     scale * (sum of terms) / (sum of the terms of `per`)       or 1 minus that
 *
 * and a term is what a metric's samples are combined to, or their rates. Immutable once made, and
 * shared by reference count; event loop only.
 */
#pragma once
#include "agent/exposition.h"

#define MAPPING_VALUES_MAX   16
#define MAPPING_TERMS_MAX    4 /* of a sum */
#define MAPPING_ALIASES_MAX  4
#define MAPPING_MATCHERS_MAX 4
#define MAPPING_METRIC_MAX   96 /* with the closing 0 */

enum mapping_combine { MAPPING_SUM, MAPPING_MEAN, MAPPING_MIN, MAPPING_MAX, MAPPING_COUNT };

/* value: a glob, in which * stands for any octets. A label that a sample lacks is "". */
struct mapping_matcher {
	char label[48], value[80];
	bool negate;
};

struct mapping_term {
	char metric[MAPPING_ALIASES_MAX]
		   [MAPPING_METRIC_MAX]; /* the first that has samples counts */
	size_t metric_count;
	struct mapping_matcher matcher[MAPPING_MATCHERS_MAX]; /* all must hold */
	size_t matcher_count;
	enum mapping_combine combine;
	bool rate; /* samples are counters: of each its increase per second */
};

struct mapping_value {
	char name[32]; /* of a field of the report (field.h), "drain", or anything else */
	struct mapping_term of[MAPPING_TERMS_MAX], per[MAPPING_TERMS_MAX];
	size_t of_count, per_count; /* per_count 0: divide by nothing */
	double scale;
	bool complement;
	double maximum; /* above it the value is not believed; 0: no such bound */
};

struct mapping {
	unsigned int references;
	char name[64];
	struct mapping_value value[MAPPING_VALUES_MAX];
	size_t value_count;
};

struct mapping *mapping_new(const char *name); /* with one reference; NULL: no memory */
struct mapping *mapping_ref(struct mapping *mapping);
void mapping_unref(struct mapping **mapping);
bool mapping_equal(const struct mapping *a, const struct mapping *b);

/* The number of the metric's name in the term, or -1: the term does not want it. */
int mapping_alias(const struct mapping_term *term, const char *name, size_t len);
bool mapping_matches(const struct mapping_term *term, const struct exposition_sample *sample);
bool mapping_glob(const char *glob, const char *text, size_t len);
