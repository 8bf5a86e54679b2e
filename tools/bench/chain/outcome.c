/* SPDX-License-Identifier: BSD-2-Clause */
#include "outcome.h"

#include "base/util.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#define SHARE_SLACK 0.03 /* of all: slots and buckets cut the weights into so coarse parts */
#define SIGMAS      5

bool run_spoilt(const struct run *run)
{
	return run->waited > OUTCOME_WAIT_MAX || run->lost > OUTCOME_LOST_MAX;
}

static double total(const struct tally *tally)
{
	double sum = 0;

	for (int i = 0; i < CHAIN_SITES; i++)
		sum += (double)tally->right[i];
	return sum;
}

const char *run_fault(const struct run *run, enum router router, uint32_t flows,
		      char ret[OUTCOME_WORDS])
{
	const struct tally *tally = &run->tally;
	double all = total(tally);

	if (tally->wrong) {
		snprintf(ret, OUTCOME_WORDS,
			 "%llu packets arrived that were not right (%.0f that were)",
			 (unsigned long long)tally->wrong, all);
		return ret;
	}
	if (all < 1) {
		snprintf(ret, OUTCOME_WORDS, "no packet has arrived");
		return ret;
	}
	for (int i = 0; router != ROUTER_FLOOR && i < CHAIN_SITES; i++) {
		double want = (i + 1) / (double)CHAIN_SHARES;
		double share = (double)tally->right[i] / all;
		double sigma = sqrt(want * (1 - want) * (1.0 / flows + 1 / all));

		if (fabs(share - want) > SHARE_SLACK + SIGMAS * sigma) {
			snprintf(ret, OUTCOME_WORDS,
				 "site %d got %.1f %% of the packets, and its weight says %.0f %%",
				 i + 1, 100 * share, 100 * want);
			return ret;
		}
	}
	return NULL;
}

/* Of one figure, which lies `offset` octets into a run, in every pair. */
static struct sample_summary sum_figure(const struct run pairs[][ROUTER_COUNT], size_t count,
					enum router router, size_t offset, double *values)
{
	for (size_t i = 0; i < count; i++)
		values[i] = *(const double *)((const char *)&pairs[i][router] + offset);
	return sample_summary(values, count);
}

static void sum_ratios(const struct run pairs[][ROUTER_COUNT], size_t count, double *values,
		       struct outcome *ret)
{
	for (size_t i = 0; i < count; i++)
		values[i] = pairs[i][ROUTER_MARGAY].packets_s / pairs[i][ROUTER_KERNEL].packets_s;
	ret->ratio = sample_summary(values, count); /* sorts them */
	ret->ratio_min = values[0];
	ret->ratio_max = values[count - 1];
}

int outcome_sum(const struct run pairs[][ROUTER_COUNT], size_t count, struct outcome *ret)
{
	_cleanup_(freep) double *values = calloc(count, sizeof(*values));

	if (!values)
		return -ENOMEM;
	for (enum router router = 0; router < ROUTER_COUNT; router++) {
		const struct {
			size_t offset;
			double *ret;
		} medians[] = {
			{ offsetof(struct run, arrived_s), &ret->router[router].arrived_s },
			{ offsetof(struct run, rested), &ret->router[router].rested },
		};

		ret->router[router].packets_s =
			sum_figure(pairs, count, router, offsetof(struct run, packets_s), values);
		for (size_t i = 0; i < ARRAY_SIZE(medians); i++)
			*medians[i].ret =
				sum_figure(pairs, count, router, medians[i].offset, values).median;
	}
	sum_ratios(pairs, count, values, ret);
	return 0;
}

bool outcome_saturated(const struct outcome *outcome, enum router router)
{
	return outcome->router[router].rested <= OUTCOME_REST_MAX;
}

bool outcome_held(const struct outcome *outcome)
{
	return outcome_saturated(outcome, ROUTER_KERNEL) &&
	       outcome->ratio.median >= OUTCOME_RATIO_MIN;
}
