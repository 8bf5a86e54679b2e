/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words that can come next, for bash and for the interactive prompt: those of the grammar, and
 * names of services and sites, for which the daemon is asked.
 */
#pragma once
#include "connection.h"

#include <stddef.h>

struct suggestions {
	char **word; /* sorted, each once */
	size_t count;
};

/* For the place after words[0..count); only what begins with `start`. Without a daemon there are no
 * names. */
void suggest(const struct daemon_address *daemon, char *const *words, size_t count,
	     const char *start, struct suggestions *ret);
void suggestions_clear(struct suggestions *suggestions);
