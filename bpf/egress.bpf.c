/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The core side: nothing but what comes out of a tunnel is steered here. */
#include "egress.h"

SEC("xdp.frags")
int mg_egress(struct xdp_md *ctx)
{
	struct trace_fate fate = trace_fate_of(ctx, MG_TRACE_EGRESS);
	enum mg_verdict verdict;
	struct mg_endpoint end = {};
	struct flow outer = {};

	verdict = mg_parse(ctx, &outer);
	fate.len = frame_len(ctx, &outer, fate.len);
	if (verdict == MG_FORWARD)
		verdict = decap_endpoint(&outer, &end);
	return egress(ctx, &outer, &end, verdict, fate);
}

char _license[] SEC("license") = "Dual BSD/GPL";
