/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prefixes as they stand in UPDATE messages (RFC 4271 section 4.3, RFC 7911 section 3; of VPNs RFC
 * 4364 section 4.3.4 and RFC 8277 section 2), and the address families by their numbers. Values; a
 * run borrows the message's bytes.
 */
#pragma once
#include "base/cursor.h"
#include "base/writer.h"
#include "bgp/dst.h"
#include "bgp/path.h"

#define NLRI_MAX 32 /* octets that one of them takes at most */

struct bgp_nlri {
	struct bgp_dst dst;
	uint32_t path_id; /* 0 without Add-Path */
	uint32_t label;   /* as in struct bgp_path; of a withdrawal it means nothing */
};

/* A sequence of prefixes of one family. */
struct nlri_run {
	struct cursor bytes;
	enum bgp_family family;
	bool add_path;
};

uint16_t nlri_afi(enum bgp_family family);
uint8_t nlri_safi(enum bgp_family family);
/* 0, or -ENOTSUP. */
int nlri_family(uint16_t afi, uint8_t safi, enum bgp_family *ret);
bool nlri_family_is_vpn(enum bgp_family family);
enum bgp_family nlri_family_of(const struct bgp_dst *dst);

/* -EBADMSG if any prefix of the run is longer than its family allows, has no room for its label and
 * route distinguisher (RFC 7606 section 5.3), or is cut short. Else how many of them nlri_next()
 * leaves out: IPv4 addresses within IPv6 (RFC 4291 section 2.5.5.2). */
int nlri_check(struct nlri_run run);
/* False at the end. The run has been checked. */
bool nlri_next(struct nlri_run *run, struct bgp_nlri *ret);

/* As many of the list as are of the family and fit, in a VPN all with the label given; returns how
 * many. Does not set w->bad. */
size_t nlri_encode(enum bgp_family family, bool add_path, uint32_t label,
		   const struct bgp_nlri *list, size_t count, struct writer *w);
