/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * DOC: BPF_PROG_TEST_RUN feeds the result of a run to the next one. The driver takes such a result,
 * checks it, cuts the frame back to its own length, writes a packet of another flow over all its
 * headers, and tail-calls the program under test. bench_floor in that place shows what the driver
 * itself costs; so it does the same work whatever the result was.
 */
#include "context.h"
#include "frame.h"

struct bench bench;

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 1);
} bench_program SEC(".maps");

static MG_INLINE __u32 draw_flow(__u64 random)
{
	__u32 flow;

	if (!bench.traffic.in_order)
		return frame_pick(&bench.traffic, random);
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

static MG_INLINE bool write_packet(struct packet *pkt)
{
	__u64 random = frame_draw(&bench.state);
	struct frame_flow flow = frame_flow_of(&bench.traffic, draw_flow(random));

	bench.service = flow.service;
	return frame_write(pkt, bench.traffic.v6, &flow, random >> 32);
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
