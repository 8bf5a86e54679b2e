/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plain system calls under uv_poll: libuv's own UDP handles know neither control messages nor the
 * error queue, in which the kernel hands out transmit times.
 */
#include "probe/port.h"

#include "base/util.h"
#include "probe/stamp.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define BATCH 32 /* packets of one turn of the loop: others want theirs */

struct port {
	uv_poll_t poll;
	int fd;
	int family;
	uint32_t tag;               /* of the next packet */
	const struct port_ops *ops; /* NULL: closed */
	void *user;
};

static int set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

/* Asks for receive times, and for numbered departures where somebody wants them. */
static int port_timing(const struct port *port)
{
	int arrivals = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE;
	int departures = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_OPT_ID |
			 SOF_TIMESTAMPING_OPT_TSONLY;

	if (port->ops->left &&
	    set(port->fd, SOL_SOCKET, SO_TIMESTAMPING, arrivals | departures) == 0)
		return 0;
	return set(port->fd, SOL_SOCKET, SO_TIMESTAMPING, arrivals);
}

/* Whether the kernel has counted a packet that it refused differs from version to version: the
 * count begins anew. Returns r. */
static int port_recount(struct port *port, int r)
{
	set(port->fd, SOL_SOCKET, SO_TIMESTAMPING, 0);
	port_timing(port);
	port->tag = 0;
	return r;
}

static int port_options(const struct port *port, const struct port_config *config)
{
	bool v6 = port->family == AF_INET6;
	int r = v6 ? set(port->fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) : 0;

	if (r == 0)
		r = v6 ? set(port->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
		       : set(port->fd, IPPROTO_IP, IP_PKTINFO, 1);
	if (r == 0)
		r = v6 ? set(port->fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1)
		       : set(port->fd, IPPROTO_IP, IP_RECVTTL, 1);
	if (r == 0)
		r = v6 ? set(port->fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 255)
		       : set(port->fd, IPPROTO_IP, IP_TTL, 255);
	if (r == 0)
		r = v6 ? set(port->fd, IPPROTO_IPV6, IPV6_TCLASS, config->dscp << 2)
		       : set(port->fd, IPPROTO_IP, IP_TOS, config->dscp << 2);
	if (r == 0) /* libuv gives up a descriptor whose error queue is not "priority", too */
		r = set(port->fd, SOL_SOCKET, SO_SELECT_ERR_QUEUE, 1);
	return r < 0 ? r : port_timing(port);
}

static struct timespec stamp_of(struct cmsghdr *c)
{
	struct scm_timestamping stamps;

	memcpy(&stamps, CMSG_DATA(c), sizeof(stamps));
	return (struct timespec){ .tv_sec = stamps.ts[0].tv_sec, .tv_nsec = stamps.ts[0].tv_nsec };
}

static int int_of(struct cmsghdr *c)
{
	int value;

	memcpy(&value, CMSG_DATA(c), sizeof(value));
	return value;
}

static void read_control(struct cmsghdr *c, struct port_packet *packet)
{
	if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING) {
		packet->received = stamp_of(c);
	} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo info;

		memcpy(&info, CMSG_DATA(c), sizeof(info));
		packet->to = addr_of_v4((const uint8_t *)&info.ipi_addr);
	} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
		struct in6_pktinfo info;

		memcpy(&info, CMSG_DATA(c), sizeof(info));
		memcpy(packet->to.octet, &info.ipi6_addr, sizeof(packet->to.octet));
	} else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) ||
		   (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT)) {
		packet->ttl = (uint8_t)int_of(c);
	}
}

/* The port of either family stands at the same place. */
static uint16_t sockaddr_port(const struct sockaddr_storage *sa)
{
	return ntohs(((const struct sockaddr_in *)sa)->sin_port);
}

static bool port_receive(struct port *port)
{
	uint8_t octets[STAMP_LEN_MAX + 1];
	union {
		struct cmsghdr align;
		uint8_t octet[512];
	} control;
	struct sockaddr_storage from = { 0 };
	struct iovec iov = { .iov_base = octets, .iov_len = sizeof(octets) };
	struct msghdr msg = { .msg_name = &from,
			      .msg_namelen = sizeof(from),
			      .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	struct port_packet packet = { .octets = octets };
	ssize_t n = recvmsg(port->fd, &msg, MSG_DONTWAIT);

	if (n < 0)
		return errno == ECONNREFUSED || errno == EINTR; /* an ICMP error was reported */
	clock_gettime(CLOCK_REALTIME, &packet.received); /* where the kernel has no time for it */
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
		read_control(c, &packet);
	packet.len = (size_t)n;
	packet.from_port = sockaddr_port(&from);
	if (addr_of_sockaddr((const struct sockaddr *)&from, &packet.from) == 0)
		port->ops->received(port->user, &packet);
	return true;
}

static bool port_departure(struct port *port)
{
	union {
		struct cmsghdr align;
		uint8_t octet[512];
	} control;
	struct msghdr msg = { .msg_control = &control, .msg_controllen = sizeof(control) };
	struct timespec at = { 0 };
	bool timed = false, numbered = false;
	uint32_t tag = 0;

	if (recvmsg(port->fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return false;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		struct sock_extended_err error;

		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPING) {
			at = stamp_of(c);
			timed = true;
		} else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
			   (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR)) {
			memcpy(&error, CMSG_DATA(c), sizeof(error));
			tag = error.ee_data;
			numbered = error.ee_origin == SO_EE_ORIGIN_TIMESTAMPING;
		}
	}
	if (timed && numbered && port->ops->left)
		port->ops->left(port->user, tag, &at);
	return true;
}

/* Departures first: an answer is worth more when its probe's is known. */
static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct port *port = poll->data;

	for (int i = 0; i < BATCH && port->ops && port_departure(port); i++)
		;
	for (int i = 0; i < BATCH && port->ops && port_receive(port); i++)
		;
}

int port_open(uv_loop_t *loop, const struct port_config *config, const struct port_ops *ops,
	      void *user, struct port **ret)
{
	struct sockaddr_storage sa;
	socklen_t len = addr_to_sockaddr(&config->local, config->port, &sa);
	_cleanup_(closep) int fd =
		socket(sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP);
	_cleanup_(freep) struct port *port = calloc(1, sizeof(*port));
	int r;

	if (!port)
		return -ENOMEM;
	if (fd < 0)
		return -errno;
	*port = (struct port){ .fd = fd, .family = sa.ss_family, .ops = ops, .user = user };
	r = port_options(port, config);
	if (r < 0)
		return r;
	if (bind(fd, (const struct sockaddr *)&sa, len) < 0)
		return -errno;
	r = uv_poll_init(loop, &port->poll, fd);
	if (r < 0)
		return r;
	port->poll.data = port;
	uv_poll_start(&port->poll, UV_READABLE | UV_PRIORITIZED, on_readable);
	fd = -1;
	*ret = TAKE_PTR(port);
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct port *port = handle->data;

	close(port->fd);
	free(port);
}

void port_close(struct port **port)
{
	if (!*port)
		return;
	(*port)->ops = NULL;
	uv_close((uv_handle_t *)&(*port)->poll, on_closed);
	*port = NULL;
}

/* The answer leaves from the address that was asked. */
static void name_source(struct msghdr *msg, const struct addr *local)
{
	struct cmsghdr *c = msg->msg_control;

	if (addr_is_v4(local)) {
		struct in_pktinfo info = { 0 };

		memcpy(&info.ipi_spec_dst, local->octet + 12, 4);
		*c = (struct cmsghdr){ .cmsg_level = IPPROTO_IP,
				       .cmsg_type = IP_PKTINFO,
				       .cmsg_len = CMSG_LEN(sizeof(info)) };
		memcpy(CMSG_DATA(c), &info, sizeof(info));
		msg->msg_controllen = CMSG_SPACE(sizeof(info));
	} else {
		struct in6_pktinfo info = { 0 };

		memcpy(&info.ipi6_addr, local->octet, sizeof(local->octet));
		*c = (struct cmsghdr){ .cmsg_level = IPPROTO_IPV6,
				       .cmsg_type = IPV6_PKTINFO,
				       .cmsg_len = CMSG_LEN(sizeof(info)) };
		memcpy(CMSG_DATA(c), &info, sizeof(info));
		msg->msg_controllen = CMSG_SPACE(sizeof(info));
	}
}

int port_send(struct port *port, const struct addr *local, const struct addr *to, uint16_t to_port,
	      const void *octets, size_t len, uint32_t *ret_tag)
{
	union {
		struct cmsghdr align;
		uint8_t octet[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control = { 0 };
	struct sockaddr_storage sa;
	socklen_t sa_len = addr_to_sockaddr(to, to_port, &sa);
	struct iovec iov = { .iov_base = (void *)octets, .iov_len = len };
	struct msghdr msg = {
		.msg_name = &sa, .msg_namelen = sa_len, .msg_iov = &iov, .msg_iovlen = 1
	};

	if (sa.ss_family != port->family)
		return -EAFNOSUPPORT;
	if (!addr_is_zero(local)) {
		msg.msg_control = &control;
		name_source(&msg, local);
	}
	if (sendmsg(port->fd, &msg, MSG_DONTWAIT) < 0)
		return port_recount(port, -errno);
	if (ret_tag)
		*ret_tag = port->tag;
	port->tag++;
	return 0;
}
