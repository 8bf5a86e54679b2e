/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: routes into offers. A unicast route is for services in no VRF; one of a VPN is for those
 * VRFs that import one of its route targets, and each has a catalog of its own: the same address in
 * two VRFs is two services.
 */
#include "base/log.h"
#include "ingress/state.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define LABEL_RESERVED_MAX 3 /* RFC 3032: explicit and implicit NULL; 1 would be a mistake */

static void offers_changed(struct ingress *in, uint8_t vrf, const struct addr *service, bool urgent)
{
	size_t i = ingress_place(in, service->octet, sizeof(service->octet));

	for (; i < in->service_count; i++) {
		struct steering *s = in->by_key[i];

		if (memcmp(s->config.key.addr, service->octet, sizeof(service->octet)))
			return;
		if (s->config.key.vrf != vrf)
			continue;
		s->stale = true;
		if (urgent)
			ingress_mark_urgent(in, s);
		else
			ingress_mark(in, s);
	}
}

/* The two clocks are read together, once, when the report comes. */
static void offer_date(struct offer *offer)
{
	struct timespec now;
	struct dated dated;

	clock_gettime(CLOCK_REALTIME, &now);
	dated = dated_of(&offer->report, offer->received_ms,
			 (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
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

static struct offer route_offer(const struct bgp_route *route)
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
	offer_date(&offer);
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
	const struct offer offer = route_offer(route);
	bool changed;
	int r = catalog_announce(catalog, &offer, &changed);

	if (r < 0)
		log_err(r, "catalog: an announcement is left out");
	else if (changed)
		offers_changed(in, vrf, &offer.key.service, offer_declines(&offer));
}

static void offer_drop(struct ingress *in, struct catalog *catalog, uint8_t vrf,
		       const struct bgp_route *route)
{
	const struct offer_source source = route_source(route);

	if (!catalog_withdraw(catalog, &route->dst.prefix.addr, &source))
		offers_changed(in, vrf, &route->dst.prefix.addr, true);
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
