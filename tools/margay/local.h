/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands that margay does without the daemon. They return the exit status.
 */
#pragma once
#include "connection.h"

#include <stdbool.h>

/* What margay completion bash prints. */
extern const char local_bash_script[];

int local_check(const struct daemon_address *daemon, const json_t *request, bool json);
int local_completion(const struct daemon_address *daemon, const json_t *request, bool json);
int local_help(const struct daemon_address *daemon, const json_t *request, bool json);

/* Prints an answer: as JSON to standard output, or for people; returns the exit status. Takes the
 * answer; NULL is "no memory". */
int local_print(json_t *answer, bool json, void (*render)(const json_t *answer));
