/* SPDX-License-Identifier: BSD-2-Clause */
#include "feed/bmp_message.h"

#define PEER_V 0x80 /* the address is IPv6 */
#define PEER_L 0x40 /* post-policy */
#define PEER_A 0x20 /* AS_PATH in the 2-octet form */

enum { INFORMATION_STRING = 0, INFORMATION_DESCRIPTION = 1, INFORMATION_NAME = 2 };
enum { TERMINATION_REASON = 1 };
enum { STATISTIC_ROUTES = 7, STATISTIC_UPDATES_WITHDRAWN = 11 };
enum { MIRROR_MESSAGE = 0, MIRROR_INFORMATION = 1, MIRROR_ERRORED = 0 };

/* Where the length stands that message_close() fills in. */
static uint8_t *message_open(struct writer *w, enum bmp_type type)
{
	uint8_t *begun = w->at;

	writer_u8(w, BMP_VERSION);
	writer_u32(w, 0);
	writer_u8(w, type);
	return begun;
}

static void message_close(struct writer *w, uint8_t *begun)
{
	struct writer len = writer_of(begun + 1, 4);

	if (!w->bad)
		writer_u32(&len, (uint32_t)(w->at - begun));
}

/* Section 4.2: IPv4 stands in the last four octets, after zeros. */
static void address_write(const struct addr *addr, struct writer *w)
{
	static const uint8_t zeros[12];

	if (addr_is_v4(addr))
		writer_bytes(w, zeros, sizeof(zeros));
	writer_bytes(w, addr_is_v4(addr) ? addr->octet + 12 : addr->octet,
		     addr_is_v4(addr) ? 4 : 16);
}

static void peer_write(const struct bmp_peer *peer, uint64_t unix_us, struct writer *w)
{
	uint8_t flags = 0;

	flags |= addr_is_v4(&peer->remote) ? 0 : PEER_V;
	flags |= peer->post_policy ? PEER_L : 0;
	flags |= peer->as4 ? 0 : PEER_A;
	writer_u8(w, 0); /* Global Instance Peer */
	writer_u8(w, flags);
	writer_uint(w, 0, 8); /* no distinguisher */
	address_write(&peer->remote, w);
	writer_u32(w, peer->as);
	writer_bytes(w, peer->router_id, sizeof(peer->router_id));
	writer_u32(w, (uint32_t)(unix_us / 1000000));
	writer_u32(w, (uint32_t)(unix_us % 1000000));
}

static void bytes_write(struct cursor bytes, struct writer *w)
{
	writer_bytes(w, bytes.at, cursor_left(&bytes));
}

static void tlv_write(uint16_t type, const void *value, size_t len, struct writer *w)
{
	uint8_t *field;

	writer_u16(w, type);
	field = writer_len_open(w, 2);
	writer_bytes(w, value, len);
	writer_len_close(w, field, 2);
}

static void text_write(uint16_t type, const char *text, struct writer *w)
{
	tlv_write(type, text, strnlen(text, BMP_TEXT_MAX), w);
}

struct bmp_peer bmp_peer_of(const struct bgp_peer *peer)
{
	struct bmp_peer ret = { .remote = peer->remote,
				.as = peer->codec->remote_as,
				.as4 = peer->codec->as4 };

	memcpy(ret.router_id, peer->router_id, sizeof(ret.router_id));
	return ret;
}

void bmp_initiation(const char *name, const char *description, struct writer *w)
{
	uint8_t *begun = message_open(w, BMP_INITIATION);

	text_write(INFORMATION_DESCRIPTION, description, w);
	text_write(INFORMATION_NAME, name, w);
	message_close(w, begun);
}

void bmp_termination(enum bmp_stop reason, struct writer *w)
{
	uint8_t *begun = message_open(w, BMP_TERMINATION);

	tlv_write(TERMINATION_REASON, (uint8_t[]){ 0, (uint8_t)reason }, 2, w);
	message_close(w, begun);
}

void bmp_peer_up(const struct bgp_peer *peer, uint64_t unix_us, struct writer *w)
{
	struct bmp_peer header = bmp_peer_of(peer);
	uint8_t *begun = message_open(w, BMP_PEER_UP);

	peer_write(&header, unix_us, w);
	address_write(&peer->local, w);
	writer_u16(w, peer->local_port);
	writer_u16(w, peer->remote_port);
	bytes_write(peer->open_sent, w);
	bytes_write(peer->open_received, w);
	message_close(w, begun);
}

void bmp_peer_down(const struct bmp_peer *peer, uint8_t reason, struct cursor data,
		   uint64_t unix_us, struct writer *w)
{
	uint8_t *begun = message_open(w, BMP_PEER_DOWN);

	peer_write(peer, unix_us, w);
	writer_u8(w, reason);
	if (reason == BGP_ENDED_BY_US_SILENTLY)
		writer_u16(w, 0); /* section 4.9: no event of the state machine to name */
	else
		bytes_write(data, w);
	message_close(w, begun);
}

void bmp_statistics(const struct bmp_peer *peer, const struct bmp_statistics *statistics,
		    uint64_t unix_us, struct writer *w)
{
	uint8_t *begun = message_open(w, BMP_STATISTICS);

	peer_write(peer, unix_us, w);
	writer_u32(w, 2); /* how many follow */
	writer_u16(w, STATISTIC_ROUTES);
	writer_u16(w, 8);
	writer_uint(w, statistics->routes, 8);
	writer_u16(w, STATISTIC_UPDATES_WITHDRAWN);
	writer_u16(w, 4);
	writer_u32(w, statistics->updates_withdrawn);
	message_close(w, begun);
}

void bmp_route(const struct bmp_peer *peer, struct cursor update, uint64_t unix_us,
	       struct writer *w)
{
	uint8_t *begun = message_open(w, BMP_ROUTE_MONITORING);

	peer_write(peer, unix_us, w);
	bytes_write(update, w);
	message_close(w, begun);
}

void bmp_mirror(const struct bmp_peer *peer, struct cursor message, uint64_t unix_us,
		struct writer *w)
{
	uint8_t *begun = message_open(w, BMP_ROUTE_MIRRORING);

	peer_write(peer, unix_us, w);
	tlv_write(MIRROR_INFORMATION, (uint8_t[]){ 0, MIRROR_ERRORED }, 2, w);
	tlv_write(MIRROR_MESSAGE, message.at, cursor_left(&message), w);
	message_close(w, begun);
}
