/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Round-trip times to egresses, as measured, and which ones decisions ask for. An egress nobody has
 * asked for in a while is forgotten. Private to control/ingress; owned by struct ingress.
 */
#pragma once
#include "base/addr.h"
#include "ingress/ingress.h"

#include <stddef.h>

#define RTTS_MAX       4096 /* egresses; of further ones there is no round-trip time */
#define RTTS_UNUSED_MS 60000

struct rtts_entry;

struct rtts {
	struct rtts_entry *entries; /* uthash's head */
	uint64_t secret[2];
	bool changed; /* an egress came or went since rtts_wanted() */
};

void rtts_init(struct rtts *rtts);
void rtts_clear(struct rtts *rtts);

/* From now on it is wanted. */
void rtts_ask(struct rtts *rtts, const struct addr *egress, int64_t now_ms);

/* Measured before configured. rtts NULL: it is not measured; then, and only then, 0 is what is
 * configured where nothing is. configured_s 0: nothing is. */
struct ingress_rtt rtts_known(const struct rtts *rtts, const struct addr *egress,
			      double configured_s);

/* Of an egress that is wanted; any other one is passed over. rtt_s negative: not known any more. */
void rtts_set(struct rtts *rtts, const struct addr *egress, double rtt_s);

/* 1: the list is another one than at the last call, and *ret has it, to be freed; 0: it is not, and
 * *ret is untouched. -ENOMEM. */
int rtts_wanted(struct rtts *rtts, int64_t now_ms, struct addr **ret, size_t *ret_count);
