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

struct interned {
	struct table_link link;
	uint64_t serial;      /* orders paths by age: the same on every run, unlike addresses */
	struct bgp_path path; /* read only; its octets stand behind this struct, in one block */
	uint32_t refs;
	uint32_t cost; /* interior, to its next hop; BGP_UNREACHABLE; 0 where nobody looks */
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
