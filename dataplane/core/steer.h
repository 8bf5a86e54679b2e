/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The decision: service, slot, pin, member, site, next hop. Nothing of the packet is touched; of
 * the tables only pins are written. What it wants of its surroundings is declared here and supplied
 * by each target's target.h.
 */
#pragma once
#include "guard.h"
#include "packet.h"
#include "pin.h"
#include "quic.h"
#include "service.h"
#include "slot.h"

/* The tables, however the target reaches them. NULL: no such entry. */
static MG_INLINE const struct mg_settings *table_settings(void);
static MG_INLINE const struct mg_service_set *table_service_set(__u32 index);
static MG_INLINE const struct mg_service *table_service(__u32 place);
static MG_INLINE const struct mg_slot *table_slot(__u32 index);
static MG_INLINE struct mg_pin_set *table_pins(__u32 index);
static MG_INLINE struct mg_pin_marks *table_pin_marks(__u32 index); /* of sets 8 index to + 7 */
static MG_INLINE const struct mg_member *table_member(__u32 index);
static MG_INLINE const struct mg_site *table_site(__u32 index);
static MG_INLINE const struct mg_nexthop *table_nexthop(__u32 index);
static MG_INLINE const struct mg_server *table_server(const struct mg_server_key *key);
static MG_INLINE const struct mg_port *table_port(__u32 ifindex);
static MG_INLINE __u8 table_tick(void); /* CLOCK_MONOTONIC in ns >> MG_TICK_SHIFT */
static MG_INLINE void table_event(enum mg_event event);

#define STEER_START MG_VERDICT_COUNT /* steer(): not decided, on by start_steer() */

/* Where a packet goes: indexes only, so that the decision and what is done about it can be verified
 * as two BPF functions. */
struct way {
	__u64 hash;    /* of the flow */
	__u32 service; /* into mg_counters_service; 0: none */
	__u32 member;  /* into mg_members */
	__u32 site, nexthop;
	__u32 ifindex;  /* of the next hop */
	__u16 mss;      /* of this TCP start at most; 0: as it came */
	__u8 by_id;     /* chosen by the server ID: not a flow's start, even if it looks like one */
	__u8 local : 1; /* the site is this router: on by steer_inward() */
	__u8 observed : 1;  /* its flows are counted: observe() */
	__u8 by_client : 1; /* the hash is the client's, not the flow's */
	__u8 known : 1;     /* a start of a flow that has a pin: sent again */
	__u8 begins : 1;    /* a UDP flow, as its pin tells: start.h */
	__u8 second : 1;    /* by its second choice */
};

/* NULL: it is not in this set; then *ret_full says whether it may be in the other one. */
static MG_INLINE const struct mg_service *service_in(const struct mg_service_set *set, __u32 tag,
						     const struct service_name *name,
						     bool *ret_full, __u32 *ret_place)
{
	const struct mg_service *service;

	*ret_full = false;
	for (int i = 0; i < MG_SERVICES_PER_SET; i++) {
		struct mg_service_ref ref = service_load(&set->ref[i]);

		if (!ref.place)
			return NULL;
		if (ref.tag != tag)
			continue;
		service = table_service(ref.place);
		if (service && service_is(service, name)) {
			*ret_place = ref.place;
			return service;
		}
	}
	*ret_full = true;
	return NULL;
}

static MG_INLINE const struct mg_service *service_find(const struct service_name *name,
						       __u32 set_mask, __u32 *ret_place)
{
	struct service_spot spot = service_spot(name, set_mask);
	const struct mg_service *service = NULL;
	bool further = true;

	for (int i = 0; i < 2 && further && !service; i++) {
		const struct mg_service_set *set = table_service_set(spot.set[i]);

		if (!set)
			return NULL;
		service = service_in(set, spot.tag, name, &further, ret_place);
	}
	return service;
}

/* The ports are not known, and no service takes the packet without: is it for one all the same? */
static MG_INLINE enum mg_verdict steer_portless(const struct flow *flow, struct service_name name,
						__u32 set_mask)
{
	__u32 place;

	name.rest = service_rest_of(&flow->service, flow->v4 ? PROTO_ICMP : PROTO_ICMPV6, 0);
	if (!service_find(&name, set_mask, &place))
		return MG_NOT_OURS;
	return flow->error ? MG_QUOTE : MG_FRAGMENT;
}

/* Protocols whose packets have ports that a fragment may have left behind. Unknown ones have not;
 * in IPv6, behind a further extension header there may be any. */
static MG_INLINE bool steer_ported(const struct flow *flow)
{
	__u8 proto = flow->service.proto;

	return proto == PROTO_TCP || proto == PROTO_UDP ||
	       (!flow->v4 && ipv6_extension_len(proto, 0));
}

/* From the particular to the general. Without its ports a packet can only be told to be for a
 * service on all ports, and of a client as a whole. */
static MG_INLINE enum mg_verdict steer_service(const struct flow *flow, __u32 set_mask,
					       const struct mg_service **ret, __u32 *ret_place)
{
	struct service_name name = service_name(&flow->service);
	const struct mg_service *service = service_find(&name, set_mask, ret_place);

	if (!service && flow->service.port) {
		name.rest = service_rest_of(&flow->service, flow->service.proto, 0);
		service = service_find(&name, set_mask, ret_place);
	}
	if (!service) {
		name.rest = service_rest_of(&flow->service, 0, 0);
		service = service_find(&name, set_mask, ret_place);
	}
	if (!service)
		return flow->portless && steer_ported(flow) ? steer_portless(flow, name, set_mask)
							    : MG_NOT_OURS;
	if (flow->error && !flow->quoted)
		return MG_QUOTE;
	if (flow->portless && service->affinity != MG_AFFINITY_CLIENT && steer_ported(flow))
		return flow->error ? MG_QUOTE : MG_FRAGMENT;
	*ret = service;
	return MG_FORWARD;
}

static MG_INLINE __u32 steer_slot_index(const struct mg_service *service, __u64 hash)
{
	return service->slot_base + (hash & service->slot_mask);
}

/* True, and the way leads there, if the member takes packets. */
static MG_INLINE bool steer_member(const struct mg_service *service, __u16 member, struct way *ret)
{
	const struct mg_member *entry;
	const struct mg_site *site;

	if (member == MG_MEMBER_NONE || member > service->member_count)
		return false;
	entry = table_member(service->member_base + member);
	if (!entry || entry->state != MG_UP)
		return false;
	site = table_site(entry->site);
	if (!site || site->state != MG_UP)
		return false;
	ret->member = service->member_base + member;
	ret->site = entry->site;
	return true;
}

/* What is down is left at once, before control knows: first for the slot's next choice, then for
 * those of other slots. */
static MG_INLINE bool steer_elsewhere(const struct mg_service *service, struct mg_slot slot,
				      struct way *ret)
{
	const struct mg_slot *other;
	__u64 hash = ret->hash;

	for (int i = 0; i < MG_REDRAWS; i++) {
		if (steer_member(service, slot.next, ret))
			return true;
		hash = flow_redraw(hash);
		other = table_slot(steer_slot_index(service, hash));
		if (!other)
			return false;
		slot = slot_load(other);
		if (steer_member(service, slot.now, ret))
			return true;
	}
	return steer_member(service, slot.next, ret);
}

static MG_INLINE bool steer_slot(const struct mg_service *service, struct mg_slot slot,
				 struct way *ret)
{
	if (steer_member(service, slot.now, ret))
		return true;
	if (!steer_elsewhere(service, slot, ret))
		return false;
	table_event(MG_EVENT_NEXT_CHOICE);
	return true;
}

/* Of a service with two choices: this packet wants more than its slot to be asked (start.h). Flows
 * that show no start, and clients, are held by pins from their first packet on. */
static MG_INLINE bool steer_begins(const struct mg_service *service, const struct flow *flow)
{
	__u8 proto = flow->service.proto;
	bool by_client = service->affinity == MG_AFFINITY_CLIENT;

	if (!service->placement || flow->service.scope != MG_SCOPE_INGRESS || flow->error)
		return false;
	return flow->start || proto == PROTO_UDP || (by_client && proto == PROTO_TCP);
}

/* A start on a pin that has been silent for long is another flow's; not so for a client. */
static MG_INLINE bool steer_anew(const struct mg_service *service, const struct flow *flow,
				 struct pin_ref found, __u8 tick)
{
	return flow->start && found.at && pin_age(found.seen, tick) > PIN_RESTART_TICKS &&
	       !(service->placement && service->affinity == MG_AFFINITY_CLIENT);
}

static MG_INLINE __u16 steer_fingerprint(__u64 hash)
{
	return hash >> FLOW_FINGERPRINT_SHIFT;
}

/* False: the flow has no pin in this set, for sure. */
static MG_INLINE bool steer_marked(__u32 set, __u64 hash)
{
	const struct mg_pin_marks *marks = table_pin_marks(set / MG_MARKS_PER_WORD);

	return !marks || pin_marked(marks, set, steer_fingerprint(hash));
}

/* Once the flow has its pin. */
static MG_INLINE void steer_mark(__u32 set, __u64 hash)
{
	struct mg_pin_marks *marks = table_pin_marks(set / MG_MARKS_PER_WORD);

	if (marks)
		pin_mark(marks, set, steer_fingerprint(hash));
}

/* In a slot that is not STABLE, or of a service with two choices: by the flow's pin where there is
 * one; in a MOVING one it gets one. A start that may get none goes where the rest of its flow will
 * be taken for an old one's. */
static MG_INLINE bool steer_pinned(const struct mg_service *service, struct mg_slot slot,
				   const struct flow *flow, __u32 at, struct mg_pin_set *set,
				   struct way *ret)
{
	bool start = flow->start;
	struct mg_pin pin = { .slot = steer_slot_index(service, ret->hash),
			      .fingerprint = steer_fingerprint(ret->hash) };
	struct pin_ref found = pin_find(set, pin);
	bool pins = slot.state == MG_SLOT_MOVING && !found.at, limited, stays, anew;

	/* The clock costs as much as all of this: not for what has no pin and gets none. */
	pin.tick = found.at || pins ? table_tick() : 0;
	anew = steer_anew(service, flow, found, pin.tick);

	if (found.at && !anew && steer_member(service, found.seen.member, ret)) {
		pin_touch(found, pin.tick);
		ret->known = service->affinity != MG_AFFINITY_CLIENT;
		return true;
	}
	ret->begins = steer_begins(service, flow);
	if (ret->begins)
		return true;
	limited = pins && !guard_allows(table_settings(), MG_GUARD_PINS);
	if (limited)
		table_event(MG_EVENT_PIN_LIMITED);
	stays = pins && (!start || limited);
	if (!(stays && steer_member(service, slot.prev, ret)) && !steer_slot(service, slot, ret))
		return false;
	pin.member = ret->member - service->member_base;
	if (found.at) {
		table_event(pin_replace(found, pin));
	} else if (pins && !limited) {
		table_event(pin_insert(set, pin));
		steer_mark(at, ret->hash);
	}
	return true;
}

/* ret->hash is the flow's. */
static MG_INLINE bool steer_choose(const struct mg_service *service, __u32 pin_set_mask,
				   const struct flow *flow, struct way *ret)
{
	const struct mg_slot *slot_at = table_slot(steer_slot_index(service, ret->hash));
	__u32 at = ret->hash >> FLOW_PIN_SHIFT & pin_set_mask;
	struct mg_pin_set *set;
	struct mg_slot slot;

	if (!slot_at)
		return false;
	slot = slot_load(slot_at);
	if (slot.state == MG_SLOT_STABLE && !service->placement)
		return steer_slot(service, slot, ret);
	/* In a slot that moves nearly all flows have a pin. */
	if (slot.state != MG_SLOT_MOVING && !steer_marked(at, ret->hash)) {
		ret->begins = steer_begins(service, flow);
		return ret->begins || steer_slot(service, slot, ret);
	}
	set = table_pins(at);
	if (!set)
		return steer_slot(service, slot, ret);
	return steer_pinned(service, slot, flow, at, set, ret);
}

/* By the server ID in the connection ID, which outlives a change of the client's address. Fragments
 * do not all have it, nor have errors: both follow the slot. The cursor is at the frame's start. */
static MG_INLINE bool steer_server(struct packet pkt, const struct flow *flow,
				   const struct mg_service *service, struct way *ret)
{
	struct mg_server_key key = { .service = service->index };
	const struct mg_server *server;

	if (flow->fragment || flow->error || flow->service.proto != PROTO_UDP)
		return false;
	if (!quic_server_id(&pkt, flow, service, &key))
		return false;
	server = table_server(&key);
	if (!server || server->member > MG_MEMBERS_MAX ||
	    !steer_member(service, server->member, ret))
		return false;
	ret->by_id = true;
	table_event(MG_EVENT_SERVER_ID);
	return true;
}

static MG_INLINE __u16 steer_mss(const struct flow *flow, const struct mg_service *service)
{
	if (!flow->start || flow->service.proto != PROTO_TCP)
		return 0;
	return flow->v4 ? service->mss_v4 : service->mss_v6;
}

static MG_INLINE enum mg_verdict steer_last(const struct mg_service *service)
{
	switch (service->last_resort) {
	case MG_LAST_UNREACHABLE:
		return MG_UNREACHABLE;
	case MG_LAST_KERNEL:
		return MG_LAST_RESORT;
	default:
		return MG_NO_MEMBER;
	}
}

/* Any of the site's next hops; the hash bits are not those that chose the slot. Out of a tunnel, or
 * turned inward, it goes straight to an instance and into no other tunnel: there is no loop. */
static MG_INLINE enum mg_verdict steer_nexthop(const struct flow *flow, struct way *ret)
{
	const struct mg_site *site = table_site(ret->site);
	__u32 draw = ret->hash >> 32 & 0xffff, at;
	const struct mg_nexthop *nexthop;

	if (!site)
		return MG_NO_MEMBER;
	if (flow->service.scope == MG_SCOPE_EGRESS && site->encap != MG_ENCAP_NONE)
		return MG_NO_MEMBER;
	ret->local = site->encap == MG_ENCAP_LOCAL;
	if (ret->local)
		return MG_FORWARD;
	at = draw * site->nexthop_count >> 16;
	if (!site->nexthop_count || at >= MG_SITE_NEXTHOPS)
		return MG_NO_NEXTHOP;
	ret->nexthop = site->nexthop[at];
	nexthop = table_nexthop(ret->nexthop);
	if (!nexthop || !nexthop->ifindex)
		return MG_NO_NEXTHOP;
	ret->ifindex = nexthop->ifindex;
	return MG_FORWARD;
}

/* *ret is whole with MG_FORWARD only; its service is there as soon as it is known. STEER_START:
 * start_steer() decides. The cursor is at the frame's start. */
static MG_INLINE enum mg_verdict steer(const struct packet *pkt, const struct flow *flow,
				       struct way *ret)
{
	const struct mg_settings *settings = table_settings();
	const struct mg_service *service = NULL;
	enum mg_verdict verdict;
	__u32 place = 0;

	if (!settings)
		return MG_NOT_OURS;
	verdict = steer_service(flow, settings->service_set_mask, &service, &place);
	if (verdict != MG_FORWARD)
		return verdict;
	if (!service)
		return MG_NO_MEMBER;
	ret->service = service->index;
	ret->hash = flow_hash_for(flow, settings->hash_seed, service);
	ret->mss = steer_mss(flow, service);
	ret->observed = service->observe;
	ret->by_client = service->affinity == MG_AFFINITY_CLIENT;
	if (!(service->affinity == MG_AFFINITY_QUIC && steer_server(*pkt, flow, service, ret)) &&
	    !steer_choose(service, settings->pin_set_mask, flow, ret))
		return steer_last(service);
	if (ret->begins) {
		ret->site = place;
		return (enum mg_verdict)STEER_START;
	}
	return steer_nexthop(flow, ret);
}

/* Whether the interface by which clients' packets come has to be asked for their VRF. */
static MG_INLINE bool steer_asks_port(void)
{
	const struct mg_settings *settings = table_settings();

	return settings && settings->vrf_ports;
}

/* Two VRFs may have services, and clients, of the same addresses. Out of a tunnel it is its
 * endpoint that says whose packet this is. */
static MG_INLINE void steer_vrf(struct flow *flow, __u32 ifindex)
{
	const struct mg_port *port = table_port(ifindex);

	if (port)
		flow->service.vrf = port->vrf;
}

/* The chosen site is this router itself: before steer() chooses among its instances. */
static MG_INLINE void steer_inward(struct flow *flow, struct way *way)
{
	flow->service.scope = MG_SCOPE_EGRESS;
	way->local = way->by_id = way->begins = false;
}
