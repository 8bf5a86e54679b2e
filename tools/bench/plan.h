/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which cases are measured, and how often. Pure: what the options say, multiplied out. A value, or
 * owned by the bench's one thread.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLAN_CHOICES 8 /* values of one dimension */

/* Of the program under test, to measure what a part of it costs. */
enum bench_build { BUILD_WHOLE, BUILD_UNCOUNTED, BUILD_UNTRACED, BUILD_COUNT };

/* As moving_pct: of services with two choices, whose slots are STABLE. A fifth of the flows has a
 * pin that leads elsewhere than the slot. */
#define PLAN_TWO_CHOICE 101

/* One row of the table. */
struct bench_case {
	uint32_t flows, services;
	uint32_t busy;       /* services that are spoken to; 0: all */
	uint32_t moving_pct; /* slots in state MOVING; the others are STABLE. Or PLAN_TWO_CHOICE */
	bool v6, ipip;       /* else IPv4, SRv6 */
	enum bench_build build;
};

/* The values that one dimension takes. */
struct choices {
	uint32_t value[PLAN_CHOICES];
	size_t count;
};

struct plan {
	struct choices flows, services, busy, moving_pct, v6, ipip, build;
	uint32_t slots;   /* of a service; 0: as plan_slots() says */
	uint32_t rounds;  /* runs of each case */
	uint32_t packets; /* of a run */
	uint64_t seed;
};

struct plan plan_default(void);
void plan_full(struct plan *plan);  /* all that the bench is for */
void plan_check(struct plan *plan); /* what the bounds need */
const char *build_name(enum bench_build build);

/* Reads a comma-separated list into one dimension: numbers, with K or M; or words, see plan.c.
 * 0, or -EINVAL and the plan is as it was. */
int plan_choose(struct plan *plan, const char *dimension, const char *list);

/* Slots of a service. */
uint32_t plan_slots(const struct plan *plan, uint32_t services);
uint32_t plan_flows_max(const struct plan *plan);

/* All cases, those that share tables next to each other. NULL: no memory. The caller frees. */
struct bench_case *plan_cases(const struct plan *plan, size_t *ret_count);

/* Whether two cases can be measured on the same tables. */
bool case_alike(const struct bench_case *a, const struct bench_case *b);
bool case_equal(const struct bench_case *a, const struct bench_case *b);
