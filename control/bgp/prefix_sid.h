/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Prefix-SID attribute (40) as far as it carries an SRv6 service SID (RFC 9252). Private to the
 * codec.
 */
#pragma once
#include "base/cursor.h"
#include "base/writer.h"
#include "bgp/path.h"

struct prefix_sid {
	struct bgp_tunnel tunnel; /* kind is BGP_TUNNEL_NONE where no SID can be used */
	/* Bits of the SID that stand in each prefix's label instead (RFC 9252 section 4): how many,
	 * 0..20, and from which bit of the SID on. Without a label there is no using the SID. */
	uint8_t moved, moved_at;
};

/* Behaviors that end in an IP packet of ours, and need no argument. */
bool prefix_sid_behavior_usable(uint16_t behavior);

bool prefix_sid_usable(const struct bgp_tunnel *tunnel); /* a SID, and such a behavior or opaque */

/* The first SRv6 SID, if we can encapsulate for it. 0 or -EBADMSG. */
int prefix_sid_decode(struct cursor *c, struct prefix_sid *ret);
/* The tunnel of a prefix with this label (as in struct bgp_path); none where the bits in it make
 * the SID ::. */
struct bgp_tunnel prefix_sid_tunnel(const struct prefix_sid *sid, uint32_t label);
/* The body: one SRv6 L3 Service TLV with one whole SID. */
void prefix_sid_encode(const struct bgp_tunnel *tunnel, struct writer *w);
