/* SPDX-License-Identifier: BSD-2-Clause */
/* What was measured, for people and for programs; on standard output. */
#pragma once
#include <stddef.h>

#include "bounds.h"
#include "result.h"

struct report {
	const struct plan *plan;
	const char *program; /* under test */
	const struct result *results;
	size_t count;
	const struct bound_verdict *bounds; /* NULL: they were not asked for */
	size_t bound_count;
};

void report_table(const struct report *report);
int report_json(const struct report *report); /* 0, or -ENOMEM */
