/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Where flows begin that have two choices (two_choice.h, which says when the second is taken). What
 * has a pin does not come here, so that a packet of a flow under way costs a look at its pins.
 *
 *   TCP by flow   its SYN. A pin if it does not go to its slot's member, else none
 *   UDP by flow   what has no pin: its first packet; always a pin, for no packet says that it is
 *                 the first
 *   by client     what has no pin: the client's first flow decides for all; always a pin
 *
 * A pin for a second choice is never worth another flow's: where its set is full, or pins are
 * limited, the flow keeps its first choice. mg_recent remembers flows without a pin for some
 * seconds, so that a start that is sent again does not choose again.
 */
#pragma once
#include "observe.h"

/* A start's slot and pin. */
struct start {
	struct mg_slot slot;
	struct mg_pin pin; /* its member is open */
	struct pin_ref found;
	__u32 at;   /* the set of its pin */
	bool anew;  /* what was found is another flow's */
	__u64 seed; /* of hashes; asked for once, as the verifiers before 6.18 want it */
};

/* Takes the member of a second slot, if that has fewer flows in flight for its weight. */
static MG_INLINE void start_second(const struct mg_service *service, struct way *ret)
{
	const struct mg_slot *at = table_slot(steer_slot_index(service, flow_second(ret->hash)));
	const struct mg_member *member[2];
	const struct mg_load *load[2];
	struct two_choice choice[2];
	struct way second = *ret;

	if (!at || !steer_member(service, slot_load(at).now, &second) ||
	    second.member == ret->member)
		return;
	for (int i = 0; i < 2; i++) {
		__u32 index = i ? second.member : ret->member;

		member[i] = table_member(index);
		load[i] = table_load(index);
		if (!member[i] || !load[i])
			return;
		choice[i].in_flight = *(const volatile __u32 *)&load[i]->in_flight;
		choice[i].weight = *(const volatile __u32 *)&member[i]->weight;
	}
	if (!two_choice_second(&choice[0], &choice[1]))
		return;
	*ret = second;
	ret->second = true;
}

/* The member that this flow has had, by its pin or by what was counted of it a moment ago; else
 * MG_MEMBER_NONE. */
static MG_INLINE __u16 start_had(const struct mg_service *service, const struct start *start,
				 const struct flow *flow, const struct way *way)
{
	__u64 hash = recent_hash(flow, way, start->seed);
	struct mg_recent_set *set = table_recent(hash & (MG_RECENT_SETS - 1));
	struct recent_ref recent;

	if (start->found.at)
		return start->anew ? MG_MEMBER_NONE : start->found.seen.member;
	if (!set)
		return MG_MEMBER_NONE;
	recent = recent_find(set, hash >> RECENT_FINGERPRINT_SHIFT);
	if (!recent_again(recent, table_clock() >> MG_RECENT_SHIFT))
		return MG_MEMBER_NONE;
	return (recent.seen.member - service->member_base) & RECENT_MEMBER_MAX;
}

/* A pin in a full set only where a slot moves: then every flow needs one. */
static MG_INLINE enum mg_event start_insert(struct mg_pin_set *set, struct mg_pin pin, bool moving)
{
	struct pin_ref room = pin_room(set, pin.tick);

	if (!guard_allows(table_settings(), MG_GUARD_PINS))
		return MG_EVENT_PIN_LIMITED;
	if (!moving && room.seen.member != MG_MEMBER_NONE)
		return MG_EVENT_PIN_FULL;
	if (!pin_swap(room, pin))
		return MG_EVENT_PIN_RACED;
	return room.seen.member == MG_MEMBER_NONE ? MG_EVENT_PIN_INSERTED : MG_EVENT_PIN_EVICTED;
}

/* True: the flow has got its pin, or was given another one's. */
static MG_INLINE bool start_pin(struct start *start, struct mg_pin_set *set, __u64 hash)
{
	enum mg_event event;

	if (start->found.at)
		event = pin_replace(start->found, start->pin);
	else
		event = start_insert(set, start->pin, start->slot.state == MG_SLOT_MOVING);
	table_event(event);
	if (event == MG_EVENT_PIN_LIMITED || event == MG_EVENT_PIN_FULL ||
	    event == MG_EVENT_PIN_RACED)
		return false;
	steer_mark(start->at, hash);
	return true;
}

/* False: there is no member to be used. */
static MG_INLINE bool start_choose(const struct mg_service *service, struct start *start,
				   struct mg_pin_set *set, const struct flow *flow, struct way *ret)
{
	bool moving = start->slot.state == MG_SLOT_MOVING;
	bool always = moving || flow->service.proto == PROTO_UDP || ret->by_client;
	bool had = steer_member(service, start_had(service, start, flow, ret), ret);
	struct way first;

	/* As in any slot that moves: what shows no start is taken for an old flow. */
	if (!had && moving && !flow->start)
		had = steer_member(service, start->slot.prev, ret);
	if (!had && !steer_slot(service, start->slot, ret))
		return false;
	first = *ret;
	if (!had && service->placement == MG_PLACEMENT_TWO_CHOICE &&
	    (flow->start || flow->service.proto == PROTO_UDP))
		start_second(service, ret);
	start->pin.member = ret->member - service->member_base;
	if (!always && !start->found.at && start->pin.member == start->slot.now)
		return true;
	if (start_pin(start, set, ret->hash) || had)
		return true;
	*ret = first;
	if (moving)
		steer_member(service, start->slot.prev, ret);
	return true;
}

/* After steer() has said STEER_START. */
static MG_INLINE enum mg_verdict start_steer(const struct flow *flow, struct way *ret)
{
	const struct mg_settings *settings = table_settings();
	const struct mg_service *service = table_service(ret->site);
	const struct mg_slot *slot;
	struct mg_pin_set *set;
	struct start start;

	if (!settings || !service)
		return MG_NO_MEMBER;
	slot = table_slot(steer_slot_index(service, ret->hash));
	start.at = ret->hash >> FLOW_PIN_SHIFT & settings->pin_set_mask;
	set = table_pins(start.at);
	if (!slot || !set)
		return MG_NO_MEMBER;
	start.seed = settings->hash_seed;
	start.slot = slot_load(slot);
	start.pin = (struct mg_pin){ .slot = steer_slot_index(service, ret->hash),
				     .fingerprint = steer_fingerprint(ret->hash),
				     .tick = table_tick() };
	start.found = pin_find(set, start.pin);
	start.anew = steer_anew(service, flow, start.found, start.pin.tick);
	ret->begins = flow->start || flow->service.proto == PROTO_UDP;
	if (!start_choose(service, &start, set, flow, ret))
		return steer_last(service);
	return steer_nexthop(flow, ret);
}
