/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a TCP connection with a peer is set up: keys, hop counts, interface. Values, without padding,
 * so that settings are compared as bytes.
 */
#pragma once
#include "bgp/socket_auth.h"

#define SOCKET_TTL_MAX 255

struct socket_options {
	char interface[16]; /* "": any. Else what comes in or leaves by another one is not ours */
	uint8_t ttl;        /* of what we send; 0: the kernel's default */
	uint8_t ttl_min;    /* what arrives with less is dropped (RFC 5082); 0: nothing is */
	struct tcp_auth auth;
};

/* All but the keys, on a connection or before it. 0 or -errno: -ENODEV: no such interface. */
int socket_options_apply(int fd, const struct socket_options *options, const struct addr *peer);

/* A listener answers with the greatest TTL, which neighbours with RFC 5082 insist on, in both
 * families where it takes both. */
int socket_options_listen(int fd);

/* The address of a peer, with the scope (RFC 4007) where a link-local one needs it. 0 or -errno. */
int socket_options_sockaddr(const struct socket_options *options, const struct addr *peer,
			    uint16_t port, struct sockaddr_storage *ret);
