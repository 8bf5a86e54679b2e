/* SPDX-License-Identifier: BSD-2-Clause */
/* margay record, margay replay. They return the exit status. */
#pragma once
#include "connection.h"

#include <stdbool.h>

int local_record(const struct daemon_address *daemon, const json_t *request, bool json);
int local_replay(const struct daemon_address *daemon, const json_t *request, bool json);
