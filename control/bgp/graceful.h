/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Graceful restart with one neighbour (RFC 4724, RFC 8538), and its routes' long life (RFC 9494):
 * what both sides agreed on, which families' routes are stale, and until when. Pure: times are
 * arguments, routes are the caller's. A value of its neighbour's.
 */
#pragma once
#include "bgp/bgp.h"
#include "bgp/open.h"

#define GRACEFUL_NEVER UINT64_MAX

/* Of the speaker, as its OPENs tell it. */
struct graceful_self {
	bool restarting; /* R bit: began anew, and has not yet told its routes */
	bool forwarding; /* F bit: the data plane went on meanwhile */
};

struct graceful {
	/* As agreed with the session that is up, or was last. */
	uint32_t families; /* whose routes outlast the session */
	bool notification; /* N bit of both: also when a NOTIFICATION ends it, but for Hard Reset */
	bool restarted;    /* R bit of theirs */
	bool mutual;       /* both sent the capability, and ours named families */
	uint32_t restart_ms;                /* how long it may stay away */
	uint32_t stale_ms;                  /* how long it may take to tell its routes again */
	uint32_t long_ms[BGP_FAMILY_COUNT]; /* RFC 9494; 0: no long life */

	uint32_t stale;                    /* families with stale routes */
	uint32_t long_lived;               /* those of them in their long life */
	bool back;                         /* a session is up again */
	uint64_t due_ms[BGP_FAMILY_COUNT]; /* of those that are stale */
};

/* Fills in what our OPEN says of restarts. */
void graceful_say(const struct graceful_self *self, const struct bgp_neighbor_config *config,
		  struct bgp_open *ret);

/* Established. families: those agreed on. Returns those whose stale routes go at once, as the
 * neighbour has not kept forwarding (RFC 4724 section 4.2). */
uint32_t graceful_up(struct graceful *g, const struct bgp_neighbor_config *config,
		     const struct bgp_open *ours, const struct bgp_open *theirs, uint32_t families,
		     uint64_t now_ms);
/* The session ended; hard: not in a way that lets routes stay. Returns the families whose routes
 * stay and become stale. Routes that were stale before do not stay (RFC 4724 section 4.2). */
uint32_t graceful_down(struct graceful *g, bool hard, uint64_t now_ms);

/* RFC 7313: all routes of the family are told again, until graceful_told(). */
void graceful_refreshed(struct graceful *g, enum bgp_family family, uint64_t now_ms);
/* All of the family has been told: what is still stale goes. False: nothing was. */
bool graceful_told(struct graceful *g, enum bgp_family family);

/* Families whose time is up: their stale routes go, or begin their long life. */
void graceful_expire(struct graceful *g, uint64_t now_ms, uint32_t *ret_gone, uint32_t *ret_long);
uint64_t graceful_next_ms(const struct graceful *g); /* GRACEFUL_NEVER: nothing is stale */

/* Whether a Cease of this subcode is to be sent as a Hard Reset (RFC 8538 section 3.1). */
bool graceful_is_hard(uint8_t cease);
