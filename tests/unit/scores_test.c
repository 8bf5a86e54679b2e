/* SPDX-License-Identifier: BSD-2-Clause */
#include "metric/scores.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void put(struct value_set *set, const char *type, double number)
{
	struct value v = { .value = number, .source = VALUE_AGENT, .sampled_ms = 1 };

	snprintf(v.type, sizeof(v.type), "%s", type);
	cr_assert(eq(int, value_set_put(set, &v), 0));
}

static void metric_add(struct scores *scores, const char *type, enum kind_category category,
		       double worst, double best, double weight)
{
	struct scores_metric *m = &scores->metric[scores->count++];

	cr_assert(lt(sz, strlen(type), sizeof(m->type)));
	*m = (struct scores_metric){
		.category = category, .weight = weight, .worst = worst, .best = best
	};
	strcpy(m->type, type);
}

/* Two of computing, one of service. */
static struct scores several(void)
{
	struct scores s = scores_default;

	s.count = 0;
	metric_add(&s, "cpu-utilisation", KIND_COMPUTING, 1, 0, 3);
	metric_add(&s, "memory-utilisation", KIND_COMPUTING, 1, 0, 1);
	metric_add(&s, "token-rate", KIND_SERVICE, 0, 100, 1);
	return s;
}

Test(scores, normalise)
{
	static const struct {
		const char *name;
		struct scores_metric metric;
		double value, want;
	} cases[] = {
		{ "idle", { .worst = 1, .best = 0 }, 0, 10 },
		{ "half", { .worst = 1, .best = 0 }, 0.5, 5 },
		{ "overload", { .worst = 1, .best = 0 }, 1.7, 0 },
		{ "below the best", { .worst = 1, .best = 0.2 }, 0.1, 10 },
		{ "more is better", { .worst = 0, .best = 100 }, 25, 2.5 },
		{ "negative ends", { .worst = -10, .best = -20 }, -15, 5 },
		{ "at the middle",
		  { .normalisation = SCORES_SIGMOID, .middle = 0.05, .steepness = -100 },
		  0.05,
		  5 },
		{ "less is better",
		  { .normalisation = SCORES_SIGMOID, .middle = 0.05, .steepness = -100 },
		  0.03,
		  8.807970779778824 },
		{ "far off",
		  { .normalisation = SCORES_SIGMOID, .middle = 0, .steepness = -1000 },
		  1e9,
		  0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect(epsilon_eq(dbl, scores_normalise(&cases[i].metric, cases[i].value),
				     cases[i].want, 1e-9),
			  "%s", cases[i].name);
}

Test(scores, aggregates)
{
	/* cpu 0.2 -> 8, memory 0.6 -> 4, token-rate 30 -> 3 */
	static const struct {
		const char *name;
		enum scores_aggregation in, over;
		double service_weight, computing, exact;
		int score;
	} cases[] = {
		{ "means", SCORES_MEAN, SCORES_MEAN, 1, 6, 4.5, 5 },
		{ "the least of a category", SCORES_MIN, SCORES_MEAN, 1, 4, 3.5, 4 },
		{ "the greatest of a category", SCORES_MAX_OF, SCORES_MEAN, 1, 8, 5.5, 6 },
		{ "a weighted category", SCORES_WEIGHTED, SCORES_MEAN, 1, 7, 5, 5 },
		{ "the least category", SCORES_MEAN, SCORES_MIN, 1, 6, 3, 3 },
		{ "the greatest category", SCORES_MEAN, SCORES_MAX_OF, 1, 6, 6, 6 },
		{ "weighted categories", SCORES_MEAN, SCORES_WEIGHTED, 4, 6, 3.6, 4 },
		{ "weights count where asked for", SCORES_MEAN, SCORES_MEAN, 4, 6, 4.5, 5 },
	};
	_cleanup_(value_set_clear) struct value_set set = { 0 };

	put(&set, "cpu-utilisation", 0.2);
	put(&set, "memory-utilisation", 0.6);
	put(&set, "token-rate", 30);
	put(&set, "nobody-knows-it", 1e9);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct scores s = several();
		struct scores_result r = { 0 };

		s.category[KIND_COMPUTING].aggregation = cases[i].in;
		s.category[KIND_SERVICE].weight = cases[i].service_weight;
		s.aggregation = cases[i].over;
		cr_assert(scores_of(&s, &set, &r));
		cr_expect(epsilon_eq(dbl, r.level1[KIND_COMPUTING], cases[i].computing, 1e-9), "%s",
			  cases[i].name);
		cr_expect(epsilon_eq(dbl, r.level1[KIND_SERVICE], 3, 1e-9), "%s", cases[i].name);
		cr_expect(isnan(r.level1[KIND_COMPOSED]), "%s", cases[i].name);
		cr_expect(epsilon_eq(dbl, r.exact, cases[i].exact, 1e-9), "%s", cases[i].name);
		cr_expect(eq(int, r.score, cases[i].score), "%s", cases[i].name);
		cr_expect(eq(sz, r.used, 3));
		cr_expect(eq(sz, r.missing, 0));
	}
}

Test(scores, of_what_there_is)
{
	_cleanup_(value_set_clear) struct value_set set = { 0 };
	struct scores s = several();
	struct scores_result r = { .used = 99 };

	put(&set, "nobody-knows-it", 1);
	cr_expect(not(scores_of(&s, &set, &r)));
	cr_expect(eq(sz, r.used, 99), "untouched");
	put(&set, "memory-utilisation", 0.6);
	cr_assert(scores_of(&s, &set, &r));
	cr_expect(epsilon_eq(dbl, r.exact, 4, 1e-9), "of the one that is known");
	cr_expect(eq(sz, r.used, 1));
	cr_expect(eq(sz, r.missing, 2));
	cr_expect(isnan(r.level1[KIND_SERVICE]));
}

Test(scores, default_is_min_max_of_utilisation)
{
	_cleanup_(value_set_clear) struct value_set set = { 0 };
	struct scores none = { 0 };
	struct scores_result r;
	char name[SCORES_NAME_MAX];

	put(&set, "utilisation", 0.34);
	cr_assert(scores_of(NULL, &set, &r));
	cr_expect(eq(int, r.score, 7));
	cr_assert(scores_of(&none, &set, &r), "nothing configured");
	cr_expect(eq(int, r.score, 7));
	cr_expect(eq(str, (char *)scores_name(NULL, name), "min-max of utilisation"));
	cr_expect(eq(u32, scores_fingerprint(NULL), scores_fingerprint(&scores_default)));
}

Test(scores, utilisation_and_back)
{
	struct scores sigmoid = scores_default, scaled = scores_default, other = several();

	sigmoid.metric[0].normalisation = SCORES_SIGMOID;
	sigmoid.metric[0].middle = 0.7;
	sigmoid.metric[0].steepness = -12;
	scaled.metric[0].worst = 0.9;
	scaled.metric[0].best = 0.1;
	for (int score = 0; score <= 10; score++) {
		double u = scores_utilisation(NULL, score);

		cr_expect(epsilon_eq(dbl, u, 1 - score / 10.0, 1e-12), "%d", score);
		cr_expect(epsilon_eq(dbl, scores_of_utilisation(NULL, u), score, 1e-12), "%d",
			  score);
		cr_expect(epsilon_eq(dbl, scores_utilisation(&other, score), u, 1e-12),
			  "of other metrics: %d", score);
		u = scores_utilisation(&scaled, score);
		cr_expect(epsilon_eq(dbl, u, 0.9 - 0.08 * score, 1e-12), "scaled %d", score);
		u = scores_utilisation(&sigmoid, score);
		cr_expect(eq(long, lround(scores_of_utilisation(&sigmoid, u)), score), "sigmoid %d",
			  score);
		cr_expect(ge(dbl, u, 0));
		cr_expect(le(dbl, u, 4));
	}
	cr_expect(scores_by_utilisation(NULL) && scores_by_utilisation(&sigmoid));
	cr_expect(not(scores_by_utilisation(&other)));
	sigmoid.metric[0].steepness = -0.001;
	cr_expect(eq(dbl, scores_utilisation(&sigmoid, 0), 4), "no more than can be used");
	cr_expect(eq(dbl, scores_utilisation(&sigmoid, 10), 0));
	cr_expect(eq(dbl, scores_utilisation(NULL, 11), 0), "out of range");
}

Test(scores, names)
{
	char name[SCORES_NAME_MAX];
	struct scores s = scores_default;

	s.metric[0].worst = 0.9;
	cr_expect(eq(str, (char *)scores_name(&s, name), "min-max of utilisation from 0.9 to 0"));
	s.metric[0].normalisation = SCORES_SIGMOID;
	s.metric[0].middle = 0.7;
	s.metric[0].steepness = -12;
	cr_expect(
		eq(str, (char *)scores_name(&s, name), "sigmoid of utilisation around 0.7 by -12"));
	s = several();
	s.aggregation = SCORES_WEIGHTED;
	s.category[KIND_COMPUTING].aggregation = SCORES_MIN;
	cr_expect(eq(str, (char *)scores_name(&s, name),
		     "weighted(computing: min(cpu-utilisation, memory-utilisation), service: "
		     "mean(token-rate))"));
	for (int i = 0; s.count < SCORES_METRICS_MAX; i++) {
		char type[VALUE_TYPE_MAX];

		snprintf(type, sizeof(type), "a-metric-of-a-rather-long-name-%d", i);
		metric_add(&s, type, KIND_COMPOSED, 0, 1, 1);
	}
	scores_name(&s, name);
	cr_expect(eq(sz, strlen(name), SCORES_NAME_MAX - 1));
	cr_expect(eq(str, name + SCORES_NAME_MAX - 4, "..."));
}

Test(scores, fingerprint)
{
	struct scores s = several(), other = several();
	struct scores_metric first = s.metric[0];
	uint32_t print = scores_fingerprint(&s);

	other.metric[0] = other.metric[2];
	other.metric[2] = first;
	cr_expect(eq(u32, scores_fingerprint(&other), print), "order does not matter");
	other.metric[0].weight = 9;
	cr_expect(eq(u32, scores_fingerprint(&other), print), "nor do weights that do not count");
	other.category[KIND_SERVICE].aggregation = SCORES_WEIGHTED;
	cr_expect(ne(u32, scores_fingerprint(&other), print));
	other = several();
	other.metric[1].worst = 0.95;
	cr_expect(ne(u32, scores_fingerprint(&other), print));
	other = several();
	other.aggregation = SCORES_MIN;
	cr_expect(ne(u32, scores_fingerprint(&other), print));
	other = several();
	other.metric[1].category = KIND_COMPOSED;
	cr_expect(ne(u32, scores_fingerprint(&other), print));
}

Test(scores, validate)
{
	struct scores s = several();
	size_t index = 99;

	cr_expect(eq(ptr, (void *)scores_validate(&s, &index), NULL));
	s.metric[1].best = 1;
	cr_expect(eq(str, (char *)scores_validate(&s, &index), "worst"));
	cr_expect(eq(sz, index, 1));
	s = several();
	s.metric[2].weight = 0;
	cr_expect(eq(str, (char *)scores_validate(&s, &index), "weight"));
	cr_expect(eq(sz, index, 2));
	s = several();
	s.metric[0].normalisation = SCORES_SIGMOID;
	cr_expect(eq(str, (char *)scores_validate(&s, &index), "steepness"));
	s = several();
	strcpy(s.metric[2].type, s.metric[0].type);
	cr_expect(eq(str, (char *)scores_validate(&s, &index), "type"));
	s = several();
	s.metric[0].best = NAN;
	cr_expect(eq(str, (char *)scores_validate(&s, &index), "best"));
}

Test(scores, bands)
{
	static const char *const want[] = { "low",    "low",    "low",  "low",  "medium", "medium",
					    "medium", "medium", "high", "high", "high" };

	for (uint8_t i = 0; i < ARRAY_SIZE(want); i++)
		cr_expect(eq(str, (char *)scores_band_text(i), (char *)want[i]), "%d", i);
}

Test(kind, table)
{
	size_t n = 0;

	for (const struct kind *kind; (kind = kind_at(n)); n++) {
		struct value v = { .value = 1 };

		cr_expect(eq(ptr, (void *)kind_find(kind->type), (void *)kind), "%s twice",
			  kind->type);
		snprintf(v.type, sizeof(v.type), "%s", kind->type);
		snprintf(v.unit, sizeof(v.unit), "%s", kind->unit);
		cr_expect(eq(ptr, (void *)value_validate(&v), NULL), "%s", kind->type);
	}
	cr_expect(n > 15, "%zu", n);
	cr_expect(eq(ptr, (void *)kind_find("utilisatio"), NULL));
}
