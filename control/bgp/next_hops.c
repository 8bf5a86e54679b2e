/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: When a link goes, the costs of all next hops behind it change in one turn of the loop. They
 * are noted, and before the loop waits again paths and prefixes are walked once for all of them: a
 * walk for each would hold up the loop by next hops times prefixes.
 */
#include "bgp/resolver.h"
#include "bgp/state.h"

#include <stdlib.h>
#include <string.h>

static int moved_order(const void *a, const void *b)
{
	const struct moved *one = a, *other = b;
	int order = memcmp(&one->next_hop, &other->next_hop, sizeof(one->next_hop));

	return order ? order : (one->order > other->order) - (one->order < other->order);
}

/* Sorts them, and keeps the last word on each next hop. */
static size_t moved_sort(struct moved *list, size_t count)
{
	size_t kept = 0;

	qsort(list, count, sizeof(*list), moved_order);
	for (size_t i = 0; i < count; i++)
		if (i + 1 == count || !addr_equal(&list[i].next_hop, &list[i + 1].next_hop))
			list[kept++] = list[i];
	return kept;
}

/* NULL: it has not moved. */
static const struct moved *moved_find(const struct moved *list, size_t count,
				      const struct addr *next_hop)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = memcmp(&list[middle].next_hop, next_hop, sizeof(*next_hop));

		if (!order)
			return &list[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static bool entry_moved(const struct rib_entry *entry, const struct moved *list, size_t count)
{
	for (const struct rib_route *r = entry->routes; r; r = r->next)
		if (moved_find(list, count, &r->path->next_hop))
			return true;
	return false;
}

static void moved_apply(struct bgp *bgp, const struct moved *list, size_t count)
{
	const struct table *paths = &rib_interned(bgp->speaker.rib)->paths;
	struct table_link *link = NULL;
	struct rib_entry *entry = NULL;

	while ((link = table_walk(paths, link))) {
		struct interned *i = TABLE_ENTRY(link, struct interned, link);
		const struct moved *moved = moved_find(list, count, &i->next_hop);

		if (moved)
			i->cost = moved->cost;
	}
	while ((entry = rib_next(bgp->speaker.rib, entry))) {
		if (!entry_moved(entry, list, count))
			continue;
		rib_undecide(entry);
		speaker_touch(&bgp->speaker, &entry->dst);
	}
}

void next_hops_settle(struct bgp *bgp)
{
	size_t count = bgp->moved_count;

	if (!count)
		return;
	bgp->moved_count = 0;
	moved_apply(bgp, bgp->moved, moved_sort(bgp->moved, count));
}

void bgp_next_hop_changed(struct bgp *bgp, const struct addr *next_hop, uint32_t cost)
{
	struct moved moved = { *next_hop, cost, bgp->moved_count };
	struct moved *grown = bgp->moved;

	if (bgp->moved_count == bgp->moved_size)
		grown = reallocarray(grown, 2 * bgp->moved_size + 16, sizeof(*grown));
	if (!grown) {
		next_hops_settle(bgp);
		moved_apply(bgp, &moved, 1);
		return;
	}
	if (bgp->moved_count == bgp->moved_size)
		bgp->moved_size = 2 * bgp->moved_size + 16;
	bgp->moved = grown;
	bgp->moved[bgp->moved_count++] = moved;
}
