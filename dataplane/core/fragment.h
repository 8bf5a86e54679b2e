/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Fragments follow the first one of their packet, which alone has the ports: it leaves them in a
 * table, and the others are steered by them as if they had them. One word per packet under way,
 * in sets of eight that all CPUs change by compare-and-swap, as pins; whoever comes second gives
 * up. No address is stored: a fingerprint of the keyed hash stands for the packet.
 */
#pragma once
#include "packet.h"
#include "steer.h"

/* Of the hash: the lowest bits choose the set. */
#define FRAGMENT_FINGERPRINT_SHIFT 46

/* In ticks. Siblings leave their sender back to back; a longer life would only let the next packet
 * with the same identification, which IPv4 may use again within seconds, meet the wrong ports. */
#define FRAGMENT_LIFE     2
#define FRAGMENT_TICK_MAX 63

/* NULL: no such set. Supplied by target.h. */
static MG_INLINE struct mg_fragment_set *table_fragments(__u32 index);

typedef __u64 __attribute__((may_alias)) fragment_word;

union fragment_value {
	struct mg_fragment fragment;
	fragment_word word;
};

struct fragment_ref {
	struct mg_fragment *at;
	struct mg_fragment seen;
};

/* RFC 791 section 3.2: source, destination, identification and protocol; RFC 8200 section 4.5:
 * all but the protocol, which may differ between an IPv6 packet's fragments. Each VRF has its own
 * addresses. */
static MG_INLINE __u64 fragment_hash(const struct flow *flow, __u64 seed)
{
	__u64 hash = flow->v4 ? flow_hash_v4(seed, flow, false) : flow_hash_v6(seed, flow, false);
	__u64 proto = flow->v4 ? flow->service.proto : 0;

	return flow_mix(hash, (__u64)flow->service.vrf << 40 | proto << 32 | flow->id);
}

static MG_INLINE struct mg_fragment fragment_load(const struct mg_fragment *fragment)
{
	union fragment_value value = { .word = *(const volatile fragment_word *)fragment };

	return value.fragment;
}

static MG_INLINE bool fragment_swap(struct fragment_ref ref, struct mg_fragment fragment)
{
	union fragment_value old = { .fragment = ref.seen }, new = { .fragment = fragment };

	return __sync_bool_compare_and_swap((fragment_word *)ref.at, old.word, new.word);
}

static MG_INLINE bool fragment_lives(struct mg_fragment fragment, __u8 tick)
{
	return fragment.proto && ((tick - fragment.tick) & FRAGMENT_TICK_MAX) < FRAGMENT_LIFE;
}

/* The entry of the same packet, dead or alive. at NULL: there is none. */
static MG_INLINE struct fragment_ref fragment_find(struct mg_fragment_set *set, __u32 fingerprint)
{
	for (int i = 0; i < MG_FRAGMENTS_PER_SET; i++) {
		struct mg_fragment fragment = fragment_load(&set->fragment[i]);

		if (fragment.proto && fragment.fingerprint == fingerprint)
			return (struct fragment_ref){ &set->fragment[i], fragment };
	}
	return (struct fragment_ref){ .at = NULL };
}

/* A place whose entry is dead, else the oldest. */
static MG_INLINE struct fragment_ref fragment_room(struct mg_fragment_set *set, __u8 tick)
{
	struct fragment_ref oldest = { .at = NULL };
	__u8 age, oldest_age = 0;

	for (int i = 0; i < MG_FRAGMENTS_PER_SET; i++) {
		struct mg_fragment fragment = fragment_load(&set->fragment[i]);

		age = (tick - fragment.tick) & FRAGMENT_TICK_MAX;
		if (!oldest.at || !fragment.proto || age > oldest_age) {
			oldest = (struct fragment_ref){ &set->fragment[i], fragment };
			oldest_age = age;
		}
		if (!fragment.proto)
			break;
	}
	return oldest;
}

static MG_INLINE void fragment_insert(struct mg_fragment_set *set, struct mg_fragment fragment)
{
	struct fragment_ref ref = fragment_find(set, fragment.fingerprint);

	if (!ref.at)
		ref = fragment_room(set, fragment.tick);
	if (!fragment_swap(ref, fragment))
		table_event(MG_EVENT_FRAGMENT_RACED);
	else if (ref.seen.fingerprint != fragment.fingerprint &&
		 fragment_lives(ref.seen, fragment.tick))
		table_event(MG_EVENT_FRAGMENT_EVICTED);
}

/* Keeps a first fragment's ports for its siblings. Once it has been decided that a service takes
 * it: what is not ours takes no room. */
static MG_INLINE void fragment_learn(const struct flow *flow)
{
	const struct mg_settings *settings = table_settings();
	__u64 hash = fragment_hash(flow, settings ? settings->hash_seed : 0);
	struct mg_fragment_set *set = table_fragments(hash & (MG_FRAGMENT_SETS - 1));

	if (!set || !flow->fragment || flow->headless || !flow->service.proto)
		return;
	fragment_insert(set, (struct mg_fragment){
				     .port = flow->service.port,
				     .sport = flow->sport,
				     .proto = flow->service.proto,
				     .tick = table_tick(),
				     .fingerprint = hash >> FRAGMENT_FINGERPRINT_SHIFT,
			     });
}

/* Gives a later fragment the ports of its first one, if that has come by. */
static MG_INLINE void fragment_recall(struct flow *flow)
{
	const struct mg_settings *settings = table_settings();
	__u64 hash = fragment_hash(flow, settings ? settings->hash_seed : 0);
	struct mg_fragment_set *set = table_fragments(hash & (MG_FRAGMENT_SETS - 1));
	struct fragment_ref ref;

	if (!set || !flow->headless)
		return;
	ref = fragment_find(set, hash >> FRAGMENT_FINGERPRINT_SHIFT);
	if (!ref.at || !fragment_lives(ref.seen, table_tick()))
		return;
	flow->service.port = ref.seen.port;
	flow->service.proto = ref.seen.proto;
	flow->sport = ref.seen.sport;
	flow->portless = false;
}
