/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/message.h"
#include "bgp/open.h"
#include "hex.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

/* Version, AS 65000, hold 90, id 192.0.2.1; optional parameters follow. */
#define FIXED "04 fde8 005a c0000201 "
#define NO_AS "04 5ba0 005a c0000201 "
#define V4    BIT(BGP_IPV4_UNICAST)
#define V6    BIT(BGP_IPV6_UNICAST)
#define VPN4  BIT(BGP_VPN_IPV4)
#define VPN6  BIT(BGP_VPN_IPV6)

static const struct {
	const char *name, *hex;
	int want;
	uint8_t subcode; /* of an OPEN error */
	struct bgp_open open;
} vectors[] = {
	{ "no capabilities", FIXED "00", 0, 0, { .as = 65000, .families = V4 } },
	{ "multiprotocol, both",
	  FIXED "0e 02 0c 01 04 0001 00 01 01 04 0002 00 01",
	  0,
	  0,
	  { .as = 65000, .families = V4 | V6 } },
	{ "two parameters",
	  FIXED "10 02 06 01 04 0001 00 01 02 06 01 04 0002 00 01",
	  0,
	  0,
	  { .as = 65000, .families = V4 | V6 } },
	{ "multiprotocol of a strange family",
	  FIXED "08 02 06 01 04 4004 00 47",
	  0,
	  0,
	  { .as = 65000 } },
	{ "4-octet AS",
	  NO_AS "08 02 06 41 04 00010000",
	  0,
	  0,
	  { .as = 65536, .families = V4, .as4 = true } },
	{ "route refresh",
	  FIXED "04 02 02 02 00",
	  0,
	  0,
	  { .as = 65000, .families = V4, .route_refresh = true } },
	{ "extended next hop",
	  FIXED "0a 02 08 05 06 0001 0001 0002",
	  0,
	  0,
	  { .as = 65000, .families = V4, .extended_next_hop = true } },
	{ "extended next hop for VPN only",
	  FIXED "0a 02 08 05 06 0001 0080 0002",
	  0,
	  0,
	  { .as = 65000, .families = V4, .extended_next_hop = VPN4 } },
	{ "extended next hop for a family of IPv6",
	  FIXED "0a 02 08 05 06 0002 0080 0002",
	  0,
	  0,
	  { .as = 65000, .families = V4 } },
	{ "VPNs",
	  FIXED "0e 02 0c 01 04 0001 00 80 01 04 0002 00 80",
	  0,
	  0,
	  { .as = 65000, .families = VPN4 | VPN6 } },
	{ "Add-Path of VPNs",
	  FIXED "0c 02 0a 45 08 0001 80 03 0002 80 01",
	  0,
	  0,
	  { .as = 65000, .families = V4, .add_path_send = VPN4, .add_path_receive = VPN4 | VPN6 } },
	{ "Add-Path",
	  FIXED "0c 02 0a 45 08 0001 01 03 0002 01 01",
	  0,
	  0,
	  { .as = 65000, .families = V4, .add_path_send = V4, .add_path_receive = V4 | V6 } },
	{ "Add-Path, mode 4",
	  FIXED "08 02 06 45 04 0001 01 04",
	  0,
	  0,
	  { .as = 65000, .families = V4 } },
	{ "Add-Path, mode 7",
	  FIXED "08 02 06 45 04 0001 01 07",
	  0,
	  0,
	  { .as = 65000, .families = V4 } },
	{ "edge metadata, one family",
	  FIXED "08 02 06 4e 04 01 0002 01",
	  0,
	  0,
	  { .as = 65000, .families = V4, .edge_metadata = V6 } },
	{ "edge metadata, any family",
	  FIXED "05 02 03 4e 01 80",
	  0,
	  0,
	  { .as = 65000, .families = V4, .edge_metadata = V4 | V6 | VPN4 | VPN6 } },
	{ "extended message and enhanced refresh",
	  FIXED "06 02 04 06 00 46 00",
	  0,
	  0,
	  { .as = 65000, .families = V4, .extended_message = true, .enhanced_refresh = true } },
	{ "graceful, helper only",
	  FIXED "06 02 04 40 02 0000",
	  0,
	  0,
	  { .as = 65000, .families = V4, .graceful = true } },
	{ "graceful, restarted, N, F of one family",
	  FIXED "0e 02 0c 40 0a c078 0001 01 80 0002 01 00",
	  0,
	  0,
	  { .as = 65000,
	    .families = V4,
	    .graceful = true,
	    .restarted = true,
	    .graceful_notification = true,
	    .restart_s = 120,
	    .graceful_families = V4 | V6,
	    .forwarding = V4 } },
	{ "graceful, longest time, another family and unknown flags",
	  FIXED "0a 02 08 40 06 3fff 0001 05 ff",
	  0,
	  0,
	  { .as = 65000, .families = V4, .graceful = true, .restart_s = 4095 } },
	{ "graceful twice: the last one counts",
	  FIXED "0e 02 0c 40 06 8001 0001 01 80 40 02 0002",
	  0,
	  0,
	  { .as = 65000, .families = V4, .graceful = true, .restart_s = 2 } },
	{ "long-lived, two families",
	  FIXED "12 02 10 47 0e 0001 01 80 000e10 0002 01 00 ffffff",
	  0,
	  0,
	  { .as = 65000,
	    .families = V4,
	    .long_lived = true,
	    .long_lived_families = V4 | V6,
	    .long_lived_forwarding = V4,
	    .long_lived_s = { 3600, 0xffffff } } },
	{ "long-lived, no family",
	  FIXED "04 02 02 47 00",
	  0,
	  0,
	  { .as = 65000, .families = V4, .long_lived = true } },
	{ "unknown capability",
	  FIXED "06 02 04 fe 02 abcd",
	  0,
	  0,
	  { .as = 65000, .families = V4 } },
	{ "extended parameters",
	  FIXED "ff ff 0007 02 0004 fe 02 abcd",
	  0,
	  0,
	  { .as = 65000, .families = V4 } },
	{ "version 3", "03 fde8 005a c0000201 00", -EBADMSG, OPEN_BAD_VERSION, { 0 } },
	{ "AS 0", "04 0000 005a c0000201 00", -EBADMSG, OPEN_BAD_PEER_AS, { 0 } },
	{ "4-octet AS 0", FIXED "08 02 06 41 04 00000000", -EBADMSG, OPEN_BAD_PEER_AS, { 0 } },
	{ "hold time 2", "04 fde8 0002 c0000201 00", -EBADMSG, OPEN_BAD_HOLD_TIME, { 0 } },
	{ "hold time 1", "04 fde8 0001 c0000201 00", -EBADMSG, OPEN_BAD_HOLD_TIME, { 0 } },
	{ "identifier 0", "04 fde8 005a 00000000 00", -EBADMSG, OPEN_BAD_IDENTIFIER, { 0 } },
	{ "authentication parameter",
	  FIXED "03 01 01 00",
	  -EBADMSG,
	  OPEN_UNSUPPORTED_PARAMETER,
	  { 0 } },
	{ "parameter past the end", FIXED "03 02 02 02", -EBADMSG, OPEN_UNSPECIFIC, { 0 } },
	{ "capability past its parameter",
	  FIXED "04 02 02 02 01",
	  -EBADMSG,
	  OPEN_UNSPECIFIC,
	  { 0 } },
	{ "octets behind the parameters", FIXED "00 00", -EBADMSG, OPEN_UNSPECIFIC, { 0 } },
	{ "multiprotocol of 3", FIXED "07 02 05 01 03 0001 00", -EBADMSG, OPEN_UNSPECIFIC, { 0 } },
	{ "4-octet AS of 3", FIXED "07 02 05 41 03 000100", -EBADMSG, OPEN_UNSPECIFIC, { 0 } },
	{ "route refresh of 1", FIXED "05 02 03 02 01 00", -EBADMSG, OPEN_UNSPECIFIC, { 0 } },
	{ "Add-Path of 5", FIXED "09 02 07 45 05 0001 01 03 00", -EBADMSG, OPEN_UNSPECIFIC, { 0 } },
	{ "extended message of 1", FIXED "05 02 03 06 01 00", -EBADMSG, OPEN_UNSPECIFIC, { 0 } },
	{ "graceful of 0", FIXED "04 02 02 40 00", -EBADMSG, OPEN_UNSPECIFIC, { 0 } },
	{ "graceful of 1", FIXED "05 02 03 40 01 00", -EBADMSG, OPEN_UNSPECIFIC, { 0 } },
	{ "graceful of 3", FIXED "07 02 05 40 03 000000", -EBADMSG, OPEN_UNSPECIFIC, { 0 } },
	{ "graceful of 5", FIXED "09 02 07 40 05 0000 0001 01", -EBADMSG, OPEN_UNSPECIFIC, { 0 } },
	{ "long-lived of 6",
	  FIXED "0a 02 08 47 06 0001 01 80 0000",
	  -EBADMSG,
	  OPEN_UNSPECIFIC,
	  { 0 } },
	{ "long-lived of 8",
	  FIXED "0c 02 0a 47 08 0001 01 80 000000 00",
	  -EBADMSG,
	  OPEN_UNSPECIFIC,
	  { 0 } },
	{ "edge metadata, count too high",
	  FIXED "08 02 06 4e 04 02 0002 01",
	  -EBADMSG,
	  OPEN_UNSPECIFIC,
	  { 0 } },
};

static void expect_same(const char *name, const struct bgp_open *a, const struct bgp_open *b)
{
	cr_expect(eq(u32, a->as, b->as), "%s", name);
	cr_expect(eq(u32, a->families, b->families), "%s", name);
	cr_expect(eq(u32, a->add_path_send, b->add_path_send), "%s", name);
	cr_expect(eq(u32, a->add_path_receive, b->add_path_receive), "%s", name);
	cr_expect(eq(u32, a->edge_metadata, b->edge_metadata), "%s", name);
	cr_expect(eq(int, a->extended_next_hop, b->extended_next_hop), "%s", name);
	cr_expect(eq(int, a->route_refresh, b->route_refresh), "%s", name);
	cr_expect(eq(int, a->as4, b->as4), "%s", name);
	cr_expect(eq(int, a->enhanced_refresh, b->enhanced_refresh), "%s", name);
	cr_expect(eq(int, a->extended_message, b->extended_message), "%s", name);
	cr_expect(eq(int, a->graceful, b->graceful), "%s", name);
	cr_expect(eq(int, a->restarted, b->restarted), "%s", name);
	cr_expect(eq(int, a->graceful_notification, b->graceful_notification), "%s", name);
	cr_expect(eq(u16, a->restart_s, b->restart_s), "%s", name);
	cr_expect(eq(u32, a->graceful_families, b->graceful_families), "%s", name);
	cr_expect(eq(u32, a->forwarding, b->forwarding), "%s", name);
	cr_expect(eq(int, a->long_lived, b->long_lived), "%s", name);
	cr_expect(eq(u32, a->long_lived_families, b->long_lived_families), "%s", name);
	cr_expect(eq(u32, a->long_lived_forwarding, b->long_lived_forwarding), "%s", name);
	for (int i = 0; i < BGP_FAMILY_COUNT; i++)
		cr_expect(eq(u32, a->long_lived_s[i], b->long_lived_s[i]), "%s", name);
}

Test(open, decodes)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		size_t len;
		_cleanup_(freep) uint8_t *bytes = unhex(vectors[i].hex, &len);
		struct cursor c = cursor_of(bytes, len);
		struct notification fault = { 0 };
		struct bgp_open open = { 0 };
		int r = open_decode(&c, OPEN_EDGE_METADATA, &open, &fault);

		cr_expect(eq(int, r, vectors[i].want), "%s", vectors[i].name);
		expect_same(vectors[i].name, &open, &vectors[i].open);
		if (r < 0) {
			cr_expect(eq(u8, fault.code, NOTIFICATION_OPEN), "%s", vectors[i].name);
			cr_expect(eq(u8, fault.subcode, vectors[i].subcode), "%s", vectors[i].name);
			continue;
		}
		cr_expect(eq(u16, open.hold_s, 90), "%s", vectors[i].name);
		cr_expect(eq(u8, open.id[0], 192), "%s", vectors[i].name);
	}
}

Test(open, refuses_every_truncation)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		size_t whole;
		_cleanup_(freep) uint8_t *bytes = unhex(vectors[i].hex, &whole);

		for (size_t len = 0; len < whole && !vectors[i].want; len++) {
			_cleanup_(freep) uint8_t *cut = malloc(len ? len : 1);
			struct cursor c = cursor_of(memcpy(cut, bytes, len), len);
			struct notification fault;
			struct bgp_open open;

			cr_expect(lt(int, open_decode(&c, OPEN_EDGE_METADATA, &open, &fault), 0),
				  "%s, %zu octets", vectors[i].name, len);
		}
	}
}

static int reencode(const struct bgp_open *open, struct bgp_open *ret)
{
	_cleanup_(freep) uint8_t *bytes = malloc(MESSAGE_MAX);
	struct writer w = writer_of(bytes, MESSAGE_MAX);
	struct notification fault;
	struct message m;
	struct cursor c;

	open_encode(open, &w);
	cr_assert(not(w.bad));
	c = cursor_of(bytes, writer_len(&w));
	cr_assert(eq(int, message_read(&c, &m, &fault), 1));
	return open_decode(&m.body, open->edge_metadata_code, ret, &fault);
}

Test(open, reads_back)
{
	for (uint32_t bits = 0; bits < 1 << 11; bits++) {
		const uint32_t vpn = bits & 1 ? VPN4 | VPN6 : 0;
		struct bgp_open open = {
			.as = bits & 1 ? 4200000000 : 64512,
			.hold_s = 30,
			.id = { 10, 0, 0, 1 },
			.as4 = true,
			.families = (bits >> 1 & 3 ? bits >> 1 & 3 : 1) | vpn,
			.add_path_send = (bits >> 3 & 3) | (bits >> 1 & vpn),
			.add_path_receive = (bits >> 5 & 3) | (bits >> 3 & vpn),
			.edge_metadata = (bits >> 7 & 3) | (bits >> 2 & vpn),
			.edge_metadata_code = OPEN_EDGE_METADATA,
			.extended_next_hop = (bits >> 9 & 1) | (vpn & VPN4),
			.route_refresh = bits >> 10 & 1,
		};
		struct bgp_open back = { 0 };

		cr_expect(eq(int, reencode(&open, &back), 0), "bits %x", bits);
		expect_same("read back", &back, &open);
	}
}

Test(open, reads_back_restarts)
{
	for (uint32_t bits = 0; bits < 1 << 9; bits++) {
		struct bgp_open open = {
			.as = 64512,
			.hold_s = 30,
			.id = { 10, 0, 0, 1 },
			.as4 = true,
			.families = V4,
			.graceful = true,
			.restarted = bits & 1,
			.graceful_notification = bits >> 1 & 1,
			.restart_s = bits & 4 ? 4095 : 1,
			.extended_message = bits >> 1 & 1,
			.enhanced_refresh = bits >> 2 & 1,
			.graceful_families = bits >> 3 & 3,
			.forwarding = bits >> 3 & bits >> 5 & 3,
			.long_lived = bits >> 7 & 1,
		};
		struct bgp_open back = { 0 };

		if (open.long_lived && bits >> 8) {
			open.long_lived_families = open.graceful_families;
			open.long_lived_forwarding = open.forwarding;
			for (int i = 0; i < BGP_FAMILY_COUNT; i++)
				if (open.long_lived_families & BIT(i))
					open.long_lived_s[i] = 0xfffffe - (uint32_t)i;
		}
		cr_expect(eq(int, reencode(&open, &back), 0), "bits %x", bits);
		expect_same("read back", &back, &open);
	}
}

Test(open, negotiates)
{
	struct bgp_open ours = { .as = 65000,
				 .families = V4 | V6,
				 .as4 = true,
				 .add_path_send = V4 | V6,
				 .add_path_receive = V4,
				 .extended_next_hop = true,
				 .edge_metadata = V4 | V6 };
	struct bgp_open theirs = { .as = 65000,
				   .families = V4,
				   .as4 = true,
				   .add_path_send = V4 | V6,
				   .add_path_receive = V6,
				   .edge_metadata = V6 };
	struct bgp_codec codec = open_negotiate(&ours, &theirs);

	cr_expect(codec.ibgp);
	cr_expect(codec.as4);
	cr_expect(not(codec.extended_next_hop));
	cr_expect(eq(u32, codec.families, V4));
	cr_expect(eq(u32, codec.add_path_in, V4));
	cr_expect(eq(u32, codec.add_path_out, 0)); /* they take it for a family they lack */
	cr_expect(eq(u32, codec.edge_metadata, 0));
	theirs.as = 65001;
	cr_expect(not(open_negotiate(&ours, &theirs).ibgp));
}
