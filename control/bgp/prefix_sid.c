/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/prefix_sid.h"
#include "bgp/attr_rules.h"

#include <errno.h>

#define TLV_SRV6_L3_SERVICE 5
#define SUB_SID_INFORMATION 1
#define SUB_SID_STRUCTURE   1 /* in a numbering of its own */
#define SID_LEN             16
#define SID_BITS            (8 * SID_LEN)
#define STRUCTURE_LEN       6
#define BEHAVIOR_OPAQUE     0xffff
#define LABEL_BITS          20 /* of the three octets in front of a prefix, the first ones */
#define LABEL_OCTETS_BITS   24

/* RFC 8986 section 10.2 */
bool prefix_sid_behavior_usable(uint16_t behavior)
{
	switch (behavior) {
	case 16: /* End.DX6 */
	case 17: /* End.DX4 */
	case 18: /* End.DT6 */
	case 19: /* End.DT4 */
	case 20: /* End.DT46 */
	case 60: /* the same with NEXT-CSID, RFC 9800 */
	case 61:
	case 62:
	case 63:
	case 64:
		return true;
	default:
		return false;
	}
}

/* RFC 9252 section 3.2.1. *ret_usable: lengths that can be. */
static int structure_decode(struct cursor *c, struct prefix_sid *sid, bool *ret_usable)
{
	unsigned int bits;

	if (cursor_left(c) != STRUCTURE_LEN)
		return -EBADMSG;
	bits = cursor_u8(c); /* locator block, node, function, argument */
	for (int i = 0; i < 3; i++)
		bits += cursor_u8(c);
	sid->moved = cursor_u8(c);
	sid->moved_at = cursor_u8(c);
	*ret_usable = bits <= SID_BITS && sid->moved <= LABEL_BITS &&
		      sid->moved + sid->moved_at <= SID_BITS;
	return 0;
}

/* What the SID does may be kept to itself (RFC 9252 section 3.1), and FRR says so of every SID that
 * it passes on: it ends in an IP packet all the same, or it would be no SID of an L3 service. */
bool prefix_sid_usable(const struct bgp_tunnel *tunnel)
{
	return !addr_is_zero(&tunnel->endpoint) && (tunnel->behavior == BEHAVIOR_OPAQUE ||
						    prefix_sid_behavior_usable(tunnel->behavior));
}

/* RFC 9252 section 3.1: the value, after type and length. */
static int sid_decode(struct cursor *c, struct prefix_sid *ret)
{
	struct prefix_sid decoded = { .tunnel.kind = BGP_TUNNEL_SRV6 };
	struct bgp_tunnel *tunnel = &decoded.tunnel;
	const uint8_t *sid;
	bool usable = true;

	cursor_u8(c); /* reserved */
	sid = cursor_take(c, SID_LEN);
	cursor_u8(c); /* flags, none defined */
	tunnel->behavior = cursor_u16(c);
	cursor_u8(c); /* reserved */
	if (c->bad)
		return -EBADMSG;
	memcpy(tunnel->endpoint.octet, sid, SID_LEN);

	while (cursor_left(c)) {
		uint8_t type = cursor_u8(c);
		struct cursor value = cursor_sub(c, cursor_u16(c));

		if (c->bad)
			return -EBADMSG;
		if (type == SUB_SID_STRUCTURE && structure_decode(&value, &decoded, &usable) < 0)
			return -EBADMSG;
	}
	if (usable && prefix_sid_usable(tunnel))
		*ret = decoded;
	return 0;
}

/* RFC 9252 section 2: of several SIDs the first is used. */
static int service_decode(struct cursor *c, struct prefix_sid *ret)
{
	bool seen = false;

	cursor_u8(c); /* reserved */
	if (c->bad)
		return -EBADMSG;
	while (cursor_left(c)) {
		uint8_t type = cursor_u8(c);
		struct cursor value = cursor_sub(c, cursor_u16(c));

		if (c->bad)
			return -EBADMSG;
		if (type != SUB_SID_INFORMATION || seen)
			continue;
		seen = true;
		if (sid_decode(&value, ret) < 0)
			return -EBADMSG;
	}
	return 0;
}

int prefix_sid_decode(struct cursor *c, struct prefix_sid *ret)
{
	struct prefix_sid sid = { .tunnel.kind = BGP_TUNNEL_NONE };
	bool seen = false;

	while (cursor_left(c)) {
		uint8_t type = cursor_u8(c);
		struct cursor value = cursor_sub(c, cursor_u16(c));

		if (c->bad)
			return -EBADMSG;
		if (type != TLV_SRV6_L3_SERVICE || seen)
			continue; /* unknown; or a second one: ignored, not malformed (section 7) */
		seen = true;
		if (service_decode(&value, &sid) < 0)
			return -EBADMSG;
	}
	*ret = sid;
	return 0;
}

/* Bit n of the SID, counted from its front, is in octet n / 8. The bits that were moved are the
 * first ones of the label. */
struct bgp_tunnel prefix_sid_tunnel(const struct prefix_sid *sid, uint32_t label)
{
	struct bgp_tunnel tunnel = sid->tunnel;

	for (unsigned int i = 0; i < sid->moved; i++) {
		unsigned int at = sid->moved_at + i, bit = 0x80u >> at % 8;
		uint8_t *octet = &tunnel.endpoint.octet[at / 8];
		bool set = label >> (LABEL_OCTETS_BITS - 1 - i) & 1;

		*octet = (uint8_t)(set ? *octet | bit : *octet & ~bit);
	}
	return prefix_sid_usable(&tunnel) ? tunnel : (struct bgp_tunnel){ 0 };
}

int decode_prefix_sid(struct attr_set *set, struct cursor *c)
{
	struct cursor copy = *c;

	if (prefix_sid_decode(&copy, &set->sid) < 0)
		return -EBADMSG;
	if (!set->sid.moved) /* else for prefixes with labels only: update.c */
		set->path->tunnel = set->sid.tunnel;
	return attr_keep(set, c, &set->path->prefix_sid);
}

void prefix_sid_encode(const struct bgp_tunnel *tunnel, struct writer *w)
{
	uint8_t *service, *sid;

	writer_u8(w, TLV_SRV6_L3_SERVICE);
	service = writer_len_open(w, 2);
	writer_u8(w, 0);
	writer_u8(w, SUB_SID_INFORMATION);
	sid = writer_len_open(w, 2);
	writer_u8(w, 0);
	writer_bytes(w, tunnel->endpoint.octet, SID_LEN);
	writer_u8(w, 0);
	writer_u16(w, tunnel->behavior);
	writer_u8(w, 0);
	writer_len_close(w, sid, 2);
	writer_len_close(w, service, 2);
}

bool encode_prefix_sid(const struct attr_source *source, struct writer *w)
{
	const struct bgp_path *path = source->path;

	if (path->prefix_sid.len)
		writer_bytes(w, path->prefix_sid.at, path->prefix_sid.len);
	else if (attr_path_is_own(path) && path->tunnel.kind == BGP_TUNNEL_SRV6)
		prefix_sid_encode(&path->tunnel, w);
	else
		return false;
	return true;
}
