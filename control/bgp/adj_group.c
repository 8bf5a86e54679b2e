/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: Versions in place of marks. Every change of what the group is told gets the next number, and
 * the log lists the entries by their last one. So what a member has not been told is the log behind
 * its own number: nothing is kept for each of the members, and those of one number get one
 * encoding. A withdrawn path stays in its entry until all members have passed it.
 */
#include "bgp/adj_group.h"
#include "base/util.h"
#include "bgp/decision.h"

#include <errno.h>
#include <string.h>
#include <utlist.h>

#define ADVANCE 1024 /* prefixes at a time: bounds the work of a turn */
#define LOG_MIN 1024

static void chunk_clear(struct chunk *chunk)
{
	buffer_clear(&chunk->buffer);
	free(chunk->source);
	*chunk = (struct chunk){ 0 };
}

/* --- entries ---------------------------------------------------------------------------------- */
struct out_entry *adj_group_entry(const struct adj_group *g, const struct bgp_dst *dst,
				  uint32_t hash)
{
	struct table_link *link = table_first(&g->entries, hash);

	for (; link; link = table_next(link)) {
		struct out_entry *entry = TABLE_ENTRY(link, struct out_entry, link);

		if (!memcmp(&entry->dst, dst, sizeof(*dst)))
			return entry;
	}
	return NULL;
}

struct out_entry *adj_group_entry_new(struct adj_group *g, const struct bgp_dst *dst, uint32_t hash)
{
	_cleanup_(freep) struct out_entry *entry = calloc(1, sizeof(*entry));

	if (!entry || table_add(&g->entries, &entry->link, hash) < 0)
		return NULL;
	entry->dst = *dst;
	entry->slot = NO_SLOT;
	entry->sent = &entry->one;
	return TAKE_PTR(entry);
}

static void entry_unlog(struct adj_group *g, struct out_entry *entry)
{
	if (entry->slot == NO_SLOT)
		return;
	g->log[entry->slot].entry = NULL;
	g->log_live--;
	entry->slot = NO_SLOT;
}

/* Is not due. */
static void entry_free(struct adj_group *g, struct out_entry *entry)
{
	for (size_t i = 0; i < entry->count; i++)
		interned_put(rib_interned(g->outs->rib), &entry->sent[i].path);
	entry_unlog(g, entry);
	table_remove(&g->entries, &entry->link);
	if (entry->sent != &entry->one)
		free(entry->sent);
	free(entry);
}

/* The list is the group's from then on. */
static void entry_set(struct out_entry *entry, struct sent *list, size_t count)
{
	if (entry->sent != &entry->one)
		free(entry->sent);
	entry->count = (uint32_t)count;
	entry->sent = list;
	if (count > 1)
		return;
	if (count)
		entry->one = *list;
	free(list);
	entry->sent = &entry->one;
}

/* Most of what an ingress hears comes from internal neighbours and is for no other one: it costs no
 * entry, and no decision between its routes. */
static bool has_no_source(const struct adj_group *g, const struct bgp_dst *dst, uint32_t hash)
{
	const struct rib_entry *from = rib_find_hashed(g->outs->rib, dst, hash);
	const struct rib_route *route = from ? from->routes : NULL;

	while (route && !export_source_allowed(route->source, &g->to))
		route = route->next;
	return !route;
}

int adj_group_touch(struct adj_group *g, const struct bgp_dst *dst, uint32_t hash)
{
	struct out_entry *entry;

	if (!(g->to.codec.families & BIT(nlri_family_of(dst))))
		return 0;
	entry = adj_group_entry(g, dst, hash);
	if (!entry && has_no_source(g, dst, hash))
		return 0;
	if (!entry)
		entry = adj_group_entry_new(g, dst, hash);
	if (!entry)
		return -ENOMEM;
	if (entry->due)
		return 0;
	entry->due = true;
	entry->next_due = NULL;
	if (g->due)
		g->last_due->next_due = entry;
	else
		g->due = entry;
	g->last_due = entry;
	return 0;
}

/* --- the log ---------------------------------------------------------------------------------- */
size_t adj_group_slot(const struct adj_group *g, uint64_t version)
{
	size_t low = 0, high = g->log_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (g->log[middle].version <= version)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void log_compact(struct adj_group *g)
{
	size_t kept = 0;

	for (size_t i = 0; i < g->log_count; i++) {
		if (!g->log[i].entry)
			continue;
		g->log[i].entry->slot = (uint32_t)kept;
		g->log[kept++] = g->log[i];
	}
	g->log_count = kept;
}

static int log_reserve(struct adj_group *g)
{
	size_t size = g->log_size ? g->log_size + g->log_size / 2 : LOG_MIN;
	struct log_slot *grown;

	if (g->log_count < g->log_size)
		return 0;
	if (g->log_count > LOG_MIN && g->log_live < g->log_count / 2) {
		log_compact(g);
		return 0;
	}
	grown = size < NO_SLOT ? reallocarray(g->log, size, sizeof(*grown)) : NULL;
	if (!grown)
		return -ENOMEM;
	g->log = grown;
	g->log_size = size;
	return 0;
}

/* There is room. */
static void log_append(struct adj_group *g, struct out_entry *entry)
{
	entry_unlog(g, entry);
	entry->slot = (uint32_t)g->log_count;
	g->log[g->log_count++] = (struct log_slot){ g->version, entry };
	g->log_live++;
}

/* --- what is to be told ----------------------------------------------------------------------- */
static void told_count(struct adj_group *g, uint32_t source, size_t more)
{
	struct adj_out *member;

	g->told += more; /* or less, modulo the type's range */
	DL_FOREACH(g->members, member)
	{
		if (member->neighbor == source)
			member->own += more;
	}
}

/* A new reference to the path that `sent` holds; *ret is NULL where it is not to be told. */
static int wanted_path(struct adj_group *g, const struct rib_route *route, struct interned **ret)
{
	_cleanup_(bgp_path_clear) struct bgp_path path = { 0 };
	int r;

	*ret = NULL;
	if (!export_allowed(route, &g->to))
		return 0;
	if (!g->out) {
		*ret = interned_get(route->path);
		return 0;
	}
	r = export_path(route, &g->to, &path);
	*ret = r < 0 ? NULL : intern(rib_interned(g->outs->rib), &path);
	return *ret ? 0 : -ENOMEM;
}

/* What the members are to have of one prefix from now on, being put together. */
struct next {
	struct adj_group *group;
	const struct out_entry *entry; /* what they have */
	size_t had;                    /* of its list, so many were looked at */
	struct sent *list;
	size_t count;
	uint64_t version; /* of this change, if it is one */
	bool changed;
};

/* A member has passed over the entry, and what changed since then was not told. */
static bool next_redo(const struct next *next, const struct sent *had)
{
	return next->entry->redo && had->version > next->group->redo_from;
}

static void next_gone(struct next *next)
{
	struct sent sent = next->entry->sent[next->had++];

	if (next_redo(next, &sent) || (next->entry->redo && !sent.path)) {
		sent.version = next->version;
		next->changed = true;
	}

	if (sent.path) {
		interned_put(rib_interned(next->group->outs->rib), &sent.path);
		told_count(next->group, sent.source, (size_t)-1);
		next->group->gone++;
		sent.version = next->version;
		next->changed = true;
	}
	next->list[next->count++] = sent;
}

/* Takes over the reference. */
static void next_told(struct next *next, uint32_t id, uint32_t source, struct interned *path)
{
	struct adj_group *g = next->group;
	const struct out_entry *entry = next->entry;
	const struct sent *had = next->had < entry->count && entry->sent[next->had].id == id
					 ? &entry->sent[next->had]
					 : NULL;
	struct sent sent = { id, source, path, next->version, next->version, next->version };

	if (had) {
		next->had++;
		sent.first = had->first;
		if (had->source == source)
			sent.moved = had->moved;
		if (had->path == path && had->source == source && !next_redo(next, had))
			sent.version = had->version;
		interned_put(rib_interned(g->outs->rib), &(struct interned *){ had->path });
		g->gone -= !had->path;
	}
	if (!had || !had->path || had->source != source) {
		if (had && had->path)
			told_count(g, had->source, (size_t)-1);
		told_count(g, source, 1);
	}
	next->changed |= sent.version == next->version;
	next->list[next->count++] = sent;
}

static int next_route(struct next *next, const struct rib_route *route, uint32_t id)
{
	struct interned *path;
	int r = wanted_path(next->group, route, &path);

	if (r < 0 || !path)
		return r;
	while (next->had < next->entry->count && next->entry->sent[next->had].id < id)
		next_gone(next);
	next_told(next, id, route->key.neighbor, path);
	return 0;
}

static size_t routes_count(const struct rib_entry *from)
{
	size_t count = 0;

	for (const struct rib_route *route = from ? from->routes : NULL; route; route = route->next)
		count++;
	return count;
}

/* By their places in the list, which of the routes are told where more are there than may be: of
 * those that may be told, the best. *ret is NULL where all are. 0 or -ENOMEM. */
static int routes_choose(const struct adj_group *g, const struct rib_entry *from,
			 enum decision_state **ret)
{
	size_t count = routes_count(from), i = 0;

	*ret = NULL;
	if (!g->to.paths_max || count <= g->to.paths_max)
		return 0;
	*ret = calloc(count, sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	for (const struct rib_route *route = from->routes; route; route = route->next)
		(*ret)[i++] = export_allowed(route, &g->to) ? DECISION_OPEN : DECISION_OUT;
	decision_choose(from->routes, *ret, g->to.paths_max);
	return 0;
}

/* By growing id, as the entry's list is. */
static int next_paths(struct next *next, struct rib_entry *from)
{
	_cleanup_(freep) enum decision_state *state = NULL;
	int r = routes_choose(next->group, from, &state);
	size_t i = 0;

	for (struct rib_route *route = from->routes; route && r == 0; route = route->next, i++)
		if (!state || state[i] == DECISION_CHOSEN)
			r = next_route(next, route, route->out_id);
	return r;
}

static int next_routes(struct next *next, struct rib_entry *from)
{
	const struct bgp_codec *codec = &next->group->to.codec;
	struct rib_route *route;

	if (codec->add_path_out & BIT(nlri_family_of(&from->dst)))
		return next_paths(next, from);
	route = rib_best(from);
	return route ? next_route(next, route, 0) : 0;
}

/* After it the entry may be gone. On failure it is a mixture, and no session can go on. */
static int entry_update(struct adj_group *g, struct out_entry *entry)
{
	struct rib_entry *from = rib_find_hashed(g->outs->rib, &entry->dst, entry->link.hash);
	struct next next = { .group = g, .entry = entry, .version = g->version + 1 };
	int r = log_reserve(g);

	next.list = calloc(entry->count + routes_count(from) + 1, sizeof(*next.list));
	if (!next.list || r < 0) {
		free(next.list);
		return -ENOMEM;
	}
	if (from)
		r = next_routes(&next, from);
	while (next.had < entry->count)
		next_gone(&next);
	entry_set(entry, next.list, next.count);
	entry->redo = false;
	if (next.changed) {
		g->version++;
		log_append(g, entry);
	}
	if (!entry->count)
		entry_free(g, entry);
	return r;
}

int adj_group_advance(struct adj_group *g)
{
	for (size_t i = 0; g->due && i < ADVANCE; i++) {
		struct out_entry *entry = g->due;
		int r;

		g->due = entry->next_due;
		entry->due = false;
		r = entry_update(g, entry);
		if (r < 0)
			return r;
	}
	if (!g->due)
		g->redo_from = UINT64_MAX;
	return 0;
}

void adj_group_fail(struct adj_group *g, struct out_entry *entry, uint32_t id)
{
	for (size_t i = 0; i < entry->count; i++) {
		struct sent *sent = &entry->sent[i];

		if (sent->id != id || !sent->path)
			continue;
		interned_put(rib_interned(g->outs->rib), &sent->path);
		told_count(g, sent->source, (size_t)-1);
		g->gone++;
	}
}

/* --- what was withdrawn ----------------------------------------------------------------------- */
static void entry_trim(struct adj_group *g, struct out_entry *entry)
{
	size_t kept = 0;

	if (entry->redo)
		return; /* not every member knows; it will stand further back */
	for (size_t i = 0; i < entry->count; i++) {
		if (entry->sent[i].path)
			entry->sent[kept++] = entry->sent[i];
		else
			g->gone--;
	}
	entry->count = (uint32_t)kept;
	if (!kept && !entry->due)
		entry_free(g, entry);
}

void adj_group_trim(struct adj_group *g)
{
	uint64_t passed = g->version;
	const struct adj_out *member;

	if (!g->gone)
		return;
	DL_FOREACH(g->members, member)
	{
		if (member->version < passed)
			passed = member->version;
	}
	for (size_t i = adj_group_slot(g, g->trimmed);
	     i < g->log_count && g->log[i].version <= passed; i++)
		if (g->log[i].entry)
			entry_trim(g, g->log[i].entry);
	if (passed > g->trimmed)
		g->trimmed = passed;
}

/* --- groups ----------------------------------------------------------------------------------- */
/* What tells a member from the others, and what is of incoming routes only, makes no difference. */
static struct export_target target_shared(const struct export_target *to)
{
	struct export_target shared;

	memcpy(&shared, to, sizeof(shared)); /* with the padding: targets are compared as octets */
	shared.neighbor = 0;
	shared.codec.add_path_in = 0;
	shared.codec.carriers_accept = 0;
	shared.codec.route_refresh = false;
	return shared;
}

static int group_fill(struct adj_group *g)
{
	struct rib_entry *entry = NULL;

	while ((entry = rib_next(g->outs->rib, entry)))
		if (adj_group_touch(g, &entry->dst, entry->link.hash) < 0)
			return -ENOMEM;
	return 0;
}

struct adj_group *adj_group_demand(struct adj_outs *outs, const struct export_target *to)
{
	struct export_target shared = target_shared(to);
	struct adj_group *g;

	LL_FOREACH(outs->groups, g)
	{
		if (!memcmp(&g->to, &shared, sizeof(shared)))
			return g;
	}
	g = calloc(1, sizeof(*g));
	if (!g)
		return NULL;
	g->outs = outs;
	memcpy(&g->to, &shared, sizeof(shared));
	g->out = !to->codec.ibgp || to->next_hop_self || !to->codec.inside;
	g->redo_from = UINT64_MAX;
	LL_PREPEND(outs->groups, g);
	if (group_fill(g) < 0) {
		adj_group_release(g);
		return NULL;
	}
	return g;
}

void adj_group_release(struct adj_group *g)
{
	struct table_link *link, *next;

	struct adj_group *other;

	if (g->members)
		return;
	LL_DELETE(g->outs->groups, g);
	LL_FOREACH(g->outs->groups, other)
	{
		if (other->copy_of == g)
			other->copy_of = NULL;
	}
	for (link = table_walk(&g->entries, NULL); link; link = next) {
		next = table_walk(&g->entries, link);
		entry_free(g, TABLE_ENTRY(link, struct out_entry, link));
	}
	for (size_t i = 0; i < GROUP_CHUNKS; i++)
		chunk_clear(&g->chunk[i]);
	free(g->log);
	free(g);
}
