/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: Another limit of paths while a session goes on. The limit is the group's, and so is what its
 * members were told; so a member that has the group alone changes it, and any other one gets a copy
 * of it: the same table, log and numbers. Its place in the order of changes means the same there,
 * and what the new limit makes different are changes like others. Members that go the same way at
 * one time share the copy. There may be two groups of one target afterwards, until their sessions
 * end.
 */
#include "base/util.h"
#include "bgp/adj_group.h"

#include <errno.h>
#include <string.h>
#include <utlist.h>

/* It is due: what it has is compared with the RIB once more. */
static int entry_copy(struct adj_group *g, struct out_entry *from)
{
	struct out_entry *entry = adj_group_entry_new(g, from->of);

	if (!entry)
		return -ENOMEM;
	if (adj_group_entry_set(entry, out_sent(from), from->count) < 0 ||
	    adj_group_touch(g, entry) < 0) {
		adj_group_entry_set(entry, NULL, 0); /* the paths are not its yet */
		adj_group_entry_free(g, entry);
		return -ENOMEM;
	}
	for (size_t i = 0; i < entry->count; i++)
		if (out_sent(entry)[i].path)
			interned_get(out_sent(entry)[i].path);
	entry->redo = from->redo;
	entry->slot = from->slot;
	if (entry->slot != NO_SLOT) {
		g->log[entry->slot].entry = entry;
		g->log_live++;
	}
	return 0;
}

/* Slots without their entries, which find theirs by number. */
static int log_copy(struct adj_group *g, const struct adj_group *from)
{
	if (!from->log_size)
		return 0;
	g->log = reallocarray(NULL, from->log_size, sizeof(*g->log));
	if (!g->log)
		return -ENOMEM;
	g->log_size = from->log_size;
	g->log_count = from->log_count;
	for (size_t i = 0; i < g->log_count; i++)
		g->log[i] = (struct log_slot){ .version = from->log[i].version };
	return 0;
}

static int group_fill(struct adj_group *g, const struct adj_group *from)
{
	int r = log_copy(g, from);

	for (size_t i = 0; i < from->log_count && r == 0; i++)
		if (from->log[i].entry)
			r = entry_copy(g, from->log[i].entry);
	for (size_t i = from->due_at; i < from->due_end && r == 0; i++)
		if (from->due[i]->slot == NO_SLOT)
			r = entry_copy(g, from->due[i]);
	return r;
}

/* NULL: out of memory. */
static struct adj_group *group_copy(const struct adj_group *from, uint8_t paths_max)
{
	struct adj_group *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->outs = from->outs;
	g->pool = POOL_OF(struct out_entry);
	memcpy(&g->to, &from->to, sizeof(g->to));
	g->to.paths_max = paths_max;
	g->out = from->out;
	g->failed = from->failed;
	g->version = g->copied = from->version;
	g->trimmed = from->trimmed;
	g->redo_from = from->redo_from;
	g->told = from->told;
	g->gone = from->gone;
	g->copy_of = from;
	LL_PREPEND(g->outs->groups, g);
	if (group_fill(g, from) == 0)
		return g;
	adj_group_release(g);
	return NULL;
}

/* A copy of the member's group, to which nothing has happened since, that still has all that the
 * member was not told. */
static struct adj_group *copy_find(const struct adj_out *out, uint8_t paths_max)
{
	const struct adj_group *from = out->group;
	struct adj_group *g;

	LL_FOREACH(from->outs->groups, g)
	{
		if (g->copy_of == from && g->to.paths_max == paths_max &&
		    g->copied == from->version && g->trimmed <= out->version)
			return g;
	}
	return NULL;
}

static void member_move(struct adj_out *out, struct adj_group *to)
{
	struct adj_group *from = out->group;

	DL_DELETE(from->members, out);
	from->member_count--;
	DL_APPEND(to->members, out);
	to->member_count++;
	out->group = to;
	if (to->version != to->copied) /* it went on, and so did what it tells of the member's */
		out->own = adj_group_told_from(to, out->neighbor);
	adj_group_release(from);
}

/* Everything is compared with the RIB once more. */
static int group_touch(struct adj_group *g)
{
	for (size_t i = 0; i < g->log_count; i++)
		if (g->log[i].entry && adj_group_touch(g, g->log[i].entry) < 0)
			return -ENOMEM;
	return 0;
}

int adj_out_limit(struct adj_out *out, uint8_t paths_max)
{
	struct adj_group *g = out->group, *to = copy_find(out, paths_max);

	if (g->to.paths_max == paths_max)
		return 0;
	if (!to && g->member_count == 1) {
		g->to.paths_max = paths_max;
		g->copy_of = NULL;
		return group_touch(g);
	}
	if (!to)
		to = group_copy(g, paths_max);
	if (!to)
		return -ENOMEM;
	member_move(out, to);
	return 0;
}
