/* SPDX-License-Identifier: BSD-2-Clause */
#include "tally.h"

#include <stddef.h>
#include <string.h>

#define STEP_BITS    10
#define FIRST_OCTAVE (1023 - 16)

/* The leading bits of a positive double are octave and step: no logarithm. */
static size_t bin_of(double seconds)
{
	int64_t bits, index;

	memcpy(&bits, &seconds, sizeof(bits));
	index = (bits >> (52 - STEP_BITS)) - ((int64_t)FIRST_OCTAVE << STEP_BITS);
	if (index < 0)
		return 0;
	return index < TALLY_OCTAVES * TALLY_STEPS ? (size_t)index
						   : TALLY_OCTAVES * TALLY_STEPS - 1;
}

/* Its middle. */
static double bin_value(size_t bin)
{
	int64_t bits = ((((int64_t)FIRST_OCTAVE << STEP_BITS) + (int64_t)bin) << (52 - STEP_BITS)) |
		       1ll << (51 - STEP_BITS);
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

void spread_add(struct spread *s, double seconds)
{
	s->bin[bin_of(seconds)]++;
	s->count++;
}

double spread_quantile(const struct spread *s, double part)
{
	uint64_t below = 0, wanted = (uint64_t)(part * (double)s->count);

	for (size_t i = 0; s->count && i < TALLY_OCTAVES * TALLY_STEPS; i++) {
		below += s->bin[i];
		if (below > wanted)
			return bin_value(i);
	}
	return 0;
}
