/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A report (metric/report.h) as JSON members, and back: one table of fields for `show`, `metric`
 * and `explain`.
 */
#pragma once
#include "metric/report.h"
#include "select/weights.h"

#include <jansson.h>

void report_put(json_t *object, const struct report *report);

/* Reads the members of *object that are fields of a report; others are left to the caller. NULL and
 * *ret is whole; or the name of the first field whose value is out of range. */
const char *report_get(const json_t *object, struct report *ret);

const char *policy_text(enum policy policy);
