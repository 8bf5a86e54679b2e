/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The BGP speaker: neighbours, sessions, RIBs, reflection. One speaker, owned by the event loop; no
 * call here is safe from another thread. It knows routes, not services: what a route means for
 * steering is the business of whoever gave it the callbacks. These may originate and withdraw
 * routes, but not add or remove neighbours, nor free the speaker.
 */
#pragma once
#include "bgp/dst.h"
#include "bgp/metadata_rules.h"
#include "bgp/path.h"
#include "bgp/socket_options.h"

#include <uv.h>

struct bgp;

struct bgp_config {
	uint32_t as;
	uint8_t router_id[4];
	uint8_t cluster_id[4]; /* RFC 4456; zero: the router id */
	struct addr listen;    /* local address of the listening socket; :: is both families */
	uint16_t port;         /* 0: do not listen */
	struct metadata_rules metadata;
};

/* RFC 4724. */
enum bgp_graceful {
	BGP_GRACEFUL_DISABLED,
	BGP_GRACEFUL_HELPER,  /* keeps the routes of a neighbour that restarts */
	BGP_GRACEFUL_ENABLED, /* and asks it to keep ours */
};

/* Metrics are told to, and believed from, neighbours inside. */
enum bgp_domain {
	BGP_DOMAIN_BY_AS, /* inside: those of the own AS */
	BGP_DOMAIN_INSIDE,
	BGP_DOMAIN_OUTSIDE,
};

/* Of routes that a neighbour may tell of, and of paths of a prefix, both ways. 0: no limit. */
struct bgp_limits {
	uint32_t total, family[BGP_FAMILY_COUNT]; /* past it the session is ceased (RFC 4486) */
	uint8_t warning_pct; /* of a limit, at which to warn; 0: at the first route */
	uint32_t restart_s;  /* after a cease by limit; 0: as after any other end of a session */
	uint16_t paths_in;   /* more paths of a prefix than this are left out, and counted */
	uint8_t paths_out;   /* with Add-Path, the best paths of a prefix that it is told */
};

struct bgp_neighbor_config {
	struct addr remote, local; /* local zero: the kernel's choice */
	uint16_t port;             /* to connect to; 0: 179 */
	uint32_t remote_as;
	bool passive; /* never connect, only accept */
	bool client;  /* route reflector client, RFC 4456 */
	bool next_hop_self;
	uint16_t hold_s;                      /* proposed hold time: 0, or 3..65535 */
	uint16_t retry_s;                     /* ConnectRetryTimer, 1.. */
	uint32_t families;                    /* bits 1 << enum bgp_family */
	bool add_path_send, add_path_receive; /* RFC 7911 */
	enum bgp_domain domain;
	uint32_t carriers_send, carriers_accept; /* bits of enum bgp_carrier; none of them is used
						    with a neighbour outside */
	struct bgp_limits limits;
	char description[64];
	bool extended_messages; /* RFC 8654 */
	enum bgp_graceful graceful;
	uint16_t restart_s; /* how long we may be away: 1..4095 */
	uint16_t stale_s; /* how long a neighbour may, and may take to tell its routes again; 0: 300
			   */
	uint32_t long_lived_s; /* RFC 9494, both ways; 24 bits; 0: off */
	uint16_t send_hold_s;  /* RFC 9687; 0: 8 minutes; never less than twice the hold time */
	bool shutdown;         /* no session, until bgp_neighbor_enable() */
	char reason[256];      /* UTF-8 that goes with an administrative shutdown (RFC 9003) */
	struct socket_options socket;
	uint32_t remote_as_max; /* remote_as is the least of a range up to this; 0: it is the one */
	/* Neither is for bgp_neighbor_add(): made by a range, and which. */
	bool dynamic;
	struct prefix range;
};

/* Neighbours that may connect without having been named. */
struct bgp_range_config {
	struct prefix prefix;
	uint32_t limit;                      /* of neighbours at a time, 1.. */
	uint32_t hold_down_s;                /* how long one is kept without a session */
	struct bgp_neighbor_config neighbor; /* what each is made by; its addresses do not count */
};

/* Connections that were not taken, and why: name, and text for people. */
#define BGP_REFUSALS(X)                                                 \
	X(UNKNOWN, "no neighbor has this address")                      \
	X(RANGE_FULL, "its range has as many neighbors as it may have") \
	X(NO_MEMORY, "no memory for another neighbor")                  \
	X(INTERFACE, "the neighbor is on another interface")            \
	X(OPTIONS, "TTL or interface of the neighbor cannot be set")

#define BGP_REFUSAL_ENUM(name, text) BGP_REFUSED_##name,
enum bgp_refusal { BGP_REFUSALS(BGP_REFUSAL_ENUM) BGP_REFUSED_COUNT };

/* Names one route: as the neighbour sent it. neighbor is 0 for routes of our own. */
struct bgp_route {
	uint32_t neighbor; /* bgp_neighbor_state.id */
	struct bgp_dst dst;
	uint32_t path_id;            /* RFC 7911; 0 without Add-Path */
	const struct bgp_path *path; /* borrowed for the call; NULL in a withdrawal */
	uint64_t path_serial;        /* of routes that are looked up: the same for equal paths */
	uint64_t received_ms;        /* uv_now() at which its message was read */
	bool stale; /* kept of a neighbour that is away or tells its routes again */
};

struct bgp_ops {
	/* A route came or changed. Not called when an UPDATE changes nothing. */
	void (*announced)(void *user, const struct bgp_route *route);
	/* A route went: withdrawn, treated as withdrawn (RFC 7606), or its session ended. */
	void (*withdrawn)(void *user, const struct bgp_route *route);
	/* The messages of one read are through, or a session ended: time to act on what came.
	 * Called for End-of-RIB, too. */
	void (*settled)(void *user);
};

/* *ret is untouched on failure: -EADDRINUSE and the like, logged. */
int bgp_new(uv_loop_t *loop, const struct bgp_config *config, const struct bgp_ops *ops, void *user,
	    struct bgp **ret);
/* Sends CEASE / Administrative Shutdown to all, closes; callbacks are not called any more. The loop
 * has to run once more for its handles. */
void bgp_free(struct bgp **bgp);

/* In place of a dynamic one of that address. 0, -EEXIST (same remote address), -ENOMEM, or of its
 * keys (logged): -EOPNOTSUPP and the like. The session starts at once. */
int bgp_neighbor_add(struct bgp *bgp, const struct bgp_neighbor_config *config);
/* 0 or -ENOENT. Ends the session with CEASE / Peer De-configured; its routes are withdrawn. */
int bgp_neighbor_remove(struct bgp *bgp, const struct addr *remote);

/* Other keys, of the same kind, from now on: sessions go on as far as the neighbour has keys in
 * common, or gets them before its hold time is over (RFC 4808, RFC 5925 section 6.1). 0; -ENOENT;
 * -EINVAL: another kind; or what the kernel has against it, logged. */
int bgp_neighbor_rekey(struct bgp *bgp, const struct addr *remote, const struct tcp_auth *auth);

/* Another description, reason and limits of what the neighbour may tell, from now on; sessions go
 * on, as far as they are within the limits. 0 or -ENOENT. */
int bgp_neighbor_adjust(struct bgp *bgp, const struct bgp_neighbor_config *config);

/* Another limits.paths_out from now on: sessions go on, and the neighbour is told what that makes
 * different. 0 or -ENOENT. */
int bgp_neighbor_send_limit(struct bgp *bgp, const struct addr *remote, uint8_t paths_out);

/* 0, -EEXIST (same prefix), -ENOMEM, or of its keys, logged. Of ranges that overlap the narrowest
 * one counts, and none does for a neighbour that has been named. */
int bgp_range_add(struct bgp *bgp, const struct bgp_range_config *config);
/* 0 or -ENOENT. Its neighbours go, as by bgp_neighbor_remove(). */
int bgp_range_remove(struct bgp *bgp, const struct prefix *prefix);
/* For those that are there and those that come; as bgp_neighbor_rekey(). */
int bgp_range_rekey(struct bgp *bgp, const struct prefix *prefix, const struct tcp_auth *auth);

/* For those that are there and those that come; as bgp_neighbor_adjust(). */
int bgp_range_adjust(struct bgp *bgp, const struct bgp_range_config *config);

/* For those that are there and those that come; as bgp_neighbor_send_limit(). */
int bgp_range_send_limit(struct bgp *bgp, const struct prefix *prefix, uint8_t paths_out);

struct bgp_range_state {
	struct bgp_range_config config; /* without its keys */
	size_t count;                   /* of its neighbours */
	uint64_t refused;               /* connections, for the limit */
};
bool bgp_range_state(const struct bgp *bgp, size_t index, struct bgp_range_state *ret);

uint64_t bgp_refused(const struct bgp *bgp, enum bgp_refusal refusal);

/* Asks the neighbour for all its routes again (RFC 2918). 0; -ENOENT: no such neighbour; -ENOTCONN:
 * not Established; -EOPNOTSUPP: it did not say that it can. */
int bgp_neighbor_refresh(struct bgp *bgp, const struct addr *remote);

/* Announces a route of our own to every neighbour, in place of what stood there for the
 * destination. Copies *path; next_hop zero: our address of each session; the carriers are encoded
 * from path->report per neighbour. Unchanged: sends nothing. 0 or -ENOMEM. */
int bgp_originate(struct bgp *bgp, const struct bgp_dst *dst, const struct bgp_path *path);
int bgp_withdraw(struct bgp *bgp, const struct bgp_dst *dst); /* 0 or -ENOENT */

/* Ends the session with CEASE / Administrative Shutdown and these words (RFC 9003; "": those of
 * the configuration), and starts none until it is enabled. The neighbour keeps no routes of ours,
 * and we none of its. 0 or -ENOENT. */
int bgp_neighbor_shutdown(struct bgp *bgp, const struct addr *remote, const char *reason);
int bgp_neighbor_enable(struct bgp *bgp, const struct addr *remote); /* 0 or -ENOENT */
/* Ends the session with CEASE / Administrative Reset, and starts it again; where there is none,
 * tries for one without the wait after a failure or a limit. 0 or -ENOENT. */
int bgp_neighbor_reset(struct bgp *bgp, const struct addr *remote, const char *reason);

/* A NOTIFICATION that was sent or received. */
struct bgp_notified {
	uint64_t at_ms;        /* uv_now() */
	uint8_t code, subcode; /* RFC 4271 section 4.5; code 0: there was none */
	bool told;             /* false: it was to be sent, but the neighbour does not read */
	char text[96];         /* "Cease: Administrative Shutdown" */
	char reason[256];      /* RFC 9003: UTF-8 without controls; "": none */
};

/* RFC 4724 section 4.1, after a start whose data plane went on meanwhile: says so in OPENs, and
 * tells no routes until bgp_release(); to neighbours with BGP_GRACEFUL_ENABLED. Before any is
 * added.
 */
void bgp_hold(struct bgp *bgp);
/* All routes are there: tells them, then End-of-RIB. Without bgp_hold(), too: from now on, the data
 * plane has what outlasts a restart. */
void bgp_release(struct bgp *bgp);
/* Like bgp_free(), but to come back soon: where graceful restart was agreed on, the neighbours are
 * left without a word, or with one that lets them keep our routes (RFC 8538). */
void bgp_leave(struct bgp **bgp);

/* Graceful restart with a neighbour, as agreed on. */
struct bgp_graceful_state {
	bool mutual;         /* it keeps our routes over a restart */
	bool notification;   /* RFC 8538 */
	bool restarted;      /* it said that it has begun anew */
	uint32_t families;   /* of which we keep its routes */
	uint32_t restart_s;  /* how long it may stay away */
	uint64_t stale;      /* routes */
	uint32_t long_lived; /* families of them that are in their long life (RFC 9494) */
	uint64_t due_ms;     /* uv_now() at which the first of them go; 0: never */
};

/* What `margay show bgp` prints. Borrowed strings; index 0.. until false. */
struct bgp_neighbor_state {
	uint32_t id;
	struct bgp_neighbor_config config; /* without its keys */
	struct tcp_auth_info signing;      /* of the session: what TCP-AO does, or zeros */
	const char
		*state; /* "Idle", "Connect", "Active", "OpenSent", "OpenConfirm", "Established" */
	const char *last_error; /* words of the last NOTIFICATION or socket error, "" if none */
	struct bgp_notified sent, received; /* the last ones */
	struct bgp_graceful_state graceful;
	bool shutdown;     /* by configuration or bgp_neighbor_shutdown() */
	uint64_t since_ms; /* uv_now() of the last change of state */
	uint8_t remote_id[4];
	uint16_t hold_s;                          /* negotiated */
	uint32_t families;                        /* negotiated */
	uint32_t add_path_in, add_path_out;       /* families, negotiated */
	bool inside;                              /* of the domain, see enum bgp_domain */
	bool edge_metadata;                       /* capability sent and received */
	bool enhanced_refresh, extended_messages; /* RFC 7313, RFC 8654: both can */
	uint32_t end_of_rib; /* families whose End-of-RIB came in this session, RFC 4724 */
	uint64_t prefixes_in, prefixes_out;
	size_t group; /* neighbours that are told the same, itself included */
	uint64_t updates_in, updates_out, established; /* counts */
	uint64_t out_of_scope;  /* UPDATEs whose metadata is another AS's: withdrawn */
	uint64_t limited;       /* sessions that a limit has ended */
	uint64_t paths_refused; /* left out, as limits.paths_in of their prefix were there */
	bool limit_near;        /* it has been warned of */
	uint64_t ignored; /* routes left out as they have been here before: RFC 4271, RFC 4456 */
	uint64_t faults_reset, faults_withdraw, faults_discard; /* RFC 7606 consequences */
};
bool bgp_neighbor_state(const struct bgp *bgp, size_t index, struct bgp_neighbor_state *ret);

/* Calls visit for routes of the Adj-RIBs-In and our own, most or some more. *at is 0 to begin with,
 * and again when that were the last ones; the RIB may change between calls. Routes that stay are
 * met at least once, perhaps twice. visit must not change the RIB. */
void bgp_routes_some(const struct bgp *bgp, uint64_t *at, size_t most,
		     void (*visit)(void *user, const struct bgp_route *route), void *user);
/* Its address. False: there is no such neighbour (any more). */
bool bgp_neighbor_remote(const struct bgp *bgp, uint32_t id, struct addr *ret);

/* Calls visit for every route of the Adj-RIBs-In and our own; it must not change the RIB. */
void bgp_routes(const struct bgp *bgp, void (*visit)(void *user, const struct bgp_route *route),
		void *user);
