/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables/state.h"

#include <slot.h>

static struct mg_slot *service_slots(const struct table_service *s)
{
	return tables_slot_memory(s->tables) + s->entry.slot_base;
}

static uint32_t seconds(uint64_t now_ns)
{
	return (uint32_t)(now_ns / 1000000000u);
}

static void slot_foreign_set(struct tables *t, uint32_t slot)
{
	t->sweep.foreign[slot / 64] |= 1ull << slot % 64;
}

static bool slot_foreign(const struct tables *t, uint32_t slot)
{
	return t->sweep.foreign[slot / 64] >> slot % 64 & 1;
}

static void slot_owner_count(struct table_service *s, uint16_t member, uint32_t more)
{
	if (member != MG_MEMBER_NONE && member <= s->entry.member_count)
		s->member[member].owned += more; /* or less, modulo 2^32 */
}

/* --- changes ---------------------------------------------------------------------------------- */
/* A number that is not bound counts as none: nothing may lead to it. */
static uint16_t bound(const struct table_service *s, uint16_t member)
{
	return member <= s->entry.member_count && s->member[member].use == MEMBER_BOUND
		       ? member
		       : MG_MEMBER_NONE;
}

static bool slot_apply(struct table_service *s, uint32_t i, uint16_t now, uint16_t next,
		       uint64_t now_ns)
{
	struct mg_slot *at = service_slots(s) + i, old = slot_load(at), slot;

	slot = slot_change(old, now, next, member_usable(s, old.now));
	if (slot.now == old.now && slot.next == old.next)
		return false;
	if (slot.state == MG_SLOT_MOVING && old.state != MG_SLOT_MOVING)
		s->moving_since_s[i] = seconds(now_ns);
	slot_store(at, slot);
	if (slot.now == old.now)
		return false;
	/* This round's pins were compared with the former owner. */
	slot_foreign_set(s->tables, s->entry.slot_base + i);
	slot_owner_count(s, old.now, (uint32_t)-1);
	slot_owner_count(s, slot.now, 1);
	return true;
}

size_t tables_slots_apply(struct table_service *s, const uint16_t *now_next, uint64_t now_ns)
{
	size_t changed = 0;

	for (uint32_t i = 0; i < s->spec.slots; i++)
		changed += slot_apply(s, i, bound(s, now_next[2 * i]),
				      bound(s, now_next[2 * i + 1]), now_ns);
	if (!s->place)
		service_publish(s); /* it logs; the next change tries again */
	return changed;
}

void slots_adopt(struct table_service *s, uint64_t now_ns)
{
	for (uint32_t i = 0; i < s->spec.slots; i++) {
		slot_owner_count(s, slot_load(service_slots(s) + i).now, 1);
		s->moving_since_s[i] = seconds(now_ns); /* when it began is not in the word */
	}
}

void slots_pin(struct table_service *s)
{
	for (uint32_t i = 0; i < s->spec.slots; i++) {
		struct mg_slot slot = slot_load(service_slots(s) + i);

		if (slot.state != MG_SLOT_STABLE)
			continue;
		slot.state = MG_SLOT_PINNED;
		slot_store(service_slots(s) + i, slot);
		/* Some of this round's pins have been looked at before. */
		slot_foreign_set(s->tables, s->entry.slot_base + i);
	}
}

/* --- the sweep's part ------------------------------------------------------------------------- */
static bool slot_due(const struct table_service *s, uint32_t i, struct mg_slot slot,
		     uint64_t now_ns)
{
	switch (slot.state) {
	case MG_SLOT_MOVING:
		/* Flows that would return to a removed member have nowhere to return to. */
		return (int32_t)(seconds(now_ns) - s->moving_since_s[i]) >=
			       (int32_t)s->spec.idle_s ||
		       (slot.prev <= s->entry.member_count &&
			s->member[slot.prev].use == MEMBER_LEAVING);
	case MG_SLOT_PINNED:
		/* With two choices pins are looked at in any state. */
		return s->entry.placement || !slot_foreign(s->tables, s->entry.slot_base + i);
	default:
		return false;
	}
}

static void slot_name(struct table_service *s, uint16_t member)
{
	if (member <= s->entry.member_count)
		s->member[member].named = s->tables->sweep.round;
}

static void slot_step(struct table_service *s, uint32_t i, uint64_t now_ns)
{
	struct mg_slot *at = service_slots(s) + i, old = slot_load(at), slot = old;

	if (slot_due(s, i, slot, now_ns))
		slot = slot_settle(slot);
	if (slot.next <= s->entry.member_count && s->member[slot.next].use == MEMBER_LEAVING)
		slot.next = MG_MEMBER_NONE;
	if (slot.state != old.state || slot.next != old.next)
		slot_store(at, slot);
	slot_name(s, slot.now);
	slot_name(s, slot.prev);
	slot_name(s, slot.next);
}

void slots_settle(struct table_service *s, uint32_t from, uint32_t to, uint64_t now_ns)
{
	if (!s->claimed)
		return;
	for (uint32_t i = from; i < to; i++)
		slot_step(s, i, now_ns);
}

/* --- views ------------------------------------------------------------------------------------ */
bool tables_slot(const struct table_service *s, uint32_t slot, struct mg_slot *ret)
{
	if (slot >= s->spec.slots)
		return false;
	*ret = slot_load(service_slots(s) + slot);
	return true;
}

void slots_count(const struct table_service *s, struct service_state *ret)
{
	for (uint32_t i = 0; i < s->spec.slots; i++) {
		struct mg_slot slot = slot_load(service_slots(s) + i);

		if (slot.state == MG_SLOT_MOVING)
			ret->slots_moving++;
		else if (slot.state == MG_SLOT_PINNED)
			ret->slots_pinned++;
		else if (slot.now == MG_MEMBER_NONE)
			ret->slots_empty++;
		else
			ret->slots_stable++;
	}
}
