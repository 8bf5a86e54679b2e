/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the neighbours of one speaker share: its RIB, its settings, and the way to whoever gave it
 * the callbacks. Owned by bgp.c, on the event loop.
 */
#pragma once
#include "bgp/adj_out.h"
#include "bgp/bgp.h"
#include "bgp/graceful.h"
#include "bgp/observer.h"
#include "bgp/rib.h"
#include "bgp/update.h"

struct speaker {
	uv_loop_t *loop;
	struct bgp_config config;
	const struct bgp_ops *ops; /* NULL: closing, nobody is told */
	void *user;
	const struct bgp_observer *observer; /* NULL: nobody watches */
	void *observer_user;
	struct graceful_self self; /* restarting: nobody is told of routes */
	struct rib *rib;
	struct adj_outs outs;
	struct neighbor **neighbors;
	size_t neighbor_count;
	bool unsettled;           /* routes or End-of-RIB since ops->settled() */
	struct bgp_update update; /* the message being read */
};

/* These keep the RIB, the neighbours and the callbacks in step. 0 or -ENOMEM, -ENOSPC. */
int speaker_announce(struct speaker *speaker, struct rib_source *source,
		     const struct bgp_nlri *nlri, const struct bgp_path *path);
/* 1: it went. 0: there was none. */
int speaker_withdraw(struct speaker *speaker, struct rib_source *source,
		     const struct bgp_nlri *nlri);
/* The route begins its long life (RFC 9494). 0 or -ENOMEM: it is as it was. */
int speaker_prolong(struct speaker *speaker, struct rib_route *route);
/* What neighbours are told of the destination is to be looked at again. */
void speaker_touch(struct speaker *speaker, const struct bgp_dst *dst);
void speaker_settle(struct speaker *speaker);
