/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a neighbour is told of a route, and whether it is told at all: reflection (RFC 4456), next
 * hop, AS_PATH, and where metrics may go. Pure: values in, values out.
 */
#pragma once
#include "bgp/codec.h"
#include "bgp/rib.h"

/* The neighbour to be told, as far as policy asks. A value. */
struct export_target {
	uint32_t neighbor;
	bool client; /* RFC 4456 */
	bool next_hop_self;
	uint8_t paths_max; /* of a prefix with path ids (RFC 7911): the best ones; 0: all */
	struct addr local; /* our address of the session */
	uint8_t cluster_id[4];
	struct bgp_codec codec;
};

/* False: nothing that this source says is for that neighbour. */
bool export_source_allowed(const struct rib_source *source, const struct export_target *to);
/* Also false where we have no next hop of the prefix's family to name. */
bool export_allowed(const struct rib_route *route, const struct export_target *to);

/* Writes a path of the caller's, to be cleared by bgp_path_clear(). 0; -EADDRNOTAVAIL: we have no
 * next hop of the prefix's family to name; -ENOMEM. *ret is untouched on failure. */
int export_path(const struct rib_route *route, const struct export_target *to,
		struct bgp_path *ret);
