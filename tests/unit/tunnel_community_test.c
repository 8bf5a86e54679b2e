/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/tunnel_community.h"
#include "hex.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define SID_A "8307 20010db80005 "
#define SID_B "8308 000100000000 "
#define V4_A  "8307 000000000000 "
#define V4_B  "8308 00000000ffff "
#define VNI   "830a 0004d202aabb "
#define MAC   "830b ccddee000000 "

static const struct {
	const char *name, *hex;
	uint32_t ignored;
	enum bgp_tunnel_kind kind;
	const char *endpoint;
	uint16_t behavior;
} vectors[] = {
	{ "none", "", 0, BGP_TUNNEL_NONE, "::", 0 },
	{ "a report alone", "8301 41000000 00ff", 0, BGP_TUNNEL_NONE, "::", 0 },
	{ "End.DT46", SID_A SID_B "8309 000000460014", 0, BGP_TUNNEL_SRV6, "2001:db8:5:1::46", 20 },
	{ "among others, in any order", "8309 000000460014" SID_B "8301 41000000 00ff" SID_A, 0,
	  BGP_TUNNEL_SRV6, "2001:db8:5:1::46", 20 },
	{ "IP-in-IP over IPv6", SID_A SID_B "8309 000000460000", 0, BGP_TUNNEL_IPIP,
	  "2001:db8:5:1::46", 0 },
	{ "IP-in-IP over IPv4", V4_A V4_B "8309 c00002010000", 0, BGP_TUNNEL_IPIP, "192.0.2.1", 0 },
	{ "a stranger's with our sub-types",
	  "0007 20010db80005 0008 000100000000 0009 000000460014", 0, BGP_TUNNEL_NONE, "::", 0 },
	{ "GRE", V4_A V4_B "8309 c0000201ff02", 0, BGP_TUNNEL_GRE, "192.0.2.1", 0 },
	{ "direct", V4_A V4_B "8309 c0000201ff00", 0, BGP_TUNNEL_DIRECT, "192.0.2.1", 0 },
	{ "VXLAN", V4_A V4_B "8309 c0000201ff08" VNI MAC, 0, BGP_TUNNEL_VXLAN, "192.0.2.1", 0 },
	{ "VXLAN without its VNI", V4_A V4_B "8309 c0000201ff08" MAC, 1, BGP_TUNNEL_NONE, "::", 0 },
	{ "VXLAN without its MAC", V4_A V4_B "8309 c0000201ff08" VNI, 1, BGP_TUNNEL_NONE, "::", 0 },
	{ "GRE with a VNI", V4_A V4_B "8309 c0000201ff02" VNI MAC, 0, BGP_TUNNEL_GRE, "192.0.2.1",
	  0 },
	{ "a tunnel of later times", V4_A V4_B "8309 c0000201ff13", 1, BGP_TUNNEL_NONE, "::", 0 },
	{ "sub-type after ours", SID_A SID_B "830c 000000460014", 1, BGP_TUNNEL_NONE, "::", 0 },
	{ "first piece missing", SID_B "8309 000000460014", 1, BGP_TUNNEL_NONE, "::", 0 },
	{ "last piece missing", SID_A SID_B, 1, BGP_TUNNEL_NONE, "::", 0 },
	{ "a piece twice: the first", SID_A SID_B SID_A "8309 000000460014", 1, BGP_TUNNEL_SRV6,
	  "2001:db8:5:1::46", 20 },
	{ "behavior that we do not encapsulate for", SID_A SID_B "8309 000000460001", 1,
	  BGP_TUNNEL_NONE, "::", 0 },
	{ "SRv6 with an IPv4 address", V4_A V4_B "8309 c00002010014", 1, BGP_TUNNEL_NONE, "::", 0 },
	{ "endpoint ::", V4_A "8308 000000000000 8309 000000000000", 1, BGP_TUNNEL_NONE, "::", 0 },
};

Test(tunnel_community, decodes)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		size_t len;
		_cleanup_(freep) uint8_t *bytes = unhex(vectors[i].hex, &len);
		struct cursor c = cursor_of(bytes, len);
		struct bgp_tunnel tunnel;
		struct addr endpoint;

		cr_assert(eq(int, addr_parse(vectors[i].endpoint, &endpoint), 0));
		cr_expect(eq(u32, tunnel_community_decode(&c, &tunnel), vectors[i].ignored), "%s",
			  vectors[i].name);
		cr_expect(eq(int, tunnel.kind, vectors[i].kind), "%s", vectors[i].name);
		cr_expect(eq(u16, tunnel.behavior, vectors[i].behavior), "%s", vectors[i].name);
		cr_expect(addr_equal(&tunnel.endpoint, &endpoint), "%s", vectors[i].name);
		cr_expect(eq(u32, tunnel.vni, tunnel.kind == BGP_TUNNEL_VXLAN ? 1234 : 0), "%s",
			  vectors[i].name);
		cr_expect(eq(u8, tunnel.mac[5], tunnel.kind == BGP_TUNNEL_VXLAN ? 0xee : 0), "%s",
			  vectors[i].name);
	}
}

Test(tunnel_community, reads_back)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		struct bgp_tunnel tunnel = { .kind = vectors[i].kind,
					     .behavior = vectors[i].behavior },
				  back;
		uint8_t bytes[40];
		struct writer w = writer_of(bytes, sizeof(bytes));
		struct cursor c;

		cr_assert(eq(int, addr_parse(vectors[i].endpoint, &tunnel.endpoint), 0));
		if (tunnel.kind == BGP_TUNNEL_VXLAN) {
			tunnel.vni = 0x123456;
			memcpy(tunnel.mac, (uint8_t[]){ 2, 1, 2, 3, 4, 5 }, 6);
		}
		tunnel_community_encode(&tunnel, &w);
		cr_assert(not(w.bad));
		c = cursor_of(bytes, writer_len(&w));
		cr_expect(eq(u32, tunnel_community_decode(&c, &back), 0), "%s", vectors[i].name);
		cr_expect(bgp_tunnel_equal(&back, &tunnel), "%s", vectors[i].name);
	}
}
