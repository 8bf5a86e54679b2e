/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables/netlink_sock.h"

#include "base/util.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/neighbour.h>
#include <netlink/cache.h>
#include <netlink/msg.h>
#include <netlink/route/link.h>
#include <netlink/route/link/vlan.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/route.h>
#include <netlink/socket.h>
#include <string.h>

static void nl_addr_putp(struct nl_addr **addr)
{
	nl_addr_put(*addr);
}

static struct nl_addr *nl_addr_of(const struct addr *addr)
{
	return addr_is_v4(addr) ? nl_addr_build(AF_INET, addr->octet + 12, 4)
				: nl_addr_build(AF_INET6, addr->octet, 16);
}

static int addr_of_nl(const struct nl_addr *nl, struct addr *ret)
{
	const uint8_t *octets = nl_addr_get_binary_addr(nl);

	if (nl_addr_get_family(nl) == AF_INET && nl_addr_get_len(nl) == 4)
		*ret = addr_of_v4(octets);
	else if (nl_addr_get_family(nl) == AF_INET6 && nl_addr_get_len(nl) == 16)
		memcpy(ret->octet, octets, 16);
	else
		return -EAFNOSUPPORT;
	return 0;
}

/* --- links ------------------------------------------------------------------------------------ */
static void link_describe(struct rtnl_link *link, struct netlink_link *ret)
{
	const struct nl_addr *mac = rtnl_link_get_addr(link);
	unsigned int flags = rtnl_link_get_flags(link);

	*ret = (struct netlink_link){
		.ifindex = (uint32_t)rtnl_link_get_ifindex(link),
		.mtu = rtnl_link_get_mtu(link),
		.up = flags & IFF_UP && flags & IFF_RUNNING,
		.ethernet = mac && nl_addr_get_len(mac) == 6 && !(flags & IFF_LOOPBACK),
	};
	ret->lower = ret->ifindex;
	strncpy(ret->name, rtnl_link_get_name(link), sizeof(ret->name) - 1);
	if (ret->ethernet)
		memcpy(ret->mac, nl_addr_get_binary_addr(mac), 6);
}

static bool link_is_vlan(struct rtnl_link *link)
{
	return link && rtnl_link_is_vlan(link) && rtnl_link_get_link(link);
}

static uint16_t link_tpid(struct rtnl_link *link)
{
	return ntohs((uint16_t)rtnl_link_vlan_get_protocol(link));
}

static void link_putp(struct rtnl_link **link)
{
	rtnl_link_put(*link);
}

/* The data plane writes one tag of 802.1q, and in front of it another one of either kind. */
static void link_tags(const struct netlink *n, struct rtnl_link *link, struct netlink_link *ret)
{
	_cleanup_(link_putp) struct rtnl_link *outer = NULL, *lowest = NULL;

	if (!link_is_vlan(link))
		return;
	ret->vlan = (uint16_t)rtnl_link_vlan_get_id(link);
	ret->lower = (uint32_t)rtnl_link_get_link(link);
	ret->tagged_otherwise = link_tpid(link) != ETH_P_8021Q;
	outer = rtnl_link_get(n->links, (int)ret->lower);
	if (!link_is_vlan(outer))
		return;
	ret->outer_vlan = (uint16_t)rtnl_link_vlan_get_id(outer);
	ret->outer_type = link_tpid(outer);
	ret->lower = (uint32_t)rtnl_link_get_link(outer);
	lowest = rtnl_link_get(n->links, (int)ret->lower);
	ret->tagged_otherwise |= link_is_vlan(lowest);
}

static bool link_found(const struct netlink *n, struct rtnl_link *link, struct netlink_link *ret)
{
	if (!link)
		return false;
	link_describe(link, ret);
	link_tags(n, link, ret);
	rtnl_link_put(link);
	return true;
}

bool netlink_link(const struct netlink *n, uint32_t ifindex, struct netlink_link *ret)
{
	return link_found(n, rtnl_link_get(n->links, (int)ifindex), ret);
}

bool netlink_link_named(const struct netlink *n, const char *name, struct netlink_link *ret)
{
	return link_found(n, rtnl_link_get_by_name(n->links, name), ret);
}

/* --- neighbours ------------------------------------------------------------------------------- */
static enum neighbour_state neighbour_state(int nud)
{
	if (nud & (NUD_REACHABLE | NUD_PERMANENT | NUD_NOARP | NUD_DELAY | NUD_PROBE))
		return NEIGHBOUR_KNOWN; /* DELAY, PROBE: the old address holds until it fails */
	if (nud & NUD_STALE)
		return NEIGHBOUR_STALE;
	if (nud & NUD_FAILED)
		return NEIGHBOUR_FAILED;
	return nud & NUD_INCOMPLETE ? NEIGHBOUR_ASKED : NEIGHBOUR_NONE;
}

enum neighbour_state netlink_neighbour(const struct netlink *n, uint32_t ifindex,
				       const struct addr *addr, uint8_t ret_mac[6])
{
	_cleanup_(nl_addr_putp) struct nl_addr *dst = nl_addr_of(addr);
	struct rtnl_neigh *neighbour;
	enum neighbour_state state;
	const struct nl_addr *mac;

	neighbour = dst ? rtnl_neigh_get(n->neighbours, (int)ifindex, dst) : NULL;
	if (!neighbour)
		return NEIGHBOUR_NONE;
	state = neighbour_state(rtnl_neigh_get_state(neighbour));
	mac = rtnl_neigh_get_lladdr(neighbour);
	if (state >= NEIGHBOUR_STALE && mac && nl_addr_get_len(mac) == 6)
		memcpy(ret_mac, nl_addr_get_binary_addr(mac), 6);
	else if (state >= NEIGHBOUR_STALE)
		state = NEIGHBOUR_FAILED; /* of a link without MAC addresses */
	rtnl_neigh_put(neighbour);
	return state;
}

static void neighbour_putp(struct rtnl_neigh **neighbour)
{
	rtnl_neigh_put(*neighbour);
}

int netlink_neighbour_probe(struct netlink *n, uint32_t ifindex, const struct addr *addr)
{
	_cleanup_(nl_addr_putp) struct nl_addr *dst = nl_addr_of(addr);
	_cleanup_(neighbour_putp) struct rtnl_neigh *neighbour = rtnl_neigh_alloc();

	if (!dst || !neighbour)
		return -ENOMEM;
	rtnl_neigh_set_ifindex(neighbour, (int)ifindex);
	rtnl_neigh_set_dst(neighbour, dst);
	rtnl_neigh_set_flags(neighbour, NTF_USE);
	return netlink_errno(rtnl_neigh_add(n->query, neighbour, NLM_F_CREATE));
}

/* --- routes ----------------------------------------------------------------------------------- */
static void route_hop(struct rtnl_nexthop *nh, void *user)
{
	struct netlink_route *route = user;
	struct nl_addr *via = rtnl_route_nh_get_via(nh), *gateway = rtnl_route_nh_get_gateway(nh);
	/* The kernel counts weights from 0. */
	struct netlink_hop hop = { .ifindex = (uint32_t)rtnl_route_nh_get_ifindex(nh),
				   .weight = rtnl_route_nh_get_weight(nh) + 1u };

	if (rtnl_route_nh_get_flags(nh) & (RTNH_F_DEAD | RTNH_F_LINKDOWN))
		return;
	if (via || gateway) {
		if (addr_of_nl(via ? via : gateway, &hop.addr) < 0)
			return;
		hop.gateway = true;
	}
	if (route->count < MG_SITE_NEXTHOPS) /* the table's width: the rest of a wider set rests */
		route->hop[route->count++] = hop;
}

static int route_answer(struct nl_msg *msg, void *user)
{
	struct netlink_route *route = user;
	struct rtnl_route *answer;

	if (nlmsg_hdr(msg)->nlmsg_type != RTM_NEWROUTE ||
	    rtnl_route_parse(nlmsg_hdr(msg), &answer) < 0)
		return NL_SKIP;
	route->type = rtnl_route_get_type(answer);
	rtnl_route_get_metric(answer, RTAX_MTU, &route->mtu);
	route->metric = rtnl_route_get_priority(answer);
	route->len = (uint8_t)nl_addr_get_prefixlen(rtnl_route_get_dst(answer));
	route->protocol = rtnl_route_get_protocol(answer);
	rtnl_route_foreach_nexthop(answer, route_hop, route);
	rtnl_route_put(answer);
	return NL_OK;
}

static void nlmsg_freep(struct nl_msg **msg)
{
	nlmsg_free(*msg);
}

static struct nl_msg *route_question(const struct addr *addr)
{
	bool v4 = addr_is_v4(addr);
	/* FIB_MATCH: the route as it stands, with all next hops; else the kernel picks one. */
	struct rtmsg ask = { .rtm_family = v4 ? AF_INET : AF_INET6,
			     .rtm_dst_len = v4 ? 32 : 128,
			     .rtm_flags = RTM_F_FIB_MATCH };
	_cleanup_(nlmsg_freep) struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETROUTE, 0);

	if (!msg || nlmsg_append(msg, &ask, sizeof(ask), NLMSG_ALIGNTO) < 0 ||
	    nla_put(msg, RTA_DST, v4 ? 4 : 16, addr->octet + (v4 ? 12 : 0)) < 0)
		return NULL;
	return TAKE_PTR(msg);
}

int netlink_route(struct netlink *n, const struct addr *addr, struct netlink_route *ret)
{
	_cleanup_(nlmsg_freep) struct nl_msg *msg = route_question(addr);
	struct netlink_route route = { 0 };
	int r;

	if (!msg)
		return -ENOMEM;
	nl_socket_modify_cb(n->query, NL_CB_VALID, NL_CB_CUSTOM, route_answer, &route);
	r = nl_send_auto(n->query, msg);
	if (r >= 0)
		r = nl_recvmsgs_default(n->query);
	if (r >= 0)
		r = nl_wait_for_ack(n->query);
	nl_socket_modify_cb(n->query, NL_CB_VALID, NL_CB_DEFAULT, NULL, NULL);
	if (r == -NLE_NOMEM || r == -NLE_PERM)
		return netlink_errno(r);
	/* IPv4 answers for a blackhole or prohibit route with its errno. */
	if (r == -NLE_INVAL || r == -NLE_NOACCESS)
		route.type = RTN_UNREACHABLE;
	if (!route.type)
		return -ENETUNREACH;
	*ret = route;
	return 0;
}
