/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: What is configured of an interface's VLAN tags goes into every next hop that leaves by it,
 * in place of what the kernel's devices say. It is known before the sites of a former run are taken
 * over, so that their next hops do not lose their tags for a moment.
 */
#include "tables/state.h"

#include "base/util.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct interface_tags *tags_find(const struct tables *t, const char *interface)
{
	for (size_t i = 0; i < t->tags_count; i++)
		if (!strcmp(t->tags[i].interface, interface))
			return &t->tags[i];
	return NULL;
}

void tags_apply(const struct tables *t, struct mg_nexthop *hop)
{
	const struct interface_tags *tags = NULL;
	struct netlink_link link;

	if (t->tags_count && adjacency_link_at(t->adjacency, hop->ifindex, &link))
		tags = tags_find(t, link.name);
	if (!tags || tags->mode == TAGS_NEXT_HOP)
		return;
	hop->vlan = hop->outer_vlan = hop->outer_type = 0;
	if (tags->mode == TAGS_KEEP) {
		hop->flags |= MG_KEEP_TAGS;
		return;
	}
	hop->vlan = tags->inner;
	hop->outer_vlan = tags->outer;
	hop->outer_type = tags->outer ? tags->outer_type : 0;
}

int tags_copy(struct tables *t, const struct interface_tags *tags, size_t count)
{
	struct interface_tags *copy = calloc(count + 1, sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	if (count)
		memcpy(copy, tags, count * sizeof(*copy));
	free(t->tags);
	t->tags = copy;
	t->tags_count = count;
	return 0;
}

int tables_tags_set(struct tables *t, const struct interface_tags *tags, size_t count)
{
	int r;

	if (count == t->tags_count && (!count || !memcmp(t->tags, tags, count * sizeof(*tags))))
		return 0;
	r = tags_copy(t, tags, count);
	if (r >= 0)
		adjacency_repeat(t->adjacency);
	return r;
}
