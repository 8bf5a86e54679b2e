/* SPDX-License-Identifier: BSD-2-Clause */
/* How many routes a neighbour may tell us of (RFC 4486 section 4), and how many paths of a prefix
 * are taken from it with Add-Path (RFC 7911 section 6). Values, and what they come to; pure. */
#pragma once
#include "bgp/bgp.h"
#include "bgp/rib.h"

enum limits_verdict {
	LIMITS_GOOD,
	LIMITS_NEAR, /* past the share at which to warn */
	LIMITS_OVER,
};

/* What routes of the source come to, in all and in one family. */
enum limits_verdict limits_check(const struct bgp_limits *limits, const struct rib_source *source,
				 enum bgp_family family);

/* Whether the route would be one path more of its prefix than the neighbour may have there. */
bool limits_refuse(const struct bgp_limits *limits, struct rib *rib, uint32_t neighbor,
		   const struct bgp_nlri *nlri);
