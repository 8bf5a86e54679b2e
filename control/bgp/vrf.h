/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VRF (RFC 4364 section 3) as far as routes know it: what its own are called, and which of others
 * are for it. A value of configuration.
 */
#pragma once
#include "base/addr.h"
#include "bgp/path.h"
#include "bgp/rd.h"

#define VRF_TARGETS_MAX 16
#define VRF_NAME_MAX    31

struct vrf {
	char name[VRF_NAME_MAX + 1];
	uint8_t id; /* in the data plane's tables, 1..MG_VRFS_MAX */
	struct bgp_rd rd;
	struct bgp_rt import[VRF_TARGETS_MAX], export[VRF_TARGETS_MAX];
	size_t import_count, export_count;
	struct addr endpoint; /* this site's tunnel address or SID for it; zero: none */
	uint32_t vni;         /* VXLAN network of the endpoint, 24 bits; 0: that of the site */
};

/* Whether the route carries one of the targets that are imported (section 4.3.1). */
bool vrf_imports(const struct vrf *vrf, const struct bgp_path *path);
/* Whether the same routes are for both, and are both VRFs' own. */
bool vrf_imports_as(const struct vrf *a, const struct vrf *b);
/* The one of this id; NULL: none, as for 0. */
const struct vrf *vrf_find(const struct vrf *list, size_t count, uint8_t id);
