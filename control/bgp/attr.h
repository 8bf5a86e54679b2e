/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Path attributes: the loop over those of a message, and what the decoders and encoders of single
 * attributes share. Private to the codec; update.h is for others.
 */
#pragma once
#include "bgp/arena.h"
#include "bgp/carriers.h"
#include "bgp/codec.h"
#include "bgp/nlri.h"
#include "bgp/notification.h"
#include "bgp/prefix_sid.h"

#define ATTR_OPTIONAL   0x80
#define ATTR_TRANSITIVE 0x40
#define ATTR_PARTIAL    0x20
#define ATTR_EXT_LEN    0x10

enum attr_code {
	ATTR_ORIGIN = 1,
	ATTR_AS_PATH = 2,
	ATTR_NEXT_HOP = 3,
	ATTR_MED = 4,
	ATTR_LOCAL_PREF = 5,
	ATTR_ATOMIC_AGGREGATE = 6,
	ATTR_AGGREGATOR = 7,
	ATTR_COMMUNITIES = 8,      /* RFC 1997 */
	ATTR_ORIGINATOR_ID = 9,    /* RFC 4456 */
	ATTR_CLUSTER_LIST = 10,    /* RFC 4456 */
	ATTR_MP_REACH = 14,        /* RFC 4760 */
	ATTR_MP_UNREACH = 15,      /* RFC 4760 */
	ATTR_EXT_COMMUNITIES = 16, /* RFC 4360 */
	ATTR_AS4_PATH = 17,        /* RFC 6793 */
	ATTR_AS4_AGGREGATOR = 18,  /* RFC 6793 */
	ATTR_TUNNEL_ENCAP = 23,    /* RFC 9012 */
	ATTR_PREFIX_SID = 40,      /* RFC 8669, RFC 9252 */
	ATTR_METADATA = 42,        /* draft-ietf-idr-5g-edge-service-metadata */
};

/* What the attributes of one message come to. The caller sets codec, arena and path. */
struct attr_set {
	const struct bgp_codec *codec;
	struct arena *arena;
	struct bgp_path *path;
	uint32_t seen[256 / 32];          /* bit per attribute code */
	uint32_t ignored;                 /* fields inside attributes that were not believed */
	struct notification notification; /* with FAULT_RESET */

	struct prefix_sid sid; /* tunnel.kind BGP_TUNNEL_NONE: none */

	/* Of MP_REACH_NLRI and MP_UNREACH_NLRI. */
	struct addr mp_next_hop;
	struct nlri_run mp_announced, mp_withdrawn;
	/* What is joined with other attributes at the end. */
	struct bgp_bytes as4_path;
	uint32_t as4_aggregator_as;
	struct bgp_tunnel encap, community;
	struct carried carried;
	uint16_t metadata_site_id; /* 0: none */
	bool out_of_scope;         /* the metadata is another AS's: the routes count as withdrawn */
};

static inline bool attr_seen(const struct attr_set *set, uint8_t code)
{
	return set->seen[code / 32] >> code % 32 & 1;
}

/* All attributes of a message; set->notification says why with FAULT_RESET. */
enum fault attr_decode(struct cursor *c, struct attr_set *set);

/* What is written to one neighbour: all attributes but the MP ones, ascending by code. */
struct attr_source {
	const struct bgp_codec *codec;
	const struct bgp_path *path;
	enum bgp_family family;
	bool next_hop; /* NEXT_HOP is wanted: the prefixes stand in the classic NLRI field */
};

void attr_encode(const struct attr_source *source, struct writer *w);

/* Attribute header; attr_end() fills the length in, and moves the body where that takes two octets.
 */
uint8_t *attr_begin(struct writer *w, uint8_t flags, uint8_t code);
void attr_end(struct writer *w, uint8_t *begun);

/* Reads a path's bytes; a path that was not given any has NULL there, which is not to be added to.
 */
static inline struct cursor bytes_cursor(const struct bgp_bytes *bytes)
{
	return bytes->len ? cursor_of(bytes->at, bytes->len) : (struct cursor){ 0 };
}

/* Whether carriers and tunnels are to be made from the path's values: nobody has sent it to us. */
static inline bool attr_path_is_own(const struct bgp_path *path)
{
	bool tunnel = path->tunnel.kind != BGP_TUNNEL_NONE && !path->prefix_sid.len &&
		      !path->tunnel_encap.len;

	return !path->carrier && (path->has & BGP_HAS_REPORT || tunnel);
}

/* Copies what is left of *c to the arena. 0 or -ENOBUFS. */
int attr_keep(struct attr_set *set, struct cursor *c, struct bgp_bytes *ret);
