/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * How a service is found: a key has two sets of eight words, and the word with its tag says at
 * which place of mg_services its entry is. The data plane loads these words, control/tables stores
 * them, each as a whole: an entry is complete before a word leads to it, and is never changed
 * after.
 */
#pragma once
#include "flow.h"

#include <stddef.h>

typedef __u64 __attribute__((may_alias)) service_word;

union service_value {
	struct mg_service_ref ref;
	service_word word;
};

/* A key as three words. */
struct service_name {
	__u64 addr[2], rest;
};

/* Where a name may be. */
struct service_spot {
	__u32 tag;
	__u32 set[2]; /* the second one, where the first is full */
};

static MG_INLINE struct mg_service_ref service_load(const struct mg_service_ref *ref)
{
	union service_value value = { .word = *(const volatile service_word *)ref };

	return value.ref;
}

static MG_INLINE void service_store(struct mg_service_ref *ref, struct mg_service_ref to)
{
	union service_value value = { .ref = to };

	*(volatile service_word *)ref = value.word;
}

/* With another protocol and port than the key's. */
static MG_INLINE __u64 service_rest_of(const struct mg_service_key *key, __u8 proto, __u16 port)
{
	return (__u64)key->vrf << 25 | key->scope << 24 | proto << 16 | port;
}

static MG_INLINE __u64 service_rest(const struct mg_service_key *key)
{
	return service_rest_of(key, key->proto, key->port);
}

/* Of a key that lies at a multiple of eight. */
static MG_INLINE struct service_name service_name(const struct mg_service_key *key)
{
	return (struct service_name){ .addr = { flow_word(key->addr), flow_word(key->addr + 8) },
				      .rest = service_rest(key) };
}

/* All of IPv4 has the same first word. */
static MG_INLINE struct service_spot service_spot(const struct service_name *name, __u32 set_mask)
{
	__u64 hash = name->addr[0] ? flow_mix(FLOW_MIX_B, name->addr[0]) : 0;
	struct service_spot spot;

	hash = flow_mix(flow_mix(hash, name->addr[1]), name->rest);
	spot.tag = hash >> 32;
	spot.set[0] = hash & set_mask;
	spot.set[1] = (spot.set[0] + (spot.tag | 1)) & set_mask;
	return spot;
}

static MG_INLINE bool service_is(const struct mg_service *service, const struct service_name *name)
{
	return flow_word(service->key.addr + 8) == name->addr[1] &&
	       flow_word(service->key.addr) == name->addr[0] &&
	       service_rest(&service->key) == name->rest;
}

/* --- the writer's side: over the mapped sets, by one thread ------------------------------------
 */

/* The word of the name's two sets that holds `place`; NULL: none does. */
static MG_INLINE struct mg_service_ref *service_ref(struct mg_service_set *sets, __u32 set_mask,
						    const struct service_name *name, __u32 place)
{
	struct service_spot spot = service_spot(name, set_mask);

	for (int i = 0; i < 2 * MG_SERVICES_PER_SET; i++) {
		struct mg_service_ref *ref =
			&sets[spot.set[i / MG_SERVICES_PER_SET]].ref[i % MG_SERVICES_PER_SET];

		if (ref->place == place)
			return ref;
	}
	return NULL;
}

/* False: both sets are full. The entry at `place` is whole by now. */
static MG_INLINE bool service_enter(struct mg_service_set *sets, __u32 set_mask,
				    const struct service_name *name, __u32 place)
{
	struct mg_service_ref *ref = service_ref(sets, set_mask, name, MG_SERVICE_GONE);

	if (!ref)
		ref = service_ref(sets, set_mask, name, 0);
	if (!ref)
		return false;
	service_store(ref, (struct mg_service_ref){ service_spot(name, set_mask).tag, place });
	return true;
}
