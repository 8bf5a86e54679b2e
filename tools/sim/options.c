/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

#include "base/util.h"
#include "world.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum key {
	KEY_SEEDS = 256,
	KEY_SPAN,
	KEY_MEAN,
	KEY_SLOTS,
	KEY_THETA,
	KEY_REPORTS_LOST,
	KEY_CLOCK_ERROR,
	KEY_ENDS_SEEN,
	KEY_ENDS_LATE,
	KEY_SILENCE_FROM,
	KEY_SILENCE,
	KEY_LIAR,
	KEY_SHARE_MAX,
	KEY_DISTRUST,
	KEY_SPEEDS,
	KEY_GAMMA,
	KEY_CALM,
	KEY_RULES,
};

static const struct argp_option table[] = {
	{ .doc = "What is compared:" },
	{ "rule", 'r', "R,...", 0, "Rules of placement (all; --rules lists them)", 0 },
	{ "load", 'l', "SHARE,...", 0, "Demand / capacity (0.5,0.7,0.9)", 0 },
	{ "delay", 'D', "S,...", 0, "Seconds between reports, and their mean age (0.1,1,5,30)", 0 },
	{ "seeds", KEY_SEEDS, "N", 0, "Runs of each with another seed (5)", 0 },
	{ "seed", 's', "N", 0, "The first seed (1)", 0 },
	{ .doc = "Circumstances:" },
	{ "ingresses", 'm', "N", 0, "Ingresses (20)", 0 },
	{ "span", KEY_SPAN, "S", 0, "Length of a run; what happens in it moves along (800)", 0 },
	{ "mean", KEY_MEAN, "S", 0, "Mean service time: longer flows are fewer (0.05)", 0 },
	{ "slots", KEY_SLOTS, "N", 0, "Slots of a table, a power of two (4096)", 0 },
	{ "theta", KEY_THETA, "X", 0, "Queue factor of the selector (10)", 0 },
	{ "reports-lost", KEY_REPORTS_LOST, "SHARE", 0, "Of the reports, by each ingress (0)", 0 },
	{ "clock-error", KEY_CLOCK_ERROR, "X", 0, "Sites' clocks wrong by up to X times D (0)", 0 },
	{ "ends-seen", KEY_ENDS_SEEN, "SHARE", 0, "Of the flow ends, by an ingress (1)", 0 },
	{ "ends-late", KEY_ENDS_LATE, "S", 0, "After the end of the flow (0)", 0 },
	{ "silence-from", KEY_SILENCE_FROM, "S", 0, "Time from which no report arrives", 0 },
	{ "silence", KEY_SILENCE, "S", 0, "For so long (0)", 0 },
	{ "liar", KEY_LIAR, "SITE", 0, "A site from 0 to 7 that reports no load", 0 },
	{ "share-max", KEY_SHARE_MAX, "SHARE", 0, "Of a site at an ingress (no limit)", 0 },
	{ "distrust", KEY_DISTRUST, "SHARE", 0,
	  "Reports of less than this part of what was sent are not believed (0)", 0 },
	{ "speeds", KEY_SPEEDS, "X,...", 0, "Of the 8 sites (0.8,1,1.25,0.9,1,1.1,1,1)", 0 },
	{ "gamma", KEY_GAMMA, "X", 0, "Head start of the first of two choices (as in the daemon)",
	  0 },
	{ "calm", KEY_CALM, NULL, 0, "No site slows down or fails, no ingress gets hot", 0 },
	{ .doc = "How:" },
	{ "jobs", 'J', "N", 0, "Runs at a time (one for each core)", 0 },
	{ "quiet", 'q', NULL, 0, "Do not say how far it is", 0 },
	{ "json", 'j', NULL, 0, "JSON", 0 },
	{ "rules", KEY_RULES, NULL, 0, "List the rules", 0 },
	{ 0 },
};

static double option_number(const struct argp_state *state, const char *text, double min,
			    double max)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= min && value <= max))
		argp_error(state, "%s: must be a number from %g to %g", text, min, max);
	return value;
}

static size_t option_numbers(const struct argp_state *state, char *text, double min, double max,
			     double ret[LIST_MAX])
{
	size_t count = 0;

	for (char *save, *word = strtok_r(text, ",", &save); word;
	     word = strtok_r(NULL, ",", &save)) {
		if (count == LIST_MAX)
			argp_error(state, "a list has at most %d entries", LIST_MAX);
		ret[count++] = option_number(state, word, min, max);
	}
	if (!count)
		argp_error(state, "an empty list");
	return count;
}

static size_t option_rules(const struct argp_state *state, char *text,
			   const struct rule *ret[LIST_MAX])
{
	size_t count = 0;

	for (char *save, *word = strtok_r(text, ",", &save); word && count < LIST_MAX;
	     word = strtok_r(NULL, ",", &save)) {
		ret[count] = rule_find(word);
		if (!ret[count++])
			argp_error(state, "%s: no such rule: --rules lists them", word);
	}
	if (!count)
		argp_error(state, "an empty list");
	return count;
}

static void list_rules(void)
{
	for (const struct rule *rule = rules; rule->name; rule++)
		printf("%-22s%s\n", rule->name, rule->text);
	exit(0);
}

static uint32_t option_slots(const struct argp_state *state, const char *text)
{
	uint32_t slots = (uint32_t)option_number(state, text, 1, 1 << 20);

	if (slots & (slots - 1))
		argp_error(state, "%s: must be a power of two", text);
	return slots;
}

static void option_speeds(const struct argp_state *state, char *text, double ret[SITES])
{
	double speed[LIST_MAX];

	if (option_numbers(state, text, 0.1, 10, speed) != SITES)
		argp_error(state, "a speed for each of the %d sites is expected", SITES);
	memcpy(ret, speed, SITES * sizeof(*ret));
}

static error_t parse_circumstance(int key, char *text, struct argp_state *state)
{
	struct setup *s = &((struct options *)state->input)->setup;

	switch (key) {
	case 'm':
		s->ingresses = (uint32_t)option_number(state, text, 1, INGRESSES_MAX);
		break;
	case KEY_SPAN:
		s->span_s = option_number(state, text, 1, 1e6);
		break;
	case KEY_MEAN:
		s->mean_s = option_number(state, text, 1e-3, 1e3);
		break;
	case KEY_SLOTS:
		s->slots = option_slots(state, text);
		break;
	case KEY_THETA:
		s->theta = option_number(state, text, 1e-3, 1e3);
		break;
	case KEY_REPORTS_LOST:
		s->reports_lost = option_number(state, text, 0, 1);
		break;
	case KEY_CLOCK_ERROR:
		s->clock_error = option_number(state, text, 0, 100);
		break;
	case KEY_ENDS_SEEN:
		s->ends_seen = option_number(state, text, 0, 1);
		break;
	case KEY_ENDS_LATE:
		s->ends_late_s = option_number(state, text, 0, 1e3);
		break;
	case KEY_SILENCE_FROM:
		s->silence_from_s = option_number(state, text, 0, 1e6);
		break;
	case KEY_SILENCE:
		s->silence_s = option_number(state, text, 0, 1e6);
		break;
	case KEY_LIAR:
		s->liar = (int)option_number(state, text, 0, SITES - 1);
		break;
	case KEY_SHARE_MAX:
		s->share_max = option_number(state, text, 1.0 / SITES, 1);
		break;
	case KEY_DISTRUST:
		s->distrust = option_number(state, text, 0, 1);
		break;
	case KEY_SPEEDS:
		option_speeds(state, text, s->speed);
		break;
	case KEY_GAMMA:
		s->gamma = option_number(state, text, 1, 10);
		break;
	case KEY_CALM:
		s->calm = true;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'r':
		o->rules = option_rules(state, text, o->rule);
		break;
	case 'l':
		o->loads = option_numbers(state, text, 0.01, 2, o->load);
		break;
	case 'D':
		o->delays = option_numbers(state, text, 0.01, 1000, o->delay_s);
		break;
	case KEY_SEEDS:
		o->seeds = (uint32_t)option_number(state, text, 1, SEEDS_MAX);
		break;
	case 's':
		o->setup.seed = (uint64_t)option_number(state, text, 0, 1e15);
		break;
	case 'J':
		o->jobs = (unsigned int)option_number(state, text, 1, 64);
		break;
	case 'q':
		o->quiet = true;
		break;
	case 'j':
		o->json = true;
		break;
	case KEY_RULES:
		list_rules();
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "%s: nothing but options is expected", text);
		break;
	default:
		return parse_circumstance(key, text, state);
	}
	return 0;
}

void options_parse(int argc, char **argv, struct options *ret)
{
	static const struct argp argp = { table,
					  parse,
					  NULL,
					  "Simulates a service with 8 sites and several ingresses, "
					  "and compares rules of placement.",
					  NULL,
					  NULL,
					  NULL };

	*ret = (struct options){ .setup = setup_default(),
				 .delay_s = { 0.1, 1, 5, 30 },
				 .delays = 4,
				 .load = { 0.5, 0.7, 0.9 },
				 .loads = 3,
				 .seeds = 5,
				 .jobs = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN) };
	for (const struct rule *rule = rules; rule->name; rule++)
		ret->rule[ret->rules++] = rule;
	argp_parse(&argp, argc, argv, 0, NULL, ret);
}
