/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A UDP socket for measurement: the kernel's receive time and TTL with each packet, and the time at
 * which a packet left. One owner, on the event loop.
 */
#pragma once
#include "base/addr.h"

#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <uv.h>

struct port;

struct port_packet {
	struct addr from, to; /* to: our address that it came to */
	uint16_t from_port;
	uint8_t *octets; /* the receiver may write in them */
	size_t len;
	struct timespec received; /* CLOCK_REALTIME, by the kernel */
	uint8_t ttl;              /* or hop limit, as it came */
};

struct port_ops {
	void (*received)(void *user, struct port_packet *packet);
	/* When the packet of this tag (see port_send()) left the host; CLOCK_REALTIME. NULL: not
	 * wanted. */
	void (*left)(void *user, uint32_t tag, const struct timespec *at);
};

struct port_config {
	struct addr local; /* decides the family; the "any" address of either will do */
	uint16_t port;     /* 0: the kernel's choice */
	uint8_t dscp;      /* of what is sent, 0..63 */
};

/* 0 or a negative errno, which is not logged. */
int port_open(uv_loop_t *loop, const struct port_config *config, const struct port_ops *ops,
	      void *user, struct port **ret);
void port_close(struct port **port); /* *port may be NULL; NULL afterwards; no callback comes */

/* Sends with TTL 255 (RFC 8762 section 4.2.1), from `local` where it is not zero. Sent packets are
 * counted by the kernel from 0 on: *ret_tag, which may be NULL, is this one's number. 0 or a
 * negative errno; -EAGAIN: no room, and nothing waits. */
int port_send(struct port *port, const struct addr *local, const struct addr *to, uint16_t to_port,
	      const void *octets, size_t len, uint32_t *ret_tag);
