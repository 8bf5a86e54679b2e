/* SPDX-License-Identifier: BSD-2-Clause */
/* DOC: attributes that are lists of words of one size; the table has seen to their length. */
#include "bgp/attr_rules.h"
#include "bgp/link_bandwidth.h"
#include "bgp/report_community.h"
#include "bgp/tunnel_community.h"

#include <errno.h>

#define EXT_COMMUNITY_LEN 8

static bool encode_bytes(const struct bgp_bytes *bytes, struct writer *w)
{
	writer_bytes(w, bytes->at, bytes->len);
	return bytes->len;
}

int decode_communities(struct attr_set *set, struct cursor *c)
{
	return attr_keep(set, c, &set->path->communities);
}

bool encode_communities(const struct attr_source *source, struct writer *w)
{
	return encode_bytes(&source->path->communities, w);
}

int decode_originator_id(struct attr_set *set, struct cursor *c)
{
	const uint8_t *id = cursor_take(c, 4);

	if (!id)
		return -EBADMSG;
	memcpy(set->path->originator_id, id, 4);
	set->path->has |= BGP_HAS_ORIGINATOR;
	return 0;
}

bool encode_originator_id(const struct attr_source *source, struct writer *w)
{
	writer_bytes(w, source->path->originator_id, 4);
	return source->path->has & BGP_HAS_ORIGINATOR && source->codec->ibgp;
}

int decode_cluster_list(struct attr_set *set, struct cursor *c)
{
	return attr_keep(set, c, &set->path->cluster_list);
}

bool encode_cluster_list(const struct attr_source *source, struct writer *w)
{
	return encode_bytes(&source->path->cluster_list, w) && source->codec->ibgp;
}

static bool is_metric(const uint8_t *community)
{
	return community[0] == REPORT_COMMUNITY_TYPE || link_bandwidth_is(community);
}

/* What says nothing of load; the table has seen to it that there are whole communities only. */
static int keep_without_metrics(struct attr_set *set, struct cursor *c)
{
	uint8_t *kept = arena_take(set->arena, cursor_left(c));
	size_t len = 0;

	if (!kept)
		return -ENOBUFS;
	while (cursor_left(c)) {
		const uint8_t *word = cursor_take(c, EXT_COMMUNITY_LEN);

		if (!word || is_metric(word)) {
			set->ignored++;
			continue;
		}
		memcpy(kept + len, word, EXT_COMMUNITY_LEN);
		len += EXT_COMMUNITY_LEN;
	}
	set->path->ext_communities = (struct bgp_bytes){ kept, len };
	return 0;
}

int decode_ext_communities(struct attr_set *set, struct cursor *c)
{
	struct bgp_path *path = set->path;
	struct cursor report = *c, tunnel = *c, bandwidth = *c;

	if (!set->codec->inside) /* nor are they to pass for ours further on */
		return keep_without_metrics(set, c);
	if (set->codec->carriers_accept & BGP_CARRIER_COMMUNITY) {
		set->ignored += report_community_decode(&report, path);
		set->ignored += tunnel_community_decode(&tunnel, &set->community);
	}
	if (set->codec->carriers_accept & BGP_CARRIER_LINK_BANDWIDTH) {
		struct report *told = &set->carried.bandwidth;

		set->ignored += link_bandwidth_decode(&bandwidth, told);
		set->carried.has_bandwidth = told->has || told->drain;
	}
	return attr_keep(set, c, &path->ext_communities);
}

/* RFC 4360 section 6: what is not transitive stays in the AS. Ours are made anew for our own
 * routes, and left alone on others. */
bool encode_ext_communities(const struct attr_source *source, struct writer *w)
{
	const struct bgp_path *path = source->path;
	struct cursor c = bytes_cursor(&path->ext_communities);
	bool own = attr_path_is_own(path);
	const uint8_t *before = w->at;

	while (cursor_left(&c)) {
		const uint8_t *word = cursor_take(&c, EXT_COMMUNITY_LEN);

		if (!word || (own && is_metric(word)))
			continue;
		if (source->codec->ibgp || !(word[0] & EXT_COMMUNITY_NON_TRANSITIVE))
			writer_bytes(w, word, EXT_COMMUNITY_LEN);
	}
	if (own && source->codec->carriers_send & BGP_CARRIER_LINK_BANDWIDTH &&
	    path->has & BGP_HAS_REPORT)
		link_bandwidth_encode(source->codec, &path->report, w);
	if (own && source->codec->carriers_send & BGP_CARRIER_COMMUNITY) {
		report_community_encode(path, w);
		tunnel_community_encode(&path->tunnel, w);
	}
	return w->bad || w->at != before;
}
