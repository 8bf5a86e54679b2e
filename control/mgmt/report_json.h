/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A report (metric/report.h) as JSON members, and back: one table of fields for `show`, `metric`
 * and `explain`.
 */
#pragma once
#include "bgp/path.h"
#include "catalog/dated.h"
#include "metric/raw.h"
#include "select/weights.h"

#include <jansson.h>

void report_put(json_t *object, const struct report *report);

/* The report's score, or the one that it and the set (may be NULL) amount to, and by what function:
 * nothing where none of the metrics is known. In show_scores.c. */
void score_put(json_t *object, const struct scores *scores, const struct report *report,
	       const struct value_set *set);

/* By which carrier it came, and by which of them each field did where there are several. Nothing
 * for our own. */
void carried_put(json_t *object, uint32_t carrier, const uint32_t carried[BGP_CARRIER_COUNT]);

/* How the age of an offer's report is known, and what its clock says beside ours. */
void dated_put(json_t *object, enum dated_by by, int64_t lag_ms);

const char *distrust_text(enum weights_distrust distrust);

struct ingress_site_view;

/* What its egress says of the whole site, if it is not all there. */
void site_state_put(json_t *object, const struct ingress_site_view *site);

/* Reads the members of *object that are fields of a report; others are left to the caller. NULL and
 * *ret is whole; or the name of the first field whose value is out of range. */
const char *report_get(const json_t *object, struct report *ret);

const char *policy_text(enum policy policy);

/* A BGP identifier, four octets; nothing where it is zero. */
void id_put(json_t *object, const char *key, const uint8_t id[4]);
