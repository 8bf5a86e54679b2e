/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The IP header of a tunnel. */
#pragma once
#include "csum.h"

#define IPV4_DF      0x4000 /* RFC 2003 section 3.1; with it the ID says nothing (RFC 6864) */
#define IPV4_VERSION 0x45
#define IPV6_VERSION 0x60

struct outer {
	const __u8 *src, *dst; /* 16 octets each, as in struct mg_site */
	__u64 hash;            /* of the flow inside */
	__u32 len;             /* octets behind the header */
	__u8 tos, ttl, proto;
};

/* RFC 2003 section 3.1; RFC 4213 section 3.5 for IPv6 inside. */
static MG_INLINE bool outer_v4(struct packet *pkt, const struct outer *outer)
{
	struct ipv4_header *ip = packet_pull(pkt, sizeof(*ip));

	if (!ip)
		return false;
	*ip = (struct ipv4_header){
		.version_ihl = IPV4_VERSION,
		.tos = outer->tos,
		.len = BE16(outer->len + sizeof(*ip)),
		.frag = BE16(IPV4_DF),
		.ttl = outer->ttl,
		.proto = outer->proto,
	};
	__builtin_memcpy(ip->src, outer->src + 12, sizeof(ip->src));
	__builtin_memcpy(ip->dst, outer->dst + 12, sizeof(ip->dst));
	ip->csum = csum_ipv4(ip);
	return true;
}

/* RFC 2473 section 3.1, RFC 8986 section 5.2; RFC 6438 for the flow label. */
static MG_INLINE bool outer_v6(struct packet *pkt, const struct outer *outer)
{
	struct ipv6_header *ip = packet_pull(pkt, sizeof(*ip));
	__u32 label = flow_label(outer->hash);

	if (!ip)
		return false;
	*ip = (struct ipv6_header){
		.version_class = IPV6_VERSION | outer->tos >> 4,
		.class_label = outer->tos << 4 | label >> 16,
		.label = BE16(label),
		.len = BE16(outer->len),
		.proto = outer->proto,
		.ttl = outer->ttl,
	};
	octets_copy16(ip->src, outer->src);
	octets_copy16(ip->dst, outer->dst);
	return true;
}
