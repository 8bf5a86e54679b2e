/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * DOC: BPF_PROG_TEST_RUN feeds the result of a run to the next one. The driver takes such a result,
 * checks it, cuts the frame back to its own length, writes a packet of another flow over all its
 * headers, and tail-calls the program under test. bench_floor in that place shows what the driver
 * itself costs; so it does the same work whatever the result was.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "packet.h"
#include "traffic.h"

struct bench bench;

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 1);
} bench_program SEC(".maps");

static MG_INLINE struct packet packet_of(const struct xdp_md *ctx)
{
	return (struct packet){ .at = (void *)(long)ctx->data, .end = (void *)(long)ctx->data_end };
}

/* Marsaglia's xorshift: three shifts, as the floor should be low. */
static MG_INLINE __u64 draw(void)
{
	__u64 x = bench.state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	bench.state = x;
	return x;
}

static MG_INLINE __u32 draw_flow(__u64 random)
{
	__u32 flow;

	if (!bench.traffic.in_order)
		return (random & 0xffffffff) * bench.traffic.flows >> 32;
	flow = bench.next++;
	if (bench.next >= bench.traffic.flows)
		bench.next = 0;
	return flow;
}

static MG_INLINE bool result_right(const struct packet *pkt)
{
	const struct expect *want = &bench.expect;
	__u32 at = want->at & 0x7f;
	__u8 *start = pkt->at;
	__be32 *word;

	if (pkt->end - pkt->at != want->len)
		return false;
	if (pkt->at + sizeof(struct ethernet_header) + 1 > pkt->end)
		return false;
	if (want->version && start[sizeof(struct ethernet_header)] >> 4 != want->version)
		return false;
	word = pkt->at + at;
	if ((void *)(word + 1) > pkt->end)
		return false;
	return !((BE32(*word) ^ traffic_word(want, bench.service)) & want->mask);
}

static MG_INLINE void check(const struct packet *pkt)
{
	if (!bench.pending)
		return;
	if (result_right(pkt))
		bench.right++;
	else
		bench.wrong++;
}

static MG_INLINE void write_address(__u8 ret[16], __u32 word)
{
	__be32 address[4] = { BE32(TRAFFIC_PREFIX), 0, 0, BE32(word) };

	__builtin_memcpy(ret, address, sizeof(address));
}

/* RFC 1071: correct, since a program under test may look. */
static MG_INLINE __be16 write_checksum(__u32 client, __u32 server)
{
	__u32 sum = 0x4500 + (TRAFFIC_LEN_V4 - sizeof(struct ethernet_header)) + 0x4000 + 0x4006;

	sum += (client >> 16) + (client & 0xffff) + (server >> 16) + (server & 0xffff);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return BE16((__u16)~sum);
}

static MG_INLINE bool write_ipv4(struct packet *pkt, __u32 client, __u32 server)
{
	struct ipv4_header *ip = packet_pull(pkt, sizeof(*ip));
	__be32 src = BE32(client), dst = BE32(server);

	if (!ip)
		return false;
	*ip = (struct ipv4_header){
		.version_ihl = 0x45,
		.len = BE16(TRAFFIC_LEN_V4 - sizeof(struct ethernet_header)),
		.frag = BE16(0x4000),
		.ttl = 64,
		.proto = PROTO_TCP,
		.csum = write_checksum(client, server),
	};
	__builtin_memcpy(ip->src, &src, sizeof(src));
	__builtin_memcpy(ip->dst, &dst, sizeof(dst));
	return true;
}

static MG_INLINE bool write_ipv6(struct packet *pkt, __u32 client, __u32 server)
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
	write_address(ip->src, client);
	write_address(ip->dst, server);
	return true;
}

/* An ACK, never a SYN: a running flow, which has to stay where it is. */
static MG_INLINE bool write_tcp(struct packet *pkt, __u16 port, __u32 sequence)
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

static MG_INLINE bool write_link(struct packet *pkt)
{
	struct ethernet_header *eth = packet_pull(pkt, sizeof(*eth));

	if (!eth)
		return false;
	*eth = (struct ethernet_header){
		.dst = { 2, 0, 0, 0, 0, 1 },
		.src = { 2, 0, 0, 0, 0, 2 },
		.type = bench.traffic.v6 ? BE16(ETHERTYPE_IPV6) : BE16(ETHERTYPE_IPV4),
	};
	return true;
}

/* A flow is its number: an odd factor spreads the numbers over the clients, each one its own. */
static MG_INLINE bool write_packet(struct packet *pkt)
{
	__u64 random = draw();
	__u32 flow = draw_flow(random);
	__u64 mixed = (flow + 1) * 0x9e3779b97f4a7c15ull;
	__u32 client = TRAFFIC_CLIENT | (flow * 0x6a09e667u & (TRAFFIC_FLOWS_MAX - 1));
	__u32 service = (mixed >> 32) * bench.traffic.services >> 32;
	__u32 server = TRAFFIC_SERVICE + service;

	bench.service = service;
	if (!write_link(pkt))
		return false;
	if (bench.traffic.v6 ? !write_ipv6(pkt, client, server) : !write_ipv4(pkt, client, server))
		return false;
	return write_tcp(pkt, 1024 + (mixed >> 16 & 0x7fff), random >> 32);
}

SEC("xdp")
int bench_driver(struct xdp_md *ctx)
{
	__s32 own = bench.traffic.v6 ? TRAFFIC_LEN_V6 : TRAFFIC_LEN_V4;
	struct packet pkt = packet_of(ctx);

	check(&pkt);
	if (bpf_xdp_adjust_head(ctx, (__s32)(pkt.end - pkt.at) - own))
		goto lost;
	pkt = packet_of(ctx);
	if (!write_packet(&pkt))
		goto lost;
	bench.pending = 1;
	bpf_tail_call(ctx, &bench_program, 0);
lost:
	bench.lost++;
	return XDP_ABORTED;
}

SEC("xdp")
int bench_floor(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_TX;
}

char _license[] SEC("license") = "Dual BSD/GPL";
