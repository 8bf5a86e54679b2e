/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The types of raw metrics that Margay knows by name: their unit, their category (level 1 of
 * draft-ietf-cats-metric-definition section 4) and which values are the worst and the best there
 * are. Constant data. Any other type may come as well: it is kept, shown, and counts for nothing
 * unless the configuration says how.
 */
#pragma once
#include <stddef.h>

enum kind_category {
	KIND_COMPUTING,
	KIND_COMMUNICATION,
	KIND_SERVICE,
	KIND_COMPOSED, /* of several: compute and network */
	KIND_CATEGORY_COUNT
};

struct kind {
	const char *type, *unit;
	enum kind_category category;
	double worst, best; /* that score 0 and 10; equal: it has no natural ends */
	const char *text;
};

/* NULL: not known. */
const struct kind *kind_find(const char *type);
/* The index-th of them; NULL: there are no more. */
const struct kind *kind_at(size_t index);

const char *kind_category_text(enum kind_category category);
