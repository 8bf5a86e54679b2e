/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/tunnel_encap.h"
#include "bgp/attr_rules.h"

#include <errno.h>

#define TUNNEL_IPIP         7
#define SUB_EGRESS_ENDPOINT 6
#define SUB_LONG_LENGTH     0x80 /* sub-TLVs of this type and above have two octets of length */
#define AFI_NEXT_HOP        0

/* RFC 9012 section 3.1. False: malformed. */
static bool endpoint_decode(struct cursor *c, struct addr *ret)
{
	uint16_t afi;

	cursor_u32(c); /* reserved */
	afi = cursor_u16(c);
	if (afi == AFI_NEXT_HOP && !c->bad && !cursor_left(c))
		*ret = (struct addr){ { 0 } };
	else if (afi == nlri_afi(BGP_IPV4_UNICAST) && cursor_left(c) == 4)
		*ret = addr_of_v4(cursor_take(c, 4));
	else if (afi == nlri_afi(BGP_IPV6_UNICAST) && cursor_left(c) == 16)
		memcpy(ret->octet, cursor_take(c, 16), 16);
	else
		return false;
	return afi == AFI_NEXT_HOP || !addr_is_zero(ret);
}

/* False: the TLV is to be left out, because its endpoint is malformed or missing. */
static bool tunnel_decode(struct cursor *c, struct addr *ret)
{
	bool seen = false;

	while (cursor_left(c)) {
		uint8_t type = cursor_u8(c);
		size_t len = type & SUB_LONG_LENGTH ? cursor_u16(c) : cursor_u8(c);
		struct cursor value = cursor_sub(c, len);

		if (c->bad)
			return false;
		if (type != SUB_EGRESS_ENDPOINT || seen)
			continue; /* RFC 9012 section 12: of several the first one counts */
		seen = true;
		if (!endpoint_decode(&value, ret))
			return false;
	}
	return seen;
}

int tunnel_encap_decode(struct cursor *c, struct bgp_tunnel *ret)
{
	struct bgp_tunnel tunnel = { .kind = BGP_TUNNEL_NONE };

	if (!cursor_left(c))
		return -EBADMSG;
	while (cursor_left(c)) {
		uint16_t type = cursor_u16(c);
		struct cursor value = cursor_sub(c, cursor_u16(c));

		if (c->bad)
			return -EBADMSG;
		if (type == TUNNEL_IPIP && tunnel.kind == BGP_TUNNEL_NONE &&
		    tunnel_decode(&value, &tunnel.endpoint))
			tunnel.kind = BGP_TUNNEL_IPIP;
	}
	if (tunnel.kind == BGP_TUNNEL_NONE)
		tunnel.endpoint = (struct addr){ { 0 } };
	*ret = tunnel;
	return 0;
}

int decode_tunnel_encap(struct attr_set *set, struct cursor *c)
{
	struct cursor copy = *c;
	struct bgp_tunnel tunnel;

	if (tunnel_encap_decode(&copy, &tunnel) < 0)
		return -EBADMSG;
	set->encap = tunnel;
	return attr_keep(set, c, &set->path->tunnel_encap);
}

static void endpoint_encode(const struct addr *endpoint, struct writer *w)
{
	bool v4 = addr_is_v4(endpoint);

	writer_u32(w, 0);
	if (addr_is_zero(endpoint)) {
		writer_u16(w, AFI_NEXT_HOP);
		return;
	}
	writer_u16(w, nlri_afi(v4 ? BGP_IPV4_UNICAST : BGP_IPV6_UNICAST));
	writer_bytes(w, endpoint->octet + (v4 ? 12 : 0), v4 ? 4 : 16);
}

void tunnel_encap_encode(const struct bgp_tunnel *tunnel, struct writer *w)
{
	uint8_t *all, *endpoint;

	writer_u16(w, TUNNEL_IPIP);
	all = writer_len_open(w, 2);
	writer_u8(w, SUB_EGRESS_ENDPOINT);
	endpoint = writer_len_open(w, 1);
	endpoint_encode(&tunnel->endpoint, w);
	writer_len_close(w, endpoint, 1);
	writer_len_close(w, all, 2);
}

bool encode_tunnel_encap(const struct attr_source *source, struct writer *w)
{
	const struct bgp_path *path = source->path;

	if (path->tunnel_encap.len)
		writer_bytes(w, path->tunnel_encap.at, path->tunnel_encap.len);
	else if (attr_path_is_own(path) && path->tunnel.kind == BGP_TUNNEL_IPIP)
		tunnel_encap_encode(&path->tunnel, w);
	else
		return false;
	return true;
}
