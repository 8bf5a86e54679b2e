/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/vrf.h"
#include "hex.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>

static const struct {
	const char *text, *hex; /* of the distinguisher; NULL: not to be read */
	const char *printed;    /* NULL: as it was written */
} vectors[] = {
	{ "65000:1", "0000 fde8 00000001", NULL },
	{ "0:0", "0000 0000 00000000", NULL },
	{ "65535:4294967295", "0000 ffff ffffffff", NULL },
	{ "192.0.2.1:7", "0001 c0000201 0007", NULL },
	{ "192.0.2.1:65535", "0001 c0000201 ffff", NULL },
	{ "65536:1", "0002 00010000 0001", NULL },
	{ "4294967295:65535", "0002 ffffffff ffff", NULL },
	{ "0:65000:1", "0000 fde8 00000001", "65000:1" },
	{ "1:192.0.2.1:7", "0001 c0000201 0007", "192.0.2.1:7" },
	{ "2:65000:1", "0002 0000fde8 0001", NULL },
	{ "2:65536:1", "0002 00010000 0001", "65536:1" },
	{ "", NULL, NULL },
	{ "65000", NULL, NULL },
	{ "65000:", NULL, NULL },
	{ ":1", NULL, NULL },
	{ "65000:4294967296", NULL, NULL },
	{ "192.0.2.1:65536", NULL, NULL },
	{ "192.0.2:1", NULL, NULL },
	{ "65536:65536", NULL, NULL },
	{ "4294967296:1", NULL, NULL },
	{ "3:65000:1", NULL, NULL },
	{ "0:65536:1", NULL, NULL },
	{ "1:65000:1", NULL, NULL },
	{ "2:192.0.2.1:1", NULL, NULL },
	{ "0:65000:1:1", NULL, NULL },
	{ "-1:1", NULL, NULL },
	{ "65000:+1", NULL, NULL },
	{ "65000: 1", NULL, NULL },
	{ "65000:1x", NULL, NULL },
	{ "2001:db8::1:1", NULL, NULL },
	{ "00000000000000000000000000000000065000:1", NULL, NULL },
};

Test(rd, reads_and_prints)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		const char *printed = vectors[i].printed ? vectors[i].printed : vectors[i].text;
		size_t len;
		_cleanup_(freep) uint8_t *bytes =
			vectors[i].hex ? unhex(vectors[i].hex, &len) : NULL;
		struct bgp_rd rd = { { 0xee } };
		char text[RD_STRLEN];

		cr_expect(eq(int, bgp_rd_parse(vectors[i].text, &rd), bytes ? 0 : -EINVAL), "%s",
			  vectors[i].text);
		if (!bytes) {
			cr_expect(eq(u8, rd.octet[0], 0xee), "%s: untouched", vectors[i].text);
			continue;
		}
		cr_expect(zero(int, memcmp(rd.octet, bytes, sizeof(rd.octet))), "%s",
			  vectors[i].text);
		cr_expect(eq(str, (char *)bgp_rd_format(&rd, text), (char *)printed));
	}
}

Test(rd, prints_what_it_does_not_know)
{
	struct bgp_rd rd = { { 0x01, 0x02, 0xa, 0xb, 0xc, 0xd, 0xe, 0xf } };
	char text[RD_STRLEN];

	cr_expect(eq(str, (char *)bgp_rd_format(&rd, text), "102:0a0b0c0d0e0f"));
	cr_expect(eq(int, bgp_rd_parse(text, &rd), -EINVAL));
}

/* The same words, in an extended community (RFC 4360 section 4). */
Test(rt, differs_from_an_rd_by_its_subtype)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		struct bgp_rd rd;
		struct bgp_rt rt;
		char a[RD_STRLEN], b[RD_STRLEN];
		int r = bgp_rd_parse(vectors[i].text, &rd);

		cr_assert(eq(int, bgp_rt_parse(vectors[i].text, &rt), r), "%s", vectors[i].text);
		if (r < 0)
			continue;
		cr_expect(eq(u8, rt.octet[0], rd.octet[1]));
		cr_expect(eq(u8, rt.octet[1], 2));
		cr_expect(zero(int, memcmp(rt.octet + 2, rd.octet + 2, 6)));
		cr_expect(eq(str, (char *)bgp_rt_format(&rt, a), (char *)bgp_rd_format(&rd, b)));
	}
}

Test(rt, is_found_among_other_communities)
{
	size_t len;
	_cleanup_(freep) uint8_t *bytes = unhex("0003 fde8 00000001" /* route origin */
						"0002 fde8 00000002"
						"4004 fde8 00000003" /* link bandwidth */
						"8802 0000 00000004"
						"0102 c0000201 0005"
						"0202 00010000 0006",
						&len);
	static const char *const want[] = { "65000:2", "192.0.2.1:5", "65536:6" };
	struct bgp_rt rt;
	char text[RD_STRLEN];

	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		cr_assert(bgp_rt_at(bytes, len, i, &rt));
		cr_expect(eq(str, (char *)bgp_rt_format(&rt, text), (char *)want[i]));
	}
	cr_expect(not(bgp_rt_at(bytes, len, ARRAY_SIZE(want), &rt)));
	cr_expect(not(bgp_rt_at(bytes, 7, 0, &rt)));
	cr_expect(not(bgp_rt_at(NULL, 0, 0, &rt)));
}

/* RFC 4364 section 4.3.1: any one of the targets is enough. */
Test(vrf, imports_by_any_target)
{
	size_t len;
	_cleanup_(freep) uint8_t *bytes =
		unhex("0003 fde8 00000001 0002 fde8 00000002 0102 c0000201 0005", &len);
	struct bgp_path path = { .ext_communities = { bytes, len } }, bare = { 0 };
	struct vrf vrfs[] = { { .id = 3, .import_count = 2 }, { .id = 9, .import_count = 1 } };

	bgp_rt_parse("65000:9", &vrfs[0].import[0]);
	bgp_rt_parse("192.0.2.1:5", &vrfs[0].import[1]);
	bgp_rt_parse("65000:1", &vrfs[1].import[0]);
	cr_expect(vrf_imports(&vrfs[0], &path));
	cr_expect(not(vrf_imports(&vrfs[1], &path)), "a route origin is no target");
	cr_expect(not(vrf_imports(&vrfs[0], &bare)));
	vrfs[0].import_count = 1;
	cr_expect(not(vrf_imports(&vrfs[0], &path)));
	cr_expect(eq(ptr, (void *)vrf_find(vrfs, 2, 9), &vrfs[1]));
	cr_expect(eq(ptr, (void *)vrf_find(vrfs, 2, 0), NULL));
}
