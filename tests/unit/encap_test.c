/* SPDX-License-Identifier: BSD-2-Clause */
/* Checksums and marks; the headers themselves are in packet_test.c. */
#include "base/util.h"
#include "random.h"
#include "target.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static uint16_t checksum(const uint8_t *bytes, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += bytes[i] << 8 | bytes[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static struct ipv4_header random_header(struct random *random)
{
	struct ipv4_header ip;
	uint8_t *bytes = (uint8_t *)&ip;
	uint16_t sum;

	for (size_t i = 0; i < sizeof(ip); i++)
		bytes[i] = random_u64(random);
	ip.version_ihl = IPV4_VERSION;
	ip.ttl |= 2;
	ip.csum = 0;
	sum = checksum(bytes, sizeof(ip));
	ip.csum = BE16(sum);
	return ip;
}

/* RFC 1624: the result is what a sum over the new header gives, 0xffff and 0x0000 included. */
Test(encap, checksum_follows_ttl_and_mark)
{
	struct random random = random_seeded("checksum");

	for (int i = 0; i < 200000; i++) {
		struct ipv4_header ip = random_header(&random);
		struct packet pkt = { .at = &ip, .end = &ip + 1 };
		struct flow flow = { .tos = random_u64(&random), .ttl = ip.ttl, .v4 = true };
		uint8_t hops = random_below(&random, 2);
		uint16_t got;

		cr_assert(encap_inner(&pkt, &flow, hops));
		cr_assert(eq(int, ip.ttl, flow.ttl - hops));
		cr_assert(eq(int, ip.tos, flow.tos));
		got = BE16(ip.csum);
		ip.csum = 0;
		cr_assert(eq(int, got, checksum((uint8_t *)&ip, sizeof(ip))));
	}
}

Test(encap, checksum_of_the_outer_header)
{
	struct random random = random_seeded("outer checksum");

	for (int i = 0; i < 100000; i++) {
		struct ipv4_header ip = random_header(&random);
		uint16_t want = ip.csum;

		ip.csum = 0;
		cr_assert(eq(int, csum_ipv4(&ip), want));
	}
}

/* RFC 6040 figure 4; -1: dropped. Rows: inner not-ECT, ECT(1), ECT(0), CE; columns: outer likewise.
 */
static const int marks[4][4] = {
	{ 0, 0, 0, -1 },
	{ 1, 1, 1, 3 },
	{ 2, 1, 2, 3 },
	{ 3, 3, 3, 3 },
};

Test(encap, marks_at_the_end_of_a_tunnel)
{
	for (int inner = 0; inner < 4; inner++) {
		for (int outer = 0; outer < 4; outer++) {
			struct flow from = { .tos = outer }, to = { .tos = inner };
			enum mg_verdict verdict = decap_ecn(&from, &to);
			int got = verdict == MG_FORWARD ? to.tos : -1;

			cr_expect(eq(int, got, marks[inner][outer]), "inner %d, outer %d", inner,
				  outer);
		}
	}
}

/* Room and what is written are two functions: they have to agree for every pair of families. */
Test(encap, fills_the_room_exactly)
{
	for (int i = 0; i < 24; i++) {
		struct mg_site site = { .encap = i & 1 ? MG_ENCAP_IPIP : MG_ENCAP_NONE };
		struct mg_nexthop nexthop = { .vlan = i & 2 ? 100 : 0 };
		struct flow flow = { .v4 = i & 4, .offset = 14 + i / 8 * 20 };
		_cleanup_(frame_clear) struct frame frame = { .bytes = calloc(1, 120), .len = 120 };
		struct tunnel tunnel;
		struct packet pkt;

		site.outer_dst[0] = 0x20;
		target.site[1] = site;
		target.nexthop[1] = nexthop;
		cr_assert(tunnel_of(&flow, &(struct way){ .site = 1, .nexthop = 1 }, &tunnel));
		frame_grow(&frame, encap_room(&flow, &tunnel));
		pkt = frame_packet(&frame);
		cr_expect(encap_write(&pkt, &flow, &tunnel), "row %d", i);
		cr_expect(eq(sz, pkt.end - pkt.at, 120 - flow.offset - (flow.v4 ? 20 : 40)),
			  "row %d", i);
	}
}
