/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers of a report as IEEE 754 binary32 on the wire. All ones mean that the field is not there
 * (a NaN that no sender computes). Private to the codec.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define WIRE_FLOAT_ABSENT 0xffffffff

/* What became of the four octets. */
enum wire_float { WIRE_FLOAT_GOOD, WIRE_FLOAT_NONE /* not there */, WIRE_FLOAT_BAD };

/* Bad: not a number, infinite, negative, or a zero that is not allowed. *ret is written where it is
 * good. */
enum wire_float wire_float_read(uint32_t bits, bool zero_allowed, double *ret);

/* Rounded to 10 bits after the leading one, 0.05 % off at most, so that a change which does not
 * matter gives equal octets. Beyond the range of normal numbers: its nearest end; 0 or less: 0. */
uint32_t wire_float_of(double value);
