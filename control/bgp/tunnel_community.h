/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A path's tunnel as transitive extended communities, for reflectors that drop the attributes which
 * are meant for it. The layout is ours and stands in README.md. Private to the codec.
 */
#pragma once
#include "base/cursor.h"
#include "base/writer.h"
#include "bgp/path.h"

/* Reads the extended communities *c. *ret: kind BGP_TUNNEL_NONE where there is no whole tunnel.
 * Returns how many were not believed. */
uint32_t tunnel_community_decode(struct cursor *c, struct bgp_tunnel *ret);
void tunnel_community_encode(const struct bgp_tunnel *tunnel, struct writer *w);
