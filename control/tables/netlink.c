/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: Two sockets. `events` is in the kernel's multicast groups and never asks; `query` asks and
 * reads the answer, which the kernel has ready when the request returns, so that nothing blocks.
 * The groups are joined before the dumps: what changes in between is seen twice, never missed.
 */
#include "tables/netlink_sock.h"

#include "base/log.h"
#include "base/util.h"

#include <errno.h>
#include <netlink/cache.h>
#include <netlink/msg.h>
#include <netlink/route/link.h>
#include <netlink/route/neighbour.h>
#include <netlink/socket.h>
#include <string.h>

#define EVENT_BUFFER (1 << 20) /* octets; overflow is repaired by new dumps */
#define EVENT_BATCH  256       /* datagrams read before the loop may turn */

int netlink_errno(int nle)
{
	switch (-nle) {
	case 0:
		return 0;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_PERM:
		return -EPERM;
	case NLE_NODEV:
		return -ENODEV;
	case NLE_INVAL:
		return -EINVAL;
	default:
		return -EIO;
	}
}

/* --- events ----------------------------------------------------------------------------------- */
static void cache_take(struct nl_object *object, void *cache)
{
	nl_cache_include(cache, object, NULL, NULL);
}

static void event_link(struct netlink *n, struct nl_msg *msg)
{
	const struct ifinfomsg *info = nlmsg_data(nlmsg_hdr(msg));

	if (info->ifi_family != AF_UNSPEC) /* a bridge's view of its port */
		return;
	nl_msg_parse(msg, cache_take, n->links);
	n->ops->link(n->user);
}

static void event_neighbour(struct netlink *n, struct nl_msg *msg)
{
	const struct ndmsg *info = nlmsg_data(nlmsg_hdr(msg));
	struct nlattr *dst = nlmsg_find_attr(nlmsg_hdr(msg), sizeof(*info), NDA_DST);
	struct addr addr;

	if (!dst)
		return;
	if (info->ndm_family == AF_INET && nla_len(dst) == 4)
		addr = addr_of_v4(nla_data(dst));
	else if (info->ndm_family == AF_INET6 && nla_len(dst) == 16)
		memcpy(addr.octet, nla_data(dst), 16);
	else
		return;
	nl_msg_parse(msg, cache_take, n->neighbours);
	n->ops->neighbour(n->user, (uint32_t)info->ndm_ifindex, &addr);
}

static void event_route(struct netlink *n, struct nl_msg *msg)
{
	const struct rtmsg *info = nlmsg_data(nlmsg_hdr(msg));
	struct nlattr *dst = nlmsg_find_attr(nlmsg_hdr(msg), sizeof(*info), RTA_DST);
	struct addr addr = { 0 };
	struct prefix prefix;

	if (info->rtm_flags & RTM_F_CLONED) /* an exception of the cache: no route of a table */
		return;
	if (info->rtm_family == AF_INET)
		addr = addr_of_v4(dst && nla_len(dst) == 4 ? nla_data(dst) : addr.octet);
	else if (info->rtm_family == AF_INET6 && dst && nla_len(dst) == 16)
		memcpy(addr.octet, nla_data(dst), 16);
	else if (info->rtm_family != AF_INET6)
		return;
	prefix = prefix_of(&addr, info->rtm_dst_len);
	n->ops->route(n->user, &prefix);
}

static int event_message(struct nl_msg *msg, void *user)
{
	struct netlink *n = user;

	switch (nlmsg_hdr(msg)->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		event_link(n, msg);
		break;
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		event_neighbour(n, msg);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		event_route(n, msg);
		break;
	default: /* address, rule, next hop object: any route may have changed with it */
		n->ops->route(n->user, NULL);
	}
	return NL_OK;
}

/* After lost events: new dumps, and everybody asks again. */
static void netlink_resync(struct netlink *n)
{
	n->lost = false;
	log_debug("netlink: events were lost; reading links and neighbours anew");
	nl_cache_refill(n->query, n->links);
	nl_cache_refill(n->query, n->neighbours);
	n->ops->link(n->user);
	n->ops->route(n->user, NULL);
}

static void netlink_readable(uv_poll_t *poll, int status, int events)
{
	struct netlink *n = poll->data;
	int r = 0;

	for (int i = 0; i < EVENT_BATCH && r != -NLE_AGAIN; i++) {
		r = nl_recvmsgs_default(n->events);
		n->lost |= r < 0 && r != -NLE_AGAIN; /* ENOBUFS comes as NLE_NOMEM */
	}
	if (status < 0) /* libuv stops at POLLERR, which an overflow raises */
		uv_poll_start(poll, UV_READABLE, netlink_readable);
	/* Once it has overflowed, the socket drops everything until it has been read empty. */
	if (r == -NLE_AGAIN && n->lost)
		netlink_resync(n);
}

/* --- open and close --------------------------------------------------------------------------- */
static void netlink_closed(uv_handle_t *handle)
{
	free(handle->data);
}

/* Frees what is open; the struct itself is the caller's or the closing handle's. */
static void netlink_clear(struct netlink *n)
{
	nl_cache_free(n->links);
	nl_cache_free(n->neighbours);
	nl_socket_free(n->events);
	nl_socket_free(n->query);
}

static void netlink_freep(struct netlink **netlink)
{
	if (!*netlink)
		return;
	netlink_clear(*netlink);
	freep(netlink);
}

void netlink_close(struct netlink **netlink)
{
	struct netlink *n = TAKE_PTR(*netlink);

	if (!n)
		return;
	uv_close((uv_handle_t *)&n->poll, netlink_closed); /* stops polling: the fd may be closed */
	netlink_clear(n);
}

static int netlink_sockets(struct netlink *n)
{
	int r;

	n->events = nl_socket_alloc();
	n->query = nl_socket_alloc();
	if (!n->events || !n->query)
		return -NLE_NOMEM;
	r = nl_connect(n->query, NETLINK_ROUTE);
	if (r < 0)
		return r;
	nl_socket_disable_seq_check(n->events);
	nl_socket_modify_cb(n->events, NL_CB_VALID, NL_CB_CUSTOM, event_message, n);
	r = nl_connect(n->events, NETLINK_ROUTE);
	if (r < 0)
		return r;
	nl_socket_set_buffer_size(n->events, EVENT_BUFFER, 0); /* else what the system gives */
	r = nl_socket_set_nonblocking(n->events);
	if (r < 0)
		return r;
	return nl_socket_add_memberships(n->events, RTNLGRP_LINK, RTNLGRP_NEIGH, RTNLGRP_IPV4_ROUTE,
					 RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_IFADDR,
					 RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE,
					 RTNLGRP_NEXTHOP, 0);
}

static int netlink_dump(struct netlink *n)
{
	int r = rtnl_link_alloc_cache(n->query, AF_UNSPEC, &n->links);

	if (r < 0)
		return r;
	return rtnl_neigh_alloc_cache(n->query, &n->neighbours);
}

int netlink_open(uv_loop_t *loop, const struct netlink_ops *ops, void *user, struct netlink **ret)
{
	_cleanup_(netlink_freep) struct netlink *n = calloc(1, sizeof(*n));
	int r;

	if (!n)
		return -ENOMEM;
	*n = (struct netlink){ .ops = ops, .user = user };
	r = netlink_sockets(n);
	if (r < 0)
		return log_err(netlink_errno(r), "netlink: no socket (%s)", nl_geterror(r));
	r = netlink_dump(n);
	if (r < 0)
		return log_err(netlink_errno(r),
			       "netlink: links and neighbours cannot be read (%s)", nl_geterror(r));
	r = uv_poll_init(loop, &n->poll, nl_socket_get_fd(n->events));
	if (r < 0)
		return log_err(r, "netlink: the event loop refuses the socket");
	n->poll.data = n;
	uv_poll_start(&n->poll, UV_READABLE, netlink_readable);
	*ret = TAKE_PTR(n);
	return 0;
}
