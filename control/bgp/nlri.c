/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/nlri.h"

#include <errno.h>
#include <string.h>

static const struct {
	uint16_t afi;
	uint8_t octets; /* of a whole address, which stands at the end of struct addr */
} families[BGP_FAMILY_COUNT] = {
	[BGP_IPV4_UNICAST] = { 1, 4 },
	[BGP_IPV6_UNICAST] = { 2, 16 },
};

uint16_t nlri_afi(enum bgp_family family)
{
	return families[family].afi;
}

int nlri_family(uint16_t afi, uint8_t safi, enum bgp_family *ret)
{
	for (size_t i = 0; i < BGP_FAMILY_COUNT; i++) {
		if (families[i].afi != afi || safi != NLRI_SAFI_UNICAST)
			continue;
		*ret = (enum bgp_family)i;
		return 0;
	}
	return -ENOTSUP;
}

enum bgp_family nlri_family_of(const struct prefix *prefix)
{
	return addr_is_v4(&prefix->addr) ? BGP_IPV4_UNICAST : BGP_IPV6_UNICAST;
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

	c->bad |= len > 8 * octets;
	bits = cursor_take(c, (len + 7) / 8);
	if (!bits)
		return nlri;
	if (run->family == BGP_IPV4_UNICAST)
		addr = addr_of_v4(v4_any);
	memcpy(addr.octet + sizeof(addr.octet) - octets, bits, (len + 7) / 8);
	nlri.prefix = prefix_of(&addr, len);
	return nlri;
}

int nlri_check(struct nlri_run run)
{
	while (cursor_left(&run.bytes))
		nlri_read(&run);
	return run.bytes.bad ? -EBADMSG : 0;
}

bool nlri_next(struct nlri_run *run, struct bgp_nlri *ret)
{
	if (!cursor_left(&run->bytes))
		return false;
	*ret = nlri_read(run);
	return !run->bytes.bad;
}

static void nlri_write(enum bgp_family family, bool add_path, const struct bgp_nlri *nlri,
		       struct writer *w)
{
	const struct addr *addr = &nlri->prefix.addr;

	if (add_path)
		writer_u32(w, nlri->path_id);
	writer_u8(w, nlri->prefix.len);
	writer_bytes(w, addr->octet + sizeof(addr->octet) - families[family].octets,
		     (size_t)(nlri->prefix.len + 7) / 8);
}

size_t nlri_encode(enum bgp_family family, bool add_path, const struct bgp_nlri *list, size_t count,
		   struct writer *w)
{
	size_t n;

	for (n = 0; n < count && nlri_family_of(&list[n].prefix) == family; n++) {
		struct writer one = *w;

		nlri_write(family, add_path, &list[n], &one);
		if (one.bad)
			break;
		*w = one;
	}
	return n;
}
