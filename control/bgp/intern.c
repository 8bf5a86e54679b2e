/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/intern.h"

#include "base/util.h"
#include "bgp/attr.h"
#include "bgp/packed_path.h"

#define KEY_AT offsetof(struct interned, next_hop)

_Static_assert(offsetof(struct interned, rest) - KEY_AT == sizeof(struct addr) + 4 * 4,
	       "hashed and compared as octets: no padding");

static const uint8_t *key_of(const struct interned *i)
{
	return (const uint8_t *)i + KEY_AT;
}

static bool key_equal(const struct interned *a, const struct interned *b)
{
	return a->link.note == b->link.note && !memcmp(key_of(a), key_of(b), a->link.note - KEY_AT);
}

static uint8_t communities_of(const struct bgp_path *path)
{
	struct cursor c = bytes_cursor(&path->communities);
	uint8_t communities = 0;

	while (cursor_left(&c))
		switch (cursor_u32(&c)) {
		case BGP_COMMUNITY_NO_ADVERTISE:
			communities |= INTERNED_NO_ADVERTISE;
			break;
		case BGP_COMMUNITY_NO_EXPORT:
		case BGP_COMMUNITY_NO_EXPORT_SUBCONFED:
			communities |= INTERNED_NO_EXPORT;
			break;
		case BGP_COMMUNITY_LLGR_STALE:
			communities |= INTERNED_LLGR_STALE;
			break;
		case BGP_COMMUNITY_NO_LLGR:
			communities |= INTERNED_NO_LLGR;
			break;
		}
	return communities;
}

/* What stands open is not in the rest once more. */
static struct bgp_path rest_of(const struct bgp_path *path)
{
	struct bgp_path rest = *path;

	rest.has = 0;
	rest.origin = 0;
	rest.local_pref = 0;
	rest.next_hop = (struct addr){ 0 };
	memset(rest.originator_id, 0, sizeof(rest.originator_id));
	return rest;
}

/* In no table. NULL: out of memory. */
static struct interned *interned_new(const struct bgp_path *path)
{
	const struct bgp_path rest = rest_of(path);
	size_t len = offsetof(struct interned, rest) + packed_path_len(&rest);
	struct interned *i = malloc(len);

	if (!i)
		return NULL;
	*i = (struct interned){
		.link.note = (uint32_t)len,
		.refs = 1,
		.next_hop = path->next_hop,
		.local_pref = path->local_pref,
		.as_len = (uint16_t)bgp_path_as_len(path),
		.cluster_len = (uint16_t)path->cluster_list.len,
		.has = (uint16_t)path->has,
		.origin = path->origin,
		.communities = communities_of(path),
	};
	memcpy(i->originator_id, path->originator_id, sizeof(i->originator_id));
	packed_path_write(&rest, i->rest);
	return i;
}

void interned_path(const struct interned *i, struct bgp_path *ret)
{
	packed_path_read(i->rest, ret);
	ret->has = i->has;
	ret->origin = i->origin;
	ret->local_pref = i->local_pref;
	ret->next_hop = i->next_hop;
	memcpy(ret->originator_id, i->originator_id, sizeof(ret->originator_id));
}

/* A next hop that is ours to fill in is none yet. */
static bool is_resolved(const struct intern_table *table, const struct interned *i)
{
	return table->resolver && !addr_is_zero(&i->next_hop);
}

static int interned_enter(struct intern_table *table, struct interned *i, uint32_t hash)
{
	if (table_add(&table->paths, &i->link, hash) < 0)
		return -ENOMEM;
	if (is_resolved(table, i))
		i->cost = table->resolver->watch(table->resolver_user, &i->next_hop);
	i->serial = ++table->last_serial;
	return 0;
}

struct interned *intern(struct intern_table *table, const struct bgp_path *path)
{
	_cleanup_(freep) struct interned *made = interned_new(path);
	struct table_link *link;
	uint32_t hash;

	if (!made)
		return NULL;
	hash = (uint32_t)hash_bytes(&table->seed, 0, key_of(made), made->link.note - KEY_AT);
	for (link = table_first(&table->paths, hash); link; link = table_next(link)) {
		struct interned *found = TABLE_ENTRY(link, struct interned, link);

		if (key_equal(found, made))
			return interned_get(found);
	}
	return interned_enter(table, made, hash) < 0 ? NULL : TAKE_PTR(made);
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
	if (is_resolved(table, i))
		table->resolver->unwatch(table->resolver_user, &i->next_hop);
	table_remove(&table->paths, &i->link);
	free(i);
}
