/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The client side: a packet for a service address goes into a tunnel to the site of its flow. */
#include "target.h"

SEC("xdp.frags")
int mg_ingress(struct xdp_md *ctx)
{
	__u64 bytes = ctx->data_end - ctx->data;
	struct flow flow = {};
	struct way way = {};
	__u32 tracing = trace_begin(ctx);
	enum mg_verdict verdict;

	flow.service.scope = MG_SCOPE_INGRESS;
	verdict = mg_parse(ctx, &flow); /* parse */
	bytes = frame_len(ctx, &flow, bytes);
	if (verdict == MG_FORWARD)
		verdict = decide(ctx, &flow, &way);
	if (verdict == MG_FORWARD)
		verdict = mg_send(ctx, &flow, &way); /* act */
	if (verdict == MG_TOO_BIG || verdict == MG_UNREACHABLE)
		verdict = mg_answer(ctx, &flow, &way, bytes, verdict);

	count_one(&mg_counters_verdict, verdict, bytes, false);
	if (verdict != MG_FORWARD && way.service)
		count_one(&mg_counters_service, way.service, bytes, flow.start);
	trace_end(ctx, &flow, &way,
		  (struct trace_fate){ tracing, MG_TRACE_INGRESS, verdict, bytes });
	switch (verdict) {
	case MG_FORWARD:
		count_sent(&flow, &way, bytes);
		return send_action(ctx, &way);
	case MG_TOO_BIG_TOLD:
	case MG_UNREACHABLE:
		return XDP_TX;
	case MG_NOT_OURS:
	case MG_LAST_RESORT:
	case MG_TTL_EXPIRED: /* the kernel answers with Time Exceeded */
		return XDP_PASS;
	default:
		return XDP_DROP;
	}
}

char _license[] SEC("license") = "Dual BSD/GPL";
