/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signed TCP segments: TCP MD5 (RFC 2385) and TCP-AO (RFC 5925), which the kernel does for sockets
 * that were given keys. A key is for a peer, an address or all of a prefix; a listener holds those
 * of all its peers, and an accepted connection those of its own. What is not signed as it should
 * be, the kernel drops before anybody here sees it, and counts (tcp_counters.h).
 */
#pragma once
#include "base/addr.h"
#include "base/secret.h"

#define TCP_AUTH_KEYS_MAX 4

/* An octet each, without padding: settings are compared as bytes. */
enum tcp_auth_kind { TCP_AUTH_NONE, TCP_AUTH_MD5, TCP_AUTH_AO };
/* RFC 5926 section 3.2; both sign with 96 bits. */
enum tcp_auth_algorithm { TCP_AUTH_HMAC_SHA_1_96, TCP_AUTH_AES_128_CMAC_96 };

struct tcp_auth_key {
	uint8_t send_id, receive_id; /* TCP-AO only: the KeyIDs of RFC 5925 section 3.1 */
	uint8_t algorithm;
	uint8_t len;
	uint8_t octet[SECRET_MAX]; /* zeros past len */
};

struct tcp_auth {
	uint8_t kind;
	/* MD5: 1. AO: 1..TCP_AUTH_KEYS_MAX, no two with the same send_id or receive_id; all of
	 * them are taken from the peer, the first one is the one that it is asked to sign with. */
	uint8_t count;
	struct tcp_auth_key key[TCP_AUTH_KEYS_MAX];
};

/* "none", "tcp-md5", "tcp-ao". */
const char *tcp_auth_name(const struct tcp_auth *auth);

/* Whether this kernel can do it: 0, or -EOPNOTSUPP. */
int socket_auth_supported(enum tcp_auth_kind kind);

/*
 * Makes the keys for that peer on a TCP socket from what `from` says to what `to` says, on a
 * listener, a connection or before it; NULL: none. A connection goes on, with the keys that both
 * have. On a socket of IPv4 a peer of IPv6 cannot come in, which is no error. 0 or -errno: keys of
 * `to` may be missing then, and socket_auth_remedy() has words for it.
 */
int socket_auth_change(int fd, const struct tcp_auth *from, const struct tcp_auth *to,
		       const struct prefix *peer);
const char *socket_auth_remedy(int err); /* "" where none is known */

/* Of a TCP-AO connection. current is the send id of the key that we sign with, which the peer's
 * wish decides; next the receive id of the key that we ask it for. -ENOENT: no TCP-AO here. */
struct tcp_auth_info {
	uint8_t current, next;
	uint64_t good, bad, key_not_found, unsigned_segments; /* segments received */
};
int socket_auth_info(int fd, struct tcp_auth_info *ret);
