/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: routes into offers. A unicast route is for services in no VRF; one of a VPN is for those
 * VRFs that import one of its route targets, and each has a catalog of its own: the same address in
 * two VRFs is two services. Routes to an address that no service has are left to the RIB, which is
 * asked for them when one gets it: a reflector keeps them once.
 */
#include "base/log.h"
#include "ingress/state.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define LABEL_RESERVED_MAX 3    /* RFC 3032: explicit and implicit NULL; 1 would be a mistake */
#define DECLINED_MS        1000 /* how often a service may be urgent for what its sites say */

/* A site that keeps saying that it declines is no more urgent than others. */
static enum urgency urgency_of(const struct ingress *in, struct steering *s,
			       enum catalog_change change, bool declined)
{
	int64_t now_ms = (int64_t)uv_now(in->loop);

	if (change == CATALOG_GONE)
		return URGENCY_GONE;
	if (!declined || (s->declined_ms && now_ms - s->declined_ms < DECLINED_MS))
		return URGENCY_NEWS;
	s->declined_ms = now_ms;
	return URGENCY_DECLINED;
}

/* The first service of this address and VRF from *at on, which is then behind it. NULL: no more. */
static struct steering *service_next(const struct ingress *in, uint8_t vrf,
				     const struct addr *service, size_t *at)
{
	while (*at < in->service_count) {
		struct steering *s = in->by_key[(*at)++];

		if (memcmp(s->config.key.addr, service->octet, sizeof(service->octet)))
			return NULL;
		if (s->config.key.vrf == vrf)
			return s;
	}
	return NULL;
}

static size_t service_place(const struct ingress *in, const struct addr *service)
{
	return ingress_place(in, service->octet, sizeof(service->octet));
}

static bool has_service(const struct ingress *in, uint8_t vrf, const struct addr *service)
{
	size_t at = service_place(in, service);

	return service_next(in, vrf, service, &at);
}

static void offers_changed(struct ingress *in, uint8_t vrf, const struct addr *service,
			   enum catalog_change change, bool declined)
{
	size_t at = service_place(in, service);
	struct steering *s;

	while ((s = service_next(in, vrf, service, &at))) {
		s->stale |= change > CATALOG_REPORT;
		ingress_mark(in, s, urgency_of(in, s, change, declined));
	}
}

/* The two clocks are read together, once, when the report comes. Of one that has come before,
 * `ago_ms`, the other clock is reckoned back. */
static void offer_date(struct offer *offer, int64_t ago_ms)
{
	struct timespec now;
	struct dated dated;

	clock_gettime(CLOCK_REALTIME, &now);
	dated = dated_of(&offer->report, offer->received_ms,
			 (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 - ago_ms);
	offer->sampled_ms = dated.sampled_ms;
	offer->dated = dated.by;
	offer->lag_ms = dated.lag_ms;
}

static bool route_is_host(const struct bgp_route *route)
{
	const struct prefix *prefix = &route->dst.prefix;

	return prefix->len == (addr_is_v4(&prefix->addr) ? 32 : 128);
}

static struct offer_source route_source(const struct bgp_route *route)
{
	return (struct offer_source){ .neighbor = route->neighbor,
				      .path_id = route->path_id,
				      .rd = route->dst.rd };
}

/* Without a SID, a label is all that tells the egress whose packet it is; but it takes MPLS. */
static bool route_labelled(const struct bgp_route *route)
{
	return route->dst.vpn && route->path->tunnel.kind != BGP_TUNNEL_SRV6 &&
	       route->path->label >> 4 > LABEL_RESERVED_MAX;
}

static struct offer route_offer(const struct ingress *in, const struct bgp_route *route)
{
	const struct bgp_path *path = route->path;
	struct offer offer = {
		.key = { .service = route->dst.prefix.addr,
			 .egress = path->next_hop,
			 .site_id = path->has & BGP_HAS_SITE_ID ? path->site_id : 0 },
		.source = route_source(route),
		.tunnel = path->tunnel,
		.local = !route->neighbor,
		.labelled = route_labelled(route),
		.carrier = path->carrier,
		.has_report = path->has & BGP_HAS_REPORT,
		.report = path->report,
		.received_ms = (int64_t)route->received_ms,
	};

	memcpy(offer.carried, path->carried, sizeof(offer.carried));
	offer_date(&offer, (int64_t)(uv_now(in->loop) - route->received_ms));
	return offer;
}

/* The site wants no more of it, whatever else it says. */
static bool offer_declines(const struct offer *offer)
{
	const struct report *r = &offer->report;

	return offer->has_report &&
	       (r->drain || (r->has & REPORT_AVAILABILITY && !r->availability));
}

static void offer_take(struct ingress *in, struct catalog *catalog, uint8_t vrf,
		       const struct bgp_route *route)
{
	struct offer offer;
	enum catalog_change change;
	int r;

	if (!has_service(in, vrf, &route->dst.prefix.addr))
		return;
	offer = route_offer(in, route);
	r = catalog_announce(catalog, &offer, &change);
	if (r < 0)
		log_err(r, "catalog: an announcement is left out");
	else if (change != CATALOG_SAME)
		offers_changed(in, vrf, &offer.key.service, change, offer_declines(&offer));
}

static void offer_drop(struct ingress *in, struct catalog *catalog, uint8_t vrf,
		       const struct bgp_route *route)
{
	const struct offer_source source = route_source(route);

	if (!catalog_withdraw(catalog, &route->dst.prefix.addr, &source))
		offers_changed(in, vrf, &route->dst.prefix.addr, CATALOG_GONE, false);
}

/* A VRF's own routes are in it, whatever it imports. */
static bool vrf_takes(const struct vrf *vrf, const struct bgp_route *route)
{
	bool own = !route->neighbor &&
		   !memcmp(vrf->rd.octet, route->dst.rd.octet, sizeof(vrf->rd.octet));

	return own || vrf_imports(vrf, route->path);
}

static void site_told(struct ingress *in, const struct bgp_route *route)
{
	const struct bgp_path *path = route->path;
	const struct site_told told = {
		.egress = path->next_hop,
		.site_id = path->has & BGP_HAS_SITE_ID ? path->site_id : 0,
		.source = route_source(route),
		.carrier = path->carrier,
		.percent = (uint8_t)path->report.availability,
	};
	uint64_t refused = in->states.refused;

	in->states_changed |= site_states_put(&in->states, &told);
	if (in->states.refused != refused && !refused)
		log_err(-ENOSPC, "sites: more than %d egresses say how much of them is there",
			SITE_STATES_MAX);
}

static void site_untold(struct ingress *in, const struct bgp_route *route)
{
	const struct offer_source source = route_source(route);

	in->states_changed |= site_states_take(&in->states, &route->dst.prefix.addr, &source);
}

void ingress_announced(struct ingress *in, const struct bgp_route *route)
{
	if (!route_is_host(route))
		return; /* a service is one address */
	if (!route->dst.vpn && bgp_path_tells_site(route->path, &route->dst.prefix)) {
		offer_drop(in, in->catalog, 0, route); /* what else was there */
		site_told(in, route);
		return;
	}
	if (!route->dst.vpn) {
		site_untold(in, route);
		offer_take(in, in->catalog, 0, route);
	}
	for (size_t i = 0; route->dst.vpn && i < in->vrf_count; i++) {
		struct ingress_vrf *vrf = &in->vrf[i];

		if (vrf_takes(&vrf->vrf, route))
			offer_take(in, vrf->catalog, vrf->vrf.id, route);
		else /* its targets may have been others before */
			offer_drop(in, vrf->catalog, vrf->vrf.id, route);
	}
}

void ingress_withdrawn(struct ingress *in, const struct bgp_route *route)
{
	if (!route_is_host(route))
		return;
	if (!route->dst.vpn) {
		site_untold(in, route);
		offer_drop(in, in->catalog, 0, route);
	}
	for (size_t i = 0; route->dst.vpn && i < in->vrf_count; i++)
		offer_drop(in, in->vrf[i].catalog, in->vrf[i].vrf.id, route);
}

/* --- routes that came before their service ---------------------------------------------------- */
/* What stands in the catalog of a VRF, or of none, for services that are there. */
struct scope {
	const struct ingress *in;
	uint8_t vrf;
};

static bool scope_has(const void *user, const struct addr *service)
{
	const struct scope *scope = user;

	return has_service(scope->in, scope->vrf, service);
}

static void offers_forget(struct ingress *in)
{
	catalog_keep(in->catalog, scope_has, &(struct scope){ in, 0 });
	for (size_t i = 0; i < in->vrf_count; i++)
		catalog_keep(in->vrf[i].catalog, scope_has,
			     &(struct scope){ in, in->vrf[i].vrf.id });
}

/* No service of this address and VRF has asked for its routes. */
static bool is_unheard(const struct ingress *in, uint8_t vrf, const struct addr *service)
{
	size_t at = service_place(in, service);
	const struct steering *s;
	bool found = false;

	while ((s = service_next(in, vrf, service, &at))) {
		if (s->recalled)
			return false;
		found = true;
	}
	return found;
}

static void on_recalled(void *user, const struct bgp_route *route)
{
	struct ingress *in = user;

	if (!bgp_path_tells_site(route->path, &route->dst.prefix))
		offer_take(in, in->catalog, 0, route);
}

static void on_recalled_vpn(void *user, const struct bgp_route *route)
{
	struct ingress *in = user;

	if (!route->dst.vpn || !route_is_host(route))
		return;
	for (size_t i = 0; i < in->vrf_count; i++) {
		const struct vrf *vrf = &in->vrf[i].vrf;

		if (is_unheard(in, vrf->id, &route->dst.prefix.addr) && vrf_takes(vrf, route))
			offer_take(in, in->vrf[i].catalog, vrf->id, route);
	}
}

/* Under which distinguishers an address of a VRF stands, nobody knows: all routes are looked
 * through, once for all the services. */
static void services_recall(struct ingress *in)
{
	bool of_vrfs = false;

	for (size_t i = 0; i < in->service_count; i++) {
		struct steering *s = in->by_key[i];
		struct prefix prefix;
		struct addr service;
		struct bgp_dst dst;

		memcpy(service.octet, s->config.key.addr, sizeof(service.octet));
		if (!is_unheard(in, s->config.key.vrf, &service))
			continue;
		if (s->config.key.vrf) {
			of_vrfs = true;
			continue;
		}
		prefix = prefix_of_host(&service);
		dst = bgp_dst_of(&prefix);
		in->recall(in->recall_user, &dst, on_recalled, in);
		s->recalled = true;
	}
	if (of_vrfs)
		in->recall(in->recall_user, NULL, on_recalled_vpn, in);
}

void ingress_forget(struct ingress *in, uint8_t vrf)
{
	for (size_t i = 0; i < in->service_count; i++) {
		struct steering *s = in->by_key[i];
		struct addr service;

		if (s->config.key.vrf != vrf)
			continue;
		s->recalled = false;
		memcpy(service.octet, s->config.key.addr, sizeof(service.octet));
		offers_changed(in, vrf, &service, CATALOG_GONE, false);
	}
}

void ingress_recall(struct ingress *in)
{
	offers_forget(in);
	if (in->recall)
		services_recall(in);
	for (size_t i = 0; i < in->service_count; i++)
		in->service[i]->recalled = true;
}

void ingress_recall_by(struct ingress *in,
		       void (*recall)(void *user, const struct bgp_dst *dst,
				      void (*visit)(void *user, const struct bgp_route *route),
				      void *visit_user),
		       void *user)
{
	in->recall = recall;
	in->recall_user = user;
}
