/* SPDX-License-Identifier: BSD-2-Clause */
#include "bounds.h"

#include "base/util.h"

#define MANY    10000u
#define MILLION 1000000u

/* IPv4 in SRv6, as all bounds want it. */
#define CASE(n, s, ...)                                    \
	{                                                  \
		.flows = (n), .services = (s), __VA_ARGS__ \
	}

enum figure { NET_RATIO, GROSS_OVER_FLOOR, NET_SAVED };

static const struct bound {
	const char *name;
	enum figure figure;
	double limit;
	struct bench_case a, b;
} bounds[] = {
	{ "net, STABLE, 1 M flows over 1 flow, 1 service", NET_RATIO, 1.25, CASE(MILLION, 1),
	  CASE(1, 1) },
	{ "net, STABLE, 1 M flows over 1 flow, 10 K services, 1 busy", NET_RATIO, 1.25,
	  CASE(MILLION, MANY, .busy = 1), CASE(1, MANY, .busy = 1) },
	{ "net, STABLE, 1 M flows over 1 flow, 10 K services, all busy", NET_RATIO, 1.25,
	  CASE(MILLION, MANY), CASE(1, MANY) },
	{ "gross over floor, STABLE, 1 M flows, 10 K services, 1 busy", GROSS_OVER_FLOOR, 4,
	  CASE(MILLION, MANY, .busy = 1), CASE(MILLION, MANY, .busy = 1) },
	{ "gross over floor, STABLE, 1 M flows, 10 K services, all busy", GROSS_OVER_FLOOR, 4,
	  CASE(MILLION, MANY), CASE(MILLION, MANY) },
	{ "net, 1 M flows, 100 % MOVING over STABLE, 1 service", NET_RATIO, 4,
	  CASE(MILLION, 1, .moving_pct = 100), CASE(MILLION, 1) },
	{ "net, 1 M flows, 100 % MOVING over STABLE, 10 K services, 1 busy", NET_RATIO, 4,
	  CASE(MILLION, MANY, .busy = 1, .moving_pct = 100), CASE(MILLION, MANY, .busy = 1) },
	{ "net, 1 M flows, 100 % MOVING over STABLE, 10 K services, all busy", NET_RATIO, 4,
	  CASE(MILLION, MANY, .moving_pct = 100), CASE(MILLION, MANY) },
	{ "net, 1 M flows, two choices over STABLE, 1 service", NET_RATIO, 3,
	  CASE(MILLION, 1, .moving_pct = PLAN_TWO_CHOICE), CASE(MILLION, 1) },
	{ "net, 1 M flows, two choices over STABLE, 10 K services, 1 busy", NET_RATIO, 3,
	  CASE(MILLION, MANY, .busy = 1, .moving_pct = PLAN_TWO_CHOICE),
	  CASE(MILLION, MANY, .busy = 1) },
	{ "net, 1 M flows, two choices over STABLE, 10 K services, all busy", NET_RATIO, 3,
	  CASE(MILLION, MANY, .moving_pct = PLAN_TWO_CHOICE), CASE(MILLION, MANY) },
	{ "counters, share of net, STABLE, 1 M flows, 10 K services, 1 busy", NET_SAVED, 0.1,
	  CASE(MILLION, MANY, .busy = 1),
	  CASE(MILLION, MANY, .busy = 1, .build = BUILD_UNCOUNTED) },
	{ "counters, share of net, STABLE, 1 M flows, 10 K services, all busy", NET_SAVED, 0.1,
	  CASE(MILLION, MANY), CASE(MILLION, MANY, .build = BUILD_UNCOUNTED) },
	{ "trace off, share of net, STABLE, 1 M flows, 10 K services, 1 busy", NET_SAVED, 0.05,
	  CASE(MILLION, MANY, .busy = 1), CASE(MILLION, MANY, .busy = 1, .build = BUILD_UNTRACED) },
};
_Static_assert(ARRAY_SIZE(bounds) <= BOUNDS_MAX, "bounds_judge() fills an array of the caller's");

static const struct result *find(const struct result *results, size_t count,
				 const struct bench_case *what)
{
	for (size_t i = 0; i < count; i++) {
		if (case_equal(&results[i].what, what))
			return &results[i];
	}
	return NULL;
}

static double figure(enum figure figure, const struct result *a, const struct result *b)
{
	switch (figure) {
	case NET_RATIO:
		return result_net(a) / result_net(b);
	case GROSS_OVER_FLOOR:
		return a->gross.median / a->floor.median;
	case NET_SAVED:
		return 1 - result_net(b) / result_net(a);
	}
	return 0;
}

size_t bounds_judge(const struct result *results, size_t count,
		    struct bound_verdict ret[BOUNDS_MAX])
{
	for (size_t i = 0; i < ARRAY_SIZE(bounds); i++) {
		const struct bound *bound = &bounds[i];
		const struct result *a = find(results, count, &bound->a);
		const struct result *b = find(results, count, &bound->b);

		ret[i] = (struct bound_verdict){ .name = bound->name, .limit = bound->limit };
		/* Below the floor nothing was measured, whatever the ratio says. */
		if (!a || !b || result_net(a) <= 0 || result_net(b) <= 0)
			continue;
		ret[i].measured = true;
		ret[i].value = figure(bound->figure, a, b);
		ret[i].held = ret[i].value <= bound->limit;
	}
	return ARRAY_SIZE(bounds);
}
