/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: The first table, a change, a withdrawal and a route refresh are one mechanism. An entry per
 * prefix lists what was sent, by path id, and may be due. A flush takes entries that are due,
 * compares what was sent with what export.c now says, and collects the differences; these are
 * sorted so that one UPDATE takes all prefixes of equal attributes. There is no MRAI timer: what
 * changes within a turn of the loop, or while the neighbour is not reading, goes out once.
 */
#include "bgp/adj_out.h"
#include "base/util.h"
#include "bgp/message.h"
#include "bgp/update.h"

#include <errno.h>
#include <utlist.h>

/* Differences in one flush: bounds the work of a turn, and what is waiting to be written. */
#define BATCH 1024

struct sent {
	uint32_t id;
	struct interned *path;
	bool again; /* RFC 2918: to be sent though it is the same */
};

struct out_entry {
	struct bgp_dst dst;
	bool due;
	struct sent *sent; /* by growing id */
	size_t count;
	struct out_entry *prev, *next; /* those that are due */
	UT_hash_handle hh;
};

struct change {
	struct bgp_nlri nlri;
	struct interned *path; /* NULL: withdrawn; borrowed from the entry, which holds it */
	bool replaces;         /* the neighbour has a path of this prefix and id */
};

struct adj_out {
	struct rib *rib;
	struct export_target to;
	struct out_entry *entries, *due;
	size_t sent;
	uint32_t end_of_rib;                 /* families for which it is still to be sent */
	uint32_t refresh_begin, refresh_end; /* the same of RFC 7313 */
	struct hash_seed seed;

	struct change *changes; /* of the flush at hand */
	size_t change_count, change_size;

	/* What the last route became: most often the next one has the same path. For one flush
	 * only, within which no route can go. */
	const struct rib_source *cached_source;
	const struct interned *cached_from;
	struct interned *cached;
	enum bgp_family cached_family;
};

void buffer_clear(struct buffer *buffer)
{
	free(buffer->at);
	*buffer = (struct buffer){ 0 };
}

/* Room for a message more. */
static int buffer_reserve(struct buffer *buffer, size_t max)
{
	size_t size = buffer->size ? buffer->size * 2 : 4 * max;
	uint8_t *grown;

	if (buffer->size - buffer->len >= max)
		return 0;
	grown = realloc(buffer->at, size);
	if (!grown)
		return -ENOMEM;
	buffer->at = grown;
	buffer->size = size;
	return 0;
}

static struct writer buffer_writer(const struct buffer *buffer)
{
	return writer_of(buffer->at + buffer->len, buffer->size - buffer->len);
}

static uint32_t entry_hash(const struct adj_out *out, const struct bgp_dst *dst)
{
	return (uint32_t)hash_bytes(&out->seed, 0, dst, sizeof(*dst));
}

static struct out_entry *entry_find(const struct adj_out *out, const struct bgp_dst *dst)
{
	struct out_entry *entry;

	HASH_FIND_BYHASHVALUE(hh, out->entries, dst, sizeof(*dst), entry_hash(out, dst), entry);
	return entry;
}

static struct out_entry *entry_add(struct adj_out *out, const struct bgp_dst *dst)
{
	_cleanup_(freep) struct out_entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	entry->dst = *dst;
	HASH_ADD_BYHASHVALUE(hh, out->entries, dst, sizeof(*dst), entry_hash(out, dst), entry);
	return entry->hh.tbl ? TAKE_PTR(entry) : NULL;
}

static void entry_due(struct adj_out *out, struct out_entry *entry)
{
	if (entry->due)
		return;
	entry->due = true;
	DL_APPEND(out->due, entry);
}

int adj_out_touch(struct adj_out *out, const struct bgp_dst *dst)
{
	struct out_entry *entry;

	if (!(out->to.codec.families & BIT(nlri_family_of(dst))))
		return 0;
	entry = entry_find(out, dst);
	if (!entry)
		entry = entry_add(out, dst);
	if (!entry)
		return -ENOMEM;
	entry_due(out, entry);
	return 0;
}

void adj_out_refresh(struct adj_out *out, enum bgp_family family)
{
	/* RFC 7313 section 4: not before the first End-of-RIB. */
	if (out->to.codec.enhanced_refresh && !(out->end_of_rib & BIT(family))) {
		out->refresh_begin |= BIT(family);
		out->refresh_end |= BIT(family);
	}
	for (struct out_entry *entry = out->entries; entry; entry = entry->hh.next) {
		if (nlri_family_of(&entry->dst) != family)
			continue;
		for (size_t i = 0; i < entry->count; i++)
			entry->sent[i].again = true;
		entry_due(out, entry);
	}
}

struct adj_out *adj_out_new(struct rib *rib, const struct export_target *to)
{
	_cleanup_(adj_out_free) struct adj_out *out = calloc(1, sizeof(*out));

	if (!out)
		return NULL;
	out->rib = rib;
	out->to = *to;
	out->end_of_rib = to->codec.families;
	out->seed = rib_interned(rib)->seed;
	for (struct rib_entry *entry = rib_entries(rib); entry; entry = entry->hh.next)
		if (adj_out_touch(out, &entry->dst) < 0)
			return NULL;
	return TAKE_PTR(out);
}

static void sent_clear(struct adj_out *out, struct sent *sent, size_t count)
{
	for (size_t i = 0; i < count; i++)
		interned_put(rib_interned(out->rib), &sent[i].path);
	free(sent);
}

static void entry_remove(struct adj_out *out, struct out_entry *entry)
{
	if (entry->due)
		DL_DELETE(out->due, entry);
	HASH_DEL(out->entries, entry);
	sent_clear(out, entry->sent, entry->count);
	free(entry);
}

void adj_out_free(struct adj_out **out)
{
	struct adj_out *o = TAKE_PTR(*out);

	if (!o)
		return;
	while (o->entries)
		entry_remove(o, o->entries);
	free(o->changes);
	free(o);
}

/* A new reference to the path to send; *ret is NULL where the neighbour is not to have it. */
static int out_path(struct adj_out *out, const struct rib_route *route, struct interned **ret)
{
	_cleanup_(bgp_path_clear) struct bgp_path path = { 0 };
	struct intern_table *interned = rib_interned(out->rib);
	enum bgp_family family = nlri_family_of(&route->key.entry->dst);
	struct interned *made;
	int r;

	*ret = NULL;
	if (!export_allowed(route, &out->to))
		return 0;
	if (out->cached && out->cached_source == route->source && out->cached_from == route->path &&
	    out->cached_family == family) {
		*ret = interned_get(out->cached);
		return 0;
	}
	r = export_path(route, &out->to, &path);
	if (r == -EADDRNOTAVAIL)
		return 0;
	made = r < 0 ? NULL : intern(interned, &path);
	if (!made)
		return -ENOMEM;
	interned_put(interned, &out->cached);
	out->cached = interned_get(made);
	out->cached_source = route->source;
	out->cached_from = route->path;
	out->cached_family = family;
	*ret = made;
	return 0;
}

static int change_add(struct adj_out *out, const struct out_entry *entry, uint32_t id,
		      struct interned *path, bool replaces)
{
	size_t size = out->change_size ? out->change_size * 2 : BATCH;

	if (out->change_count == out->change_size) {
		struct change *grown = reallocarray(out->changes, size, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		out->changes = grown;
		out->change_size = size;
	}
	out->changes[out->change_count++] =
		(struct change){ { entry->dst, id, 0 }, path, replaces };
	return 0;
}

/* What the neighbour is to have of one prefix, being put together. */
struct wanted {
	struct sent *list;
	size_t count;
};

static int wanted_add(struct adj_out *out, const struct rib_route *route, uint32_t id,
		      struct wanted *wanted)
{
	struct interned *path;
	int r = out_path(out, route, &path);

	if (r >= 0 && path)
		wanted->list[wanted->count++] = (struct sent){ .id = id, .path = path };
	return r;
}

/* By growing id. */
static int wanted_collect(struct adj_out *out, const struct bgp_dst *dst, struct wanted *wanted)
{
	struct rib_entry *entry = rib_find(out->rib, dst);
	bool all = out->to.codec.add_path_out & BIT(nlri_family_of(dst));
	size_t count = 0;
	struct rib_route *route;

	if (!entry)
		return 0;
	DL_COUNT(entry->routes, route, count);
	wanted->list = calloc(all ? count : 1, sizeof(*wanted->list));
	if (!wanted->list)
		return -ENOMEM;
	if (!all)
		return wanted_add(out, rib_best(entry), 0, wanted);
	DL_FOREACH(entry->routes, route)
	{
		int r = wanted_add(out, route, route->out_id, wanted);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Both lists are by growing id: one walk over the two. */
static int entry_compare(struct adj_out *out, const struct out_entry *entry,
			 const struct wanted *wanted)
{
	size_t had = 0, want = 0;
	int r = 0;

	while (r >= 0 && (had < entry->count || want < wanted->count)) {
		const struct sent *h = had < entry->count ? &entry->sent[had] : NULL;
		const struct sent *w = want < wanted->count ? &wanted->list[want] : NULL;

		if (h && (!w || h->id < w->id)) {
			r = change_add(out, entry, h->id, NULL, true);
			had++;
			continue;
		}
		if (!h || w->id < h->id)
			r = change_add(out, entry, w->id, w->path, false);
		else if (h->path != w->path || h->again)
			r = change_add(out, entry, w->id, w->path, true);
		had += h && h->id == w->id;
		want++;
	}
	return r;
}

/* The entry then says what the neighbour will have once the changes are sent. */
static int entry_update(struct adj_out *out, struct out_entry *entry)
{
	struct wanted wanted = { 0 };
	int r = wanted_collect(out, &entry->dst, &wanted);

	if (r >= 0)
		r = entry_compare(out, entry, &wanted);
	if (r < 0) {
		sent_clear(out, wanted.list, wanted.count);
		return r;
	}
	DL_DELETE(out->due, entry);
	entry->due = false;
	out->sent += wanted.count - entry->count;
	sent_clear(out, entry->sent, entry->count);
	entry->sent = wanted.list;
	entry->count = wanted.count;
	if (!entry->count)
		entry_remove(out, entry);
	return 0;
}

static void sent_forget(struct adj_out *out, const struct bgp_nlri *nlri)
{
	struct out_entry *entry = entry_find(out, &nlri->dst);
	size_t i = 0;

	while (entry && i < entry->count && entry->sent[i].id != nlri->path_id)
		i++;
	if (!entry || i == entry->count)
		return;
	interned_put(rib_interned(out->rib), &entry->sent[i].path);
	entry->count--;
	memmove(&entry->sent[i], &entry->sent[i + 1], (entry->count - i) * sizeof(entry->sent[0]));
	out->sent--;
	if (!entry->count && !entry->due)
		entry_remove(out, entry);
}

/* Withdrawals first, then by path; family by family; else as it was. */
static int change_order(const void *a, const void *b)
{
	const struct change *x = a, *y = b;
	uint64_t p = x->path ? x->path->serial : 0, q = y->path ? y->path->serial : 0;
	int r = (p > q) - (p < q);

	if (!r)
		r = (int)nlri_family_of(&x->nlri.dst) - (int)nlri_family_of(&y->nlri.dst);
	if (!r)
		r = memcmp(&x->nlri.dst, &y->nlri.dst, sizeof(x->nlri.dst));
	return r ? r : (x->nlri.path_id > y->nlri.path_id) - (x->nlri.path_id < y->nlri.path_id);
}

/* As many of the list as one message takes. */
static size_t message_add(const struct adj_out *out, const struct interned *path,
			  const struct bgp_nlri *list, size_t count, struct buffer *ret)
{
	struct writer w = buffer_writer(ret);
	size_t n = path ? update_encode(&out->to.codec, &path->path, list, count, &w)
			: update_encode_withdraw(&out->to.codec, list, count, &w);

	ret->len += writer_len(&w);
	ret->messages += writer_len(&w) > 0;
	return n;
}

/* The neighbour cannot be told the route: it is to have none then, and not the last one. */
static void change_fail(struct adj_out *out, const struct change *change, struct buffer *ret)
{
	sent_forget(out, &change->nlri);
	if (change->replaces)
		message_add(out, NULL, &change->nlri, 1, ret);
}

/* Changes of one path and family: they share their UPDATEs. */
static int run_encode(struct adj_out *out, const struct change *run, size_t count,
		      struct bgp_nlri *list, struct buffer *ret)
{
	for (size_t i = 0; i < count; i++)
		list[i] = run[i].nlri;
	for (size_t i = 0; i < count;) {
		size_t n;

		if (buffer_reserve(ret, message_max(&out->to.codec)) < 0)
			return -ENOMEM;
		n = message_add(out, run[i].path, list + i, count - i, ret);
		if (!n && run[i].path)
			change_fail(out, &run[i], ret);
		i += n ? n : 1;
	}
	return 0;
}

static size_t run_len(const struct change *changes, size_t count)
{
	enum bgp_family family = nlri_family_of(&changes[0].nlri.dst);
	size_t n = 1;

	while (n < count && changes[n].path == changes[0].path &&
	       nlri_family_of(&changes[n].nlri.dst) == family)
		n++;
	return n;
}

static int changes_encode(struct adj_out *out, struct buffer *ret)
{
	_cleanup_(freep) struct bgp_nlri *list = calloc(out->change_count, sizeof(*list));
	int r = 0;

	if (!list)
		return -ENOMEM;
	qsort(out->changes, out->change_count, sizeof(*out->changes), change_order);
	for (size_t i = 0, n; i < out->change_count && r >= 0; i += n) {
		n = run_len(out->changes + i, out->change_count - i);
		r = run_encode(out, out->changes + i, n, list, ret);
	}
	return r;
}

static int end_of_rib_encode(struct adj_out *out, struct buffer *ret)
{
	for (int family = 0; family < BGP_FAMILY_COUNT; family++) {
		struct writer w;

		if (!(out->end_of_rib & BIT(family)))
			continue;
		if (buffer_reserve(ret, message_max(&out->to.codec)) < 0)
			return -ENOMEM;
		w = buffer_writer(ret);
		update_encode_end_of_rib(family, &w);
		ret->len += writer_len(&w);
		ret->messages++;
	}
	out->end_of_rib = 0;
	return 0;
}

static int refresh_encode(struct adj_out *out, uint32_t *families, enum route_refresh_kind kind,
			  struct buffer *ret)
{
	for (int family = 0; family < BGP_FAMILY_COUNT; family++) {
		const struct route_refresh refresh = { family, kind };
		struct writer w;

		if (!(*families & BIT(family)))
			continue;
		if (buffer_reserve(ret, message_max(&out->to.codec)) < 0)
			return -ENOMEM;
		w = buffer_writer(ret);
		route_refresh_encode(&refresh, &w);
		ret->len += writer_len(&w);
	}
	*families = 0;
	return 0;
}

int adj_out_flush(struct adj_out *out, struct buffer *ret)
{
	int r = refresh_encode(out, &out->refresh_begin, ROUTE_REFRESH_BEGIN, ret);

	out->change_count = 0;
	while (out->due && out->change_count < BATCH && r >= 0)
		r = entry_update(out, out->due);
	interned_put(rib_interned(out->rib), &out->cached);
	if (r >= 0 && out->change_count)
		r = changes_encode(out, ret);
	if (r >= 0 && !out->due)
		r = end_of_rib_encode(out, ret);
	if (r >= 0 && !out->due)
		r = refresh_encode(out, &out->refresh_end, ROUTE_REFRESH_END, ret);
	return r < 0 ? r : !!out->due;
}

bool adj_out_due(const struct adj_out *out)
{
	return out->due || out->end_of_rib || out->refresh_end;
}

size_t adj_out_count(const struct adj_out *out)
{
	return out->sent;
}
