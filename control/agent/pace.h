/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When a source is asked next: at its interval while it answers well, else later and later, and
 * never by many routers at the same moment. Pure.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define PACE_BACK_OFF_MAX_MS 60000 /* or the interval, where that is longer */

struct pace {
	uint32_t interval_ms;
	unsigned int failures; /* since the last good answer */
};

/*
 * The wait, in ms. took_ms: how long the asking took, which is part of the interval; of an interval
 * a tenth is waited in any case. chance: any number, evenly drawn.
 */
uint32_t pace_next(struct pace *pace, bool good, uint64_t took_ms, uint32_t chance);
