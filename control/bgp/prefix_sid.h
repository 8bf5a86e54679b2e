/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Prefix-SID attribute (40) as far as it carries an SRv6 service SID (RFC 9252). Private to the
 * codec.
 */
#pragma once
#include "bgp/attr.h"

/* Behaviors that end in an IP packet of ours, and need no argument. */
bool prefix_sid_behavior_usable(uint16_t behavior);

/* The first SRv6 SID that we can encapsulate for; ret->kind is BGP_TUNNEL_NONE where there is none.
 * 0 or -EBADMSG. */
int prefix_sid_decode(struct cursor *c, struct bgp_tunnel *ret);
/* The body: one SRv6 L3 Service TLV with one SID. */
void prefix_sid_encode(const struct bgp_tunnel *tunnel, struct writer *w);
