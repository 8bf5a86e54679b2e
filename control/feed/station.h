/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The connection to one BMP station: dials, dials again, and holds what waits to be sent within a
 * bound. It knows nothing of what the messages say. Private to control/feed; on the event loop.
 */
#pragma once
#include "base/writer.h"
#include "feed/feed.h"

struct station;

struct station_ops {
	void (*connected)(void *user); /* nothing has been sent yet */
	void (*ended)(void *user);     /* after connected(), not by station_free() */
};

/* Copies *config; dials at once. NULL: out of memory. */
struct station *station_new(uv_loop_t *loop, const struct feed_station_config *config,
			    const struct station_ops *ops, void *user);
/* What the kernel does not take at once is lost. *station may be NULL; NULL afterwards. */
void station_free(struct station **station);

bool station_connected(const struct station *station);
/* Room for one message of at most len octets, to be given to station_commit(). Without a connection
 * or room the writer is bad; for want of room the station is disconnected by the next
 * station_flush(), and counted. */
struct writer station_room(struct station *station, size_t len);
void station_commit(struct station *station, const struct writer *message);
/* Hands over to the kernel what waits, unless it is still busy with what it was handed before. */
void station_flush(struct station *station);
size_t station_waiting(const struct station *station); /* octets */

const struct feed_station_config *station_config(const struct station *station);
/* Fills in what a connection knows of itself; the rest is zero. */
void station_view(const struct station *station, struct feed_station_view *ret);
