/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/pace.h"

/* ms times a factor between 1 - part and 1. */
static uint32_t less_by_chance(uint64_t ms, double part, uint32_t chance)
{
	return (uint32_t)((double)ms * (1 - part * chance / UINT32_MAX));
}

uint32_t pace_next(struct pace *pace, bool good, uint64_t took_ms, uint32_t chance)
{
	uint32_t interval = pace->interval_ms;
	uint64_t most = interval > PACE_BACK_OFF_MAX_MS ? interval : PACE_BACK_OFF_MAX_MS, wait;

	if (good) {
		pace->failures = 0;
		wait = took_ms < interval - interval / 10 ? interval - took_ms : interval / 10;
		return less_by_chance(wait, 0.05, chance);
	}
	if (pace->failures < 16)
		pace->failures++;
	wait = (uint64_t)interval << pace->failures;
	return less_by_chance(wait < most ? wait : most, 0.5, chance);
}
