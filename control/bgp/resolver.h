/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whoever knows interior routes, for the decision (RFC 4271 sections 9.1.2.1 and 9.1.2.2 (e)): is
 * told which next hops matter, and says what it costs to get there.
 */
#pragma once
#include "base/addr.h"

struct bgp;

#define BGP_UNREACHABLE UINT32_MAX

struct bgp_resolver {
	/* A path has this next hop, from now on; counted. Returns the cost. */
	uint32_t (*watch)(void *user, const struct addr *next_hop);
	void (*unwatch)(void *user, const struct addr *next_hop);
};

/* Before any route. The resolver outlives the speaker. */
void bgp_resolve(struct bgp *bgp, const struct bgp_resolver *resolver, void *user);
/* The cost of a next hop is another one: counts before the loop waits again. */
void bgp_next_hop_changed(struct bgp *bgp, const struct addr *next_hop, uint32_t cost);
