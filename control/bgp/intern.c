/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/path.h"

/* Before uthash: what makes two keys of this file's table the same. 0: they are. */
#define HASH_KEYCMP(a, b, len) (!bgp_path_equal(a, b))
#include "bgp/intern.h"

#include "base/util.h"

static uint32_t path_hash(const struct hash_seed *seed, const struct bgp_path *path)
{
	/* Those that differ between routes of one origin, or that a neighbour can vary at will. */
	const struct bgp_bytes *strings[] = { &path->as_path,         &path->communities,
					      &path->ext_communities, &path->cluster_list,
					      &path->metadata,        &path->unknown,
					      &path->tunnel_encap,    &path->prefix_sid };
	const uint32_t numbers[] = { path->has, path->med, path->local_pref, path->site_id,
				     path->aggregator_as };
	uint64_t hash = hash_bytes(seed, 0, numbers, sizeof(numbers));

	hash = hash_bytes(seed, hash, &path->next_hop, sizeof(path->next_hop));
	hash = hash_bytes(seed, hash, path->originator_id, sizeof(path->originator_id));
	hash = hash_bytes(seed, hash, &path->report.sampled_ms, sizeof(path->report.sampled_ms));
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		hash = hash_bytes(seed, hash, strings[i]->at, strings[i]->len);
	return (uint32_t)hash;
}

static struct interned *interned_new(struct intern_table *table, const struct bgp_path *path,
				     uint32_t hash)
{
	_cleanup_(freep) struct interned *i = calloc(1, sizeof(*i));

	if (!i || bgp_path_copy(path, &i->path) < 0)
		return NULL;
	HASH_ADD_BYHASHVALUE(hh, table->paths, path, sizeof(i->path), hash, i);
	if (!i->hh.tbl) {
		bgp_path_clear(&i->path);
		return NULL;
	}
	i->refs = 1;
	i->serial = ++table->last_serial;
	return TAKE_PTR(i);
}

struct interned *intern(struct intern_table *table, const struct bgp_path *path)
{
	uint32_t hash = path_hash(&table->seed, path);
	struct interned *found;

	HASH_FIND_BYHASHVALUE(hh, table->paths, path, sizeof(*path), hash, found);
	return found ? interned_get(found) : interned_new(table, path, hash);
}

struct interned *interned_get(struct interned *interned)
{
	interned->refs++;
	return interned;
}

void interned_put(struct intern_table *table, struct interned **interned)
{
	struct interned *i = TAKE_PTR(*interned);

	if (!i || --i->refs)
		return;
	HASH_DEL(table->paths, i);
	bgp_path_clear(&i->path);
	free(i);
}
