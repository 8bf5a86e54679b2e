/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Path attributes: the table of those we know, the loop over those of a message, and what the
 * decoders and encoders of single attributes share. Private to the codec; update.h is for others.
 */
#pragma once
#include "bgp/arena.h"
#include "bgp/codec.h"
#include "bgp/nlri.h"
#include "bgp/notification.h"

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
	uint32_t seen[256 / 32]; /* bit per attribute code */
	uint32_t ignored;        /* fields inside attributes that were not believed */
	struct addr mp_next_hop;
	struct nlri_run mp_announced, mp_withdrawn;
	struct bgp_bytes as4_path;
	uint32_t as4_aggregator_as;
	uint8_t as4_aggregator_id[4];
	struct report metadata_report; /* of attribute 42: fills what the community left open */
	uint16_t metadata_site_id;
	struct notification notification; /* with FAULT_RESET */
};

static inline bool attr_seen(const struct attr_set *set, uint8_t code)
{
	return set->seen[code / 32] >> code % 32 & 1;
}

/* All attributes of a message; set->notification says why with FAULT_RESET. What needs more than
 * one attribute (AS4_PATH, carriers, tunnels) is joined at the end. */
enum fault attr_decode(struct cursor *c, struct attr_set *set);

/* Every attribute of the path but NEXT_HOP and the MP ones, which depend on the prefixes. */
void attr_encode(const struct bgp_codec *codec, const struct bgp_path *path, struct writer *w);

/* Attribute header; attr_end() fills the length in, and moves the body where that takes two octets.
 */
uint8_t *attr_begin(struct writer *w, uint8_t flags, uint8_t code);
void attr_end(struct writer *w, uint8_t *begun);

/* Copies what is left of *c to the arena. 0 or -ENOBUFS. */
int attr_keep(struct attr_set *set, struct cursor *c, struct bgp_bytes *ret);
