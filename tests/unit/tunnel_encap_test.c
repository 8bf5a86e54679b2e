/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/tunnel_encap.h"
#include "hex.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

#define ENDPOINT_V4 "06 0a 00000000 0001 c0000201"
#define ENDPOINT_V6 "06 16 00000000 0002 20010db8000000000000000000000001"

static const struct {
	const char *name, *hex;
	int want;
	const char *endpoint; /* NULL: no tunnel */
} vectors[] = {
	{ "IPv4 endpoint", "0007 000c" ENDPOINT_V4, 0, "192.0.2.1" },
	{ "IPv6 endpoint", "0007 0018" ENDPOINT_V6, 0, "2001:db8::1" },
	{ "endpoint is the next hop", "0007 0008 06 06 00000000 0000", 0, "::" },
	{ "another tunnel first", "0002 000c" ENDPOINT_V4 "0007 0018" ENDPOINT_V6, 0,
	  "2001:db8::1" },
	{ "first of two", "0007 000c" ENDPOINT_V4 "0007 0018" ENDPOINT_V6, 0, "192.0.2.1" },
	{ "only a tunnel we lack", "0008 000c" ENDPOINT_V4, 0, NULL },
	{ "colour before it", "0007 0016 04 08 030b 0000 00000064" ENDPOINT_V4, 0, "192.0.2.1" },
	{ "long sub-TLV before it", "0007 0011 80 0002 abcd" ENDPOINT_V4, 0, "192.0.2.1" },
	{ "first of two endpoints", "0007 0024" ENDPOINT_V4 ENDPOINT_V6, 0, "192.0.2.1" },
	{ "no endpoint", "0007 0000", 0, NULL },
	{ "endpoint of a strange family", "0007 000c 06 0a 00000000 0009 c0000201", 0, NULL },
	{ "endpoint 0.0.0.0", "0007 000c 06 0a 00000000 0001 00000000", 0, NULL },
	{ "endpoint too short", "0007 000b 06 09 00000000 0001 c00002", 0, NULL },
	{ "endpoint too long", "0007 000d 06 0b 00000000 0001 c000020100", 0, NULL },
	{ "IPv6 endpoint too long",
	  "0007 0019 06 17 00000000 0002 20010db800000000000000000000000100", 0, NULL },
	{ "next hop with an address", "0007 000c 06 0a 00000000 0000 c0000201", 0, NULL },
	{ "malformed tunnel, then a good one", "0007 0000 0007 000c" ENDPOINT_V4, 0, "192.0.2.1" },
	{ "sub-TLV past its TLV drops the TLV", "0007 0002 06 0a 0007 000c" ENDPOINT_V4, 0,
	  "192.0.2.1" },
	{ "TLV past the attribute", "0007 000d" ENDPOINT_V4, -EBADMSG, NULL },
	{ "header cut", "0007 00", -EBADMSG, NULL },
	{ "empty", "", -EBADMSG, NULL },
};

Test(tunnel_encap, decodes)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		size_t len;
		_cleanup_(freep) uint8_t *bytes = unhex(vectors[i].hex, &len);
		struct cursor c = cursor_of(bytes, len);
		struct bgp_tunnel tunnel = { 0 };
		struct addr endpoint = { { 0 } };

		cr_expect(eq(int, tunnel_encap_decode(&c, &tunnel), vectors[i].want), "%s",
			  vectors[i].name);
		cr_expect(eq(int, tunnel.kind == BGP_TUNNEL_IPIP, !!vectors[i].endpoint), "%s",
			  vectors[i].name);
		if (vectors[i].endpoint)
			cr_assert(eq(int, addr_parse(vectors[i].endpoint, &endpoint), 0));
		cr_expect(addr_equal(&tunnel.endpoint, &endpoint), "%s", vectors[i].name);
	}
}

Test(tunnel_encap, every_truncation_has_no_tunnel)
{
	size_t whole;
	_cleanup_(freep) uint8_t *bytes = unhex("0007 0018" ENDPOINT_V6, &whole);

	for (size_t len = 0; len < whole; len++) {
		_cleanup_(freep) uint8_t *cut = malloc(len ? len : 1);
		struct cursor c = cursor_of(memcpy(cut, bytes, len), len);
		struct bgp_tunnel tunnel;

		cr_expect(eq(int, tunnel_encap_decode(&c, &tunnel), -EBADMSG), "%zu octets", len);
	}
}

Test(tunnel_encap, reads_back)
{
	static const char *const endpoints[] = { "192.0.2.1", "2001:db8::1", "::" };

	for (size_t i = 0; i < ARRAY_SIZE(endpoints); i++) {
		struct bgp_tunnel tunnel = { .kind = BGP_TUNNEL_IPIP }, back;
		uint8_t bytes[64];
		struct writer w = writer_of(bytes, sizeof(bytes));
		struct cursor c;

		cr_assert(eq(int, addr_parse(endpoints[i], &tunnel.endpoint), 0));
		tunnel_encap_encode(&tunnel, &w);
		cr_assert(not(w.bad));
		c = cursor_of(bytes, writer_len(&w));
		cr_assert(eq(int, tunnel_encap_decode(&c, &back), 0));
		cr_expect(eq(int, back.kind, BGP_TUNNEL_IPIP), "%s", endpoints[i]);
		cr_expect(addr_equal(&back.endpoint, &tunnel.endpoint), "%s", endpoints[i]);
	}
}
