/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MRT files (RFC 6396): tables, at intervals and when somebody asks, and a log of messages that is
 * rotated. All lie in one directory, under names of ours or plain words. Private to control/feed;
 * owned by feed.c.
 */
#pragma once
#include "bgp/observer.h"
#include "feed/feed.h"

struct mrt;

/* NULL: out of memory. */
struct mrt *mrt_new(uv_loop_t *loop, struct bgp *bgp, const struct bgp_config *router);
/* The log is finished, a table that is not whole is dropped. *mrt may be NULL; NULL afterwards. */
void mrt_free(struct mrt **mrt);
void mrt_configure(struct mrt *mrt, const struct feed_mrt_config *config);
/* As feed_mrt_dump(). */
int mrt_dump(struct mrt *mrt, const char *name, const char **ret_path);
void mrt_view(const struct mrt *mrt, struct feed_mrt_view *ret);

/* As struct bgp_observer has them. */
void mrt_up(struct mrt *mrt, const struct bgp_peer *peer);
void mrt_down(struct mrt *mrt, const struct bgp_peer *peer);
void mrt_update(struct mrt *mrt, const struct bgp_peer *peer, struct cursor message);
