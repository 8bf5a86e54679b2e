/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/vrf.h"

#include <string.h>

static bool vrf_has(const struct vrf *vrf, const struct bgp_rt *target)
{
	for (size_t i = 0; i < vrf->import_count; i++)
		if (!memcmp(vrf->import[i].octet, target->octet, sizeof(target->octet)))
			return true;
	return false;
}

bool vrf_imports(const struct vrf *vrf, const struct bgp_path *path)
{
	const struct bgp_bytes *communities = &path->ext_communities;
	struct bgp_rt target;

	for (size_t i = 0; bgp_rt_at(communities->at, communities->len, i, &target); i++)
		if (vrf_has(vrf, &target))
			return true;
	return false;
}

bool vrf_imports_as(const struct vrf *a, const struct vrf *b)
{
	return !memcmp(a->rd.octet, b->rd.octet, sizeof(a->rd.octet)) &&
	       a->import_count == b->import_count &&
	       !memcmp(a->import, b->import, a->import_count * sizeof(a->import[0]));
}

const struct vrf *vrf_find(const struct vrf *list, size_t count, uint8_t id)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].id == id)
			return &list[i];
	return NULL;
}
