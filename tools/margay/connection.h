/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asks margayd: one request, one answer, within a time. Blocking; for programs with one thread.
 */
#pragma once
#include <jansson.h>

/* Where and how long. */
struct daemon_address {
	const char *socket;
	double timeout_s;
};

/* The daemon's answer; or one made here, where it cannot be asked, is too slow, or answers what
 * cannot be understood. NULL: no memory. */
json_t *connection_ask(const struct daemon_address *daemon, const json_t *request);
