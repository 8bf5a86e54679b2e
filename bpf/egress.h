/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Out of a tunnel: to an instance of the packet's service, to the SID's own next hop, or to the
 * kernel. Nothing that was steered once goes to another site, so that there is no loop.
 */
#pragma once
#include "target.h"

__noinline int mg_shim(struct xdp_md *ctx, const struct mg_endpoint *end, struct flow *outer)
{
	struct packet pkt = packet_of(ctx);

	return outer && end ? decap_shim(&pkt, end, outer) : MG_MALFORMED;
}

/* What is in the tunnel's packet. The outer headers were read by mg_parse(). */
__noinline int mg_inner(struct xdp_md *ctx, const struct flow *outer, const struct mg_endpoint *end,
			struct flow *ret)
{
	struct packet pkt = packet_of(ctx);

	return outer && end && ret ? decap_inner(&pkt, outer, end, ret) : MG_MALFORMED;
}

__noinline int mg_connect(const struct flow *flow, const struct mg_endpoint *end, struct way *ret)
{
	return flow && end && ret ? decap_connect(flow, end, ret) : MG_MALFORMED;
}

/* Leaves the inner packet for the kernel. */
__noinline int mg_route(struct xdp_md *ctx, const struct flow *flow)
{
	struct packet pkt = packet_of(ctx);
	struct link link;

	if (!flow)
		return MG_MALFORMED;
	if (!decap_link(&pkt, flow, &link))
		return MG_TRUNCATED;
	if (bpf_xdp_adjust_head(ctx, -decap_room(flow, &link)))
		return MG_NO_HEADROOM;
	pkt = packet_of(ctx);
	return decap_write(&pkt, flow, &link) ? MG_ROUTED : MG_TRUNCATED;
}

static MG_INLINE enum mg_verdict egress_inner(struct xdp_md *ctx, struct flow *outer,
					      const struct mg_endpoint *end, struct flow *ret)
{
	enum mg_verdict verdict = MG_FORWARD;

	if (decap_shimmed(outer))
		verdict = mg_shim(ctx, end, outer);
	return verdict == MG_FORWARD ? mg_inner(ctx, outer, end, ret) : verdict;
}

static MG_INLINE enum mg_verdict egress_act(struct xdp_md *ctx, struct flow *flow,
					    const struct mg_endpoint *end, struct way *way)
{
	bool connects = decap_connects(end);
	enum mg_verdict verdict;

	verdict = connects ? mg_connect(flow, end, way) : decide(ctx, MG_SCOPE_EGRESS, flow, way);
	if (verdict == MG_FORWARD)
		verdict = send_any(ctx, flow, way);
	if (verdict == MG_FORWARD)
		verdict = connects ? MG_CONNECTED : MG_DELIVERED;
	return verdict;
}

/* The way of a frame; verdict is decap_endpoint()'s, or mg_parse()'s; fate is told all but the
 * verdict. */
static MG_INLINE int egress(struct xdp_md *ctx, struct flow *outer, const struct mg_endpoint *end,
			    enum mg_verdict verdict, struct trace_fate fate)
{
	struct flow flow = { .service.scope = MG_SCOPE_EGRESS };
	struct way way = {};

	if (verdict == MG_FORWARD) {
		verdict = egress_inner(ctx, outer, end, &flow);
		if (verdict == MG_FORWARD)
			verdict = egress_act(ctx, &flow, end, &way);
		verdict = decap_verdict(end, verdict);
	}
	if (verdict == MG_ROUTED)
		verdict = mg_route(ctx, &flow);

	fate.verdict = verdict;
	count_one(&mg_counters_verdict, verdict, fate.len, false);
	if (verdict != MG_DELIVERED && way.service)
		count_one(&mg_counters_service, way.service, fate.len, flow.start);
	trace_end(ctx, flow.len ? &flow : outer, &way, fate);
	switch (verdict) {
	case MG_DELIVERED:
		count_sent(&flow, &way, fate.len);
		return send_action(ctx, &way);
	case MG_CONNECTED:
		return send_action(ctx, &way);
	case MG_ROUTED:
	case MG_NOT_OURS:
	case MG_NOT_TUNNEL: /* the router's own traffic */
		return XDP_PASS;
	default:
		return XDP_DROP;
	}
}
