/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The packets of the bench, as its BPF programs make them: flow number in, every octet of the
 * headers out. Freestanding.
 */
#pragma once
#include "packet.h"
#include "traffic.h"

struct frame_flow {
	__u32 client, server; /* IPv4 address, or the last word of the IPv6 one */
	__u32 service;
	__u16 port; /* source; the destination is TRAFFIC_PORT */
};

/* Marsaglia's xorshift: three shifts, as the floor should be low. */
static MG_INLINE __u64 frame_draw(__u64 *state)
{
	__u64 x = *state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	*state = x;
	return x;
}

/* A flow at random, all equally often. */
static MG_INLINE __u32 frame_pick(const struct traffic *traffic, __u64 random)
{
	return (random & 0xffffffff) * traffic->flows >> 32;
}

/* A flow is its number: an odd factor spreads the numbers over the clients, each one its own. */
static MG_INLINE struct frame_flow frame_flow_of(const struct traffic *traffic, __u32 flow)
{
	__u64 mixed = (flow + 1) * 0x9e3779b97f4a7c15ull;
	__u32 service = (mixed >> 32) * traffic->services >> 32;

	return (struct frame_flow){
		.client = TRAFFIC_CLIENT | (flow * 0x6a09e667u & (TRAFFIC_FLOWS_MAX - 1)),
		.server = TRAFFIC_SERVICE + service,
		.service = service,
		.port = 1024 + (mixed >> 16 & 0x7fff),
	};
}

static MG_INLINE void frame_address(__u8 ret[16], __u32 word)
{
	__be32 address[4] = { BE32(TRAFFIC_PREFIX), 0, 0, BE32(word) };

	__builtin_memcpy(ret, address, sizeof(address));
}

/* RFC 1071: correct, since a program under test may look. */
static MG_INLINE __be16 frame_checksum(const struct frame_flow *flow)
{
	__u32 sum = 0x4500 + (TRAFFIC_LEN_V4 - sizeof(struct ethernet_header)) + 0x4000 + 0x4006;

	sum += (flow->client >> 16) + (flow->client & 0xffff);
	sum += (flow->server >> 16) + (flow->server & 0xffff);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return BE16((__u16)~sum);
}

static MG_INLINE bool frame_write_ipv4(struct packet *pkt, const struct frame_flow *flow)
{
	struct ipv4_header *ip = packet_pull(pkt, sizeof(*ip));
	__be32 src = BE32(flow->client), dst = BE32(flow->server);

	if (!ip)
		return false;
	*ip = (struct ipv4_header){
		.version_ihl = 0x45,
		.len = BE16(TRAFFIC_LEN_V4 - sizeof(struct ethernet_header)),
		.frag = BE16(0x4000),
		.ttl = 64,
		.proto = PROTO_TCP,
		.csum = frame_checksum(flow),
	};
	__builtin_memcpy(ip->src, &src, sizeof(src));
	__builtin_memcpy(ip->dst, &dst, sizeof(dst));
	return true;
}

static MG_INLINE bool frame_write_ipv6(struct packet *pkt, const struct frame_flow *flow)
{
	struct ipv6_header *ip = packet_pull(pkt, sizeof(*ip));

	if (!ip)
		return false;
	*ip = (struct ipv6_header){
		.version_class = 0x60,
		.len = BE16(sizeof(struct tcp_header)),
		.proto = PROTO_TCP,
		.ttl = 64,
	};
	frame_address(ip->src, flow->client);
	frame_address(ip->dst, flow->server);
	return true;
}

/* An ACK, never a SYN: a running flow, which has to stay where it is. */
static MG_INLINE bool frame_write_tcp(struct packet *pkt, __u16 port, __u32 sequence)
{
	struct tcp_header *tcp = packet_pull(pkt, sizeof(*tcp));

	if (!tcp)
		return false;
	*tcp = (struct tcp_header){
		.src = BE16(port),
		.dst = BE16(TRAFFIC_PORT),
		.seq = sequence,
		.offset = 5 << 4,
		.flags = TCP_ACK,
		.window = BE16(512),
	};
	return true;
}

static MG_INLINE bool frame_write_link(struct packet *pkt, bool v6)
{
	struct ethernet_header *eth = packet_pull(pkt, sizeof(*eth));

	if (!eth)
		return false;
	*eth = (struct ethernet_header){
		.dst = { 2, 0, 0, 0, 0, 1 },
		.src = { 2, 0, 0, 0, 0, 2 },
		.type = v6 ? BE16(ETHERTYPE_IPV6) : BE16(ETHERTYPE_IPV4),
	};
	return true;
}

static MG_INLINE bool frame_write(struct packet *pkt, bool v6, const struct frame_flow *flow,
				  __u32 sequence)
{
	if (!frame_write_link(pkt, v6))
		return false;
	if (v6 ? !frame_write_ipv6(pkt, flow) : !frame_write_ipv4(pkt, flow))
		return false;
	return frame_write_tcp(pkt, flow->port, sequence);
}
