/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What this router sees of the flows that it sends to a member: how many began, how many ended, how
 * many are in flight, and how long they and their handshakes take. Counted in mg_loads by atomic
 * operations of all CPUs, at a flow's start and end only.
 *
 * What was counted stands in mg_recent, so that a SYN or a FIN that is sent again, or one reset
 * after the other, counts once. One word a flow in sets of eight, changed by compare-and-swap as
 * pins are; a full set gives up its oldest. Then, or where a CPU comes second, a flow may be
 * counted twice: control drains what is too much, and a count that is too low ends at zero.
 */
#pragma once
#include "steer.h"
#include "two_choice.h"

/* NULL: no such entry. Supplied by target.h. */
static MG_INLINE struct mg_load *table_load(__u32 member);
static MG_INLINE struct mg_recent_set *table_recent(__u32 index);

typedef __u64 __attribute__((may_alias)) recent_word;

/* A start as late as that is another flow's with the same addresses and ports, as for pins
 * (PIN_RESTART_TICKS): SYNs are sent again after 1, 2 and 4 s (RFC 6298 section 5). */
#define RECENT_LIFE (10000000000ull >> MG_RECENT_SHIFT)

#define RECENT_TIME_MAX          0x7fffffff
#define RECENT_MEMBER_MAX        0x7ff
#define RECENT_FINGERPRINT_SHIFT 44 /* of the hash: the lowest bits choose the set */
#define LOAD_RACES               4  /* tries before a flow's end is left to the drain */

/* A recent flow and what stood there when it was read. at NULL: none. */
struct recent_ref {
	struct mg_recent *at;
	struct mg_recent seen;
};

union recent_value {
	struct mg_recent recent;
	recent_word word;
};

static MG_INLINE struct mg_recent recent_load(const struct mg_recent *recent)
{
	union recent_value value = { .word = *(const volatile recent_word *)recent };

	return value.recent;
}

static MG_INLINE bool recent_swap(struct recent_ref ref, struct mg_recent recent)
{
	union recent_value old = { .recent = ref.seen }, new = { .recent = recent };

	/* Never NULL here, but the verifier is to see it. */
	return ref.at && __sync_bool_compare_and_swap((recent_word *)ref.at, old.word, new.word);
}

static MG_INLINE __u32 recent_age(struct mg_recent recent, __u32 time)
{
	return (time - recent.time) & RECENT_TIME_MAX;
}

static MG_INLINE struct recent_ref recent_find(struct mg_recent_set *set, __u32 fingerprint)
{
	for (int i = 0; i < MG_RECENTS_PER_SET; i++) {
		struct mg_recent recent = recent_load(&set->recent[i]);

		if (recent.state != MG_RECENT_NONE && recent.fingerprint == fingerprint)
			return (struct recent_ref){ &set->recent[i], recent };
	}
	return (struct recent_ref){ .at = NULL };
}

/* A free place, else the one of the oldest. */
static MG_INLINE struct recent_ref recent_room(struct mg_recent_set *set, __u32 time)
{
	struct recent_ref oldest = { .at = NULL };

	for (int i = 0; i < MG_RECENTS_PER_SET; i++) {
		struct mg_recent recent = recent_load(&set->recent[i]);

		if (!oldest.at || recent.state == MG_RECENT_NONE ||
		    recent_age(recent, time) > recent_age(oldest.seen, time))
			oldest = (struct recent_ref){ &set->recent[i], recent };
		if (recent.state == MG_RECENT_NONE)
			break;
	}
	return oldest;
}

/* This flow's start has been counted, and what comes now was sent again. */
static MG_INLINE bool recent_again(struct recent_ref found, __u32 time)
{
	return found.at && found.seen.state != MG_RECENT_ENDED &&
	       recent_age(found.seen, time) <= RECENT_LIFE;
}

/* Of the flow, whatever the service's affinity makes of its client. */
static MG_INLINE __u64 recent_hash(const struct flow *flow, const struct way *way, __u64 seed)
{
	return flow_redraw(way->by_client ? flow_hash(flow, seed, MG_AFFINITY_FLOW) : way->hash);
}

static MG_INLINE void load_start(struct mg_load *load, bool second)
{
	__sync_fetch_and_add(&load->starts, 1);
	if (second)
		__sync_fetch_and_add(&load->seconds, 1);
	if (*(volatile __u32 *)&load->in_flight < MG_LOAD_MAX)
		__sync_fetch_and_add(&load->in_flight, TWO_CHOICE_FLOW);
}

static MG_INLINE void load_end(struct mg_load *load)
{
	__sync_fetch_and_add(&load->ends, 1);
	for (int i = 0; i < LOAD_RACES; i++) {
		__u32 seen = *(volatile __u32 *)&load->in_flight;

		if (__sync_bool_compare_and_swap(&load->in_flight, seen, two_choice_end(seen)))
			return;
	}
}

/* `spot` is the flow's entry, or where it may have one; `again`: this start was counted. */
static MG_INLINE void observe_start(struct mg_load *load, struct recent_ref spot,
				    struct mg_recent now, bool again, bool second)
{
	now.state = again ? MG_RECENT_RUNNING : MG_RECENT_STARTED;
	recent_swap(spot, now);
	if (!again)
		load_start(load, second);
}

/* `met`: the flow's start stands there, or the last one that was sent again. */
static MG_INLINE void observe_end(struct mg_load *load, struct recent_ref spot,
				  struct mg_recent now, bool met)
{
	__u64 age = recent_age(spot.seen, now.time);

	now.state = MG_RECENT_ENDED;
	load_end(load);
	if (!recent_swap(spot, now) || !met)
		return;
	__sync_fetch_and_add(&load->timed, 1);
	__sync_fetch_and_add(&load->flow_us, (age << MG_RECENT_SHIFT) / 1000);
}

/* The client's next packet after its SYN: it has had an answer. The start's time stays. */
static MG_INLINE void observe_answered(struct mg_load *load, struct recent_ref found, __u32 time)
{
	__u32 age = recent_age(found.seen, time);
	struct mg_recent now = found.seen;

	now.state = MG_RECENT_RUNNING;
	if (!recent_swap(found, now) || age > RECENT_LIFE)
		return;
	__sync_fetch_and_add(&load->handshakes, 1);
	__sync_fetch_and_add(&load->handshake_us, ((__u64)age << MG_RECENT_SHIFT) / 1000);
}

/* Whose handshakes are timed: one flow in sixteen, by the client's port, so that the packets of the
 * others need no look at mg_recent. */
static MG_INLINE bool observe_timed(const struct flow *flow)
{
	return flow->service.proto == PROTO_TCP && !flow->error &&
	       !(flow->sport * FLOW_MIX_A >> 60);
}

/* way is that to the site, not on from there to an instance. */
static MG_INLINE bool observe_wanted(const struct flow *flow, const struct way *way)
{
	return way->observed && !way->by_id &&
	       (flow->start || flow->end || way->begins || observe_timed(flow));
}

/* Nothing of this packet is to be counted: it is neither start nor end nor an answer, or the end of
 * what has ended. */
static MG_INLINE bool observe_nothing(const struct flow *flow, bool start, struct recent_ref found)
{
	__u32 state = found.at ? found.seen.state : MG_RECENT_NONE;

	if (start)
		return false;
	return flow->end ? state == MG_RECENT_ENDED : state != MG_RECENT_STARTED;
}

/* After the packet has been sent that way. The clock is asked for only where something is new. */
static MG_INLINE void observe(const struct flow *flow, const struct way *way)
{
	const struct mg_settings *settings = table_settings();
	__u64 hash = recent_hash(flow, way, settings ? settings->hash_seed : 0);
	struct mg_recent_set *set = table_recent(hash & (MG_RECENT_SETS - 1));
	struct mg_recent now = { .fingerprint = hash >> RECENT_FINGERPRINT_SHIFT,
				 .member = way->member };
	struct mg_load *load = table_load(way->member);
	bool start = flow->start || way->begins, again, met;
	struct recent_ref spot;

	if (!set || !load)
		return;
	spot = recent_find(set, now.fingerprint);
	if (observe_nothing(flow, start, spot))
		return;
	now.time = table_clock() >> MG_RECENT_SHIFT;
	again = way->known || recent_again(spot, now.time);
	met = spot.at;
	if (!met)
		spot = recent_room(set, now.time);
	if (start)
		observe_start(load, spot, now, again, way->second);
	else if (flow->end)
		observe_end(load, spot, now, met);
	else
		observe_answered(load, spot, now.time);
}
