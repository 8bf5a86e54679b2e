/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "connection.h"

#include <stdbool.h>

/* show bgp routes: asks page by page, so that margayd is never busy with one answer for long.
 * Prints the first 1000 or so, or all, and returns the exit status. */
int local_routes(const struct daemon_address *daemon, const json_t *request, bool json);
