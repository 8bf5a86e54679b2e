/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The routes of all neighbours (Adj-RIBs-In) and our own, by prefix and, in a VPN,
 * route distinguisher. What is in here is usable:
 * routes that loop are kept out by neighbor.c. Owned by the speaker, on the event loop; routes and
 * entries are the RIB's and are borrowed until the next announce or withdraw.
 */
#pragma once
#include "bgp/intern.h"
#include "bgp/nlri.h"

struct out_entry;
struct rib;

/* Where routes come from: a neighbour with an Established session, or ourselves. The owner of the
 * source keeps it in place while it has routes. */
struct rib_source {
	uint32_t neighbor; /* 0: ourselves */
	bool external;     /* an eBGP neighbour */
	bool client;       /* RFC 4456 */
	uint8_t router_id[4];
	struct addr addr;
	struct rib_route *routes; /* kept by the RIB */
	size_t route_count, stale_count;
	size_t family_count[BGP_FAMILY_COUNT]; /* of route_count */
};

struct rib_route {
	struct rib_entry *entry; /* stands for what it leads to, which is kept once */
	struct rib_source *source;
	struct interned *path;
	uint64_t received_ms : 63;
	uint64_t stale : 1; /* until it is announced again; stale.c */
	uint32_t path_id;
	uint32_t out_id; /* path id to send with (RFC 7911): stays while the route does; not 0 */
	struct rib_route *prev, *next;               /* in the entry, by growing out_id */
	struct rib_route *source_prev, *source_next; /* in the source */
};

struct rib_entry {
	struct table_link link;   /* its hash is that of dst; its note: rib_best() */
	struct rib_route *routes; /* NULL: it is kept for `outs` only, and not found */
	struct out_entry *outs;   /* what neighbours have been told of it; see adj_group.h */
	struct bgp_dst dst;
	bool crowded; /* rib.c's own */
	uint32_t route_count;
};

struct rib *rib_new(void);       /* NULL: out of memory */
void rib_free(struct rib **rib); /* with all routes */

/* Copies *path. 1: the route is new or has changed, 0: it stood there so. -ENOMEM, -ENOSPC: the RIB
 * is as it was. */
int rib_announce(struct rib *rib, struct rib_source *source, const struct bgp_nlri *nlri,
		 const struct bgp_path *path, uint64_t now_ms);
/* Another path for a route, which else stays as it is: copies *path. 0 or -ENOMEM. */
int rib_route_change(struct rib *rib, struct rib_route *route, const struct bgp_path *path);
/* 1: it went, 0: there was none. */
int rib_withdraw(struct rib *rib, struct rib_source *source, const struct bgp_nlri *nlri);

/* NULL: none. */
struct rib_route *rib_route_find(struct rib *rib, uint32_t neighbor, const struct bgp_nlri *nlri);
struct rib_entry *rib_find(struct rib *rib, const struct bgp_dst *dst);
/* Also one that has no routes any more, but outs. */
struct rib_entry *rib_find_told(struct rib *rib, const struct bgp_dst *dst);
void rib_release(struct rib *rib, struct rib_entry *entry); /* frees it, if it has neither */
/* All of them, in no order: NULL begins and ends it. A change of the RIB ends the walk. */
struct rib_entry *rib_next(const struct rib *rib, const struct rib_entry *after);
/* Visits the entries at *at, a step of a walk with pauses: see table_scan_next(). */
void rib_scan(const struct rib *rib, uint64_t *at,
	      void (*visit)(void *user, const struct rib_entry *entry), void *user);
struct rib_route *rib_best(struct rib_entry *entry); /* by decision.c, NULL where it says so */
void rib_undecide(struct rib_entry *entry);          /* something else than its routes changed */
struct intern_table *rib_interned(struct rib *rib);
