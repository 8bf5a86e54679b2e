/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/link_bandwidth.h"

#include "base/util.h"
#include "bgp/wire_float.h"

#include <math.h>

#define COMMUNITY_LEN  8
#define TYPE_AS        0x00
#define NON_TRANSITIVE 0x40 /* RFC 4360 section 2, T bit */
#define SUBTYPE        0x04
#define AS_TRANS       23456 /* RFC 6793 section 9 */
#define LEAST          1.0   /* octet a second: routers take 0 for "not told" and share equally */

bool link_bandwidth_is(const uint8_t community[8])
{
	return (community[0] & ~NON_TRANSITIVE) == TYPE_AS && community[1] == SUBTYPE;
}

/* The least bandwidth there is says that nothing is to come. */
static void bandwidth_take(double octets_per_s, struct report *ret)
{
	if (octets_per_s <= LEAST) {
		ret->drain = true;
		return;
	}
	ret->capacity = octets_per_s / LINK_BANDWIDTH_PER_SLOT;
	ret->has |= REPORT_CAPACITY;
}

uint32_t link_bandwidth_decode(struct cursor *c, struct report *ret)
{
	struct report report = { 0 };
	uint32_t ignored = 0;
	bool seen = false;

	while (cursor_left(c)) {
		struct cursor word = cursor_sub(c, COMMUNITY_LEN);
		double value;

		if (word.bad || !link_bandwidth_is(word.at))
			continue;
		cursor_take(&word, 4); /* type, sub-type, and whose link it is */
		if (seen || wire_float_read(cursor_u32(&word), false, &value) != WIRE_FLOAT_GOOD) {
			ignored++; /* of several the first one is believed */
			continue;
		}
		seen = true;
		bandwidth_take(value, &report);
	}
	*ret = report;
	return ignored;
}

static double bandwidth_of(const struct report *r)
{
	double available = r->has & REPORT_AVAILABILITY ? fmin(r->availability, 100) / 100 : 1;

	return r->drain ? LEAST : fmax(LEAST, r->capacity * available * LINK_BANDWIDTH_PER_SLOT);
}

void link_bandwidth_encode(const struct bgp_codec *codec, const struct report *r, struct writer *w)
{
	if (!(r->has & REPORT_CAPACITY) && !r->drain)
		return;
	writer_u8(w, codec->ibgp ? TYPE_AS | NON_TRANSITIVE : TYPE_AS);
	writer_u8(w, SUBTYPE);
	writer_u16(w, codec->local_as > UINT16_MAX ? AS_TRANS : (uint16_t)codec->local_as);
	writer_u32(w, wire_float_of(bandwidth_of(r)));
}
