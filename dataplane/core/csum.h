/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The checksum of IPv4 headers, whole and after a change. */
#pragma once
#include "packet.h"

/* RFC 1624 section 3, equation 3: the checksum after a 16-bit word has become another. */
static MG_INLINE __be16 csum_replace(__be16 csum, __be16 old, __be16 new)
{
	__u32 sum = (__u16)~csum + (__u16)~old + new;

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static MG_INLINE __u32 csum_octets(const __u8 octets[4])
{
	__u32 word = octets_load4(octets);

	return (word & 0xffff) + (word >> 16);
}

static MG_INLINE __be16 csum_ipv4(const struct ipv4_header *ip)
{
	__u32 sum = BE16(ip->version_ihl << 8 | ip->tos) + ip->len + ip->id + ip->frag +
		    BE16(ip->ttl << 8 | ip->proto) + csum_octets(ip->src) + csum_octets(ip->dst);

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}
