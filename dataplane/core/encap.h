/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Outer headers. First encap_check() says whether the packet may go; for what is `rare`,
 * encap_link_of() then reads or makes the tags; then the target makes encap_room() octets of room
 * in front of the packet, and encap_write() fills them, every one.
 */
#pragma once
#include "gre.h"
#include "link.h"
#include "outer.h"
#include "srv6.h"
#include "steer.h"
#include "vxlan.h"

#define ENCAP_TTL 64 /* RFC 2003 section 3.1: its own, not the inner one */
#define ECN_MASK  3
#define ECN_ECT1  1
#define ECN_ECT0  2
#define ECN_CE    3

static MG_INLINE bool encap_v4(const struct mg_site *site)
{
	return !flow_word(site->outer_dst) && flow_half(site->outer_dst + 8) == BE32(0xffff);
}

/* Where a way leads, looked up. The lengths are read once: control may change the entries while the
 * packet is at work, and the room made must be the room that is filled. */
struct tunnel {
	const struct mg_site *site;
	const struct mg_nexthop *nexthop;
	__u64 hash;
	__u32 overhead; /* octets of the outer headers */
	__u32 shim;     /* those of them that are between the IP headers */
	enum mg_encap encap;
	__u32 segments; /* in the SRH */
	__u32 flags;    /* of the site */
	__u16 vlan;
	bool v4;          /* the family that leaves */
	bool rare;        /* there is a shim, or `link` is to be used */
	struct link link; /* that it leaves with, where it is rare */
};

/* Octets between the outer and the inner IP header. */
static MG_INLINE __u32 encap_shim_len(enum mg_encap encap, __u32 segments)
{
	switch (encap) {
	case MG_ENCAP_SRV6:
		return srh_len(segments);
	case MG_ENCAP_GRE:
		return sizeof(struct gre_header);
	case MG_ENCAP_VXLAN:
		return sizeof(struct vxlan_header);
	default:
		return 0;
	}
}

/* False: it leads nowhere, or the entries contradict themselves. */
static MG_INLINE bool tunnel_of(const struct flow *flow, const struct way *way, struct tunnel *ret)
{
	const struct mg_site *site = table_site(way->site);
	const struct mg_nexthop *nexthop = table_nexthop(way->nexthop);

	if (!site || !nexthop)
		return false;
	*ret = (struct tunnel){ .site = site,
				.nexthop = nexthop,
				.hash = way->hash,
				.encap = site->encap,
				.flags = site->flags,
				.vlan = nexthop->vlan,
				.v4 = flow->v4,
				.rare = nexthop->outer_vlan || nexthop->flags };
	if (ret->encap == MG_ENCAP_NONE)
		return true;
	ret->v4 = encap_v4(site);
	ret->overhead = ret->v4 ? sizeof(struct ipv4_header) : sizeof(struct ipv6_header);
	if (ret->encap > MG_ENCAP_SRV6 || site->segment_count) {
		ret->rare = true;
		ret->segments = site->segment_count;
		if (ret->encap >= MG_ENCAP_LOCAL || ret->segments >= MG_SEGMENTS_MAX)
			return false;
		ret->shim = encap_shim_len(ret->encap, ret->segments);
		ret->overhead += ret->shim;
	}
	return true;
}

static MG_INLINE enum mg_verdict encap_check(const struct flow *flow, const struct tunnel *tunnel)
{
	if (flow->ttl <= 1)
		return MG_TTL_EXPIRED;
	if (flow->len + tunnel->overhead > tunnel->site->mtu)
		return MG_TOO_BIG;
	return MG_FORWARD;
}

/* Two tags, or those that it came with. The cursor is at the frame's start; false: it has changed
 * since it was read. */
static MG_INLINE bool encap_link_of(struct packet *pkt, struct tunnel *tunnel)
{
	const struct mg_nexthop *nexthop = tunnel->nexthop;
	struct link *link = &tunnel->link;

	if (nexthop->flags & MG_KEEP_TAGS) {
		if (!link_read(pkt, link))
			return false;
	} else if (tunnel->vlan && nexthop->outer_vlan) {
		link->tags = 2;
		link->eth.type = BE16(nexthop->outer_type);
		link->tag[0] = (struct vlan_header){ .tci = BE16(nexthop->outer_vlan),
						     .type = BE16(ETHERTYPE_VLAN) };
		link->tag[1].tci = BE16(tunnel->vlan);
	} else if (tunnel->vlan) {
		link->tags = 1;
		link->eth.type = BE16(ETHERTYPE_VLAN);
		link->tag[0].tci = BE16(tunnel->vlan);
	}
	link->type = link_type(tunnel->v4);
	__builtin_memcpy(link->eth.dst, nexthop->dst_mac, sizeof(link->eth.dst));
	__builtin_memcpy(link->eth.src, nexthop->src_mac, sizeof(link->eth.src));
	return true;
}

/* Octets that the frame grows by in front of its IP packet; negative where it shrinks. */
static MG_INLINE __s32 encap_room(const struct flow *flow, const struct tunnel *tunnel)
{
	__u32 tags = tunnel->rare ? tunnel->link.tags : !!tunnel->vlan;

	return link_len(tags) + tunnel->overhead - flow->offset;
}

static MG_INLINE bool encap_link(struct packet *pkt, const struct tunnel *tunnel)
{
	struct ethernet_header *eth;
	struct vlan_header *vlan;

	if (tunnel->rare)
		return link_write(pkt, &tunnel->link);
	eth = packet_pull(pkt, sizeof(*eth));
	if (!eth)
		return false;
	__builtin_memcpy(eth->dst, tunnel->nexthop->dst_mac, sizeof(eth->dst));
	__builtin_memcpy(eth->src, tunnel->nexthop->src_mac, sizeof(eth->src));
	eth->type = link_type(tunnel->v4);
	if (!tunnel->vlan)
		return true;
	vlan = packet_pull(pkt, sizeof(*vlan));
	if (!vlan)
		return false;
	*vlan = (struct vlan_header){ .tci = BE16(tunnel->vlan), .type = eth->type };
	eth->type = BE16(ETHERTYPE_VLAN);
	return true;
}

/* Of what the outer IP header is followed by. */
static MG_INLINE __u8 encap_proto(const struct flow *flow, const struct tunnel *tunnel)
{
	if (!tunnel->shim)
		return flow->v4 ? PROTO_IPV4 : PROTO_IPV6;
	switch (tunnel->encap) {
	case MG_ENCAP_SRV6:
		return PROTO_ROUTING;
	case MG_ENCAP_GRE:
		return PROTO_GRE;
	default:
		return PROTO_UDP;
	}
}

/* The mark outside is the one inside: RFC 6040 section 4.1, normal mode. */
static MG_INLINE __u8 encap_tos(const struct flow *flow, const struct tunnel *tunnel)
{
	if (tunnel->flags & MG_DSCP)
		return tunnel->site->dscp << 2 | (flow->tos & ECN_MASK);
	return flow->tos;
}

static MG_INLINE bool encap_outer(struct packet *pkt, const struct flow *flow,
				  const struct tunnel *tunnel)
{
	struct outer outer = {
		.src = tunnel->site->outer_src,
		.dst = tunnel->site->outer_dst,
		.hash = tunnel->hash,
		.len = flow->len + tunnel->shim,
		.tos = encap_tos(flow, tunnel),
		.ttl = tunnel->flags & MG_UNIFORM ? flow->ttl - 1 : ENCAP_TTL,
		.proto = encap_proto(flow, tunnel),
	};

	if (!tunnel->overhead)
		return true;
	return tunnel->v4 ? outer_v4(pkt, &outer) : outer_v6(pkt, &outer);
}

static MG_INLINE bool encap_shim(struct packet *pkt, const struct flow *flow,
				 const struct tunnel *tunnel)
{
	__be16 type = link_type(flow->v4);

	if (!tunnel->shim)
		return true;
	switch (tunnel->encap) {
	case MG_ENCAP_SRV6:
		return srh_write(pkt, tunnel->site, tunnel->segments,
				 flow->v4 ? PROTO_IPV4 : PROTO_IPV6);
	case MG_ENCAP_GRE:
		return gre_write(pkt, type);
	default:
		return vxlan_write(pkt, tunnel->site, tunnel->hash, flow->len, type);
	}
}

/* hops: that the packet makes here. The header then says what flow does. */
static MG_INLINE bool encap_inner_v4(struct packet *pkt, const struct flow *flow, __u8 hops)
{
	struct ipv4_header *ip = packet_pull(pkt, sizeof(*ip));
	__u8 ttl = flow->ttl - hops;

	if (!ip)
		return false;
	ip->csum = csum_replace(ip->csum, BE16(ip->ttl << 8), BE16(ttl << 8));
	ip->ttl = ttl;
	if (ip->tos == flow->tos)
		return true;
	ip->csum = csum_replace(ip->csum, BE16(ip->tos), BE16(flow->tos));
	ip->tos = flow->tos;
	return true;
}

static MG_INLINE bool encap_inner_v6(struct packet *pkt, const struct flow *flow, __u8 hops)
{
	struct ipv6_header *ip = packet_pull(pkt, sizeof(*ip));

	if (!ip)
		return false;
	ip->ttl = flow->ttl - hops;
	ip->version_class = IPV6_VERSION | flow->tos >> 4;
	ip->class_label = (ip->class_label & 0xf) | flow->tos << 4;
	return true;
}

static MG_INLINE bool encap_inner(struct packet *pkt, const struct flow *flow, __u8 hops)
{
	return flow->v4 ? encap_inner_v4(pkt, flow, hops) : encap_inner_v6(pkt, flow, hops);
}

/* The packet starts with the room made. False: there is less of it than there must be. */
static MG_INLINE bool encap_write(struct packet *pkt, const struct flow *flow,
				  const struct tunnel *tunnel)
{
	return encap_link(pkt, tunnel) && encap_outer(pkt, flow, tunnel) &&
	       encap_shim(pkt, flow, tunnel) && encap_inner(pkt, flow, 1);
}
