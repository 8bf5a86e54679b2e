/* SPDX-License-Identifier: BSD-2-Clause */
/* tools/bench/steering: the simulator's runs that the bounds need, and whether they hold. */
#include "base/util.h"
#include "crew.h"
#include "judge.h"
#include "print.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_WRONG 2 /* nothing was measured */

enum key { KEY_CHECK = 256, KEY_QUICK, KEY_SEEDS };

struct options {
	struct judge_plan plan;
	unsigned int jobs;
	bool check, json, quiet;
};

static const struct argp_option table[] = {
	{ "check", KEY_CHECK, NULL, 0, "A line for each bound; status 0 only if all held", 0 },
	{ "quick", KEY_QUICK, NULL, 0, "Short runs, fewer of them, wider bounds", 0 },
	{ "seeds", KEY_SEEDS, "N", 0, "Runs of each with another seed (5; quick: 1)", 0 },
	{ "seed", 's', "N", 0, "The first seed (1)", 0 },
	{ "jobs", 'J', "N", 0, "Runs at a time (one for each core)", 0 },
	{ "quiet", 'q', NULL, 0, "Do not say how far it is", 0 },
	{ "json", 'j', NULL, 0, "JSON", 0 },
	{ 0 },
};

static unsigned long option_count(const struct argp_state *state, const char *text,
				  unsigned long max)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end || *text == '-' || value < 1 || value > max)
		argp_error(state, "%s: must be a number from 1 to %lu", text, max);
	return value;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case KEY_CHECK:
		o->check = true;
		break;
	case KEY_QUICK:
		o->plan.quick = true;
		break;
	case KEY_SEEDS:
		o->plan.seeds = (uint32_t)option_count(state, text, SEEDS_MAX);
		break;
	case 's':
		o->plan.seed = option_count(state, text, 1000000000);
		break;
	case 'J':
		o->jobs = (unsigned int)option_count(state, text, 64);
		break;
	case 'q':
		o->quiet = true;
		break;
	case 'j':
		o->json = true;
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "%s: nothing but options is expected", text);
		break;
	case ARGP_KEY_END:
		if (!o->plan.seeds)
			o->plan.seeds = o->plan.quick ? 1 : 5;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static void say_bound(const struct bound *b)
{
	if (!b->measured)
		printf("not measured: %s (at most %g)\n", b->name, b->limit);
	else
		printf("%s: %s: %.4g (at most %g), %s\n", bound_held(b) ? "held" : "NOT HELD",
		       b->name, b->value, b->limit, b->where);
}

static json_t *bound_json(const struct bound *b)
{
	json_t *object = json_pack("{s:s, s:f, s:b, s:b}", "bound", b->name, "limit", b->limit,
				   "measured", b->measured, "held", bound_held(b));

	if (b->measured) {
		json_object_set_new(object, "value", json_real(b->value));
		json_object_set_new(object, "cell", json_string(b->where));
	}
	return object;
}

static bool show(const struct options *o, const struct cells *cells)
{
	struct bound bounds[BOUNDS_MAX];
	size_t count = judge(&o->plan, cells, bounds);
	json_t *array = json_array(), *object;
	bool held = true;

	for (size_t i = 0; i < count; i++) {
		held &= bound_held(&bounds[i]);
		json_array_append_new(array, bound_json(&bounds[i]));
	}
	object = json_pack("{s:o, s:b}", "bounds", array, "held", held);
	if (o->json) {
		json_object_set_new(object, "cells", print_json(cells));
		json_dumpf(object, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(8));
		putchar('\n');
	} else {
		printf("seeds %llu to %llu, mean +- standard deviation\n",
		       (unsigned long long)o->plan.seed,
		       (unsigned long long)o->plan.seed + o->plan.seeds - 1);
		print_table(cells);
		for (size_t i = 0; o->check && i < count; i++)
			say_bound(&bounds[i]);
	}
	json_decref(object);
	return held;
}

int main(int argc, char **argv)
{
	static const struct argp argp = { table, parse, NULL, "Simulates what steering must reach.",
					  NULL,  NULL,  NULL };
	_cleanup_(cells_clear) struct cells cells = { 0 };
	struct options options = { .plan = { .seed = 1 },
				   .jobs = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN) };
	int r;

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	r = judge_plan(&options.plan, &cells);
	if (!r)
		r = crew_run(&cells, options.jobs, options.quiet);
	if (r < 0) {
		fprintf(stderr, "steering: %s\n", strerror(-r));
		return EXIT_WRONG;
	}
	return show(&options, &cells) || !options.check ? 0 : 1;
}
