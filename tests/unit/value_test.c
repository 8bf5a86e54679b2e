/* SPDX-License-Identifier: BSD-2-Clause */
#include "metric/value.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct value good = {
	.type = "cpu-utilisation",
	.unit = "ratio",
	.value = 0.5,
	.source = VALUE_AGENT,
	.statistic = VALUE_MEAN,
	.window_s = 10,
	.sampled_ms = 1700000000000,
};

static struct value typed(const char *type)
{
	struct value v = good;

	snprintf(v.type, sizeof(v.type), "%s", type);
	return v;
}

Test(value, type)
{
	static const struct {
		const char *type;
		bool good;
	} cases[] = {
		{ "a", true },      { "rtt", true },    { "gpu-0.sm_clock:max", true },
		{ "", false },      { "Rtt", false },   { "0rtt", false },
		{ "r tt", false },  { "rtt\n", false }, { "rt\xc3\xa9", false },
		{ "-rtt", false },  { "_rtt", false },  { "rtt/s", false },
		{ "rtt\"", false },
	};
	struct value v;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *wrong;

		v = typed(cases[i].type);
		wrong = value_validate(&v);
		cr_expect(eq(int, !wrong, cases[i].good), "%s", cases[i].type);
		cr_expect(eq(str, (char *)(wrong ? wrong : "type"), "type"));
	}
	memset(v.type, 'a', sizeof(v.type));
	cr_expect(eq(str, (char *)value_validate(&v), "type"), "without an end");
	v.type[sizeof(v.type) - 1] = '\0';
	cr_expect(eq(ptr, (void *)value_validate(&v), NULL), "the longest");
}

Test(value, unit)
{
	struct value v = good;

	memset(v.unit, 'u', sizeof(v.unit));
	cr_expect(eq(str, (char *)value_validate(&v), "unit"), "without an end");
	v.unit[sizeof(v.unit) - 1] = '\0';
	cr_expect(eq(ptr, (void *)value_validate(&v), NULL), "the longest");
	strcpy(v.unit, "a b");
	cr_expect(eq(str, (char *)value_validate(&v), "unit"), "with a space");
	strcpy(v.unit, "\x7f");
	cr_expect(eq(str, (char *)value_validate(&v), "unit"), "a control character");
	strcpy(v.unit, "");
	cr_expect(eq(ptr, (void *)value_validate(&v), NULL), "none");
}

Test(value, number)
{
	const double bad[] = { NAN, INFINITY, -INFINITY, 2 * VALUE_LIMIT, -2 * VALUE_LIMIT };
	const double fine[] = { 0, -1, VALUE_LIMIT, -VALUE_LIMIT };
	struct value v = good;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		v.value = bad[i];
		cr_expect(eq(str, (char *)value_validate(&v), "value"), "%g", bad[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(fine); i++) {
		v.value = fine[i];
		cr_expect(eq(ptr, (void *)value_validate(&v), NULL), "%g", fine[i]);
	}
}

Test(value, window_and_time)
{
	static const struct {
		const char *name;
		enum value_statistic statistic;
		double window_s;
		bool good;
	} cases[] = {
		{ "a mean needs one", VALUE_MEAN, 0, false },
		{ "a maximum too", VALUE_MAX, 0, false },
		{ "a moment needs none", VALUE_CURRENT, 0, true },
		{ "but may have one", VALUE_CURRENT, 1, true },
		{ "negative", VALUE_CURRENT, -1, false },
		{ "endless", VALUE_MEAN, INFINITY, false },
		{ "not a number", VALUE_MIN, NAN, false },
	};
	struct value v = good;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		v.statistic = cases[i].statistic;
		v.window_s = cases[i].window_s;
		cr_expect(eq(int, !value_validate(&v), cases[i].good), "%s", cases[i].name);
	}
	v = good;
	v.sampled_ms = -1;
	cr_expect(eq(str, (char *)value_validate(&v), "time"));
	v = good;
	v.source = VALUE_SOURCE_COUNT;
	cr_expect(eq(str, (char *)value_validate(&v), "source"));
	v = good;
	v.statistic = VALUE_STATISTIC_COUNT;
	cr_expect(eq(str, (char *)value_validate(&v), "statistic"));
}

Test(value_set, replaces_by_key)
{
	_cleanup_(value_set_clear) struct value_set set = { 0 };
	struct value v = good;

	cr_assert(eq(int, value_set_put(&set, &v), 0));
	v.value = 0.7;
	v.sampled_ms++;
	cr_assert(eq(int, value_set_put(&set, &v), 0));
	cr_expect(eq(sz, set.count, 1));
	cr_expect(eq(dbl, value_set_find(&set, v.type)->value, 0.7));
	v.sampled_ms -= 2;
	v.value = 0.1;
	cr_assert(eq(int, value_set_put(&set, &v), 0));
	cr_expect(eq(dbl, value_set_find(&set, v.type)->value, 0.7), "an older one is no news");
	v.value = NAN;
	cr_expect(eq(int, value_set_put(&set, &v), -EINVAL));
	cr_expect(eq(sz, set.count, 1));
	cr_expect(eq(ptr, (void *)value_set_find(&set, "cpu"), NULL), "a beginning is no match");
}

Test(value_set, believes_in_order)
{
	_cleanup_(value_set_clear) struct value_set set = { 0 };
	struct value v = good;

	for (int source = VALUE_SOURCE_COUNT - 1; source >= 0; source--)
		for (int statistic = VALUE_STATISTIC_COUNT - 1; statistic >= 0; statistic--) {
			v.source = (enum value_source)source;
			v.statistic = (enum value_statistic)statistic;
			v.value = 10 * source + statistic;
			cr_assert(eq(int, value_set_put(&set, &v), 0));
			cr_expect(eq(dbl, value_set_find(&set, v.type)->value, v.value));
		}
	cr_expect(eq(sz, set.count, (size_t)VALUE_SOURCE_COUNT * VALUE_STATISTIC_COUNT));
	cr_expect(eq(dbl, value_set_find_of(&set, v.type, VALUE_PROBE)->value, 20));
}

Test(value_set, is_bounded)
{
	_cleanup_(value_set_clear) struct value_set set = { 0 };
	struct value v = good;

	for (size_t i = 0; i < VALUES_MAX; i++) {
		snprintf(v.type, sizeof(v.type), "metric-%zu", i);
		cr_assert(eq(int, value_set_put(&set, &v), 0));
	}
	strcpy(v.type, "one-more");
	cr_expect(eq(int, value_set_put(&set, &v), -ENOSPC));
	cr_expect(eq(sz, set.count, VALUES_MAX));
	strcpy(v.type, "metric-3");
	v.value = 9;
	cr_expect(eq(int, value_set_put(&set, &v), 0), "what is there may change");
	cr_expect(eq(dbl, value_set_find(&set, "metric-3")->value, 9));
}

Test(value_set, forgets_the_old)
{
	_cleanup_(value_set_clear) struct value_set set = { 0 };
	struct value v = typed("old");

	v.sampled_ms = 100;
	value_set_put(&set, &v);
	v = typed("timeless");
	v.sampled_ms = 0;
	value_set_put(&set, &v);
	v = typed("new");
	v.sampled_ms = 101;
	value_set_put(&set, &v);
	cr_expect(eq(sz, value_set_forget(&set, 101), 1));
	cr_expect(eq(sz, set.count, 2));
	cr_expect(eq(ptr, (void *)value_set_find(&set, "old"), NULL));
	cr_expect(ne(ptr, (void *)value_set_find(&set, "new"), NULL));
	cr_expect(ne(ptr, (void *)value_set_find(&set, "timeless"), NULL));
}
