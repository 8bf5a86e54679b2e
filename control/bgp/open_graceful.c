/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/open_graceful.h"
#include "base/util.h"
#include "bgp/nlri.h"

/* RFC 4724 section 3, RFC 8538 section 2: flags above, the restart time below. */
#define FLAG_RESTARTED    0x8000
#define FLAG_NOTIFICATION 0x4000
#define TIME_MASK         0x0fff
#define FAMILY_FORWARDING 0x80 /* RFC 9494 section 3.1 has the same bit */

/* A family that both capabilities begin an entry with. False: it is not ours. */
static bool family_decode(struct cursor *c, enum bgp_family *ret, uint8_t *ret_flags)
{
	uint16_t afi = cursor_u16(c);
	uint8_t safi = cursor_u8(c);

	*ret_flags = cursor_u8(c);
	return !c->bad && nlri_family(afi, safi, ret) == 0;
}

void open_graceful_decode(struct cursor *c, struct bgp_open *ret)
{
	uint16_t head = cursor_u16(c);
	enum bgp_family family;
	uint8_t flags;

	ret->graceful = true;
	ret->restarted = head & FLAG_RESTARTED;
	ret->graceful_notification = head & FLAG_NOTIFICATION;
	ret->restart_s = head & TIME_MASK;
	ret->graceful_families = ret->forwarding = 0;
	while (!c->bad && cursor_left(c)) {
		if (!family_decode(c, &family, &flags))
			continue;
		ret->graceful_families |= BIT(family);
		ret->forwarding |= flags & FAMILY_FORWARDING ? BIT(family) : 0;
	}
}

static uint32_t cursor_u24(struct cursor *c)
{
	uint32_t high = cursor_u8(c);

	return high << 16 | cursor_u16(c);
}

void open_long_lived_decode(struct cursor *c, struct bgp_open *ret)
{
	enum bgp_family family;
	uint8_t flags;

	ret->long_lived = true;
	ret->long_lived_families = ret->long_lived_forwarding = 0;
	while (!c->bad && cursor_left(c)) {
		bool ours = family_decode(c, &family, &flags);
		uint32_t stale_s = cursor_u24(c);

		if (!ours || c->bad)
			continue;
		ret->long_lived_families |= BIT(family);
		ret->long_lived_forwarding |= flags & FAMILY_FORWARDING ? BIT(family) : 0;
		ret->long_lived_s[family] = stale_s;
	}
}

static void family_encode(enum bgp_family family, bool forwarding, struct writer *w)
{
	writer_u16(w, nlri_afi(family));
	writer_u8(w, nlri_safi(family));
	writer_u8(w, forwarding ? FAMILY_FORWARDING : 0);
}

void open_graceful_encode(const struct bgp_open *open, struct writer *w)
{
	uint16_t flags = (open->restarted ? FLAG_RESTARTED : 0) |
			 (open->graceful_notification ? FLAG_NOTIFICATION : 0);
	uint8_t *begun;

	if (!open->graceful)
		return;
	writer_u8(w, CAPABILITY_GRACEFUL);
	begun = writer_len_open(w, 1);
	writer_u16(w, flags | (open->restart_s & TIME_MASK));
	for (uint8_t family = 0; family < BGP_FAMILY_COUNT; family++)
		if (open->graceful_families & BIT(family))
			family_encode(family, open->forwarding & BIT(family), w);
	writer_len_close(w, begun, 1);
}

void open_long_lived_encode(const struct bgp_open *open, struct writer *w)
{
	uint8_t *begun;

	if (!open->long_lived)
		return;
	writer_u8(w, CAPABILITY_LONG_LIVED);
	begun = writer_len_open(w, 1);
	for (uint8_t family = 0; family < BGP_FAMILY_COUNT; family++) {
		if (!(open->long_lived_families & BIT(family)))
			continue;
		family_encode(family, open->long_lived_forwarding & BIT(family), w);
		writer_uint(w, open->long_lived_s[family], 3);
	}
	writer_len_close(w, begun, 1);
}
