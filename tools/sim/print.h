/* SPDX-License-Identifier: BSD-2-Clause */
/* What came out, as a table for people or as JSON. */
#pragma once
#include "cell.h"

#include <jansson.h>

void print_table(const struct cells *cells);
json_t *print_json(const struct cells *cells); /* an array of cells; owned by the caller */

/* "saw D 1 load 0.9, reports lost" */
void print_cell_name(const struct cell *cell, char *ret, size_t room);
