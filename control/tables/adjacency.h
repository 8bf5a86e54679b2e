/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ways: which interfaces and MAC addresses lead to an address now, by the kernel's routes and
 * neighbours. A watched address is followed until it is unwatched; what it takes of the kernel's
 * neighbour table is kept alive. Private to control/tables; owned by the event loop.
 */
#pragma once
#include "tables/netlink.h"

struct adjacency;

struct way {
	size_t count;                            /* 0: there is none, see fault */
	struct mg_nexthop hop[MG_SITE_NEXTHOPS]; /* one of more weight repeats */
	uint32_t weight[MG_SITE_NEXTHOPS];       /* while the way is made */
	uint32_t mtu;
	bool asked;      /* without a way because the kernel is still asking for a neighbour */
	char fault[120]; /* words for people; "" */
};

struct adjacency_ops {
	void (*way)(void *user, uint32_t id, const struct way *way); /* it has changed */
	void (*link)(void *user);                                    /* some link has changed */
};

int adjacency_open(uv_loop_t *loop, const struct adjacency_ops *ops, void *user,
		   struct adjacency **ret);
void adjacency_close(struct adjacency **adjacency); /* no callback from then on */

/* Follows addr under the caller's id, which must be free. on_link: only as a neighbour, never by a
 * gateway. *way is what is in use so far (count 0: nothing) and is kept while the kernel still asks
 * for a neighbour. ops->way() may be called before this returns. 0, -ENOMEM. */
int adjacency_watch(struct adjacency *adjacency, uint32_t id, const struct addr *addr, bool on_link,
		    const struct way *way);
void adjacency_unwatch(struct adjacency *adjacency, uint32_t id);

/* Tells every way that there is once more. */
void adjacency_repeat(struct adjacency *adjacency);

bool adjacency_link_at(const struct adjacency *adjacency, uint32_t ifindex,
		       struct netlink_link *ret);
bool adjacency_link(const struct adjacency *adjacency, const char *name, struct netlink_link *ret);
