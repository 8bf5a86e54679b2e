/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The segment routing header of RFC 8754, reduced (section 4.1.1): the first segment is in the
 * destination only. One without further segments needs none.
 */
#pragma once
#include "packet.h"

#define SRH_TYPE 4

struct srh_header {
	__u8 proto, len; /* len: in units of 8 octets, without the first */
	__u8 type, segments_left, last_entry, flags;
	__be16 tag;
} WIRE_HEADER;

struct srh_segment {
	__u8 octets[16];
} WIRE_HEADER;

/* segments: those after the first, no more than MG_SEGMENTS_MAX - 1. */
static MG_INLINE __u32 srh_len(__u32 segments)
{
	return segments ? sizeof(struct srh_header) + segments * sizeof(struct srh_segment) : 0;
}

/* proto: of what follows. The last segment stands first (RFC 8754 section 2). */
static MG_INLINE bool srh_write(struct packet *pkt, const struct mg_site *site, __u32 segments,
				__u8 proto)
{
	struct srh_header *srh = packet_pull(pkt, sizeof(*srh));
	struct srh_segment *segment;

	if (!srh)
		return false;
	*srh = (struct srh_header){ .proto = proto,
				    .len = 2 * segments,
				    .type = SRH_TYPE,
				    .segments_left = segments,
				    .last_entry = segments - 1 };
	for (__u32 i = MG_SEGMENTS_MAX - 1; i-- > 0;) {
		if (i >= segments)
			continue;
		segment = packet_pull(pkt, sizeof(*segment));
		if (!segment)
			return false;
		octets_copy16(segment->octets, site->segment[i]);
	}
	return true;
}
