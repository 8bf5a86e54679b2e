/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/tunnel_encap.h"
#include "hex.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

#define ENDPOINT_V4 "06 0a 00000000 0001 c0000201"
#define ENDPOINT_V6 "06 16 00000000 0002 20010db8000000000000000000000001"
#define VXLAN       "01 0c c0 0004d2 02aabbccddee 0000" /* RFC 9012 section 3.2.1: V and M */

static const struct {
	const char *name, *hex;
	int want;
	const char *endpoint; /* NULL: no tunnel */
	enum bgp_tunnel_kind kind;
} vectors[] = {
	{ "IPv4 endpoint", "0007 000c" ENDPOINT_V4, 0, "192.0.2.1", BGP_TUNNEL_IPIP },
	{ "IPv6 endpoint", "0007 0018" ENDPOINT_V6, 0, "2001:db8::1", BGP_TUNNEL_IPIP },
	{ "endpoint is the next hop", "0007 0008 06 06 00000000 0000", 0, "::", BGP_TUNNEL_IPIP },
	{ "a tunnel we lack first", "000b 000c" ENDPOINT_V4 "0007 0018" ENDPOINT_V6, 0,
	  "2001:db8::1", BGP_TUNNEL_IPIP },
	{ "GRE before IP-in-IP", "0002 000c" ENDPOINT_V4 "0007 0018" ENDPOINT_V6, 0, "192.0.2.1",
	  BGP_TUNNEL_GRE },
	{ "GRE with a key", "0002 0012" ENDPOINT_V4 "01 04 00000001", 0, NULL, BGP_TUNNEL_NONE },
	{ "VXLAN", "0008 001a" VXLAN ENDPOINT_V4, 0, "192.0.2.1", BGP_TUNNEL_VXLAN },
	{ "VXLAN at its own port", "0008 001e" VXLAN ENDPOINT_V4 "08 02 12b5", 0, "192.0.2.1",
	  BGP_TUNNEL_VXLAN },
	{ "VXLAN at another port", "0008 001e" VXLAN ENDPOINT_V4 "08 02 2118", 0, NULL,
	  BGP_TUNNEL_NONE },
	{ "VXLAN with a port of one octet", "0008 001d" VXLAN ENDPOINT_V4 "08 01 12", 0, NULL,
	  BGP_TUNNEL_NONE },
	{ "a port with IP-in-IP", "0007 0010" ENDPOINT_V4 "08 02 2118", 0, "192.0.2.1",
	  BGP_TUNNEL_IPIP },
	{ "VXLAN without VNI", "0008 001a 01 0c 40 0004d2 02aabbccddee 0000" ENDPOINT_V4, 0, NULL,
	  BGP_TUNNEL_NONE },
	{ "VXLAN sub-TLV short", "0008 0019 01 0b c0 0004d2 02aabbccddee 00" ENDPOINT_V4, 0, NULL,
	  BGP_TUNNEL_NONE },
	{ "VXLAN sub-TLV long", "0008 001b 01 0d c0 0004d2 02aabbccddee 000000" ENDPOINT_V4, 0,
	  NULL, BGP_TUNNEL_NONE },
	{ "VXLAN without encapsulation", "0008 000c" ENDPOINT_V4, 0, NULL, BGP_TUNNEL_NONE },
	{ "first of two", "0007 000c" ENDPOINT_V4 "0007 0018" ENDPOINT_V6, 0, "192.0.2.1",
	  BGP_TUNNEL_IPIP },
	{ "only a tunnel we lack", "0013 000c" ENDPOINT_V4, 0, NULL, BGP_TUNNEL_NONE },
	{ "colour before it", "0007 0016 04 08 030b 0000 00000064" ENDPOINT_V4, 0, "192.0.2.1",
	  BGP_TUNNEL_IPIP },
	{ "long sub-TLV before it", "0007 0011 80 0002 abcd" ENDPOINT_V4, 0, "192.0.2.1",
	  BGP_TUNNEL_IPIP },
	{ "first of two endpoints", "0007 0024" ENDPOINT_V4 ENDPOINT_V6, 0, "192.0.2.1",
	  BGP_TUNNEL_IPIP },
	{ "no endpoint", "0007 0000", 0, NULL, BGP_TUNNEL_NONE },
	{ "endpoint of a strange family", "0007 000c 06 0a 00000000 0009 c0000201", 0, NULL,
	  BGP_TUNNEL_NONE },
	{ "endpoint 0.0.0.0", "0007 000c 06 0a 00000000 0001 00000000", 0, NULL, BGP_TUNNEL_NONE },
	{ "endpoint too short", "0007 000b 06 09 00000000 0001 c00002", 0, NULL, BGP_TUNNEL_NONE },
	{ "endpoint too long", "0007 000d 06 0b 00000000 0001 c000020100", 0, NULL,
	  BGP_TUNNEL_NONE },
	{ "IPv6 endpoint too long",
	  "0007 0019 06 17 00000000 0002 20010db800000000000000000000000100", 0, NULL,
	  BGP_TUNNEL_NONE },
	{ "next hop with an address", "0007 000c 06 0a 00000000 0000 c0000201", 0, NULL,
	  BGP_TUNNEL_NONE },
	{ "malformed tunnel, then a good one", "0007 0000 0007 000c" ENDPOINT_V4, 0, "192.0.2.1",
	  BGP_TUNNEL_IPIP },
	{ "sub-TLV past its TLV drops the TLV", "0007 0002 06 0a 0007 000c" ENDPOINT_V4, 0,
	  "192.0.2.1", BGP_TUNNEL_IPIP },
	{ "TLV past the attribute", "0007 000d" ENDPOINT_V4, -EBADMSG, NULL, BGP_TUNNEL_NONE },
	{ "header cut", "0007 00", -EBADMSG, NULL, BGP_TUNNEL_NONE },
	{ "empty", "", -EBADMSG, NULL, BGP_TUNNEL_NONE },
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
		cr_expect(eq(int, tunnel.kind, vectors[i].kind), "%s", vectors[i].name);
		cr_expect(eq(u32, tunnel.vni, tunnel.kind == BGP_TUNNEL_VXLAN ? 1234 : 0), "%s",
			  vectors[i].name);
		if (vectors[i].endpoint)
			cr_assert(eq(int, addr_parse(vectors[i].endpoint, &endpoint), 0));
		cr_expect(addr_equal(&tunnel.endpoint, &endpoint), "%s", vectors[i].name);
	}
}

static void no_truncation(const char *hex)
{
	size_t whole;
	_cleanup_(freep) uint8_t *bytes = unhex(hex, &whole);

	for (size_t len = 0; len < whole; len++) {
		_cleanup_(freep) uint8_t *cut = malloc(len ? len : 1);
		struct cursor c = cursor_of(memcpy(cut, bytes, len), len);
		struct bgp_tunnel tunnel;

		cr_expect(eq(int, tunnel_encap_decode(&c, &tunnel), -EBADMSG), "%s: %zu octets",
			  hex, len);
	}
}

Test(tunnel_encap, every_truncation_has_no_tunnel)
{
	no_truncation("0007 0018" ENDPOINT_V6);
	no_truncation("0002 0018" ENDPOINT_V6);
	no_truncation("0008 0026" VXLAN ENDPOINT_V6);
}

/* The attribute is whole, but the sub-TLVs of its tunnel are cut. */
Test(tunnel_encap, every_cut_tunnel_is_left_out)
{
	size_t whole;
	_cleanup_(freep) uint8_t *bytes = unhex("0008 001a" ENDPOINT_V4 VXLAN, &whole);

	for (size_t len = 4; len < whole; len++) {
		_cleanup_(freep) uint8_t *cut = malloc(len);
		struct cursor c = cursor_of(memcpy(cut, bytes, len), len);
		struct bgp_tunnel tunnel = { 0 };

		cut[3] = (uint8_t)(len - 4);
		cr_expect(eq(int, tunnel_encap_decode(&c, &tunnel), 0), "%zu octets", len);
		cr_expect(eq(int, tunnel.kind, BGP_TUNNEL_NONE), "%zu octets", len);
	}
}

Test(tunnel_encap, reads_back)
{
	static const char *const endpoints[] = { "192.0.2.1", "2001:db8::1", "::" };
	static const enum bgp_tunnel_kind kinds[] = { BGP_TUNNEL_IPIP, BGP_TUNNEL_GRE,
						      BGP_TUNNEL_VXLAN };

	for (size_t i = 0; i < ARRAY_SIZE(endpoints) * ARRAY_SIZE(kinds); i++) {
		const char *endpoint = endpoints[i / ARRAY_SIZE(kinds)];
		struct bgp_tunnel tunnel = { .kind = kinds[i % ARRAY_SIZE(kinds)] }, back;
		uint8_t bytes[64];
		struct writer w = writer_of(bytes, sizeof(bytes));
		struct cursor c;

		if (tunnel.kind == BGP_TUNNEL_VXLAN) {
			tunnel.vni = 0xfffffe;
			memcpy(tunnel.mac, (uint8_t[]){ 2, 0xaa, 0xbb, 0xcc, 0xdd, 0xee }, 6);
		}
		cr_assert(eq(int, addr_parse(endpoint, &tunnel.endpoint), 0));
		tunnel_encap_encode(&tunnel, &w);
		cr_assert(not(w.bad));
		c = cursor_of(bytes, writer_len(&w));
		cr_assert(eq(int, tunnel_encap_decode(&c, &back), 0));
		cr_expect(bgp_tunnel_equal(&back, &tunnel), "%s of kind %d", endpoint, tunnel.kind);
	}
}
