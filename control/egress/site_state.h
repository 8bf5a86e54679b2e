/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much of the site behind this router is there at all: one route a family, of the router's own
 * next hop, that degrades every service of the site (draft-ietf-idr-5g-edge-service-metadata-29,
 * section 4.3.2). Pure. Private to control/egress.
 */
#pragma once
#include "egress/egress.h"

#define SITE_STATE_ROUTES 2 /* at most: one a family */

/* False: there is no such route. percent: 0..99. */
bool site_state_route(const struct egress_config *config, size_t index, uint8_t percent,
		      struct bgp_dst *ret_dst, struct bgp_path *ret_path);
