/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Tells the sender of a packet that does not fit the tunnel how large it may be: Frag Needed (RFC
 * 1191) or Packet Too Big (RFC 4443 section 3.2); and that of a packet that no site can take that
 * this is so: Destination Unreachable. The packet itself becomes the answer: first answer_too_big()
 * or answer_unreachable() says whether there is to be one, then the target makes answer_room()
 * octets of room in front of the frame and cuts it by answer_cut(), then answer_write() fills the
 * room.
 */
#pragma once
#include "encap.h"
#include "guard.h"

#define IPV4_MTU_MIN 68   /* RFC 791 section 3.2 */
#define IPV6_MTU_MIN 1280 /* RFC 8200 section 5 */

#define HOST_UNREACHABLE    1 /* code of ICMP_UNREACHABLE */
#define ADDRESS_UNREACHABLE 3 /* code of ICMPV6_UNREACHABLE */

#define ANSWER_TTL    64
#define ANSWER_TOS    0xc0 /* RFC 1812 section 4.3.2.5: precedence of internetwork control */
#define FRAG_NEEDED   4    /* code of ICMP_UNREACHABLE */
#define ANSWER_BLOCK  8    /* octets that are summed at once */
#define ANSWER_QUOTE  548  /* 576 in all: RFC 1812 section 4.3.2.3 */
#define ANSWER_QUOTE6 1232 /* IPV6_MTU_MIN in all: RFC 4443 section 2.4 (c) */

struct answer {
	struct link link; /* of the packet, turned around */
	__u32 mtu, quote; /* octets; mtu 0: of no concern */
	__u8 type, code;
};

/* Pulled as one: of two pointers tested together clang makes one number, which the verifier
 * refuses.
 */
struct answer_v4 {
	struct ipv4_header ip;
	struct icmp_header icmp;
} WIRE_HEADER;

struct answer_v6 {
	struct ipv6_header ip;
	struct icmp_header icmp;
} WIRE_HEADER;

struct answer_block {
	__be16 word[ANSWER_BLOCK / 2];
} WIRE_HEADER;

static MG_INLINE __u32 answer_headers(const struct flow *flow)
{
	return (flow->v4 ? sizeof(struct ipv4_header) : sizeof(struct ipv6_header)) +
	       sizeof(struct icmp_header);
}

static MG_INLINE __u32 answer_room(const struct flow *flow)
{
	return answer_headers(flow);
}

/* What a frame that came with len octets has to grow by at its end: nothing, or less. */
static MG_INLINE __s32 answer_cut(__u32 len, const struct flow *flow, const struct answer *answer)
{
	return flow->offset + answer->quote - len;
}

static MG_INLINE __u32 answer_len(const struct flow *flow, const struct answer *answer)
{
	return flow->offset + answer_room(flow) + answer->quote;
}

/* RFC 1122 section 3.2.2: to one host, never about an error or a later fragment. */
static MG_INLINE bool answer_allowed(const struct flow *flow)
{
	const __u8 *src = flow->src;

	if (flow->error || flow->headless)
		return false;
	if (flow->v4)
		return src[12] && src[12] != 127 && src[12] < 224;
	return src[0] != 0xff && (flow_octets8(src) || flow_octets4(src + 8) ||
				  flow_octets4(src + 12) & ~BE32(1)); /* neither :: nor ::1 */
}

/* Back to where it came from, with the same tags. */
static MG_INLINE bool answer_link(struct packet *pkt, struct link *ret)
{
	struct ethernet_header eth;

	if (!link_read(pkt, ret))
		return false;
	eth = ret->eth;
	__builtin_memcpy(ret->eth.dst, eth.src, sizeof(eth.src));
	__builtin_memcpy(ret->eth.src, eth.dst, sizeof(eth.dst));
	return true;
}

/* The largest packet that fits, if its sender can do something with the answer. An IPv6 host makes
 * none smaller than IPV6_MTU_MIN (RFC 8201 section 4). 0: it cannot. */
static MG_INLINE __u32 answer_mtu(const struct flow *flow, const struct tunnel *tunnel)
{
	__u32 mtu = tunnel->site->mtu, least = flow->v4 ? IPV4_MTU_MIN : IPV6_MTU_MIN;

	mtu = mtu > tunnel->overhead ? mtu - tunnel->overhead : 0;
	if (flow->v4)
		return mtu < least ? 0 : mtu;
	if (flow->len <= least)
		return 0;
	return mtu < least ? least : mtu;
}

/* False: this packet is not to be answered. */
static MG_INLINE bool answer_begin(struct packet *pkt, const struct flow *flow, struct answer *ret)
{
	__u32 quote = flow->v4 ? ANSWER_QUOTE : ANSWER_QUOTE6;

	if (!answer_allowed(flow) || !answer_link(pkt, &ret->link))
		return false;
	ret->quote = flow->len < quote ? flow->len : quote;
	return true;
}

/* MG_TOO_BIG_TOLD: *ret is whole, and a token is spent. The cursor is at the frame's start. */
static MG_INLINE enum mg_verdict answer_too_big(struct packet *pkt, const struct flow *flow,
						const struct tunnel *tunnel, struct answer *ret)
{
	*ret = (struct answer){ .type = flow->v4 ? ICMP_UNREACHABLE : ICMPV6_TOO_BIG,
				.code = flow->v4 ? FRAG_NEEDED : 0,
				.mtu = answer_mtu(flow, tunnel) };
	if (!ret->mtu || !answer_begin(pkt, flow, ret))
		return MG_TOO_BIG;
	return guard_allows(table_settings(), MG_GUARD_ANSWERS) ? MG_TOO_BIG_TOLD
								: MG_TOO_BIG_QUIET;
}

/* MG_UNREACHABLE: as above. The address is known here, and what is behind it cannot be reached:
 * Host Unreachable (RFC 1812 section 5.2.7.1), and its like in IPv6, which is not code 0, "no entry
 * in the routing table" (RFC 4443 section 3.1). Hosts give up what they are opening, and keep what
 * is open (RFC 1122 section 4.2.3.9). */
static MG_INLINE enum mg_verdict answer_unreachable(struct packet *pkt, const struct flow *flow,
						    struct answer *ret)
{
	*ret = (struct answer){ .type = flow->v4 ? ICMP_UNREACHABLE : ICMPV6_UNREACHABLE,
				.code = flow->v4 ? HOST_UNREACHABLE : ADDRESS_UNREACHABLE };
	if (!answer_begin(pkt, flow, ret))
		return MG_NO_MEMBER;
	return guard_allows(table_settings(), MG_GUARD_ANSWERS) ? MG_UNREACHABLE
								: MG_UNREACHABLE_QUIET;
}

/* The octets behind the last whole block: those of the last eight that no block has, pushed to
 * where a block would have them. RFC 1071: behind an odd one is a zero. Without a branch on how
 * many there are, which the verifier would follow through all that comes. */
static MG_INLINE __u64 answer_sum_rest(struct packet pkt, __u32 quote)
{
	__u32 at = quote - ANSWER_BLOCK, shift = 8 * (ANSWER_BLOCK - 1 - quote % ANSWER_BLOCK);
	const void *last;
	__u64 word;

	if (at > ANSWER_QUOTE6 || !packet_pull(&pkt, at))
		return 0;
	last = packet_pull(&pkt, ANSWER_BLOCK);
	if (!last)
		return 0;
	word = octets_load8(last);
	if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
		word = word >> shift >> 8;
	else
		word = word << shift << 8;
	return (word & 0xffff) + (word >> 16 & 0xffff) + (word >> 32 & 0xffff) + (word >> 48);
}

/* RFC 1071 over the quote, which stands at `at` and ends the frame. */
static MG_INLINE __u64 answer_sum(struct packet pkt, __u32 at, __u32 quote)
{
	const struct answer_block *block;
	__u64 sum;

	if (at > LINK_MAX + sizeof(struct answer_v6) || !packet_pull(&pkt, at))
		return 0;
	sum = answer_sum_rest(pkt, quote);
	for (int i = 0; i < ANSWER_QUOTE6 / ANSWER_BLOCK; i++) {
		block = packet_pull(&pkt, sizeof(*block));
		if (!block)
			break;
		sum += block->word[0] + block->word[1];
		sum += block->word[2] + block->word[3];
	}
	return sum;
}

static MG_INLINE __be16 answer_fold(__u64 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static MG_INLINE bool answer_write_v4(struct packet *pkt, const struct flow *flow,
				      const struct answer *answer, __u64 sum)
{
	struct answer_v4 *headers = packet_pull(pkt, sizeof(*headers));

	if (!headers)
		return false;
	headers->ip = (struct ipv4_header){
		.version_ihl = IPV4_VERSION,
		.tos = ANSWER_TOS,
		.len = BE16(answer_headers(flow) + answer->quote),
		.frag = BE16(IPV4_DF),
		.ttl = ANSWER_TTL,
		.proto = PROTO_ICMP,
	};
	__builtin_memcpy(headers->ip.src, flow->service.addr + 12, sizeof(headers->ip.src));
	__builtin_memcpy(headers->ip.dst, flow->src + 12, sizeof(headers->ip.dst));
	headers->ip.csum = csum_ipv4(&headers->ip);
	headers->icmp = (struct icmp_header){ .type = answer->type,
					      .code = answer->code,
					      .mtu = BE16(answer->mtu) };
	sum += BE16(answer->type << 8 | answer->code) + headers->icmp.mtu;
	headers->icmp.csum = answer_fold(sum);
	return true;
}

static MG_INLINE __u64 answer_sum_octets16(const __u8 *octets)
{
	return (__u64)csum_octets(octets) + csum_octets(octets + 4) + csum_octets(octets + 8) +
	       csum_octets(octets + 12);
}

/* The checksum is over a pseudo-header too: RFC 4443 section 2.3, RFC 8200 section 8.1. */
static MG_INLINE bool answer_write_v6(struct packet *pkt, const struct flow *flow,
				      const struct answer *answer, __u64 sum)
{
	struct answer_v6 *headers = packet_pull(pkt, sizeof(*headers));
	__be16 len = BE16(sizeof(headers->icmp) + answer->quote);

	if (!headers)
		return false;
	headers->ip = (struct ipv6_header){
		.version_class = IPV6_VERSION, .len = len, .proto = PROTO_ICMPV6, .ttl = ANSWER_TTL
	};
	__builtin_memcpy(headers->ip.src, flow->service.addr, sizeof(headers->ip.src));
	__builtin_memcpy(headers->ip.dst, flow->src, sizeof(headers->ip.dst));
	headers->icmp = (struct icmp_header){ .type = answer->type,
					      .code = answer->code,
					      .unused = BE16(answer->mtu >> 16),
					      .mtu = BE16(answer->mtu) };
	sum += answer_sum_octets16(flow->service.addr) + answer_sum_octets16(flow->src) + len +
	       BE16(PROTO_ICMPV6) + BE16(answer->type << 8 | answer->code) + headers->icmp.unused +
	       headers->icmp.mtu;
	headers->icmp.csum = answer_fold(sum);
	return true;
}

/* The packet starts with the room made, and ends with the quote. The sum comes first: a pointer
 * that is needed after its loop would have the verifier walk the loop once per place of the
 * pointer. */
static MG_INLINE bool answer_write(struct packet *pkt, const struct flow *flow,
				   const struct answer *answer)
{
	__u64 sum = answer_sum(*pkt, flow->offset + answer_headers(flow), answer->quote);

	if (!link_write(pkt, &answer->link))
		return false;
	return flow->v4 ? answer_write_v4(pkt, flow, answer, sum)
			: answer_write_v6(pkt, flow, answer, sum);
}
