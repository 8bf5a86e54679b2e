/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The core side: what comes out of a tunnel goes to an instance of its service. Nothing else is
 * steered here, and nothing that was steered once goes to another site, so that there is no loop.
 */
#include "target.h"

/* What is in the tunnel's packet. The outer headers were read by mg_parse(). */
__noinline int mg_inner(struct xdp_md *ctx, const struct flow *outer, struct flow *ret)
{
	struct packet pkt = packet_of(ctx);

	return outer && ret ? decap_inner(&pkt, outer, ret) : MG_MALFORMED;
}

SEC("xdp.frags")
int mg_egress(struct xdp_md *ctx)
{
	__u64 bytes = ctx->data_end - ctx->data;
	struct flow outer = {}, flow = {};
	struct way way = {};
	__u32 tracing = trace_begin(ctx);
	enum mg_verdict verdict;

	flow.service.scope = MG_SCOPE_EGRESS;
	verdict = mg_parse(ctx, &outer); /* parse */
	bytes = frame_len(ctx, &outer, bytes);
	if (verdict == MG_FORWARD)
		verdict = decap_endpoint(&outer);
	if (verdict == MG_FORWARD)
		verdict = mg_inner(ctx, &outer, &flow);
	if (verdict == MG_FORWARD)
		verdict = decap_verdict(decide(ctx, &flow, &way));
	if (verdict == MG_FORWARD)
		verdict = mg_send(ctx, &flow, &way); /* act */
	if (verdict == MG_FORWARD)
		verdict = MG_DELIVERED;

	count_one(&mg_counters_verdict, verdict, bytes, false);
	if (verdict != MG_DELIVERED && way.service)
		count_one(&mg_counters_service, way.service, bytes, flow.start);
	trace_end(ctx, flow.len ? &flow : &outer, &way,
		  (struct trace_fate){ tracing, MG_TRACE_EGRESS, verdict, bytes });
	switch (verdict) {
	case MG_DELIVERED:
		count_sent(&flow, &way, bytes);
		return send_action(ctx, &way);
	case MG_NOT_OURS:
	case MG_NOT_TUNNEL: /* the router's own traffic */
		return XDP_PASS;
	default:
		return XDP_DROP;
	}
}

char _license[] SEC("license") = "Dual BSD/GPL";
