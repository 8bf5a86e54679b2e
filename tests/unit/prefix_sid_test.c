/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/prefix_sid.h"
#include "hex.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

#define SID       "20010db8000500010000000000000046"
#define SID2      "20010db8000500020000000000000046"
#define NO_TUNNEL 0

/* One SID, End.DT46, without and with its structure (RFC 9252). */
#define PLAIN           "05 0019 00 01 0015 00" SID "00 0014 00"
#define STRUCTURE(body) "05 0022 00 01 001e 00" SID "00 0014 00 01 0006 " body

static const struct {
	const char *name, *hex;
	int want;
	uint16_t behavior; /* NO_TUNNEL: none that can be used */
} vectors[] = {
	{ "End.DT46", PLAIN, 0, 20 },
	{ "with structure", STRUCTURE("20 10 10 00 00 00"), 0, 20 },
	{ "transposed: bits of the SID are in a label", STRUCTURE("20 10 10 00 10 30"), 0,
	  NO_TUNNEL },
	{ "structure of 136 bits", STRUCTURE("40 40 08 00 00 00"), 0, NO_TUNNEL },
	{ "End.DX4", "05 0019 00 01 0015 00" SID "00 0011 00", 0, 17 },
	{ "behavior we do not encapsulate for", "05 0019 00 01 0015 00" SID "00 0001 00", 0,
	  NO_TUNNEL },
	{ "opaque, as FRR passes it on",
	  "05 0022 00 01 001e 00" SID "00 ffff 00 01 0006 00 00 00 00 00 00", 0, 0xffff },
	{ "opaque SID ::", "05 0019 00 01 0015 00 00000000000000000000000000000000 00 ffff 00", 0,
	  NO_TUNNEL },
	{ "SID ::", "05 0019 00 01 0015 00 00000000000000000000000000000000 00 0014 00", 0,
	  NO_TUNNEL },
	{ "label index only", "01 0007 00 0000 00000064", 0, NO_TUNNEL },
	{ "label index first", "01 0007 00 0000 00000064" PLAIN, 0, 20 },
	{ "second service TLV is ignored", PLAIN "05 0003 ffffff", 0, 20 },
	{ "second SID is ignored",
	  "05 0031 00 01 0015 00" SID "00 0014 00 01 0015 00" SID2 "00 0013 00", 0, 20 },
	{ "unknown sub-TLV", "05 001e 00 09 0002 abcd 01 0015 00" SID "00 0014 00", 0, 20 },
	{ "unknown sub-sub-TLV", "05 001e 00 01 001a 00" SID "00 0014 00 09 0002 abcd", 0, 20 },
	{ "L2 service", "06 0019 00 01 0015 00" SID "00 0014 00", 0, NO_TUNNEL },
	{ "service without SID", "05 0001 00", 0, NO_TUNNEL },
	{ "empty", "", 0, NO_TUNNEL },
	{ "service TLV empty", "05 0000", -EBADMSG, 0 },
	{ "SID too short", "05 0018 00 01 0014 00" SID "00 0014", -EBADMSG, 0 },
	{ "structure of 5", "05 0021 00 01 001d 00" SID "00 0014 00 01 0005 20 10 10 00 00",
	  -EBADMSG, 0 },
	{ "structure of 7", "05 0023 00 01 001f 00" SID "00 0014 00 01 0007 20 10 10 00 00 00 00",
	  -EBADMSG, 0 },
	{ "sub-TLV past its TLV", "05 0019 00 01 0016 00" SID "00 0014 00", -EBADMSG, 0 },
	{ "TLV past the attribute", "05 001a 00 01 0015 00" SID "00 0014 00", -EBADMSG, 0 },
};

Test(prefix_sid, decodes)
{
	struct addr sid;

	cr_assert(eq(int, addr_parse("2001:db8:5:1::46", &sid), 0));
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		size_t len;
		_cleanup_(freep) uint8_t *bytes = unhex(vectors[i].hex, &len);
		struct cursor c = cursor_of(bytes, len);
		struct prefix_sid decoded = { 0 };
		int r = prefix_sid_decode(&c, &decoded);
		struct bgp_tunnel tunnel =
			decoded.moved ? (struct bgp_tunnel){ 0 } : decoded.tunnel;

		cr_expect(eq(int, r, vectors[i].want), "%s", vectors[i].name);
		cr_expect(eq(u16, tunnel.behavior, vectors[i].behavior), "%s", vectors[i].name);
		cr_expect(eq(int, tunnel.kind == BGP_TUNNEL_SRV6, vectors[i].behavior != NO_TUNNEL),
			  "%s", vectors[i].name);
		cr_expect(eq(int, addr_equal(&tunnel.endpoint, &sid),
			     vectors[i].behavior != NO_TUNNEL),
			  "%s", vectors[i].name);
	}
}

/* A TLV that is cut is a fault; between two TLVs the attribute may end. */
Test(prefix_sid, refuses_every_truncation)
{
	size_t whole;
	_cleanup_(freep) uint8_t *bytes = unhex(STRUCTURE("20 10 10 00 00 00"), &whole);

	for (size_t len = 1; len < whole; len++) {
		_cleanup_(freep) uint8_t *cut = malloc(len);
		struct cursor c = cursor_of(memcpy(cut, bytes, len), len);
		struct prefix_sid sid;

		cr_expect(eq(int, prefix_sid_decode(&c, &sid), -EBADMSG), "%zu octets", len);
	}
}

Test(prefix_sid, reads_back)
{
	struct bgp_tunnel tunnel = { .kind = BGP_TUNNEL_SRV6,
				     .endpoint = { { 0x20, 0x01 } },
				     .behavior = 18 };
	struct prefix_sid back;
	uint8_t bytes[64];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct cursor c;

	prefix_sid_encode(&tunnel, &w);
	cr_assert(not(w.bad));
	c = cursor_of(bytes, writer_len(&w));
	cr_assert(eq(int, prefix_sid_decode(&c, &back), 0));
	cr_expect(eq(int, back.moved, 0));
	cr_expect(eq(int, back.tunnel.kind, BGP_TUNNEL_SRV6));
	cr_expect(eq(u16, back.tunnel.behavior, 18));
	cr_expect(addr_equal(&back.tunnel.endpoint, &tunnel.endpoint));
}

/* RFC 9252 section 4: what stands in the label, from the left, comes back to its place. */
static const struct {
	const char *name, *structure;
	uint32_t label;  /* three octets */
	const char *sid; /* NULL: no SID to be used */
} moved[] = {
	{ "16 bits of function", "20 10 10 00 10 30", 0xabcd00, "2001:db8:5:abcd::46" },
	{ "bits past them do not count", "20 10 10 00 10 30", 0xabcdef, "2001:db8:5:abcd::46" },
	{ "zero takes the place of what stood there", "20 10 10 00 10 30", 0x000001,
	  "2001:db8:5::46" },
	{ "all 20", "20 10 14 00 14 30", 0x12345f, "2001:db8:5:1234:5000::46" },
	{ "across an octet", "20 10 0a 00 0a 3b", 0xffc000, "2001:db8:5:1f:f800::46" },
	{ "to the last bit", "20 10 08 00 08 78", 0xff0001, "2001:db8:5:1::ff" },
	{ "more than a label has", "20 10 18 00 15 30", 0xabcd00, NULL },
	{ "past the SID", "20 10 08 00 08 79", 0xab0001, NULL },
};

Test(prefix_sid, puts_together_what_was_moved_to_the_label)
{
	for (size_t i = 0; i < ARRAY_SIZE(moved); i++) {
		char hex[256], text[ADDR_STRLEN];
		size_t len;
		_cleanup_(freep) uint8_t *bytes = NULL;
		struct prefix_sid sid = { 0 };
		struct bgp_tunnel tunnel;
		struct cursor c;

		snprintf(hex, sizeof(hex), STRUCTURE("%s"), moved[i].structure);
		bytes = unhex(hex, &len);
		c = cursor_of(bytes, len);
		cr_assert(eq(int, prefix_sid_decode(&c, &sid), 0));
		cr_expect(eq(int, sid.tunnel.kind == BGP_TUNNEL_SRV6, moved[i].sid != NULL), "%s",
			  moved[i].name);
		if (!moved[i].sid)
			continue;
		tunnel = prefix_sid_tunnel(&sid, moved[i].label);
		cr_expect(
			eq(str, (char *)addr_format(&tunnel.endpoint, text), (char *)moved[i].sid),
			"%s", moved[i].name);
	}
}

/* The octets of a SID that was moved away whole: what the label brings may be nothing. */
Test(prefix_sid, of_nothing_but_a_label_may_be_none)
{
	size_t len;
	_cleanup_(freep) uint8_t *bytes =
		unhex("05 0022 00 01 001e 00 20000000000000000000000000000000 00 0014 00 "
		      "01 0006 28 18 10 00 03 00",
		      &len);
	struct cursor c = cursor_of(bytes, len);
	struct prefix_sid sid;
	struct bgp_tunnel tunnel;

	cr_assert(eq(int, prefix_sid_decode(&c, &sid), 0));
	cr_assert(eq(int, sid.moved, 3));
	tunnel = prefix_sid_tunnel(&sid, 0x400000);
	cr_expect(eq(int, tunnel.kind, BGP_TUNNEL_SRV6));
	cr_expect(eq(u8, tunnel.endpoint.octet[0], 0x40));
	tunnel = prefix_sid_tunnel(&sid, 0x1fffff);
	cr_expect(eq(int, tunnel.kind, BGP_TUNNEL_NONE), "not to ::");
}
