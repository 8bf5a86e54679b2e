/* SPDX-License-Identifier: BSD-2-Clause */
/* The two programs, and what becomes of a frame by its verdict: bpf/README.md. */
#include "model.h"

#include <linux/bpf.h>
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
	if (verdict != MG_FORWARD)
		return verdict;
	model_learn(model, packet);
	if (model->site[ret->site].encap != MG_ENCAP_LOCAL)
		return MG_FORWARD;
	/* This router is the site: one of its own instances. */
	verdict = model_steer(model, MG_SCOPE_EGRESS, packet, ret);
	return verdict == MG_NOT_OURS ? MG_NO_SERVICE : verdict;
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

/* From the frame's headers on, which gave this verdict. */
static void ingress(struct model *model, struct model_packet *packet, enum mg_verdict verdict,
		    size_t len, struct model_outcome *ret)
{
	struct model_way way = { 0 };

	packet->vrf = model->vrf;
	if (verdict == MG_FORWARD)
		verdict = decide(model, MG_SCOPE_INGRESS, packet, &way);
	if (verdict == MG_FORWARD)
		verdict = model_send(model, packet, len, &way, ret);
	if (verdict == MG_TOO_BIG || verdict == MG_UNREACHABLE)
		verdict = model_answer(model, packet, &way, verdict, ret);
	if (verdict == MG_FORWARD)
		model_observe(model, packet, &way.count);
	ret->load = verdict == MG_FORWARD && way.count.observed ? way.count.member : 0;
	ret->verdict = verdict;
	ret->action = ingress_action(verdict, ret->action);
	ret->member = verdict == MG_FORWARD ? way.member : 0;
}

static uint32_t egress_action(enum mg_verdict verdict, uint32_t sent)
{
	switch (verdict) {
	case MG_DELIVERED:
	case MG_CONNECTED:
		return sent;
	case MG_NOT_OURS:
	case MG_NOT_TUNNEL: /* the router's own sessions */
	case MG_ROUTED:
		return XDP_PASS;
	default:
		return XDP_DROP;
	}
}

/* Of a packet out of a tunnel: where to, and as what it is counted then. */
static enum mg_verdict egress_way(struct model *model, struct model_packet *packet,
				  const struct mg_endpoint *end, struct model_way *ret,
				  enum mg_verdict *ret_sent)
{
	if (end->behavior == MG_END_DX4 || end->behavior == MG_END_DX6) {
		*ret_sent = MG_CONNECTED;
		return model_connect(model, packet, end, ret);
	}
	*ret_sent = MG_DELIVERED;
	return decide(model, MG_SCOPE_EGRESS, packet, ret);
}

static void egress(struct model *model, struct model_packet *outer, enum mg_verdict verdict,
		   size_t len, struct model_outcome *ret)
{
	const struct mg_endpoint *end = NULL;
	enum mg_verdict sent = MG_FORWARD;
	struct model_packet packet;
	struct model_way way = { 0 };

	if (verdict == MG_FORWARD)
		verdict = model_strip(model, outer, len, &end, &packet);
	if (verdict == MG_FORWARD)
		verdict = egress_way(model, &packet, end, &way, &sent);
	if (verdict == MG_FORWARD)
		verdict = model_send(model, &packet, len, &way, ret);
	if (verdict == MG_FORWARD)
		verdict = sent;
	if (verdict == MG_NOT_OURS && end) /* it was for us, but what is inside is not */
		verdict = end->flags & MG_KERNEL ? MG_ROUTED : MG_NO_SERVICE;
	if (verdict == MG_ROUTED)
		model_route(&packet, len, ret);
	ret->verdict = verdict;
	ret->action = egress_action(verdict, ret->action);
	ret->member = verdict == MG_DELIVERED ? way.member : 0;
}

void model_ingress(struct model *model, const uint8_t *frame, size_t len, struct model_outcome *ret)
{
	struct model_packet packet;
	enum mg_verdict verdict = model_parse(frame, len, &packet);

	unchanged(frame, len, ret);
	ingress(model, &packet, verdict, len, ret);
}

void model_egress(struct model *model, const uint8_t *frame, size_t len, struct model_outcome *ret)
{
	struct model_packet outer;
	enum mg_verdict verdict = model_parse(frame, len, &outer);

	unchanged(frame, len, ret);
	egress(model, &outer, verdict, len, ret);
}

void model_edge(struct model *model, const uint8_t *frame, size_t len, struct model_outcome *ret)
{
	struct model_packet packet;
	enum mg_verdict verdict = model_parse(frame, len, &packet);

	unchanged(frame, len, ret);
	if (verdict == MG_FORWARD && model->endpoint(packet.dst))
		egress(model, &packet, verdict, len, ret);
	else
		ingress(model, &packet, verdict, len, ret);
}
