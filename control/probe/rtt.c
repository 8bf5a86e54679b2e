/* SPDX-License-Identifier: BSD-2-Clause */
#include "probe/rtt.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FOLLOW_PART 0.05
#define FOLLOW_S    0.0001

void rtt_init(struct rtt *rtt)
{
	*rtt = (struct rtt){ .published = -1 };
}

static void rtt_fate(struct rtt *rtt, bool answered)
{
	rtt->fates = rtt->fates << 1 | answered;
	if (rtt->fate_count < RTT_FATES)
		rtt->fate_count++;
}

bool rtt_add(struct rtt *rtt, double seconds, uint64_t now_ms)
{
	double median;

	rtt_fate(rtt, true);
	rtt->answered_ms = now_ms;
	rtt->sample[rtt->at] = seconds;
	rtt->at = (rtt->at + 1) % RTT_WINDOW;
	if (rtt->samples < RTT_WINDOW)
		rtt->samples++;
	median = rtt_median(rtt);
	if (rtt->published >= 0 &&
	    fabs(median - rtt->published) <= fmax(FOLLOW_S, rtt->published * FOLLOW_PART))
		return false;
	rtt->published = median;
	return true;
}

void rtt_lost(struct rtt *rtt)
{
	rtt_fate(rtt, false);
}

void rtt_forget(struct rtt *rtt)
{
	rtt->samples = rtt->at = 0;
	rtt->published = -1;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double rtt_median(const struct rtt *rtt)
{
	double sorted[RTT_WINDOW];

	if (!rtt->samples)
		return -1;
	memcpy(sorted, rtt->sample, rtt->samples * sizeof(*sorted));
	qsort(sorted, rtt->samples, sizeof(*sorted), by_size);
	return (sorted[rtt->samples / 2] + sorted[(rtt->samples - 1) / 2]) / 2;
}

double rtt_least(const struct rtt *rtt)
{
	double least = rtt->samples ? rtt->sample[0] : -1;

	for (size_t i = 1; i < rtt->samples; i++)
		least = fmin(least, rtt->sample[i]);
	return least;
}

double rtt_loss(const struct rtt *rtt)
{
	if (!rtt->fate_count)
		return 0;
	return 1 - (double)__builtin_popcountll(rtt->fates) / rtt->fate_count;
}
