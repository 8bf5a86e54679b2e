/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: An event marks the ways that it may concern; a short timer later they are looked at once,
 * however many events came. A neighbour that is being asked for keeps the old way in use until it
 * answers or fails: a flushed neighbour table or a changed route costs no packet. Failed neighbours
 * are asked again every second, as no packet of the kernel's own would do it.
 */
#include "tables/adjacency.h"

#include "base/log.h"
#include "base/util.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <uthash.h>

#define COALESCE_MS 5
#define RETRY_MS    1000

enum stale { STALE_NOT = 0, STALE_NEIGHBOUR, STALE_ROUTE }; /* a later one includes the former */

struct target {
	uint32_t id;
	struct addr addr;
	bool on_link;
	enum stale stale;
	bool retry; /* a neighbour failed or could not be asked */
	int route_error;
	struct netlink_route route;
	struct way way;
	UT_hash_handle hh;
};

struct adjacency {
	const struct adjacency_ops *ops;
	void *user;
	struct netlink *netlink;
	struct target *targets; /* by id */
	uv_timer_t coalesce, retry;
	int handles; /* open timers; the last to close frees */
};

/* --- from routes and neighbours to a way ------------------------------------------------------ */
static const char *route_fault(const struct target *t)
{
	if (t->route_error)
		return t->route_error == -ENETUNREACH ? "there is no route that leads there"
						      : "the kernel does not tell the route";
	if (t->route.type == RTN_LOCAL)
		return "it is an address of this router";
	if (t->route.type != RTN_UNICAST)
		return "its route is a reject or blackhole route";
	if (!t->route.count)
		return "all next hops of its route are down";
	return NULL;
}

/* Reads the neighbour's state, and has the kernel confirm what it is not sure of. */
static enum neighbour_state hop_neighbour(struct adjacency *a, struct target *t,
					  const struct netlink_link *link, const struct addr *addr,
					  uint8_t ret_mac[6])
{
	enum neighbour_state state = netlink_neighbour(a->netlink, link->ifindex, addr, ret_mac);

	t->retry |= state == NEIGHBOUR_FAILED;
	if ((state == NEIGHBOUR_NONE || state == NEIGHBOUR_STALE) &&
	    netlink_neighbour_probe(a->netlink, link->ifindex, addr) < 0)
		t->retry = true;
	return state;
}

/* Adds one next hop of the route to *way, or says in way->fault why not. */
static enum neighbour_state hop_add(struct adjacency *a, struct target *t,
				    const struct netlink_hop *hop, struct way *way)
{
	const struct addr *addr = hop->gateway ? &hop->addr : &t->addr;
	struct mg_nexthop *nexthop = &way->hop[way->count];
	char text[ADDR_STRLEN];
	struct netlink_link link = { .name = "(gone)" };
	enum neighbour_state state;
	uint8_t mac[6];

	if (netlink_link(a->netlink, hop->ifindex, &link) && link.tagged_otherwise) {
		snprintf(
			way->fault, sizeof(way->fault),
			"interface %s has other VLAN tags than one, or two of 802.1q in 802.1ad or "
			"802.1q",
			link.name);
		return NEIGHBOUR_FAILED;
	}
	if (!netlink_link(a->netlink, hop->ifindex, &link) || !link.up || !link.ethernet) {
		snprintf(way->fault, sizeof(way->fault), "interface %s is %s", link.name,
			 link.up ? "not Ethernet" : "down");
		return NEIGHBOUR_FAILED;
	}
	if (t->on_link && hop->gateway) {
		snprintf(way->fault, sizeof(way->fault),
			 "it is not on a link of this router, but behind %s",
			 addr_format(addr, text));
		return NEIGHBOUR_FAILED;
	}
	state = hop_neighbour(a, t, &link, addr, mac);
	if (state < NEIGHBOUR_STALE) {
		snprintf(way->fault, sizeof(way->fault), "%s %s on %s", addr_format(addr, text),
			 state == NEIGHBOUR_FAILED ? "does not answer" : "is being asked for",
			 link.name);
		return state;
	}
	*nexthop = (struct mg_nexthop){ .ifindex = link.lower,
					.vlan = link.vlan,
					.outer_vlan = link.outer_vlan,
					.outer_type = link.outer_type };
	memcpy(nexthop->dst_mac, mac, 6);
	memcpy(nexthop->src_mac, link.mac, 6);
	if (!way->count || link.mtu < way->mtu)
		way->mtu = link.mtu;
	way->weight[way->count++] = hop->weight;
	return state;
}

/* The places of a site are taken by hash alike, so a next hop of more weight stands in more of
 * them: each in one, the rest by the method of greatest divisors (Jefferson's). */
static void way_spread(struct way *way)
{
	struct mg_nexthop hop[MG_SITE_NEXTHOPS];
	uint32_t places[MG_SITE_NEXTHOPS];
	size_t n = way->count, at = 0;
	bool equal = true;

	for (size_t i = 0; i < n; i++) {
		places[i] = 1;
		equal &= way->weight[i] == way->weight[0];
	}
	if (equal)
		return;
	for (size_t used = n; used < MG_SITE_NEXTHOPS; used++) {
		size_t most = 0;

		for (size_t i = 1; i < n; i++)
			if (way->weight[i] * (places[most] + 1) >
			    way->weight[most] * (places[i] + 1))
				most = i;
		places[most]++;
	}
	for (size_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < places[i]; k++)
			hop[at++] = way->hop[i];
	memcpy(way->hop, hop, at * sizeof(*hop));
	way->count = at;
}

/* Fills *ret; false: the kernel is still asking, leave things as they are. */
static bool target_way(struct adjacency *a, struct target *t, struct way *ret)
{
	const char *fault = route_fault(t);
	*ret = (struct way){ 0 };
	t->retry = false;
	if (fault) {
		snprintf(ret->fault, sizeof(ret->fault), "%s", fault);
		return true;
	}
	for (size_t i = 0; i < t->route.count; i++) {
		enum neighbour_state state = hop_add(a, t, &t->route.hop[i], ret);

		ret->asked |= state == NEIGHBOUR_NONE || state == NEIGHBOUR_ASKED;
	}
	if (t->route.mtu && t->route.mtu < ret->mtu)
		ret->mtu = t->route.mtu;
	way_spread(ret);
	if (!ret->count)
		return !ret->asked || (!t->way.count && !t->way.fault[0]);
	ret->asked = false;
	ret->fault[0] = '\0';
	return true;
}

static bool way_equal(const struct way *a, const struct way *b)
{
	return a->count == b->count && a->mtu == b->mtu && !strcmp(a->fault, b->fault) &&
	       !memcmp(a->hop, b->hop, sizeof(a->hop));
}

static void target_stale(struct target *t, enum stale stale)
{
	if (stale > t->stale)
		t->stale = stale;
}

static void target_refresh(struct adjacency *a, struct target *t)
{
	struct way way;

	if (t->stale == STALE_ROUTE) {
		t->route = (struct netlink_route){ 0 };
		t->route_error = netlink_route(a->netlink, &t->addr, &t->route);
	}
	t->stale = STALE_NOT;
	if (!target_way(a, t, &way))
		return;
	if (way_equal(&way, &t->way))
		return;
	t->way = way;
	a->ops->way(a->user, t->id, &t->way);
}

/* --- what makes a look necessary -------------------------------------------------------------- */
static void adjacency_retry(uv_timer_t *timer);

static void adjacency_refresh(struct adjacency *a)
{
	bool retry = false;

	for (struct target *t = a->targets; t; t = t->hh.next) {
		if (t->stale != STALE_NOT)
			target_refresh(a, t);
		retry |= t->retry;
	}
	if (retry && !uv_is_active((uv_handle_t *)&a->retry))
		uv_timer_start(&a->retry, adjacency_retry, RETRY_MS, 0);
}

static void target_probe(struct adjacency *a, struct target *t)
{
	uint8_t mac[6];

	for (size_t i = 0; i < t->route.count; i++) {
		const struct netlink_hop *hop = &t->route.hop[i];
		const struct addr *addr = hop->gateway ? &hop->addr : &t->addr;

		if (netlink_neighbour(a->netlink, hop->ifindex, addr, mac) < NEIGHBOUR_STALE)
			netlink_neighbour_probe(a->netlink, hop->ifindex, addr);
	}
}

static void adjacency_retry(uv_timer_t *timer)
{
	struct adjacency *a = timer->data;

	for (struct target *t = a->targets; t; t = t->hh.next) {
		if (!t->retry)
			continue;
		target_probe(a, t);
		target_stale(t, STALE_NEIGHBOUR);
	}
	adjacency_refresh(a);
}

static void adjacency_coalesced(uv_timer_t *timer)
{
	adjacency_refresh(timer->data);
}

static void adjacency_mark(struct adjacency *a, struct target *t, enum stale stale)
{
	target_stale(t, stale);
	if (!uv_is_active((uv_handle_t *)&a->coalesce))
		uv_timer_start(&a->coalesce, adjacency_coalesced, COALESCE_MS, 0);
}

static void adjacency_link_changed(void *user)
{
	struct adjacency *a = user;

	/* IPv4 routes vanish with their link, and no event tells of each. */
	for (struct target *t = a->targets; t; t = t->hh.next)
		adjacency_mark(a, t, STALE_ROUTE);
	a->ops->link(a->user);
}

static bool target_uses(const struct target *t, uint32_t ifindex, const struct addr *addr)
{
	for (size_t i = 0; i < t->route.count; i++) {
		const struct netlink_hop *hop = &t->route.hop[i];

		if (hop->ifindex == ifindex &&
		    addr_equal(hop->gateway ? &hop->addr : &t->addr, addr))
			return true;
	}
	return false;
}

static void adjacency_neighbour_changed(void *user, uint32_t ifindex, const struct addr *addr)
{
	struct adjacency *a = user;

	for (struct target *t = a->targets; t; t = t->hh.next)
		if (target_uses(t, ifindex, addr))
			adjacency_mark(a, t, STALE_NEIGHBOUR);
}

static void adjacency_route_changed(void *user, const struct prefix *dst)
{
	struct adjacency *a = user;

	for (struct target *t = a->targets; t; t = t->hh.next)
		if (!dst || prefix_covers(dst, &t->addr))
			adjacency_mark(a, t, STALE_ROUTE);
}

static const struct netlink_ops netlink_ops = {
	.link = adjacency_link_changed,
	.neighbour = adjacency_neighbour_changed,
	.route = adjacency_route_changed,
};

/* --- watching --------------------------------------------------------------------------------- */
int adjacency_watch(struct adjacency *a, uint32_t id, const struct addr *addr, bool on_link,
		    const struct way *way)
{
	struct target *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	*t = (struct target){ .id = id, .addr = *addr, .on_link = on_link, .way = *way };
	HASH_ADD(hh, a->targets, id, sizeof(t->id), t);
	target_stale(t, STALE_ROUTE);
	adjacency_refresh(a);
	return 0;
}

static void target_free(struct adjacency *a, struct target *t)
{
	HASH_DEL(a->targets, t);
	free(t);
}

void adjacency_unwatch(struct adjacency *a, uint32_t id)
{
	struct target *t;

	HASH_FIND(hh, a->targets, &id, sizeof(id), t);
	if (t)
		target_free(a, t);
}

void adjacency_repeat(struct adjacency *a)
{
	for (struct target *t = a->targets; t; t = t->hh.next)
		if (t->way.count)
			a->ops->way(a->user, t->id, &t->way);
}

bool adjacency_link_at(const struct adjacency *a, uint32_t ifindex, struct netlink_link *ret)
{
	return netlink_link(a->netlink, ifindex, ret);
}

bool adjacency_link(const struct adjacency *a, const char *name, struct netlink_link *ret)
{
	return netlink_link_named(a->netlink, name, ret);
}

/* --- open and close --------------------------------------------------------------------------- */
static void adjacency_closed(uv_handle_t *handle)
{
	struct adjacency *a = handle->data;

	if (!--a->handles)
		free(a);
}

int adjacency_open(uv_loop_t *loop, const struct adjacency_ops *ops, void *user,
		   struct adjacency **ret)
{
	_cleanup_(freep) struct adjacency *a = calloc(1, sizeof(*a));
	int r;

	if (!a)
		return -ENOMEM;
	*a = (struct adjacency){ .ops = ops, .user = user, .handles = 2 };
	r = netlink_open(loop, &netlink_ops, a, &a->netlink);
	if (r < 0)
		return r;
	uv_timer_init(loop, &a->coalesce);
	uv_timer_init(loop, &a->retry);
	a->coalesce.data = a->retry.data = a;
	*ret = TAKE_PTR(a);
	return 0;
}

void adjacency_close(struct adjacency **adjacency)
{
	struct adjacency *a = TAKE_PTR(*adjacency);

	if (!a)
		return;
	netlink_close(&a->netlink);
	while (a->targets)
		target_free(a, a->targets);
	uv_close((uv_handle_t *)&a->coalesce, adjacency_closed);
	uv_close((uv_handle_t *)&a->retry, adjacency_closed);
}
