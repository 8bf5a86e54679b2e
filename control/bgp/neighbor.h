/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One configured neighbour: its two sessions and which of them survives, what it announced to us,
 * what it was told, and its counters. Owned by the speaker, on the event loop.
 */
#pragma once
#include "bgp/bgp.h"
#include "bgp/observer.h"
#include "bgp/transport.h"

struct neighbor;
struct rib_source;
struct speaker;

/* Copies *config and starts. NULL: out of memory. */
struct neighbor *neighbor_new(struct speaker *speaker, uint32_t id,
			      const struct bgp_neighbor_config *config);
/* Ends its sessions with CEASE and this subcode; its routes are withdrawn. No session is started
 * until neighbor_enable(). reason: RFC 9003, NULL or "": that of the configuration. */
void neighbor_shut(struct neighbor *neighbor, uint8_t cease, const char *reason);
void neighbor_enable(struct neighbor *neighbor);
/* Ends its session with CEASE / Administrative Reset; it comes again. Where there is none, one is
 * tried for at once, whatever it had to wait for. */
void neighbor_reset(struct neighbor *neighbor, const char *reason);
/* Before margayd comes back: the routes we told stay where graceful restart was agreed on. No
 * session is started. */
void neighbor_leave(struct neighbor *neighbor);
/* Has been shut. *neighbor may be NULL; NULL afterwards. */
void neighbor_free(struct neighbor **neighbor);

/* Takes over *transport, a connection that the neighbour has dialled. */
void neighbor_accept(struct neighbor *neighbor, struct transport **transport);

/* Has had no session for that long, and holds no routes, which may outlast their session. */
bool neighbor_is_spent(const struct neighbor *neighbor, uint64_t after_ms);

/* Other keys of the same kind, for its sessions, too. One that cannot go on with them ends, and
 * comes again. */
void neighbor_rekey(struct neighbor *neighbor, const struct tcp_auth *auth);

/* Takes over what does not concern a session that is up: description, reason, and the limits of
 * what the neighbour may tell, which may end it. */
void neighbor_adjust(struct neighbor *neighbor, const struct bgp_neighbor_config *config);

/* Another limits.paths_out, for a session that is up, too. */
void neighbor_send_limit(struct neighbor *neighbor, uint8_t paths_out);

/* Sends some of what is due, if there is room. */
void neighbor_flush(struct neighbor *neighbor);

/* Asks for all routes again (RFC 2918). 0, -ENOTCONN, or -EOPNOTSUPP: it cannot do that. */
int neighbor_refresh(struct neighbor *neighbor);

const struct bgp_neighbor_config *neighbor_config(const struct neighbor *neighbor);
void neighbor_state(const struct neighbor *neighbor, struct bgp_neighbor_state *ret);
uint32_t neighbor_id(const struct neighbor *neighbor);
const struct rib_source *neighbor_source(const struct neighbor *neighbor);
/* For those who watch. False: it is not Established. */
bool neighbor_peer(const struct neighbor *neighbor, struct bgp_peer *ret);
