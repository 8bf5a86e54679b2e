/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: Routes hang on their prefix, which is held once (with its route distinguisher, 26 octets)
 * and found by a hash table. Most prefixes have few routes, and the one that an UPDATE names is
 * found by a look at each; a prefix with many has them in a second table, by (prefix, neighbour,
 * path id), so that a neighbour with many path ids for it costs no walk. A list per source finds
 * all routes of a session that ends.
 */
#include "bgp/rib.h"
#include "base/pool.h"
#include "base/util.h"
#include "bgp/decision.h"

#include <errno.h>
#include <sys/random.h>
#include <utlist.h>

/* Routes of an entry from which on it is crowded, and below which it is so no more. */
#define CROWD_FROM 16
#define CROWD_TO   8

/* Of a route in the second table. */
struct crowd_link {
	struct table_link link;
	struct rib_route *route;
};

struct crowd_key {
	const struct rib_entry *entry;
	uint32_t neighbor, path_id;
};
_Static_assert(sizeof(struct crowd_key) == sizeof(void *) + 8, "hashed as bytes: no padding");

struct rib {
	struct table entries, crowd;
	struct pool entry_pool, route_pool, crowd_pool;
	struct rib_entry *last; /* asked for: most are again, at once */
	struct intern_table interned;
	struct hash_seed seed;
};

struct rib *rib_new(void)
{
	_cleanup_(freep) struct rib *rib = calloc(1, sizeof(*rib));

	if (!rib || getrandom(&rib->seed, sizeof(rib->seed), 0) != sizeof(rib->seed))
		return NULL;
	rib->interned.seed = rib->seed;
	rib->entry_pool = POOL_OF(struct rib_entry);
	rib->route_pool = POOL_OF(struct rib_route);
	rib->crowd_pool = POOL_OF(struct crowd_link);
	return TAKE_PTR(rib);
}

static uint32_t rib_hash(const struct rib *rib, const void *key, size_t len)
{
	return (uint32_t)hash_bytes(&rib->seed, 0, key, len);
}

/* --- entries ---------------------------------------------------------------------------------- */
static struct rib_entry *entry_find(struct rib *rib, const struct bgp_dst *dst, uint32_t hash)
{
	struct table_link *link = table_first(&rib->entries, hash);

	for (; link; link = table_next(link)) {
		struct rib_entry *entry = TABLE_ENTRY(link, struct rib_entry, link);

		if (bgp_dst_equal(&entry->dst, dst))
			return rib->last = entry;
	}
	return NULL;
}

struct rib_entry *rib_find_told(struct rib *rib, const struct bgp_dst *dst)
{
	if (rib->last && bgp_dst_equal(&rib->last->dst, dst))
		return rib->last;
	return entry_find(rib, dst, rib_hash(rib, dst, sizeof(*dst)));
}

struct rib_entry *rib_find(struct rib *rib, const struct bgp_dst *dst)
{
	struct rib_entry *entry = rib_find_told(rib, dst);

	return entry && entry->routes ? entry : NULL;
}

/* One without routes, if it is new: the caller gives it one, or calls rib_release(). */
static struct rib_entry *entry_demand(struct rib *rib, const struct bgp_dst *dst)
{
	uint32_t hash = rib_hash(rib, dst, sizeof(*dst));
	struct rib_entry *entry = entry_find(rib, dst, hash);

	if (entry)
		return entry;
	entry = pool_take(&rib->entry_pool);
	if (!entry)
		return NULL;
	if (table_add(&rib->entries, &entry->link, hash) < 0) {
		pool_give(&rib->entry_pool, entry);
		return NULL;
	}
	entry->dst = *dst;
	return rib->last = entry;
}

void rib_release(struct rib *rib, struct rib_entry *entry)
{
	if (entry->routes || entry->outs)
		return;
	if (rib->last == entry)
		rib->last = NULL;
	table_remove(&rib->entries, &entry->link);
	pool_give(&rib->entry_pool, entry);
}

/* One more than the highest that is in use. 0: they are used up, after 2^32 new routes to a prefix
 * that was never without. */
static uint32_t entry_next_id(const struct rib_entry *entry)
{
	return entry->routes ? entry->routes->prev->out_id + 1 : 1; /* utlist: the tail */
}

/* --- crowded entries -------------------------------------------------------------------------- */
static uint32_t crowd_hash(const struct rib *rib, const struct rib_entry *entry, uint32_t neighbor,
			   uint32_t path_id)
{
	const struct crowd_key key = { entry, neighbor, path_id };

	return rib_hash(rib, &key, sizeof(key));
}

static bool route_is(const struct rib_route *route, uint32_t neighbor, uint32_t path_id)
{
	return route->path_id == path_id && route->source->neighbor == neighbor;
}

static struct crowd_link *crowd_find(const struct rib *rib, const struct rib_entry *entry,
				     uint32_t neighbor, uint32_t path_id)
{
	uint32_t hash = crowd_hash(rib, entry, neighbor, path_id);
	struct table_link *link = table_first(&rib->crowd, hash);

	for (; link; link = table_next(link)) {
		struct crowd_link *found = TABLE_ENTRY(link, struct crowd_link, link);

		if (found->route->entry == entry && route_is(found->route, neighbor, path_id))
			return found;
	}
	return NULL;
}

static int crowd_add(struct rib *rib, struct rib_route *route)
{
	struct crowd_link *crowd = pool_take(&rib->crowd_pool);

	if (!crowd)
		return -ENOMEM;
	crowd->route = route;
	if (table_add(&rib->crowd, &crowd->link,
		      crowd_hash(rib, route->entry, route->source->neighbor, route->path_id)) == 0)
		return 0;
	pool_give(&rib->crowd_pool, crowd);
	return -ENOMEM;
}

static void crowd_remove(struct rib *rib, const struct rib_route *route)
{
	struct crowd_link *crowd =
		crowd_find(rib, route->entry, route->source->neighbor, route->path_id);

	if (!crowd)
		return;
	table_remove(&rib->crowd, &crowd->link);
	pool_give(&rib->crowd_pool, crowd);
}

static void entry_uncrowd(struct rib *rib, struct rib_entry *entry)
{
	for (struct rib_route *route = entry->routes; route; route = route->next)
		crowd_remove(rib, route);
	entry->crowded = false;
}

static int entry_crowd(struct rib *rib, struct rib_entry *entry)
{
	for (struct rib_route *route = entry->routes; route; route = route->next)
		if (crowd_add(rib, route) < 0) {
			entry_uncrowd(rib, entry);
			return -ENOMEM;
		}
	entry->crowded = true;
	return 0;
}

/* --- routes ----------------------------------------------------------------------------------- */
static struct rib_route *route_find(const struct rib *rib, const struct rib_entry *entry,
				    uint32_t neighbor, uint32_t path_id)
{
	struct rib_route *route = entry->routes;

	if (entry->crowded) {
		const struct crowd_link *crowd = crowd_find(rib, entry, neighbor, path_id);

		return crowd ? crowd->route : NULL;
	}
	while (route && !route_is(route, neighbor, path_id))
		route = route->next;
	return route;
}

struct rib_route *rib_route_find(struct rib *rib, uint32_t neighbor, const struct bgp_nlri *nlri)
{
	const struct rib_entry *entry = rib_find(rib, &nlri->dst);

	return entry ? route_find(rib, entry, neighbor, nlri->path_id) : NULL;
}

static int route_link(struct rib *rib, struct rib_route *route)
{
	struct rib_entry *entry = route->entry;

	if (!entry->crowded && entry->route_count >= CROWD_FROM && entry_crowd(rib, entry) < 0)
		return -ENOMEM;
	if (entry->crowded && crowd_add(rib, route) < 0)
		return -ENOMEM;
	DL_APPEND(entry->routes, route);
	entry->route_count++;
	DL_APPEND2(route->source->routes, route, source_prev, source_next);
	route->source->route_count++;
	route->source->family_count[nlri_family_of(&entry->dst)]++;
	return 0;
}

static void route_fresh(struct rib_route *route)
{
	route->source->stale_count -= route->stale;
	route->stale = false;
}

static void route_remove(struct rib *rib, struct rib_route *route)
{
	struct rib_entry *entry = route->entry;

	if (entry->crowded)
		crowd_remove(rib, route);
	DL_DELETE(entry->routes, route);
	if (--entry->route_count < CROWD_TO && entry->crowded)
		entry_uncrowd(rib, entry);
	DL_DELETE2(route->source->routes, route, source_prev, source_next);
	route->source->route_count--;
	route->source->family_count[nlri_family_of(&entry->dst)]--;
	route_fresh(route);
	rib_undecide(entry);
	interned_put(&rib->interned, &route->path);
	pool_give(&rib->route_pool, route);
	rib_release(rib, entry);
}

/* Takes over *path on success. */
static int route_add(struct rib *rib, struct rib_source *source, struct rib_entry *entry,
		     uint32_t path_id, struct interned **path, uint64_t now_ms)
{
	uint32_t out_id = entry_next_id(entry);
	struct rib_route *route;

	if (!out_id)
		return -ENOSPC;
	route = pool_take(&rib->route_pool);
	if (!route)
		return -ENOMEM;
	*route = (struct rib_route){ .entry = entry,
				     .source = source,
				     .path = *path,
				     .received_ms = now_ms,
				     .path_id = path_id,
				     .out_id = out_id };
	if (route_link(rib, route) < 0) {
		pool_give(&rib->route_pool, route);
		return -ENOMEM;
	}
	rib_undecide(entry);
	*path = NULL;
	return 1;
}

/* 1: it is another one than before, which *path is then. */
static int route_change(struct rib_route *route, struct interned **path, uint64_t now_ms)
{
	struct interned *old = route->path;

	route_fresh(route);
	if (old == *path)
		return 0;
	route->path = *path;
	route->received_ms = now_ms;
	rib_undecide(route->entry);
	*path = old;
	return 1;
}

int rib_announce(struct rib *rib, struct rib_source *source, const struct bgp_nlri *nlri,
		 const struct bgp_path *path, uint64_t now_ms)
{
	struct interned *interned = intern(&rib->interned, path);
	struct rib_entry *entry = interned ? entry_demand(rib, &nlri->dst) : NULL;
	struct rib_route *route;
	int r = -ENOMEM;

	if (entry) {
		route = route_find(rib, entry, source->neighbor, nlri->path_id);
		r = route ? route_change(route, &interned, now_ms)
			  : route_add(rib, source, entry, nlri->path_id, &interned, now_ms);
		rib_release(rib, entry);
	}
	interned_put(&rib->interned, &interned);
	return r;
}

int rib_route_change(struct rib *rib, struct rib_route *route, const struct bgp_path *path)
{
	struct interned *interned = intern(&rib->interned, path);

	if (!interned)
		return -ENOMEM;
	interned_put(&rib->interned, &route->path);
	route->path = interned;
	rib_undecide(route->entry);
	return 0;
}

int rib_withdraw(struct rib *rib, struct rib_source *source, const struct bgp_nlri *nlri)
{
	struct rib_route *route = rib_route_find(rib, source->neighbor, nlri);

	if (!route)
		return 0;
	route_remove(rib, route);
	return 1;
}

struct rib_entry *rib_next(const struct rib *rib, const struct rib_entry *after)
{
	const struct table_link *link = after ? &after->link : NULL;
	struct rib_entry *entry;

	do {
		entry = TABLE_ENTRY(table_walk(&rib->entries, link), struct rib_entry, link);
		link = entry ? &entry->link : NULL;
	} while (entry && !entry->routes);
	return entry;
}

void rib_scan(const struct rib *rib, uint64_t *at,
	      void (*visit)(void *user, const struct rib_entry *entry), void *user)
{
	const struct table *table = &rib->entries;
	const struct table_link *link = table->size ? table->bucket[*at & (table->size - 1)] : NULL;

	for (; link; link = link->next)
		visit(user, TABLE_ENTRY(link, struct rib_entry, link));
	*at = table_scan_next(table, *at);
}

/* The best one is remembered by its out_id; 0: not decided since the last change. */
struct rib_route *rib_best(struct rib_entry *entry)
{
	struct rib_route *route = entry->routes;

	if (entry->link.note) {
		while (route->out_id != entry->link.note)
			route = route->next;
		return route;
	}
	route = route ? decision_best(route) : NULL;
	entry->link.note = route ? route->out_id : 0;
	return route;
}

void rib_undecide(struct rib_entry *entry)
{
	entry->link.note = 0;
}

struct intern_table *rib_interned(struct rib *rib)
{
	return &rib->interned;
}

static void entry_clear(struct rib *rib, struct rib_entry *entry)
{
	for (struct rib_route *route = entry->routes, *next; route; route = next) {
		next = route->next;
		route_remove(rib, route); /* the last one takes the entry along */
	}
}

void rib_free(struct rib **rib)
{
	struct rib *r = TAKE_PTR(*rib);
	struct table_link *link, *next;

	if (!r)
		return;
	for (link = table_walk(&r->entries, NULL); link; link = next) {
		next = table_walk(&r->entries, link);
		entry_clear(r, TABLE_ENTRY(link, struct rib_entry, link));
	}
	pool_clear(&r->entry_pool);
	pool_clear(&r->route_pool);
	pool_clear(&r->crowd_pool);
	free(r);
}
