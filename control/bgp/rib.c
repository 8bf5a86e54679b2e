/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: Two tables over the same routes. By prefix, as they are decided on and sent; and by (entry
 * of the first table, neighbour, path id), as an UPDATE names them, so that a neighbour with many
 * path ids for one prefix costs no walk. A prefix (with its route distinguisher, 26 octets) is held
 * once and stands in no route. A list per source finds all routes of a session that ends.
 */
#include "bgp/rib.h"
#include "base/util.h"
#include "bgp/decision.h"

#include <errno.h>
#include <sys/random.h>
#include <utlist.h>

_Static_assert(sizeof(struct rib_route_key) == sizeof(void *) + 8, "hashed as bytes: no padding");

struct rib {
	struct table routes, entries;
	struct intern_table interned;
	struct hash_seed seed;
};

struct rib *rib_new(void)
{
	_cleanup_(freep) struct rib *rib = calloc(1, sizeof(*rib));

	if (!rib || getrandom(&rib->seed, sizeof(rib->seed), 0) != sizeof(rib->seed))
		return NULL;
	rib->interned.seed = rib->seed;
	return TAKE_PTR(rib);
}

static uint32_t rib_hash(const struct rib *rib, const void *key, size_t len)
{
	return (uint32_t)hash_bytes(&rib->seed, 0, key, len);
}

uint32_t rib_dst_hash(const struct rib *rib, const struct bgp_dst *dst)
{
	return rib_hash(rib, dst, sizeof(*dst));
}

struct rib_entry *rib_find_hashed(const struct rib *rib, const struct bgp_dst *dst, uint32_t hash)
{
	struct table_link *link = table_first(&rib->entries, hash);

	for (; link; link = table_next(link)) {
		struct rib_entry *entry = TABLE_ENTRY(link, struct rib_entry, link);

		if (!memcmp(&entry->dst, dst, sizeof(*dst)))
			return entry;
	}
	return NULL;
}

struct rib_entry *rib_find(const struct rib *rib, const struct bgp_dst *dst)
{
	return rib_find_hashed(rib, dst, rib_dst_hash(rib, dst));
}

static struct rib_route *route_find(const struct rib *rib, const struct rib_route_key *key)
{
	struct table_link *link;

	/* Most prefixes have one route. */
	if (!key->entry->routes->next)
		return memcmp(&key->entry->routes->key, key, sizeof(*key)) ? NULL
									   : key->entry->routes;
	link = table_first(&rib->routes, rib_hash(rib, key, sizeof(*key)));
	for (; link; link = table_next(link)) {
		struct rib_route *route = TABLE_ENTRY(link, struct rib_route, link);

		if (!memcmp(&route->key, key, sizeof(*key)))
			return route;
	}
	return NULL;
}

struct rib_route *rib_route_find(const struct rib *rib, uint32_t neighbor,
				 const struct bgp_nlri *nlri)
{
	struct rib_route_key key = { rib_find(rib, &nlri->dst), neighbor, nlri->path_id };

	return key.entry ? route_find(rib, &key) : NULL;
}

/* An entry without routes; the caller gives it one, or calls entry_release(). */
static struct rib_entry *entry_new(struct rib *rib, const struct bgp_dst *dst, uint32_t hash)
{
	_cleanup_(freep) struct rib_entry *entry = calloc(1, sizeof(*entry));

	if (!entry || table_add(&rib->entries, &entry->link, hash) < 0)
		return NULL;
	entry->dst = *dst;
	return TAKE_PTR(entry);
}

static void entry_release(struct rib *rib, struct rib_entry *entry)
{
	if (entry->routes)
		return;
	table_remove(&rib->entries, &entry->link);
	free(entry);
}

/* One more than the highest that is in use. 0: they are used up, after 2^32 new routes to a prefix
 * that was never without. */
static uint32_t entry_next_id(const struct rib_entry *entry)
{
	return entry->routes ? entry->routes->prev->out_id + 1 : 1; /* utlist: the tail */
}

static int route_link(struct rib *rib, struct rib_route *route)
{
	uint32_t hash = rib_hash(rib, &route->key, sizeof(route->key));

	if (table_add(&rib->routes, &route->link, hash) < 0)
		return -ENOMEM;
	DL_APPEND(route->key.entry->routes, route);
	DL_APPEND2(route->source->routes, route, source_prev, source_next);
	route->source->route_count++;
	route->source->family_count[nlri_family_of(&route->key.entry->dst)]++;
	return 0;
}

static void route_fresh(struct rib_route *route)
{
	route->source->stale_count -= route->stale;
	route->stale = false;
}

static void route_remove(struct rib *rib, struct rib_route *route)
{
	struct rib_entry *entry = route->key.entry;

	table_remove(&rib->routes, &route->link);
	DL_DELETE(entry->routes, route);
	DL_DELETE2(route->source->routes, route, source_prev, source_next);
	route->source->route_count--;
	route->source->family_count[nlri_family_of(&route->key.entry->dst)]--;
	route_fresh(route);
	entry->best = NULL;
	interned_put(&rib->interned, &route->path);
	free(route);
	entry_release(rib, entry);
}

/* Takes over *path on success. */
static int route_add(struct rib *rib, struct rib_source *source, const struct rib_route_key *key,
		     struct interned **path, uint64_t now_ms)
{
	_cleanup_(freep) struct rib_route *route = malloc(sizeof(*route));
	int r;

	if (!route)
		return -ENOMEM;
	*route = (struct rib_route){ .key = *key,
				     .out_id = entry_next_id(key->entry),
				     .source = source,
				     .path = *path,
				     .received_ms = now_ms };
	r = route->out_id ? route_link(rib, route) : -ENOSPC;
	if (r < 0)
		return r;
	key->entry->best = NULL;
	*path = NULL;
	TAKE_PTR(route);
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
	route->key.entry->best = NULL;
	*path = old;
	return 1;
}

int rib_announce(struct rib *rib, struct rib_source *source, const struct bgp_nlri *nlri,
		 const struct bgp_path *path, uint64_t now_ms)
{
	uint32_t hash = rib_dst_hash(rib, &nlri->dst);
	struct rib_route_key key = { rib_find_hashed(rib, &nlri->dst, hash), source->neighbor,
				     nlri->path_id };
	struct rib_route *route = key.entry ? route_find(rib, &key) : NULL;
	struct interned *interned = intern(&rib->interned, path);
	int r = -ENOMEM;

	if (interned && !key.entry)
		key.entry = entry_new(rib, &nlri->dst, hash);
	if (interned && key.entry)
		r = route ? route_change(route, &interned, now_ms)
			  : route_add(rib, source, &key, &interned, now_ms);
	if (r < 0 && key.entry)
		entry_release(rib, key.entry);
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
	route->key.entry->best = NULL;
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
	struct table_link *link = table_walk(&rib->entries, after ? &after->link : NULL);

	return TABLE_ENTRY(link, struct rib_entry, link);
}

struct rib_route *rib_best(struct rib_entry *entry)
{
	if (!entry->best)
		entry->best = decision_best(entry->routes);
	return entry->best;
}

struct intern_table *rib_interned(struct rib *rib)
{
	return &rib->interned;
}

void rib_free(struct rib **rib)
{
	struct rib *r = TAKE_PTR(*rib);
	struct table_link *link, *next;

	if (!r)
		return;
	for (link = table_walk(&r->routes, NULL); link; link = next) {
		next = table_walk(&r->routes, link);
		route_remove(r, TABLE_ENTRY(link, struct rib_route, link));
	}
	free(r);
}
