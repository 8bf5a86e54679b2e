/* SPDX-License-Identifier: BSD-2-Clause */
#include "rule.h"

#include <string.h>

const struct rule rules[] = {
	{ "jsq", "omniscient: each flow where it is over first, by true counts",
	  .shares = SHARES_TRUTH },
	{ "optimum", "joint optimum of the true demand and capacity, no delay",
	  .shares = SHARES_OPTIMUM },
	{ "nearest", "all to the nearest site, as anycast does", .shares = SHARES_SELECT,
	  .policy = POLICY_NEAREST },
	{ "uniform", "the same to all sites, as ECMP does", .shares = SHARES_UNIFORM },
	{ "static", "by configured capacity", .shares = SHARES_SELECT, .policy = POLICY_STATIC },
	{ "static-two-choice", "by configured capacity, two choices", .shares = SHARES_SELECT,
	  .policy = POLICY_STATIC, .two_choice = true },
	{ "greedy", "all to the site that seems to be over first", .shares = SHARES_SELECT,
	  .policy = POLICY_GREEDY, .aged = true },
	{ "headroom", "by capacity that is free", .shares = SHARES_HEADROOM, .aged = true },
	{ "wrr", "by capacity as it is now", .shares = SHARES_RATE, .aged = true },
	{ "interpretation", "by demand and backlog, regardless of the own past",
	  .shares = SHARES_ABSOLUTE, .aged = true },
	{ "saw", "compute-aware, by shares", .shares = SHARES_SELECT,
	  .policy = POLICY_COMPUTE_AWARE, .aged = true },
	{ "saw-slots", "compute-aware, by slot tables", .shares = SHARES_SELECT,
	  .policy = POLICY_COMPUTE_AWARE, .slots = true, .aged = true },
	{ "saw-two-choice", "compute-aware, two choices", .shares = SHARES_SELECT,
	  .policy = POLICY_COMPUTE_AWARE, .two_choice = true, .aged = true },
	{ "saw-slots-two-choice", "compute-aware, two choices of slot tables",
	  .shares = SHARES_SELECT, .policy = POLICY_COMPUTE_AWARE, .slots = true,
	  .two_choice = true, .aged = true },
	{ 0 },
};

const struct rule *rule_find(const char *name)
{
	for (const struct rule *rule = rules; rule->name; rule++)
		if (strcmp(rule->name, name) == 0)
			return rule;
	return NULL;
}
