/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A collector at work for one or more services of this site: services with the same collector share
 * one command or file. Private to control/egress; owned by struct egress, counted by its services.
 */
#pragma once
#include "agent/agent.h"

#include <stdbool.h>

struct collector;
struct gatherers;

struct collector_ops {
	void (*report)(void *user, const struct collector *collector, const char *service,
		       const struct report *report, const struct value_set *values);
	void (*state)(void *user,
		      const struct collector *collector); /* up or down: collector_up() */
};

/* Starts the agent, or listens to those gatherers that the configuration names. 0 or negative
 * errno, and *ret is untouched; the agent has logged why. */
int collector_new(uv_loop_t *loop, struct gatherers *gatherers, const struct agent_config *config,
		  const struct collector_ops *ops, void *user, struct collector **ret);
void collector_ref(struct collector *collector);
void collector_unref(struct collector **collector); /* the last one stops the agent */

/* Commands and files; of the others show gatherers. Borrowed until the loop goes on. */
struct collector_view {
	const struct agent_config *config;
	bool up, said;      /* said false: neither up nor down yet */
	const char *fault;  /* why it is not up; "" */
	unsigned int users; /* services */
	int64_t report_ms;  /* uv_now() of its last report; 0: there was none */
	struct agent_stats stats;
};
/* False: it is not of an agent, and *ret is untouched. */
bool collector_view(const struct collector *collector, struct collector_view *ret);

bool collector_is(const struct collector *collector, const struct agent_config *config);
bool collector_up(const struct collector *collector);
bool collector_is_new(const struct collector *collector); /* neither up nor down was said yet */
const char *collector_fault(const struct collector *collector); /* why it is not up; "" */
