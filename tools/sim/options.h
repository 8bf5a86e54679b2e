/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of the simulator. */
#pragma once
#include "cell.h"
#include "rule.h"

#include <stdbool.h>

#define LIST_MAX 16

struct options {
	struct setup setup; /* rule, load and D are from the lists */
	const struct rule *rule[LIST_MAX];
	double delay_s[LIST_MAX], load[LIST_MAX];
	size_t rules, delays, loads;
	uint32_t seeds;
	unsigned int jobs;
	bool json, quiet;
};

/* Ends the program where they are wrong. */
void options_parse(int argc, char **argv, struct options *ret);
