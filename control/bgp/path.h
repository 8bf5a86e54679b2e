/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One BGP path as values: what the attributes of an UPDATE mean, without their encoding. Decoders
 * write it, the RIB holds it (interned, see intern.h), encoders read it. Raw attributes that are
 * passed on but not understood are kept in `unknown`.
 */
#pragma once
#include "base/addr.h"
#include "bgp/rd.h"
#include "metric/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum bgp_family {
	BGP_IPV4_UNICAST,
	BGP_IPV6_UNICAST,
	BGP_VPN_IPV4, /* RFC 4364 */
	BGP_VPN_IPV6, /* RFC 4659 */
	BGP_FAMILY_COUNT
};

/* Ways a metric report travels (DESIGN section 5); bits, richest first. */
enum bgp_carrier {
	BGP_CARRIER_COMMUNITY = 1 << 0,      /* control/bgp/README.md has the layout */
	BGP_CARRIER_EDGE_METADATA = 1 << 1,  /* attribute 42 */
	BGP_CARRIER_LINK_BANDWIDTH = 1 << 2, /* extended community 0x4004, 0x0004 */
};
#define BGP_CARRIER_COUNT 3

const char *bgp_carrier_text(uint32_t carrier); /* as in margay.yang; "none" */

/* How traffic to the path's next hop is carried. */
enum bgp_tunnel_kind {
	BGP_TUNNEL_NONE,
	BGP_TUNNEL_IPIP,   /* RFC 9012 tunnel type 7; endpoint: Egress Endpoint sub-TLV or the next
			      hop */
	BGP_TUNNEL_SRV6,   /* RFC 9252 SRv6 L3 Service SID, End.DT46/DT4/DT6/DX4/DX6 */
	BGP_TUNNEL_GRE,    /* RFC 9012 tunnel type 2, without key */
	BGP_TUNNEL_VXLAN,  /* RFC 9012 tunnel type 8 */
	BGP_TUNNEL_DIRECT, /* none at all: the endpoint is on a link of the ingress; by community
			      only, as RFC 9012 has no word for it */
	BGP_TUNNEL_COUNT
};

struct bgp_tunnel {
	enum bgp_tunnel_kind kind;
	struct addr endpoint; /* outer destination: tunnel address, or the SID */
	uint16_t behavior;    /* SRv6 endpoint behavior (RFC 8986 section 10.2), 0 for others */
	uint32_t vni;         /* VXLAN network, 24 bits */
	uint8_t mac[6];       /* VXLAN: destination of the frame inside; zeros: not told */
};

/* Labels of a VPN route, as in struct bgp_path. */
#define BGP_LABEL_NONE     0x000031 /* Implicit NULL (RFC 3032): none is on the packet */
#define BGP_LABEL_WITHDRAW 0x800000 /* RFC 8277 section 2.4 */

const char *bgp_tunnel_text(enum bgp_tunnel_kind kind); /* as in margay.yang; "none" */
bool bgp_tunnel_equal(const struct bgp_tunnel *a, const struct bgp_tunnel *b);

/* A byte string owned by whoever owns the struct around it. */
struct bgp_bytes {
	uint8_t *at;
	size_t len;
};

#define BGP_HAS_MED        (1u << 0)
#define BGP_HAS_LOCAL_PREF (1u << 1)
#define BGP_HAS_ORIGINATOR (1u << 2)
#define BGP_HAS_REPORT     (1u << 3)
#define BGP_HAS_SITE_ID    (1u << 4)
#define BGP_HAS_ATOMIC     (1u << 5) /* ATOMIC_AGGREGATE */
#define BGP_HAS_AGGREGATOR (1u << 6)

struct bgp_path {
	uint32_t has;
	uint8_t origin; /* 0 IGP, 1 EGP, 2 INCOMPLETE */
	uint32_t med, local_pref;
	uint8_t originator_id[4]; /* RFC 4456 */
	uint32_t aggregator_as;
	uint8_t aggregator_id[4];
	uint32_t label;       /* of a VPN: the three octets in front of the prefix (RFC 8277
				 section 2.2), 20 bits of label, TC, S; else 0 */
	uint64_t partial;     /* bit per attribute code below 64 that came with Partial set */
	struct addr next_hop; /* RFC 8950: may be IPv6 for an IPv4 route */
	struct bgp_tunnel tunnel;
	uint16_t site_id;     /* compute site behind the egress; 0: the egress is the site */
	uint32_t carrier;     /* enum bgp_carrier by which `report` came, or else `tunnel`;
				 0: none */
	struct report report; /* valid with BGP_HAS_REPORT */
	uint32_t carried[BGP_CARRIER_COUNT]; /* enum report_field: which came by which carrier, by
						the number of its bit */
	/* Nothing stands behind the strings, see bgp_path_string(). */
	struct bgp_bytes as_path;         /* AS_PATH segments with 4-octet AS numbers */
	struct bgp_bytes cluster_list;    /* 4 octets each */
	struct bgp_bytes communities;     /* RFC 1997, 4 octets each */
	struct bgp_bytes ext_communities; /* RFC 4360, 8 octets each, all of them */
	struct bgp_bytes prefix_sid;      /* attribute 40 as it came */
	struct bgp_bytes tunnel_encap;    /* attribute 23 as it came */
	struct bgp_bytes metadata;        /* attribute 42 as it came, unknown sub-TLVs kept */
	struct bgp_bytes unknown; /* whole attributes, optional transitive, Partial bit set */
};

#define BGP_PATH_STRINGS 8

/* The strings by number, so that who goes through all of them cannot forget one. */
static inline struct bgp_bytes *bgp_path_string(struct bgp_path *path, size_t i)
{
	return (struct bgp_bytes *)((uint8_t *)path + offsetof(struct bgp_path, as_path)) + i;
}

static inline const struct bgp_bytes *bgp_path_string_of(const struct bgp_path *path, size_t i)
{
	return bgp_path_string((struct bgp_path *)path, i);
}

/* RFC 1997. */
#define BGP_COMMUNITY_NO_EXPORT           0xffffff01u
#define BGP_COMMUNITY_NO_ADVERTISE        0xffffff02u
#define BGP_COMMUNITY_NO_EXPORT_SUBCONFED 0xffffff03u
/* RFC 9494. */
#define BGP_COMMUNITY_LLGR_STALE 0xffff0006u
#define BGP_COMMUNITY_NO_LLGR    0xffff0007u

/* A deep copy: 0, or -ENOMEM and *ret is untouched. */
int bgp_path_copy(const struct bgp_path *path, struct bgp_path *ret);
/* Frees the bytes of a copy and zeroes it. Not for a decoded path, whose bytes are its update's. */
void bgp_path_clear(struct bgp_path *path);
bool bgp_path_equal(const struct bgp_path *a, const struct bgp_path *b);
/* Equal paths have equal hashes; for tables only, it is the same on every machine. */
uint64_t bgp_path_hash(const struct bgp_path *path);

/* Is this path of this prefix no way to anything, but word of the site behind its next hop (draft
 * -29, section 4.3.2: a standalone availability)? It stands on the egress's own address. */
bool bgp_path_tells_site(const struct bgp_path *path, const struct prefix *prefix);

/* AS_PATH as the decision process counts it: an AS_SET is one (RFC 4271 section 9.1.2.2 (a)). */
size_t bgp_path_as_len(const struct bgp_path *path);
bool bgp_path_has_as(const struct bgp_path *path, uint32_t as);
/* The neighbouring AS, for MED (RFC 4271 section 9.1.2.2 (c)); 0: none, or a set comes first. */
uint32_t bgp_path_first_as(const struct bgp_path *path);
/* RFC 1997. */
bool bgp_path_has_community(const struct bgp_path *path, uint32_t community);
bool bgp_path_has_cluster(const struct bgp_path *path, const uint8_t cluster_id[4]);

/* These grow the bytes of a copy: 0, or -ENOMEM and the path is as it was. */
int bgp_path_prepend_as(struct bgp_path *path, uint32_t as);
int bgp_path_add_community(struct bgp_path *path, uint32_t community);
int bgp_path_prepend_cluster(struct bgp_path *path, const uint8_t cluster_id[4]);
