/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The client side: a packet for a service address goes into a tunnel to the site of its flow. */
#include "ingress.h"

SEC("xdp.frags")
int mg_ingress(struct xdp_md *ctx)
{
	struct trace_fate fate = trace_fate_of(ctx, MG_TRACE_INGRESS);
	enum mg_verdict verdict;
	struct flow flow = {};

	flow.service.scope = MG_SCOPE_INGRESS;
	verdict = mg_parse(ctx, &flow);
	fate.len = frame_len(ctx, &flow, fate.len);
	return ingress(ctx, &flow, verdict, fate);
}

char _license[] SEC("license") = "Dual BSD/GPL";
