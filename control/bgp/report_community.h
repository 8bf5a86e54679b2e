/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A metric report as transitive extended communities, which any BGP speaker passes on. The layout
 * is ours and stands in README.md. Private to the codec.
 */
#pragma once
#include "base/cursor.h"
#include "base/writer.h"
#include "bgp/path.h"

#define EXT_COMMUNITY_NON_TRANSITIVE 0x40 /* RFC 4360 section 2, T bit of the type */
#define REPORT_COMMUNITY_TYPE        0x83 /* RFC 7153: transitive, experimental use */

enum report_community {
	REPORT_COMMUNITY_CAPACITY = 1,     /* float32 worker slots, u8 flags, u8 score */
	REPORT_COMMUNITY_SERVICE_TIME = 2, /* float32 seconds, u16 site id */
	REPORT_COMMUNITY_ARRIVAL = 3,      /* float32 requests a second, u16 window in 0.1 s */
	REPORT_COMMUNITY_IN_FLIGHT = 4,    /* float32 requests, u16 utilisation in 1/1000 */
	REPORT_COMMUNITY_SAMPLED = 5,      /* 48 bits: Unix time in ms */
	REPORT_COMMUNITY_INDEX = 6,        /* u32 preference, u8 availability, u8 delay index */
	REPORT_COMMUNITY_TUNNEL = 7,       /* to 11: see tunnel_community.h */
};

/* Reads the extended communities *c for the report in them: path's report, site id and carrier.
 * Returns how many fields were not believed. */
uint32_t report_community_decode(struct cursor *c, struct bgp_path *path);

/* Ascending, as speakers sort them. Equal but for less than 1/1024: equal bytes. */
void report_community_encode(const struct bgp_path *path, struct writer *w);
