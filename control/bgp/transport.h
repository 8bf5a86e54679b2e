/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TCP connection under libuv: octets in order, a bounded buffer each way, and a close that can be
 * done at any time, also from within its callbacks. One owner, on the event loop; it knows nothing
 * of BGP messages.
 */
#pragma once
#include "bgp/socket_options.h"

#include <stddef.h>
#include <uv.h>

struct transport;

struct transport_ops {
	/* The connection is there, or status says why not (a libuv error). */
	void (*connected)(void *user, int status);
	/* Returns how many octets were used; the others come again with more. */
	size_t (*received)(void *user, const uint8_t *octets, size_t len);
	/* status: UV_EOF or a libuv error. Nothing more will come; the owner still has to close. */
	void (*ended)(void *user, int status);
	/* All that was sent has been taken by the kernel. */
	void (*drained)(void *user);
};

/* Whom to dial. local zero: the kernel's choice. */
struct transport_peer {
	const struct addr *local, *remote;
	uint16_t port;
	const struct socket_options *options;
};

/* On failure, a negative errno, *ret is untouched. */
int transport_dial(uv_loop_t *loop, const struct transport_peer *peer, struct transport **ret);
/* Has the keys that the listener has for its peer; transport_options() sets the rest. */
int transport_accept(uv_stream_t *listener, struct transport **ret);
/* All but keys. 0 or a negative errno. */
int transport_options(struct transport *transport, const struct socket_options *options);

/* The connection's keys become others, and it goes on. */
int transport_rekey(struct transport *transport, const struct tcp_auth *from,
		    const struct tcp_auth *to, const struct prefix *peer);
int transport_auth_info(const struct transport *transport, struct tcp_auth_info *ret);

/* Who is told, and from when on octets are read: after it has connected. 0 or a negative errno. */
void transport_attach(struct transport *transport, const struct transport_ops *ops, void *user);
int transport_read(struct transport *transport);

/* Takes over *octets, a heap block. 0 or a negative errno, and the connection is of no more use. */
int transport_send(struct transport *transport, uint8_t **octets, size_t len);
/* Octets that the kernel has not taken yet. */
size_t transport_waiting(const struct transport *transport);

/* Our address and theirs; zero where there is none. */
struct addr transport_local(const struct transport *transport);
struct addr transport_remote(const struct transport *transport);
uint16_t transport_local_port(const struct transport *transport); /* 0: there is none */
uint16_t transport_remote_port(const struct transport *transport);
/* The interface that a link-local neighbour is on (RFC 4007); 0: its address says it all. */
uint32_t transport_scope(const struct transport *transport);

/* What waits to be sent is lost. *transport may be NULL; NULL afterwards; no callback comes. */
void transport_close(struct transport **transport);
