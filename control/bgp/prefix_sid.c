/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/prefix_sid.h"
#include "bgp/attr_rules.h"

#include <errno.h>

#define TLV_SRV6_L3_SERVICE 5
#define SUB_SID_INFORMATION 1
#define SUB_SID_STRUCTURE   1 /* in a numbering of its own */
#define SID_LEN             16
#define STRUCTURE_LEN       6

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

/* RFC 9252 section 3.2.1. *ret_whole: all bits of the SID stand in the SID. For unicast routes
 * there is no label to hold others (section 5.3), so transposed ones are lost. */
static int structure_decode(struct cursor *c, bool *ret_whole)
{
	unsigned int bits;

	if (cursor_left(c) != STRUCTURE_LEN)
		return -EBADMSG;
	bits = cursor_u8(c); /* locator block, node, function, argument */
	for (int i = 0; i < 3; i++)
		bits += cursor_u8(c);
	*ret_whole = !cursor_u8(c) && bits <= 8 * SID_LEN;
	cursor_u8(c); /* the transposition's offset */
	return 0;
}

/* RFC 9252 section 3.1: the value, after type and length. */
static int sid_decode(struct cursor *c, struct bgp_tunnel *ret)
{
	struct bgp_tunnel tunnel = { .kind = BGP_TUNNEL_SRV6 };
	const uint8_t *sid;
	bool whole = true;

	cursor_u8(c); /* reserved */
	sid = cursor_take(c, SID_LEN);
	cursor_u8(c); /* flags, none defined */
	tunnel.behavior = cursor_u16(c);
	cursor_u8(c); /* reserved */
	if (c->bad)
		return -EBADMSG;
	memcpy(tunnel.endpoint.octet, sid, SID_LEN);

	while (cursor_left(c)) {
		uint8_t type = cursor_u8(c);
		struct cursor value = cursor_sub(c, cursor_u16(c));

		if (c->bad)
			return -EBADMSG;
		if (type == SUB_SID_STRUCTURE && structure_decode(&value, &whole) < 0)
			return -EBADMSG;
	}
	if (whole && prefix_sid_behavior_usable(tunnel.behavior) && !addr_is_zero(&tunnel.endpoint))
		*ret = tunnel;
	return 0;
}

/* RFC 9252 section 2: of several SIDs the first is used. */
static int service_decode(struct cursor *c, struct bgp_tunnel *ret)
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

int prefix_sid_decode(struct cursor *c, struct bgp_tunnel *ret)
{
	struct bgp_tunnel tunnel = { .kind = BGP_TUNNEL_NONE };
	bool seen = false;

	while (cursor_left(c)) {
		uint8_t type = cursor_u8(c);
		struct cursor value = cursor_sub(c, cursor_u16(c));

		if (c->bad)
			return -EBADMSG;
		if (type != TLV_SRV6_L3_SERVICE || seen)
			continue; /* unknown; or a second one: ignored, not malformed (section 7) */
		seen = true;
		if (service_decode(&value, &tunnel) < 0)
			return -EBADMSG;
	}
	*ret = tunnel;
	return 0;
}

int decode_prefix_sid(struct attr_set *set, struct cursor *c)
{
	struct cursor copy = *c;
	struct bgp_tunnel tunnel;

	if (prefix_sid_decode(&copy, &tunnel) < 0)
		return -EBADMSG;
	set->path->tunnel = tunnel;
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
