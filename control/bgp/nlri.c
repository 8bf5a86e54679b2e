/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/nlri.h"

#include <errno.h>
#include <string.h>

#define SAFI_UNICAST 1
#define SAFI_VPN     128 /* RFC 4364 section 4.3.4 */
#define LABEL_LEN    3   /* RFC 8277 section 2.2: one label, as several were not agreed on */
#define VPN_BITS     (8 * (LABEL_LEN + sizeof(struct bgp_rd))) /* count in the length */

static const struct {
	uint16_t afi;
	uint8_t safi;
	uint8_t octets; /* of a whole address, which stands at the end of struct addr */
} families[BGP_FAMILY_COUNT] = {
	[BGP_IPV4_UNICAST] = { 1, SAFI_UNICAST, 4 },
	[BGP_IPV6_UNICAST] = { 2, SAFI_UNICAST, 16 },
	[BGP_VPN_IPV4] = { 1, SAFI_VPN, 4 },
	[BGP_VPN_IPV6] = { 2, SAFI_VPN, 16 },
};

uint16_t nlri_afi(enum bgp_family family)
{
	return families[family].afi;
}

uint8_t nlri_safi(enum bgp_family family)
{
	return families[family].safi;
}

bool nlri_family_is_vpn(enum bgp_family family)
{
	return families[family].safi == SAFI_VPN;
}

int nlri_family(uint16_t afi, uint8_t safi, enum bgp_family *ret)
{
	for (size_t i = 0; i < BGP_FAMILY_COUNT; i++) {
		if (families[i].afi != afi || families[i].safi != safi)
			continue;
		*ret = (enum bgp_family)i;
		return 0;
	}
	return -ENOTSUP;
}

enum bgp_family nlri_family_of(const struct bgp_dst *dst)
{
	if (dst->vpn)
		return addr_is_v4(&dst->prefix.addr) ? BGP_VPN_IPV4 : BGP_VPN_IPV6;
	return addr_is_v4(&dst->prefix.addr) ? BGP_IPV4_UNICAST : BGP_IPV6_UNICAST;
}

/* The label and the route distinguisher in front of the prefix; returns the bits left for it. The
 * label's bottom-of-stack bit says nothing here (RFC 8277 section 2.2). */
static uint8_t vpn_read(struct cursor *c, uint8_t len, struct bgp_nlri *ret)
{
	const uint8_t *rd;

	ret->label = (uint32_t)cursor_uint(c, LABEL_LEN);
	rd = cursor_take(c, sizeof(ret->dst.rd));
	c->bad |= len < VPN_BITS;
	if (c->bad)
		return 0;
	ret->dst.vpn = 1;
	memcpy(ret->dst.rd.octet, rd, sizeof(ret->dst.rd));
	return (uint8_t)(len - VPN_BITS);
}

/* Sets run->bytes.bad where the prefix is cut short or longer than the family's addresses. */
static struct bgp_nlri nlri_read(struct nlri_run *run)
{
	static const uint8_t v4_any[4];
	struct cursor *c = &run->bytes;
	uint8_t octets = families[run->family].octets;
	struct bgp_nlri nlri = { .path_id = run->add_path ? cursor_u32(c) : 0 };
	uint8_t len = cursor_u8(c);
	struct addr addr = { { 0 } };
	const uint8_t *bits;
	uint8_t *first;

	if (nlri_family_is_vpn(run->family))
		len = vpn_read(c, len, &nlri);
	c->bad |= len > 8 * octets;
	bits = cursor_take(c, (len + 7) / 8);
	if (!bits)
		return nlri;
	if (octets == sizeof(v4_any))
		addr = addr_of_v4(v4_any);
	first = addr.octet + sizeof(addr.octet) - octets;
	memcpy(first, bits, (len + 7) / 8);
	if (len % 8) /* bits past the length say nothing, not even of the family */
		first[len / 8] &= (uint8_t)(0xff00 >> len % 8);
	nlri.dst.prefix = prefix_of(&addr, len);
	return nlri;
}

/* An IPv4 address within IPv6 (RFC 4291 section 2.5.5.2) stands for a node, in its own interfaces:
 * a prefix of these would be taken for one of IPv4. */
static bool nlri_usable(const struct nlri_run *run, const struct bgp_nlri *nlri)
{
	return nlri_family_of(&nlri->dst) == run->family;
}

int nlri_check(struct nlri_run run)
{
	int unusable = 0;

	while (cursor_left(&run.bytes)) {
		struct bgp_nlri nlri = nlri_read(&run);

		unusable += !nlri_usable(&run, &nlri);
	}
	return run.bytes.bad ? -EBADMSG : unusable;
}

bool nlri_next(struct nlri_run *run, struct bgp_nlri *ret)
{
	while (cursor_left(&run->bytes)) {
		*ret = nlri_read(run);
		if (run->bytes.bad)
			return false;
		if (nlri_usable(run, ret))
			return true;
	}
	return false;
}

static void nlri_write(enum bgp_family family, uint32_t label, const struct bgp_dst *dst,
		       struct writer *w)
{
	const struct addr *addr = &dst->prefix.addr;

	writer_u8(w, (uint8_t)(dst->prefix.len + (dst->vpn ? VPN_BITS : 0)));
	if (dst->vpn) {
		writer_uint(w, label, LABEL_LEN);
		writer_bytes(w, dst->rd.octet, sizeof(dst->rd.octet));
	}
	writer_bytes(w, addr->octet + sizeof(addr->octet) - families[family].octets,
		     (size_t)(dst->prefix.len + 7) / 8);
}

size_t nlri_encode(enum bgp_family family, bool add_path, uint32_t label,
		   const struct bgp_nlri *list, size_t count, struct writer *w)
{
	size_t n;

	for (n = 0; n < count && nlri_family_of(&list[n].dst) == family; n++) {
		struct writer one = *w;

		if (add_path)
			writer_u32(&one, list[n].path_id);
		nlri_write(family, label, &list[n].dst, &one);
		if (one.bad)
			break;
		*w = one;
	}
	return n;
}
