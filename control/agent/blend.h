/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What several gatherers say of one service, as one report: of each field the word of the first
 * that knows it, in the order in which the service names them; the sample time of the oldest; drain
 * if any says so. Owned by the event loop.
 */
#pragma once
#include "agent/agent.h"
#include "agent/gather.h"

struct blend;

/* names: of gatherers, one blank between two; copied. ops as of an agent, service being "": report
 * where a gatherer has news, state where the last one goes down, or the first comes up. 0 or
 * -ENOMEM. No callback comes before this returns. */
int blend_start(uv_loop_t *loop, struct gatherers *gatherers, const char *names,
		const struct agent_ops *ops, void *user, struct blend **ret);
void blend_stop(struct blend **blend); /* no callback comes any more */

/* Adds to `sum` what only `other` knows. Pure. */
void blend_add(struct report *sum, const struct report *other);
