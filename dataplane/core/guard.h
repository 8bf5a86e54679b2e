/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Limits for what a stranger can provoke: buckets of tokens, kept as a time, that of the next
 * token. Per CPU, so that nothing is refilled and nothing locked.
 */
#pragma once
#include "abi.h"

#include <stdbool.h>

/* Supplied by target.h. NULL: there is none. Of this CPU; nobody else writes it. */
static MG_INLINE struct mg_bucket *table_bucket(enum mg_guard guard);
static MG_INLINE __u64 table_clock(void); /* CLOCK_MONOTONIC in ns */

/* Takes a token; false: there is none left. */
static MG_INLINE bool guard_take(struct mg_bucket *bucket, const struct mg_limit *limit, __u64 now)
{
	if (!limit->clock_ns)
		return true;
	if (!bucket || bucket->next_ns > now + limit->advance_ns)
		return false;
	bucket->next_ns = (bucket->next_ns > now ? bucket->next_ns : now) + limit->clock_ns;
	return true;
}

static MG_INLINE bool guard_allows(const struct mg_settings *settings, enum mg_guard guard)
{
	const struct mg_limit *limit;

	if (!settings)
		return false;
	limit = &settings->limit[guard];
	return !limit->clock_ns || guard_take(table_bucket(guard), limit, table_clock());
}
