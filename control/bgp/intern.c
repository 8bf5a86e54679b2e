/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/intern.h"

#include "base/util.h"
#include "bgp/path.h"

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
		if (strings[i]->len)
			hash = hash_bytes(seed, hash + i, strings[i]->at, strings[i]->len);
	return (uint32_t)hash;
}

/* A next hop that is ours to fill in is none yet. */
static bool is_resolved(const struct intern_table *table, const struct bgp_path *path)
{
	return table->resolver && !addr_is_zero(&path->next_hop);
}

static struct interned *interned_new(struct intern_table *table, const struct bgp_path *path,
				     uint32_t hash)
{
	_cleanup_(freep) struct interned *i = malloc(sizeof(*i) + bgp_path_octets(path));

	if (!i || table_add(&table->paths, &i->link, hash) < 0)
		return NULL;
	i->path = *path;
	bgp_path_move(&i->path, (uint8_t *)(i + 1));
	i->refs = 1;
	i->cost = 0;
	if (is_resolved(table, &i->path))
		i->cost = table->resolver->watch(table->resolver_user, &i->path.next_hop);
	i->serial = ++table->last_serial;
	return TAKE_PTR(i);
}

struct interned *intern(struct intern_table *table, const struct bgp_path *path)
{
	uint32_t hash = path_hash(&table->seed, path);
	struct table_link *link = table_first(&table->paths, hash);

	for (; link; link = table_next(link)) {
		struct interned *found = TABLE_ENTRY(link, struct interned, link);

		if (bgp_path_equal(&found->path, path))
			return interned_get(found);
	}
	return interned_new(table, path, hash);
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
	if (is_resolved(table, &i->path))
		table->resolver->unwatch(table->resolver_user, &i->path.next_hop);
	table_remove(&table->paths, &i->link);
	free(i);
}
