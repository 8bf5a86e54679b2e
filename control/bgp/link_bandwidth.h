/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The `link-bandwidth` carrier: capacity x availability in the Link Bandwidth extended community
 * (draft-ietf-idr-link-bandwidth: type 0x40, or 0x00 where it is transitive; sub-type 0x04; AS
 * number of two octets; float32 octets a second), for speakers that know nothing else. How it maps
 * to a report stands in README.md. Private to the codec.
 */
#pragma once
#include "base/cursor.h"
#include "base/writer.h"
#include "bgp/codec.h"

/* A worker slot shows as 1 Mbit/s: routers print the capacity as it is, and those that reckon in
 * whole octets a second lose nothing of it. */
#define LINK_BANDWIDTH_PER_SLOT 125000.0

bool link_bandwidth_is(const uint8_t community[8]);

/* Reads the extended communities *c: capacity or drain, or nothing. Returns how many were not
 * believed. */
uint32_t link_bandwidth_decode(struct cursor *c, struct report *ret);

/* Transitive towards another AS, else not (RFC 4360 section 6). Nothing where the capacity is not
 * known and the site does not drain. */
void link_bandwidth_encode(const struct bgp_codec *codec, const struct report *report,
			   struct writer *w);
