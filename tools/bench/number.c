/* SPDX-License-Identifier: BSD-2-Clause */
#include "number.h"

#include <errno.h>
#include <stdlib.h>

uint64_t number_of(const struct argp_state *state, const char *text, uint64_t min, uint64_t max)
{
	char *end;
	uint64_t value, factor = 1;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (*end == 'K' || *end == 'M')
		factor = *end++ == 'K' ? 1000 : 1000000;
	if (errno || end == text || *end || *text == '-' || value > max / factor ||
	    value * factor < min)
		argp_error(state, "%s: not a number from %llu to %llu", text,
			   (unsigned long long)min, (unsigned long long)max);
	return value * factor;
}
