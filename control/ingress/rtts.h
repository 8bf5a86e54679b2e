/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Round-trip times to egresses, as measured, and which ones decisions ask for. An egress nobody has
 * asked for in a while is forgotten. Private to control/ingress; owned by struct ingress.
 */
#pragma once
#include "base/addr.h"

#include <stddef.h>

#define RTTS_MAX       4096 /* egresses; of further ones there is no round-trip time */
#define RTTS_UNUSED_MS 60000

struct rtts_entry;

/* Measured before configured. Seconds; negative: it should be measured, and is not known. measures:
 * whether it is measured at all; measured_s negative: not yet; configured_s 0: not told. */
static inline double rtt_rule(bool measures, double measured_s, double configured_s)
{
	if (measures && measured_s >= 0)
		return measured_s;
	return measures && configured_s <= 0 ? -1 : configured_s;
}

struct rtts {
	struct rtts_entry *entries; /* uthash's head */
	uint64_t secret[2];
	bool changed; /* an egress came or went since rtts_wanted() */
};

void rtts_init(struct rtts *rtts);
void rtts_clear(struct rtts *rtts);

/* Seconds; negative: not measured, and from now on wanted. */
double rtts_ask(struct rtts *rtts, const struct addr *egress, int64_t now_ms);
double rtts_get(const struct rtts *rtts, const struct addr *egress); /* the same, without asking */
/* Of an egress that is wanted; any other one is passed over. rtt_s negative: not known any more. */
void rtts_set(struct rtts *rtts, const struct addr *egress, double rtt_s);

/* 1: the list is another one than at the last call, and *ret has it, to be freed; 0: it is not, and
 * *ret is untouched. -ENOMEM. */
int rtts_wanted(struct rtts *rtts, int64_t now_ms, struct addr **ret, size_t *ret_count);
