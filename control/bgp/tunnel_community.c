/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: tunnels through reflectors of old
 *
 * FRR 8.4 passes on neither Prefix-SID nor Tunnel Encapsulation with unicast routes. A service that
 * cannot be reached is worth no metric, so the endpoint travels in communities as well: 16 octets
 * of address and two of behavior, in three pieces; for VXLAN three octets of VNI and six of MAC
 * address in two more. It counts only if all of them are there.
 */
#include "bgp/tunnel_community.h"
#include "base/util.h"
#include "bgp/prefix_sid.h"
#include "bgp/report_community.h"

#define COMMUNITY_LEN 8
#define PIECE_LEN     6
#define PIECES        5
#define PIECES_BASIC  3      /* of any kind but VXLAN */
#define SRV6_MAX      0x7fff /* endpoint behaviors above are reserved or private (RFC 8986, 10.2) */

/* What stands in the place of the behavior for other tunnels: 0xff, and the type of RFC 9012. */
static const uint16_t words[BGP_TUNNEL_COUNT] = { [BGP_TUNNEL_IPIP] = 0,
						  [BGP_TUNNEL_GRE] = 0xff02,
						  [BGP_TUNNEL_VXLAN] = 0xff08,
						  [BGP_TUNNEL_DIRECT] = 0xff00 };

/* A behavior of 0 is reserved (RFC 8986 section 10.2.2): here it means IP-in-IP. */
static enum bgp_tunnel_kind kind_of(uint16_t word)
{
	if (!word)
		return BGP_TUNNEL_IPIP;
	for (enum bgp_tunnel_kind kind = BGP_TUNNEL_NONE; kind < BGP_TUNNEL_COUNT; kind++)
		if (words[kind] == word)
			return kind;
	return word <= SRV6_MAX ? BGP_TUNNEL_SRV6 : BGP_TUNNEL_NONE;
}

static struct bgp_tunnel tunnel_of(const uint8_t octets[PIECES * PIECE_LEN])
{
	struct cursor c = cursor_of(octets, PIECES * PIECE_LEN);
	struct bgp_tunnel tunnel = { 0 };
	uint16_t word;

	memcpy(tunnel.endpoint.octet, cursor_take(&c, 16), 16);
	word = cursor_u16(&c);
	tunnel.kind = kind_of(word);
	if (tunnel.kind == BGP_TUNNEL_SRV6)
		tunnel.behavior = word;
	if (tunnel.kind != BGP_TUNNEL_VXLAN)
		return tunnel;
	tunnel.vni = (uint32_t)cursor_uint(&c, 3);
	memcpy(tunnel.mac, cursor_take(&c, sizeof(tunnel.mac)), sizeof(tunnel.mac));
	return tunnel;
}

static bool tunnel_usable(const struct bgp_tunnel *tunnel)
{
	if (addr_is_zero(&tunnel->endpoint) || tunnel->kind == BGP_TUNNEL_NONE)
		return false;
	return tunnel->kind != BGP_TUNNEL_SRV6 ||
	       (!addr_is_v4(&tunnel->endpoint) && prefix_sid_behavior_usable(tunnel->behavior));
}

static uint32_t pieces_of(enum bgp_tunnel_kind kind)
{
	return BIT(kind == BGP_TUNNEL_VXLAN ? PIECES : PIECES_BASIC) - 1;
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
	if ((seen & pieces_of(tunnel.kind)) == pieces_of(tunnel.kind) && tunnel_usable(&tunnel))
		*ret = tunnel;
	else
		ignored += seen != 0;
	return ignored;
}

void tunnel_community_encode(const struct bgp_tunnel *tunnel, struct writer *w)
{
	bool vxlan = tunnel->kind == BGP_TUNNEL_VXLAN, srv6 = tunnel->kind == BGP_TUNNEL_SRV6;
	uint8_t octets[PIECES * PIECE_LEN] = { 0 };
	struct writer all = writer_of(octets, sizeof(octets));

	if (tunnel->kind == BGP_TUNNEL_NONE || addr_is_zero(&tunnel->endpoint))
		return;
	writer_bytes(&all, tunnel->endpoint.octet, sizeof(tunnel->endpoint.octet));
	writer_u16(&all, srv6 ? tunnel->behavior : words[tunnel->kind]);
	writer_uint(&all, tunnel->vni, 3);
	writer_bytes(&all, tunnel->mac, sizeof(tunnel->mac));
	for (uint8_t piece = 0; piece < (vxlan ? PIECES : PIECES_BASIC); piece++) {
		writer_u8(w, REPORT_COMMUNITY_TYPE);
		writer_u8(w, (uint8_t)(REPORT_COMMUNITY_TUNNEL + piece));
		writer_bytes(w, octets + piece * PIECE_LEN, PIECE_LEN);
	}
}
