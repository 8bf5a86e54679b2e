/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: An event of the kernel marks the addresses that it may concern; in the next turn of the loop
 * they are asked for once, however many events came. The questions and events are those of
 * control/tables, which follows the ways to sites by them.
 */
#include "igp/igp.h"

#include "base/log.h"
#include "base/util.h"
#include "tables/netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <uthash.h>

struct target {
	struct addr addr;
	uint32_t watchers;
	bool stale;
	struct igp_route route;
	UT_hash_handle hh;
};

struct igp {
	struct igp_config config;
	const struct igp_ops *ops;
	void *user;
	struct netlink *netlink;
	struct target *targets;
	uv_timer_t *refresh; /* its own block: closed by the loop */
};

static const char *route_fault(const struct igp *igp, const struct netlink_route *route)
{
	if (route->type == RTN_LOCAL)
		return "";
	if (route->type != RTN_UNICAST)
		return "the route to the next hop is a reject or blackhole route";
	if (!route->count)
		return "all links of the route to the next hop are down";
	if (!route->len && !igp->config.default_route)
		return "only the default route leads to the next hop";
	return "";
}

static struct igp_route route_ask(const struct igp *igp, const struct addr *addr)
{
	struct netlink_route route = { 0 };
	int r = netlink_route(igp->netlink, addr, &route);
	const char *fault;

	if (r < 0)
		return (struct igp_route){
			.fault = r == -ENETUNREACH
					 ? "no route leads to the next hop"
					 : "the kernel does not tell the route to the next hop"
		};
	fault = route_fault(igp, &route);
	return (struct igp_route){ .reachable = !*fault,
				   .metric = route.metric,
				   .len = route.len,
				   .protocol = route.protocol,
				   .fault = fault };
}

static bool route_equal(const struct igp_route *a, const struct igp_route *b)
{
	return a->reachable == b->reachable && a->metric == b->metric && a->len == b->len &&
	       a->protocol == b->protocol && a->fault == b->fault;
}

static struct target *target_find(const struct igp *igp, const struct addr *addr)
{
	struct target *target;

	HASH_FIND(hh, igp->targets, addr, sizeof(*addr), target);
	return target;
}

static bool target_refresh(struct igp *igp, struct target *t)
{
	struct igp_route route = route_ask(igp, &t->addr);

	t->stale = false;
	if (route_equal(&route, &t->route))
		return false;
	t->route = route;
	igp->ops->changed(igp->user, &t->addr, &route);
	return true;
}

static void targets_refresh(struct igp *igp)
{
	bool changed = false;

	for (struct target *t = igp->targets; t; t = t->hh.next)
		if (t->stale)
			changed |= target_refresh(igp, t);
	if (changed)
		igp->ops->settled(igp->user);
}

static void on_refresh(uv_timer_t *timer)
{
	targets_refresh(timer->data);
}

static void target_mark(struct igp *igp, struct target *t)
{
	t->stale = true;
	if (!uv_is_active((uv_handle_t *)igp->refresh))
		uv_timer_start(igp->refresh, on_refresh, 0, 0);
}

static void on_link(void *user)
{
	struct igp *igp = user;

	/* IPv4 routes vanish with their link, and no event tells of each. */
	for (struct target *t = igp->targets; t; t = t->hh.next)
		target_mark(igp, t);
}

static void on_neighbour(void *user, uint32_t ifindex, const struct addr *addr)
{
}

static void on_route(void *user, const struct prefix *dst)
{
	struct igp *igp = user;

	for (struct target *t = igp->targets; t; t = t->hh.next)
		if (!dst || prefix_covers(dst, &t->addr))
			target_mark(igp, t);
}

static const struct netlink_ops netlink_ops = {
	.link = on_link,
	.neighbour = on_neighbour,
	.route = on_route,
};

int igp_new(uv_loop_t *loop, const struct igp_config *config, const struct igp_ops *ops, void *user,
	    struct igp **ret)
{
	_cleanup_(freep) struct igp *igp = calloc(1, sizeof(*igp));
	_cleanup_(freep) uv_timer_t *refresh = calloc(1, sizeof(*refresh));
	int r;

	if (!igp || !refresh)
		return -ENOMEM;
	*igp = (struct igp){ .config = *config, .ops = ops, .user = user };
	r = netlink_open(loop, &netlink_ops, igp, &igp->netlink);
	if (r < 0)
		return log_err(r, "igp: cannot follow the kernel's routes");
	uv_timer_init(loop, refresh);
	refresh->data = igp;
	igp->refresh = TAKE_PTR(refresh);
	*ret = TAKE_PTR(igp);
	return 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
	free(handle);
}

static void target_free(struct igp *igp, struct target *t)
{
	HASH_DEL(igp->targets, t);
	free(t);
}

void igp_free(struct igp **igp)
{
	struct igp *i = TAKE_PTR(*igp);

	if (!i)
		return;
	netlink_close(&i->netlink);
	while (i->targets)
		target_free(i, i->targets);
	uv_close((uv_handle_t *)i->refresh, on_timer_closed);
	free(i);
}

void igp_configure(struct igp *igp, const struct igp_config *config)
{
	if (igp->config.default_route == config->default_route)
		return;
	igp->config = *config;
	on_route(igp, NULL);
}

int igp_watch(struct igp *igp, const struct addr *addr)
{
	struct target *t = target_find(igp, addr);

	if (!t && HASH_COUNT(igp->targets) >= IGP_TARGETS_MAX)
		return -ENOSPC;
	if (!t) {
		t = calloc(1, sizeof(*t));
		if (!t)
			return -ENOMEM;
		t->addr = *addr;
		t->route = route_ask(igp, addr);
		HASH_ADD(hh, igp->targets, addr, sizeof(t->addr), t);
	}
	t->watchers++;
	return 0;
}

void igp_unwatch(struct igp *igp, const struct addr *addr)
{
	struct target *t = target_find(igp, addr);

	if (t && !--t->watchers)
		target_free(igp, t);
}

const struct igp_route *igp_route(const struct igp *igp, const struct addr *addr)
{
	const struct target *t = target_find(igp, addr);

	return t ? &t->route : NULL;
}

bool igp_next_hop(const struct igp *igp, size_t index, struct addr *ret_addr, struct igp_route *ret)
{
	const struct target *t = igp->targets;

	while (t && index--)
		t = t->hh.next;
	if (!t)
		return false;
	*ret_addr = t->addr;
	*ret = t->route;
	return true;
}
