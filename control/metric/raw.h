/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between raw values (level 0) and the report that the network carries: which value is which field,
 * and what stands in for one that a site does not give. README.md has the table. Pure.
 */
#pragma once
#include "metric/report.h"
#include "metric/scores.h"
#include "metric/value.h"

/* Adds the report's fields (not its score: that is no raw metric) as values of that source. What a
 * set has no room for is left out. sampled_ms is used where the report has no time. */
void raw_put_report(struct value_set *set, const struct report *report, enum value_source source,
		    int64_t sampled_ms);

/* Fills in what *report lacks, as far as the set tells it; what is out of range is passed over.
 * Sample time and window are those of the oldest and the longest value that was used, where the
 * report has none. Returns the bits of the fields that were filled in. */
uint32_t raw_complete(const struct value_set *set, struct report *report);

/* The report's score: the one it has, or by the functions from its fields and the set (may be
 * NULL). scores NULL: as scores_default. False, and *ret_score untouched: none of the metrics is
 * known. */
bool raw_score(const struct scores *scores, const struct report *report,
	       const struct value_set *set, uint8_t *ret_score);
