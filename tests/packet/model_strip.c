/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of a tunnel: what is taken, and what is in it. */
#include "model.h"

#include <flow.h>
#include <netinet/in.h>
#include <string.h>

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

/* Where the inner packet is, and of which family. Headers between are read as far as the frame
 * goes: what is behind the outer packet is told by the inner one's end. */
struct inside {
	size_t at;
	bool v4;
};

static enum mg_verdict inside_gre(const struct model_packet *outer, size_t len, struct inside *ret)
{
	const uint8_t *gre = outer->frame + outer->payload;
	size_t size = 4;

	if (len - outer->payload < size)
		return MG_TRUNCATED;
	/* RFC 2784 section 2: of the first six bits only key and sequence (RFC 2890) are known; the
	 * version is zero. A checksum would have to be verified. */
	if (gre[0] & 0xcc || gre[1] & 7)
		return MG_NOT_TUNNEL;
	if (read16(gre + 2) != 0x0800 && read16(gre + 2) != 0x86dd)
		return MG_NOT_TUNNEL;
	size += gre[0] & 0x20 ? 4 : 0;
	size += gre[0] & 0x10 ? 4 : 0;
	if (len - outer->payload < size)
		return MG_TRUNCATED;
	*ret = (struct inside){ outer->payload + size, read16(gre + 2) == 0x0800 };
	return MG_FORWARD;
}

static enum mg_verdict inside_vxlan(const struct model_packet *outer, size_t len, uint32_t vni,
				    struct inside *ret)
{
	const uint8_t *vxlan = outer->frame + outer->payload + 8, *eth = vxlan + 8;

	if (len - outer->payload < 8 + 8 + 14)
		return MG_TRUNCATED;
	if (!(vxlan[0] & 0x08) || read32(vxlan + 4) >> 8 != vni || eth[0] & 1)
		return MG_NOT_TUNNEL;
	if (read16(eth + 12) != 0x0800 && read16(eth + 12) != 0x86dd)
		return MG_NOT_TUNNEL;
	*ret = (struct inside){ outer->payload + 8 + 8 + 14, read16(eth + 12) == 0x0800 };
	return MG_FORWARD;
}

static uint32_t kinds_of(const struct model_packet *outer)
{
	switch (outer->proto) {
	case IPPROTO_IPIP:
	case IPPROTO_IPV6:
		return 1 << MG_ENCAP_IPIP | (outer->v4 ? 0 : 1 << MG_ENCAP_SRV6);
	case IPPROTO_GRE:
		return 1 << MG_ENCAP_GRE;
	case IPPROTO_UDP:
		return outer->dport == 4789 ? 1 << MG_ENCAP_VXLAN : 0;
	default:
		return 0;
	}
}

static enum mg_verdict inside_of(const struct model_packet *outer, size_t len,
				 const struct mg_endpoint *end, struct inside *ret)
{
	if (outer->proto == IPPROTO_GRE)
		return inside_gre(outer, len, ret);
	if (outer->proto == IPPROTO_UDP)
		return inside_vxlan(outer, len, end->vni, ret);
	*ret = (struct inside){ outer->payload, outer->proto == IPPROTO_IPIP };
	return MG_FORWARD;
}

static bool family_taken(enum mg_behavior behavior, bool v4)
{
	if (behavior == MG_END_DT4 || behavior == MG_END_DX4)
		return v4;
	if (behavior == MG_END_DT6 || behavior == MG_END_DX6)
		return !v4;
	return true;
}

enum mg_verdict model_strip(const struct model *model, const struct model_packet *outer, size_t len,
			    const struct mg_endpoint **ret_end, struct model_packet *ret)
{
	const struct mg_endpoint *end = model->endpoint(outer->dst);
	enum mg_verdict verdict;
	struct inside inside;

	*ret_end = end;
	if (!end)
		return MG_NOT_OURS;
	if (!(end->strip & kinds_of(outer)))
		return MG_NOT_TUNNEL;
	if (outer->fragment)
		return MG_TUNNEL_FRAGMENT;
	verdict = inside_of(outer, len, end, &inside);
	if (verdict != MG_FORWARD)
		return verdict;
	if (!family_taken(end->behavior, inside.v4))
		return MG_WRONG_FAMILY;
	verdict = model_parse_ip(outer->frame, inside.at, len, inside.v4, ret);
	ret->link = outer->link;
	ret->vrf = (uint8_t)end->vrf;
	if (verdict != MG_FORWARD && verdict != MG_NOT_OURS) /* a waypoint's may be the kernel's */
		return verdict;
	if (ret->end > outer->end)
		return MG_TRUNCATED; /* only the inner length tells packet from padding */
	if (!congestion(outer->tos & 3, ret))
		return MG_CONGESTED;
	if (end->flags & MG_UNIFORM) {
		ret->tos = (outer->tos & 0xfc) | (ret->tos & 3);
		ret->ttl = outer->ttl < ret->ttl ? outer->ttl : ret->ttl;
	}
	return verdict;
}

enum mg_verdict model_connect(const struct model *model, const struct model_packet *packet,
			      const struct mg_endpoint *end, struct model_way *ret)
{
	const struct mg_site *site = &model->site[end->site];
	struct model_packet flow = *packet;

	if (site->state != MG_UP || site->encap != MG_ENCAP_NONE)
		return MG_NO_MEMBER;
	if (flow.fragment)
		flow.sport = flow.dport = 0; /* siblings have none */
	ret->site = end->site;
	ret->hash = model_hash(model, &flow, &(struct mg_service){ 0 });
	return model_nexthop(model, ret);
}
