/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interior reachability and cost of BGP next hops, by the kernel's routes: what an IGP (FRR, BIRD)
 * or an operator has put there. Owned by the event loop; addresses are followed while watched.
 */
#pragma once
#include "base/addr.h"

#include <stddef.h>
#include <uv.h>

struct igp;

#define IGP_TARGETS_MAX                                                           \
	4096 /* a neighbour chooses its next hops: each costs a question an event \
	      */

struct igp_config {
	bool default_route; /* a default route counts as a way */
};

struct igp_route {
	bool reachable;
	uint32_t metric;   /* of the kernel's route; 0: connected, our own, or none given */
	uint8_t len;       /* of the route's prefix, in bits of the address's family */
	uint8_t protocol;  /* RTPROT_*: who installed the route */
	const char *fault; /* static words, where not reachable; else "" */
};

struct igp_ops {
	/* It has changed. Must not watch or unwatch. */
	void (*changed)(void *user, const struct addr *addr, const struct igp_route *route);
	void (*settled)(void *user); /* all that changed by now has been told */
};

/* 0, or negative errno and *ret is untouched. */
int igp_new(uv_loop_t *loop, const struct igp_config *config, const struct igp_ops *ops, void *user,
	    struct igp **ret);
void igp_free(struct igp **igp); /* no callback from then on */
void igp_configure(struct igp *igp, const struct igp_config *config);

/* Counted. 0, and igp_route() knows it; -ENOMEM; -ENOSPC: as many as can be are followed. No
 * callback comes from within. */
int igp_watch(struct igp *igp, const struct addr *addr);
void igp_unwatch(struct igp *igp, const struct addr *addr);

/* NULL: not watched. Borrowed until the loop turns. */
const struct igp_route *igp_route(const struct igp *igp, const struct addr *addr);
/* All that are watched, index 0.. until false. */
bool igp_next_hop(const struct igp *igp, size_t index, struct addr *ret_addr,
		  struct igp_route *ret);
