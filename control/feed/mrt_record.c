/* SPDX-License-Identifier: BSD-2-Clause */
#include "feed/mrt_record.h"

#include "bgp/update.h"

enum { TYPE_TABLE_DUMP_V2 = 13, TYPE_BGP4MP_ET = 17 };
enum {
	TABLE_PEERS = 1,
	TABLE_IPV4 = 2,
	TABLE_IPV6 = 4,
	TABLE_GENERIC = 6,
	TABLE_IPV4_ADD_PATH = 8, /* RFC 8050 */
	TABLE_IPV6_ADD_PATH = 10,
	TABLE_GENERIC_ADD_PATH = 12,
};
enum {
	BGP4MP_MESSAGE = 1,
	BGP4MP_MESSAGE_AS4 = 4,
	BGP4MP_STATE_AS4 = 5,
	BGP4MP_MESSAGE_ADD_PATH = 8,
	BGP4MP_MESSAGE_AS4_ADD_PATH = 9,
};
#define AS_TRANS 23456 /* RFC 6793 section 9 */

enum { PEER_IPV6 = 1, PEER_AS4 = 2 };

static uint8_t *record_open(uint32_t unix_s, uint16_t type, uint16_t subtype, struct writer *w)
{
	writer_u32(w, unix_s);
	writer_u16(w, type);
	writer_u16(w, subtype);
	return writer_len_open(w, 4);
}

static void record_close(struct writer *w, uint8_t *len)
{
	writer_len_close(w, len, 4);
}

static void addr_write(const struct addr *addr, struct writer *w)
{
	bool v4 = addr_is_v4(addr);

	writer_bytes(w, v4 ? addr->octet + 12 : addr->octet, v4 ? 4 : 16);
}

/* Zero stands for ourselves, and is an IPv4 address. */
static bool peer_is_v6(const struct mrt_peer *peer)
{
	return !addr_is_v4(&peer->addr) && !addr_is_zero(&peer->addr);
}

static void peer_write(const struct mrt_peer *peer, struct writer *w)
{
	writer_u8(w, PEER_AS4 | (peer_is_v6(peer) ? PEER_IPV6 : 0));
	writer_bytes(w, peer->router_id, sizeof(peer->router_id));
	if (peer_is_v6(peer))
		writer_bytes(w, peer->addr.octet, 16);
	else
		writer_bytes(w, peer->addr.octet + 12, 4);
	writer_u32(w, peer->as);
}

void mrt_peers(uint32_t unix_s, const uint8_t collector_id[4], const char *view,
	       const struct mrt_peer *peers, size_t count, struct writer *w)
{
	uint8_t *len = record_open(unix_s, TYPE_TABLE_DUMP_V2, TABLE_PEERS, w);
	size_t name_len = strnlen(view, MRT_NAME_MAX);

	writer_bytes(w, collector_id, 4);
	writer_u16(w, (uint16_t)name_len);
	writer_bytes(w, view, name_len);
	w->bad |= count > UINT16_MAX;
	writer_u16(w, (uint16_t)count);
	for (size_t i = 0; i < count; i++)
		peer_write(&peers[i], w);
	record_close(w, len);
}

static uint16_t rib_subtype(const struct bgp_dst *dst, bool add_path)
{
	static const uint16_t subtypes[BGP_FAMILY_COUNT][2] = {
		[BGP_IPV4_UNICAST] = { TABLE_IPV4, TABLE_IPV4_ADD_PATH },
		[BGP_IPV6_UNICAST] = { TABLE_IPV6, TABLE_IPV6_ADD_PATH },
		[BGP_VPN_IPV4] = { TABLE_GENERIC, TABLE_GENERIC_ADD_PATH },
		[BGP_VPN_IPV6] = { TABLE_GENERIC, TABLE_GENERIC_ADD_PATH },
	};

	return subtypes[nlri_family_of(dst)][add_path];
}

/* RFC 6396 sections 4.3.2 and 4.3.3; the path id, if any, is the route's. */
static void dst_write(const struct bgp_dst *dst, const struct bgp_path *path, struct writer *w)
{
	enum bgp_family family = nlri_family_of(dst);
	struct bgp_nlri nlri = { .dst = *dst, .label = path->label };

	if (nlri_family_is_vpn(family)) {
		writer_u16(w, nlri_afi(family));
		writer_u8(w, nlri_safi(family));
	}
	w->bad |= !nlri_encode(family, false, path->label, &nlri, 1, w);
}

static void route_write(const struct mrt_route *route, enum bgp_family family, bool add_path,
			struct writer *w)
{
	uint8_t *len;

	writer_u16(w, route->peer);
	writer_u32(w, route->originated_s);
	if (add_path)
		writer_u32(w, route->path_id);
	len = writer_len_open(w, 2);
	update_encode_attributes(route->path, family, w);
	writer_len_close(w, len, 2);
}

void mrt_rib(uint32_t unix_s, uint32_t sequence, const struct bgp_dst *dst, bool add_path,
	     const struct mrt_route *routes, size_t count, struct writer *w)
{
	uint8_t *len = record_open(unix_s, TYPE_TABLE_DUMP_V2, rib_subtype(dst, add_path), w);

	writer_u32(w, sequence);
	dst_write(dst, routes[0].path, w);
	w->bad |= count > UINT16_MAX;
	writer_u16(w, (uint16_t)count);
	for (size_t i = 0; i < count; i++)
		route_write(&routes[i], nlri_family_of(dst), add_path, w);
	record_close(w, len);
}

/* RFC 6396 sections 3 and 4.4: microseconds come first, and count in the length. */
static uint8_t *bgp4mp_open(const struct bgp_peer *peer, uint16_t subtype, bool as4,
			    uint64_t unix_us, struct writer *w)
{
	size_t as_len = as4 ? 4 : 2;
	uint8_t *len = record_open((uint32_t)(unix_us / 1000000), TYPE_BGP4MP_ET, subtype, w);
	uint32_t remote_as = peer->codec->remote_as, local_as = peer->codec->local_as;

	writer_u32(w, (uint32_t)(unix_us % 1000000));
	writer_uint(w, as4 || remote_as <= UINT16_MAX ? remote_as : AS_TRANS, as_len);
	writer_uint(w, as4 || local_as <= UINT16_MAX ? local_as : AS_TRANS, as_len);
	writer_u16(w, 0); /* no interface */
	writer_u16(w, addr_is_v4(&peer->remote) ? 1 : 2);
	addr_write(&peer->remote, w);
	addr_write(&peer->local, w);
	return len;
}

void mrt_message(const struct bgp_peer *peer, struct cursor message, bool add_path,
		 uint64_t unix_us, struct writer *w)
{
	static const uint16_t subtypes[2][2] = {
		{ BGP4MP_MESSAGE, BGP4MP_MESSAGE_ADD_PATH },
		{ BGP4MP_MESSAGE_AS4, BGP4MP_MESSAGE_AS4_ADD_PATH },
	};
	bool as4 = peer->codec->as4;
	uint8_t *len = bgp4mp_open(peer, subtypes[as4][add_path], as4, unix_us, w);

	writer_bytes(w, message.at, cursor_left(&message));
	record_close(w, len);
}

void mrt_state(const struct bgp_peer *peer, enum mrt_state from, enum mrt_state to,
	       uint64_t unix_us, struct writer *w)
{
	uint8_t *len = bgp4mp_open(peer, BGP4MP_STATE_AS4, true, unix_us, w);

	writer_u16(w, (uint16_t)from);
	writer_u16(w, (uint16_t)to);
	record_close(w, len);
}
