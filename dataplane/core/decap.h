/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The end of a tunnel: is the packet for an endpoint of ours, and what is in it. Nothing is
 * touched; the outer headers go when encap_room() is made from the inner packet's offset.
 */
#pragma once
#include "encap.h"

/* What packet_frame() can have read at most: the verifier asks for a bound. */
#define DECAP_HEADERS_MAX (18 + 40 + MG_EXTENSIONS_MAX * 2048)

/* NULL: no such endpoint. Supplied by target.h. */
static MG_INLINE const struct mg_endpoint *table_endpoint(const struct mg_endpoint_key *key);

static MG_INLINE enum mg_verdict decap_endpoint(const struct flow *outer)
{
	struct mg_endpoint_key key;
	const struct mg_endpoint *endpoint;

	__builtin_memcpy(key.addr, outer->service.addr, sizeof(key.addr));
	endpoint = table_endpoint(&key);
	if (!endpoint)
		return MG_NOT_OURS;
	/* Sessions of the router itself may end at the same address. */
	if (outer->service.proto != PROTO_IPV4 && outer->service.proto != PROTO_IPV6)
		return MG_NOT_TUNNEL;
	if (!(endpoint->strip & (1 << MG_ENCAP_IPIP | 1 << MG_ENCAP_SRV6)))
		return MG_NOT_TUNNEL;
	return outer->fragment ? MG_TUNNEL_FRAGMENT : MG_FORWARD;
}

/* RFC 6040 section 4.2: the inner mark after the tunnel; CE cannot be put on a packet whose sender
 * would not understand it. */
static MG_INLINE enum mg_verdict decap_ecn(const struct flow *outer, struct flow *inner)
{
	if (outer->ecn == ECN_CE && !inner->ecn)
		return MG_CONGESTED;
	if (outer->ecn == ECN_CE || (outer->ecn == ECN_ECT1 && inner->ecn == ECN_ECT0))
		inner->ecn = outer->ecn;
	return MG_FORWARD;
}

/* Out of a tunnel it was for us; and what no service takes must not go back to the core. There is
 * no last resort here: the way back to the sender is not the one by which the tunnel came, and the
 * kernel's route may lead to another site. */
static MG_INLINE enum mg_verdict decap_verdict(enum mg_verdict verdict)
{
	switch (verdict) {
	case MG_NOT_OURS:
		return MG_NO_SERVICE;
	case MG_UNREACHABLE:
	case MG_LAST_RESORT:
		return MG_NO_MEMBER;
	default:
		return verdict;
	}
}

/* The cursor stands at the frame's start: this much of it is outer headers. */
static MG_INLINE enum mg_verdict decap_inner(struct packet *pkt, const struct flow *outer,
					     struct flow *ret)
{
	enum mg_verdict verdict;

	ret->offset = outer->payload;
	if (ret->offset > DECAP_HEADERS_MAX || !packet_pull(pkt, ret->offset))
		return MG_TRUNCATED;
	if (outer->service.proto == PROTO_IPV4)
		verdict = packet_ipv4(pkt, ret);
	else
		verdict = packet_ipv6(pkt, ret);
	if (verdict != MG_FORWARD)
		return decap_verdict(verdict);
	if (ret->offset + ret->len > outer->offset + outer->len)
		return MG_TRUNCATED; /* what is behind the outer packet is padding */
	return decap_ecn(outer, ret);
}
