/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One line of a collector's output: a JSON object whose keys README.md lists. Pure: bytes and a
 * time in, a report out.
 */
#pragma once
#include "metric/report.h"

#include <stddef.h>

#define LINE_SERVICE_MAX 32 /* with the closing 0; longer names are in no configuration */

struct line {
	char service[LINE_SERVICE_MAX]; /* "": the line names none */
	struct report report;
};

/*
 * now_ms is Unix time: what the sample is stamped with where the line says nothing, and the latest
 * it can claim. 0, or -EBADMSG: *ret is untouched and reason says why, its part before the first
 * colon the same for all faults of that kind.
 */
int line_decode(const char *text, size_t len, int64_t now_ms, struct line *ret, char reason[160]);
