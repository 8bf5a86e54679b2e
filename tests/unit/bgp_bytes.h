/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of the BGP codec share: what was negotiated with a modern iBGP neighbour. */
#pragma once
#include "bgp/update.h"
#include "hex.h"

#include "base/util.h"

#define FAMILIES (BIT(BGP_FAMILY_COUNT) - 1)

static inline struct bgp_codec codec_ibgp(void)
{
	return (struct bgp_codec){
		.local_as = 65000,
		.remote_as = 65000,
		.ibgp = true,
		.as4 = true,
		.extended_next_hop = BIT(BGP_IPV4_UNICAST) | BIT(BGP_VPN_IPV4),
		.edge_metadata = FAMILIES,
		.inside = true,
		.families = FAMILIES,
		.carriers_send = BGP_CARRIER_COMMUNITY | BGP_CARRIER_EDGE_METADATA,
		.carriers_accept = BGP_CARRIER_COMMUNITY | BGP_CARRIER_EDGE_METADATA,
	};
}
