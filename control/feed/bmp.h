/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What BMP stations are told (RFC 7854), and when: messages as they come, and to those who connect
 * late the table first. Private to control/feed; owned by feed.c, which watches the speaker.
 */
#pragma once
#include "bgp/observer.h"
#include "feed/feed.h"

struct bmp;

struct bmp *bmp_new(uv_loop_t *loop, struct bgp *bgp); /* NULL: out of memory */
/* Stations get a Termination. *bmp may be NULL; NULL afterwards. */
void bmp_free(struct bmp **bmp);
/* As feed_configure(). */
int bmp_configure(struct bmp *bmp, const struct feed_config *config);
bool bmp_station(const struct bmp *bmp, size_t index, struct feed_station_view *ret);

/* As struct bgp_observer has them. */
void bmp_up(struct bmp *bmp, const struct bgp_peer *peer);
void bmp_down(struct bmp *bmp, const struct bgp_peer *peer, const struct bgp_ending *ending);
void bmp_update(struct bmp *bmp, const struct bgp_peer *peer, struct cursor message,
		enum fault fault);
void bmp_changed(struct bmp *bmp, uint32_t neighbor, const struct bgp_nlri *nlri);
/* Before the loop waits: goes on with tables, and sends. */
void bmp_flush(struct bmp *bmp);
