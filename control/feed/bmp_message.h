/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BMP messages (RFC 7854). Values in, octets out: no state, no clock.
 */
#pragma once
#include "base/writer.h"
#include "bgp/observer.h"

#define BMP_VERSION    3
#define BMP_COMMON_LEN 6
#define BMP_PEER_LEN   42
#define BMP_ROUTE_LEN  (BMP_COMMON_LEN + BMP_PEER_LEN) /* before the UPDATE */
#define BMP_TEXT_MAX   1024                            /* of one string TLV */
#define BMP_SMALL_MAX  4096                            /* all messages that carry no BGP message */

enum bmp_type {
	BMP_ROUTE_MONITORING = 0,
	BMP_STATISTICS = 1,
	BMP_PEER_DOWN = 2,
	BMP_PEER_UP = 3,
	BMP_INITIATION = 4,
	BMP_TERMINATION = 5,
	BMP_ROUTE_MIRRORING = 6,
};

enum bmp_stop { /* Termination's reasons, section 4.5 */
		BMP_STOP_ADMINISTRATIVE = 0,
		BMP_STOP_UNSPECIFIC = 1,
		BMP_STOP_RESOURCES = 2,
};

#define BMP_DOWN_NOT_MONITORED 5 /* Peer Down: the peer is up, but no more told of */

/* Of the per-peer header, section 4.2. A value. */
struct bmp_peer {
	struct addr remote;
	uint32_t as;
	uint8_t router_id[4];
	bool as4;         /* AS_PATH with 4-octet numbers */
	bool post_policy; /* L flag; routes, and statistics of them */
};

struct bmp_statistics {
	uint64_t routes;            /* Adj-RIB-In, type 7 */
	uint32_t updates_withdrawn; /* UPDATEs treated as withdrawals (RFC 7606), type 11 */
};

struct bmp_peer bmp_peer_of(const struct bgp_peer *peer);

/* Each is one whole message; unix_us is its timestamp. Where it does not fit, w->bad. */
void bmp_initiation(const char *name, const char *description, struct writer *w);
void bmp_termination(enum bmp_stop reason, struct writer *w);
void bmp_peer_up(const struct bgp_peer *peer, uint64_t unix_us, struct writer *w);
void bmp_peer_down(const struct bmp_peer *peer, uint8_t reason, struct cursor data,
		   uint64_t unix_us, struct writer *w);
void bmp_statistics(const struct bmp_peer *peer, const struct bmp_statistics *statistics,
		    uint64_t unix_us, struct writer *w);
/* update: a whole BGP message. */
void bmp_route(const struct bmp_peer *peer, struct cursor update, uint64_t unix_us,
	       struct writer *w);
/* message: a whole BGP message that was malformed. */
void bmp_mirror(const struct bmp_peer *peer, struct cursor message, uint64_t unix_us,
		struct writer *w);
