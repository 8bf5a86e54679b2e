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

bool bgp_path_tells_site(const struct bgp_path *path, const struct prefix *prefix)
{
	return path->has & BGP_HAS_REPORT && path->report.has & REPORT_AVAILABILITY &&
	       prefix->len == (addr_is_v4(&prefix->addr) ? 32 : 128) &&
	       addr_equal(&prefix->addr, &path->next_hop);
}
