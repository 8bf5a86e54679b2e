/* SPDX-License-Identifier: BSD-2-Clause */
#include "print.h"

#include "machine.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>

static const char *note(const struct outcome *outcome)
{
	if (!outcome_saturated(outcome, ROUTER_KERNEL))
		return "  kernel not saturated: no ratio to go by";
	if (!outcome_saturated(outcome, ROUTER_MARGAY))
		return "  margay not saturated";
	return sample_noisy(&outcome->ratio) ? "  noisy" : "";
}

static void print_router(const struct summary *summary)
{
	printf(" %8.3f %5.1f %% %7.0f  ", summary->packets_s.median / 1e6,
	       100 * summary->packets_s.spread, summary_ns(summary));
}

static void print_row(const struct print *print, const struct outcome *row)
{
	printf("%-5s %8u %8u ", row->v6 ? "IPv6" : "IPv4", print->plan->services.value[0],
	       row->flows);
	for (enum router router = 0; router < ROUTER_COUNT; router++)
		print_router(&row->router[router]);
	printf(" %5.2f %5.1f %%  (%.2f to %.2f)%s\n", row->ratio.median, 100 * row->ratio.spread,
	       row->ratio_min, row->ratio_max, note(row));
}

static void print_bound(const struct print *print, const struct outcome *row)
{
	printf("%-4s  margay over kernel, IPv%d, services %u, flows %u: %.2f, at least %.1f (aim "
	       "%.0f)%s\n",
	       outcome_held(row) ? "ok" : "FAIL", row->v6 ? 6 : 4, print->plan->services.value[0],
	       row->flows, row->ratio.median, OUTCOME_RATIO_MIN, OUTCOME_RATIO_AIM,
	       outcome_saturated(row, ROUTER_KERNEL) ? "" : "; the kernel was not saturated");
}

static void print_repeated(const struct print *print)
{
	uint32_t repeated = 0, kept = 0;

	for (size_t i = 0; i < print->count; i++) {
		repeated += print->outcomes[i].repeated;
		kept += print->outcomes[i].kept;
	}
	if (repeated)
		printf("\n%u runs were repeated, since a thread had to wait or packets were lost; "
		       "%u were kept all the same\n",
		       repeated, kept);
}

void print_table(const struct print *print)
{
	struct machine machine;

	machine_ask(&machine);
	printf("margay against the kernel's seg6 routes in a resilient next-hop group; kernel %s; "
	       "%s; seed %llu\n",
	       machine.names.release, machine.cpu, (unsigned long long)print->plan->seed);
	printf("packets at the sink in a second of the router's CPU time, in millions, and ns for "
	       "each; %s; median of %u interleaved runs of %.1f s; spread: between the quartiles\n"
	       "floor: a router that only sends on; ratio: margay over kernel, by pairs (lowest to "
	       "highest)\n\n",
	       print->apart ? "generator and router each on a CPU" : "all on one CPU",
	       print->plan->rounds, print->seconds);
	printf("%-5s %8s %8s ", "inner", "services", "flows");
	for (enum router router = 0; router < ROUTER_COUNT; router++)
		printf(" %8s %7s %7s  ", router_name(router), "spread", "ns");
	printf(" %5s %7s\n", "ratio", "spread");
	for (size_t i = 0; i < print->count; i++)
		print_row(print, &print->outcomes[i]);
	print_repeated(print);
	if (print->bounds)
		putchar('\n');
	for (size_t i = 0; print->bounds && i < print->count; i++)
		print_bound(print, &print->outcomes[i]);
}

static json_t *json_router(const struct summary *summary)
{
	return json_pack("{sf sf sf sf sf}", "packets-per-cpu-second", summary->packets_s.median,
			 "spread", summary->packets_s.spread, "ns", summary_ns(summary),
			 "arrived-per-second", summary->arrived_s, "rested", summary->rested);
}

static json_t *json_row(const struct outcome *row)
{
	return json_pack(
		"{ss sI so so so sf sf sf sf sb sI sI}", "inner", row->v6 ? "ipv6" : "ipv4",
		"flows", (json_int_t)row->flows, "floor", json_router(&row->router[ROUTER_FLOOR]),
		"margay", json_router(&row->router[ROUTER_MARGAY]), "kernel",
		json_router(&row->router[ROUTER_KERNEL]), "ratio", row->ratio.median,
		"ratio-spread", row->ratio.spread, "ratio-min", row->ratio_min, "ratio-max",
		row->ratio_max, "saturated",
		outcome_saturated(row, ROUTER_KERNEL) && outcome_saturated(row, ROUTER_MARGAY),
		"repeated", (json_int_t)row->repeated, "kept", (json_int_t)row->kept);
}

static json_t *json_bound(const struct outcome *row)
{
	return json_pack("{ss sI sf sf sf sb}", "inner", row->v6 ? "ipv6" : "ipv4", "flows",
			 (json_int_t)row->flows, "limit", OUTCOME_RATIO_MIN, "aim",
			 OUTCOME_RATIO_AIM, "value", row->ratio.median, "held", outcome_held(row));
}

int print_json(const struct print *print)
{
	json_t *rows = json_array(), *bounds = json_array(), *root;
	const struct plan *plan = print->plan;
	struct machine machine;
	int r = 0;

	for (size_t i = 0; i < print->count; i++) {
		r |= json_array_append_new(rows, json_row(&print->outcomes[i]));
		if (print->bounds)
			r |= json_array_append_new(bounds, json_bound(&print->outcomes[i]));
	}
	machine_ask(&machine);
	root = json_pack("{ss ss sI sI sI sI sf so so}", "kernel", machine.names.release, "cpu",
			 machine.cpu, "services", (json_int_t)plan->services.value[0], "seed",
			 (json_int_t)plan->seed, "cpus", (json_int_t)(print->apart ? 2 : 1), "runs",
			 (json_int_t)plan->rounds, "seconds", print->seconds, "results", rows,
			 "bounds", bounds);
	if (!root || r)
		r = -ENOMEM;
	else if (json_dumpf(root, stdout, JSON_INDENT(2)) < 0 || putchar('\n') == EOF)
		r = -EIO;
	json_decref(root);
	return r;
}
