/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/path.h"

const char *bgp_carrier_text(uint32_t carrier)
{
	switch (carrier) {
	case BGP_CARRIER_COMMUNITY:
		return "community";
	case BGP_CARRIER_EDGE_METADATA:
		return "edge-metadata";
	case BGP_CARRIER_LINK_BANDWIDTH:
		return "link-bandwidth";
	default:
		return "none";
	}
}
