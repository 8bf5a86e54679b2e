/* SPDX-License-Identifier: BSD-2-Clause */
#include "bounds.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static const struct {
	const char *name;
	double values[8];
	size_t count;
	double median, spread;
	bool noisy;
} samples[] = {
	{ "one", { 5 }, 1, 5, 0, false },
	{ "two", { 4, 2 }, 2, 3, 1.0 / 3, true },
	{ "odd", { 3, 1, 2 }, 3, 2, 0.5, true },
	{ "seven, one far off", { 100, 101, 99, 102, 98, 100, 900 }, 7, 100, 0.02, false },
	{ "just quiet", { 90, 95, 100, 105, 110 }, 5, 100, 0.1, false },
	{ "just noisy", { 90, 94, 100, 105, 110 }, 5, 100, 0.11, true },
	{ "nothing at all", { 0, 0, 0 }, 3, 0, 0, false },
};

Test(bench_bounds, sums_up_samples)
{
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		size_t size = samples[i].count * sizeof(double);
		_cleanup_(freep) double *values = malloc(size);
		struct sample_summary summary;

		cr_assert(values != NULL);
		memcpy(values, samples[i].values, size);
		summary = sample_summary(values, samples[i].count);
		cr_expect(epsilon_eq(dbl, summary.median, samples[i].median, 1e-9), "%s",
			  samples[i].name);
		cr_expect(epsilon_eq(dbl, summary.spread, samples[i].spread, 1e-9), "%s",
			  samples[i].name);
		cr_expect(sample_noisy(&summary) == samples[i].noisy, "%s", samples[i].name);
	}
}

Test(bench_bounds, finds_quantiles_of_samples)
{
	double values[] = { 5, 1, 4, 2, 3 };

	cr_expect(epsilon_eq(dbl, sample_quantile(values, 5, 0), 1, 1e-9));
	cr_expect(epsilon_eq(dbl, sample_quantile(values, 5, 0.5), 3, 1e-9));
	cr_expect(epsilon_eq(dbl, sample_quantile(values, 5, 0.99), 4.96, 1e-9));
	cr_expect(epsilon_eq(dbl, sample_quantile(values, 5, 1), 5, 1e-9));
}

/* What a machine measures that holds every bound, just so, and that of the hooks nearly: net 60 and
 * 75 at rest, 300 moving, 225 with two choices. */
static double gross(const struct bench_case *c)
{
	double net = c->flows == 1                      ? 60
		     : c->moving_pct == PLAN_TWO_CHOICE ? 225
		     : c->moving_pct                    ? 300
							: 75;

	return 25 + (c->build == BUILD_UNCOUNTED  ? net * 0.9
		     : c->build == BUILD_UNTRACED ? net * 0.953
						  : net);
}

static struct result *measured(size_t *ret_count)
{
	struct plan plan = plan_default();
	struct bench_case *cases;
	struct result *results;

	plan_check(&plan);
	cases = plan_cases(&plan, ret_count);
	cr_assert(cases != NULL);
	results = calloc(*ret_count, sizeof(*results));
	cr_assert(results != NULL);
	for (size_t i = 0; i < *ret_count; i++)
		results[i] = (struct result){ .what = cases[i],
					      .floor.median = 25,
					      .gross.median = gross(&cases[i]) };
	free(cases);
	return results;
}

static const struct {
	const char *name;
	uint32_t flows, moving_pct;
	enum bench_build build;
	double add; /* to gross */
	size_t fail;
} changes[] = {
	{ "nothing", 1, 0, BUILD_WHOLE, 0, 0 },
	/* Three ratios, twice over four times the floor, and twice counters that save more. */
	{ "more flows cost more", 1000000, 0, BUILD_WHOLE, 0.1, 3 + 2 + 2 },
	{ "pins cost more", 1000000, 100, BUILD_WHOLE, 0.1, 3 },
	{ "two choices cost more", 1000000, PLAN_TWO_CHOICE, BUILD_WHOLE, 0.1, 3 },
	{ "counters cost more", 1000000, 0, BUILD_UNCOUNTED, -0.1, 2 },
	{ "trace costs more", 1000000, 0, BUILD_UNTRACED, -0.3, 1 },
};

static size_t failed(const struct result *results, size_t count, size_t *ret_all)
{
	struct bound_verdict verdicts[BOUNDS_MAX];
	size_t all = bounds_judge(results, count, verdicts), bad = 0;

	for (size_t i = 0; i < all; i++)
		bad += !verdicts[i].held;
	*ret_all = all;
	return bad;
}

Test(bench_bounds, judges_each_side_of_a_bound)
{
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		size_t count, all;
		_cleanup_(freep) struct result *results = measured(&count);

		for (size_t j = 0; j < count; j++) {
			const struct bench_case *c = &results[j].what;

			if (c->flows == changes[i].flows &&
			    c->moving_pct == changes[i].moving_pct && c->build == changes[i].build)
				results[j].gross.median += changes[i].add;
		}
		cr_expect(eq(sz, failed(results, count, &all), changes[i].fail), "%s",
			  changes[i].name);
		cr_expect(eq(sz, all, 14), "%s", changes[i].name);
	}
}

Test(bench_bounds, fails_what_was_not_measured)
{
	size_t count, all;
	_cleanup_(freep) struct result *results = measured(&count);

	cr_expect(eq(sz, failed(results, 0, &all), 14));
	for (size_t i = 0; i < count; i++)
		results[i].gross.median = results[i].floor.median; /* net 0: nothing to judge */
	cr_expect(eq(sz, failed(results, count, &all), 14));
}
