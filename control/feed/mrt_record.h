/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MRT records (RFC 6396, with Add-Path RFC 8050). Values in, octets out: no state, no clock. Of
 * TABLE_DUMP_V2 the records of a table, of BGP4MP_ET messages and changes of state.
 */
#pragma once
#include "base/writer.h"
#include "bgp/observer.h"

#define MRT_HEADER_LEN 12
#define MRT_NAME_MAX   255 /* of a view */

/* A row of the PEER_INDEX_TABLE; routes name their peer by its number. */
struct mrt_peer {
	uint8_t router_id[4];
	struct addr addr;
	uint32_t as;
};

/* One route to the destination of a RIB record. */
struct mrt_route {
	uint16_t peer;
	uint32_t originated_s; /* Unix time */
	uint32_t path_id;      /* with Add-Path */
	const struct bgp_path *path;
};

/* Each appends one record; where it does not fit, w->bad. */
void mrt_peers(uint32_t unix_s, const uint8_t collector_id[4], const char *view,
	       const struct mrt_peer *peers, size_t count, struct writer *w);
/* add_path: the record is of those subtypes. VPN routes make a RIB_GENERIC record. */
void mrt_rib(uint32_t unix_s, uint32_t sequence, const struct bgp_dst *dst, bool add_path,
	     const struct mrt_route *routes, size_t count, struct writer *w);
/* message: a whole BGP message; add_path: its prefixes have path ids. */
void mrt_message(const struct bgp_peer *peer, struct cursor message, bool add_path,
		 uint64_t unix_us, struct writer *w);

enum mrt_state { MRT_IDLE = 1, MRT_OPEN_CONFIRM = 5, MRT_ESTABLISHED = 6 };
void mrt_state(const struct bgp_peer *peer, enum mrt_state from, enum mrt_state to,
	       uint64_t unix_us, struct writer *w);
