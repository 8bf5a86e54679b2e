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

#define ADVANCE   1024 /* prefixes at a time: bounds the work of a turn */
#define LOG_MIN   1024
#define COUNT_MAX 0x3fffffff /* of paths of an entry: 30 bits */

static void chunk_clear(struct chunk *chunk)
{
	buffer_clear(&chunk->buffer);
	free(chunk->source);
	*chunk = (struct chunk){ 0 };
}

/* --- entries ---------------------------------------------------------------------------------- */
struct out_entry *adj_group_entry_new(struct adj_group *g, struct rib_entry *of)
{
	struct out_entry *entry = pool_take(&g->pool);

	if (!entry)
		return NULL;
	entry->of = of;
	entry->group = g;
	entry->slot = NO_SLOT;
	LL_PREPEND(of->outs, entry);
	return entry;
}

static void entry_unlog(struct adj_group *g, struct out_entry *entry)
{
	if (entry->slot == NO_SLOT)
		return;
	g->log[entry->slot].entry = NULL;
	g->log_live--;
	entry->slot = NO_SLOT;
}

void adj_group_entry_free(struct adj_group *g, struct out_entry *entry)
{
	struct rib_entry *of = entry->of;

	for (size_t i = 0; i < entry->count; i++)
		interned_put(rib_interned(g->outs->rib), &out_sent(entry)[i].path);
	entry_unlog(g, entry);
	adj_group_entry_set(entry, NULL, 0);
	LL_DELETE(of->outs, entry);
	pool_give(&g->pool, entry);
	rib_release(g->outs->rib, of);
}

int adj_group_entry_set(struct out_entry *entry, const struct sent *list, size_t count)
{
	struct sent one = count ? *list : (struct sent){ 0 }, *many = NULL;

	if (count > 1 && count <= entry->count) {
		memmove(entry->list, list, count * sizeof(*list));
		entry->count = (uint32_t)count & COUNT_MAX;
		return 0;
	}
	if (count > 1) {
		many = count <= COUNT_MAX ? calloc(count, sizeof(*many)) : NULL;
		if (!many)
			return -ENOMEM;
		memcpy(many, list, count * sizeof(*many));
	}
	if (entry->count > 1)
		free(entry->list);
	entry->count = (uint32_t)count & COUNT_MAX;
	if (many)
		entry->list = many;
	else
		entry->one = one;
	return 0;
}

/* --- what is due ------------------------------------------------------------------------------ */
static int due_reserve(struct adj_group *g)
{
	size_t size = g->due_size ? g->due_size * 2 : ADVANCE;
	struct out_entry **grown;

	if (g->due_end < g->due_size)
		return 0;
	if (g->due_at > g->due_size / 2) {
		g->due_end -= g->due_at;
		memmove(g->due, g->due + g->due_at, g->due_end * sizeof(*g->due));
		g->due_at = 0;
		return 0;
	}
	grown = reallocarray(g->due, size, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	g->due = grown;
	g->due_size = size;
	return 0;
}

int adj_group_touch(struct adj_group *g, struct out_entry *entry)
{
	if (entry->due)
		return 0;
	if (due_reserve(g) < 0)
		return -ENOMEM;
	entry->due = true;
	g->due[g->due_end++] = entry;
	return 0;
}

static struct out_entry *due_take(struct adj_group *g)
{
	struct out_entry *entry = g->due[g->due_at++];

	entry->due = false;
	if (adj_group_due(g))
		return entry;
	g->due_at = g->due_end = 0;
	if (g->due_size > ADVANCE) {
		freep(&g->due);
		g->due_size = 0;
	}
	return entry;
}

/* Most of what an ingress hears comes from internal neighbours and is for no other one: it costs no
 * entry, and no decision between its routes. */
static bool has_no_source(const struct adj_group *g, const struct rib_entry *of)
{
	const struct rib_route *route = of->routes;

	while (route && !export_source_allowed(route->source, &g->to))
		route = route->next;
	return !route;
}

/* A prefix that the group has nothing of. */
static int group_touch_new(struct adj_group *g, struct rib_entry *of)
{
	struct out_entry *entry;

	if (!(g->to.codec.families & BIT(nlri_family_of(&of->dst))) || has_no_source(g, of))
		return 0;
	entry = adj_group_entry_new(g, of);
	if (!entry)
		return -ENOMEM;
	if (adj_group_touch(g, entry) == 0)
		return 0;
	adj_group_entry_free(g, entry);
	return -ENOMEM;
}

void adj_outs_touch(struct adj_outs *outs, const struct bgp_dst *dst)
{
	struct rib_entry *of = outs->groups ? rib_find_told(outs->rib, dst) : NULL;
	struct out_entry *entry;
	struct adj_group *g;

	if (!of)
		return; /* it is not there, and nobody has been told of it */
	outs->touch++;
	LL_FOREACH(of->outs, entry)
	{
		entry->group->touched = outs->touch;
		entry->group->failed |= adj_group_touch(entry->group, entry) < 0;
	}
	LL_FOREACH(outs->groups, g)
	{
		if (g->touched != outs->touch)
			g->failed |= group_touch_new(g, of) < 0;
	}
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

size_t adj_group_told_from(const struct adj_group *g, uint32_t source)
{
	size_t count = 0;

	for (size_t i = 0; i < g->log_count; i++) {
		struct out_entry *entry = g->log[i].entry;

		for (size_t k = 0; entry && k < entry->count; k++)
			count += out_sent(entry)[k].path && out_sent(entry)[k].source == source;
	}
	return count;
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

/* Paths of a prefix for which no memory is asked for while they are put together. */
#define FEW 4

/* What the members are to have of one prefix from now on, being put together. */
struct next {
	struct adj_group *group;
	struct out_entry *entry; /* what they have */
	size_t had;              /* of its list, so many were looked at */
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
	struct sent sent = out_sent(next->entry)[next->had++];

	/* In one to be redone, not every member has heard of what was withdrawn before. */
	if (sent.path || next->entry->redo) {
		sent.version = next->version;
		next->changed = true;
	}
	if (sent.path) {
		interned_put(rib_interned(next->group->outs->rib), &sent.path);
		told_count(next->group, sent.source, (size_t)-1);
		next->group->gone++;
	}
	next->list[next->count++] = sent;
}

/* Takes over the reference. */
static void next_told(struct next *next, uint32_t id, uint32_t source, struct interned *path)
{
	struct adj_group *g = next->group;
	const struct sent *had = out_sent(next->entry) + next->had;
	struct sent sent = { id, source, path, next->version, next->version, next->version };

	if (next->had == next->entry->count || had->id != id)
		had = NULL;
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
	while (next->had < next->entry->count && out_sent(next->entry)[next->had].id < id)
		next_gone(next);
	next_told(next, id, route->source->neighbor, path);
	return 0;
}

/* By their places in the list, which of the routes are told where more are there than may be: of
 * those that may be told, the best. *ret is NULL where all are. 0 or -ENOMEM. */
static int routes_choose(const struct adj_group *g, const struct rib_entry *from,
			 enum decision_state **ret)
{
	size_t count = from->route_count, i = 0;

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
	size_t most = entry->count + entry->of->route_count;
	_cleanup_(freep) struct sent *many = most > FEW ? calloc(most, sizeof(*many)) : NULL;
	struct sent few[FEW];
	struct next next = { .group = g,
			     .entry = entry,
			     .list = most > FEW ? many : few,
			     .version = g->version + 1 };
	int r = next.list ? log_reserve(g) : -ENOMEM;

	if (r < 0)
		return r;
	r = next_routes(&next, entry->of);
	while (next.had < entry->count)
		next_gone(&next);
	if (adj_group_entry_set(entry, next.list, next.count) < 0) {
		for (size_t i = 0; i < next.count; i++)
			interned_put(rib_interned(g->outs->rib), &next.list[i].path);
		adj_group_entry_set(entry, NULL, 0);
		return -ENOMEM;
	}
	entry->redo = false;
	if (next.changed) {
		g->version++;
		log_append(g, entry);
	}
	if (!entry->count)
		adj_group_entry_free(g, entry);
	return r;
}

int adj_group_advance(struct adj_group *g)
{
	for (size_t i = 0; adj_group_due(g) && i < ADVANCE; i++) {
		int r = entry_update(g, due_take(g));

		if (r < 0)
			return r;
	}
	if (!adj_group_due(g))
		g->redo_from = UINT64_MAX;
	return 0;
}

void adj_group_fail(struct adj_group *g, struct out_entry *entry, uint32_t id)
{
	for (size_t i = 0; i < entry->count; i++) {
		struct sent *sent = &out_sent(entry)[i];

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
	struct sent *sent = out_sent(entry);
	size_t kept = 0;

	if (entry->redo)
		return; /* not every member knows; it will stand further back */
	for (size_t i = 0; i < entry->count; i++) {
		if (sent[i].path)
			sent[kept++] = sent[i];
		else
			g->gone--;
	}
	adj_group_entry_set(entry, sent, kept); /* it is not longer, so that it cannot fail */
	if (!kept && !entry->due)
		adj_group_entry_free(g, entry);
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
		if (group_touch_new(g, entry) < 0)
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
	g->pool = POOL_OF(struct out_entry);
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

/* Those that are due and in the log go with the log. */
static void entries_free(struct adj_group *g)
{
	for (size_t i = g->due_at; i < g->due_end; i++) {
		g->due[i]->due = false;
		if (g->due[i]->slot == NO_SLOT)
			adj_group_entry_free(g, g->due[i]);
	}
	for (size_t i = 0; i < g->log_count; i++)
		if (g->log[i].entry)
			adj_group_entry_free(g, g->log[i].entry);
	pool_clear(&g->pool);
}

void adj_group_release(struct adj_group *g)
{
	struct adj_group *other;

	if (g->members)
		return;
	LL_DELETE(g->outs->groups, g);
	LL_FOREACH(g->outs->groups, other)
	{
		if (other->copy_of == g)
			other->copy_of = NULL;
	}
	entries_free(g);
	for (size_t i = 0; i < GROUP_CHUNKS; i++)
		chunk_clear(&g->chunk[i]);
	free(g->due);
	free(g->log);
	free(g);
}
