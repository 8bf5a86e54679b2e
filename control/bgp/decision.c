/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: The decision process, in the order of the table below:
 *
 *  1. our own route
 *  2. a next hop that can be reached              RFC 4271 section 9.1.2.1
 *  3. one that is not in its long life            RFC 9494 section 4.3
 *  4. highest LOCAL_PREF                          RFC 4271 section 9.1.1
 *  5. shortest AS_PATH                            section 9.1.2.2 (a)
 *  6. lowest ORIGIN                               (b)
 *  7. lowest MED among those of one neighbour AS  (c)
 *  8. external before internal                    (d)
 *  9. lowest interior cost to the next hop        (e)
 * 10. lowest BGP identifier, or ORIGINATOR_ID     (f), RFC 4456 section 9
 * 11. shortest CLUSTER_LIST                       RFC 4456 section 9
 * 12. lowest address of the neighbour             (g)
 * 13. lowest path id of that neighbour            so that every set has one best
 *
 * Where nobody knows interior routes, all costs are 0. A set of which no next hop can be reached
 * has no best. Each step works on all that are left (section 9.1.2.2), as MED orders only some
 * pairs of routes.
 */
#include "bgp/decision.h"
#include "base/util.h"

#include <string.h>

#define LOCAL_PREF_DEFAULT 100

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int step_own(const struct rib_route *a, const struct rib_route *b)
{
	return compare(a->source->neighbor != 0, b->source->neighbor != 0);
}

static int step_long_lived(const struct rib_route *a, const struct rib_route *b)
{
	return compare(a->path->communities & INTERNED_LLGR_STALE,
		       b->path->communities & INTERNED_LLGR_STALE);
}

static uint32_t local_pref(const struct rib_route *route)
{
	const struct interned *path = route->path;

	return path->has & BGP_HAS_LOCAL_PREF ? path->local_pref : LOCAL_PREF_DEFAULT;
}

static int step_local_pref(const struct rib_route *a, const struct rib_route *b)
{
	return compare(local_pref(b), local_pref(a));
}

static int step_as_path(const struct rib_route *a, const struct rib_route *b)
{
	return compare(a->path->as_len, b->path->as_len);
}

static int step_origin(const struct rib_route *a, const struct rib_route *b)
{
	return compare(a->path->origin, b->path->origin);
}

static int step_med(const struct rib_route *a, const struct rib_route *b)
{
	struct bgp_path x, y;

	if (!((a->path->has | b->path->has) & BGP_HAS_MED))
		return 0;
	interned_path(a->path, &x);
	interned_path(b->path, &y);
	if (bgp_path_first_as(&x) != bgp_path_first_as(&y))
		return 0;
	return compare(x.has & BGP_HAS_MED ? x.med : 0, y.has & BGP_HAS_MED ? y.med : 0);
}

static int step_external(const struct rib_route *a, const struct rib_route *b)
{
	return compare(!a->source->external, !b->source->external);
}

static const uint8_t *originator(const struct rib_route *route)
{
	const struct interned *path = route->path;

	return path->has & BGP_HAS_ORIGINATOR ? path->originator_id : route->source->router_id;
}

static int step_identifier(const struct rib_route *a, const struct rib_route *b)
{
	return memcmp(originator(a), originator(b), 4);
}

static int step_cluster_list(const struct rib_route *a, const struct rib_route *b)
{
	return compare(a->path->cluster_len, b->path->cluster_len);
}

static int step_address(const struct rib_route *a, const struct rib_route *b)
{
	return memcmp(&a->source->addr, &b->source->addr, sizeof(a->source->addr));
}

static int step_path_id(const struct rib_route *a, const struct rib_route *b)
{
	return compare(a->path_id, b->path_id);
}

static bool is_reachable(const struct rib_route *route)
{
	return route->path->cost != BGP_UNREACHABLE;
}

static int step_reachable(const struct rib_route *a, const struct rib_route *b)
{
	return compare(!is_reachable(a), !is_reachable(b));
}

static int step_cost(const struct rib_route *a, const struct rib_route *b)
{
	return compare(a->path->cost, b->path->cost);
}

static const struct step {
	const char *reason;
	int (*compare)(const struct rib_route *a, const struct rib_route *b); /* < 0: a wins */
} steps[] = {
	{ "own route", step_own },
	{ "next hop is reachable", step_reachable },
	{ "not stale for long", step_long_lived },
	{ "highest LOCAL_PREF", step_local_pref },
	{ "shortest AS_PATH", step_as_path },
	{ "lowest ORIGIN", step_origin },
	{ "lowest MED", step_med },
	{ "external before internal", step_external },
	{ "lowest interior cost", step_cost },
	{ "lowest BGP identifier", step_identifier },
	{ "shortest CLUSTER_LIST", step_cluster_list },
	{ "lowest neighbor address", step_address },
	{ "lowest path id", step_path_id },
};

enum { STEP_FIRST, STEP_MED = 6, STEP_COUNT = ARRAY_SIZE(steps) };

/* By the steps from first to before end: the first one that tells them apart. */
static int compare_by(const struct rib_route *a, const struct rib_route *b, int first, int end)
{
	int r = 0;

	for (int i = first; i < end && !r; i++)
		r = steps[i].compare(a, b);
	return r;
}

/* A route of a list, or what comes behind it, of those that are in the running. */
struct running {
	struct rib_route *route;    /* NULL: the end */
	enum decision_state *state; /* its place; NULL: all are in the running */
};

static struct running running_from(struct rib_route *route, enum decision_state *state)
{
	while (route && state && *state != DECISION_OPEN) {
		route = route->next;
		state++;
	}
	return (struct running){ route, state };
}

static struct running running_next(struct running r)
{
	return running_from(r.route->next, r.state ? r.state + 1 : NULL);
}

static bool med_beaten(const struct rib_route *route, struct running all)
{
	if (!(route->path->has & BGP_HAS_MED))
		return false; /* it counts as 0: nothing is lower */
	for (struct running r = all; r.route; r = running_next(r))
		if (!compare_by(r.route, route, STEP_FIRST, STEP_MED) &&
		    step_med(r.route, route) < 0)
			return true;
	return false;
}

static struct running best_of(struct running all)
{
	struct running before_med = all, best = { 0 };

	for (struct running r = all; r.route; r = running_next(r))
		if (compare_by(r.route, before_med.route, STEP_FIRST, STEP_MED) < 0)
			before_med = r;
	for (struct running r = all; r.route; r = running_next(r)) {
		if (compare_by(r.route, before_med.route, STEP_FIRST, STEP_MED) ||
		    med_beaten(r.route, all))
			continue;
		if (!best.route || compare_by(r.route, best.route, STEP_MED + 1, STEP_COUNT) < 0)
			best = r;
	}
	return best;
}

struct rib_route *decision_best(struct rib_route *routes)
{
	struct rib_route *best = routes->next ? best_of(running_from(routes, NULL)).route : routes;

	return best && is_reachable(best) ? best : NULL;
}

void decision_choose(struct rib_route *routes, enum decision_state *state, size_t max)
{
	for (; max; max--) {
		struct running best = best_of(running_from(routes, state));

		if (!best.route)
			return;
		*best.state = DECISION_CHOSEN;
	}
}

const char *decision_reason(const struct rib_route *a, const struct rib_route *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		if (steps[i].compare(a, b))
			return steps[i].reason;
	return NULL;
}
