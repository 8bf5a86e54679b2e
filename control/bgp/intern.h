/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One copy of each path, however many routes have it: equal paths are one pointer. Counted
 * references; the last one that is put frees it. Owned by the RIB, on the event loop.
 */
#pragma once
#include "bgp/hash.h"
#include "bgp/path.h"
#include "bgp/resolver.h"
#include "bgp/table.h"

/* Communities that say where a path may go. */
#define INTERNED_NO_ADVERTISE (1u << 0)
#define INTERNED_NO_EXPORT    (1u << 1) /* or NO_EXPORT_SUBCONFED */
#define INTERNED_LLGR_STALE   (1u << 2)
#define INTERNED_NO_LLGR      (1u << 3)

/* What the decision and the rules for passing on look at stands open; interned_path() has it all.
 * Read only, but for cost. */
struct interned {
	struct table_link link; /* its note: how many octets all of it has */
	uint64_t serial;        /* orders paths by age: the same on every run, unlike addresses */
	uint32_t refs;
	uint32_t cost; /* interior, to its next hop; BGP_UNREACHABLE; 0 where nobody looks */
	/* From here to the end paths are compared as octets: no padding. */
	struct addr next_hop;
	uint32_t local_pref;
	uint8_t originator_id[4];
	uint16_t as_len;      /* bgp_path_as_len() */
	uint16_t cluster_len; /* of its CLUSTER_LIST */
	uint16_t has;
	uint8_t origin;
	uint8_t communities; /* INTERNED_* */
	uint8_t rest[];      /* packed_path.h, without what stands above */
};

struct intern_table {
	struct table paths;
	const struct bgp_resolver *resolver; /* NULL: nobody looks */
	void *resolver_user;
	uint64_t last_serial;
	struct hash_seed seed;
};

/* A new reference to the one that is equal to *path. NULL: out of memory. */
struct interned *intern(struct intern_table *table, const struct bgp_path *path);
struct interned *interned_get(struct interned *interned); /* returns its argument */
/* *interned may be NULL; NULL afterwards. */
void interned_put(struct intern_table *table, struct interned **interned);
/* Its strings are borrowed from the interned one. */
void interned_path(const struct interned *interned, struct bgp_path *ret);
