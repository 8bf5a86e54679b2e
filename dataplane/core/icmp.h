/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * ICMP errors follow the flow of the packet that they quote. A site sent that packet from its
 * service address, so that the flow is the quote's, turned around: the site that sent it is the one
 * that has to hear of it.
 */
#pragma once
#include "decap.h"

/* Ahead of the quote at most: the headers of a tunnel and of what came out of it. */
#define ICMP_QUOTE_MAX (2 * DECAP_HEADERS_MAX)

struct l4_ports {
	__be16 src, dst;
} WIRE_HEADER;

/* RFC 792: header and eight octets, or more, so that the ports are there and the rest may not be.
 * headers: octets of the quoted packet read so far. */
static MG_INLINE bool quote_ports(struct packet *pkt, __u32 headers, struct flow *ret)
{
	const struct l4_ports *ports = packet_peek(pkt, sizeof(*ports));
	__u8 proto = ret->service.proto;

	if (ret->headless || (proto != PROTO_TCP && proto != PROTO_UDP))
		return true;
	if (!ports || headers + sizeof(*ports) > ret->len)
		return false;
	ret->sport = BE16(ports->src);
	ret->service.port = BE16(ports->dst);
	return true;
}

/* ret->len: octets of the quote that are there; the quoted header tells of a packet that is not. */
static MG_INLINE bool quote_ipv4(struct packet *pkt, struct flow *ret)
{
	const struct ipv4_header *ip = packet_peek(pkt, sizeof(*ip));
	__u32 header;

	if (!ip)
		return false;
	header = (ip->version_ihl & 0xf) * 4;
	if (ip->version_ihl >> 4 != 4 || header < sizeof(*ip) || header > ret->len)
		return false;
	if (!packet_pull(pkt, header))
		return false;
	packet_mapped(ret->src, ip->src);
	packet_mapped(ret->service.addr, ip->dst);
	ret->service.proto = ip->proto;
	ret->headless = ip->frag & BE16(IPV4_OFFSET_BITS);
	return quote_ports(pkt, header, ret);
}

static MG_INLINE bool quote_ipv6(struct packet *pkt, struct flow *ret)
{
	const struct ipv6_header *ip = packet_pull(pkt, sizeof(*ip));
	__u32 headers = sizeof(*ip);

	if (!ip || ip->version_class >> 4 != 6 || headers > ret->len)
		return false;
	octets_copy16(ret->src, ip->src);
	octets_copy16(ret->service.addr, ip->dst);
	ret->service.proto = ip->proto;
	for (int i = 0; i < MG_EXTENSIONS_MAX; i++) {
		if (ret->headless || !ipv6_extension_len(ret->service.proto, 0))
			break;
		if (packet_extension(pkt, &headers, ret) != MG_FORWARD)
			return false;
	}
	return quote_ports(pkt, headers, ret);
}

static MG_INLINE bool quote_same(const __u8 a[16], const __u8 b[16])
{
	return flow_octets8(a) == flow_octets8(b) && flow_octets8(a + 8) == flow_octets8(b + 8);
}

/* Puts the quoted packet's flow into that of the error; without a quote that is sound, and from the
 * address that the error is for, flow->quoted stays false. The cursor is at the frame's start. */
static MG_INLINE void icmp_quote(struct packet *pkt, struct flow *flow)
{
	__u32 at = flow->payload;
	struct flow quote = { .v4 = flow->v4 };
	bool sound;

	if (!flow->error || at > ICMP_QUOTE_MAX || !packet_pull(pkt, at) ||
	    !packet_pull(pkt, sizeof(struct icmp_header)))
		return;
	quote.len = flow->offset + flow->len - at - sizeof(struct icmp_header);
	sound = flow->v4 ? quote_ipv4(pkt, &quote) : quote_ipv6(pkt, &quote);
	if (!sound || !quote_same(quote.src, flow->service.addr))
		return;
	__builtin_memcpy(flow->src, quote.service.addr, sizeof(flow->src));
	flow->sport = quote.service.port;
	flow->service.port = quote.sport;
	flow->service.proto = quote.service.proto;
	flow->portless = quote.headless;
	flow->quoted = true;
}
