/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One BGP session of ours with a router under test: our codec on a socket, without RIB or policy,
 * so that one process can have hundreds and knows every octet it sends. Owned by the caller; one
 * thread. Times are CLOCK_MONOTONIC in ns.
 */
#pragma once
#include "base/cursor.h"
#include "bgp/open.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct peer_config {
	struct addr local, remote;
	uint16_t port;
	struct bgp_open open; /* what we say */
};

struct peer {
	int fd;
	struct bgp_codec codec; /* as negotiated */
	uint16_t hold_s;
	uint64_t keepalive_ns, heard_ns; /* when one is due; when the other side last spoke */
	uint64_t silent_ns;              /* longest time that it did not */
	const uint8_t *send;             /* borrowed: what is still to be sent */
	size_t send_len;
	uint64_t received; /* octets of all messages */
	uint8_t *in;
	size_t in_at, in_len;
	/* Called with each UPDATE's body; what it returns below 0 ends the session. */
	int (*update)(void *user, struct peer *peer, struct cursor body);
	void *user;
};

/* Connects and exchanges OPEN and KEEPALIVE, at most so long. 0, or negative errno, logged unless
 * peer_early(); nothing stays open then. */
int peer_open(struct peer *peer, const struct peer_config *config, int timeout_ms);
/* What a router says that is still starting: nobody listens, or not yet for us. */
bool peer_early(int error);
void peer_close(struct peer *peer);

/* Octets of whole messages, borrowed until peer_sent(). */
void peer_send(struct peer *peer, const void *octets, size_t len);
bool peer_sent(const struct peer *peer);

/* What poll() should wait for. */
short peer_events(const struct peer *peer);
bool peer_is_due(const struct peer *peer); /* a KEEPALIVE is to be sent */
/* Sends and receives what can be at once, and a KEEPALIVE when one is due. 0, or negative errno,
 * logged: the session has ended. */
int peer_pump(struct peer *peer);
