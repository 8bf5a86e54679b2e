/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/wire_float.h"

#include "base/util.h"

#include <math.h>
#include <string.h>

#define MANTISSA_KEPT 10
#define MANTISSA_CUT  (23 - MANTISSA_KEPT)

_Static_assert(sizeof(float) == sizeof(uint32_t), "float is IEEE 754 binary32");

enum wire_float wire_float_read(uint32_t bits, bool zero_allowed, double *ret)
{
	float f;

	if (bits == WIRE_FLOAT_ABSENT)
		return WIRE_FLOAT_NONE;
	memcpy(&f, &bits, sizeof(f));
	if (!isfinite(f) || f < 0 || (f == 0 && !zero_allowed))
		return WIRE_FLOAT_BAD;
	*ret = f == 0 ? 0 : (double)f; /* no negative zero */
	return WIRE_FLOAT_GOOD;
}

uint32_t wire_float_of(double value)
{
	const double max = 0x1p127;
	uint32_t bits;
	float f;

	if (!(value > 0))
		return 0;
	f = (float)(value > max ? max : value < 0x1p-126 ? 0x1p-126 : value);
	memcpy(&bits, &f, sizeof(bits));
	return (bits + BIT(MANTISSA_CUT - 1)) & ~(BIT(MANTISSA_CUT) - 1);
}
