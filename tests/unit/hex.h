/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes in tests: written as hex with any spaces between, held in heap blocks of exact size. */
#pragma once
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline uint8_t *unhex(const char *text, size_t *ret_len)
{
	uint8_t *bytes = malloc(strlen(text) / 2 + 1), *exact;
	size_t len = 0;

	while (bytes && *text) {
		if (isspace((unsigned char)*text)) {
			text++;
			continue;
		}
		if (sscanf(text, "%2hhx", &bytes[len++]) != 1)
			abort();
		text += 2;
	}
	exact = realloc(bytes, len ? len : 1);
	if (!exact)
		abort();
	*ret_len = len;
	return exact;
}

/* Appends bytes as hex to a line for a failed row; cut where ret is full. */
static inline const char *hexdump(const uint8_t *bytes, size_t len, char *ret, size_t size)
{
	ret[0] = '\0';
	for (size_t i = 0; i < len && 2 * i + 2 < size; i++)
		snprintf(ret + 2 * i, size - 2 * i, "%02x", bytes[i]);
	return ret;
}
