/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/limit.h"

#include "base/fnv.h"

/* 0 stands for "none". */
static uint64_t limit_hash(const char *identity, size_t len)
{
	uint64_t hash = fnv_add(FNV_START, identity, len);

	return hash ? hash : 1;
}

/* The entry of that message, or the oldest one. */
static struct limit_shown *limit_find(struct limit *limit, uint64_t hash)
{
	struct limit_shown *oldest = &limit->shown[0];

	for (size_t i = 0; i < LIMIT_REMEMBERED; i++) {
		if (limit->shown[i].hash == hash)
			return &limit->shown[i];
		if (limit->shown[i].at_ms < oldest->at_ms)
			oldest = &limit->shown[i];
	}
	return oldest;
}

/* A token bucket kept as one time: each message costs LIMIT_REFILL_MS, LIMIT_BURST may be owed. */
static bool limit_spend(struct limit *limit, uint64_t now_ms)
{
	uint64_t from = limit->spent_ms > now_ms ? limit->spent_ms : now_ms;

	if (from + LIMIT_REFILL_MS > now_ms + (uint64_t)LIMIT_BURST * LIMIT_REFILL_MS)
		return false;
	limit->spent_ms = from + LIMIT_REFILL_MS;
	return true;
}

bool limit_pass(struct limit *limit, uint64_t now_ms, const char *identity, size_t len,
		uint64_t *ret_suppressed)
{
	uint64_t hash = limit_hash(identity, len);
	struct limit_shown *shown = limit_find(limit, hash);
	bool repeated = shown->hash == hash && now_ms < shown->at_ms + LIMIT_REPEAT_MS;

	if (repeated || !limit_spend(limit, now_ms)) {
		limit->suppressed++;
		return false;
	}
	*shown = (struct limit_shown){ .hash = hash, .at_ms = now_ms };
	*ret_suppressed = limit->suppressed;
	limit->suppressed = 0;
	return true;
}
