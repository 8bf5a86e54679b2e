/* SPDX-License-Identifier: BSD-2-Clause */
#include "figure.h"

#include "machine.h"
#include "sample.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* Past the end the last one is used again: more figures than that are our own fault, and seen. */
static struct figure *figures_next(struct figures *figures)
{
	if (figures->count < FIGURES_MAX)
		figures->count++;
	return &figures->at[figures->count - 1];
}

struct figure *figures_add(struct figures *figures, const char *measure, const char *name,
			   const char *unit, double *values, size_t count)
{
	struct sample_summary summary = sample_summary(values, count);
	struct figure *figure = figures_next(figures);

	*figure = (struct figure){ .measure = measure,
				   .name = name,
				   .unit = unit,
				   .median = summary.median,
				   .spread = summary.spread };
	return figure;
}

struct figure *figures_miss(struct figures *figures, const char *measure, const char *name,
			    const char *unit)
{
	struct figure *figure = figures_next(figures);

	*figure =
		(struct figure){ .measure = measure, .name = name, .unit = unit, .missing = true };
	return figure;
}

bool figure_held(const struct figure *figure)
{
	if (!figure->has_bound)
		return true;
	if (figure->missing)
		return false;
	return figure->at_least ? figure->median >= figure->bound : figure->median <= figure->bound;
}

bool figures_held(const struct figures *figures)
{
	for (size_t i = 0; i < figures->count; i++)
		if (!figure_held(&figures->at[i]))
			return false;
	return true;
}

static void figure_print(const struct figure *figure, bool measure)
{
	printf("%-10s %-44s ", measure ? figure->measure : "", figure->name);
	if (figure->missing)
		printf("%12s %-6s\n", "-", "not measured");
	else
		printf("%12.6g %-6s %5.1f %%\n", figure->median, figure->unit,
		       100 * figure->spread);
}

static void figure_print_bound(const struct figure *figure)
{
	printf("%-4s  %s: %s: ", figure_held(figure) ? "ok" : "FAIL", figure->measure,
	       figure->name);
	if (figure->missing)
		printf("not measured");
	else
		printf("%.4g %s", figure->median, figure->unit);
	printf(", at %s %.4g", figure->at_least ? "least" : "most", figure->bound);
	if (figure->aim > 0)
		printf(" (aim %.4g)", figure->aim);
	putchar('\n');
}

void figures_print(const struct figures *figures, bool bounds)
{
	struct machine machine;

	machine_ask(&machine);
	printf("margay's control plane; kernel %s; %s\n"
	       "median of interleaved runs; spread: between the quartiles\n\n",
	       machine.names.release, machine.cpu);
	for (size_t i = 0; i < figures->count; i++)
		figure_print(&figures->at[i],
			     !i || strcmp(figures->at[i].measure, figures->at[i - 1].measure));
	if (bounds)
		putchar('\n');
	for (size_t i = 0; bounds && i < figures->count; i++)
		if (figures->at[i].has_bound)
			figure_print_bound(&figures->at[i]);
}

static json_t *json_figure(const struct figure *figure)
{
	return json_pack("{ss ss ss so so}", "measure", figure->measure, "name", figure->name,
			 "unit", figure->unit, "median",
			 figure->missing ? json_null() : json_real(figure->median), "spread",
			 figure->missing ? json_null() : json_real(figure->spread));
}

static json_t *json_bound(const struct figure *figure)
{
	return json_pack("{ss ss ss sf sf so sb}", "measure", figure->measure, "name", figure->name,
			 "kind", figure->at_least ? "at-least" : "at-most", "limit", figure->bound,
			 "aim", figure->aim, "value",
			 figure->missing ? json_null() : json_real(figure->median), "held",
			 figure_held(figure));
}

int figures_print_json(const struct figures *figures, bool bounds)
{
	json_t *rows = json_array(), *limits = json_array(), *root;
	struct machine machine;
	int r = 0;

	for (size_t i = 0; i < figures->count; i++) {
		r |= json_array_append_new(rows, json_figure(&figures->at[i]));
		if (bounds && figures->at[i].has_bound)
			r |= json_array_append_new(limits, json_bound(&figures->at[i]));
	}
	machine_ask(&machine);
	root = json_pack("{ss ss so so}", "kernel", machine.names.release, "cpu", machine.cpu,
			 "results", rows, "bounds", limits);
	if (!root || r)
		r = -ENOMEM;
	else if (json_dumpf(root, stdout, JSON_INDENT(2)) < 0 || putchar('\n') == EOF)
		r = -EIO;
	json_decref(root);
	return r;
}
