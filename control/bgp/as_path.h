/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AS_PATH between its two encodings (RFC 4271 section 4.3, RFC 6793). Inside the daemon AS numbers
 * have 4 octets always. Private to the codec; path.h has what others ask of an AS_PATH.
 */
#pragma once
#include "bgp/attr.h"

enum as_segment_type {
	AS_SET = 1,
	AS_SEQUENCE = 2,
	AS_CONFED_SEQUENCE = 3, /* RFC 5065: we are in no confederation */
	AS_CONFED_SET = 4,
};

struct as_segment {
	uint8_t type, count;
	struct cursor numbers; /* count AS numbers */
};

/* False at the end, and where a segment is cut short (c->bad). octets: of one AS number. */
bool as_segment_next(struct cursor *c, size_t octets, struct as_segment *ret);

/* Reads AS numbers of that many octets; writes 4 octets each to the arena. 0, -EBADMSG, -ENOBUFS.
 */
int as_path_decode(struct attr_set *set, struct cursor *c, size_t octets, struct bgp_bytes *ret);
/* As above; confederation segments are left out (RFC 6793 section 6). */
int as4_path_decode(struct attr_set *set, struct cursor *c, struct bgp_bytes *ret);

/* Puts what the 2-octet AS_PATH does not know in its place (RFC 6793 section 4.2.3). */
int as_path_merge(struct arena *arena, const struct bgp_bytes *as4_path, struct bgp_bytes *as_path);

void as_path_encode(const struct bgp_bytes *as_path, size_t octets, struct writer *w);
bool as_path_fits_2(const struct bgp_bytes *as_path); /* no number above 65535 */
