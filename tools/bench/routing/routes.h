/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Service routes to load a router with: half IPv4, half IPv6 host routes. Of each ten, five carry a
 * report of their own (so a path of their own), five share the paths of their egress and class:
 * 64 egresses times 8 classes a family. All have a tunnel (IPv4: RFC 9012 IP-in-IP, IPv6: an SRv6
 * SID) and two communities. Deterministic.
 */
#pragma once
#include "bgp/codec.h"
#include "bgp/nlri.h"

#define ROUTES_EGRESSES   64
#define ROUTES_EGRESS_NET "10.98.0.0/16 and 2001:db8:98::/64" /* where the egresses are */

struct routes {
	uint32_t count, paths; /* distinct ones */
	uint8_t *stream;       /* UPDATEs */
	size_t len, messages;
	uint64_t *print; /* of each route, see route_print() */
};

/* Some of them as UPDATEs, to be announced by one of several. */
struct routes_part {
	uint8_t *stream;
	size_t len;
};

/* *ret is untouched on failure, which is logged. */
int routes_new(uint32_t count, const struct bgp_codec *codec, struct routes *ret);
void routes_clear(struct routes *routes);

/* Those from `from` to before `to`; with a generation other than 0 each has a report of its own,
 * and another one than in any other generation. 0, or -ENOMEM, logged. */
int routes_part(const struct routes *routes, const struct bgp_codec *codec, uint32_t from,
		uint32_t to, uint32_t generation, struct routes_part *ret);
void routes_part_clear(struct routes_part *part);

/* Number of the route with this prefix, or count: none of ours. */
uint32_t routes_find(const struct routes *routes, const struct prefix *prefix);
struct prefix routes_prefix(const struct routes *routes, uint32_t number);

/* A fingerprint of what a reflector has to leave as it was: next hop, both kinds of communities in
 * any order, tunnel attributes, report, LOCAL_PREF. */
uint64_t route_print(const struct bgp_path *path);
