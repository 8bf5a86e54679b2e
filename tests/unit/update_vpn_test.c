/* SPDX-License-Identifier: BSD-2-Clause */
/* UPDATE messages for VPNs (RFC 4364, RFC 4659, RFC 8950, RFC 9252): SAFI 128. */
#include "bgp/message.h"
#include "bgp_bytes.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>

#define BASE  "40 01 01 00 40 02 00 40 05 04 00000064 "
#define LABEL "000031 "
#define RD    "0000fde800000001 "
#define RD0   "0000000000000000 "
#define HOST  "78 " LABEL RD "cb007150 " /* 203.0.113.80 */
#define HOST6 "d8 " LABEL RD "20010db8000000000000000000000080 "

#define NH4   "c0000209 "
#define NH6   "20010db8000000000000000000000009 "
#define LL    "fe800000000000000000000000000001 "
#define NH4_6 "00000000000000000000ffffc0000209 "

/* End.DT46 in 2001:db8:5:1::46: whole, or with 16 bits of it in the label. */
#define SID       "20010db8000500010000000000000046"
#define SID_WHOLE "c0 28 1c 05 0019 00 01 0015 00 " SID " 00 0014 00 "
#define SID_MOVED "c0 28 25 05 0022 00 01 001e 00 " SID " 00 0014 00 01 0006 20 10 10 00 10 30 "

#define BODY_MAX 512

/* A body: attributes, then MP_REACH_NLRI (14) or MP_UNREACH_NLRI (15) with what it holds. */
static size_t body_of(const char *attrs, uint8_t code, const char *mp, uint8_t ret[BODY_MAX])
{
	size_t attrs_len, mp_len;
	_cleanup_(freep) uint8_t *first = unhex(attrs, &attrs_len);
	_cleanup_(freep) uint8_t *second = unhex(mp, &mp_len);
	struct writer w = writer_of(ret, BODY_MAX);

	writer_u16(&w, 0);
	writer_u16(&w, (uint16_t)(4 + mp_len + attrs_len));
	writer_u16(&w, (uint16_t)(0x9000 | code));
	writer_u16(&w, (uint16_t)mp_len);
	writer_bytes(&w, second, mp_len);
	writer_bytes(&w, first, attrs_len);
	cr_assert(not(w.bad));
	return writer_len(&w);
}

static void print(struct bgp_update *update, char *ret)
{
	struct update_item item;

	*ret = '\0';
	while (update_next(update, &item)) {
		char prefix[PREFIX_STRLEN], via[ADDR_STRLEN], rd[RD_STRLEN];

		ret += sprintf(ret, "%c%s %s", item.path ? '+' : '-',
			       item.nlri.dst.vpn ? bgp_rd_format(&item.nlri.dst.rd, rd) : "plain",
			       prefix_format(&item.nlri.dst.prefix, prefix));
		if (!item.path) {
			ret += sprintf(ret, " ");
			continue;
		}
		ret += sprintf(ret, "=%x via %s ", item.path->label,
			       addr_format(&item.path->next_hop, via));
		if (item.path->tunnel.kind == BGP_TUNNEL_SRV6)
			ret += sprintf(ret, "to %s ",
				       addr_format(&item.path->tunnel.endpoint, via));
	}
}

static const struct {
	const char *name, *attrs;
	uint8_t code; /* of the MP attribute */
	const char *mp;
	enum fault want;
	const char *does;
} vectors[] = {
	{ "VPNv4", BASE, 14, "0001 80 0c" RD0 NH4 "00" HOST, FAULT_NONE,
	  "+65000:1 203.0.113.80/32=31 via 192.0.2.9 " },
	{ "VPNv4, a next hop with an RD", BASE, 14, "0001 80 0c" RD NH4 "00" HOST, FAULT_NONE,
	  "+65000:1 203.0.113.80/32=31 via 192.0.2.9 " },
	{ "VPNv4 over IPv6", BASE, 14, "0001 80 18" RD0 NH6 "00" HOST, FAULT_NONE,
	  "+65000:1 203.0.113.80/32=31 via 2001:db8::9 " },
	{ "VPNv4 over IPv6 with a link-local address", BASE, 14,
	  "0001 80 30" RD0 NH6 RD0 LL "00" HOST, FAULT_NONE,
	  "+65000:1 203.0.113.80/32=31 via 2001:db8::9 " },
	{ "VPNv6", BASE, 14, "0002 80 18" RD0 NH6 "00" HOST6, FAULT_NONE,
	  "+65000:1 2001:db8::80/128=31 via 2001:db8::9 " },
	{ "VPNv6 with a link-local address", BASE, 14, "0002 80 30" RD0 NH6 RD0 LL "00" HOST6,
	  FAULT_NONE, "+65000:1 2001:db8::80/128=31 via 2001:db8::9 " },
	{ "VPNv6 over IPv4", BASE, 14, "0002 80 18" RD0 NH4_6 "00" HOST6, FAULT_NONE,
	  "+65000:1 2001:db8::80/128=31 via 192.0.2.9 " },
	{ "a label each", BASE, 14,
	  "0001 80 0c" RD0 NH4 "00 78 abcd01" RD "cb007150 78 123451" RD "cb007151", FAULT_NONE,
	  "+65000:1 203.0.113.80/32=abcd01 via 192.0.2.9 "
	  "+65000:1 203.0.113.81/32=123451 via 192.0.2.9 " },
	{ "SID", BASE SID_WHOLE, 14, "0001 80 18" RD0 NH6 "00" HOST, FAULT_NONE,
	  "+65000:1 203.0.113.80/32=31 via 2001:db8::9 to 2001:db8:5:1::46 " },
	{ "SID with bits in the labels", BASE SID_MOVED, 14,
	  "0001 80 18" RD0 NH6 "00 78 abcd01" RD "cb007150 78 123451" RD "cb007151", FAULT_NONE,
	  "+65000:1 203.0.113.80/32=abcd01 via 2001:db8::9 to 2001:db8:5:abcd::46 "
	  "+65000:1 203.0.113.81/32=123451 via 2001:db8::9 to 2001:db8:5:1234::46 " },
	{ "bits in labels, and no labels", BASE SID_MOVED, 14,
	  "0002 01 10" NH6 "00 80 20010db8000000000000000000000080", FAULT_NONE,
	  "+plain 2001:db8::80/128=0 via 2001:db8::9 " },
	{ "withdrawn", "", 15, "0001 80 78 800000" RD "cb007150", FAULT_NONE,
	  "-65000:1 203.0.113.80/32 " },
	{ "withdrawn with a label of zero", "", 15, "0001 80 78 000000" RD "cb007150", FAULT_NONE,
	  "-65000:1 203.0.113.80/32 " },
	{ "withdrawn with any label", "", 15, "0002 80" HOST6, FAULT_NONE,
	  "-65000:1 2001:db8::80/128 " },

	/* RFC 7606 */
	{ "no ORIGIN", "40 02 00", 14, "0001 80 0c" RD0 NH4 "00" HOST, FAULT_WITHDRAW,
	  "-65000:1 203.0.113.80/32 " },
	{ "a bad MED", BASE "80 04 03 000001", 14, "0001 80 0c" RD0 NH4 "00" HOST, FAULT_WITHDRAW,
	  "-65000:1 203.0.113.80/32 " },
	{ "a bad SID", BASE "c0 28 03 05 0000", 14, "0001 80 0c" RD0 NH4 "00" HOST, FAULT_WITHDRAW,
	  "-65000:1 203.0.113.80/32 " },
	{ "communities of 7 octets", BASE "c0 10 07 0002fde8000000", 14,
	  "0001 80 0c" RD0 NH4 "00" HOST, FAULT_WITHDRAW, "-65000:1 203.0.113.80/32 " },
	{ "next hop 0.0.0.0", BASE, 14, "0001 80 0c" RD0 "00000000 00" HOST, FAULT_WITHDRAW,
	  "-65000:1 203.0.113.80/32 " },
	{ "next hop ::", BASE, 14, "0002 80 18" RD0 RD0 RD0 "00" HOST6, FAULT_WITHDRAW,
	  "-65000:1 2001:db8::80/128 " },
	{ "next hop of 4, without RD", BASE, 14, "0001 80 04" NH4 "00" HOST, FAULT_RESET, "" },
	{ "next hop of 0", BASE, 14, "0001 80 00 00" HOST, FAULT_RESET, "" },
	{ "next hop of 7", BASE, 14, "0001 80 07 00000000000000 00" HOST, FAULT_RESET, "" },
	{ "next hop of 11", BASE, 14, "0001 80 0b" RD0 "c00002 00" HOST, FAULT_RESET, "" },
	{ "next hop of 16, without RD", BASE, 14, "0002 80 10" NH6 "00" HOST6, FAULT_RESET, "" },
	{ "next hop of 12 for VPNv6", BASE, 14, "0002 80 0c" RD0 NH4 "00" HOST6, FAULT_RESET, "" },
	{ "next hop of 40, one RD", BASE, 14, "0002 80 28" RD0 NH6 LL "00" HOST6, FAULT_RESET, "" },
	{ "prefix without room for an RD", BASE, 14, "0001 80 0c" RD0 NH4 "00 20 cb007150",
	  FAULT_RESET, "" },
	{ "prefix of 33", BASE, 14, "0001 80 0c" RD0 NH4 "00 79" LABEL RD "cb00715080", FAULT_RESET,
	  "" },
	{ "prefix cut", BASE, 14, "0001 80 0c" RD0 NH4 "00 78" LABEL RD "cb0071", FAULT_RESET, "" },
	{ "withdrawn prefix cut", "", 15, "0001 80 78 800000" RD "cb0071", FAULT_RESET, "" },
};

Test(update_vpn, decodes)
{
	struct bgp_codec codec = codec_ibgp();

	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		uint8_t body[BODY_MAX];
		size_t len = body_of(vectors[i].attrs, vectors[i].code, vectors[i].mp, body);
		_cleanup_(freep) struct bgp_update *update = malloc(sizeof(*update));
		_cleanup_(freep) uint8_t *exact = malloc(len);
		char text[512];

		memcpy(exact, body, len);
		cr_expect(eq(int, update_decode(&codec, cursor_of(exact, len), update),
			     vectors[i].want),
			  "%s", vectors[i].name);
		print(update, text);
		cr_expect(eq(str, text, (char *)vectors[i].does), "%s", vectors[i].name);
	}
}

/* The MP attribute's own length is right each time: what is cut is inside. */
Test(update_vpn, no_truncation_passes)
{
	struct bgp_codec codec = codec_ibgp();

	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		size_t whole;
		_cleanup_(freep) uint8_t *mp = unhex(vectors[i].mp, &whole);
		_cleanup_(freep) struct bgp_update *update = malloc(sizeof(*update));

		for (size_t len = 0; len < whole; len++) {
			char cut[2 * BODY_MAX], text[512];
			uint8_t body[BODY_MAX];
			size_t body_len;

			hexdump(mp, len, cut, sizeof(cut));
			body_len = body_of(vectors[i].attrs, vectors[i].code, cut, body);
			update_decode(&codec, cursor_of(body, body_len), update);
			print(update, text);
			cr_expect(text[0] == '\0' || !strncmp(text, vectors[i].does, strlen(text)),
				  "%s, %zu octets: %s", vectors[i].name, len, text);
		}
	}
}

Test(update_vpn, is_ignored_where_not_agreed_on)
{
	struct bgp_codec codec = codec_ibgp();
	_cleanup_(freep) struct bgp_update *update = malloc(sizeof(*update));
	uint8_t body[BODY_MAX];
	size_t len = body_of(BASE, 14, "0001 80 0c" RD0 NH4 "00" HOST, body);
	char text[512];

	codec.families = BIT(BGP_IPV4_UNICAST) | BIT(BGP_IPV6_UNICAST) | BIT(BGP_VPN_IPV6);
	cr_expect(eq(int, update_decode(&codec, cursor_of(body, len), update), FAULT_DISCARD));
	print(update, text);
	cr_expect(eq(str, text, ""));

	len = body_of(BASE, 14, "0001 80 18" RD0 NH6 "00" HOST, body);
	codec = codec_ibgp();
	codec.extended_next_hop = BIT(BGP_IPV4_UNICAST);
	cr_expect(eq(int, update_decode(&codec, cursor_of(body, len), update), FAULT_RESET),
		  "RFC 8950 was agreed on for unicast only");
}

/* As a reflector: the label, its low bits, the distinguisher, targets and SID are the sender's. */
Test(update_vpn, passes_on_unchanged)
{
	static const struct {
		const char *attrs, *mp;
	} routes[] = {
		{ BASE "c0 10 10 0002fde800000001 0102c00002010005" SID_WHOLE,
		  "0001 80 0c" RD0 NH4 "00" HOST },
		{ BASE SID_MOVED, "0001 80 18" RD0 NH6 "00 78 abcd06" RD "cb007150" },
		{ BASE, "0002 80 18" RD0 NH4_6 "00 d8 000030 0009000000000abc"
			"20010db8000000000000000000000080" },
	};
	struct bgp_codec codec = codec_ibgp();

	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		uint8_t body[BODY_MAX];
		size_t len = body_of(routes[i].attrs, 14, routes[i].mp, body);
		_cleanup_(freep) struct bgp_update *update = malloc(sizeof(*update));
		_cleanup_(freep) uint8_t *bytes = malloc(MESSAGE_MAX);
		struct writer w = writer_of(bytes, MESSAGE_MAX);
		struct update_item item;
		char text[512];

		cr_assert(eq(int, update_decode(&codec, cursor_of(body, len), update), FAULT_NONE));
		cr_assert(update_next(update, &item));
		cr_assert(eq(sz, update_encode(&codec, item.path, &item.nlri, 1, &w), 1));
		cr_expect(writer_len(&w) == MESSAGE_HEADER_LEN + len &&
				  !memcmp(bytes + MESSAGE_HEADER_LEN, body, len),
			  "%zu: %s", i,
			  hexdump(bytes + MESSAGE_HEADER_LEN, writer_len(&w) - MESSAGE_HEADER_LEN,
				  text, sizeof(text)));
	}
}

/* RFC 8277 section 2.4. */
Test(update_vpn, withdraws_with_the_label_for_it)
{
	struct bgp_codec codec = codec_ibgp();
	struct bgp_nlri nlri = { .dst.vpn = 1, .path_id = 7, .label = BGP_LABEL_NONE };
	uint8_t want[BODY_MAX], bytes[BODY_MAX];
	size_t len = body_of("", 15, "0001 80 00000007 78 800000" RD "cb007150", want);
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct addr addr;

	codec.add_path_out = BIT(BGP_VPN_IPV4);
	cr_assert(eq(int, addr_parse("203.0.113.80", &addr), 0));
	nlri.dst.prefix = prefix_of_host(&addr);
	cr_assert(eq(int, bgp_rd_parse("65000:1", &nlri.dst.rd), 0));
	cr_assert(eq(sz, update_encode_withdraw(&codec, &nlri, 1, &w), 1));
	cr_assert(eq(sz, writer_len(&w), MESSAGE_HEADER_LEN + len));
	cr_expect(zero(int, memcmp(bytes + MESSAGE_HEADER_LEN, want, len)));
}

Test(update_vpn, needs_rfc_8950_for_ipv4_over_ipv6)
{
	struct bgp_codec codec = codec_ibgp();
	struct bgp_nlri nlri = { .dst.vpn = 1 };
	struct bgp_path path = { .label = BGP_LABEL_NONE };
	uint8_t bytes[BODY_MAX];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct addr addr;

	cr_assert(eq(int, addr_parse("203.0.113.80", &addr), 0));
	nlri.dst.prefix = prefix_of_host(&addr);
	cr_assert(eq(int, addr_parse("2001:db8::9", &path.next_hop), 0));
	codec.extended_next_hop = BIT(BGP_IPV4_UNICAST);
	cr_expect(eq(sz, update_encode(&codec, &path, &nlri, 1, &w), 0));
	codec.extended_next_hop = BIT(BGP_VPN_IPV4);
	cr_expect(eq(sz, update_encode(&codec, &path, &nlri, 1, &w), 1));
}
