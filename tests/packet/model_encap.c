/* SPDX-License-Identifier: BSD-2-Clause */
/* Outer headers: IPIP, SRv6, GRE, VXLAN. */
#include "model.h"

#include <netinet/in.h>
#include <string.h>

#define SRH 43

uint32_t model_overhead(const struct mg_site *site)
{
	uint32_t outer = is_v4(site->outer_dst) ? 20 : 40;

	switch (site->encap) {
	case MG_ENCAP_IPIP:
		return outer;
	case MG_ENCAP_SRV6:
		return 40 + (site->segment_count ? 8 + 16 * site->segment_count : 0);
	case MG_ENCAP_GRE:
		return outer + 4;
	case MG_ENCAP_VXLAN:
		return outer + 8 + 8 + 14;
	default:
		return 0;
	}
}

/* RFC 8754 section 2 and RFC 8986 section 5.2, reduced: the first segment is the destination and
 * not in the list, which has the last one first. */
static size_t write_srh(uint8_t *at, const struct mg_site *site, uint8_t inner)
{
	uint32_t count = site->segment_count;

	memset(at, 0, 8);
	at[0] = inner;
	at[1] = 2 * count;
	at[2] = 4; /* routing type */
	at[3] = count;
	at[4] = count - 1;
	for (uint32_t i = 0; i < count; i++)
		memcpy(at + 8 + 16 * i, site->segment[count - 1 - i], 16);
	return 8 + 16 * count;
}

/* RFC 2784 section 2. */
static void write_gre(uint8_t *at, bool v4)
{
	write16(at, 0);
	write16(at + 2, v4 ? 0x0800 : 0x86dd);
}

/* RFC 7348 section 5; UDP checksum zero, RFC 6935 section 5. The port is of the dynamic ones. */
static void write_vxlan(uint8_t *at, const struct mg_site *site, const struct model_packet *packet,
			uint32_t label)
{
	write16(at, 0xc000 | (label & 0x3fff));
	write16(at + 2, 4789);
	write16(at + 4, 8 + 8 + 14 + packet->end - packet->ip);
	write16(at + 6, 0);
	write32(at + 8, 0x08000000);
	write32(at + 12, site->vni << 8);
	memcpy(at + 16, site->inner_dst, 6);
	memcpy(at + 22, site->inner_src, 6);
	write16(at + 28, packet->v4 ? 0x0800 : 0x86dd);
}

static uint8_t outer_proto(const struct mg_site *site, uint8_t inner)
{
	switch (site->encap) {
	case MG_ENCAP_GRE:
		return IPPROTO_GRE;
	case MG_ENCAP_VXLAN:
		return IPPROTO_UDP;
	case MG_ENCAP_SRV6:
		return site->segment_count ? SRH : inner;
	default:
		return inner;
	}
}

struct outer {
	uint32_t len; /* of the whole packet */
	uint8_t proto, tos, ttl;
};

/* With DF: the tunnel never fragments. */
static size_t write_v4(uint8_t *ip, const struct mg_site *site, const struct outer *outer)
{
	memset(ip, 0, 20);
	ip[0] = 0x45;
	ip[1] = outer->tos;
	write16(ip + 2, outer->len);
	ip[6] = 0x40;
	ip[8] = outer->ttl;
	ip[9] = outer->proto;
	memcpy(ip + 12, site->outer_src + 12, 4);
	memcpy(ip + 16, site->outer_dst + 12, 4);
	write16(ip + 10, checksum_of(ip, 20, NULL, 0));
	return 20;
}

static size_t write_v6(uint8_t *ip, const struct mg_site *site, const struct outer *outer,
		       uint32_t label)
{
	write32(ip, 6u << 28 | (uint32_t)outer->tos << 20 | label);
	write16(ip + 4, outer->len - 40);
	ip[6] = outer->proto;
	ip[7] = outer->ttl;
	memcpy(ip + 8, site->outer_src, 16);
	memcpy(ip + 24, site->outer_dst, 16);
	return 40;
}

void model_encap(uint8_t *at, const struct mg_site *site, const struct model_packet *packet,
		 uint32_t label)
{
	uint8_t inner = packet->v4 ? IPPROTO_IPIP : IPPROTO_IPV6;
	struct outer outer = {
		.len = model_overhead(site) + packet->end - packet->ip,
		.proto = outer_proto(site, inner),
		.tos = packet->tos,
		.ttl = site->flags & MG_UNIFORM ? packet->ttl - 1 : 64,
	};

	if (site->flags & MG_DSCP)
		outer.tos = site->dscp << 2 | (packet->tos & 3);
	if (is_v4(site->outer_dst))
		at += write_v4(at, site, &outer);
	else
		at += write_v6(at, site, &outer, label);
	if (site->encap == MG_ENCAP_SRV6 && site->segment_count)
		write_srh(at, site, inner);
	else if (site->encap == MG_ENCAP_GRE)
		write_gre(at, packet->v4);
	else if (site->encap == MG_ENCAP_VXLAN)
		write_vxlan(at, site, packet, label);
}
