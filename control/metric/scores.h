/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How raw metrics (level 0) become one value per category (level 1) and one score (level 2), after
 * draft-ietf-cats-metric-definition sections 4.2 and 4.3: each metric is normalised to 0..10, 10
 * best; a category aggregates its metrics; the score aggregates the categories. A value without
 * owner; pure. All routers of a domain must have the same (RFC 10053 section 5.4):
 * scores_fingerprint() tells.
 */
#pragma once
#include "metric/kind.h"
#include "metric/value.h"

#define SCORES_METRICS_MAX 32
#define SCORES_MAX         10 /* the best score */
#define SCORES_NAME_MAX    160

enum scores_normalisation {
	SCORES_MIN_MAX, /* 0 at `worst`, 10 at `best`, a straight line between: the draft's default
			 */
	SCORES_SIGMOID, /* 10 / (1 + exp(-steepness (value - middle))) */
	SCORES_NORMALISATION_COUNT
};

enum scores_aggregation {
	SCORES_MEAN,
	SCORES_MIN,
	SCORES_MAX_OF,
	SCORES_WEIGHTED,
	SCORES_AGGREGATION_COUNT
};

struct scores_metric {
	char type[VALUE_TYPE_MAX];
	enum kind_category category;
	double weight; /* > 0; counts where the category is SCORES_WEIGHTED */
	enum scores_normalisation normalisation;
	double worst, best;       /* SCORES_MIN_MAX: in the metric's unit, not the same */
	double middle, steepness; /* SCORES_SIGMOID: the value that scores 5; per unit, not 0, above
				   * 0 where more is better */
};

struct scores_category {
	enum scores_aggregation aggregation; /* of its metrics */
	double weight;                       /* > 0; counts where the score is SCORES_WEIGHTED */
};

struct scores {
	struct scores_metric metric[SCORES_METRICS_MAX]; /* types are unique */
	size_t count;                                    /* 0: as scores_default() */
	struct scores_category category[KIND_CATEGORY_COUNT];
	enum scores_aggregation aggregation; /* of the categories that have a value */
};

struct scores_result {
	double level1[KIND_CATEGORY_COUNT]; /* 0..10; NAN: none of its metrics is known */
	double exact;                       /* 0..10: level 2 before it is rounded */
	uint8_t score;                      /* 0..10: level 2 */
	size_t used, missing;               /* of the configured metrics */
};

/* One metric: utilisation, min-max from 1 to 0. What a router does that is not told otherwise. */
extern const struct scores scores_default;

/* What is wrong with the numbers: NULL, or the name of a field, and *ret_index is the metric's. */
const char *scores_validate(const struct scores *scores, size_t *ret_index);

/* 0..10 by the metric's own function; not rounded. */
double scores_normalise(const struct scores_metric *metric, double value);

/* What is not in the set is left out of the aggregation; what is not configured, too. False: none
 * of the configured metrics is known. scores NULL: as scores_default. */
bool scores_of(const struct scores *scores, const struct value_set *set, struct scores_result *ret);

/* The only metric is utilisation. */
bool scores_by_utilisation(const struct scores *scores);

/* The score that a site of this utilisation has, as far as it depends on that alone; and back: what
 * load a score stands for, 0..; for a carrier that brings nothing else. Where the score is of other
 * metrics, or of several, 10 stands for 0 and 0 for 1, in a straight line. scores may be NULL. */
double scores_of_utilisation(const struct scores *scores, double utilisation);
double scores_utilisation(const struct scores *scores, double score);

/* "min-max of utilisation", "mean(computing: min(cpu-utilisation, gpu-utilisation), service: ...)".
 * What is too long ends in "...". Returns ret. */
const char *scores_name(const struct scores *scores, char ret[SCORES_NAME_MAX]);

/* The same for the same functions and parameters, in whatever order they were configured. */
uint32_t scores_fingerprint(const struct scores *scores);

/* "low", "medium" or "high": 0..3, 4..7, 8..10 (section 4.3). */
const char *scores_band_text(uint8_t score);
const char *scores_aggregation_text(enum scores_aggregation aggregation);
const char *scores_normalisation_text(enum scores_normalisation normalisation);
