/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What two neighbours agreed on in their OPEN messages, as far as it changes how an UPDATE is read
 * and written. A value without owner; open_negotiate() makes one per session.
 */
#pragma once
#include "bgp/metadata_rules.h"
#include "bgp/path.h"

struct bgp_codec {
	uint32_t local_as, remote_as;
	bool ibgp;             /* both in one AS */
	bool as4;              /* AS numbers of 4 octets in AS_PATH (RFC 6793) */
	bool route_refresh;    /* the neighbour takes ROUTE-REFRESH (RFC 2918) */
	bool enhanced_refresh; /* both know BoRR and EoRR (RFC 7313) */
	bool extended_message; /* messages of up to 65535 octets (RFC 8654) */
	bool long_lived;       /* the neighbour knows LLGR_STALE (RFC 9494) */
	uint32_t
		edge_metadata; /* families whose routes may carry attribute 42: sent and received */
	uint32_t extended_next_hop; /* families of IPv4 that take an IPv6 next hop (RFC 8950) */
	uint32_t families;          /* bits 1 << enum bgp_family, negotiated */
	uint32_t add_path_in, add_path_out; /* families whose prefixes carry a path id */
	struct metadata_rules metadata;
	bool inside;                             /* of the domain that metrics may be told in */
	uint32_t carriers_send, carriers_accept; /* bits of enum bgp_carrier: configuration; none
						    of an outsider */
};
