/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * DOC: The end of the chain: looks at every packet, counts it and drops it. One check, in the two
 * places where a packet can be had at the least cost for its sender: XDP where frames come, and
 * traffic control where the kernel's own packet buffers come, which XDP would have to copy first.
 */
#include "context.h"

#include <linux/pkt_cls.h>

#include "token.h"
#include "wire.h"

__u32 sink_v6;                 /* the inner packets of this run */
__u8 sink_wrong[CHAIN_SAMPLE]; /* the last packet that was not right */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct tally);
	__uint(max_entries, 1);
} sink_tally SEC(".maps");

/* Between them: the site. */
enum found { FOUND_WRONG = 0, FOUND_OTHER = CHAIN_SITES + 1, FOUND_PLAIN = 1 };

static MG_INLINE bool words_are(const __u8 octets[16], __u32 second, __u32 third, __u32 last)
{
	return flow_octets4(octets) == BE32(TRAFFIC_PREFIX) &&
	       flow_octets4(octets + 4) == BE32(second) &&
	       flow_octets4(octets + 8) == BE32(third) && flow_octets4(octets + 12) == BE32(last);
}

static MG_INLINE __u32 outer_site(const struct ipv6_header *ip)
{
	__u32 site = BE32(flow_octets4(ip->dst + 4)) - CHAIN_SID;

	if (site < 1 || site > CHAIN_SITES)
		return FOUND_WRONG;
	return words_are(ip->dst, CHAIN_SID + site, 0, 0) ? site : FOUND_WRONG;
}

/* H.Encaps.Red with one segment (RFC 8986 section 5.2): no header between outer and inner one. */
static MG_INLINE __u32 look_outer(struct packet *pkt)
{
	const struct ethernet_header *eth = packet_pull(pkt, sizeof(*eth));
	__u32 inner = sink_v6 ? TRAFFIC_LEN_V6 : TRAFFIC_LEN_V4;
	const struct ipv6_header *ip;

	if (!eth || eth->dst[0] & 1)
		return FOUND_OTHER;
	ip = packet_pull(pkt, sizeof(*ip));
	if (!ip || eth->type != BE16(ETHERTYPE_IPV6) || ip->version_class >> 4 != 6)
		return FOUND_WRONG;
	if (ip->proto == PROTO_ICMPV6)
		return FOUND_OTHER;
	if (ip->proto != (sink_v6 ? PROTO_IPV6 : PROTO_IPV4))
		return FOUND_WRONG;
	if (ip->len != BE16(inner - sizeof(*eth)) || pkt->end - pkt->at != inner - sizeof(*eth))
		return FOUND_WRONG;
	if (!words_are(ip->src, CHAIN_SOURCE, 0, CHAIN_SOURCE3))
		return FOUND_WRONG;
	return outer_site(ip);
}

/* RFC 1071: zero for a header whose checksum is right. */
static MG_INLINE __u16 ipv4_sum(const struct ipv4_header *ip)
{
	const __u8 *at = (const void *)ip;
	__u64 sum = 0;

	for (__u32 i = 0; i < sizeof(*ip); i += 4)
		sum += flow_octets4(at + i);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static MG_INLINE bool look_ipv4(struct packet *pkt, struct frame_flow *ret)
{
	const struct ipv4_header *ip = packet_pull(pkt, sizeof(*ip));

	if (!ip || ip->version_ihl != 0x45 || ip->proto != PROTO_TCP || ipv4_sum(ip))
		return false;
	ret->client = BE32(flow_octets4(ip->src));
	ret->server = BE32(flow_octets4(ip->dst));
	return true;
}

static MG_INLINE bool look_ipv6(struct packet *pkt, struct frame_flow *ret)
{
	const struct ipv6_header *ip = packet_pull(pkt, sizeof(*ip));

	if (!ip || ip->version_class != 0x60 || ip->proto != PROTO_TCP)
		return false;
	ret->client = BE32(flow_octets4(ip->src + 12));
	ret->server = BE32(flow_octets4(ip->dst + 12));
	return words_are(ip->src, 0, 0, ret->client) && words_are(ip->dst, 0, 0, ret->server);
}

static MG_INLINE bool look_inner(struct packet *pkt)
{
	struct frame_flow flow = { 0 };
	const struct tcp_header *tcp;

	if (sink_v6 ? !look_ipv6(pkt, &flow) : !look_ipv4(pkt, &flow))
		return false;
	tcp = packet_pull(pkt, sizeof(*tcp));
	if (!tcp || tcp->dst != BE16(TRAFFIC_PORT) || flow.server >> 17 != TRAFFIC_SERVICE >> 17)
		return false;
	flow.port = BE16(tcp->src);
	return tcp->seq == BE32(token_of(&flow));
}

/* From the router that only sends on. */
static MG_INLINE __u32 look_link(struct packet *pkt)
{
	const struct ethernet_header *eth = packet_pull(pkt, sizeof(*eth));

	if (!eth || eth->dst[0] & 1)
		return FOUND_OTHER;
	if (eth->type != (sink_v6 ? BE16(ETHERTYPE_IPV6) : BE16(ETHERTYPE_IPV4)))
		return FOUND_OTHER;
	return FOUND_PLAIN;
}

/* Whether it was ours to count; what was not goes its way. */
static MG_INLINE bool look(void *data, void *end, bool plain)
{
	struct packet pkt = { .at = data, .end = end };
	__u32 found = plain ? look_link(&pkt) : look_outer(&pkt), zero = 0;
	struct tally *tally = bpf_map_lookup_elem(&sink_tally, &zero);

	if (!tally)
		return false;
	if (found == FOUND_OTHER) {
		tally->other++;
		return false;
	}
	if (found == FOUND_WRONG || found > CHAIN_SITES || !look_inner(&pkt)) {
		tally->wrong++;
		bpf_probe_read_kernel(sink_wrong, sizeof(sink_wrong), data);
	} else {
		tally->right[found - 1]++;
	}
	return true;
}

SEC("xdp")
int sink_frame(struct xdp_md *ctx)
{
	return look((void *)(long)ctx->data, (void *)(long)ctx->data_end, false) ? XDP_DROP
										 : XDP_PASS;
}

SEC("xdp")
int sink_plain(struct xdp_md *ctx)
{
	return look((void *)(long)ctx->data, (void *)(long)ctx->data_end, true) ? XDP_DROP
										: XDP_PASS;
}

SEC("tc")
int sink_buffer(struct __sk_buff *ctx)
{
	return look((void *)(long)ctx->data, (void *)(long)ctx->data_end, false) ? TC_ACT_SHOT
										 : TC_ACT_OK;
}

char _license[] SEC("license") = "Dual BSD/GPL";
