/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs all seeds of all cells, several at a time, and says on standard error how far it is. */
#pragma once
#include "cell.h"

#include <stdbool.h>

int crew_run(const struct cells *cells, unsigned int jobs, bool quiet); /* 0 or negative errno */
