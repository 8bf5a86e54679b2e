/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UPDATE messages (RFC 4271 section 4.3) with their faults (RFC 7606). Decoding allocates nothing:
 * a struct bgp_update holds the bytes of its path itself and borrows the prefixes from the message.
 * It is large (some 330 kB) and used again for every message; bgp_path_copy() keeps a path.
 */
#pragma once
#include "bgp/arena.h"
#include "bgp/codec.h"
#include "bgp/nlri.h"
#include "bgp/notification.h"
#include "bgp/prefix_sid.h"

struct bgp_update {
	enum fault fault;
	struct notification notification; /* with FAULT_RESET */
	bool out_of_scope;                /* with FAULT_WITHDRAW: its metadata is for another AS */
	bool end_of_rib;                  /* RFC 4724 section 2 */
	enum bgp_family end_of_rib_family;

	/* Private to update.c; read through update_next(). */
	struct bgp_path path;    /* of the classic NLRI field */
	struct bgp_path mp_path; /* of MP_REACH_NLRI: another next hop, all else the same */
	struct prefix_sid sid;   /* with bits moved to the labels of mp_announced; or none */
	struct nlri_run withdrawn, mp_withdrawn, announced, mp_announced;
	struct arena arena;
};

/* What an UPDATE does to one prefix. */
struct update_item {
	struct bgp_nlri nlri;
	enum bgp_family family;
	const struct bgp_path *path; /* borrowed from the update; NULL: withdrawn */
};

/* Decodes a message's body. Returns ret->fault, which also counts what was ignored. */
enum fault update_decode(const struct bgp_codec *codec, struct cursor body, struct bgp_update *ret);

/* Withdrawn prefixes first, then announced ones; with FAULT_WITHDRAW all are withdrawals, with
 * FAULT_RESET there are none. False at the end. */
bool update_next(struct bgp_update *update, struct update_item *ret);

/*
 * Writes one whole message that announces as many of the list's prefixes as fit, all of the first
 * one's family. Returns how many. 0: this neighbour cannot be told (an IPv6 next hop for an IPv4
 * prefix without RFC 8950, or attributes that fill the message); w is as it was.
 *
 * A path with BGP_HAS_REPORT and carrier 0 is our own: the carriers of codec->carriers_send are
 * made from its report and tunnel attributes from its tunnel. Any other is passed on as it came;
 * LOCAL_PREF, ORIGINATOR_ID and CLUSTER_LIST go to iBGP neighbours only.
 */
size_t update_encode(const struct bgp_codec *codec, const struct bgp_path *path,
		     const struct bgp_nlri *list, size_t count, struct writer *w);
size_t update_encode_withdraw(const struct bgp_codec *codec, const struct bgp_nlri *list,
			      size_t count, struct writer *w);
/* All attributes of a path to a prefix of this family, as an MRT file has them (RFC 6396 section
 * 4.3.4): AS numbers of 4 octets, of MP_REACH_NLRI the next hop only. */
void update_encode_attributes(const struct bgp_path *path, enum bgp_family family,
			      struct writer *w);
void update_encode_end_of_rib(enum bgp_family family, struct writer *w);
