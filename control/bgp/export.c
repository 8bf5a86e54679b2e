/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/export.h"
#include "base/util.h"
#include "bgp/link_bandwidth.h"
#include "bgp/report_community.h"

#include <errno.h>
#include <string.h>

#define LOCAL_PREF_DEFAULT 100
#define EXT_COMMUNITY_LEN  8

static bool source_internal(const struct rib_source *source)
{
	return source->neighbor && !source->external;
}

static bool reflected(const struct rib_source *source, const struct export_target *to)
{
	return source_internal(source) && to->codec.ibgp;
}

/* Whether the next hop we tell is ourselves. RFC 4271 section 5.1.3: ours towards other ASes,
 * theirs within ours. What we originate names its tunnel's end itself. A label is the next hop's
 * own (RFC 8277 section 2.4): what others say of a VPN keeps its next hop, as RFC 4364 section 10
 * (c) has it. */
static bool next_hop_is_self(const struct rib_route *route, const struct export_target *to)
{
	if (!route->source->neighbor)
		return addr_is_zero(&route->path->next_hop);
	return !route->entry->dst.vpn && (to->next_hop_self || !to->codec.ibgp);
}

static bool next_hop_is_there(const struct rib_route *route, const struct export_target *to)
{
	const struct bgp_dst *dst = &route->entry->dst;

	return dst->vpn || !addr_is_v4(&to->local) || addr_is_v4(&dst->prefix.addr) ||
	       !next_hop_is_self(route, to);
}

static bool route_tells_site(const struct rib_route *route)
{
	struct bgp_path path;

	interned_path(route->path, &path);
	return bgp_path_tells_site(&path, &route->entry->dst.prefix);
}

/* RFC 4456 section 6: from a client to all, from others to clients only. */
bool export_source_allowed(const struct rib_source *source, const struct export_target *to)
{
	return !reflected(source, to) || source->client || to->client;
}

bool export_allowed(const struct rib_route *route, const struct export_target *to)
{
	const struct rib_source *source = route->source;
	uint8_t communities = route->path->communities;

	if (source->neighbor && source->neighbor == to->neighbor)
		return false;
	if (communities & INTERNED_NO_ADVERTISE)
		return false;
	/* RFC 9494 section 4.3: to those only who depreference it, too. */
	if (!to->codec.long_lived && communities & INTERNED_LLGR_STALE)
		return false;
	if (!to->codec.ibgp && communities & INTERNED_NO_EXPORT)
		return false;
	if (!to->codec.inside && route_tells_site(route))
		return false; /* without its metrics it would be a way to the egress */
	if (!next_hop_is_there(route, to))
		return false;
	return export_source_allowed(source, to);
}

/* RFC 4456 section 8. */
static int path_reflect(struct bgp_path *path, const struct rib_source *source,
			const struct export_target *to)
{
	if (!(path->has & BGP_HAS_ORIGINATOR)) {
		memcpy(path->originator_id, source->router_id, sizeof(path->originator_id));
		path->has |= BGP_HAS_ORIGINATOR;
	}
	return bgp_path_prepend_cluster(path, to->cluster_id);
}

static void bytes_drop(struct bgp_bytes *bytes)
{
	free(bytes->at);
	*bytes = (struct bgp_bytes){ 0 };
}

static bool is_report_community(const uint8_t *word)
{
	return word[0] == REPORT_COMMUNITY_TYPE;
}

static void communities_drop(struct bgp_bytes *communities, bool (*is_one)(const uint8_t *word))
{
	size_t kept = 0;

	for (size_t i = 0; i + EXT_COMMUNITY_LEN <= communities->len; i += EXT_COMMUNITY_LEN) {
		const uint8_t *word = communities->at + i;

		if (is_one(word))
			continue;
		memmove(communities->at + kept, word, EXT_COMMUNITY_LEN);
		kept += EXT_COMMUNITY_LEN;
	}
	communities->len = kept;
	if (!kept)
		bytes_drop(communities);
}

/* Load is nobody's business beyond the AS, unless the neighbour is inside the domain and a carrier
 * is named for it: what came by another one must not slip through. An outsider has no carriers. */
static void path_strip_metrics(struct bgp_path *path, const struct export_target *to)
{
	if (!(to->codec.carriers_send & BGP_CARRIER_EDGE_METADATA))
		bytes_drop(&path->metadata);
	if (!(to->codec.carriers_send & BGP_CARRIER_COMMUNITY))
		communities_drop(&path->ext_communities, is_report_community);
	if (!(to->codec.carriers_send & BGP_CARRIER_LINK_BANDWIDTH))
		communities_drop(&path->ext_communities, link_bandwidth_is);
	if (!to->codec.carriers_send)
		path->has &= ~BGP_HAS_REPORT;
}

static int path_externalise(struct bgp_path *path, const struct rib_route *route,
			    const struct export_target *to)
{
	path->has &= ~(BGP_HAS_LOCAL_PREF | BGP_HAS_ORIGINATOR);
	bytes_drop(&path->cluster_list);
	if (route->source->neighbor)
		path->has &= ~BGP_HAS_MED; /* RFC 4271 section 5.1.4 */
	path_strip_metrics(path, to);
	return bgp_path_prepend_as(path, to->codec.local_as);
}

static int path_internalise(struct bgp_path *path, const struct rib_route *route,
			    const struct export_target *to)
{
	if (!to->codec.inside)
		path_strip_metrics(path, to);
	if (reflected(route->source, to))
		return path_reflect(path, route->source, to);
	if (!(path->has & BGP_HAS_LOCAL_PREF)) { /* RFC 4271 section 5.1.5: it must be there */
		path->local_pref = LOCAL_PREF_DEFAULT;
		path->has |= BGP_HAS_LOCAL_PREF;
	}
	return 0;
}

int export_path(const struct rib_route *route, const struct export_target *to, struct bgp_path *ret)
{
	_cleanup_(bgp_path_clear) struct bgp_path path = { 0 };
	struct bgp_path kept;
	int r;

	if (!next_hop_is_there(route, to))
		return -EADDRNOTAVAIL;
	interned_path(route->path, &kept);
	r = bgp_path_copy(&kept, &path);
	if (r < 0)
		return r;
	if (next_hop_is_self(route, to))
		path.next_hop = to->local;
	r = to->codec.ibgp ? path_internalise(&path, route, to)
			   : path_externalise(&path, route, to);
	if (r < 0)
		return r;
	*ret = path;
	path = (struct bgp_path){ 0 };
	return 0;
}
