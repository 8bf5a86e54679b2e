/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/tunnel_encap.h"
#include "bgp/attr_rules.h"

#include <errno.h>

#define SUB_ENCAPSULATION   1
#define SUB_EGRESS_ENDPOINT 6
#define SUB_UDP_PORT        8
#define SUB_LONG_LENGTH     0x80 /* sub-TLVs of this type and above have two octets of length */
#define AFI_NEXT_HOP        0
#define VXLAN_PORT          4789 /* RFC 7348; mg_site has no other */
#define VXLAN_HAS_VNI       0x80
#define VXLAN_HAS_MAC       0x40
#define VXLAN_LEN           12

/* RFC 9012 section 13.1: those that we can encapsulate for. */
static const uint16_t tunnel_types[BGP_TUNNEL_COUNT] = {
	[BGP_TUNNEL_GRE] = 2, [BGP_TUNNEL_IPIP] = 7, [BGP_TUNNEL_VXLAN] = 8
};

static enum bgp_tunnel_kind kind_of(uint16_t type)
{
	enum bgp_tunnel_kind kind = BGP_TUNNEL_NONE;

	while (kind < BGP_TUNNEL_COUNT && (!tunnel_types[kind] || tunnel_types[kind] != type))
		kind++;
	return kind < BGP_TUNNEL_COUNT ? kind : BGP_TUNNEL_NONE;
}

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

/* RFC 9012 section 3.2.1. Without a VNI the network would be told by a label, which these families
 * do not have. */
static bool vxlan_decode(struct cursor *c, struct bgp_tunnel *ret)
{
	uint8_t flags = cursor_u8(c);
	uint32_t vni = (uint32_t)cursor_uint(c, 3);
	const uint8_t *mac = cursor_take(c, sizeof(ret->mac));

	cursor_u16(c); /* reserved */
	if (c->bad || cursor_left(c) || !(flags & VXLAN_HAS_VNI))
		return false;
	ret->vni = vni;
	if (flags & VXLAN_HAS_MAC)
		memcpy(ret->mac, mac, sizeof(ret->mac));
	return true;
}

/* What kind of tunnel it is says what its Encapsulation sub-TLV holds: a GRE key (section 3.2.3),
 * which we do not send; for IP-in-IP there is none, so it is ignored. */
static bool encapsulation_decode(struct cursor *c, struct bgp_tunnel *ret)
{
	if (ret->kind == BGP_TUNNEL_VXLAN)
		return vxlan_decode(c, ret);
	return ret->kind != BGP_TUNNEL_GRE;
}

static bool udp_port_decode(struct cursor *c, struct bgp_tunnel *ret)
{
	return ret->kind != BGP_TUNNEL_VXLAN ||
	       (cursor_left(c) == 2 && cursor_u16(c) == VXLAN_PORT);
}

/* False: the sub-TLV is malformed, or asks for what we cannot do. */
static bool sub_decode(uint8_t type, struct cursor *c, struct bgp_tunnel *ret)
{
	switch (type) {
	case SUB_ENCAPSULATION:
		return encapsulation_decode(c, ret);
	case SUB_EGRESS_ENDPOINT:
		return endpoint_decode(c, &ret->endpoint);
	case SUB_UDP_PORT:
		return udp_port_decode(c, ret);
	default:
		return true;
	}
}

/* False: the TLV is to be left out, because something in it is malformed, unfit or missing. */
static bool tunnel_decode(struct cursor *c, struct bgp_tunnel *ret)
{
	uint64_t seen = 0;

	while (cursor_left(c)) {
		uint8_t type = cursor_u8(c);
		size_t len = type & SUB_LONG_LENGTH ? cursor_u16(c) : cursor_u8(c);
		struct cursor value = cursor_sub(c, len);

		if (c->bad)
			return false;
		if (type >= 64 || seen >> type & 1)
			continue; /* RFC 9012 section 12: of several the first one counts */
		seen |= 1ull << type;
		if (!sub_decode(type, &value, ret))
			return false;
	}
	if (ret->kind == BGP_TUNNEL_VXLAN && !(seen >> SUB_ENCAPSULATION & 1))
		return false;
	return seen >> SUB_EGRESS_ENDPOINT & 1;
}

int tunnel_encap_decode(struct cursor *c, struct bgp_tunnel *ret)
{
	struct bgp_tunnel first = { .kind = BGP_TUNNEL_NONE };

	if (!cursor_left(c))
		return -EBADMSG;
	while (cursor_left(c)) {
		struct bgp_tunnel tunnel = { .kind = kind_of(cursor_u16(c)) };
		struct cursor value = cursor_sub(c, cursor_u16(c));

		if (c->bad)
			return -EBADMSG;
		if (first.kind == BGP_TUNNEL_NONE && tunnel.kind != BGP_TUNNEL_NONE &&
		    tunnel_decode(&value, &tunnel))
			first = tunnel;
	}
	*ret = first;
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

static void vxlan_encode(const struct bgp_tunnel *tunnel, struct writer *w)
{
	static const uint8_t none[sizeof(tunnel->mac)];
	bool has_mac = memcmp(tunnel->mac, none, sizeof(none)) != 0;

	writer_u8(w, SUB_ENCAPSULATION);
	writer_u8(w, VXLAN_LEN);
	writer_u8(w, VXLAN_HAS_VNI | (has_mac ? VXLAN_HAS_MAC : 0));
	writer_uint(w, tunnel->vni, 3);
	writer_bytes(w, tunnel->mac, sizeof(tunnel->mac));
	writer_u16(w, 0);
}

void tunnel_encap_encode(const struct bgp_tunnel *tunnel, struct writer *w)
{
	uint8_t *all, *endpoint;

	writer_u16(w, tunnel_types[tunnel->kind]);
	all = writer_len_open(w, 2);
	if (tunnel->kind == BGP_TUNNEL_VXLAN)
		vxlan_encode(tunnel, w);
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
	else if (attr_path_is_own(path) && tunnel_types[path->tunnel.kind])
		tunnel_encap_encode(&path->tunnel, w);
	else
		return false;
	return true;
}
