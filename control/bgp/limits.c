/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/limits.h"

static enum limits_verdict verdict(const struct bgp_limits *limits, size_t count, uint32_t max)
{
	if (!max)
		return LIMITS_GOOD;
	if (count > max)
		return LIMITS_OVER;
	return count * UINT64_C(100) >= max * (uint64_t)limits->warning_pct ? LIMITS_NEAR
									    : LIMITS_GOOD;
}

enum limits_verdict limits_check(const struct bgp_limits *limits, const struct rib_source *source,
				 enum bgp_family family)
{
	enum limits_verdict all = verdict(limits, source->route_count, limits->total);
	enum limits_verdict one =
		verdict(limits, source->family_count[family], limits->family[family]);

	return all > one ? all : one;
}

bool limits_refuse(const struct bgp_limits *limits, struct rib *rib, uint32_t neighbor,
		   const struct bgp_nlri *nlri)
{
	const struct rib_entry *entry = limits->paths_in ? rib_find(rib, &nlri->dst) : NULL;
	size_t count = 0;

	if (!entry || rib_route_find(rib, neighbor, nlri))
		return false;
	for (const struct rib_route *r = entry->routes; r; r = r->next)
		count += r->source->neighbor == neighbor;
	return count >= limits->paths_in;
}
