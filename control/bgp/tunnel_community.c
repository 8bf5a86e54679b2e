/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: tunnels through reflectors of old
 *
 * FRR 8.4 passes on neither Prefix-SID nor Tunnel Encapsulation with unicast routes. A service that
 * cannot be reached is worth no metric, so the endpoint travels in communities as well: 16 octets
 * of address and two of behavior, in three pieces. It counts only if all three are there.
 */
#include "bgp/tunnel_community.h"
#include "base/util.h"
#include "bgp/prefix_sid.h"
#include "bgp/report_community.h"

#define COMMUNITY_LEN 8
#define PIECE_LEN     6
#define PIECES        3
#define ALL_PIECES    (BIT(PIECES) - 1)

/* A behavior of 0 is reserved (RFC 8986 section 10.2.2): here it means IP-in-IP. */
static struct bgp_tunnel tunnel_of(const uint8_t octets[PIECES * PIECE_LEN])
{
	struct cursor c = cursor_of(octets + 16, 2);
	struct bgp_tunnel tunnel = { .behavior = cursor_u16(&c) };

	memcpy(tunnel.endpoint.octet, octets, sizeof(tunnel.endpoint.octet));
	tunnel.kind = tunnel.behavior ? BGP_TUNNEL_SRV6 : BGP_TUNNEL_IPIP;
	return tunnel;
}

static bool tunnel_usable(const struct bgp_tunnel *tunnel)
{
	if (addr_is_zero(&tunnel->endpoint))
		return false;
	return tunnel->kind == BGP_TUNNEL_IPIP ||
	       (!addr_is_v4(&tunnel->endpoint) && prefix_sid_behavior_usable(tunnel->behavior));
}

uint32_t tunnel_community_decode(struct cursor *c, struct bgp_tunnel *ret)
{
	uint8_t octets[PIECES * PIECE_LEN] = { 0 };
	uint32_t seen = 0, ignored = 0;
	struct bgp_tunnel tunnel;

	*ret = (struct bgp_tunnel){ .kind = BGP_TUNNEL_NONE };
	while (cursor_left(c)) {
		struct cursor word = cursor_sub(c, COMMUNITY_LEN);
		uint8_t type = cursor_u8(&word), kind = cursor_u8(&word);
		unsigned int piece = kind - REPORT_COMMUNITY_TUNNEL;

		if (word.bad || type != REPORT_COMMUNITY_TYPE || kind < REPORT_COMMUNITY_TUNNEL ||
		    piece >= PIECES)
			continue;
		if (seen & BIT(piece)) {
			ignored++; /* two of a piece: the first is believed */
			continue;
		}
		seen |= BIT(piece);
		memcpy(octets + piece * PIECE_LEN, cursor_take(&word, PIECE_LEN), PIECE_LEN);
	}
	tunnel = tunnel_of(octets);
	if (seen == ALL_PIECES && tunnel_usable(&tunnel))
		*ret = tunnel;
	else
		ignored += seen != 0;
	return ignored;
}

void tunnel_community_encode(const struct bgp_tunnel *tunnel, struct writer *w)
{
	uint8_t octets[PIECES * PIECE_LEN];
	struct writer all = writer_of(octets, sizeof(octets));

	if (tunnel->kind == BGP_TUNNEL_NONE || addr_is_zero(&tunnel->endpoint))
		return;
	writer_bytes(&all, tunnel->endpoint.octet, sizeof(tunnel->endpoint.octet));
	writer_u16(&all, tunnel->kind == BGP_TUNNEL_SRV6 ? tunnel->behavior : 0);
	for (uint8_t piece = 0; piece < PIECES; piece++) {
		writer_u8(w, REPORT_COMMUNITY_TYPE);
		writer_u8(w, (uint8_t)(REPORT_COMMUNITY_TUNNEL + piece));
		writer_bytes(w, octets + piece * PIECE_LEN, PIECE_LEN);
	}
}
