/* SPDX-License-Identifier: BSD-2-Clause */
#include "egress/site_state.h"

bool site_state_route(const struct egress_config *config, size_t index, uint8_t percent,
		      struct bgp_dst *ret_dst, struct bgp_path *ret_path)
{
	const struct addr *v4 = &config->next_hop_v4, *v6 = &config->next_hop_v6;
	const struct addr *next_hop = index ? v6 : v4;
	struct prefix prefix = prefix_of_host(next_hop);

	if (addr_is_zero(next_hop) || (index && addr_equal(v4, v6)))
		return false;
	*ret_dst = bgp_dst_of(&prefix);
	*ret_path = (struct bgp_path){ .has = BGP_HAS_REPORT,
				       .next_hop = *next_hop,
				       .report = { .has = REPORT_AVAILABILITY,
						   .availability = percent },
				       .site_id = config->site_id };
	ret_path->has |= config->site_id ? BGP_HAS_SITE_ID : 0;
	return true;
}
