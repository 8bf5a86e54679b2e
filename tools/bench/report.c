/* SPDX-License-Identifier: BSD-2-Clause */
#include "report.h"

#include "base/util.h"
#include "machine.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static void slots_text(const struct bench_case *c, char *ret, size_t size)
{
	if (c->moving_pct == PLAN_TWO_CHOICE)
		snprintf(ret, size, "two choices");
	else if (c->moving_pct)
		snprintf(ret, size, "%u %% MOVING", c->moving_pct);
	else
		snprintf(ret, size, "STABLE");
}

static void print_row(const struct result *row)
{
	const struct bench_case *c = &row->what;
	char slots[24], busy[16] = "all";

	slots_text(c, slots, sizeof(slots));
	if (c->busy)
		snprintf(busy, sizeof(busy), "%u", c->busy);
	printf("%-5s %-5s %8u %6s %9u  %-12s %-9s %7.1f %7.1f %7.1f %6.2f %5.1f %%%s",
	       c->v6 ? "IPv6" : "IPv4", c->ipip ? "IPIP" : "SRv6", c->services, busy, c->flows,
	       slots, build_name(c->build), row->floor.median, row->gross.median, result_net(row),
	       row->gross.median / row->floor.median, 100 * result_spread(row),
	       result_noisy(row) ? "  noisy" : "");
	if (row->evicted)
		printf("  %llu pins evicted", (unsigned long long)row->evicted);
	putchar('\n');
}

static void print_bound(const struct bound_verdict *bound)
{
	if (!bound->measured)
		printf("FAIL  %-60s not measured, at most %.2f\n", bound->name, bound->limit);
	else
		printf("%-4s  %-60s %.2f, at most %.2f\n", bound->held ? "ok" : "FAIL", bound->name,
		       bound->value, bound->limit);
}

static void print_noise(const struct report *report)
{
	size_t noisy = 0, repeated = 0;

	for (size_t i = 0; i < report->count; i++) {
		noisy += result_noisy(&report->results[i]);
		repeated += report->results[i].repeated;
	}
	if (repeated)
		printf("\n%zu runs were repeated, because the floor was slow before or after "
		       "them\n",
		       repeated);
	if (noisy)
		printf("\nnoisy: %zu of %zu rows have a spread over %.0f %%; trust their order "
		       "more than "
		       "their figures\n",
		       noisy, report->count, 100 * SAMPLE_NOISY);
}

void report_table(const struct report *report)
{
	const struct plan *plan = report->plan;
	struct machine machine;

	machine_ask(&machine);
	printf("%s; kernel %s; %s; seed %llu\n", report->program, machine.names.release,
	       machine.cpu, (unsigned long long)plan->seed);
	printf("ns a packet: median of %u interleaved runs of %u packets; spread: between the "
	       "quartiles\n\n",
	       plan->rounds, plan->packets);
	printf("%-5s %-5s %8s %6s %9s  %-12s %-9s %7s %7s %7s %6s %7s\n", "inner", "outer",
	       "services", "busy", "flows", "slots", "build", "floor", "gross", "net", "ratio",
	       "spread");
	for (size_t i = 0; i < report->count; i++)
		print_row(&report->results[i]);
	print_noise(report);
	if (report->bounds)
		putchar('\n');
	for (size_t i = 0; report->bounds && i < report->bound_count; i++)
		print_bound(&report->bounds[i]);
}

static json_t *json_row(const struct result *row)
{
	const struct bench_case *c = &row->what;
	bool two = c->moving_pct == PLAN_TWO_CHOICE;

	return json_pack("{ss ss sI sI sI sI ss ss sf sf sf sf sf sb sI sI}", "inner",
			 c->v6 ? "ipv6" : "ipv4", "outer", c->ipip ? "ipip" : "srv6", "services",
			 (json_int_t)c->services, "busy",
			 (json_int_t)(c->busy ? c->busy : c->services), "flows",
			 (json_int_t)c->flows, "moving-pct", (json_int_t)(two ? 0 : c->moving_pct),
			 "placement", two ? "two-choice" : "slot", "build", build_name(c->build),
			 "floor-ns", row->floor.median, "gross-ns", row->gross.median, "net-ns",
			 result_net(row), "floor-spread", row->floor.spread, "gross-spread",
			 row->gross.spread, "noisy", result_noisy(row), "repeated",
			 (json_int_t)row->repeated, "pins-evicted", (json_int_t)row->evicted);
}

static json_t *json_bound(const struct bound_verdict *bound)
{
	if (!bound->measured)
		return json_pack("{ss sf sn sb}", "bound", bound->name, "limit", bound->limit,
				 "value", "held", false);
	return json_pack("{ss sf sf sb}", "bound", bound->name, "limit", bound->limit, "value",
			 bound->value, "held", bound->held);
}

int report_json(const struct report *report)
{
	json_t *rows = json_array(), *bounds = json_array(), *root;
	struct machine machine;
	int r = 0;

	for (size_t i = 0; i < report->count; i++)
		r |= json_array_append_new(rows, json_row(&report->results[i]));
	for (size_t i = 0; report->bounds && i < report->bound_count; i++)
		r |= json_array_append_new(bounds, json_bound(&report->bounds[i]));
	machine_ask(&machine);
	root = json_pack("{ss ss ss sI sI sI so so}", "program", report->program, "kernel",
			 machine.names.release, "cpu", machine.cpu, "seed",
			 (json_int_t)report->plan->seed, "rounds", (json_int_t)report->plan->rounds,
			 "packets", (json_int_t)report->plan->packets, "results", rows, "bounds",
			 bounds);
	if (!root || r)
		r = -ENOMEM;
	else if (json_dumpf(root, stdout, JSON_INDENT(2)) < 0 || putchar('\n') == EOF)
		r = -EIO;
	json_decref(root);
	return r;
}
