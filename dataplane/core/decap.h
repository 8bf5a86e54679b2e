/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The end of a tunnel: is the packet for an endpoint of ours, and what is in it. Nothing is
 * touched; the outer headers go when encap_room() is made from the inner packet's offset.
 */
#pragma once
#include "encap.h"

/* What packet_frame() can have read at most, and a shim: the verifier asks for a bound. */
#define DECAP_SHIM_MAX    sizeof(struct vxlan_header)
#define DECAP_HEADERS_MAX (LINK_MAX + 40 + MG_EXTENSIONS_MAX * 2048 + DECAP_SHIM_MAX)

/* NULL: no such endpoint. Supplied by target.h. */
static MG_INLINE const struct mg_endpoint *table_endpoint(const struct mg_endpoint_key *key);

/* Sessions of the router itself may end at the same address. */
static MG_INLINE bool decap_takes(const struct mg_endpoint *end, const struct flow *outer)
{
	switch (outer->service.proto) {
	case PROTO_IPV4:
	case PROTO_IPV6:
		return end->strip & (1 << MG_ENCAP_IPIP | 1 << MG_ENCAP_SRV6);
	case PROTO_GRE:
		return end->strip & 1 << MG_ENCAP_GRE;
	case PROTO_UDP:
		return end->strip & 1 << MG_ENCAP_VXLAN && outer->service.port == VXLAN_PORT;
	default:
		return false;
	}
}

/* *ret is the endpoint's entry as it is now, unless there is none: then MG_NOT_OURS. */
static MG_INLINE enum mg_verdict decap_endpoint(const struct flow *outer, struct mg_endpoint *ret)
{
	struct mg_endpoint_key key;
	const struct mg_endpoint *endpoint;

	__builtin_memcpy(key.addr, outer->service.addr, sizeof(key.addr));
	endpoint = table_endpoint(&key);
	if (!endpoint)
		return MG_NOT_OURS;
	*ret = *endpoint;
	if (!decap_takes(ret, outer))
		return MG_NOT_TUNNEL;
	return outer->fragment ? MG_TUNNEL_FRAGMENT : MG_FORWARD;
}

/* What is between the IP headers? */
static MG_INLINE bool decap_shimmed(const struct flow *outer)
{
	return outer->service.proto == PROTO_GRE || outer->service.proto == PROTO_UDP;
}

/* Reads what is between the IP headers; then outer says what it would without. The cursor stands at
 * the frame's start. */
static MG_INLINE enum mg_verdict decap_shim(struct packet *pkt, const struct mg_endpoint *end,
					    struct flow *outer)
{
	__u32 at = outer->payload, len = sizeof(struct vxlan_header);
	enum mg_verdict verdict;
	__be16 type = 0;

	if (at > DECAP_HEADERS_MAX || !packet_pull(pkt, at))
		return MG_TRUNCATED;
	if (outer->service.proto == PROTO_GRE)
		verdict = gre_read(pkt, &type, &len);
	else
		verdict = vxlan_read(pkt, end->vni, &type);
	if (verdict != MG_FORWARD)
		return verdict;
	if (type != BE16(ETHERTYPE_IPV4) && type != BE16(ETHERTYPE_IPV6))
		return MG_NOT_TUNNEL;
	outer->service.proto = type == BE16(ETHERTYPE_IPV4) ? PROTO_IPV4 : PROTO_IPV6;
	outer->payload = at + len;
	return MG_FORWARD;
}

static MG_INLINE bool decap_refuses(const struct mg_endpoint *end, bool v4)
{
	switch (end->behavior) {
	case MG_END_DT4:
	case MG_END_DX4:
		return !v4;
	case MG_END_DT6:
	case MG_END_DX6:
		return v4;
	default:
		return false;
	}
}

/* RFC 6040 section 4.2: the inner mark after the tunnel; CE cannot be put on a packet whose sender
 * would not understand it. */
static MG_INLINE enum mg_verdict decap_ecn(const struct flow *outer, struct flow *inner)
{
	__u8 out = outer->tos & ECN_MASK, in = inner->tos & ECN_MASK;

	if (out == ECN_CE && !in)
		return MG_CONGESTED;
	if (out == ECN_CE || (out == ECN_ECT1 && in == ECN_ECT0))
		inner->tos = (inner->tos & ~ECN_MASK) | out;
	return MG_FORWARD;
}

/* RFC 2983 section 3, RFC 3443 section 3.1. The TTL never grows: a sender whose outer header starts
 * at its own TTL would give its packets more hops than they had, and a loop no end. */
static MG_INLINE void decap_uniform(const struct flow *outer, struct flow *inner)
{
	inner->tos = (outer->tos & ~ECN_MASK) | (inner->tos & ECN_MASK);
	if (outer->ttl < inner->ttl)
		inner->ttl = outer->ttl;
}

/* The cursor stands at the frame's start: this much of it is outer headers. MG_NOT_OURS: *ret is
 * whole up to the IP header. */
static MG_INLINE enum mg_verdict decap_inner(struct packet *pkt, const struct flow *outer,
					     const struct mg_endpoint *end, struct flow *ret)
{
	bool v4 = outer->service.proto == PROTO_IPV4;
	enum mg_verdict verdict, marks;

	ret->service.vrf = end->vrf;
	ret->offset = outer->payload;
	if (ret->offset > DECAP_HEADERS_MAX || !packet_pull(pkt, ret->offset))
		return MG_TRUNCATED;
	if (decap_refuses(end, v4))
		return MG_WRONG_FAMILY;
	verdict = v4 ? packet_ipv4(pkt, ret) : packet_ipv6(pkt, ret);
	if (verdict != MG_FORWARD && verdict != MG_NOT_OURS)
		return verdict;
	if (ret->offset + ret->len > outer->offset + outer->len)
		return MG_TRUNCATED; /* what is behind the outer packet is padding */
	marks = decap_ecn(outer, ret);
	if (marks != MG_FORWARD)
		return marks;
	if (end->flags & MG_UNIFORM)
		decap_uniform(outer, ret);
	return verdict;
}

/* What no service takes must not go back to the core, but may go to the kernel. There is no last
 * resort here: the way back to the sender is not the one by which the tunnel came, and the kernel's
 * route may lead to another site. */
static MG_INLINE enum mg_verdict decap_verdict(const struct mg_endpoint *end,
					       enum mg_verdict verdict)
{
	switch (verdict) {
	case MG_NOT_OURS:
		return end->flags & MG_KERNEL ? MG_ROUTED : MG_NO_SERVICE;
	case MG_UNREACHABLE:
	case MG_LAST_RESORT:
		return MG_NO_MEMBER;
	default:
		return verdict;
	}
}

static MG_INLINE bool decap_connects(const struct mg_endpoint *end)
{
	return end->behavior == MG_END_DX4 || end->behavior == MG_END_DX6;
}

/* RFC 8986 sections 4.4 and 4.5: to the SID's own next hops, and no service is asked. Fragments
 * are told by their addresses, so that they all take one. */
static MG_INLINE enum mg_verdict decap_connect(const struct flow *flow,
					       const struct mg_endpoint *end, struct way *ret)
{
	enum mg_affinity affinity = flow->fragment ? MG_AFFINITY_CLIENT : MG_AFFINITY_FLOW;
	const struct mg_settings *settings = table_settings();
	const struct mg_site *site = table_site(end->site);

	if (!settings || !site || site->state != MG_UP)
		return MG_NO_MEMBER;
	ret->site = end->site;
	ret->hash = flow_hash(flow, settings->hash_seed, affinity);
	return steer_nexthop(flow, ret);
}

/* For the kernel's routes: the link header as it came, in front of the inner packet, which makes
 * its hop in the kernel. First decap_link() reads, then the frame is cut by decap_room(). */
static MG_INLINE bool decap_link(struct packet *pkt, const struct flow *flow, struct link *ret)
{
	if (!link_read(pkt, ret))
		return false;
	ret->type = link_type(flow->v4);
	return true;
}

static MG_INLINE __s32 decap_room(const struct flow *flow, const struct link *link)
{
	return link_len(link->tags) - flow->offset;
}

static MG_INLINE bool decap_write(struct packet *pkt, const struct flow *flow,
				  const struct link *link)
{
	return link_write(pkt, link) && encap_inner(pkt, flow, 0);
}
