/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/socket_auth.h"
#include "bgp/tcp_ao.h"

#include "base/util.h"

#include <errno.h>
#include <string.h>

/* The kernel's names (net/ipv4/tcp_ao.c); with "cmac(aes128)" it derives a key of 16 octets by
 * RFC 5926 section 3.1.1.2 from one of another length. */
static const char *const algorithms[] = {
	[TCP_AUTH_HMAC_SHA_1_96] = "hmac(sha1)",
	[TCP_AUTH_AES_128_CMAC_96] = "cmac(aes128)",
};
#define MAC_LEN 12 /* 96 bits, RFC 5926 section 3.2 */

const char *tcp_auth_name(const struct tcp_auth *auth)
{
	static const char *const names[] = {
		[TCP_AUTH_NONE] = "none", [TCP_AUTH_MD5] = "tcp-md5", [TCP_AUTH_AO] = "tcp-ao"
	};

	return names[auth->kind];
}

int socket_auth_supported(enum tcp_auth_kind kind)
{
	_cleanup_(closep) int fd = -1;
	struct tcp_ao_info_opt info = { 0 };
	struct tcp_md5sig md5 = { 0 };
	struct sockaddr_in peer = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001) };

	if (kind == TCP_AUTH_NONE)
		return 0;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (kind == TCP_AUTH_AO)
		return setsockopt(fd, IPPROTO_TCP, TCP_AO_INFO, &info, sizeof(info)) < 0 &&
				       errno == ENOPROTOOPT
			       ? -EOPNOTSUPP
			       : 0;
	/* The key of none is not there to be removed, where keys are known. */
	memcpy(&md5.tcpm_addr, &peer, sizeof(peer));
	return setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &md5, sizeof(md5)) < 0 &&
			       errno == ENOPROTOOPT
		       ? -EOPNOTSUPP
		       : 0;
}

const char *socket_auth_remedy(int err)
{
	switch (err) {
	case -EOPNOTSUPP:
	case -ENOPROTOOPT:
		return "; TCP-AO takes Linux 6.7 or later with CONFIG_TCP_AO, TCP MD5 takes "
		       "CONFIG_TCP_MD5SIG";
	case -ENOMEM:
		return "; raise sysctl net.core.optmem_max, of which each key takes some";
	case -EKEYREJECTED:
		return "; a neighbor and the range around it take the same of TCP MD5 and TCP-AO";
	default:
		return "";
	}
}

/* The peer as this socket's family writes it. False: no such peer can come in here. */
static bool peer_sockaddr(int fd, const struct prefix *peer, struct sockaddr_storage *ret)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	int family = AF_INET;
	socklen_t len = sizeof(family);

	getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len);
	if (family == AF_INET && !addr_is_v4(&peer->addr))
		return false;
	if (family == AF_INET) {
		addr_to_sockaddr(&peer->addr, 0, ret);
		return true;
	}
	memcpy(&v6.sin6_addr, peer->addr.octet, sizeof(v6.sin6_addr));
	memset(ret, 0, sizeof(*ret));
	memcpy(ret, &v6, sizeof(v6));
	return true;
}

static int option_set(int fd, int option, const void *value, socklen_t len)
{
	return setsockopt(fd, IPPROTO_TCP, option, value, len) < 0 ? -errno : 0;
}

/* A key of no octets removes the one that is there. The one for all of a host and the one for its
 * prefix of full length are the same to the kernel. */
static int md5_set(int fd, const struct tcp_auth_key *key, const struct sockaddr_storage *sa,
		   uint8_t len)
{
	struct tcp_md5sig md5 = { .tcpm_flags = TCP_MD5SIG_FLAG_PREFIX, .tcpm_prefixlen = len };
	int r;

	memcpy(&md5.tcpm_addr, sa, sizeof(*sa));
	if (key) {
		md5.tcpm_keylen = key->len;
		memcpy(md5.tcpm_key, key->octet, key->len);
	}
	r = option_set(fd, TCP_MD5SIG_EXT, &md5, sizeof(md5));
	explicit_bzero(&md5, sizeof(md5));
	return r == -ENOENT && !key ? 0 : r;
}

static int ao_add(int fd, const struct tcp_auth_key *key, const struct sockaddr_storage *sa,
		  uint8_t len)
{
	struct tcp_ao_add ao = { .prefix = len,
				 .sndid = key->send_id,
				 .rcvid = key->receive_id,
				 .maclen = MAC_LEN,
				 .keylen = key->len };
	int r;

	memcpy(&ao.addr, sa, sizeof(*sa));
	strcpy(ao.alg_name, algorithms[key->algorithm]);
	memcpy(ao.key, key->octet, key->len);
	r = option_set(fd, TCP_AO_ADD_KEY, &ao, sizeof(ao));
	explicit_bzero(&ao, sizeof(ao));
	return r;
}

static bool is_listening(int fd)
{
	int listens = 0;
	socklen_t len = sizeof(listens);

	getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len);
	return listens;
}

/* On a connection one of its keys is in use: `first`, which stays, comes in its place. A listener
 * uses none, so that the kernel need not wait until the key is out of use. */
static int ao_delete(int fd, const struct tcp_auth_key *key, const struct tcp_auth_key *first,
		     const struct sockaddr_storage *sa, uint8_t len)
{
	struct tcp_ao_del ao = { .prefix = len, .sndid = key->send_id, .rcvid = key->receive_id };
	int r;

	memcpy(&ao.addr, sa, sizeof(*sa));
	ao.del_async = is_listening(fd);
	r = option_set(fd, TCP_AO_DEL_KEY, &ao, sizeof(ao));
	if (r != -EBUSY || !first)
		return r == -ENOENT ? 0 : r;
	ao.set_current = ao.set_rnext = 1;
	ao.current_key = first->send_id;
	ao.rnext = first->receive_id;
	return option_set(fd, TCP_AO_DEL_KEY, &ao, sizeof(ao));
}

static bool ao_has(const struct tcp_auth *auth, const struct tcp_auth_key *key)
{
	for (size_t i = 0; auth && auth->kind == TCP_AUTH_AO && i < auth->count; i++)
		if (!memcmp(&auth->key[i], key, sizeof(*key)))
			return true;
	return false;
}

/* RFC 5925 section 6.1: asked for the first key, the peer changes to it when it has it, and we
 * change when the peer asks; but before a connection there is nobody to ask. A listener signs with
 * the key that it was asked for. */
static int ao_prefer(int fd, const struct tcp_auth_key *first, bool begins)
{
	struct tcp_ao_info_opt info = { .set_rnext = 1,
					.set_current = begins,
					.current_key = first->send_id,
					.rnext = first->receive_id };

	return is_listening(fd) ? 0 : option_set(fd, TCP_AO_INFO, &info, sizeof(info));
}

/* New keys first: the connection must never be without one. Keys that have an id in common with a
 * key to be removed cannot be beside it, so these go in between. */
static int ao_change(int fd, const struct tcp_auth *from, const struct tcp_auth *to,
		     const struct sockaddr_storage *sa, uint8_t len)
{
	const struct tcp_auth_key *first = to && to->kind == TCP_AUTH_AO ? &to->key[0] : NULL;
	bool added[TCP_AUTH_KEYS_MAX] = { 0 }, begins = !from || from->kind != TCP_AUTH_AO;
	int r = 0;

	for (size_t i = 0; first && i < to->count; i++)
		added[i] = ao_has(from, &to->key[i]) || ao_add(fd, &to->key[i], sa, len) == 0;
	if (first && added[0])
		r = ao_prefer(fd, first, begins);
	for (size_t i = 0; r == 0 && !begins && i < from->count; i++)
		if (!ao_has(to, &from->key[i]))
			r = ao_delete(fd, &from->key[i], first && added[0] ? first : NULL, sa, len);
	for (size_t i = 0; r == 0 && first && i < to->count; i++)
		if (!added[i])
			r = ao_add(fd, &to->key[i], sa, len);
	return r == 0 && first && !added[0] ? ao_prefer(fd, first, begins) : r;
}

int socket_auth_change(int fd, const struct tcp_auth *from, const struct tcp_auth *to,
		       const struct prefix *peer)
{
	bool had_md5 = from && from->kind == TCP_AUTH_MD5, has_md5 = to && to->kind == TCP_AUTH_MD5;
	struct sockaddr_storage sa;
	int r = 0;

	if (!peer_sockaddr(fd, peer, &sa))
		return 0;
	if (had_md5 && !has_md5)
		r = md5_set(fd, NULL, &sa, peer->len);
	if (r == 0)
		r = ao_change(fd, from, to, &sa, peer->len);
	return r == 0 && has_md5 ? md5_set(fd, &to->key[0], &sa, peer->len) : r;
}

int socket_auth_info(int fd, struct tcp_auth_info *ret)
{
	struct tcp_ao_info_opt info = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_AO_INFO, &info, &len) < 0)
		return -ENOENT;
	*ret = (struct tcp_auth_info){ .current = info.current_key,
				       .next = info.rnext,
				       .good = info.pkt_good,
				       .bad = info.pkt_bad,
				       .key_not_found = info.pkt_key_not_found,
				       .unsigned_segments = info.pkt_ao_required };
	return 0;
}
