/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A port that is client side and core side at once. Where a packet goes to tells what it is: one
 * for a tunnel endpoint of ours takes the egress way, from which nothing goes to another site.
 */
#include "egress.h"
#include "ingress.h"

SEC("xdp.frags")
int mg_edge(struct xdp_md *ctx)
{
	struct trace_fate fate = trace_fate_of(ctx, MG_TRACE_EDGE);
	enum mg_verdict verdict;
	struct mg_endpoint end = {};
	struct flow flow = {};

	flow.service.scope = MG_SCOPE_INGRESS;
	verdict = mg_parse(ctx, &flow);
	fate.len = frame_len(ctx, &flow, fate.len);
	if (verdict != MG_FORWARD)
		return ingress(ctx, &flow, verdict, fate);
	verdict = decap_endpoint(&flow, &end);
	if (verdict == MG_NOT_OURS)
		return ingress(ctx, &flow, MG_FORWARD, fate);
	return egress(ctx, &flow, &end, verdict, fate);
}

char _license[] SEC("license") = "Dual BSD/GPL";
