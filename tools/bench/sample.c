/* SPDX-License-Identifier: BSD-2-Clause */
#include "sample.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* At so large a share of the sorted values, between two of them where it falls there. */
static double quantile(const double *values, size_t count, double share)
{
	double place = share * (double)(count - 1);
	size_t below = (size_t)place;

	if (below + 1 >= count)
		return values[count - 1];
	return values[below] + (place - (double)below) * (values[below + 1] - values[below]);
}

struct sample_summary sample_summary(double *values, size_t count)
{
	struct sample_summary summary;
	double range;

	qsort(values, count, sizeof(*values), compare);
	summary.median = quantile(values, count, 0.5);
	range = quantile(values, count, 0.75) - quantile(values, count, 0.25);
	summary.spread = summary.median > 0 ? range / summary.median : 0;
	return summary;
}

double sample_quantile(double *values, size_t count, double share)
{
	qsort(values, count, sizeof(*values), compare);
	return quantile(values, count, share);
}

bool sample_noisy(const struct sample_summary *summary)
{
	return summary->spread > SAMPLE_NOISY;
}
