/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* From a client to a site: decide, act, count, answer. */
#pragma once
#include "target.h"

/* Where this router is the site itself, *ret leads to an instance, and *ret_site says which member
 * that made it: it is then local. Else it stays as it was. */
static MG_INLINE enum mg_verdict ingress_decide(struct xdp_md *ctx, struct flow *flow,
						struct way *ret, struct way *ret_site)
{
	enum mg_verdict verdict;

	if (steer_asks_port())
		mg_vrf(ctx, flow);
	verdict = decide(ctx, MG_SCOPE_INGRESS, flow, ret);
	if (verdict == MG_FORWARD)
		count_soon(ret);
	if (verdict != MG_FORWARD || !ret->local)
		return verdict;
	*ret_site = *ret;
	steer_inward(flow, ret);
	verdict = mg_steer(ctx, flow, ret);
	if (!ret->mss)
		ret->mss = ret_site->mss;
	return verdict == MG_NOT_OURS ? MG_NO_SERVICE : verdict;
}

/* What was seen on the way to this router as a site. */
static MG_INLINE void ingress_count(const struct flow *flow, const struct way *site, __u64 bytes)
{
	count_sent(flow, site, bytes);
	if (observe_wanted(flow, site))
		mg_observe(flow, site);
}

/* The way of a frame; verdict is mg_parse()'s, fate is told all but the verdict. */
static MG_INLINE int ingress(struct xdp_md *ctx, struct flow *flow, enum mg_verdict verdict,
			     struct trace_fate fate)
{
	struct way way = {}, site = {};

	if (verdict == MG_FORWARD)
		verdict = ingress_decide(ctx, flow, &way, &site);
	if (verdict == MG_FORWARD)
		verdict = send_any(ctx, flow, &way);
	if (verdict == MG_TOO_BIG || verdict == MG_UNREACHABLE)
		verdict = mg_answer(ctx, flow, &way, fate.len, verdict);

	fate.verdict = verdict;
	count_one(&mg_counters_verdict, verdict, fate.len, false);
	if (verdict != MG_FORWARD && way.service)
		count_one(&mg_counters_service, way.service, fate.len, flow->start);
	trace_end(ctx, flow, &way, fate);
	switch (verdict) {
	case MG_FORWARD:
		count_sent(flow, &way, fate.len);
		if (site.local)
			ingress_count(flow, &site, fate.len);
		else if (observe_wanted(flow, &way))
			mg_observe(flow, &way);
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
