/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keeps one source from filling the log: the same message once a minute, and of all messages no
 * more than a few a second. One struct limit a source, zeroed by its owner; time is an argument.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIMIT_REPEAT_MS  60000 /* how long a message that was shown is not shown again */
#define LIMIT_BURST      5
#define LIMIT_REFILL_MS  2000 /* one more message each */
#define LIMIT_REMEMBERED 8    /* messages; a ninth takes the place of the oldest */

struct limit {
	struct limit_shown {
		uint64_t hash, at_ms;
	} shown[LIMIT_REMEMBERED];
	uint64_t spent_ms;   /* the bucket: how far ahead of time messages were shown */
	uint64_t suppressed; /* since the last that passed */
};

/*
 * Whether a message may be shown. identity is what makes it the same as another, seldom the whole
 * text. *ret_suppressed: how many were held back since the last one that passed.
 */
bool limit_pass(struct limit *limit, uint64_t now_ms, const char *identity, size_t len,
		uint64_t *ret_suppressed);
