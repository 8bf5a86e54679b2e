/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/path.h"

#include <string.h>

const char *bgp_tunnel_text(enum bgp_tunnel_kind kind)
{
	static const char *const words[BGP_TUNNEL_COUNT] = {
		[BGP_TUNNEL_NONE] = "none",   [BGP_TUNNEL_IPIP] = "ipip",
		[BGP_TUNNEL_SRV6] = "srv6",   [BGP_TUNNEL_GRE] = "gre",
		[BGP_TUNNEL_VXLAN] = "vxlan", [BGP_TUNNEL_DIRECT] = "direct",
	};

	return words[kind];
}

bool bgp_tunnel_equal(const struct bgp_tunnel *a, const struct bgp_tunnel *b)
{
	return a->kind == b->kind && a->behavior == b->behavior && a->vni == b->vni &&
	       !memcmp(a->mac, b->mac, sizeof(a->mac)) && addr_equal(&a->endpoint, &b->endpoint);
}
