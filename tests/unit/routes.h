/* SPDX-License-Identifier: BSD-2-Clause */
/* Sources, prefixes and paths for the tests of what holds routes. */
#pragma once
#include "base/util.h"
#include "bgp/rib.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

/* Neighbour n is 10.0.0.n, its identifier is the same; 0 is ourselves. */
static inline struct rib_source source_of(uint8_t n)
{
	struct rib_source source = { .neighbor = n, .router_id = { 10, 0, 0, n } };

	source.addr = addr_of_v4(source.router_id);
	return source;
}

static inline struct bgp_nlri nlri_of(uint32_t i, uint32_t path_id)
{
	struct addr addr =
		addr_of_v4((uint8_t[]){ 20, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i });

	return (struct bgp_nlri){ .dst.prefix = prefix_of_host(&addr), .path_id = path_id };
}

static inline struct bgp_nlri nlri_v6_of(uint8_t i, uint32_t path_id)
{
	struct addr addr = { { 0x20, 0x01, 0x0d, 0xb8, [15] = i } };

	return (struct bgp_nlri){ .dst.prefix = prefix_of_host(&addr), .path_id = path_id };
}

static inline struct bgp_path path_pref(uint32_t local_pref)
{
	return (struct bgp_path){ .has = BGP_HAS_LOCAL_PREF,
				  .local_pref = local_pref,
				  .next_hop = addr_of_v4((uint8_t[]){ 192, 0, 2, 1 }) };
}
