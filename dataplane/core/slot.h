/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The slot word and its life. The data plane loads it, control/tables stores it; both use the
 * functions below, from any thread, because a slot is one word that is never seen half written.
 *
 *   STABLE --change--> MOVING --idle timeout--> PINNED --no foreign pin left--> STABLE
 */
#pragma once
#include "abi.h"

#include <stdbool.h>

typedef __u64 __attribute__((may_alias)) slot_word;

static MG_INLINE struct mg_slot slot_load(const struct mg_slot *slot)
{
	union {
		slot_word word;
		struct mg_slot slot;
	} u = { .word = *(const volatile slot_word *)slot };

	return u.slot;
}

static MG_INLINE void slot_store(struct mg_slot *slot, struct mg_slot value)
{
	union {
		struct mg_slot slot;
		slot_word word;
	} u = { .slot = value };

	*(volatile slot_word *)slot = u.word;
}

/* The slot after control has given it to `now`. now_usable: the member that has it so far is up and
 * not withdrawn. Where it is not, its flows have nowhere to return to, and the state stays. */
static MG_INLINE struct mg_slot slot_change(struct mg_slot old, __u16 now, __u16 next,
					    bool now_usable)
{
	struct mg_slot slot = old;

	slot.next = next;
	if (now == old.now)
		return slot;
	slot.now = now;
	if (old.state == MG_SLOT_MOVING || old.now == MG_MEMBER_NONE || !now_usable)
		return slot;
	slot.prev = old.now;
	slot.state = MG_SLOT_MOVING;
	return slot;
}

/* One step towards STABLE. The caller has seen to its condition: for MOVING, the service's idle
 * timeout has gone by since the first change; for PINNED, no live pin of the slot names another
 * member than now. prev is let go, so that its number can be used again. */
static MG_INLINE struct mg_slot slot_settle(struct mg_slot old)
{
	struct mg_slot slot = old;

	slot.state = old.state == MG_SLOT_MOVING ? MG_SLOT_PINNED : MG_SLOT_STABLE;
	slot.prev = MG_MEMBER_NONE;
	return slot;
}
