/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Feeds out of the BGP speaker, for people and programs that watch it: BMP to stations, MRT to
 * files. One object, owned by the event loop. It watches the speaker and never changes or delays
 * it; what it cannot deliver it drops and counts.
 */
#pragma once
#include "base/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct bgp;
struct bgp_config;
struct feed;

#define FEED_STATIONS_MAX 8

enum feed_policy { FEED_PRE_POLICY = 1 << 0, FEED_POST_POLICY = 1 << 1 };

/* A BMP station (RFC 7854). Compared as bytes: zeroed before it is filled. */
struct feed_station_config {
	char name[32];
	struct addr address, local; /* local zero: the kernel's choice */
	uint16_t port;
	uint32_t monitor;  /* enum feed_policy */
	uint32_t report_s; /* Statistics Reports; 0: none */
	bool mirror;       /* Route Mirroring of malformed UPDATEs */
	size_t buffer;     /* octets that may wait for it */
};

/* MRT files (RFC 6396). Compared as bytes: zeroed before it is filled. */
struct feed_mrt_config {
	char directory[256];         /* "": none are written */
	uint32_t table_s, updates_s; /* between tables; between rotations. 0: none */
	uint32_t tables_kept, updates_kept;
	size_t updates_size; /* octets of a log from which on it is rotated, too */
};

struct feed_config {
	char name[64], description[128]; /* sysName, sysDescr */
	struct feed_mrt_config mrt;
	struct feed_station_config station[FEED_STATIONS_MAX];
	size_t station_count;
};

/* The speaker outlives it, and its configuration, which is copied. 0 or -ENOMEM. */
int feed_new(uv_loop_t *loop, struct bgp *bgp, const struct bgp_config *router,
	     const struct feed_config *config, struct feed **ret);
/* Stations that are equal in every setting stay connected. 0 or -ENOMEM; then what could be done
 * is. */
int feed_configure(struct feed *feed, const struct feed_config *config);
/* Says goodbye to stations. The loop has to run once more. */
void feed_free(struct feed **feed);

/* What `margay show bmp` prints; borrowed until the loop turns. */
struct feed_station_view {
	const struct feed_station_config *config;
	const char *state;      /* "waiting", "connecting", "connected" */
	const char *last_error; /* "": none */
	uint64_t since_ms;      /* uv_now() of the last change of state */
	size_t waiting;         /* octets */
	size_t peers;           /* told to it */
	size_t routes_due;      /* of the table that is being told */
	uint64_t connections, messages, octets;
	uint64_t overflows; /* it was disconnected for it did not read */
	uint64_t untold;    /* routes that could not be written anew */
};
bool feed_station(const struct feed *feed, size_t index, struct feed_station_view *ret);

/* Begins to write the table to a file of this name in the directory; NULL: a name of ours. The file
 * is there once it is whole. 0 and *ret_path is borrowed; -EOPNOTSUPP: no directory is configured;
 * -EINVAL: the name is no plain word; -EBUSY: one is being written; or what the disk says. */
int feed_mrt_dump(struct feed *feed, const char *name, const char **ret_path);

/* What `margay show mrt` prints; borrowed until the loop turns. */
struct feed_mrt_view {
	const struct feed_mrt_config *config;
	const char *table; /* the last one; "": none */
	bool writing;      /* it is not whole yet */
	uint64_t tables, failures;
	const char *log; /* being written; "": none */
	size_t log_octets;
	uint64_t logged, dropped; /* records */
	const char *last_error;   /* "": none */
};
void feed_mrt_view(const struct feed *feed, struct feed_mrt_view *ret);
