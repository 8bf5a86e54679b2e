/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which route of a prefix is the best one (RFC 4271 section 9.1), for neighbours that take one
 * only, and which are the best few. Pure: looks at the routes and changes nothing.
 */
#pragma once
#include "bgp/rib.h"

/* Of the routes of one entry, a list that is not empty. NULL: no next hop can be reached. */
struct rib_route *decision_best(struct rib_route *routes);

/* Of a route, by its place in the list. */
enum decision_state { DECISION_OPEN, DECISION_OUT, DECISION_CHOSEN };

/* Turns the best `max` of those that are open into chosen ones, or all if there are fewer: each is
 * the best of what is left without those before it, as MED orders only some pairs. Those whose next
 * hop cannot be reached are the last. `state` has a place for each of the list. */
void decision_choose(struct rib_route *routes, enum decision_state *state, size_t max);

/* Which step decides between two, for people: "shortest AS_PATH". NULL: they are one route. */
const char *decision_reason(const struct rib_route *a, const struct rib_route *b);
