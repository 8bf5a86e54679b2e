/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: bench packet measures what a packet costs in an XDP program. plan says which cases,
 * subject has the program and its tables, rig the driver before it, measure runs them in turn,
 * bounds judges and report prints.
 */
#include "base/log.h"
#include "base/util.h"
#include "bounds.h"
#include "measure.h"
#include "number.h"
#include "report.h"

#include <abi.h>
#include <argp.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#define ROUNDS_MIN 3 /* of fewer nobody can say how far they lie apart */
#define EXIT_WRONG 2 /* nothing could be measured, or not rightly */

enum key { KEY_FULL = 256, KEY_CHECK, KEY_PROGRAM, KEY_ROUNDS, KEY_PACKETS, KEY_SEED, KEY_SLOTS };

struct options {
	struct plan plan;
	const char *program;
	bool check, json, verb;
};

static const struct argp_option table[] = {
	{ .doc = "What is measured:" },
	{ "full", KEY_FULL, NULL, 0, "All cases that the bench is for; about half an hour", 0 },
	{ "flows", 'f', "N,...", 0, "Flows; K and M multiply (1,1K,64K,1M)", 0 },
	{ "services", 's', "N,...", 0, "Services (1,10K)", 0 },
	{ "busy", 'b', "N,...", 0, "How many of them are spoken to (all)", 0 },
	{ "moving", 'm', "PCT,...", 0, "Slots that are MOVING, or stable (stable,100)", 0 },
	{ "family", 'i', "F,...", 0, "Inner packets: ipv4, ipv6 (ipv4)", 0 },
	{ "encap", 'e', "E,...", 0, "Outer headers: srv6, ipip (srv6)", 0 },
	{ "build", 'B', "B,...", 0,
	  "whole; without its counters: uncounted; without the hooks of margay trace: untraced "
	  "(whole)",
	  0 },
	{ "slots", KEY_SLOTS, "N", 0, "Slots of a service (65536 of one, else 256)", 0 },
	{ "program", KEY_PROGRAM, "PIN", 0,
	  "Another XDP program, pinned there. It has to treat TCP to 198.18.0.0 and up, or "
	  "2001:db8::c612:0 and up, port 80, all alike",
	  0 },
	{ .doc = "How:" },
	{ "rounds", KEY_ROUNDS, "N", 0, "Runs of each case, interleaved (9)", 0 },
	{ "packets", KEY_PACKETS, "N", 0, "Packets of a run (500K)", 0 },
	{ "seed", KEY_SEED, "N", 0, "Of the flows' order (1)", 0 },
	{ .doc = "What is printed:" },
	{ "check", KEY_CHECK, NULL, 0,
	  "Measure what the bounds need, print a line for each; status 0 only if all held", 0 },
	{ "json", 'j', NULL, 0, "JSON", 0 },
	{ 0 },
};

static void choose(struct argp_state *state, const char *dimension, const char *list)
{
	struct options *options = state->input;

	if (plan_choose(&options->plan, dimension, list) < 0)
		argp_error(state, "--%s=%s: not a list of what it may be", dimension, list);
}

static void take_slots(struct argp_state *state, const char *text)
{
	struct options *options = state->input;

	options->plan.slots = number_of(state, text, 1, MG_RANGE_MAX);
	if (options->plan.slots & (options->plan.slots - 1))
		argp_error(state, "--slots=%s: not a power of two", text);
}

static error_t parse_plan(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	for (const struct argp_option *option = table; option->name || option->doc; option++) {
		if (option->key == key && key < KEY_FULL && key != 'j') {
			choose(state, option->name, arg);
			return 0;
		}
	}
	switch (key) {
	case KEY_FULL:
		plan_full(&options->plan);
		return 0;
	case KEY_SLOTS:
		take_slots(state, arg);
		return 0;
	case KEY_ROUNDS:
		options->plan.rounds = number_of(state, arg, ROUNDS_MIN, 1000);
		return 0;
	case KEY_PACKETS:
		options->plan.packets = number_of(state, arg, 1000, 100000000);
		return 0;
	case KEY_SEED:
		options->plan.seed = number_of(state, arg, 0, UINT64_MAX);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void finish(struct argp_state *state)
{
	struct options *options = state->input;

	if (!options->verb)
		argp_error(state, "what is to be measured? bench packet");
	if (options->check && options->program)
		argp_error(state, "--check is about Margay's own program");
	for (size_t i = 0; i < options->plan.services.count; i++) {
		uint32_t services = options->plan.services.value[i];

		if ((uint64_t)services * plan_slots(&options->plan, services) > MG_SLOTS_MAX)
			argp_error(state, "%u services of so many slots are too many", services);
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case KEY_PROGRAM:
		options->program = arg;
		options->plan.moving_pct = (struct choices){ { 0 }, 1 };
		return 0;
	case KEY_CHECK:
		options->check = true;
		plan_check(&options->plan);
		return 0;
	case 'j':
		options->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (options->verb || strcmp(arg, "packet") != 0)
			return ARGP_ERR_UNKNOWN;
		options->verb = true;
		return 0;
	case ARGP_KEY_END:
		finish(state);
		return 0;
	default:
		return parse_plan(key, arg, state);
	}
}

/* The counters of the programs are of the CPU they run on, and its caches are warm. */
static int stay(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		return log_err(-errno, "cannot stay on one CPU");
	return 0;
}

static bool all_held(const struct bound_verdict *bounds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!bounds[i].held)
			return false;
	}
	return count > 0;
}

static int run(const struct options *options)
{
	struct bound_verdict bounds[BOUNDS_MAX];
	_cleanup_(freep) struct bench_case *cases = NULL;
	_cleanup_(freep) struct result *results = NULL;
	struct report report = { .plan = &options->plan,
				 .program = options->program ? options->program : "mg_ingress" };

	cases = plan_cases(&options->plan, &report.count);
	results = cases ? calloc(report.count, sizeof(*results)) : NULL;
	if (!results)
		return log_err(-ENOMEM, "the cases");
	if (stay() < 0 ||
	    measure(&options->plan, cases, report.count, options->program, results) < 0)
		return EXIT_WRONG;
	report.results = results;
	if (options->check) {
		report.bounds = bounds;
		report.bound_count = bounds_judge(results, report.count, bounds);
	}
	if (!options->json)
		report_table(&report);
	else if (report_json(&report) < 0)
		return EXIT_WRONG;
	return options->check && !all_held(bounds, report.bound_count);
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = table,
		.parser = parse,
		.args_doc = "packet",
		.doc = "Measures what a packet costs in Margay's XDP program, on this CPU, with a "
		       "seeded generator and every result checked. Needs root.",
	};
	struct options options = { .plan = plan_default() };

	argp_err_exit_status = EXIT_WRONG;
	if (argp_parse(&argp, argc, argv, 0, NULL, &options) != 0)
		return EXIT_WRONG;
	return run(&options);
}
