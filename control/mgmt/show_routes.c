/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: show bgp-routes [destination ADDRESS|PREFIX] [neighbor ADDRESS] [at N]: some routes, and
 * where to go on. A table has as many routes as neighbours like to tell, and while an answer is
 * made nothing else is: sessions would end. So each looks at a bounded number of routes, and who
 * asks puts the pages together; "next" 0 is the end.
 */
#include "base/util.h"
#include "mgmt/report_json.h"
#include "mgmt/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_ROUTES 1000  /* in one answer, or some more */
#define PAGE_LOOKED 10000 /* of which only some are wanted */

struct wanted {
	bool within; /* of a prefix; else what leads to an address */
	bool destination, neighbor;
	struct prefix prefix;
	struct addr remote;
};

struct page {
	const struct request *request;
	struct wanted wanted;
	json_t *routes;
};

static int prefix_read(const char *text, struct wanted *ret)
{
	const char *slash = strchr(text, '/');
	unsigned long len;
	struct addr addr;
	char host[ADDR_STRLEN];
	char *end;

	if ((slash ? (size_t)(slash - text) : strlen(text)) >= sizeof(host))
		return -1;
	snprintf(host, sizeof(host), "%.*s", (int)(slash ? slash - text : ADDR_STRLEN), text);
	if (addr_parse(host, &addr) < 0)
		return -1;
	ret->prefix = prefix_of_host(&addr);
	if (!slash)
		return 0;
	len = strtoul(slash + 1, &end, 10);
	if (slash[1] < '0' || slash[1] > '9' || *end || len > ret->prefix.len)
		return -1;
	ret->prefix = prefix_of(&addr, (uint8_t)len);
	ret->within = true;
	return 0;
}

static json_t *wanted_read(const struct request *request, struct wanted *ret)
{
	const char *destination = request_text(request, "destination");
	const char *neighbor = request_text(request, "neighbor");

	ret->destination = destination;
	ret->neighbor = neighbor;
	if (destination && prefix_read(destination, ret) < 0)
		return answer_error(
			ANSWER_BAD_ARGUMENT, "destination",
			"192.0.2.1: routes that lead there; 192.0.2.0/24: routes within",
			"'%.60s' is no address and no prefix", destination);
	if (neighbor && strcmp(neighbor, "self") != 0 && addr_parse(neighbor, &ret->remote) < 0)
		return answer_error(ANSWER_BAD_ARGUMENT, "neighbor",
				    "its address, as margay show bgp lists it, or self",
				    "'%.60s' is no neighbor's address", neighbor);
	return NULL;
}

/* An IPv4 route is not within ::/0, nor the other way round. */
static bool destination_fits(const struct wanted *wanted, const struct prefix *route)
{
	const struct prefix *prefix = &wanted->prefix;

	if (addr_is_v4(&prefix->addr) != addr_is_v4(&route->addr))
		return false;
	if (wanted->within)
		return route->len >= prefix->len && prefix_covers(prefix, &route->addr);
	return prefix_covers(route, &prefix->addr);
}

static void put_path(json_t *object, const struct bgp_path *path)
{
	char text[ADDR_STRLEN];

	answer_text(object, "next-hop", addr_format(&path->next_hop, text));
	if (path->has & BGP_HAS_LOCAL_PREF)
		answer_count(object, "local-pref", path->local_pref);
	if (path->has & BGP_HAS_MED)
		answer_count(object, "med", path->med);
	if (path->has & BGP_HAS_ORIGINATOR)
		id_put(object, "originator", path->originator_id);
	answer_text(object, "encapsulation", bgp_tunnel_text(path->tunnel.kind));
	if (path->tunnel.kind != BGP_TUNNEL_NONE)
		answer_text(object, "endpoint", addr_format(&path->tunnel.endpoint, text));
	if (path->tunnel.kind == BGP_TUNNEL_VXLAN)
		answer_count(object, "vni", path->tunnel.vni);
	if (path->has & BGP_HAS_SITE_ID)
		answer_count(object, "site-id", path->site_id);
	if (!(path->has & BGP_HAS_REPORT))
		return;
	carried_put(object, path->carrier, path->carried);
	report_put(answer_object(object, "report"), &path->report);
}

/* The label's 20 bits, who may import the route, and which VRFs here do. */
static void put_vpn(const struct config *config, json_t *object, const struct bgp_path *path)
{
	json_t *targets = answer_array(object, "route-targets");
	json_t *vrfs = answer_array(object, "imported");
	char text[RD_STRLEN];
	struct bgp_rt rt;

	for (size_t i = 0; config && i < config->vrf_count; i++)
		if (vrf_imports(&config->vrf[i], path))
			json_array_append_new(vrfs, json_string(config->vrf[i].name));

	answer_count(object, "label", path->label >> 4);
	for (size_t i = 0; bgp_rt_at(path->ext_communities.at, path->ext_communities.len, i, &rt);
	     i++)
		json_array_append_new(targets, json_string(bgp_rt_format(&rt, text)));
}

static void put_route(void *user, const struct bgp_route *route)
{
	const struct page *page = user;
	const struct wanted *wanted = &page->wanted;
	const struct mgmt_context *context = page->request->context;
	char prefix[PREFIX_STRLEN], neighbor[ADDR_STRLEN] = "self", rd[RD_STRLEN];
	struct addr remote = { 0 };
	json_t *object;

	if (wanted->destination && !destination_fits(wanted, &route->dst.prefix))
		return;
	if (route->neighbor && bgp_neighbor_remote(context->bgp, route->neighbor, &remote))
		addr_format(&remote, neighbor);
	if (wanted->neighbor && !addr_equal(&wanted->remote, &remote))
		return;
	object = answer_append(page->routes);
	answer_text(object, "prefix", prefix_format(&route->dst.prefix, prefix));
	if (route->dst.vpn)
		answer_text(object, "rd", bgp_rd_format(&route->dst.rd, rd));
	answer_text(object, "neighbor", neighbor);
	if (route->path_id)
		answer_count(object, "path-id", route->path_id);
	answer_number(object, "age",
		      (double)(page->request->now_ms - (int64_t)route->received_ms) / 1000);
	answer_flag(object, "stale", route->stale);
	if (route->path && route->dst.vpn)
		put_vpn(context->config, object, route->path);
	if (route->path)
		put_path(object, route->path);
}

json_t *show_bgp_routes(const struct request *request)
{
	double began = request_number(request, "at");
	uint64_t at = began > 0 && began < 9e15 ? (uint64_t)began : 0;
	struct page page = { .request = request };
	json_t *answer, *wrong = wanted_read(request, &page.wanted);
	bool all = !page.wanted.destination && !page.wanted.neighbor;

	if (wrong)
		return wrong;
	answer = json_object();
	page.routes = answer_array(answer, "routes");
	if (request->context->bgp)
		bgp_routes_some(request->context->bgp, &at, all ? PAGE_ROUTES : PAGE_LOOKED,
				put_route, &page);
	answer_count(answer, "next", at);
	return answer;
}
