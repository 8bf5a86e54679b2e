/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Outer headers. First encap_check() says whether the packet may go, then the target makes
 * encap_room() octets of room in front of it, then encap_write() fills them, every one.
 */
#pragma once
#include "packet.h"
#include "steer.h"

#define ENCAP_TTL    64     /* RFC 2003 section 3.1: its own, not the inner one */
#define IPV4_DF      0x4000 /* RFC 2003 section 3.1; with it the ID says nothing (RFC 6864) */
#define ECN_MASK     3
#define ECN_ECT1     1
#define ECN_ECT0     2
#define ECN_CE       3
#define IPV4_VERSION 0x45
#define IPV6_VERSION 0x60

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
	__u32 overhead; /* octets of the outer header */
	__u16 vlan;
	bool v4; /* the family that leaves */
};

static MG_INLINE bool tunnel_of(const struct flow *flow, const struct way *way, struct tunnel *ret)
{
	const struct mg_site *site = table_site(way->site);
	const struct mg_nexthop *nexthop = table_nexthop(way->nexthop);

	if (!site || !nexthop)
		return false;
	*ret = (struct tunnel){ .site = site, .nexthop = nexthop, .hash = way->hash };
	ret->vlan = nexthop->vlan;
	ret->v4 = flow->v4;
	if (site->encap == MG_ENCAP_NONE)
		return true;
	ret->v4 = encap_v4(site);
	ret->overhead = ret->v4 ? sizeof(struct ipv4_header) : sizeof(struct ipv6_header);
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

/* Octets that the frame grows by in front of its IP packet; negative where it shrinks. */
static MG_INLINE __s32 encap_room(const struct flow *flow, const struct tunnel *tunnel)
{
	__u32 link = sizeof(struct ethernet_header);

	if (tunnel->vlan)
		link += sizeof(struct vlan_header);
	return link + tunnel->overhead - flow->offset;
}

/* RFC 1624 section 3, equation 3: the checksum after a 16-bit word has become another. */
static MG_INLINE __be16 csum_replace(__be16 csum, __be16 old, __be16 new)
{
	__u32 sum = (__u16)~csum + (__u16)~old + new;

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static MG_INLINE __u32 csum_octets(const __u8 octets[4])
{
	__u32 word = octets_load4(octets);

	return (word & 0xffff) + (word >> 16);
}

static MG_INLINE __be16 csum_ipv4(const struct ipv4_header *ip)
{
	__u32 sum = BE16(ip->version_ihl << 8 | ip->tos) + ip->len + ip->id + ip->frag +
		    BE16(ip->ttl << 8 | ip->proto) + csum_octets(ip->src) + csum_octets(ip->dst);

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static MG_INLINE bool encap_link(struct packet *pkt, const struct tunnel *tunnel)
{
	__be16 type = tunnel->v4 ? BE16(ETHERTYPE_IPV4) : BE16(ETHERTYPE_IPV6);
	struct ethernet_header *eth = packet_pull(pkt, sizeof(*eth));
	struct vlan_header *vlan;

	if (!eth)
		return false;
	__builtin_memcpy(eth->dst, tunnel->nexthop->dst_mac, sizeof(eth->dst));
	__builtin_memcpy(eth->src, tunnel->nexthop->src_mac, sizeof(eth->src));
	eth->type = type;
	if (!tunnel->vlan)
		return true;
	vlan = packet_pull(pkt, sizeof(*vlan));
	if (!vlan)
		return false;
	eth->type = BE16(ETHERTYPE_VLAN);
	*vlan = (struct vlan_header){ .tci = BE16(tunnel->vlan), .type = type };
	return true;
}

/* RFC 2003 section 3.1; RFC 4213 section 3.5 for IPv6 inside. */
static MG_INLINE bool encap_outer_v4(struct packet *pkt, const struct flow *flow,
				     const struct mg_site *site)
{
	struct ipv4_header *ip = packet_pull(pkt, sizeof(*ip));

	if (!ip)
		return false;
	*ip = (struct ipv4_header){
		.version_ihl = IPV4_VERSION,
		.tos = flow->tos,
		.len = BE16(flow->len + sizeof(*ip)),
		.frag = BE16(IPV4_DF),
		.ttl = ENCAP_TTL,
		.proto = flow->v4 ? PROTO_IPV4 : PROTO_IPV6,
	};
	__builtin_memcpy(ip->src, site->outer_src + 12, sizeof(ip->src));
	__builtin_memcpy(ip->dst, site->outer_dst + 12, sizeof(ip->dst));
	ip->csum = csum_ipv4(ip);
	return true;
}

/* RFC 2473 section 3.1; RFC 8986 section 5.2 for SRv6 with one segment: the same octets. */
static MG_INLINE bool encap_outer_v6(struct packet *pkt, const struct flow *flow,
				     const struct tunnel *tunnel)
{
	struct ipv6_header *ip = packet_pull(pkt, sizeof(*ip));
	__u32 label = flow_label(tunnel->hash);

	if (!ip)
		return false;
	*ip = (struct ipv6_header){
		.version_class = IPV6_VERSION | flow->tos >> 4,
		.class_label = flow->tos << 4 | label >> 16,
		.label = BE16(label),
		.len = BE16(flow->len),
		.proto = flow->v4 ? PROTO_IPV4 : PROTO_IPV6,
		.ttl = ENCAP_TTL,
	};
	octets_copy16(ip->src, tunnel->site->outer_src);
	octets_copy16(ip->dst, tunnel->site->outer_dst);
	return true;
}

/* One hop less, and the congestion mark that the tunnel's end has found. */
static MG_INLINE bool encap_inner_v4(struct packet *pkt, const struct flow *flow)
{
	struct ipv4_header *ip = packet_pull(pkt, sizeof(*ip));
	__u8 tos = (flow->tos & ~ECN_MASK) | flow->ecn;

	if (!ip)
		return false;
	ip->csum = csum_replace(ip->csum, BE16(0x0100), 0);
	ip->ttl--;
	if (tos == flow->tos)
		return true;
	ip->csum = csum_replace(ip->csum, BE16(flow->tos), BE16(tos));
	ip->tos = tos;
	return true;
}

static MG_INLINE bool encap_inner_v6(struct packet *pkt, const struct flow *flow)
{
	struct ipv6_header *ip = packet_pull(pkt, sizeof(*ip));

	if (!ip)
		return false;
	ip->ttl--;
	ip->class_label = (ip->class_label & ~(ECN_MASK << 4)) | flow->ecn << 4;
	return true;
}

static MG_INLINE bool encap_inner(struct packet *pkt, const struct flow *flow)
{
	return flow->v4 ? encap_inner_v4(pkt, flow) : encap_inner_v6(pkt, flow);
}

static MG_INLINE bool encap_outer(struct packet *pkt, const struct flow *flow,
				  const struct tunnel *tunnel)
{
	if (!tunnel->overhead)
		return true;
	return tunnel->v4 ? encap_outer_v4(pkt, flow, tunnel->site)
			  : encap_outer_v6(pkt, flow, tunnel);
}

/* The packet starts with the room made. False: there is less of it than there must be. */
static MG_INLINE bool encap_write(struct packet *pkt, const struct flow *flow,
				  const struct tunnel *tunnel)
{
	return encap_link(pkt, tunnel) && encap_outer(pkt, flow, tunnel) && encap_inner(pkt, flow);
}
