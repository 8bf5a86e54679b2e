/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: The first table, a change, a withdrawal and a route refresh are one mechanism: a member of a
 * group (adj_group.c) walks the log of the group's changes, and sends what it finds (adj_chunk.c).
 * There is no MRAI timer: what changes within a turn of the loop, or while the neighbour is not
 * reading, goes out once.
 */
#include "bgp/adj_out.h"
#include "base/util.h"
#include "bgp/adj_chunk.h"
#include "bgp/adj_group.h"
#include "bgp/message.h"
#include "bgp/update.h"

#include <errno.h>
#include <utlist.h>

void buffer_clear(struct buffer *buffer)
{
	free(buffer->at);
	*buffer = (struct buffer){ 0 };
}

static int buffer_append(struct buffer *buffer, const struct buffer *more)
{
	size_t size = buffer->len + more->len;
	uint8_t *grown;

	if (!more->len)
		return 0;
	grown = realloc(buffer->at, size);
	if (!grown)
		return -ENOMEM;
	memcpy(grown + buffer->len, more->at, more->len);
	*buffer = (struct buffer){ grown, size, size, buffer->messages + more->messages };
	return 0;
}

struct adj_out *adj_out_new(struct adj_outs *outs, const struct export_target *to)
{
	_cleanup_(freep) struct adj_out *out = calloc(1, sizeof(*out));
	struct adj_group *g = out ? adj_group_demand(outs, to) : NULL;

	if (!g)
		return NULL;
	adj_chunks_expire(g);
	*out = (struct adj_out){ .group = g,
				 .neighbor = to->neighbor,
				 .end_of_rib = to->codec.families,
				 .own = adj_group_told_from(g, to->neighbor) };
	DL_APPEND(g->members, out);
	g->member_count++;
	return TAKE_PTR(out);
}

void adj_out_free(struct adj_out **out)
{
	struct adj_out *o = TAKE_PTR(*out);

	if (!o)
		return;
	DL_DELETE(o->group->members, o);
	o->group->member_count--;
	adj_group_release(o->group);
	free(o);
}

/* One that is asked for while another is under way begins both anew. */
void adj_out_refresh(struct adj_out *out, enum bgp_family family)
{
	if (!(out->group->to.codec.families & BIT(family)))
		return;
	/* RFC 7313 section 4: not before the first End-of-RIB. */
	if (out->group->to.codec.enhanced_refresh && !(out->end_of_rib & BIT(family))) {
		out->refresh_begin |= BIT(family);
		out->refresh_end |= BIT(family);
	}
	out->again_families |= BIT(family);
	out->again = 0;
	out->again_end = out->version;
}

static int end_of_rib_encode(struct adj_out *out, struct buffer *ret)
{
	for (int family = 0; family < BGP_FAMILY_COUNT; family++) {
		struct writer w;

		if (!(out->end_of_rib & BIT(family)))
			continue;
		if (buffer_reserve(ret, message_max(&out->group->to.codec)) < 0)
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
		if (buffer_reserve(ret, message_max(&out->group->to.codec)) < 0)
			return -ENOMEM;
		w = buffer_writer(ret);
		route_refresh_encode(&refresh, &w);
		ret->len += writer_len(&w);
	}
	*families = 0;
	return 0;
}

static int news_flush(struct adj_out *out, struct buffer *ret)
{
	const struct chunk *chunk = adj_chunk(out->group, out);

	if (!chunk || buffer_append(ret, &chunk->buffer) < 0)
		return -ENOMEM;
	out->version = chunk->to;
	adj_chunk_taken(out->group, chunk);
	return 0;
}

static int again_flush(struct adj_out *out, struct buffer *ret)
{
	int r = adj_chunk_again(out->group, out, ret, &out->again);

	if (out->again >= out->again_end)
		out->again_families = 0;
	return r;
}

int adj_out_flush(struct adj_out *out, struct buffer *ret)
{
	struct adj_group *g = out->group;
	int r = adj_group_advance(g);

	g->failed |= r < 0;
	if (g->failed)
		return -ENOMEM;
	r = refresh_encode(out, &out->refresh_begin, ROUTE_REFRESH_BEGIN, ret);
	if (r == 0 && out->version < g->version)
		r = news_flush(out, ret);
	if (r == 0 && out->again_families) /* news that do not end must not hold it up */
		r = again_flush(out, ret);
	if (r < 0)
		return r;
	adj_group_trim(g);
	if (adj_group_due(g) || out->version < g->version || out->again_families)
		return 1;
	r = refresh_encode(out, &out->refresh_end, ROUTE_REFRESH_END, ret);
	return r < 0 ? r : end_of_rib_encode(out, ret);
}

bool adj_out_due(const struct adj_out *out)
{
	return out->group->failed || adj_group_due(out->group) ||
	       out->version < out->group->version || out->again_families || out->end_of_rib ||
	       out->refresh_end;
}

size_t adj_out_count(const struct adj_out *out)
{
	return out->group->told - out->own;
}

size_t adj_out_members(const struct adj_out *out)
{
	return out->group->member_count;
}
