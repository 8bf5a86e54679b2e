/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: bench control measures the control plane from outside: routers run as they are, in
 * namespaces of our own (ground, router, process), and our sessions (peer, speak) tell them routes.
 * Each measure is a file of its own and leaves its figures in the list that figure prints.
 */
#include "base/log.h"
#include "base/util.h"
#include "bench.h"
#include "figure.h"
#include "ground.h"
#include "load.h"
#include "number.h"
#include "selector.h"
#include "steering.h"

#include <argp.h>
#include <string.h>

#define RUNS       5
#define ROUTES     100000
#define EXIT_WRONG 2 /* nothing could be measured, or not rightly */

enum key { KEY_CHECK = 256, KEY_ROUTES, KEY_RUNS };

struct options {
	uint32_t measures; /* bits by the table below */
	struct bench bench;
	bool check, json;
};

static const struct measure {
	const char *name;
	int (*run)(const struct bench *bench, struct figures *figures);
} measures[] = {
	{ "load", measure_load }, { "select", measure_select },   { "restore", measure_restore },
	{ "rate", measure_rate }, { "latency", measure_latency }, { "flood", measure_flood },
};

static const struct argp_option table[] = {
	{ "measure", 'm', "NAME,...", 0,
	  "load, select, restore, rate, latency, flood; all of them unless named", 0 },
	{ "routes", KEY_ROUTES, "N", 0, "Routes to load, with K or M (100K)", 0 },
	{ "runs", KEY_RUNS, "N", 0, "Runs of each, in turn; 3 to 100 (5)", 0 },
	{ "check", KEY_CHECK, NULL, 0, "A line for each bound; status 0 only if all held", 0 },
	{ "json", 'j', NULL, 0, "JSON", 0 },
	{ 0 },
};

static void choose(struct argp_state *state, const char *list)
{
	struct options *options = state->input;
	_cleanup_(freep) char *copy = strdup(list);
	char *save = NULL;

	options->measures = 0;
	for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		size_t i = 0;

		while (i < ARRAY_SIZE(measures) && strcmp(measures[i].name, word))
			i++;
		if (i == ARRAY_SIZE(measures))
			argp_error(state, "--measure=%s: no such measure", word);
		options->measures |= BIT(i);
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'm':
		choose(state, arg);
		return 0;
	case 'j':
		options->json = true;
		return 0;
	case KEY_CHECK:
		options->check = true;
		return 0;
	case KEY_ROUTES:
		options->bench.routes = (uint32_t)number_of(state, arg, 1000, 200000);
		return 0;
	case KEY_RUNS:
		options->bench.runs = (unsigned int)number_of(state, arg, 3, BENCH_RUNS_MAX);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int run(struct options *options, struct figures *figures)
{
	int r = ground_enter(options->bench.dir);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(measures) && r == 0; i++)
		if (options->measures & BIT(i))
			r = measures[i].run(&options->bench, figures);
	ground_leave(options->bench.dir);
	return r;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = table,
		.parser = parse,
		.doc = "Measures Margay's control plane: how fast a neighbour's routes are loaded "
		       "and passed on, against BIRD and GoBGP on the same octets; what the "
		       "selector costs; and as an ingress of services at 16 sites, how soon it is "
		       "restored, how many metric updates it takes, and how long one takes to a "
		       "slot, also while a neighbour floods. Needs root.",
	};
	struct options options = { .measures = BIT(ARRAY_SIZE(measures)) - 1,
				   .bench = { .routes = ROUTES, .runs = RUNS } };
	struct figures figures = { 0 };

	argp_err_exit_status = EXIT_WRONG;
	if (argp_parse(&argp, argc, argv, 0, NULL, &options) != 0)
		return EXIT_WRONG;
	if (run(&options, &figures) < 0)
		return EXIT_WRONG;
	if (!options.json)
		figures_print(&figures, options.check);
	else if (figures_print_json(&figures, options.check) < 0)
		return EXIT_WRONG;
	return options.check && !figures_held(&figures);
}
