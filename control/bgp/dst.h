/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a route leads to: a prefix, and in a VPN the route distinguisher that makes it unique (RFC
 * 4364 section 4.1). The RIB's key. A value; hashed as bytes.
 */
#pragma once
#include "base/addr.h"
#include "bgp/rd.h"

#include <string.h>

struct bgp_dst {
	struct prefix prefix;
	uint8_t vpn;      /* 1: of SAFI 128; 0: unicast, and rd is zero */
	struct bgp_rd rd; /* zero is one, too */
};
_Static_assert(sizeof(struct bgp_dst) == 26, "hashed as bytes: no padding");

static inline struct bgp_dst bgp_dst_of(const struct prefix *prefix)
{
	return (struct bgp_dst){ .prefix = *prefix };
}

static inline struct bgp_dst bgp_dst_of_vpn(const struct bgp_rd *rd, const struct prefix *prefix)
{
	return (struct bgp_dst){ .prefix = *prefix, .vpn = 1, .rd = *rd };
}

static inline bool bgp_dst_equal(const struct bgp_dst *a, const struct bgp_dst *b)
{
	return !memcmp(a, b, sizeof(*a));
}
