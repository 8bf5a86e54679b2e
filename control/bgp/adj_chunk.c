/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: A stretch of the log becomes a list of changes for one member, the list is sorted so that
 * one UPDATE takes all prefixes of equal attributes, and what comes out is kept for the other
 * members that stand where this one stood. Those whose own routes are among the changes are to be
 * told something else, and get their own.
 */
#include "bgp/adj_chunk.h"
#include "base/grow.h"
#include "base/util.h"
#include "bgp/message.h"
#include "bgp/update.h"

#include <errno.h>
#include <utlist.h>

/* Changes in one chunk: bounds the work of a turn, and what is waiting to be written. */
#define BATCH 1024

struct change {
	struct bgp_nlri nlri;
	struct out_entry *entry;
	const struct interned *path; /* NULL: withdrawn; borrowed from the entry */
	uint32_t source;
	bool replaces; /* the member has a path of this prefix and id */
};

struct changes {
	struct adj_group *group;
	const struct adj_out *member;
	struct change *at;
	size_t count, size;
	uint64_t told;     /* the member has been told everything up to there */
	uint32_t families; /* 0: of all */
	uint32_t *source;
	size_t source_count, source_size;
};

int buffer_reserve(struct buffer *buffer, size_t max)
{
	return grow_octets(&buffer->at, &buffer->size, buffer->len + max);
}

struct writer buffer_writer(const struct buffer *buffer)
{
	return writer_of(buffer->at + buffer->len, buffer->size - buffer->len);
}

static void changes_clear(struct changes *changes)
{
	free(changes->at);
	free(changes->source);
}

/* --- from the log to changes ------------------------------------------------------------------ */
static int change_add(struct changes *c, const struct change *change)
{
	size_t size = c->size ? c->size * 2 : BATCH;

	if (c->count == c->size) {
		struct change *grown = reallocarray(c->at, size, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		c->at = grown;
		c->size = size;
	}
	c->at[c->count++] = *change;
	return 0;
}

/* Neighbours stand in a row most often, as their routes do. */
static int source_note(struct changes *c, uint32_t source)
{
	size_t size = c->source_size ? c->source_size * 2 : 8;

	for (size_t i = c->source_count; i-- > 0;)
		if (c->source[i] == source)
			return 0;
	if (c->source_count == c->source_size) {
		uint32_t *grown = reallocarray(c->source, size, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		c->source = grown;
		c->source_size = size;
	}
	c->source[c->source_count++] = source;
	return 0;
}

/* What is to be told of one path: it, that it has gone, or nothing. */
static int sent_change(struct changes *c, struct out_entry *entry, const struct sent *sent)
{
	struct change change = { .nlri = { .dst = entry->of->dst, .path_id = sent->id },
				 .entry = entry,
				 .replaces = sent_held(sent, c->member->neighbor, c->told) };

	if (sent->source && source_note(c, sent->source) < 0)
		return -ENOMEM;
	if (sent->path && sent->source != c->member->neighbor) {
		change.path = sent->path;
		change.source = c->group->out ? 0 : sent->source;
		return change_add(c, &change);
	}
	return change.replaces && !c->families ? change_add(c, &change) : 0;
}

/* Whether the entry's paths are as the RIB has them: not while it is due. It stands further back
 * once it has been looked at, for those that pass over it here. */
static bool entry_settled(struct changes *c, struct out_entry *entry)
{
	if (!entry->due || c->group->out)
		return true;
	entry->redo = true;
	if (c->families)
		c->group->redo_from = 0;
	else if (c->told < c->group->redo_from)
		c->group->redo_from = c->told;
	return false;
}

static int entry_changes(struct changes *c, struct out_entry *entry, uint64_t after)
{
	int r = 0;

	if (c->families && !(c->families & BIT(nlri_family_of(&entry->of->dst))))
		return 0;
	if (!entry_settled(c, entry))
		return 0;
	for (size_t i = 0; i < entry->count && r == 0; i++)
		if (out_sent(entry)[i].version > after)
			r = sent_change(c, entry, &out_sent(entry)[i]);
	return r;
}

/* Of the log from `from` to `to`, as much as a batch takes; *ret_to is how far that is. */
static int changes_collect(struct changes *c, uint64_t from, uint64_t to, uint64_t *ret_to)
{
	const struct adj_group *g = c->group;
	size_t i = adj_group_slot(g, from);
	int r = 0;

	for (; i < g->log_count && g->log[i].version <= to && c->count < BATCH && r == 0; i++)
		if (g->log[i].entry)
			r = entry_changes(c, g->log[i].entry, c->families ? 0 : from);
	*ret_to = i < g->log_count && g->log[i].version <= to ? g->log[i].version - 1 : to;
	return r;
}

/* --- from changes to messages ----------------------------------------------------------------- */
/* Withdrawals first, then by path; family by family; else as it was. */
static int change_order(const void *a, const void *b)
{
	const struct change *x = a, *y = b;
	uint64_t p = x->path ? x->path->serial : 0, q = y->path ? y->path->serial : 0;
	int r = (p > q) - (p < q);

	if (!r)
		r = (x->source > y->source) - (x->source < y->source);
	if (!r)
		r = (int)nlri_family_of(&x->nlri.dst) - (int)nlri_family_of(&y->nlri.dst);
	if (!r)
		r = memcmp(&x->nlri.dst, &y->nlri.dst, sizeof(x->nlri.dst));
	return r ? r : (x->nlri.path_id > y->nlri.path_id) - (x->nlri.path_id < y->nlri.path_id);
}

/* As many of the list as one message takes. */
static size_t message_add(const struct adj_group *g, const struct bgp_path *path,
			  const struct bgp_nlri *list, size_t count, struct buffer *ret)
{
	struct writer w = buffer_writer(ret);
	size_t n = path ? update_encode(&g->to.codec, path, list, count, &w)
			: update_encode_withdraw(&g->to.codec, list, count, &w);

	ret->len += writer_len(&w);
	ret->messages += writer_len(&w) > 0;
	return n;
}

/* The members cannot be told the route: they are to have none then, and not the last one. */
static void change_fail(struct adj_group *g, const struct change *change, struct buffer *ret)
{
	adj_group_fail(g, change->entry, change->nlri.path_id);
	if (change->replaces)
		message_add(g, NULL, &change->nlri, 1, ret);
}

static int run_messages(struct adj_group *g, const struct change *run, size_t count,
			const struct bgp_path *path, struct bgp_nlri *list, struct buffer *ret)
{
	for (size_t i = 0; i < count; i++)
		list[i] = run[i].nlri;
	for (size_t i = 0; i < count;) {
		size_t n;

		if (buffer_reserve(ret, message_max(&g->to.codec)) < 0)
			return -ENOMEM;
		n = message_add(g, path, list + i, count - i, ret);
		if (!n && run[i].path)
			change_fail(g, &run[i], ret);
		i += n ? n : 1;
	}
	return 0;
}

/* The RIB's route that the change tells of. It is there: the entry is not due. */
static const struct rib_route *change_route(const struct change *change)
{
	const struct rib_route *route = change->entry->of->routes;

	while (route && (route->path != change->path || route->source->neighbor != change->source))
		route = route->next;
	return route;
}

/* Changes of one path, source and family: they share their UPDATEs. */
static int run_encode(struct adj_group *g, const struct change *run, size_t count,
		      struct bgp_nlri *list, struct buffer *ret)
{
	_cleanup_(bgp_path_clear) struct bgp_path path = { 0 };
	const struct rib_route *route;
	struct bgp_path kept;
	int r;

	if (!run->path)
		return run_messages(g, run, count, NULL, list, ret);
	if (g->out) {
		interned_path(run->path, &kept);
		return run_messages(g, run, count, &kept, list, ret);
	}
	route = change_route(run);
	r = route ? export_path(route, &g->to, &path) : -EADDRNOTAVAIL;
	if (r == -ENOMEM)
		return r;
	if (r == 0)
		return run_messages(g, run, count, &path, list, ret);
	for (size_t i = 0; i < count && buffer_reserve(ret, message_max(&g->to.codec)) == 0; i++)
		change_fail(g, &run[i], ret);
	return 0;
}

static size_t run_len(const struct change *changes, size_t count)
{
	enum bgp_family family = nlri_family_of(&changes[0].nlri.dst);
	size_t n = 1;

	while (n < count && changes[n].path == changes[0].path &&
	       changes[n].source == changes[0].source &&
	       nlri_family_of(&changes[n].nlri.dst) == family)
		n++;
	return n;
}

static int changes_encode(struct changes *c, struct buffer *ret)
{
	_cleanup_(freep) struct bgp_nlri *list = calloc(c->count + 1, sizeof(*list));
	int r = 0;

	if (!list)
		return -ENOMEM;
	if (c->count)
		qsort(c->at, c->count, sizeof(*c->at), change_order);
	for (size_t i = 0, n; i < c->count && r >= 0; i += n) {
		n = run_len(c->at + i, c->count - i);
		r = run_encode(c->group, c->at + i, n, list, ret);
	}
	return r;
}

/* --- chunks ----------------------------------------------------------------------------------- */
static bool chunk_has_source(const struct chunk *chunk, uint32_t neighbor)
{
	for (size_t i = 0; i < chunk->source_count; i++)
		if (chunk->source[i] == neighbor)
			return true;
	return false;
}

static void chunk_reset(struct chunk *chunk)
{
	chunk->from = chunk->to = 0;
	chunk->buffer.len = chunk->buffer.messages = 0;
	freep(&chunk->source);
	chunk->source_count = 0;
	chunk->own = false;
}

void adj_chunks_expire(struct adj_group *g)
{
	for (size_t i = 0; i < GROUP_CHUNKS; i++)
		if (g->chunk[i].made != g->version)
			chunk_reset(&g->chunk[i]);
}

static const struct chunk *chunk_find(const struct adj_group *g, const struct adj_out *member)
{
	for (size_t i = 0; i < GROUP_CHUNKS; i++) {
		const struct chunk *chunk = &g->chunk[i];

		if (chunk->from != chunk->to && chunk->from == member->version && !chunk->own &&
		    !chunk_has_source(chunk, member->neighbor))
			return chunk;
	}
	return NULL;
}

/* The members that stand where this one does, or behind, and can take the same; one may come by
 * another way, and gets a chunk of its own then. */
static size_t chunk_takers(const struct adj_group *g, const struct chunk *chunk)
{
	const struct adj_out *member;
	size_t count = 0;

	if (chunk->own)
		return 1;
	DL_FOREACH(g->members, member)
	{
		count += member->version <= chunk->from &&
			 !chunk_has_source(chunk, member->neighbor);
	}
	return count;
}

static int chunk_make(struct adj_group *g, const struct adj_out *member, struct chunk *ret)
{
	_cleanup_(changes_clear) struct changes c = { .group = g,
						      .member = member,
						      .told = member->version };
	uint64_t to;
	int r = changes_collect(&c, member->version, g->version, &to);

	if (r == 0)
		r = changes_encode(&c, &ret->buffer);
	if (r < 0)
		return r;
	ret->from = member->version;
	ret->to = to;
	ret->made = g->version;
	ret->source = TAKE_PTR(c.source);
	ret->source_count = c.source_count;
	ret->own = chunk_has_source(ret, member->neighbor);
	ret->takers = chunk_takers(g, ret);
	return 0;
}

/* The room for octets goes with the last one, thirty-two of a table are megabytes; but the next
 * chunk may have it. */
void adj_chunk_taken(struct adj_group *g, const struct chunk *chunk)
{
	struct chunk *taken = &g->chunk[chunk - g->chunk], *next = &g->chunk[g->next_chunk];

	if (taken->takers && --taken->takers)
		return;
	chunk_reset(taken);
	if (next->buffer.at)
		buffer_clear(&taken->buffer);
	else
		next->buffer = taken->buffer;
	taken->buffer = (struct buffer){ 0 };
}

const struct chunk *adj_chunk(struct adj_group *g, const struct adj_out *member)
{
	const struct chunk *found = chunk_find(g, member);
	struct chunk *made = &g->chunk[g->next_chunk];

	if (found)
		return found;
	g->next_chunk = (g->next_chunk + 1) % GROUP_CHUNKS;
	chunk_reset(made);
	if (chunk_make(g, member, made) == 0)
		return made;
	chunk_reset(made);
	return NULL;
}

int adj_chunk_again(struct adj_group *g, const struct adj_out *member, struct buffer *ret,
		    uint64_t *ret_to)
{
	_cleanup_(changes_clear) struct changes c = { .group = g,
						      .member = member,
						      .told = member->version,
						      .families = member->again_families };
	int r = changes_collect(&c, member->again, member->again_end, ret_to);

	return r < 0 ? r : changes_encode(&c, ret);
}
