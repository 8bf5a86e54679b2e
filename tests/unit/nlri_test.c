/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/nlri.h"
#include "hex.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

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
	{ "path ids", "00000007 08 0a ffffffff 00", BGP_IPV4_UNICAST, true, 0,
	  "10.0.0.0/8#7 0.0.0.0/0#4294967295 " },
	{ "path id cut short", "000000", BGP_IPV4_UNICAST, true, -EBADMSG, "" },
	{ "path id without a prefix", "00000007", BGP_IPV4_UNICAST, true, -EBADMSG, "" },
};

static void print(struct nlri_run run, char *ret)
{
	struct bgp_nlri nlri;

	*ret = '\0';
	while (nlri_next(&run, &nlri)) {
		char text[PREFIX_STRLEN];

		ret += sprintf(ret, "%s", prefix_format(&nlri.prefix, text));
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
		uint8_t again[64];
		struct writer w = writer_of(again, sizeof(again));

		if (vectors[i].want < 0)
			continue;
		print(run, before);
		while (nlri_next(&run, &list[count]))
			count++;
		cr_expect(eq(sz, nlri_encode(run.family, run.add_path, list, count, &w), count));
		run.bytes = cursor_of(again, writer_len(&w));
		print(run, after);
		cr_expect(eq(str, after, before), "%s", vectors[i].name);
		cr_expect(eq(sz, writer_len(&w), len), "%s", vectors[i].name);
	}
}

/* For each size of the buffer: what fits is written whole, and no more is. */
Test(nlri, writes_as_many_as_fit)
{
	struct bgp_nlri list[3];
	struct addr addr;

	cr_assert(eq(int, addr_parse("192.0.2.1", &addr), 0));
	for (size_t i = 0; i < 3; i++)
		list[i] = (struct bgp_nlri){ prefix_of_host(&addr), 9 };
	for (size_t size = 0; size < 30; size++) {
		_cleanup_(freep) uint8_t *bytes = malloc(size ? size : 1);
		struct writer w = writer_of(bytes, size);
		size_t want = size / 9 < 3 ? size / 9 : 3;

		cr_expect(eq(sz, nlri_encode(BGP_IPV4_UNICAST, true, list, 3, &w), want));
		cr_expect(eq(sz, writer_len(&w), 9 * want));
		cr_expect(not(w.bad));
	}
	cr_expect(eq(int, nlri_family_of(&list[0].prefix), BGP_IPV4_UNICAST));
}

Test(nlri, stops_at_another_family)
{
	struct bgp_nlri list[2];
	uint8_t bytes[64];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct addr addr;

	cr_assert(eq(int, addr_parse("192.0.2.1", &addr), 0));
	list[0].prefix = prefix_of_host(&addr);
	cr_assert(eq(int, addr_parse("2001:db8::1", &addr), 0));
	list[1].prefix = prefix_of_host(&addr);
	cr_expect(eq(sz, nlri_encode(BGP_IPV4_UNICAST, false, list, 2, &w), 1));
	cr_expect(eq(sz, nlri_encode(BGP_IPV6_UNICAST, false, list, 2, &w), 0));
}
