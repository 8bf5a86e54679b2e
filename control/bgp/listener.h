/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where neighbours dial us: the listening socket, the keys that it holds for them, and how many
 * connections are taken at a time. Owned by bgp.c, on the event loop.
 */
#pragma once
#include "bgp/transport.h"

struct listener;

/* A connection has come; what is left in *transport is closed. */
typedef void listener_accept(void *user, struct transport **transport);

/* Logs a failure, a negative errno, and *ret is untouched. */
int listener_new(uv_loop_t *loop, const struct addr *addr, uint16_t port, struct listener **ret);
/* *listener may be NULL; NULL afterwards. The loop has to run once more for its handles. */
void listener_free(struct listener **listener);

/* Takes connections from now on. */
void listener_start(struct listener *listener, listener_accept *accept, void *user);

/* The keys for a peer, from what `from` says to what `to` says (socket_auth.h). listener NULL:
 * there is none, and nothing to do. 0 or a negative errno. */
int listener_rekey(struct listener *listener, const struct tcp_auth *from,
		   const struct tcp_auth *to, const struct prefix *peer);
