/* SPDX-License-Identifier: BSD-2-Clause */
/* DOC: the attributes of RFC 4271, and AS numbers of 4 octets among neighbours that have 2. */
#include "bgp/as_path.h"
#include "bgp/attr_rules.h"

#include <errno.h>

#define AS_TRANS           23456 /* RFC 6793 section 9 */
#define LOCAL_PREF_DEFAULT 100   /* what every implementation takes where nothing is configured */
#define ORIGIN_INCOMPLETE  2

static size_t as_octets(const struct bgp_codec *codec)
{
	return codec->as4 ? 4 : 2;
}

int decode_origin(struct attr_set *set, struct cursor *c)
{
	uint8_t origin = cursor_u8(c);

	if (origin > ORIGIN_INCOMPLETE)
		return -EBADMSG;
	set->path->origin = origin;
	return 0;
}

bool encode_origin(const struct attr_source *source, struct writer *w)
{
	writer_u8(w, source->path->origin);
	return true;
}

int decode_as_path(struct attr_set *set, struct cursor *c)
{
	return as_path_decode(set, c, as_octets(set->codec), &set->path->as_path);
}

bool encode_as_path(const struct attr_source *source, struct writer *w)
{
	as_path_encode(&source->path->as_path, as_octets(source->codec), w);
	return true;
}

int decode_next_hop(struct attr_set *set, struct cursor *c)
{
	const uint8_t *octets = cursor_take(c, 4);

	if (!octets)
		return -EBADMSG;
	set->path->next_hop = addr_of_v4(octets);
	return 0;
}

bool encode_next_hop(const struct attr_source *source, struct writer *w)
{
	writer_bytes(w, source->path->next_hop.octet + 12, 4);
	return source->next_hop;
}

int decode_med(struct attr_set *set, struct cursor *c)
{
	set->path->med = cursor_u32(c);
	set->path->has |= BGP_HAS_MED;
	return 0;
}

bool encode_med(const struct attr_source *source, struct writer *w)
{
	writer_u32(w, source->path->med);
	return source->path->has & BGP_HAS_MED;
}

int decode_local_pref(struct attr_set *set, struct cursor *c)
{
	set->path->local_pref = cursor_u32(c);
	set->path->has |= BGP_HAS_LOCAL_PREF;
	return 0;
}

/* RFC 4271 section 5.1.5: always inside the AS, never outside. */
bool encode_local_pref(const struct attr_source *source, struct writer *w)
{
	const struct bgp_path *path = source->path;

	writer_u32(w, path->has & BGP_HAS_LOCAL_PREF ? path->local_pref : LOCAL_PREF_DEFAULT);
	return source->codec->ibgp;
}

int decode_atomic_aggregate(struct attr_set *set, struct cursor *c)
{
	if (cursor_left(c))
		return -EBADMSG;
	set->path->has |= BGP_HAS_ATOMIC;
	return 0;
}

bool encode_atomic_aggregate(const struct attr_source *source, struct writer *w)
{
	return source->path->has & BGP_HAS_ATOMIC;
}

int decode_aggregator(struct attr_set *set, struct cursor *c)
{
	uint32_t as = (uint32_t)cursor_uint(c, as_octets(set->codec));
	const uint8_t *id = cursor_take(c, 4);

	if (!id || cursor_left(c) || !as) /* RFC 7607 section 2 */
		return -EBADMSG;
	set->path->aggregator_as = as;
	memcpy(set->path->aggregator_id, id, 4);
	set->path->has |= BGP_HAS_AGGREGATOR;
	return 0;
}

bool encode_aggregator(const struct attr_source *source, struct writer *w)
{
	const struct bgp_path *path = source->path;
	bool hidden = !source->codec->as4 && path->aggregator_as > UINT16_MAX;

	writer_uint(w, hidden ? AS_TRANS : path->aggregator_as, as_octets(source->codec));
	writer_bytes(w, path->aggregator_id, 4);
	return path->has & BGP_HAS_AGGREGATOR;
}

/* RFC 6793 section 4.1: a neighbour with 4-octet numbers has no business sending these two. */
int decode_as4_path(struct attr_set *set, struct cursor *c)
{
	if (set->codec->as4)
		return -EBADMSG;
	return as4_path_decode(set, c, &set->as4_path);
}

bool encode_as4_path(const struct attr_source *source, struct writer *w)
{
	as_path_encode(&source->path->as_path, 4, w);
	return !source->codec->as4 && !as_path_fits_2(&source->path->as_path);
}

int decode_as4_aggregator(struct attr_set *set, struct cursor *c)
{
	uint32_t as = cursor_u32(c);
	const uint8_t *id = cursor_take(c, 4);

	if (set->codec->as4 || !id || cursor_left(c) || !as)
		return -EBADMSG;
	set->as4_aggregator_as = as;
	return 0;
}

bool encode_as4_aggregator(const struct attr_source *source, struct writer *w)
{
	const struct bgp_path *path = source->path;

	writer_u32(w, path->aggregator_as);
	writer_bytes(w, path->aggregator_id, 4);
	return path->has & BGP_HAS_AGGREGATOR && !source->codec->as4 &&
	       path->aggregator_as > UINT16_MAX;
}

/* RFC 6793 section 4.2.3: an aggregate made by an AS that knows 2 octets only makes both void. */
int attr_join_as4(struct attr_set *set)
{
	struct bgp_path *path = set->path;

	if (path->has & BGP_HAS_AGGREGATOR && set->as4_aggregator_as) {
		if (path->aggregator_as != AS_TRANS)
			return 0;
		path->aggregator_as = set->as4_aggregator_as;
	}
	return as_path_merge(set->arena, &set->as4_path, &path->as_path);
}
