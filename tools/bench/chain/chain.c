/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: bench lab has Margay and the kernel forward the same packets in the same chain of veth
 * pairs, generator to router to sink, and compares what arrives. topology makes the chain, steering
 * is Margay in it, race runs both in turn, outcome judges and print prints.
 */
#include "base/log.h"
#include "base/util.h"
#include "number.h"
#include "print.h"
#include "race.h"

#include <argp.h>
#include <errno.h>
#include <sched.h>
#include <string.h>

#define PAIRS_MIN   7 /* of fewer nobody can say how far they lie apart */
#define PAIRS       9
#define SECONDS_MIN 0.1
#define SECONDS_MAX 60.0
#define EXIT_WRONG  2 /* nothing could be measured, or not rightly */

enum key { KEY_CHECK = 256, KEY_CPUS, KEY_PAIRS, KEY_SECONDS, KEY_SEED };

struct options {
	struct plan plan;
	double seconds;
	bool apart, check, json;
};

static const struct argp_option table[] = {
	{ .doc = "What is measured:" },
	{ "flows", 'f', "N,...", 0, "Flows; K and M multiply (1K,64K,1M)", 0 },
	{ "services", 's', "N", 0, "Service addresses, all spoken to (1)", 0 },
	{ "family", 'i', "F,...", 0, "Inner packets: ipv4, ipv6 (both)", 0 },
	{ .doc = "How:" },
	{ "cpus", KEY_CPUS, "N", 0, "2: generator and router each on a CPU of their own (1)", 0 },
	{ "runs", KEY_PAIRS, "N", 0, "Runs of each router, in turn; 7 at least (9)", 0 },
	{ "seconds", KEY_SECONDS, "N", 0, "Time of a run, 0.1 to 60 (1)", 0 },
	{ "seed", KEY_SEED, "N", 0, "Of the flows' order (1)", 0 },
	{ .doc = "What is printed:" },
	{ "check", KEY_CHECK, NULL, 0,
	  "A line for each bound; status 0 only if all held. Measures 64K flows, both families",
	  0 },
	{ "json", 'j', NULL, 0, "JSON", 0 },
	{ 0 },
};

static void choose(struct argp_state *state, const char *dimension, const char *list)
{
	struct options *options = state->input;

	if (plan_choose(&options->plan, dimension, list) < 0)
		argp_error(state, "--%s=%s: not a list of what it may be", dimension, list);
	if (options->plan.services.count != 1)
		argp_error(state, "--services=%s: one number only", list);
}

static double seconds_of(struct argp_state *state, const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= SECONDS_MIN && value <= SECONDS_MAX))
		argp_error(state, "%s: not a number from %.1f to %.0f", text, SECONDS_MIN,
			   SECONDS_MAX);
	return value;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'f':
		choose(state, "flows", arg);
		return 0;
	case 's':
		choose(state, "services", arg);
		return 0;
	case 'i':
		choose(state, "family", arg);
		return 0;
	case 'j':
		options->json = true;
		return 0;
	case KEY_CHECK:
		options->check = true;
		options->plan.flows = (struct choices){ { 64000 }, 1 };
		return 0;
	case KEY_CPUS:
		options->apart = number_of(state, arg, 1, 2) == 2;
		return 0;
	case KEY_PAIRS:
		options->plan.rounds = number_of(state, arg, PAIRS_MIN, 1000);
		return 0;
	case KEY_SECONDS:
		options->seconds = seconds_of(state, arg);
		return 0;
	case KEY_SEED: /* of an xorshift, which stays at zero */
		options->plan.seed = number_of(state, arg, 1, UINT64_MAX);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The first ones that we may use. */
static int choose_cpus(struct race *race, bool apart)
{
	cpu_set_t set;
	int cpu = 0;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return log_err(-errno, "cannot tell on which CPUs this may run");
	while (!CPU_ISSET(cpu, &set)) /* there is one: ours */
		cpu++;
	race->generator_cpu = race->router_cpu = cpu;
	if (!apart)
		return 0;
	while (++cpu < CPU_SETSIZE && !CPU_ISSET(cpu, &set))
		;
	race->router_cpu = cpu;
	return cpu < CPU_SETSIZE ? 0 : log_err(-ENODEV, "--cpus=2: only one may be used");
}

static bool all_held(const struct print *print)
{
	for (size_t i = 0; i < print->count; i++) {
		if (!outcome_held(&print->outcomes[i]))
			return false;
	}
	return true;
}

static int run(const struct options *options)
{
	const struct plan *plan = &options->plan;
	size_t count = plan->flows.count * plan->v6.count;
	_cleanup_(freep) struct outcome *outcomes = calloc(count, sizeof(*outcomes));
	struct race contest = { .plan = plan, .seconds = options->seconds };
	struct print print = { .plan = plan,
			       .seconds = options->seconds,
			       .outcomes = outcomes,
			       .count = count,
			       .apart = options->apart,
			       .bounds = options->check };

	if (!outcomes)
		return log_err(-ENOMEM, "the results"), EXIT_WRONG;
	if (choose_cpus(&contest, options->apart) < 0 || race(&contest, outcomes) < 0)
		return EXIT_WRONG;
	if (!options->json)
		print_table(&print);
	else if (print_json(&print) < 0)
		return EXIT_WRONG;
	return options->check && !all_held(&print);
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = table,
		.parser = parse,
		.doc = "Measures how many packets a second Margay's XDP program takes from a veth "
		       "device into SRv6, and the kernel's own seg6 routes in a resilient weighted "
		       "next-hop group, on the same packets, with every packet checked at the end. "
		       "Needs root.",
	};
	struct options options = { .plan = plan_default(), .seconds = 1 };

	options.plan.flows = (struct choices){ { 1000, 64000, 1000000 }, 3 };
	options.plan.services = (struct choices){ { 1 }, 1 };
	options.plan.v6 = (struct choices){ { 0, 1 }, 2 };
	options.plan.rounds = PAIRS;
	argp_err_exit_status = EXIT_WRONG;
	if (argp_parse(&argp, argc, argv, 0, NULL, &options) != 0)
		return EXIT_WRONG;
	log_level_set(LOG_LEVEL_WARN); /* not what each port and site tells */
	return run(&options);
}
