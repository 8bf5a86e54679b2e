/* SPDX-License-Identifier: BSD-2-Clause */
#include "dial.h"

#include "base/log.h"
#include "base/util.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

int endpoints_add(struct sockaddr_storage **list, size_t *count, const char *address,
		  unsigned short port)
{
	struct sockaddr_storage *more = reallocarray(*list, *count + 1, sizeof(*more));

	if (!more)
		return log_err(-ENOMEM, "%s", address);
	*list = more;
	more = &more[*count];
	memset(more, 0, sizeof(*more));
	if (uv_ip4_addr(address, port, (struct sockaddr_in *)more) < 0 &&
	    uv_ip6_addr(address, port, (struct sockaddr_in6 *)more) < 0)
		return log_err(-EINVAL, "%s is no address", address);
	++*count;
	return 0;
}

void endpoints_clear(struct endpoints *endpoints)
{
	freep(&endpoints->from);
	freep(&endpoints->to);
}

struct route endpoints_draw(const struct endpoints *endpoints, struct draw *draw)
{
	return endpoints_route(endpoints, draw_below(draw, (uint32_t)endpoints->to_count), draw);
}

struct route endpoints_route(const struct endpoints *endpoints, size_t to, struct draw *draw)
{
	struct route route = { .to = &endpoints->to[to] };
	uint32_t turn = draw_below(draw, UINT32_MAX);

	for (size_t i = 0; i < endpoints->from_count && !route.from; i++) {
		const struct sockaddr_storage *from =
			&endpoints->from[(turn + i) % endpoints->from_count];

		if (from->ss_family == route.to->ss_family)
			route.from = from;
	}
	return route;
}

static socklen_t address_len(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET ? sizeof(struct sockaddr_in)
					     : sizeof(struct sockaddr_in6);
}

static int dial_socket(const struct route *route, int *ret)
{
	_cleanup_(closep) int fd =
		socket(route->to->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		return -errno;
	/* The port is chosen at connect(), unique by destination: not one of 28,000 for all. */
	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) < 0)
		return -errno;
	if (route->from &&
	    bind(fd, (const struct sockaddr *)route->from, address_len(route->from)) < 0)
		return -errno;
	*ret = fd;
	fd = -1;
	return 0;
}

int dial(uv_loop_t *loop, struct lines *lines, uv_connect_t *connect, const struct route *route,
	 uv_connect_cb done)
{
	int fd = -1, r = dial_socket(route, &fd);

	uv_tcp_init(loop, &lines->tcp);
	lines->handle.data = lines;
	if (r == 0)
		r = uv_tcp_open(&lines->tcp, fd);
	if (r == 0)
		r = uv_tcp_connect(connect, &lines->tcp, (const struct sockaddr *)route->to, done);
	if (r < 0)
		lines_close(lines);
	else
		uv_tcp_nodelay(&lines->tcp, 1);
	return r;
}

enum outcome dial_outcome(int status)
{
	switch (status) {
	case UV_ECONNREFUSED:
		return OUTCOME_REFUSED;
	case UV_ECONNRESET:
	case UV_EPIPE:
	case UV_EOF:
		return OUTCOME_RESET;
	case UV_ETIMEDOUT:
		return OUTCOME_TIMEOUT;
	default:
		return OUTCOME_LOCAL;
	}
}
