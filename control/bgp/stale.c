/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/stale.h"
#include "base/util.h"

static bool route_of(const struct rib_route *route, uint32_t families)
{
	return families & BIT(nlri_family_of(&route->entry->dst));
}

static void route_mark(struct rib_route *route)
{
	route->source->stale_count += !route->stale;
	route->stale = true;
}

static void route_go(struct speaker *speaker, struct rib_route *route)
{
	const struct bgp_nlri nlri = { .dst = route->entry->dst, .path_id = route->path_id };

	speaker_withdraw(speaker, route->source, &nlri);
}

void stale_mark(struct rib_source *source, uint32_t families)
{
	for (struct rib_route *r = source->routes; r; r = r->source_next)
		if (route_of(r, families))
			route_mark(r);
}

void stale_keep(struct speaker *speaker, struct rib_source *source, uint32_t families)
{
	for (struct rib_route *r = source->routes, *next; r; r = next) {
		next = r->source_next;
		if (r->stale || !route_of(r, families))
			route_go(speaker, r);
		else
			route_mark(r);
	}
}

void stale_sweep(struct speaker *speaker, struct rib_source *source, uint32_t families)
{
	for (struct rib_route *r = source->routes, *next; r; r = next) {
		next = r->source_next;
		if (r->stale && route_of(r, families))
			route_go(speaker, r);
	}
}

void stale_prolong(struct speaker *speaker, struct rib_source *source, uint32_t families)
{
	for (struct rib_route *r = source->routes, *next; r; r = next) {
		next = r->source_next;
		if (!r->stale || !route_of(r, families))
			continue;
		if (r->path->communities & INTERNED_NO_LLGR || speaker_prolong(speaker, r) < 0)
			route_go(speaker, r);
	}
}
