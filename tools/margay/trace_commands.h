/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * margay trace and margay capture: commands that read the data plane's tables themselves. margayd
 * is asked for names, and need not be there. They return the exit status.
 */
#pragma once
#include "connection.h"

#include <stdbool.h>

int local_trace(const struct daemon_address *daemon, const json_t *request, bool json);
int local_capture(const struct daemon_address *daemon, const json_t *request, bool json);
