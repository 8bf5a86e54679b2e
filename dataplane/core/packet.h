/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The only reader of received packets: a cursor, the headers as they lie in a frame, and a reader
 * for each. Readers return MG_FORWARD where nothing speaks against the packet so far; they leave
 * the cursor behind what they read.
 */
#pragma once
#include "flow.h"

#include <stddef.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BE16(x) ((__be16)__builtin_bswap16(x))
#define BE32(x) ((__be32)__builtin_bswap32(x))
#else
#define BE16(x) ((__be16)(x))
#define BE32(x) ((__be32)(x))
#endif

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd

#define PROTO_HOP_BY_HOP  0
#define PROTO_ICMP        1
#define PROTO_IPV4        4
#define PROTO_TCP         6
#define PROTO_UDP         17
#define PROTO_IPV6        41
#define PROTO_ROUTING     43
#define PROTO_FRAGMENT    44
#define PROTO_GRE         47
#define PROTO_AUTH        51
#define PROTO_ICMPV6      58
#define PROTO_DESTINATION 60

#define ICMP_UNREACHABLE     3
#define ICMP_TIME_EXCEEDED   11
#define ICMP_PARAMETER       12
#define ICMPV6_UNREACHABLE   1
#define ICMPV6_TOO_BIG       2
#define ICMPV6_TIME_EXCEEDED 3
#define ICMPV6_PARAMETER     4

#define IPV4_FRAGMENT_BITS 0x3fff /* more fragments, and the offset */
#define IPV4_OFFSET_BITS   0x1fff
#define IPV6_FRAGMENT_BITS 0xfff9
#define IPV6_OFFSET_BITS   0xfff8

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

/* A cursor over packet bytes. Only packet_peek() compares a pointer with the end of the packet, and
 * in the one form that the BPF verifier takes as a proof. */
struct packet {
	void *at, *end;
	void *frame; /* the target's, for packet_frame_len(); NULL: at to end is all */
};

/* Supplied by target.h. Octets of the whole frame, where its end lies in further buffers. */
static MG_INLINE __u32 packet_frame_len(const struct packet *pkt);

/* Supplied by target.h: words at any address, which is cheap where the CPU can do it. */
static MG_INLINE __u32 octets_load4(const void *at);
static MG_INLINE __u64 octets_load8(const void *at);
static MG_INLINE void octets_store8(void *at, __u64 word);

static MG_INLINE void octets_copy16(void *to, const void *from)
{
	__u64 low = octets_load8(from), high = octets_load8(from + 8);

	octets_store8(to, low);
	octets_store8(to + 8, high);
}

static MG_INLINE void *packet_peek(const struct packet *pkt, __u32 len)
{
	return pkt->at + len > pkt->end ? NULL : pkt->at;
}

static MG_INLINE void *packet_pull(struct packet *pkt, __u32 len)
{
	void *hdr = packet_peek(pkt, len);

	if (hdr)
		pkt->at = hdr + len;
	return hdr;
}

/* A header as it lies in a frame, which promises two-byte alignment and no more. */
#define WIRE_HEADER __attribute__((packed, aligned(2)))

struct ethernet_header {
	__u8 dst[6], src[6];
	__be16 type;
} WIRE_HEADER;

struct vlan_header {
	__be16 tci, type; /* type: of what follows */
} WIRE_HEADER;

struct ipv4_header {
	__u8 version_ihl, tos;
	__be16 len, id, frag;
	__u8 ttl, proto;
	__be16 csum;
	__u8 src[4], dst[4];
} WIRE_HEADER;

struct ipv6_header {
	__u8 version_class, class_label;
	__be16 label, len; /* len: of what follows the header */
	__u8 proto, ttl;
	__u8 src[16], dst[16];
} WIRE_HEADER;

/* The first eight octets of any extension header of RFC 8200. */
struct ipv6_extension {
	__u8 proto, len;
	union {
		struct {
			__u8 type, segments_left;
		};               /* routing header */
		__be16 fragment; /* fragment header */
	};
	__be32 rest;
} WIRE_HEADER;

/* RFC 792, RFC 4443: the same for what is read here. */
struct icmp_header {
	__u8 type, code;
	__be16 csum;
	__be16 unused, mtu; /* mtu: of Frag Needed (RFC 1191); Packet Too Big has 32 bits of it */
} WIRE_HEADER;

struct tcp_header {
	__be16 src, dst;
	__be32 seq, ack;
	__u8 offset, flags;
	__be16 window, csum, urgent;
} WIRE_HEADER;

struct udp_header {
	__be16 src, dst, len, csum;
} WIRE_HEADER;

/* RFC 8999 section 5.1: what all versions' long headers begin with. Five octets: an alignment of
 * two would make it six. */
struct quic_long_header {
	__u8 first;
	__u8 version[4];
} __attribute__((packed));

/* RFC 9000 section 17.2.2 and RFC 9369 section 3.2: version 2 numbers the packet types anew. */
static MG_INLINE bool quic_initial(const struct quic_long_header *quic)
{
	__u32 version = octets_load4(quic->version);

	switch (quic->first & 0xb0) { /* long header, type */
	case 0x80:
		return version == BE32(1);
	case 0x90:
		return version == BE32(0x6b3343cf);
	default:
		return false;
	}
}

static MG_INLINE enum mg_verdict packet_tcp(struct packet *pkt, struct flow *ret)
{
	const struct tcp_header *tcp = packet_pull(pkt, sizeof(*tcp));

	if (!tcp)
		return MG_TRUNCATED;
	ret->sport = BE16(tcp->src);
	ret->service.port = BE16(tcp->dst);
	ret->start = (tcp->flags & (TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK)) == TCP_SYN;
	ret->end = tcp->flags & (TCP_FIN | TCP_RST);
	return MG_FORWARD;
}

/* payload: octets that the IP header grants to UDP's payload; padding of the frame is no QUIC. */
static MG_INLINE enum mg_verdict packet_udp(struct packet *pkt, __u32 payload, struct flow *ret)
{
	const struct udp_header *udp = packet_pull(pkt, sizeof(*udp));
	const struct quic_long_header *quic = packet_peek(pkt, sizeof(*quic));

	if (!udp)
		return MG_TRUNCATED;
	ret->sport = BE16(udp->src);
	ret->service.port = BE16(udp->dst);
	ret->start = quic && payload >= sizeof(*quic) && quic_initial(quic);
	return MG_FORWARD;
}

/* Not Redirect, which is for the link, nor Source Quench, which nobody heeds (RFC 6633). */
static MG_INLINE bool icmp_error(__u8 type)
{
	return type == ICMP_UNREACHABLE || type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETER;
}

static MG_INLINE bool icmpv6_error(__u8 type)
{
	return type >= ICMPV6_UNREACHABLE && type <= ICMPV6_PARAMETER;
}

/* A fragment of an error is none that could be read; errors are too short to need it. */
static MG_INLINE void packet_icmp(const struct packet *pkt, __u32 left, struct flow *ret)
{
	const struct icmp_header *icmp = packet_peek(pkt, sizeof(*icmp));

	if (!icmp || left < sizeof(*icmp) || ret->fragment)
		return;
	ret->error = ret->v4 ? icmp_error(icmp->type) : icmpv6_error(icmp->type);
}

/* headers: octets of the IP packet read so far. Ports stay zero where a protocol has none. */
static MG_INLINE enum mg_verdict packet_transport(struct packet *pkt, __u32 headers,
						  struct flow *ret)
{
	__u32 left = ret->len - headers;

	ret->payload = ret->offset + headers;
	ret->portless = ret->headless;
	if (ret->headless)
		return MG_FORWARD;
	switch (ret->service.proto) {
	case PROTO_TCP:
		return left < sizeof(struct tcp_header) ? MG_TRUNCATED : packet_tcp(pkt, ret);
	case PROTO_UDP:
		return left < sizeof(struct udp_header)
			       ? MG_TRUNCATED
			       : packet_udp(pkt, left - sizeof(struct udp_header), ret);
	case PROTO_ICMP:
	case PROTO_ICMPV6:
		if (ret->v4 == (ret->service.proto == PROTO_ICMP))
			packet_icmp(pkt, left, ret);
		return MG_FORWARD;
	default:
		return MG_FORWARD;
	}
}

/* As ::ffff:a.b.c.d, in two words. ret is at a multiple of eight. */
static MG_INLINE void packet_mapped(__u8 ret[16], const __u8 octets[4])
{
	__u32 word[4] = { 0, 0, BE32(0xffff), octets_load4(octets) };

	__builtin_memcpy(__builtin_assume_aligned(ret, 8), word, sizeof(word));
}

/* len octets from the IP header on, which stands at ret->offset of the frame: are they there? */
static MG_INLINE bool packet_whole(const struct packet *pkt, const struct flow *flow, __u32 len)
{
	return packet_peek(pkt, len) || (pkt->frame && flow->offset + len <= packet_frame_len(pkt));
}

static MG_INLINE enum mg_verdict packet_ipv4(struct packet *pkt, struct flow *ret)
{
	const struct ipv4_header *ip = packet_peek(pkt, sizeof(*ip));
	__u32 header;

	if (!ip)
		return MG_TRUNCATED;
	ret->len = BE16(ip->len);
	header = (ip->version_ihl & 0xf) * 4;
	if (ip->version_ihl >> 4 != 4 || header < sizeof(*ip) || ret->len < header)
		return MG_MALFORMED;
	/* Pull what the header says it takes: after a subtraction the verifier has no bound. */
	if (!packet_whole(pkt, ret, ret->len) || !packet_pull(pkt, header))
		return MG_TRUNCATED;

	packet_mapped(ret->src, ip->src);
	packet_mapped(ret->service.addr, ip->dst);
	ret->service.proto = ip->proto;
	ret->v4 = true;
	ret->tos = ip->tos;
	ret->ttl = ip->ttl;
	ret->fragment = ip->frag & BE16(IPV4_FRAGMENT_BITS);
	ret->headless = ip->frag & BE16(IPV4_OFFSET_BITS);
	ret->id = ip->id;
	return packet_transport(pkt, header, ret);
}

/* Octets of one extension header; 0: this protocol is none. */
static MG_INLINE __u32 ipv6_extension_len(__u8 proto, __u8 len)
{
	switch (proto) {
	case PROTO_HOP_BY_HOP:
	case PROTO_ROUTING:
	case PROTO_DESTINATION:
		return (len + 1) * 8;
	case PROTO_AUTH:
		return (len + 2) * 4; /* RFC 4302 section 2.2 counts in words, less two */
	case PROTO_FRAGMENT:
		return 8;
	default:
		return 0;
	}
}

/* Reads the extension header that service.proto names. headers: octets of the packet read so far.
 */
static MG_INLINE enum mg_verdict packet_extension(struct packet *pkt, __u32 *headers,
						  struct flow *ret)
{
	const struct ipv6_extension *ext = packet_peek(pkt, sizeof(*ext));
	__u8 proto = ret->service.proto;
	__u32 len;

	if (!ext)
		return MG_TRUNCATED;
	len = ipv6_extension_len(proto, ext->len);
	*headers += len;
	if (*headers > ret->len || !packet_pull(pkt, len))
		return MG_TRUNCATED;
	/* Not the last segment: this destination is a waypoint (RFC 8754 section 4.3.1). */
	if (proto == PROTO_ROUTING && ext->segments_left)
		return MG_NOT_OURS;
	ret->service.proto = ext->proto;
	if (proto == PROTO_FRAGMENT) {
		/* Neither bit: an atomic fragment, which is whole (RFC 6946). */
		ret->fragment = ext->fragment & BE16(IPV6_FRAGMENT_BITS);
		ret->headless = ext->fragment & BE16(IPV6_OFFSET_BITS);
		ret->id = ext->rest;
	}
	return MG_FORWARD;
}

/* A packet with more extension headers than MG_EXTENSIONS_MAX is one of an unknown protocol, named
 * by the header that is next: it has no ports, and can still be for a service on all protocols. */
static MG_INLINE enum mg_verdict packet_extensions(struct packet *pkt, struct flow *ret)
{
	__u32 headers = sizeof(struct ipv6_header);
	enum mg_verdict verdict;

	for (int i = 0; i < MG_EXTENSIONS_MAX; i++) {
		if (ret->headless || !ipv6_extension_len(ret->service.proto, 0))
			break;
		verdict = packet_extension(pkt, &headers, ret);
		if (verdict != MG_FORWARD)
			return verdict;
	}
	return packet_transport(pkt, headers, ret);
}

/* ::ffff:0:0/96 never stands in a packet; taken for ours it would meet the keys of IPv4. */
static MG_INLINE bool ipv6_mapped(const __u8 *octets)
{
	return !flow_word(octets) && flow_half(octets + 8) == BE32(0xffff);
}

static MG_INLINE enum mg_verdict packet_ipv6(struct packet *pkt, struct flow *ret)
{
	const struct ipv6_header *ip = packet_peek(pkt, sizeof(*ip));

	if (!ip)
		return MG_TRUNCATED;
	ret->len = sizeof(*ip) + BE16(ip->len);
	octets_copy16(ret->src, ip->src);
	octets_copy16(ret->service.addr, ip->dst);
	if (ip->version_class >> 4 != 6 || ipv6_mapped(ret->src) || ipv6_mapped(ret->service.addr))
		return MG_MALFORMED;
	if (!packet_whole(pkt, ret, ret->len) || !packet_pull(pkt, sizeof(*ip)))
		return MG_TRUNCATED;

	ret->service.proto = ip->proto;
	ret->tos = ip->version_class << 4 | ip->class_label >> 4;
	ret->ttl = ip->ttl;
	return packet_extensions(pkt, ret);
}
