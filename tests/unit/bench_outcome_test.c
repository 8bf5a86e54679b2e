/* SPDX-License-Identifier: BSD-2-Clause */
#include "outcome.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define MILLION 1000000.0

static const struct {
	const char *name;
	struct tally tally;
	uint32_t flows;
	const char *want; /* a part of the words; NULL: right */
} runs[] = {
	{ "as the weights say", { .right = { 100000, 200000, 300000, 400000 } }, 64000, NULL },
	{ "a little off", { .right = { 120000, 190000, 300000, 390000 } }, 64000, NULL },
	{ "evenly", { .right = { 250000, 250000, 250000, 250000 } }, 64000, "site 1 got 25.0 %" },
	{ "a site of none", { .right = { 100000, 200000, 0, 700000 } }, 64000, "site 3 got 0.0 %" },
	{ "one flow has one site", { .right = { 0, 0, 900000, 0 } }, 1, NULL },
	{ "a hundred flows, roughly", { .right = { 15, 20, 30, 35 } }, 100, NULL },
	{ "discovery is not ours", { .right = { 10, 20, 30, 40 }, .other = 9 }, 64000, NULL },
	{ "one wrong",
	  { .right = { 100000, 200000, 300000, 400000 }, .wrong = 1 },
	  64000,
	  "1 packets arrived that were not right" },
	{ "only wrong", { .wrong = 5 }, 64000, "5 packets" },
	{ "nothing", { .right = { 0 } }, 64000, "no packet" },
};

Test(bench_outcome, believes_right_runs_only)
{
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		const struct run run = { .tally = runs[i].tally };
		char words[OUTCOME_WORDS];
		const char *fault = run_fault(&run, ROUTER_KERNEL, runs[i].flows, words);

		cr_expect(eq(int, fault == NULL, runs[i].want == NULL), "%s: %s", runs[i].name,
			  fault ? fault : "right");
		if (fault && runs[i].want)
			cr_expect(strstr(fault, runs[i].want) != NULL, "%s: %s", runs[i].name,
				  fault);
	}
}

Test(bench_outcome, repeats_spoilt_runs)
{
	cr_expect(eq(int, run_spoilt(&(struct run){ .waited = OUTCOME_WAIT_MAX }), false));
	cr_expect(eq(int, run_spoilt(&(struct run){ .waited = OUTCOME_WAIT_MAX + 0.001 }), true));
	cr_expect(eq(int, run_spoilt(&(struct run){ .lost = OUTCOME_LOST_MAX + 0.001 }), true));
}

/* Kernel 1 million a second in each; Margay as listed. */
static struct outcome outcome_of(const double *millions, size_t count, double kernel_rested)
{
	_cleanup_(freep) struct run(*pairs)[ROUTER_COUNT] = calloc(count, sizeof(*pairs));
	struct outcome outcome = { .flows = 64000 };

	cr_assert(pairs != NULL);
	for (size_t i = 0; i < count; i++) {
		pairs[i][ROUTER_FLOOR] = (struct run){ .packets_s = 9 * MILLION };
		pairs[i][ROUTER_MARGAY] = (struct run){ .packets_s = millions[i] * MILLION,
							.arrived_s = 2 * MILLION };
		pairs[i][ROUTER_KERNEL] = (struct run){ .packets_s = MILLION,
							.arrived_s = MILLION / 2,
							.rested = kernel_rested };
	}
	cr_assert(eq(int, outcome_sum(pairs, count, &outcome), 0));
	return outcome;
}

/* The floor's packets have no site. */
Test(bench_outcome, floor_has_no_weights)
{
	const struct run run = { .tally = { .right = { 5000 } } };
	char words[OUTCOME_WORDS];

	cr_expect(run_fault(&run, ROUTER_FLOOR, 64000, words) == NULL);
	cr_expect(run_fault(&run, ROUTER_MARGAY, 64000, words) != NULL);
}

static const struct {
	const char *name;
	double millions[7];
	size_t count;
	double kernel_rested, median, min, max;
	bool held;
} rows[] = {
	{ "just held", { 4.4, 4.5, 4.6 }, 3, 0, 4.5, 4.4, 4.6, true },
	{ "just not", { 4.4, 4.49, 9 }, 3, 0, 4.49, 4.4, 9, false },
	{ "one pair", { 6 }, 1, 0, 6, 6, 6, true },
	{ "one far off", { 5, 5.1, 4.9, 5.2, 1, 5.3, 4.8 }, 7, 0.1, 5, 1, 5.3, true },
	{ "against a kernel that rested", { 9, 9, 9 }, 3, 0.11, 9, 9, 9, false },
};

Test(bench_outcome, sums_up_pairs)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct outcome o =
			outcome_of(rows[i].millions, rows[i].count, rows[i].kernel_rested);
		const struct summary *margay = &o.router[ROUTER_MARGAY];

		cr_expect(epsilon_eq(dbl, o.ratio.median, rows[i].median, 1e-9), "%s",
			  rows[i].name);
		cr_expect(epsilon_eq(dbl, o.ratio_min, rows[i].min, 1e-9), "%s", rows[i].name);
		cr_expect(epsilon_eq(dbl, o.ratio_max, rows[i].max, 1e-9), "%s", rows[i].name);
		cr_expect(epsilon_eq(dbl, margay->packets_s.median, rows[i].median * MILLION, 1),
			  "%s", rows[i].name);
		cr_expect(epsilon_eq(dbl, summary_ns(margay), 1000 / rows[i].median, 1e-6), "%s",
			  rows[i].name);
		cr_expect(epsilon_eq(dbl, o.router[ROUTER_KERNEL].arrived_s, MILLION / 2, 1), "%s",
			  rows[i].name);
		cr_expect(outcome_held(&o) == rows[i].held, "%s", rows[i].name);
	}
}
