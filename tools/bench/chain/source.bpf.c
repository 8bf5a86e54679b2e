/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * DOC: The generator, run by BPF_PROG_TEST_RUN in live-frames mode. The kernel takes frames that
 * were dropped at the sink again, with all that the router wrote into them: so every octet of
 * headers is written anew.
 */
#include "context.h"
#include "token.h"
#include "wire.h"

struct source source;

SEC("xdp")
int chain_source(struct xdp_md *ctx)
{
	struct packet pkt = { .at = (void *)(long)ctx->data, .end = (void *)(long)ctx->data_end };
	__u64 random = frame_draw(&source.state);
	struct frame_flow flow =
		frame_flow_of(&source.traffic, frame_pick(&source.traffic, random));

	if (!frame_write(&pkt, source.traffic.v6, &flow, BE32(token_of(&flow))))
		return XDP_ABORTED;
	source.made++;
	return bpf_redirect(source.ifindex, 0);
}

/* In the router's place: sends on, and that is all. */
__u32 floor_ifindex;

SEC("xdp")
int chain_floor(struct xdp_md *ctx)
{
	(void)ctx;
	return bpf_redirect(floor_ifindex, 0);
}

char _license[] SEC("license") = "Dual BSD/GPL";
