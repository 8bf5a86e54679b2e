/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The numbers of a report under the names that collectors call them by (README.md of this
 * directory), each with the range it may have. Pure; any thread.
 */
#pragma once
#include "metric/report.h"

#include <stddef.h>

const char *field_key(size_t i); /* NULL: there are no more */
bool field_find(const char *key, size_t *ret);
bool field_is_whole(size_t i); /* takes no fractions */

/*
 * Puts a value into the report. 0, or -EBADMSG: out of range or no number, the report is untouched
 * and reason says why, its part before the first colon being the key.
 */
int field_store(struct report *report, size_t i, double value, char reason[160]);
