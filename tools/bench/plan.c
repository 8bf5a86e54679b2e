/* SPDX-License-Identifier: BSD-2-Clause */
#include "plan.h"

#include "base/util.h"
#include "traffic.h"

#include <errno.h>
#include <string.h>

#define SLOTS_ONE  65536u /* of a single service */
#define SLOTS_MANY 256u   /* of one among many: the default slot table over the default services */

struct word {
	const char *text;
	uint32_t value;
};

static const struct word busy_words[] = { { "all", 0 }, { NULL, 0 } };
static const struct word slot_words[] = { { "stable", 0 },
					  { "two-choice", PLAN_TWO_CHOICE },
					  { NULL, 0 } };
static const struct word family_words[] = { { "ipv4", 0 }, { "ipv6", 1 }, { NULL, 0 } };
static const struct word encap_words[] = { { "srv6", 0 }, { "ipip", 1 }, { NULL, 0 } };
static const struct word build_words[] = { { "whole", BUILD_WHOLE },
					   { "uncounted", BUILD_UNCOUNTED },
					   { "untraced", BUILD_UNTRACED },
					   { NULL, 0 } };

/* Where a dimension lives, and what it may be. No words: numbers only; no range: words only. */
static const struct dimension {
	const char *name;
	size_t offset;
	const struct word *words;
	uint32_t min, max;
} dimensions[] = {
	{ "flows", offsetof(struct plan, flows), NULL, 1, TRAFFIC_FLOWS_MAX },
	{ "services", offsetof(struct plan, services), NULL, 1, 65536 },
	{ "busy", offsetof(struct plan, busy), busy_words, 1, 65536 },
	{ "moving", offsetof(struct plan, moving_pct), slot_words, 1, 100 },
	{ "family", offsetof(struct plan, v6), family_words, 1, 0 },
	{ "encap", offsetof(struct plan, ipip), encap_words, 1, 0 },
	{ "build", offsetof(struct plan, build), build_words, 1, 0 },
};

const char *build_name(enum bench_build build)
{
	return build_words[build].text;
}

struct plan plan_default(void)
{
	return (struct plan){
		.flows = { { 1, 1000, 64000, 1000000 }, 4 },
		.services = { { 1, 10000 }, 2 },
		.busy = { { 0 }, 1 },
		.moving_pct = { { 0, 100 }, 2 },
		.v6 = { { 0 }, 1 },
		.ipip = { { 0 }, 1 },
		.build = { { BUILD_WHOLE }, 1 },
		.rounds = 9,
		.packets = 500000,
		.seed = 1,
	};
}

void plan_full(struct plan *plan)
{
	plan->flows = (struct choices){ { 1, 1000, 64000, 1000000, 10000000 }, 5 };
	plan->moving_pct = (struct choices){ { 0, 5, 20, 100, PLAN_TWO_CHOICE }, 5 };
	plan->v6 = plan->ipip = (struct choices){ { 0, 1 }, 2 };
}

void plan_check(struct plan *plan)
{
	plan->flows = (struct choices){ { 1, 1000000 }, 2 };
	plan->services = (struct choices){ { 1, 10000 }, 2 };
	plan->busy = (struct choices){ { 0, 1 }, 2 };
	plan->moving_pct = (struct choices){ { 0, 100, PLAN_TWO_CHOICE }, 3 };
	plan->v6 = plan->ipip = (struct choices){ { 0 }, 1 };
	plan->build = (struct choices){ { BUILD_WHOLE, BUILD_UNCOUNTED, BUILD_UNTRACED }, 3 };
}

static int read_number(const char *text, uint32_t min, uint32_t max, uint32_t *ret)
{
	char *end;
	unsigned long long value;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || value > max)
		return -EINVAL;
	if (*end == 'K' || *end == 'k')
		value *= 1000;
	else if (*end == 'M' || *end == 'm')
		value *= 1000000;
	else
		end--;
	if (end[1] || value < min || value > max)
		return -EINVAL;
	*ret = value;
	return 0;
}

static int read_choice(const struct dimension *dimension, const char *text, uint32_t *ret)
{
	for (const struct word *word = dimension->words; word && word->text; word++) {
		if (strcmp(word->text, text) == 0) {
			*ret = word->value;
			return 0;
		}
	}
	return read_number(text, dimension->min, dimension->max, ret);
}

static bool chosen(const struct choices *choices, uint32_t value)
{
	for (size_t i = 0; i < choices->count; i++) {
		if (choices->value[i] == value)
			return true;
	}
	return false;
}

static int read_choices(const struct dimension *dimension, const char *list, struct choices *ret)
{
	_cleanup_(freep) char *copy = strdup(list);
	struct choices choices = { .count = 0 };
	char *rest = copy, *text;
	uint32_t value;

	if (!copy)
		return -ENOMEM;
	while ((text = strsep(&rest, ","))) {
		if (choices.count == PLAN_CHOICES || read_choice(dimension, text, &value) < 0 ||
		    chosen(&choices, value))
			return -EINVAL;
		choices.value[choices.count++] = value;
	}
	*ret = choices;
	return 0;
}

int plan_choose(struct plan *plan, const char *dimension, const char *list)
{
	for (size_t i = 0; i < ARRAY_SIZE(dimensions); i++) {
		if (strcmp(dimensions[i].name, dimension) == 0)
			return read_choices(&dimensions[i], list,
					    (void *)plan + dimensions[i].offset);
	}
	return -EINVAL;
}

uint32_t plan_slots(const struct plan *plan, uint32_t services)
{
	if (plan->slots)
		return plan->slots;
	return services == 1 ? SLOTS_ONE : SLOTS_MANY;
}

uint32_t plan_flows_max(const struct plan *plan)
{
	uint32_t max = 1;

	for (size_t i = 0; i < plan->flows.count; i++) {
		if (plan->flows.value[i] > max)
			max = plan->flows.value[i];
	}
	return max;
}

/* Takes the next of this dimension's values; *left is the number of the combination. */
static uint32_t take(const struct choices *choices, size_t *left)
{
	uint32_t value = choices->value[*left % choices->count];

	*left /= choices->count;
	return value;
}

static struct bench_case case_of(const struct plan *plan, size_t number)
{
	struct bench_case c;

	c.flows = take(&plan->flows, &number);
	c.moving_pct = take(&plan->moving_pct, &number);
	c.build = take(&plan->build, &number);
	c.busy = take(&plan->busy, &number);
	c.services = take(&plan->services, &number);
	c.ipip = take(&plan->ipip, &number);
	c.v6 = take(&plan->v6, &number);
	return c;
}

/* Busy as all is the same as all; parts are taken out of what all services do. */
static bool case_wanted(const struct bench_case *c)
{
	return c->busy < c->services &&
	       (c->moving_pct != PLAN_TWO_CHOICE || c->build == BUILD_WHOLE);
}

struct bench_case *plan_cases(const struct plan *plan, size_t *ret_count)
{
	size_t count = plan->flows.count * plan->services.count * plan->busy.count *
		       plan->moving_pct.count * plan->v6.count * plan->ipip.count *
		       plan->build.count;
	struct bench_case *cases = calloc(count, sizeof(*cases));
	size_t filled = 0;

	if (!cases)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		struct bench_case c = case_of(plan, i);

		if (case_wanted(&c))
			cases[filled++] = c;
	}
	*ret_count = filled;
	return cases;
}

bool case_alike(const struct bench_case *a, const struct bench_case *b)
{
	return a->services == b->services && a->v6 == b->v6 && a->ipip == b->ipip;
}

bool case_equal(const struct bench_case *a, const struct bench_case *b)
{
	return case_alike(a, b) && a->flows == b->flows && a->moving_pct == b->moving_pct &&
	       a->build == b->build && a->busy == b->busy;
}
