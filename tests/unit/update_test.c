/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/message.h"
#include "bgp_bytes.h"
#include "random.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>

#define BASE                                                                                \
	"40 01 01 00 40 02 00 40 05 04 00000064 " /* 14 octets: ORIGIN, AS_PATH, LOCAL_PREF \
						   */
#define VIA_V4 "40 03 04 c0000209 "               /* 7 */
#define V6_NH  "10 20010db8000000000000000000000009 00 "
#define MP_V6  "80 0e 1a 0002 01 " V6_NH "20 20010db8 " /* 29 */
#define MP_OUT "80 0f 08 0002 01 20 20010db8 "          /* 11 */

/* What a message does, a line each: "+prefix via next hop" or "-prefix". */
static void print(struct bgp_update *update, char *ret)
{
	struct update_item item;

	*ret = '\0';
	while (update_next(update, &item)) {
		char prefix[PREFIX_STRLEN], via[ADDR_STRLEN];

		prefix_format(&item.nlri.dst.prefix, prefix);
		if (item.path)
			ret += sprintf(ret, "+%s#%u via %s ", prefix, item.nlri.path_id,
				       addr_format(&item.path->next_hop, via));
		else
			ret += sprintf(ret, "-%s#%u ", prefix, item.nlri.path_id);
	}
}

static const struct {
	const char *name, *hex;
	enum fault want;
	uint8_t subcode; /* with FAULT_RESET */
	const char *does;
} vectors[] = {
	{ "announces", "0000 0015" BASE VIA_V4 "18 cb0071", FAULT_NONE, 0,
	  "+203.0.113.0/24#0 via 192.0.2.9 " },
	{ "withdraws", "0004 18 cb0071 0000", FAULT_NONE, 0, "-203.0.113.0/24#0 " },
	{ "both", "0004 18 cb0071 0015" BASE VIA_V4 "08 0a", FAULT_NONE, 0,
	  "-203.0.113.0/24#0 +10.0.0.0/8#0 via 192.0.2.9 " },
	{ "IPv6", "0000 002b" BASE MP_V6, FAULT_NONE, 0, "+2001:db8::/32#0 via 2001:db8::9 " },
	{ "IPv6 withdrawn", "0000 000b" MP_OUT, FAULT_NONE, 0, "-2001:db8::/32#0 " },
	{ "IPv6 and classic, each with its next hop", "0000 0032" BASE VIA_V4 MP_V6 "08 0a",
	  FAULT_NONE, 0, "+10.0.0.0/8#0 via 192.0.2.9 +2001:db8::/32#0 via 2001:db8::9 " },
	{ "IPv4 over IPv6", "0000 0028" BASE "80 0e 17 0001 01 " V6_NH "08 0a", FAULT_NONE, 0,
	  "+10.0.0.0/8#0 via 2001:db8::9 " },

	/* RFC 7606 section 3 (d) */
	{ "no ORIGIN", "0000 0011 40 02 00 40 05 04 00000064" VIA_V4 "08 0a", FAULT_WITHDRAW, 0,
	  "-10.0.0.0/8#0 " },
	{ "no AS_PATH", "0000 000b 40 01 01 00" VIA_V4 "08 0a", FAULT_WITHDRAW, 0,
	  "-10.0.0.0/8#0 " },
	{ "no NEXT_HOP", "0000 000e" BASE "08 0a", FAULT_WITHDRAW, 0, "-10.0.0.0/8#0 " },
	{ "MP_REACH has its own next hop", "0000 002b" BASE MP_V6 "", FAULT_NONE, 0,
	  "+2001:db8::/32#0 via 2001:db8::9 " },
	{ "no attributes at all", "0000 0000 08 0a", FAULT_WITHDRAW, 0, "-10.0.0.0/8#0 " },
	{ "next hop 0.0.0.0", "0000 0015" BASE "40 03 04 00000000 08 0a", FAULT_WITHDRAW, 0,
	  "-10.0.0.0/8#0 " },
	{ "next hop multicast", "0000 0015" BASE "40 03 04 e0000001 08 0a", FAULT_WITHDRAW, 0,
	  "-10.0.0.0/8#0 " },
	{ "next hop ::",
	  "0000 002b" BASE "80 0e 1a 0002 01 10 00000000000000000000000000000000 00 20 20010db8",
	  FAULT_WITHDRAW, 0, "-2001:db8::/32#0 " },

	/* Section 2: all prefixes of the message, wherever they stand */
	{ "a bad MED withdraws all", "0000 0038" BASE VIA_V4 MP_V6 "80 04 03 000001 08 0a",
	  FAULT_WITHDRAW, 0, "-10.0.0.0/8#0 -2001:db8::/32#0 " },
	{ "a bad flag of MP_REACH withdraws its prefixes",
	  "0000 002b" BASE "c0 0e 1a 0002 01 " V6_NH "20 20010db8", FAULT_WITHDRAW, 0,
	  "-2001:db8::/32#0 " },
	{ "attributes past their field", "0000 0014" BASE "40 03 04 c00002 08 0a", FAULT_WITHDRAW,
	  0, "-10.0.0.0/8#0 " },
	{ "a bad aggregator is ignored", "0000 001a" BASE VIA_V4 "c0 07 02 0000 08 0a",
	  FAULT_DISCARD, 0, "+10.0.0.0/8#0 via 192.0.2.9 " },

	/* Section 3 (j) and 5.3: where prefixes cannot be read */
	{ "withdrawn past the message", "0005 18 cb0071 0000", FAULT_RESET, 1, "" },
	{ "attributes past the message", "0000 0016" BASE VIA_V4, FAULT_RESET, 1, "" },
	{ "no attribute length", "0000", FAULT_RESET, 1, "" },
	{ "half a length", "00", FAULT_RESET, 1, "" },
	{ "empty body", "", FAULT_RESET, 1, "" },
	{ "prefix of 33", "0000 0015" BASE VIA_V4 "21 cb00710000", FAULT_RESET, 10, "" },
	{ "prefix cut", "0000 0015" BASE VIA_V4 "18 cb00", FAULT_RESET, 10, "" },
	{ "withdrawn prefix of 33", "0006 21 cb00710000 0000", FAULT_RESET, 10, "" },
	{ "MP prefix cut", "0000 002b" BASE "80 0e 1a 0002 01 " V6_NH "30 20010db8", FAULT_RESET, 9,
	  "" },
	{ "unknown well-known attribute", "0000 0018" BASE VIA_V4 "40 63 00 08 0a", FAULT_RESET, 2,
	  "" },
	{ "reset though a withdrawal came first",
	  "0000 0019" BASE "80 04 01 00 40 63 00 80 04 01 00 08 0a", FAULT_RESET, 2, "" },
};

Test(update, decodes)
{
	struct bgp_codec codec = codec_ibgp();

	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		size_t len;
		_cleanup_(freep) uint8_t *bytes = unhex(vectors[i].hex, &len);
		_cleanup_(freep) struct bgp_update *update = malloc(sizeof(*update));
		char text[512];

		cr_expect(eq(int, update_decode(&codec, cursor_of(bytes, len), update),
			     vectors[i].want),
			  "%s", vectors[i].name);
		cr_expect(eq(u8, update->notification.subcode, vectors[i].subcode), "%s",
			  vectors[i].name);
		cr_expect(not(update->end_of_rib), "%s", vectors[i].name);
		print(update, text);
		cr_expect(eq(str, text, (char *)vectors[i].does), "%s", vectors[i].name);
	}
}

/* Cut anywhere, a message announces nothing it did not announce whole. */
Test(update, no_truncation_passes)
{
	struct bgp_codec codec = codec_ibgp();

	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		size_t whole;
		_cleanup_(freep) uint8_t *bytes = unhex(vectors[i].hex, &whole);
		_cleanup_(freep) struct bgp_update *update = malloc(sizeof(*update));

		for (size_t len = 0; len < whole; len++) {
			_cleanup_(freep) uint8_t *cut = malloc(len ? len : 1);
			char text[512];

			memcpy(cut, bytes, len);
			update_decode(&codec, cursor_of(cut, len), update);
			print(update, text);
			cr_expect(text[0] == '\0' || strstr(vectors[i].does, text) != NULL,
				  "%s, %zu octets: %s", vectors[i].name, len, text);
		}
	}
}

static const struct {
	const char *name, *hex;
	bool want;
	enum bgp_family family;
} ends[] = {
	{ "IPv4", "0000 0000", true, BGP_IPV4_UNICAST },
	{ "IPv6", "0000 0006 80 0f 03 0002 01", true, BGP_IPV6_UNICAST },
	{ "IPv6, extended length", "0000 0007 90 0f 0003 0002 01", true, BGP_IPV6_UNICAST },
	{ "IPv4 by MP_UNREACH", "0000 0006 80 0f 03 0001 01", true, BGP_IPV4_UNICAST },
	{ "IPv4 in VPNs", "0000 0006 80 0f 03 0001 80", true, BGP_VPN_IPV4 },
	{ "IPv6 in VPNs", "0000 0006 80 0f 03 0002 80", true, BGP_VPN_IPV6 },
	{ "a family that is none of ours", "0000 0006 80 0f 03 4004 47", false, 0 },
	{ "a withdrawal", "0000 000b" MP_OUT, false, 0 },
	{ "a classic withdrawal beside it", "0002 08 0a 0006 80 0f 03 0002 01", false, 0 },
	{ "attributes without prefixes", "0000 000e" BASE, false, 0 },
};

Test(update, recognises_end_of_rib)
{
	struct bgp_codec codec = codec_ibgp();

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		size_t len;
		_cleanup_(freep) uint8_t *bytes = unhex(ends[i].hex, &len);
		_cleanup_(freep) struct bgp_update *update = malloc(sizeof(*update));

		update_decode(&codec, cursor_of(bytes, len), update);
		cr_expect(eq(int, update->end_of_rib, ends[i].want), "%s", ends[i].name);
		cr_expect(eq(int, update->end_of_rib_family, ends[i].family), "%s", ends[i].name);
	}
}

/* Decodes one message that was just written; its bytes must live as long as the update. */
static void read_back(const struct bgp_codec *codec, const struct writer *w,
		      struct bgp_update *update)
{
	struct cursor c = cursor_of(w->start, writer_len(w));
	struct notification fault;
	struct message m;

	cr_assert(not(w->bad));
	cr_assert(eq(int, message_read(&c, &m, &fault), 1));
	cr_assert(eq(sz, cursor_left(&c), 0));
	update_decode(codec, m.body, update);
}

Test(update, writes_end_of_rib)
{
	struct bgp_codec codec = codec_ibgp();

	for (int family = 0; family < BGP_FAMILY_COUNT; family++) {
		_cleanup_(freep) struct bgp_update *update = malloc(sizeof(*update));
		uint8_t bytes[64];
		struct writer w = writer_of(bytes, sizeof(bytes));

		update_encode_end_of_rib((enum bgp_family)family, &w);
		read_back(&codec, &w, update);
		cr_expect(update->end_of_rib);
		cr_expect(eq(int, update->end_of_rib_family, family));
	}
}

static struct bgp_nlri nlri_of(const char *text, uint8_t len)
{
	struct addr addr;

	cr_assert(eq(int, addr_parse(text, &addr), 0));
	return (struct bgp_nlri){ .dst.prefix = prefix_of(&addr, len), .path_id = 7 };
}

/* A service as its egress announces it. */
static struct bgp_path own_path(const char *next_hop)
{
	struct bgp_path path = {
		.has = BGP_HAS_REPORT | BGP_HAS_SITE_ID,
		.site_id = 3,
		.report = { .has = REPORT_CAPACITY | REPORT_SERVICE_TIME,
			    .capacity = 8,
			    .service_time_s = 0.05 },
		.tunnel = { .kind = BGP_TUNNEL_SRV6, .behavior = 20 },
	};

	cr_assert(eq(int, addr_parse(next_hop, &path.next_hop), 0));
	cr_assert(eq(int, addr_parse("2001:db8:5:1::46", &path.tunnel.endpoint), 0));
	return path;
}

#define OWN_COMMUNITIES                                   \
	"c0 10 28 8301 41000000 00ff 8302 3d4cc000 0003 " \
	"8307 20010db80005 8308 000100000000 8309 000000460014 "
#define OWN_SID      "c0 28 1c 05 0019 00 01 0015 00 20010db8000500010000000000000046 00 0014 00 "
#define OWN_METADATA "80 2a 10 0002 05 80 0003 0000 0005 05 00 00001f40 "

static const struct {
	const char *name, *prefix, *next_hop, *hex; /* the message's body */
	bool ebgp, plain, add_path;
} written[] = {
	{ "IPv4", "203.0.113.80", "192.0.2.9",
	  "0000 0072 40 01 01 00 40 02 00" VIA_V4
	  "40 05 04 00000064" OWN_COMMUNITIES OWN_SID OWN_METADATA "20 cb007150",
	  false, false, false },
	{ "IPv4 with a path id", "203.0.113.80", "192.0.2.9",
	  "0000 0072 40 01 01 00 40 02 00" VIA_V4
	  "40 05 04 00000064" OWN_COMMUNITIES OWN_SID OWN_METADATA "00000007 20 cb007150",
	  false, false, true },
	{ "IPv4 over IPv6", "203.0.113.80", "2001:db8::9",
	  "0000 0089 90 0e 001a 0001 01 " V6_NH
	  "20 cb007150 40 01 01 00 40 02 00 40 05 04 00000064" OWN_COMMUNITIES OWN_SID OWN_METADATA,
	  false, false, false },
	{ "IPv6", "2001:db8::", "2001:db8::9",
	  "0000 0095 90 0e 0026 0002 01 " V6_NH
	  "80 20010db8000000000000000000000000 40 01 01 00 40 02 00 40 05 04 "
	  "00000064" OWN_COMMUNITIES OWN_SID OWN_METADATA,
	  false, false, false },
	{ "another AS: no LOCAL_PREF", "203.0.113.80", "192.0.2.9",
	  "0000 006b 40 01 01 00 40 02 00" VIA_V4 OWN_COMMUNITIES OWN_SID OWN_METADATA
	  "20 cb007150",
	  true, false, false },
	{ "a neighbour that knows no attribute 42", "203.0.113.80", "192.0.2.9",
	  "0000 005f 40 01 01 00 40 02 00" VIA_V4 "40 05 04 00000064" OWN_COMMUNITIES OWN_SID
	  "20 cb007150",
	  false, true, false },
};

Test(update, writes_our_routes)
{
	for (size_t i = 0; i < ARRAY_SIZE(written); i++) {
		struct bgp_codec codec = codec_ibgp();
		struct bgp_path path = own_path(written[i].next_hop);
		struct bgp_nlri nlri = nlri_of(written[i].prefix, 128);
		size_t want_len;
		_cleanup_(freep) uint8_t *want = unhex(written[i].hex, &want_len);
		_cleanup_(freep) uint8_t *bytes = malloc(MESSAGE_MAX);
		struct writer w = writer_of(bytes, MESSAGE_MAX);
		char text[512];

		codec.ibgp = !written[i].ebgp;
		codec.edge_metadata = written[i].plain ? 0 : FAMILIES;
		codec.add_path_out = written[i].add_path ? FAMILIES : 0;
		cr_expect(eq(sz, update_encode(&codec, &path, &nlri, 1, &w), 1));
		cr_expect(writer_len(&w) == MESSAGE_HEADER_LEN + want_len &&
				  !memcmp(bytes + MESSAGE_HEADER_LEN, want, want_len),
			  "%s: %s", written[i].name,
			  hexdump(bytes + MESSAGE_HEADER_LEN, writer_len(&w) - MESSAGE_HEADER_LEN,
				  text, sizeof(text)));
	}
}

Test(update, needs_rfc_8950_for_ipv4_over_ipv6)
{
	struct bgp_codec codec = codec_ibgp();
	struct bgp_path path = own_path("2001:db8::9");
	struct bgp_nlri nlri = nlri_of("203.0.113.80", 32);
	_cleanup_(freep) uint8_t *bytes = malloc(MESSAGE_MAX);
	struct writer w = writer_of(bytes, MESSAGE_MAX);

	codec.extended_next_hop = false;
	cr_expect(eq(sz, update_encode(&codec, &path, &nlri, 1, &w), 0));
	cr_expect(eq(sz, writer_len(&w), 0));
}

/* What is passed on leaves as it came, octet by octet, but for what the neighbour may not have. */
Test(update, passes_on_unchanged)
{
	static const char attrs[] =
		"40 01 01 02 40 02 06 02 01 00010000" VIA_V4 "80 04 04 00000005 40 05 04 000000c8"
		"40 06 00 c0 07 08 00010000 c0000201 e0 08 04 fde80001 80 09 04 c0000207"
		"80 0a 04 c0000208 c0 10 10 8301 41000000 00ff 8363 00000000 0001"
		"c0 17 0c 0007 0008 06 06 00000000 0000"
		"c0 28 1c 05 0019 00 01 0015 00 20010db8000500010000000000000046 00 0001 00"
		"80 2a 0c 0001 05 00 00000064 0009 01 aa e0 63 02 abcd";
	struct bgp_codec codec = codec_ibgp();
	struct bgp_nlri nlri = nlri_of("203.0.113.80", 32);
	size_t attrs_len;
	_cleanup_(freep) uint8_t *want = unhex(attrs, &attrs_len);
	_cleanup_(freep) uint8_t *body = calloc(1, 4 + attrs_len + 5);
	_cleanup_(freep) uint8_t *bytes = malloc(MESSAGE_MAX);
	_cleanup_(freep) struct bgp_update *update = malloc(sizeof(*update));
	struct writer w = writer_of(body, 4 + attrs_len + 5);
	struct update_item item;
	char text[512];

	writer_u16(&w, 0);
	writer_u16(&w, (uint16_t)attrs_len);
	writer_bytes(&w, want, attrs_len);
	nlri_encode(BGP_IPV4_UNICAST, false, 0, &nlri, 1, &w);
	cr_assert(eq(int, update_decode(&codec, cursor_of(body, writer_len(&w)), update),
		     FAULT_NONE));
	cr_assert(update_next(update, &item));
	cr_expect(ne(u32, item.path->has & BGP_HAS_REPORT, 0));

	w = writer_of(bytes, MESSAGE_MAX);
	cr_assert(eq(sz, update_encode(&codec, item.path, &item.nlri, 1, &w), 1));
	cr_expect(writer_len(&w) == MESSAGE_HEADER_LEN + 4 + attrs_len + 5 &&
			  !memcmp(bytes + MESSAGE_HEADER_LEN, body, 4 + attrs_len + 5),
		  "%s", hexdump(bytes + MESSAGE_HEADER_LEN, writer_len(&w), text, sizeof(text)));
}

/* As FRR 8.4.4 reflects what OWN_COMMUNITIES, OWN_SID and OWN_METADATA say: communities sorted, MED
 * added, Prefix-SID and attribute 42 gone. The tunnel has to come by community. */
Test(update, reads_what_frr_reflects)
{
	struct bgp_codec codec = codec_ibgp();
	size_t len;
	_cleanup_(freep) uint8_t *bytes =
		unhex("0000 0056 40 01 01 00 50 02 0000 40 03 04 0a090002 80 04 04 00000000"
		      "40 05 04 00000064 80 09 04 0a090002 80 0a 04 0a090001" OWN_COMMUNITIES
		      "00000002 20 cb007150",
		      &len);
	_cleanup_(freep) struct bgp_update *update = malloc(sizeof(*update));
	struct bgp_path own = own_path("10.9.0.2");
	struct update_item item;

	codec.add_path_in = FAMILIES;
	cr_assert(eq(int, update_decode(&codec, cursor_of(bytes, len), update), FAULT_NONE));
	cr_assert(update_next(update, &item));
	cr_assert(item.path != NULL);
	cr_expect(eq(u32, item.nlri.path_id, 2));
	cr_expect(eq(int, item.path->tunnel.kind, BGP_TUNNEL_SRV6));
	cr_expect(eq(u16, item.path->tunnel.behavior, 20));
	cr_expect(addr_equal(&item.path->tunnel.endpoint, &own.tunnel.endpoint));
	cr_expect(eq(u32, item.path->carrier, BGP_CARRIER_COMMUNITY));
	cr_expect(eq(dbl, item.path->report.capacity, 8));
	cr_expect(eq(u16, item.path->site_id, 3));
}

/* As many as fit, and the rest in further messages; none is lost, none longer than 4096. */
Test(update, splits_long_lists)
{
	enum { COUNT = 3000 };
	_cleanup_(freep) struct bgp_nlri *list = calloc(COUNT, sizeof(*list));
	_cleanup_(freep) struct bgp_update *update = malloc(sizeof(*update));
	_cleanup_(freep) uint8_t *bytes = malloc(2 * MESSAGE_MAX);
	struct bgp_codec codec = codec_ibgp();
	static const char *const hops[] = { "192.0.2.9", "2001:db8::9" };

	for (int round = 0; round < 4; round++) {
		struct bgp_path path = own_path(hops[round & 1]);
		size_t n = 0, seen = 0;

		codec.add_path_in = codec.add_path_out = round & 2 ? FAMILIES : 0;
		for (size_t i = 0; i < COUNT; i++) {
			list[i] = nlri_of("10.0.0.0", 32);
			list[i].dst.prefix.addr.octet[14] = (uint8_t)(i >> 8);
			list[i].dst.prefix.addr.octet[15] = (uint8_t)i;
		}
		while (n < COUNT) {
			struct writer w = writer_of(bytes, 2 * MESSAGE_MAX);
			size_t some = update_encode(&codec, &path, list + n, COUNT - n, &w);
			struct update_item item;

			cr_assert(ne(sz, some, 0));
			cr_expect(le(sz, writer_len(&w), MESSAGE_MAX));
			cr_expect(n + some == COUNT || writer_len(&w) > MESSAGE_MAX - 10);
			read_back(&codec, &w, update);
			cr_assert(eq(int, update->fault, FAULT_NONE));
			while (update_next(update, &item))
				cr_expect(prefix_equal(&item.nlri.dst.prefix,
						       &list[seen++].dst.prefix));
			n += some;
			cr_expect(eq(sz, seen, n));
		}
	}
}

Test(update, withdraws)
{
	static const char *const prefixes[] = { "203.0.113.80", "2001:db8::80" };
	struct bgp_codec codec = codec_ibgp();

	codec.add_path_in = codec.add_path_out = FAMILIES;
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		for (size_t size = 19; size < 64; size++) {
			_cleanup_(freep) struct bgp_update *update = malloc(sizeof(*update));
			_cleanup_(freep) uint8_t *bytes = malloc(size);
			struct bgp_nlri nlri = nlri_of(prefixes[i], 128);
			struct writer w = writer_of(bytes, size);
			size_t need = i ? 19 + 4 + 4 + 3 + 21 : 19 + 4 + 9;
			struct update_item item;

			cr_expect(
				eq(sz, update_encode_withdraw(&codec, &nlri, 1, &w), size >= need),
				"%zu", size);
			if (size < need)
				continue;
			read_back(&codec, &w, update);
			cr_assert(update_next(update, &item));
			cr_expect(prefix_equal(&item.nlri.dst.prefix, &nlri.dst.prefix));
			cr_expect(eq(u32, item.nlri.path_id, 7));
			cr_expect(item.path == NULL);
			cr_expect(not(update_next(update, &item)));
		}
}

static void draw_words(struct random *random, size_t word, struct bgp_bytes *ret)
{
	size_t len = word * (random_u64(random) % 8);

	*ret = (struct bgp_bytes){ len ? malloc(len) : NULL, len };
	for (size_t i = 0; i < len; i++)
		ret->at[i] = (uint8_t)(random_u64(random) & 0x3f); /* no type of ours */
}

static void draw_path(struct random *random, struct bgp_path *ret)
{
	uint64_t hops = random_u64(random) % 600;

	*ret = (struct bgp_path){
		.has = (uint32_t)random_u64(random) &
		       (BGP_HAS_MED | BGP_HAS_ORIGINATOR | BGP_HAS_ATOMIC | BGP_HAS_AGGREGATOR),
		.origin = (uint8_t)(random_u64(random) % 3),
		.local_pref = (uint32_t)random_u64(random),
	};
	ret->has |= BGP_HAS_LOCAL_PREF;
	ret->med = ret->has & BGP_HAS_MED ? (uint32_t)random_u64(random) : 0;
	ret->originator_id[3] = ret->has & BGP_HAS_ORIGINATOR ? 9 : 0;
	ret->aggregator_as = ret->has & BGP_HAS_AGGREGATOR ? (uint32_t)random_u64(random) | 1 : 0;
	for (size_t i = 0; i < 16; i++)
		ret->next_hop.octet[i] = (uint8_t)(random_u64(random) & 0x7f) | 1;
	if (random_u64(random) & 1)
		ret->next_hop = addr_of_v4(ret->next_hop.octet);
	while (hops--)
		cr_assert(eq(int, bgp_path_prepend_as(ret, (uint32_t)random_u64(random) | 1), 0));
	draw_words(random, 4, &ret->cluster_list);
	draw_words(random, 4, &ret->communities);
	draw_words(random, 8, &ret->ext_communities);
}

/* A path that is written and read again is the same one, with 4-octet AS numbers or with 2. */
Test(update, round_trips)
{
	struct random random = random_seeded("update::round_trips");

	for (int i = 0; i < 400; i++) {
		struct bgp_codec codec = codec_ibgp();
		struct bgp_nlri nlri = nlri_of(i & 1 ? "2001:db8::80" : "203.0.113.80", 32);
		_cleanup_(freep) struct bgp_update *update = malloc(sizeof(*update));
		_cleanup_(freep) uint8_t *bytes = malloc(2 * MESSAGE_MAX);
		_cleanup_(bgp_path_clear) struct bgp_path path;
		struct writer w = writer_of(bytes, 2 * MESSAGE_MAX);
		struct update_item item;

		codec.as4 = i & 2;
		draw_path(&random, &path);
		if (!update_encode(&codec, &path, &nlri, 1, &w))
			continue; /* too long */
		read_back(&codec, &w, update);
		cr_assert(eq(int, update->fault, FAULT_NONE), "round %d", i);
		cr_assert(update_next(update, &item));
		cr_expect(bgp_path_equal(item.path, &path), "round %d", i);
		cr_expect(eq(u64, bgp_path_hash(item.path), bgp_path_hash(&path)), "round %d", i);
	}
}
