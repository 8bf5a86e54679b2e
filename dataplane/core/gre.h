/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The header of RFC 2784, with the key and sequence number of RFC 2890 where others send them. */
#pragma once
#include "packet.h"

#define GRE_KEY      0x2000
#define GRE_SEQUENCE 0x1000
/* Not these: checksum, what RFC 1701 had, versions. The rest is to be ignored: RFC 2784 2.3. */
#define GRE_REFUSED 0xcc07

struct gre_header {
	__be16 flags, type;
} WIRE_HEADER;

struct gre_option {
	__be32 octets;
} WIRE_HEADER;

static MG_INLINE bool gre_write(struct packet *pkt, __be16 type)
{
	struct gre_header *gre = packet_pull(pkt, sizeof(*gre));

	if (!gre)
		return false;
	*gre = (struct gre_header){ .type = type };
	return true;
}

/* Leaves the cursor behind it; *ret_type is of what follows. */
static MG_INLINE enum mg_verdict gre_read(struct packet *pkt, __be16 *ret_type, __u32 *ret_len)
{
	const struct gre_header *gre = packet_pull(pkt, sizeof(*gre));

	if (!gre)
		return MG_TRUNCATED;
	if (gre->flags & BE16(GRE_REFUSED))
		return MG_NOT_TUNNEL;
	*ret_type = gre->type;
	*ret_len = sizeof(*gre);
	if (gre->flags & BE16(GRE_KEY))
		*ret_len += sizeof(struct gre_option);
	if (gre->flags & BE16(GRE_SEQUENCE))
		*ret_len += sizeof(struct gre_option);
	return MG_FORWARD;
}
