/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/nlri.h"
#include "hex.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

#define LABEL " 000031 "
#define RD    "0000fde800000001 "

static const struct {
	const char *name, *hex;
	enum bgp_family family;
	bool add_path;
	int want;
	const char *text; /* prefixes as they are printed, a blank between */
} vectors[] = {
	{ "empty", "", BGP_IPV4_UNICAST, false, 0, "" },
	{ "a host", "20 c0000201", BGP_IPV4_UNICAST, false, 0, "192.0.2.1/32 " },
	{ "default route", "00", BGP_IPV4_UNICAST, false, 0, "0.0.0.0/0 " },
	{ "three", "08 0a 18 c00002 19 c0000280", BGP_IPV4_UNICAST, false, 0,
	  "10.0.0.0/8 192.0.2.0/24 192.0.2.128/25 " },
	{ "bits past the length do not count", "19 c00002ff", BGP_IPV4_UNICAST, false, 0,
	  "192.0.2.128/25 " },
	{ "length 33", "21 c000020100", BGP_IPV4_UNICAST, false, -EBADMSG, "" },
	{ "length 255", "ff", BGP_IPV6_UNICAST, false, -EBADMSG, "" },
	{ "cut short", "18 c000", BGP_IPV4_UNICAST, false, -EBADMSG, "" },
	{ "second one cut short", "08 0a 18 c000", BGP_IPV4_UNICAST, false, -EBADMSG, "" },
	{ "IPv6", "20 20010db8 80 20010db8000000000000000000000001", BGP_IPV6_UNICAST, false, 0,
	  "2001:db8::/32 2001:db8::1/128 " },
	{ "IPv6 of 129", "81 20010db800000000000000000000000180", BGP_IPV6_UNICAST, false, -EBADMSG,
	  "" },
	{ "IPv6, bits past the length", "5f 00000000000000000000ffff", BGP_IPV6_UNICAST, false, 0,
	  "::fffe:0:0/95 " },
	{ "path ids", "00000007 08 0a ffffffff 00", BGP_IPV4_UNICAST, true, 0,
	  "10.0.0.0/8#7 0.0.0.0/0#4294967295 " },
	{ "path id cut short", "000000", BGP_IPV4_UNICAST, true, -EBADMSG, "" },
	{ "path id without a prefix", "00000007", BGP_IPV4_UNICAST, true, -EBADMSG, "" },

	/* RFC 4364 section 4.3.4: label and route distinguisher count in the length */
	{ "VPN", "78" LABEL RD "c0000201", BGP_VPN_IPV4, false, 0, "65000:1=3 192.0.2.1/32 " },
	{ "VPN, two", "78" LABEL RD "c0000201 70" LABEL "0001c000020900070a0000", BGP_VPN_IPV4,
	  false, 0, "65000:1=3 192.0.2.1/32 192.0.2.9:7=3 10.0.0.0/24 " },
	{ "VPN, default route", "58" LABEL RD, BGP_VPN_IPV4, false, 0, "65000:1=3 0.0.0.0/0 " },
	{ "VPN, bottom of stack not set", "78 000030" RD "c0000201", BGP_VPN_IPV4, false, 0,
	  "65000:1=3 192.0.2.1/32 " },
	{ "VPN, label of a withdrawal", "78 800000" RD "c0000201", BGP_VPN_IPV4, false, 0,
	  "65000:1=524288 192.0.2.1/32 " },
	{ "VPN, RD of zero", "78" LABEL "0000000000000000 c0000201", BGP_VPN_IPV4, false, 0,
	  "0:0=3 192.0.2.1/32 " },
	{ "VPN, RD of a type unknown", "78" LABEL "0009000000000abc c0000201", BGP_VPN_IPV4, false,
	  0, "9:000000000abc=3 192.0.2.1/32 " },
	{ "VPN, path id", "00000007 78" LABEL RD "c0000201", BGP_VPN_IPV4, true, 0,
	  "65000:1=3 192.0.2.1/32#7 " },
	{ "VPN of IPv6", "d8" LABEL RD "20010db8000000000000000000000001", BGP_VPN_IPV6, false, 0,
	  "65000:1=3 2001:db8::1/128 " },
	{ "VPN, one bit short of its RD", "57" LABEL RD, BGP_VPN_IPV4, false, -EBADMSG, "" },
	{ "VPN, length 0", "00", BGP_VPN_IPV4, false, -EBADMSG, "" },
	{ "VPN, length 24", "18" LABEL, BGP_VPN_IPV4, false, -EBADMSG, "" },
	{ "VPN, length 33 past its RD", "79" LABEL RD "c000020180", BGP_VPN_IPV4, false, -EBADMSG,
	  "" },
	{ "VPN of IPv6, length 129 past its RD", "d9" LABEL RD "20010db800000000000000000000000180",
	  BGP_VPN_IPV6, false, -EBADMSG, "" },
	{ "VPN, length 255", "ff" LABEL RD "20010db800000000000000000000000100000000000000",
	  BGP_VPN_IPV6, false, -EBADMSG, "" },
	{ "VPN, second one cut short", "58" LABEL RD "58" LABEL "0000fde8000000", BGP_VPN_IPV4,
	  false, -EBADMSG, "" },
};

static void print(struct nlri_run run, char *ret)
{
	struct bgp_nlri nlri;

	*ret = '\0';
	while (nlri_next(&run, &nlri)) {
		char text[PREFIX_STRLEN], rd[RD_STRLEN];

		if (nlri.dst.vpn)
			ret += sprintf(ret, "%s=%u ", bgp_rd_format(&nlri.dst.rd, rd),
				       nlri.label >> 4);
		ret += sprintf(ret, "%s", prefix_format(&nlri.dst.prefix, text));
		ret += run.add_path ? sprintf(ret, "#%u ", nlri.path_id) : sprintf(ret, " ");
	}
}

Test(nlri, reads)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		size_t len;
		_cleanup_(freep) uint8_t *bytes = unhex(vectors[i].hex, &len);
		struct nlri_run run = { cursor_of(bytes, len), vectors[i].family,
					vectors[i].add_path };
		char text[256];

		cr_expect(eq(int, nlri_check(run), vectors[i].want), "%s", vectors[i].name);
		if (vectors[i].want < 0)
			continue;
		print(run, text);
		cr_expect(eq(str, text, (char *)vectors[i].text), "%s", vectors[i].name);
	}
}

Test(nlri, writes_what_it_reads)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		size_t len, count = 0;
		_cleanup_(freep) uint8_t *bytes = unhex(vectors[i].hex, &len);
		struct nlri_run run = { cursor_of(bytes, len), vectors[i].family,
					vectors[i].add_path };
		char before[256], after[256];
		struct bgp_nlri list[8];
		uint32_t label;
		uint8_t again[64];
		struct writer w = writer_of(again, sizeof(again));

		if (vectors[i].want < 0)
			continue;
		print(run, before);
		while (nlri_next(&run, &list[count]))
			count++;
		label = count ? list[0].label : 0;
		cr_expect(eq(sz, nlri_encode(run.family, run.add_path, label, list, count, &w),
			     count));
		run.bytes = cursor_of(again, writer_len(&w));
		print(run, after);
		cr_expect(eq(str, after, before), "%s", vectors[i].name);
		cr_expect(eq(sz, writer_len(&w), len), "%s", vectors[i].name);
	}
}

/* Cut anywhere but between two prefixes, none of a run is believed. */
/* RFC 4291 section 2.5.5.2: these would be taken for prefixes of IPv4. */
static const struct {
	const char *name, *hex;
	enum bgp_family family;
	int left_out;
	const char *text;
} mapped[] = {
	{ "among others", "80 00000000000000000000ffffc0000201 20 20010db8", BGP_IPV6_UNICAST, 1,
	  "2001:db8::/32 " },
	{ "two, at the end",
	  "20 20010db8 60 00000000000000000000ffff 61 00000000000000000000ffff80", BGP_IPV6_UNICAST,
	  2, "2001:db8::/32 " },
	{ "in a VPN", "d8" LABEL RD "00000000000000000000ffffc0000201", BGP_VPN_IPV6, 1, "" },
};

Test(nlri, leaves_out_ipv4_within_ipv6)
{
	for (size_t i = 0; i < ARRAY_SIZE(mapped); i++) {
		size_t len;
		_cleanup_(freep) uint8_t *bytes = unhex(mapped[i].hex, &len);
		struct nlri_run run = { cursor_of(bytes, len), mapped[i].family, false };
		char text[256];

		cr_expect(eq(int, nlri_check(run), mapped[i].left_out), "%s", mapped[i].name);
		print(run, text);
		cr_expect(eq(str, text, (char *)mapped[i].text), "%s", mapped[i].name);
	}
}

Test(nlri, refuses_every_truncation)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		size_t whole;
		_cleanup_(freep) uint8_t *bytes = unhex(vectors[i].hex, &whole);
		struct nlri_run run = { .family = vectors[i].family,
					.add_path = vectors[i].add_path };
		struct bgp_nlri first;
		size_t end;

		if (vectors[i].want < 0 || !whole)
			continue;
		run.bytes = cursor_of(bytes, whole);
		nlri_next(&run, &first);
		end = (size_t)(run.bytes.at - bytes);
		for (size_t len = 1; len < end; len++) {
			_cleanup_(freep) uint8_t *cut = malloc(len);

			run.bytes = cursor_of(memcpy(cut, bytes, len), len);
			cr_expect(eq(int, nlri_check(run), -EBADMSG), "%s, %zu octets",
				  vectors[i].name, len);
		}
	}
}

/* For each size of the buffer: what fits is written whole, and no more is. */
Test(nlri, writes_as_many_as_fit)
{
	struct bgp_nlri list[3];
	struct addr addr;

	cr_assert(eq(int, addr_parse("192.0.2.1", &addr), 0));
	for (size_t i = 0; i < 3; i++)
		list[i] = (struct bgp_nlri){ .dst.prefix = prefix_of_host(&addr), .path_id = 9 };
	for (size_t size = 0; size < 30; size++) {
		_cleanup_(freep) uint8_t *bytes = malloc(size ? size : 1);
		struct writer w = writer_of(bytes, size);
		size_t want = size / 9 < 3 ? size / 9 : 3;

		cr_expect(eq(sz, nlri_encode(BGP_IPV4_UNICAST, true, 0, list, 3, &w), want));
		cr_expect(eq(sz, writer_len(&w), 9 * want));
		cr_expect(not(w.bad));
	}
	cr_expect(eq(int, nlri_family_of(&list[0].dst), BGP_IPV4_UNICAST));
}

Test(nlri, stops_at_another_family)
{
	struct bgp_nlri list[3] = { 0 };
	uint8_t bytes[64];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct addr addr;

	cr_assert(eq(int, addr_parse("192.0.2.1", &addr), 0));
	list[0].dst.prefix = prefix_of_host(&addr);
	cr_assert(eq(int, addr_parse("2001:db8::1", &addr), 0));
	list[1].dst.prefix = prefix_of_host(&addr);
	cr_expect(eq(sz, nlri_encode(BGP_IPV4_UNICAST, false, 0, list, 2, &w), 1));
	cr_expect(eq(sz, nlri_encode(BGP_IPV6_UNICAST, false, 0, list, 2, &w), 0));
	list[2] = list[1];
	list[2].dst.vpn = 1;
	cr_expect(eq(int, nlri_family_of(&list[2].dst), BGP_VPN_IPV6));
	cr_expect(eq(sz, nlri_encode(BGP_IPV6_UNICAST, false, 0, list + 1, 2, &w), 1));
	cr_expect(eq(sz, nlri_encode(BGP_VPN_IPV6, false, 0, list + 1, 2, &w), 0));
	cr_expect(eq(sz, nlri_encode(BGP_VPN_IPV4, false, 0, list + 2, 1, &w), 0));
}
