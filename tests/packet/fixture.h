/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables that vectors.h is written for. Every service has one slot and up to two members, so
 * that its port says where its packets go: port 8000 + n to site n. Those with two choices (8400
 * and on) have a slot of each member.
 */
#pragma once
#include <abi.h>
#include <stdbool.h>
#include <stddef.h>

enum vector_program {
	VECTOR_INGRESS,
	VECTOR_EGRESS,
	VECTOR_EDGE,
	VECTOR_PROGRAMS,
	VECTOR_VRF = VECTOR_PROGRAMS, /* ingress again, by a port in FIXTURE_VRF */
	VECTOR_KINDS
};

#define FIXTURE_SEED          0x0123456789abcdefull
#define FIXTURE_PIN_SET_MASK  15
#define FIXTURE_SERVICE_SETS  32
#define FIXTURE_ANSWERS       1000 /* a second */
#define FIXTURE_ANSWERS_BURST 100
#define FIXTURE_VRF           5
#define FIXTURE_MEMBERS       4    /* numbers of one service in mg_members */
#define FIXTURE_MEMBERS_ALL   4096 /* entries of mg_members, as bpf/maps.h has it */
#define FIXTURE_SLOTS         2 /* numbers of one service in mg_slots; most use the first alone */
#define FIXTURE_WEIGHT        32768

#define V4(a, b, c, d)                                               \
	{                                                            \
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d \
	}
#define V6(e, f, g, h, z)                                                  \
	{                                                                  \
		0x20, 0x01, 0x0d, 0xb8, e, f, g, h, 0, 0, 0, 0, 0, 0, 0, z \
	}

#define WEB_V4    V4(198, 51, 100, 80)
#define WEB_V6    V6(0x01, 0, 0, 0, 0x80)
#define PILE_V4   V4(198, 51, 100, 90) /* a service whose site is itself, for time.c */
#define PE1_V4    V4(10, 255, 0, 1)
#define PE1_V6    V6(0, 0xff, 0, 0, 0x01)
#define EAST_V4   V4(10, 255, 0, 11)
#define EAST_V6   V6(0, 0xff, 0, 0, 0x11)
#define EAST_ID   V6(0, 5, 0, 1, 0x46)
#define EAST(z)   V4(10, 255, 0, z) /* endpoints that take one thing each */
#define END_V6(z) V6(0, 0xff, 0, 0, z)
#define SID(z)    V6(0, 5, 0, 1, z)
#define WAY(n)    V6(0, 5, 0xf0, n, 0) /* waypoints */
#define VNI       0xabcd0e

static const struct mg_nexthop fixture_nexthops[] = {
	[1] = { 1, { 2, 0xaa, 0, 0, 0, 1 }, { 2, 0xaa, 0, 0, 0, 0xfe }, 0, 0, 0, 0 },
	[2] = { 2, { 2, 0xbb, 0, 0, 0, 1 }, { 2, 0xbb, 0, 0, 0, 0xfe }, 0, 0, 0, 0 },
	[3] = { 1, { 2, 0xcc, 0, 0, 0, 1 }, { 2, 0xcc, 0, 0, 0, 0xfe }, 100, 0, 0, 0 },
	[4] = { 9, { 2, 0xdd, 0, 0, 0, 1 }, { 2, 0xdd, 0, 0, 0, 0xfe }, 0, 0, 0, 0 },
	[5] = { 0 },
	[6] = { 1, { 2, 0xee, 0, 0, 0, 1 }, { 2, 0xee, 0, 0, 0, 0xfe }, 100, 0x6200, 0x88a8, 0 },
	[7] = { 1, { 2, 0xff, 0, 0, 0, 1 }, { 2, 0xff, 0, 0, 0, 0xfe }, 100, 0, 0, MG_KEEP_TAGS },
};

static const struct mg_site fixture_sites[] = {
	[1] = { MG_ENCAP_IPIP, MG_UP, 1500, 1, PE1_V4, EAST_V4, .nexthop = { 1 } },
	[2] = { MG_ENCAP_IPIP, MG_UP, 1500, 1, PE1_V6, EAST_V6, .nexthop = { 1 } },
	[3] = { MG_ENCAP_SRV6, MG_UP, 1500, 1, PE1_V6, EAST_ID, .nexthop = { 1 } },
	[4] = { MG_ENCAP_NONE, MG_UP, 1500, 1, { 0 }, { 0 }, .nexthop = { 2 } },
	[5] = { MG_ENCAP_IPIP, MG_UP, 1500, 1, PE1_V4, EAST_V4, .nexthop = { 3 } },
	[6] = { MG_ENCAP_IPIP, MG_DOWN, 1500, 1, PE1_V4, EAST_V4, .nexthop = { 1 } },
	[7] = { MG_ENCAP_IPIP, MG_UP, 1500, 0, PE1_V4, EAST_V4, .nexthop = { 1 } },
	[8] = { MG_ENCAP_IPIP, MG_UP, 1500, 1, PE1_V4, EAST_V4, .nexthop = { 4 } },
	[9] = { MG_ENCAP_IPIP, MG_UP, 100, 1, PE1_V4, EAST_V4, .nexthop = { 1 } },
	[10] = { MG_ENCAP_NONE, MG_UP, 1500, 1, { 0 }, { 0 }, .nexthop = { 1 } },
	[11] = { MG_ENCAP_NONE, MG_UP, 1500, 1, { 0 }, { 0 }, .nexthop = { 3 } },
	[12] = { MG_ENCAP_IPIP, MG_UP, 1500, 1, PE1_V4, EAST_V4, .nexthop = { 5 } },
	[13] = { MG_ENCAP_IPIP, MG_UP, 1500, 1, PE1_V4, PILE_V4, .nexthop = { 1 } },
	[14] = { MG_ENCAP_SRV6, MG_UP, 1500, 1, PE1_V6, WAY(1), .nexthop = { 1 },
		 .segment_count = 1, .segment = { EAST_ID } },
	[15] = { MG_ENCAP_SRV6, MG_UP, 1500, 1, PE1_V6, WAY(1), .nexthop = { 1 },
		 .segment_count = 5, .segment = { WAY(2), WAY(3), WAY(4), WAY(5), EAST_ID } },
	[16] = { MG_ENCAP_GRE, MG_UP, 1500, 1, PE1_V4, EAST(22), .nexthop = { 1 } },
	[17] = { MG_ENCAP_GRE, MG_UP, 1500, 1, PE1_V6, END_V6(22), .nexthop = { 1 } },
	[18] = { MG_ENCAP_VXLAN, MG_UP, 1500, 1, PE1_V4, EAST(23), .nexthop = { 1 }, .vni = VNI,
		 .inner_dst = { 2, 0x18, 0, 0, 0, 1 }, .inner_src = { 2, 0x18, 0, 0, 0, 2 } },
	[19] = { MG_ENCAP_VXLAN, MG_UP, 1500, 1, PE1_V6, END_V6(23), .nexthop = { 1 }, .vni = VNI,
		 .inner_dst = { 2, 0x19, 0, 0, 0, 1 }, .inner_src = { 2, 0x19, 0, 0, 0, 2 } },
	[20] = { MG_ENCAP_IPIP, MG_UP, 1500, 1, PE1_V4, EAST_V4, .nexthop = { 1 }, .flags = MG_DSCP,
		 .dscp = 46 },
	[21] = { MG_ENCAP_SRV6, MG_UP, 1500, 1, PE1_V6, EAST_ID, .nexthop = { 1 },
		 .flags = MG_UNIFORM },
	[22] = { .encap = MG_ENCAP_LOCAL, .state = MG_UP },
	[23] = { MG_ENCAP_NONE, MG_UP, 1500, 1, { 0 }, { 0 }, .nexthop = { 6 } },
	[24] = { MG_ENCAP_IPIP, MG_UP, 1500, 1, PE1_V4, EAST_V4, .nexthop = { 7 } },
	[25] = { MG_ENCAP_SRV6, MG_UP, 1500, 1, PE1_V6, WAY(1), .nexthop = { 6 },
		 .segment_count = 2, .segment = { WAY(2), EAST_ID } },
	[26] = { MG_ENCAP_VXLAN, MG_UP, 130, 1, PE1_V4, EAST(23), .nexthop = { 1 }, .vni = VNI },
	[27] = { MG_ENCAP_NONE, MG_UP, 1500, 1, { 0 }, { 0 }, .nexthop = { 7 } },
	[28] = { MG_ENCAP_IPIP, MG_UP, 1500, 1, PE1_V4, EAST_V4, .nexthop = { 1 },
		 .flags = MG_UNIFORM | MG_DSCP, .dscp = 10 },
	[29] = { MG_ENCAP_NONE, MG_DOWN, 1500, 1, { 0 }, { 0 }, .nexthop = { 1 } },
	[30] = { MG_ENCAP_NONE, MG_UP, 1500, 0, { 0 }, { 0 }, .nexthop = { 1 } },
	[31] = { MG_ENCAP_SRV6, MG_UP, 1500, 1, PE1_V6, WAY(1), .nexthop = { 1 },
		 .segment_count = MG_SEGMENTS_MAX },
};

#define INGRESS(addr, proto, port)                     \
	{                                              \
		addr, port, proto, MG_SCOPE_INGRESS, 0 \
	}
#define EGRESS(addr, proto, port)                     \
	{                                             \
		addr, port, proto, MG_SCOPE_EGRESS, 0 \
	}
#define TCP_INGRESS(port) INGRESS(WEB_V4, 6, port)
#define VRF_INGRESS(addr, proto, port)                           \
	{                                                        \
		addr, port, proto, MG_SCOPE_INGRESS, FIXTURE_VRF \
	}
#define VRF_EGRESS(addr, proto, port)                           \
	{                                                       \
		addr, port, proto, MG_SCOPE_EGRESS, FIXTURE_VRF \
	}

/* The row's number is the service's index. */
static const struct fixture_service {
	struct mg_service_key key;
	enum mg_affinity affinity;
	__u32 site, next_site;
} fixture_services[] = {
	{ TCP_INGRESS(8001), MG_AFFINITY_FLOW, 1, 0 },
	{ TCP_INGRESS(8002), MG_AFFINITY_FLOW, 2, 0 },
	{ TCP_INGRESS(8003), MG_AFFINITY_FLOW, 3, 0 },
	{ TCP_INGRESS(8004), MG_AFFINITY_FLOW, 4, 0 },
	{ TCP_INGRESS(8005), MG_AFFINITY_FLOW, 5, 0 },
	{ TCP_INGRESS(8006), MG_AFFINITY_FLOW, 6, 0 },
	{ TCP_INGRESS(8007), MG_AFFINITY_FLOW, 7, 0 },
	{ TCP_INGRESS(8008), MG_AFFINITY_FLOW, 8, 0 },
	{ TCP_INGRESS(8009), MG_AFFINITY_FLOW, 9, 0 },
	{ TCP_INGRESS(8012), MG_AFFINITY_FLOW, 12, 0 },
	{ TCP_INGRESS(8100), MG_AFFINITY_FLOW, 6, 1 },
	{ INGRESS(WEB_V6, 6, 8001), MG_AFFINITY_FLOW, 1, 0 },
	{ INGRESS(WEB_V6, 6, 8002), MG_AFFINITY_FLOW, 2, 0 },
	{ INGRESS(WEB_V6, 6, 8003), MG_AFFINITY_FLOW, 3, 0 },
	{ INGRESS(WEB_V6, 6, 8004), MG_AFFINITY_FLOW, 4, 0 },
	{ INGRESS(WEB_V6, 6, 8005), MG_AFFINITY_FLOW, 5, 0 },
	{ INGRESS(WEB_V6, 6, 8009), MG_AFFINITY_FLOW, 9, 0 },
	{ INGRESS(WEB_V4, 17, 443), MG_AFFINITY_FLOW, 1, 0 },
	{ INGRESS(V4(198, 51, 100, 53), 17, 0), MG_AFFINITY_CLIENT, 1, 0 },
	{ INGRESS(V4(198, 51, 100, 99), 0, 0), MG_AFFINITY_CLIENT, 2, 0 },
	{ INGRESS(V6(0x01, 0, 0, 0, 0x99), 0, 0), MG_AFFINITY_CLIENT, 3, 0 },
	{ INGRESS(PILE_V4, 0, 0), MG_AFFINITY_FLOW, 13, 0 },
	{ EGRESS(WEB_V4, 6, 8010), MG_AFFINITY_FLOW, 10, 0 },
	{ EGRESS(WEB_V6, 6, 8010), MG_AFFINITY_FLOW, 10, 0 },
	{ EGRESS(WEB_V4, 6, 8011), MG_AFFINITY_FLOW, 11, 0 },
	{ EGRESS(WEB_V4, 6, 8006), MG_AFFINITY_FLOW, 6, 0 },
	{ EGRESS(V4(198, 51, 100, 99), 0, 0), MG_AFFINITY_FLOW, 4, 0 },
	{ INGRESS(WEB_V4, 1, 0), MG_AFFINITY_CLIENT, 1, 0 },
	{ INGRESS(WEB_V6, 58, 0), MG_AFFINITY_CLIENT, 3, 0 },
	{ EGRESS(WEB_V4, 1, 0), MG_AFFINITY_CLIENT, 10, 0 },
	{ EGRESS(WEB_V6, 58, 0), MG_AFFINITY_CLIENT, 10, 0 },
	{ TCP_INGRESS(8200), MG_AFFINITY_FLOW, 1, 0 },
	{ TCP_INGRESS(8201), MG_AFFINITY_FLOW, 4, 0 },
	{ TCP_INGRESS(8202), MG_AFFINITY_FLOW, 5, 0 },
	{ INGRESS(WEB_V6, 6, 8200), MG_AFFINITY_FLOW, 1, 0 },
	{ TCP_INGRESS(8300), MG_AFFINITY_FLOW, 6, 0 },
	{ INGRESS(WEB_V4, 17, 8300), MG_AFFINITY_FLOW, 6, 0 },
	{ INGRESS(WEB_V6, 6, 8300), MG_AFFINITY_FLOW, 6, 0 },
	{ INGRESS(V4(198, 51, 100, 97), 0, 0), MG_AFFINITY_CLIENT, 6, 0 },
	{ TCP_INGRESS(8301), MG_AFFINITY_FLOW, 6, 0 },
	{ INGRESS(WEB_V6, 6, 8301), MG_AFFINITY_FLOW, 6, 0 },
	{ EGRESS(WEB_V4, 6, 8300), MG_AFFINITY_FLOW, 6, 0 },
	{ EGRESS(WEB_V4, 6, 8301), MG_AFFINITY_FLOW, 6, 0 },
	{ INGRESS(WEB_V4, 17, 4433), MG_AFFINITY_QUIC, 1, 4 },
	{ INGRESS(WEB_V4, 17, 4434), MG_AFFINITY_QUIC, 1, 6 },
	{ INGRESS(WEB_V6, 17, 4435), MG_AFFINITY_QUIC, 3, 4 },
	{ INGRESS(WEB_V4, 17, 4436), MG_AFFINITY_QUIC, 1, 4 },
	{ EGRESS(WEB_V4, 17, 4433), MG_AFFINITY_QUIC, 10, 11 },
	{ INGRESS(V4(198, 51, 100, 98), 0, 0), MG_AFFINITY_CLIENT, 2, 0 },
	{ INGRESS(V6(0x01, 0, 0, 0, 0x98), 0, 0), MG_AFFINITY_CLIENT, 2, 0 },
	{ TCP_INGRESS(8014), MG_AFFINITY_FLOW, 14, 0 },
	{ INGRESS(WEB_V6, 6, 8014), MG_AFFINITY_FLOW, 14, 0 },
	{ TCP_INGRESS(8015), MG_AFFINITY_FLOW, 15, 0 },
	{ INGRESS(WEB_V6, 6, 8015), MG_AFFINITY_FLOW, 15, 0 },
	{ TCP_INGRESS(8016), MG_AFFINITY_FLOW, 16, 0 },
	{ INGRESS(WEB_V6, 6, 8016), MG_AFFINITY_FLOW, 16, 0 },
	{ TCP_INGRESS(8017), MG_AFFINITY_FLOW, 17, 0 },
	{ INGRESS(WEB_V6, 6, 8017), MG_AFFINITY_FLOW, 17, 0 },
	{ TCP_INGRESS(8018), MG_AFFINITY_FLOW, 18, 0 },
	{ INGRESS(WEB_V6, 6, 8018), MG_AFFINITY_FLOW, 18, 0 },
	{ TCP_INGRESS(8019), MG_AFFINITY_FLOW, 19, 0 },
	{ INGRESS(WEB_V6, 6, 8019), MG_AFFINITY_FLOW, 19, 0 },
	{ TCP_INGRESS(8020), MG_AFFINITY_FLOW, 20, 0 },
	{ INGRESS(WEB_V6, 6, 8020), MG_AFFINITY_FLOW, 20, 0 },
	{ TCP_INGRESS(8021), MG_AFFINITY_FLOW, 21, 0 },
	{ INGRESS(WEB_V6, 6, 8021), MG_AFFINITY_FLOW, 21, 0 },
	{ TCP_INGRESS(8023), MG_AFFINITY_FLOW, 23, 0 },
	{ INGRESS(WEB_V6, 6, 8023), MG_AFFINITY_FLOW, 23, 0 },
	{ TCP_INGRESS(8024), MG_AFFINITY_FLOW, 24, 0 },
	{ INGRESS(WEB_V6, 6, 8024), MG_AFFINITY_FLOW, 24, 0 },
	{ TCP_INGRESS(8025), MG_AFFINITY_FLOW, 25, 0 },
	{ INGRESS(WEB_V6, 6, 8025), MG_AFFINITY_FLOW, 25, 0 },
	{ TCP_INGRESS(8027), MG_AFFINITY_FLOW, 27, 0 },
	{ INGRESS(WEB_V6, 6, 8027), MG_AFFINITY_FLOW, 27, 0 },
	{ TCP_INGRESS(8028), MG_AFFINITY_FLOW, 28, 0 },
	{ INGRESS(WEB_V6, 6, 8028), MG_AFFINITY_FLOW, 28, 0 },
	{ TCP_INGRESS(8026), MG_AFFINITY_FLOW, 26, 0 },
	{ TCP_INGRESS(8031), MG_AFFINITY_FLOW, 31, 0 },
	{ TCP_INGRESS(8022), MG_AFFINITY_FLOW, 22, 0 },
	{ EGRESS(WEB_V4, 6, 8022), MG_AFFINITY_FLOW, 10, 0 },
	{ TCP_INGRESS(8032), MG_AFFINITY_FLOW, 22, 0 },
	{ TCP_INGRESS(8033), MG_AFFINITY_FLOW, 22, 0 },
	{ EGRESS(WEB_V4, 6, 8033), MG_AFFINITY_FLOW, 1, 0 },
	{ TCP_INGRESS(8034), MG_AFFINITY_FLOW, 22, 0 },
	{ EGRESS(WEB_V4, 6, 8034), MG_AFFINITY_FLOW, 22, 0 },
	{ INGRESS(WEB_V6, 6, 8022), MG_AFFINITY_FLOW, 22, 0 },
	{ EGRESS(WEB_V6, 6, 8022), MG_AFFINITY_FLOW, 11, 0 },
	{ EGRESS(WEB_V4, 6, 8023), MG_AFFINITY_FLOW, 23, 0 },
	/* Not where the same addresses outside the VRF lead to. */
	{ VRF_INGRESS(WEB_V4, 6, 8002), MG_AFFINITY_FLOW, 1, 0 },
	{ VRF_INGRESS(WEB_V4, 6, 8041), MG_AFFINITY_FLOW, 4, 0 },
	{ VRF_INGRESS(WEB_V4, 6, 8032), MG_AFFINITY_FLOW, 22, 0 },
	{ VRF_INGRESS(WEB_V6, 6, 8002), MG_AFFINITY_FLOW, 4, 0 },
	{ VRF_INGRESS(WEB_V4, 1, 0), MG_AFFINITY_CLIENT, 4, 0 },
	{ VRF_EGRESS(WEB_V4, 6, 8010), MG_AFFINITY_FLOW, 11, 0 },
	{ VRF_EGRESS(WEB_V4, 6, 8032), MG_AFFINITY_FLOW, 10, 0 },
	{ VRF_EGRESS(WEB_V6, 6, 8010), MG_AFFINITY_FLOW, 11, 0 },
	{ TCP_INGRESS(8400), MG_AFFINITY_FLOW, 4, 3 },
	{ INGRESS(WEB_V6, 6, 8400), MG_AFFINITY_FLOW, 4, 3 },
	{ INGRESS(WEB_V4, 17, 8400), MG_AFFINITY_FLOW, 4, 3 },
	{ INGRESS(V4(198, 51, 100, 96), 0, 0), MG_AFFINITY_CLIENT, 4, 3 },
	{ TCP_INGRESS(8401), MG_AFFINITY_FLOW, 4, 3 },
	{ TCP_INGRESS(8402), MG_AFFINITY_FLOW, 29, 3 },
	{ TCP_INGRESS(8403), MG_AFFINITY_FLOW, 4, 3 },
};

static const struct fixture_endpoint {
	struct mg_endpoint_key key;
	struct mg_endpoint endpoint;
} fixture_endpoints[] = {
	{ { EAST_V4 }, { .strip = 1 << MG_ENCAP_IPIP } },
	{ { EAST_V6 }, { .strip = 1 << MG_ENCAP_IPIP } },
	{ { EAST_ID }, { .strip = 1 << MG_ENCAP_SRV6 } },
	{ { EAST(22) }, { .strip = 1 << MG_ENCAP_GRE } },
	{ { END_V6(22) }, { .strip = 1 << MG_ENCAP_GRE } },
	{ { EAST(23) }, { .strip = 1 << MG_ENCAP_VXLAN, .vni = VNI } },
	{ { END_V6(23) }, { .strip = 1 << MG_ENCAP_VXLAN | 1 << MG_ENCAP_IPIP, .vni = VNI } },
	{ { EAST(24) }, { .strip = 1 << MG_ENCAP_IPIP, .flags = MG_KERNEL } },
	{ { EAST(25) }, { .strip = 1 << MG_ENCAP_IPIP, .flags = MG_UNIFORM } },
	{ { EAST(26) }, { .strip = 1 << MG_ENCAP_GRE, .flags = MG_UNIFORM | MG_KERNEL } },
	{ { SID(0x44) }, { .strip = 1 << MG_ENCAP_SRV6, .behavior = MG_END_DT4 } },
	{ { SID(0x66) }, { .strip = 1 << MG_ENCAP_SRV6, .behavior = MG_END_DT6 } },
	{ { SID(0xd4) }, { .strip = 1 << MG_ENCAP_SRV6, .behavior = MG_END_DX4, .site = 4 } },
	{ { SID(0xd6) }, { .strip = 1 << MG_ENCAP_SRV6, .behavior = MG_END_DX6, .site = 23 } },
	{ { SID(0xd7) }, { .strip = 1 << MG_ENCAP_SRV6, .behavior = MG_END_DX4, .site = 29 } },
	{ { SID(0xd8) }, { .strip = 1 << MG_ENCAP_SRV6, .behavior = MG_END_DX4, .site = 30 } },
	{ { SID(0xd9) }, { .strip = 1 << MG_ENCAP_SRV6, .behavior = MG_END_DX4, .site = 1 } },
	{ { EAST(27) }, { .strip = 1 << MG_ENCAP_IPIP, .vrf = FIXTURE_VRF } },
	{ { SID(0x56) },
	  { .strip = 1 << MG_ENCAP_SRV6, .vrf = FIXTURE_VRF, .behavior = MG_END_DT46 } },
	{ { SID(0x54) },
	  { .strip = 1 << MG_ENCAP_SRV6, .vrf = FIXTURE_VRF, .behavior = MG_END_DT4 } },
	{ { SID(0x47) }, { .strip = 1 << MG_ENCAP_SRV6, .flags = MG_UNIFORM | MG_KERNEL } },
};

#define MSS                  .mss_v4 = 1360, .mss_v6 = 1340
#define LAST(what)           .last_resort = MG_LAST_##what
#define QUIC_ID(config, len) .quic_config = config, .quic_id_len = len
#define PREFIXES             .prefix_v4 = 20, .prefix_v6 = 72
#define CHOICES(which)       .slot_mask = 1, .observe = 1, .placement = MG_PLACEMENT_##which

/* What else is not zero of some of these services. */
static const struct fixture_more {
	struct mg_service_key key;
	struct mg_service service;
} fixture_more[] = {
	{ TCP_INGRESS(8200), { MSS } },
	{ TCP_INGRESS(8201), { MSS } },
	{ TCP_INGRESS(8202), { MSS } },
	{ INGRESS(WEB_V6, 6, 8200), { MSS } },
	{ TCP_INGRESS(8300), { LAST(UNREACHABLE) } },
	{ INGRESS(WEB_V4, 17, 8300), { LAST(UNREACHABLE) } },
	{ INGRESS(WEB_V6, 6, 8300), { LAST(UNREACHABLE) } },
	{ INGRESS(V4(198, 51, 100, 97), 0, 0), { LAST(UNREACHABLE) } },
	{ TCP_INGRESS(8301), { LAST(KERNEL) } },
	{ INGRESS(WEB_V6, 6, 8301), { LAST(KERNEL) } },
	{ EGRESS(WEB_V4, 6, 8300), { LAST(UNREACHABLE) } },
	{ EGRESS(WEB_V4, 6, 8301), { LAST(KERNEL) } },
	{ INGRESS(WEB_V4, 17, 4433), { QUIC_ID(2, 4) } },
	{ INGRESS(WEB_V4, 17, 4434), { QUIC_ID(2, 4) } },
	{ INGRESS(WEB_V6, 17, 4435), { QUIC_ID(6, 12) } },
	{ INGRESS(WEB_V4, 17, 4436), { QUIC_ID(0, 1) } },
	{ EGRESS(WEB_V4, 17, 4433), { QUIC_ID(2, 4) } },
	{ INGRESS(V4(198, 51, 100, 98), 0, 0), { PREFIXES } },
	{ INGRESS(V6(0x01, 0, 0, 0, 0x98), 0, 0), { PREFIXES } },
	{ TCP_INGRESS(8400), { CHOICES(TWO_CHOICE) } },
	{ INGRESS(WEB_V6, 6, 8400), { CHOICES(TWO_CHOICE) } },
	{ INGRESS(WEB_V4, 17, 8400), { CHOICES(TWO_CHOICE) } },
	{ INGRESS(V4(198, 51, 100, 96), 0, 0), { CHOICES(TWO_CHOICE) } },
	{ TCP_INGRESS(8401), { CHOICES(TWO_CHOICE) } },
	{ TCP_INGRESS(8402), { CHOICES(TWO_CHOICE) } },
	{ TCP_INGRESS(8403), { CHOICES(FIRST) } },
};

/* Of services with two choices: flows in flight at members 1 and 2, and whether their slots move
 * from the first to the second, which is how a member is drained. */
static const struct fixture_choice {
	struct mg_service_key key;
	__u32 flows[2];
	bool drains;
} fixture_choices[] = {
	{ TCP_INGRESS(8400), { 5, 3 }, false },
	{ INGRESS(WEB_V6, 6, 8400), { 5, 3 }, false },
	{ INGRESS(WEB_V4, 17, 8400), { 5, 3 }, false },
	{ INGRESS(V4(198, 51, 100, 96), 0, 0), { 5, 3 }, false },
	{ TCP_INGRESS(8401), { 0, 9 }, true },
	{ TCP_INGRESS(8402), { 0, 9 }, false },
	{ TCP_INGRESS(8403), { 9, 0 }, false },
};

/* Server IDs; every UDP port is of one service in each scope. */
static const struct fixture_server {
	__u16 port;
	__u8 scope;
	__u8 id[MG_SERVER_ID_MAX];
	__u32 member;
} fixture_servers[] = {
	{ 4433, MG_SCOPE_INGRESS, { 0xaa, 0xbb, 0xcc, 0xdd }, 2 },
	{ 4433, MG_SCOPE_INGRESS, { 0, 0, 0, 1 }, 1 },
	{ 4433, MG_SCOPE_INGRESS, { 0, 0, 0, 3 }, 3 },
	{ 4433, MG_SCOPE_INGRESS, { 0, 1, 0, 2 }, 0x10002 },
	{ 4434, MG_SCOPE_INGRESS, { 0xaa, 0xbb, 0xcc, 0xdd }, 2 },
	{ 4435, MG_SCOPE_INGRESS, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 }, 2 },
	{ 4436, MG_SCOPE_INGRESS, { 7 }, 2 },
	{ 4433, MG_SCOPE_EGRESS, { 0xaa, 0xbb, 0xcc, 0xdd }, 2 },
};

static const __u32 fixture_ports[] = { 1, 2 };

/* What is at lo's number, by which a test run's frames come. */
static inline struct mg_port fixture_port(enum vector_program kind)
{
	return (struct mg_port){ .ifindex = 1, .vrf = kind == VECTOR_VRF ? FIXTURE_VRF : 0 };
}

#define FIXTURE_SERVICES (sizeof(fixture_services) / sizeof(fixture_services[0]))

static inline struct mg_service fixture_service(size_t i)
{
	struct mg_service service = { 0 };

	for (size_t m = 0; m < sizeof(fixture_more) / sizeof(fixture_more[0]); m++) {
		if (!__builtin_memcmp(&fixture_more[m].key, &fixture_services[i].key,
				      sizeof(fixture_more[m].key)))
			service = fixture_more[m].service;
	}
	service.key = fixture_services[i].key;
	service.index = i + 1;
	service.slot_base = i * FIXTURE_SLOTS;
	service.member_base = i * FIXTURE_MEMBERS;
	service.member_count = 2;
	service.affinity = fixture_services[i].affinity;
	return service;
}

static inline struct mg_server_key fixture_server_key(const struct fixture_server *server)
{
	struct mg_server_key key = { 0 };

	for (size_t i = 0; i < FIXTURE_SERVICES; i++) {
		const struct mg_service_key *of = &fixture_services[i].key;

		if (of->proto == 17 && of->port == server->port && of->scope == server->scope)
			key.service = i + 1;
	}
	__builtin_memcpy(key.id, server->id, sizeof(key.id));
	return key;
}

/* NULL: it has not two choices. */
static inline const struct fixture_choice *fixture_choice(size_t i)
{
	for (size_t c = 0; c < sizeof(fixture_choices) / sizeof(fixture_choices[0]); c++) {
		if (!__builtin_memcmp(&fixture_choices[c].key, &fixture_services[i].key,
				      sizeof(fixture_choices[c].key)))
			return &fixture_choices[c];
	}
	return NULL;
}

/* Slots k are 0 and 1, members m 1 and 2. */
static inline struct mg_slot fixture_slot(size_t i, __u16 k)
{
	const struct fixture_choice *choice = fixture_choice(i);

	if (choice && choice->drains)
		return (struct mg_slot){ .now = 2, .prev = 1, .state = MG_SLOT_MOVING };
	if (choice)
		return (struct mg_slot){ .now = 1 + k, .next = 2 - k };
	return (struct mg_slot){ .now = 1, .next = fixture_services[i].next_site ? 2 : 0 };
}

static inline struct mg_member fixture_member(size_t i, __u32 m)
{
	const struct fixture_service *row = &fixture_services[i];

	return (struct mg_member){ .site = m == 1 ? row->site : row->next_site,
				   .weight = FIXTURE_WEIGHT,
				   .state = MG_UP };
}

static inline struct mg_load fixture_load(size_t i, __u32 m)
{
	const struct fixture_choice *choice = fixture_choice(i);

	return (struct mg_load){ .in_flight = choice ? choice->flows[m - 1] * MG_LOAD_FLOW : 0 };
}

static inline struct mg_settings fixture_settings(enum vector_program kind)
{
	const __u64 clock_ns = 1000000000 / FIXTURE_ANSWERS;

	return (struct mg_settings){
		.hash_seed = FIXTURE_SEED,
		.pin_set_mask = FIXTURE_PIN_SET_MASK,
		.service_set_mask = FIXTURE_SERVICE_SETS - 1,
		.vrf_ports = kind == VECTOR_VRF,
		.members = FIXTURE_MEMBERS_ALL,
		.limit[MG_GUARD_ANSWERS] = { clock_ns, clock_ns * FIXTURE_ANSWERS_BURST },
	};
}
