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
	struct rib_route *routes;
	struct rib_entry *entries;
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

struct rib_entry *rib_find(const struct rib *rib, const struct bgp_dst *dst)
{
	struct rib_entry *entry;

	HASH_FIND_BYHASHVALUE(hh, rib->entries, dst, sizeof(*dst), rib_hash(rib, dst, sizeof(*dst)),
			      entry);
	return entry;
}

struct rib_route *rib_route_find(const struct rib *rib, uint32_t neighbor,
				 const struct bgp_nlri *nlri)
{
	struct rib_route_key key = { rib_find(rib, &nlri->dst), neighbor, nlri->path_id };
	struct rib_route *route;

	if (!key.entry)
		return NULL;
	HASH_FIND_BYHASHVALUE(hh, rib->routes, &key, sizeof(key), rib_hash(rib, &key, sizeof(key)),
			      route);
	return route;
}

/* An entry without routes; the caller gives it one, or calls entry_release(). */
static struct rib_entry *entry_demand(struct rib *rib, const struct bgp_dst *dst)
{
	_cleanup_(freep) struct rib_entry *entry = NULL;
	struct rib_entry *found = rib_find(rib, dst);

	if (found)
		return found;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	entry->dst = *dst;
	HASH_ADD_BYHASHVALUE(hh, rib->entries, dst, sizeof(*dst), rib_hash(rib, dst, sizeof(*dst)),
			     entry);
	return entry->hh.tbl ? TAKE_PTR(entry) : NULL;
}

static void entry_release(struct rib *rib, struct rib_entry *entry)
{
	if (entry->routes)
		return;
	HASH_DEL(rib->entries, entry);
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
	HASH_ADD_BYHASHVALUE(hh, rib->routes, key, sizeof(route->key),
			     rib_hash(rib, &route->key, sizeof(route->key)), route);
	if (!route->hh.tbl)
		return -ENOMEM;
	DL_APPEND(route->key.entry->routes, route);
	DL_APPEND2(route->source->routes, route, source_prev, source_next);
	route->source->route_count++;
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

	HASH_DEL(rib->routes, route);
	DL_DELETE(entry->routes, route);
	DL_DELETE2(route->source->routes, route, source_prev, source_next);
	route->source->route_count--;
	route_fresh(route);
	entry->best = NULL;
	interned_put(&rib->interned, &route->path);
	free(route);
	entry_release(rib, entry);
}

/* Takes over *path on success. */
static int route_add(struct rib *rib, struct rib_source *source, const struct bgp_nlri *nlri,
		     struct interned **path, uint64_t now_ms)
{
	_cleanup_(freep) struct rib_route *route = calloc(1, sizeof(*route));
	struct rib_entry *entry;
	int r;

	if (!route)
		return -ENOMEM;
	entry = entry_demand(rib, &nlri->dst);
	if (!entry)
		return -ENOMEM;
	*route = (struct rib_route){ .key = { entry, source->neighbor, nlri->path_id },
				     .out_id = entry_next_id(entry),
				     .source = source,
				     .path = *path,
				     .received_ms = now_ms };
	r = route->out_id ? route_link(rib, route) : -ENOSPC;
	if (r < 0) {
		entry_release(rib, entry);
		return r;
	}
	entry->best = NULL;
	*path = NULL;
	TAKE_PTR(route);
	return 1;
}

int rib_announce(struct rib *rib, struct rib_source *source, const struct bgp_nlri *nlri,
		 const struct bgp_path *path, uint64_t now_ms)
{
	struct interned *interned = intern(&rib->interned, path);
	struct rib_route *route = rib_route_find(rib, source->neighbor, nlri);
	int r;

	if (!interned)
		return -ENOMEM;
	if (!route) {
		r = route_add(rib, source, nlri, &interned, now_ms);
	} else if (route->path == interned) {
		route_fresh(route);
		r = 0;
	} else {
		struct interned *old = route->path;

		route->path = interned;
		route->received_ms = now_ms;
		route_fresh(route);
		route->key.entry->best = NULL;
		interned = old;
		r = 1;
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

struct rib_entry *rib_entries(const struct rib *rib)
{
	return rib->entries;
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

	if (!r)
		return;
	while (r->routes)
		route_remove(r, r->routes);
	free(r);
}
