/* SPDX-License-Identifier: BSD-2-Clause */
/* DOC: prefixes of any family (RFC 4760). Where they cannot be read, the session ends: there is no
 * telling then what is to be withdrawn (RFC 7606 sections 3 (j) and 7.11). */
#include "base/util.h"
#include "bgp/attr_rules.h"

#include <errno.h>

/* False: a family that was not negotiated; its prefixes are none of ours (RFC 4760 section 7). */
static bool mp_family(struct attr_set *set, struct cursor *c, enum bgp_family *ret)
{
	uint16_t afi = cursor_u16(c);
	enum bgp_family family;

	if (nlri_family(afi, cursor_u8(c), &family) < 0 || !(set->codec->families & BIT(family)))
		return false;
	*ret = family;
	return true;
}

static int mp_skip(struct attr_set *set, struct cursor *c)
{
	set->ignored++;
	cursor_take(c, cursor_left(c));
	return 0;
}

static int mp_run(struct attr_set *set, struct cursor *c, enum bgp_family family,
		  struct nlri_run *ret)
{
	struct nlri_run run = { .family = family };
	int unusable;

	run.add_path = set->codec->add_path_in & BIT(family);
	run.bytes = cursor_sub(c, cursor_left(c));
	unusable = nlri_check(run);
	if (unusable < 0)
		return -EBADMSG;
	set->ignored += (uint32_t)unusable;
	*ret = run;
	return 0;
}

/* RFC 2545 section 3: a link-local address may follow. RFC 8950: IPv6 for IPv4, if agreed. In a
 * VPN a route distinguisher stands in front of each address (RFC 4364 section 4.3.2, RFC 4659
 * section 3.2.1, RFC 8950 section 4), which is zero and says nothing. */
static int mp_next_hop(const struct bgp_codec *codec, enum bgp_family family, struct cursor *c,
		       struct addr *ret)
{
	const size_t rd = nlri_family_is_vpn(family) ? sizeof(struct bgp_rd) : 0;
	size_t len = cursor_left(c);
	bool v4 = nlri_afi(family) == nlri_afi(BGP_IPV4_UNICAST);
	bool v6_allowed = !v4 || codec->extended_next_hop & BIT(family);

	cursor_take(c, len < rd ? 0 : rd);
	if (v4 && len == rd + 4)
		*ret = addr_of_v4(cursor_take(c, 4));
	else if (v6_allowed && (len == rd + 16 || len == 2 * (rd + 16)))
		memcpy(ret->octet, cursor_take(c, 16), 16);
	else
		return -EBADMSG;
	return 0;
}

int decode_mp_reach(struct attr_set *set, struct cursor *c)
{
	enum bgp_family family = BGP_FAMILY_COUNT;
	bool known = mp_family(set, c, &family);
	struct cursor next_hop = cursor_sub(c, cursor_u8(c));

	cursor_u8(c); /* reserved */
	if (c->bad)
		return -EBADMSG;
	if (!known)
		return mp_skip(set, c);
	if (mp_next_hop(set->codec, family, &next_hop, &set->mp_next_hop) < 0)
		return -EBADMSG;
	return mp_run(set, c, family, &set->mp_announced);
}

int decode_mp_unreach(struct attr_set *set, struct cursor *c)
{
	enum bgp_family family = BGP_FAMILY_COUNT;
	bool known = mp_family(set, c, &family);

	if (c->bad)
		return -EBADMSG;
	if (!known)
		return mp_skip(set, c);
	return mp_run(set, c, family, &set->mp_withdrawn);
}
