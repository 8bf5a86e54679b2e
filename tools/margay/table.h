/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables on a terminal: columns as wide as their widest cell, numbers to the right. Rows come from
 * a JSON array of objects; a column names the member that it shows.
 */
#pragma once
#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

enum cell_format {
	CELL_TEXT,
	CELL_COUNT,   /* 1234 */
	CELL_BYTES,   /* octets as 1.2 MiB */
	CELL_NUMBER,  /* three significant digits */
	CELL_PERCENT, /* of a share 0..1 */
	CELL_MS,      /* milliseconds as 12.3 ms */
	CELL_AGE,     /* seconds as 4.2 s, 5m10s, 3h05m, 2d04h */
	CELL_FLAG,    /* "yes" or nothing */
};

struct column {
	const char *header, *key;
	enum cell_format format;
};

/* Columns without a value in any row are left out. indent: spaces before each line. */
void table_print(FILE *out, const json_t *rows, const struct column *columns, size_t count,
		 int indent);

/* One value as a cell; "" where it is absent. To be freed; NULL: no memory. Bytes that could steer
 * a terminal are shown as '?'. */
char *cell_format(const json_t *value, enum cell_format format);
size_t cell_width(const char *cell); /* in characters of UTF-8 */
