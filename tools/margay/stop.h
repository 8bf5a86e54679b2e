/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands that run until SIGINT or SIGTERM; a closed pipe is then an error of the write alone. */
#pragma once
#include <stdbool.h>

void stop_listen(void);   /* from here on signals are only noted */
void stop_unlisten(void); /* back to what was before */
bool stop_wanted(void);
