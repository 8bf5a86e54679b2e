/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One run of a collector's command: a process group of its own, its standard output given to the
 * agent, its standard error to the log. Owned by the agent, on the event loop.
 */
#pragma once
#include "agent/source.h"

#include <uv.h>

struct command;

/* Runs `/bin/sh -c line`. line is borrowed for as long as the command is not stopped. 0 or -errno,
 * which is not logged. */
int command_start(uv_loop_t *loop, const char *line, const struct source_ops *ops, void *user,
		  struct command **ret);

/* The group gets SIGTERM, after 2 s SIGKILL. Returns at once; the loop sees to the rest. */
void command_stop(struct command **command);
