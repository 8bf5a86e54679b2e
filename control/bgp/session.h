/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One connection with a neighbour, from TCP to Established: runs the state machine of fsm.h on a
 * transport and a timer, frames messages, exchanges OPEN. A neighbour has two, one that dials and
 * one that is dialled (RFC 4271 section 6.8). Owned by neighbor.c, on the event loop.
 */
#pragma once
#include "bgp/bgp.h"
#include "bgp/fsm.h"
#include "bgp/graceful.h"
#include "bgp/message.h"
#include "bgp/observer.h"
#include "bgp/open.h"
#include "bgp/transport.h"

struct session;

struct session_ops {
	/* A good OPEN came. False: another connection is kept in place of this one. */
	bool (*opened)(void *user, struct session *session);
	void (*up)(void *user, struct session *session);
	void (*update)(void *user, struct session *session, struct cursor body);
	/* Of a family that was agreed on; begin and end only where they were, too. */
	void (*refresh)(void *user, struct session *session, const struct route_refresh *refresh);
	void (*settled)(void *user); /* all messages of one read were given out */
	/* In Idle again. established_ms: for how long it was, 0 if it never came to that. */
	void (*down)(void *user, struct session *session, uint64_t established_ms);
	void (*failed)(void *user, const char *words); /* before down */
	/* A NOTIFICATION came, or ends this session; before failed. told: it went out, too. */
	void (*notified)(void *user, struct session *session, bool sent, bool told,
			 const struct notification *notification);
};

/* What one session is made of; borrowed for as long as it lives. */
struct session_config {
	uv_loop_t *loop;
	const struct bgp_config *bgp;
	const struct bgp_neighbor_config *neighbor;
	const struct graceful_self *self;
	const struct session_ops *ops;
	void *user;
	bool passive;
};

/* In Idle. NULL: out of memory. */
struct session *session_new(const struct session_config *config);
/* Closes without a word and without a callback. *session may be NULL; NULL afterwards. */
void session_free(struct session **session);

void session_start(struct session *session, uint64_t delay_ms);
/* Ends with this NOTIFICATION where an OPEN was sent, and stays in Idle. */
void session_stop(struct session *session, const struct notification *notification);
/* Closes without a word, as if the connection were lost. */
void session_lose(struct session *session, const char *why);
void session_collide(struct session *session); /* loses against another connection */
/* The neighbour's message was at fault. */
void session_fail(struct session *session, const struct notification *notification);

/* Takes over *transport, an accepted connection. One that comes in the hold-off after a failure
 * waits for its end rather than be refused, as who dialled might not try again for minutes. */
void session_accept(struct session *session, struct transport **transport);

/* Its connections go on with other keys than the neighbour's settings still have. 0 or a negative
 * errno. */
int session_rekey(struct session *session, const struct tcp_auth *auth);
void session_signing(const struct session *session, struct tcp_auth_info *ret);

/* Takes over *octets, whole messages in a heap block. */
void session_send(struct session *session, uint8_t **octets, size_t len);
void session_refresh(struct session *session, enum bgp_family family); /* asks, RFC 2918 */
bool session_can_send(const struct session *session); /* nothing is waiting to be sent */

const struct fsm *session_fsm(const struct session *session);
const struct bgp_codec *session_codec(const struct session *session); /* after opened */
const struct bgp_open *session_ours(const struct session *session);
/* Is a neighbour with these settings inside the domain (enum bgp_domain)? */
bool session_inside(const struct bgp_neighbor_config *config, bool ibgp);
const struct bgp_open *session_theirs(const struct session *session); /* after opened */
uint16_t session_hold_s(const struct session *session);
struct addr session_local(const struct session *session);
/* Ports, OPENs and time of the connection that is, or was last. */
void session_peer(const struct session *session, struct bgp_peer *ret);
struct bgp_ending session_ending(const struct session *session); /* of the last connection */
