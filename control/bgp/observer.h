/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Watching a speaker: its sessions as they come and go, each UPDATE octet by octet, and what became
 * of it. For feeds to collectors (control/feed); a speaker that nobody watches does none of this.
 * Callbacks borrow all they are given, must not change the speaker, and must not wait.
 */
#pragma once
#include "base/cursor.h"
#include "bgp/bgp.h"
#include "bgp/codec.h"
#include "bgp/nlri.h"
#include "bgp/notification.h"

/* An Established session. Messages are whole, header included. */
struct bgp_peer {
	uint32_t neighbor; /* bgp_neighbor_state.id */
	uint8_t router_id[4];
	struct addr local, remote;
	uint16_t local_port, remote_port;
	const struct bgp_codec *codec;
	struct cursor open_sent, open_received; /* as they went over the wire */
	uint64_t since_ms;                      /* uv_now() */
};

/* How a session ended; the values are the reasons of RFC 7854 section 4.9. */
enum bgp_ending_kind {
	BGP_ENDED_BY_US = 1,          /* with the NOTIFICATION that we sent */
	BGP_ENDED_BY_US_SILENTLY = 2, /* it could not be sent */
	BGP_ENDED_BY_THEM = 3,        /* with the NOTIFICATION that came */
	BGP_ENDED_BY_THEM_SILENTLY = 4,
};

struct bgp_ending {
	enum bgp_ending_kind kind;
	struct cursor notification; /* whole message, or empty */
};

struct bgp_observer {
	void (*up)(void *user, const struct bgp_peer *peer);
	/* Before the session's routes go; their `changed` follows. */
	void (*down)(void *user, const struct bgp_peer *peer, const struct bgp_ending *ending);
	/* An UPDATE as it came, after it has been decoded and applied; fault: what it cost. With
	 * FAULT_RESET the session ends after this. */
	void (*update)(void *user, const struct bgp_peer *peer, struct cursor message,
		       enum fault fault);
	/* A route of the neighbour came, changed or went: bgp_route_find() has it as it is now. */
	void (*changed)(void *user, uint32_t neighbor, const struct bgp_nlri *nlri);
};

/* One at a time; NULL ends it. */
void bgp_observe(struct bgp *bgp, const struct bgp_observer *observer, void *user);

/* All Established sessions. */
void bgp_peers(const struct bgp *bgp, void (*visit)(void *user, const struct bgp_peer *peer),
	       void *user);
/* The one of this neighbour. False: it is not Established. */
bool bgp_peer_find(const struct bgp *bgp, uint32_t neighbor, struct bgp_peer *ret);
/* The routes of one neighbour, oldest first; visit must not change the RIB. */
void bgp_peer_routes(const struct bgp *bgp, uint32_t neighbor,
		     void (*visit)(void *user, const struct bgp_route *route), void *user);
/* The route as it stands; its path is *ret_path, whose strings are borrowed until the RIB changes.
 * False: there is none. */
bool bgp_route_find(const struct bgp *bgp, uint32_t neighbor, const struct bgp_nlri *nlri,
		    struct bgp_route *ret, struct bgp_path *ret_path);
/* All routes to a destination, our own included; the strings of their paths are borrowed until the
 * RIB changes. */
void bgp_dst_routes(const struct bgp *bgp, const struct bgp_dst *dst,
		    void (*visit)(void *user, const struct bgp_route *route), void *user);
