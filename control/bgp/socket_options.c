/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/socket_options.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

static int int_set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int ttl_set(int fd, const struct socket_options *o, const struct addr *peer)
{
	bool v4 = addr_is_v4(peer);
	int r = 0;

	if (o->ttl)
		r = int_set(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TTL : IPV6_UNICAST_HOPS,
			    o->ttl);
	if (r == 0 && o->ttl_min)
		r = int_set(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_MINTTL : IPV6_MINHOPCOUNT,
			    o->ttl_min);
	return r;
}

int socket_options_apply(int fd, const struct socket_options *options, const struct addr *peer)
{
	size_t len = strlen(options->interface);
	int r = ttl_set(fd, options, peer);

	if (r < 0 || !len)
		return r;
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, options->interface, (socklen_t)len + 1) <
			       0
		       ? -errno
		       : 0;
}

int socket_options_listen(int fd)
{
	int family = AF_INET, r;
	socklen_t len = sizeof(family);

	getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len);
	r = int_set(fd, IPPROTO_IP, IP_TTL, SOCKET_TTL_MAX);
	return family == AF_INET6 && r == 0
		       ? int_set(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, SOCKET_TTL_MAX)
		       : r;
}

int socket_options_sockaddr(const struct socket_options *options, const struct addr *peer,
			    uint16_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;

	addr_to_sockaddr(peer, port, ret);
	if (ret->ss_family != AF_INET6 || !IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr))
		return 0;
	v6->sin6_scope_id = if_nametoindex(options->interface);
	return v6->sin6_scope_id ? 0 : -ENODEV;
}
