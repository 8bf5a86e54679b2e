/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: options say what to compare, run is one run with one seed, crew does all of them, print
 * shows them. README.md has the model.
 */
#include "base/util.h"
#include "crew.h"
#include "options.h"
#include "print.h"

#include <stdio.h>
#include <string.h>

static int fill(struct cells *cells, const struct options *o)
{
	for (size_t r = 0; r < o->rules; r++)
		for (size_t l = 0; l < o->loads; l++)
			for (size_t d = 0; d < (o->rule[r]->aged ? o->delays : 1); d++) {
				struct setup setup = o->setup;

				setup.rule = o->rule[r];
				setup.load = o->load[l];
				setup.delay_s = o->delay_s[d];
				if (!cells_add(cells, &setup, o->seeds))
					return -1;
			}
	return 0;
}

static void show(const struct cells *cells, const struct options *o)
{
	json_t *object;

	if (!o->json) {
		printf("%u ingresses, seeds %llu to %llu, mean +- standard deviation\n",
		       o->setup.ingresses, (unsigned long long)o->setup.seed,
		       (unsigned long long)o->setup.seed + o->seeds - 1);
		print_table(cells);
		return;
	}
	object = json_pack("{s:o}", "cells", print_json(cells));
	json_dumpf(object, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(8));
	putchar('\n');
	json_decref(object);
}

int main(int argc, char **argv)
{
	_cleanup_(cells_clear) struct cells cells = { 0 };
	struct options options;
	int r;

	options_parse(argc, argv, &options);
	r = fill(&cells, &options);
	if (!r)
		r = crew_run(&cells, options.jobs, options.quiet);
	if (r < 0) {
		fprintf(stderr, "sim: %s\n", r == -1 ? "out of memory" : strerror(-r));
		return 2;
	}
	show(&cells, &options);
	return 0;
}
