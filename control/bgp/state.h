/* SPDX-License-Identifier: BSD-2-Clause */
/* What bgp.c and dynamic.c share of the speaker's inside. */
#pragma once
#include "bgp/listener.h"
#include "bgp/neighbor.h"
#include "bgp/speaker.h"

/* A prefix out of which neighbours may come. */
struct range {
	struct bgp_range_config config;
	size_t count;     /* of its neighbours */
	uint64_t refused; /* connections, as there were `limit` of them */
	struct range *next;
};

/* A next hop whose cost has changed. */
struct moved {
	struct addr next_hop;
	uint32_t cost;
	size_t order; /* of two of one next hop the later one counts */
};

struct bgp {
	struct speaker speaker;
	struct rib_source own;
	uint32_t last_id;
	struct listener *listener; /* NULL: none */
	uint64_t refused[BGP_REFUSED_COUNT];
	struct range *ranges;
	struct moved *moved; /* in this turn of the loop */
	size_t moved_count, moved_size;
	uv_prepare_t flush;
	uv_timer_t dynamic;   /* runs while there are dynamic neighbours */
	unsigned int handles; /* of the two above, those that libuv still knows */
};

/* NULL: none. */
struct neighbor **neighbor_find(const struct bgp *bgp, const struct addr *remote);

/* The listener's keys for a peer become others (socket_auth.h). 0 or a negative errno, logged. */
int keys_change(struct bgp *bgp, const struct tcp_auth *from, const struct tcp_auth *to,
		const struct prefix *peer);

/* Without their keys at the listener. 0 or -ENOMEM. */
int neighbor_create(struct bgp *bgp, const struct bgp_neighbor_config *config);
void neighbor_drop(struct bgp *bgp, struct neighbor **at, uint8_t cease);

/* A neighbour for an address that is none's yet. NULL: none is to be, *ret says why. */
struct neighbor **dynamic_admit(struct bgp *bgp, const struct addr *remote, enum bgp_refusal *ret);
/* Drops one, which is to be another one's by its address. */
void dynamic_leave(struct bgp *bgp, struct neighbor **at);
int dynamic_open(struct bgp *bgp);
/* Forgets the ranges. */
void dynamic_clear(struct bgp *bgp);

/* Decides anew where a next hop has moved, for all of them at once. */
void next_hops_settle(struct bgp *bgp);
