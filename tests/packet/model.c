/* SPDX-License-Identifier: BSD-2-Clause */
/* The two programs, and what becomes of a frame by its verdict: bpf/README.md. */
#include "model.h"

#include <linux/bpf.h>
#include <netinet/in.h>
#include <string.h>

static void unchanged(const uint8_t *frame, size_t len, struct model_outcome *ret)
{
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->frame, frame, len);
	ret->len = len;
}

static enum mg_verdict decide(struct model *model, uint8_t scope, struct model_packet *packet,
			      struct model_way *ret)
{
	enum mg_verdict verdict = model_quote(model, scope, packet);

	if (verdict != MG_FORWARD)
		return verdict;
	model_recall(model, packet);
	verdict = model_steer(model, scope, packet, ret);
	if (verdict == MG_FORWARD)
		model_learn(model, packet);
	return verdict;
}

static uint32_t ingress_action(enum mg_verdict verdict, uint32_t sent)
{
	switch (verdict) {
	case MG_FORWARD:
		return sent;
	case MG_TOO_BIG_TOLD:
	case MG_UNREACHABLE:
		return XDP_TX;
	case MG_NOT_OURS:
	case MG_TTL_EXPIRED:
	case MG_LAST_RESORT:
		return XDP_PASS;
	default:
		return XDP_DROP;
	}
}

void model_ingress(struct model *model, const uint8_t *frame, size_t len, struct model_outcome *ret)
{
	struct model_packet packet;
	struct model_way way = { 0 };
	enum mg_verdict verdict = model_parse(frame, len, &packet);

	unchanged(frame, len, ret);
	if (verdict == MG_FORWARD)
		verdict = decide(model, MG_SCOPE_INGRESS, &packet, &way);
	if (verdict == MG_FORWARD)
		verdict = model_send(model, &packet, len, &way, ret);
	if (verdict == MG_TOO_BIG || verdict == MG_UNREACHABLE)
		verdict = model_answer(model, &packet, &way, verdict, ret);
	ret->verdict = verdict;
	ret->action = ingress_action(verdict, ret->action);
	ret->member = verdict == MG_FORWARD ? way.member : 0;
}

/* RFC 6040 section 4.2, figure 4. false: to be dropped. */
static bool congestion(uint8_t outer, struct model_packet *inner)
{
	enum { NOT_ECT = 0, ECT1 = 1, ECT0 = 2, CE = 3 };

	if (inner->ecn == NOT_ECT)
		return outer != CE;
	if (outer == CE)
		inner->ecn = CE;
	else if (outer == ECT1 && inner->ecn == ECT0)
		inner->ecn = ECT1;
	return true;
}

/* What is in a tunnel that ends here. */
static enum mg_verdict strip(const struct model *model, const struct model_packet *outer,
			     size_t len, struct model_packet *ret)
{
	const struct mg_endpoint *endpoint = model->endpoint(outer->dst);
	uint32_t kinds = 1 << MG_ENCAP_IPIP | (outer->v4 ? 0 : 1 << MG_ENCAP_SRV6);
	enum mg_verdict verdict;

	if (!endpoint)
		return MG_NOT_OURS;
	if (outer->proto != IPPROTO_IPIP && outer->proto != IPPROTO_IPV6)
		return MG_NOT_TUNNEL;
	if (!(endpoint->strip & kinds))
		return MG_NOT_TUNNEL;
	if (outer->fragment)
		return MG_TUNNEL_FRAGMENT;
	verdict = model_parse_ip(outer->frame, outer->payload, len, outer->proto == IPPROTO_IPIP,
				 ret);
	if (verdict != MG_FORWARD && verdict != MG_NOT_OURS)
		return verdict;
	if (ret->end > outer->end)
		return MG_TRUNCATED; /* only the inner length tells packet from padding */
	if (!congestion(outer->tos & 3, ret))
		return MG_CONGESTED;
	return verdict == MG_NOT_OURS ? MG_NO_SERVICE : verdict;
}

void model_egress(struct model *model, const uint8_t *frame, size_t len, struct model_outcome *ret)
{
	struct model_packet outer, packet;
	struct model_way way = { 0 };
	enum mg_verdict verdict = model_parse(frame, len, &outer);

	unchanged(frame, len, ret);
	if (verdict == MG_FORWARD)
		verdict = strip(model, &outer, len, &packet);
	if (verdict == MG_FORWARD) {
		verdict = decide(model, MG_SCOPE_EGRESS, &packet, &way);
		verdict = verdict == MG_NOT_OURS ? MG_NO_SERVICE : verdict;
	}
	if (verdict == MG_FORWARD)
		verdict = model_send(model, &packet, len, &way, ret);
	if (verdict == MG_FORWARD)
		verdict = MG_DELIVERED;
	ret->verdict = verdict;
	ret->member = verdict == MG_DELIVERED ? way.member : 0;
	if (verdict == MG_NOT_OURS || verdict == MG_NOT_TUNNEL)
		ret->action = XDP_PASS;
	else if (verdict != MG_DELIVERED)
		ret->action = XDP_DROP;
}
