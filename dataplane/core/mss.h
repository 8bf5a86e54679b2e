/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Lowers the maximum segment size that a TCP start announces, so that what the service sends fits
 * the tunnels on its way. A start that announces none is left alone: its default (RFC 9293 section
 * 3.7.1: 536 octets, IPv6 1220) is smaller than what a tunnel takes.
 */
#pragma once
#include "encap.h"

#define TCP_OPTIONS_MAX 40 /* octets */
#define TCP_OPTION_END  0
#define TCP_OPTION_NOP  1
#define TCP_OPTION_MSS  2

/* RFC 9293 section 3.2. Four octets: as many as the option that is looked for has. */
struct tcp_option {
	__u8 kind, len;
	__u8 value[2];
} __attribute__((packed));

/* Octets that an option takes, 1..255; without a branch, for the verifier would follow both ways of
 * it, for each option anew. 0: it cannot be. */
static MG_INLINE __u32 mss_option_len(const struct tcp_option *option)
{
	__u32 other = (((__u32)option->kind ^ TCP_OPTION_NOP) + 0xff) >> 8; /* 1, of a NOP 0 */
	__u32 fits = ((__u32)option->len + 0xfe) >> 8;                      /* a length >= 2 */

	return (other & fits) * option->len + (other ^ 1);
}

/* The option, or NULL: there is none, or the options contradict themselves. left: octets of the
 * options; *ret_odd: whether the value starts at an odd octet of the TCP header. */
static MG_INLINE struct tcp_option *mss_find(struct packet *pkt, __u32 left, bool *ret_odd)
{
	for (int i = 0; i < TCP_OPTIONS_MAX; i++) {
		struct tcp_option *option = packet_peek(pkt, sizeof(*option));
		__u32 len;

		if (!option || left < sizeof(*option) || option->kind == TCP_OPTION_END)
			break;
		*ret_odd = left & 1; /* header and options are a whole number of words */
		len = mss_option_len(option);
		if (option->kind == TCP_OPTION_MSS)
			return len == sizeof(*option) ? option : NULL;
		if (!len || len > left || len > TCP_OPTIONS_MAX || !packet_pull(pkt, len))
			break;
		left -= len;
	}
	return NULL;
}

/* RFC 1624 section 3. A value across two words of the sum counts with its octets exchanged. */
static MG_INLINE __be16 mss_csum(__be16 csum, __u16 old, __u16 mss, bool odd)
{
	if (odd)
		return csum_replace(csum, BE16(__builtin_bswap16(old)),
				    BE16(__builtin_bswap16(mss)));
	return csum_replace(csum, BE16(old), BE16(mss));
}

/* True: lowered. The cursor is at the TCP header, of a packet with so many octets from there on. */
static MG_INLINE bool mss_clamp(struct packet *pkt, __u32 len, __u16 mss)
{
	struct tcp_header *tcp = packet_pull(pkt, sizeof(*tcp));
	struct tcp_option *option;
	__u32 header;
	bool odd = false;
	__u16 old;

	if (!tcp)
		return false;
	header = (tcp->offset >> 4) * 4;
	if (header < sizeof(*tcp) || header > len)
		return false;
	option = mss_find(pkt, header - sizeof(*tcp), &odd);
	if (!option)
		return false;
	old = option->value[0] << 8 | option->value[1];
	if (old <= mss)
		return false;
	tcp->csum = mss_csum(tcp->csum, old, mss, odd);
	option->value[0] = mss >> 8;
	option->value[1] = mss & 0xff;
	return true;
}
