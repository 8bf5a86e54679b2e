/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys for neighbours, and a network of one's own to try them in. */
#pragma once
#include "raw_neighbor.h"

#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>

/* What may not go wrong for others, and counts from 0: a network of its own. */
static inline void own_network(void)
{
	_cleanup_(closep) int fd = -1;
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	signal(SIGPIPE, SIG_IGN); /* as margayd does */
	if (unshare(CLONE_NEWNET) < 0)
		cr_skip("needs root for a network namespace");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	cr_assert(ioctl(fd, SIOCSIFFLAGS, &lo) == 0);
}

static inline struct tcp_auth md5(const char *password)
{
	struct tcp_auth auth = { .kind = TCP_AUTH_MD5, .count = 1 };

	auth.key[0].len = (uint8_t)strlen(password);
	memcpy(auth.key[0].octet, password, auth.key[0].len);
	return auth;
}

static inline struct tcp_auth ao(const char *secret, uint8_t send_id, uint8_t receive_id,
				 enum tcp_auth_algorithm algorithm)
{
	struct tcp_auth auth = md5(secret);

	auth.kind = TCP_AUTH_AO;
	auth.key[0].send_id = send_id;
	auth.key[0].receive_id = receive_id;
	auth.key[0].algorithm = algorithm;
	return auth;
}

static inline struct tcp_auth both(const struct tcp_auth *first, const struct tcp_auth *second)
{
	struct tcp_auth auth = *first;

	auth.key[auth.count++] = second->key[0];
	return auth;
}
