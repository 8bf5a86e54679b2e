/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which route of a prefix is the best one (RFC 4271 section 9.1), for neighbours that take one
 * only. Pure: looks at the routes and changes nothing.
 */
#pragma once
#include "bgp/rib.h"

/* Of the routes of one entry, a list that is not empty. NULL: no next hop can be reached. */
struct rib_route *decision_best(struct rib_route *routes);

/* Which step decides between two, for people: "shortest AS_PATH". NULL: they are one route. */
const char *decision_reason(const struct rib_route *a, const struct rib_route *b);
