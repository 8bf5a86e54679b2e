/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/metadata.h"
#include "hex.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

#define LOCAL_AS 65000

/* The draft's own example (-29, section 4.2). */
#define EXAMPLE "0001 05 00 00000064  0003 05 80 00000023  0005 05 00 000003e8  0006 05 80 00000025"

static const struct {
	const char *name, *hex;
	int want;
	struct metadata m;
} vectors[] = {
	{ "the draft's example",
	  EXAMPLE,
	  0,
	  { .report = { .has = REPORT_PREFERENCE | REPORT_DELAY | REPORT_CAPACITY |
			       REPORT_UTILISATION,
			.preference = 100,
			.delay_index = 35,
			.capacity = 1,
			.utilisation = 0.63 } } },
	{ "unknown type is skipped",
	  "0008 01 aa  0001 05 00 00000064",
	  0,
	  { .report = { .has = REPORT_PREFERENCE, .preference = 100 } } },
	{ "raw measurement is skipped, whatever its length",
	  "0004 03 000000",
	  0,
	  { .ignored = 0 } },
	{ "first of two wins",
	  "0001 05 00 00000064  0001 05 00 00000007",
	  0,
	  { .report = { .has = REPORT_PREFERENCE, .preference = 100 } } },
	{ "preference 0 is reserved", "0001 05 00 00000000", 0, { .ignored = 1 } },
	{ "availability",
	  "0002 05 00 0007 0032",
	  0,
	  { .report = { .has = REPORT_AVAILABILITY, .availability = 50 }, .site_id = 7 } },
	{ "I: site only", "0002 05 80 0007 0032", 0, { .site_id = 7 } },
	{ "availability 101", "0002 05 00 0007 0065", 0, { .site_id = 7, .ignored = 1 } },
	{ "relative delay in 64 bits",
	  "0003 09 80 0000000000000023",
	  0,
	  { .report = { .has = REPORT_DELAY, .delay_index = 35 } } },
	{ "absolute delay", "0003 05 00 00000023", 0, { .ignored = 1 } },
	{ "relative delay 101", "0003 05 80 00000065", 0, { .ignored = 1 } },
	{ "capability of another MT",
	  "0005 05 01 00000001  0005 05 00 00000fa0",
	  0,
	  { .report = { .has = REPORT_CAPACITY, .capacity = 4 } } },
	{ "capability 0", "0005 05 00 00000000", 0, { .ignored = 1 } },
	{ "absolute free amount",
	  "0006 05 00 000003e8  0005 05 00 00000fa0",
	  0,
	  { .report = { .has = REPORT_CAPACITY | REPORT_UTILISATION,
			.capacity = 4,
			.utilisation = 0.75 } } },
	{ "absolute free amount of nobody knows what", "0006 05 00 000003e8", 0, { .ignored = 0 } },
	{ "more is free than there is",
	  "0005 05 00 000003e8  0006 05 00 000007d0",
	  0,
	  { .report = { .has = REPORT_CAPACITY | REPORT_UTILISATION, .capacity = 1 } } },
	{ "free share 101 %", "0006 05 80 00000065", 0, { .ignored = 1 } },
	{ "scope is our AS", "0007 05 00 0000fde8", 0, { .ignored = 0 } },
	{ "scope is our AS, 6 octets", "0007 06 0000 0000fde8", 0, { .ignored = 0 } },
	{ "scope is another AS", "0007 05 00 0000fde9", 0, { .out_of_scope = true } },
	{ "empty attribute", "", -EBADMSG, { .ignored = 0 } },
	{ "value cut short", "0001 05 00 000000", -EBADMSG, { .ignored = 0 } },
	{ "preference of 4", "0001 04 00 000064", -EBADMSG, { .ignored = 0 } },
	{ "preference of 6", "0001 06 00 0000006400", -EBADMSG, { .ignored = 0 } },
	{ "availability of 4", "0002 04 00 0007 00", -EBADMSG, { .ignored = 0 } },
	{ "delay of 6", "0003 06 80 0000002300", -EBADMSG, { .ignored = 0 } },
	{ "capability of 0", "0005 00", -EBADMSG, { .ignored = 0 } },
	{ "free share of 4", "0006 04 80 000025", -EBADMSG, { .ignored = 0 } },
	{ "scope of 4", "0007 04 0000fde8", -EBADMSG, { .ignored = 0 } },
	{ "older header with two octets of length",
	  "0001 0005 00 00000064",
	  -EBADMSG,
	  { .ignored = 0 } },
};

static void expect_report(const char *name, const struct report *a, const struct report *b)
{
	cr_expect(eq(u32, a->has, b->has), "%s", name);
	cr_expect(epsilon_eq(dbl, a->capacity, b->capacity, 1e-9), "%s", name);
	cr_expect(epsilon_eq(dbl, a->utilisation, b->utilisation, 1e-9), "%s", name);
	cr_expect(eq(u32, a->preference, b->preference), "%s", name);
	cr_expect(eq(u16, a->availability, b->availability), "%s", name);
	cr_expect(eq(u8, a->delay_index, b->delay_index), "%s", name);
}

Test(metadata, decodes)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		size_t len;
		_cleanup_(freep) uint8_t *bytes = unhex(vectors[i].hex, &len);
		struct cursor c = cursor_of(bytes, len);
		struct metadata m = { 0 };

		cr_expect(eq(int, metadata_decode(&c, LOCAL_AS, &m), vectors[i].want), "%s",
			  vectors[i].name);
		expect_report(vectors[i].name, &m.report, &vectors[i].m.report);
		cr_expect(eq(u16, m.site_id, vectors[i].m.site_id), "%s", vectors[i].name);
		cr_expect(eq(u32, m.ignored, vectors[i].m.ignored), "%s", vectors[i].name);
		cr_expect(eq(int, m.out_of_scope, vectors[i].m.out_of_scope), "%s",
			  vectors[i].name);
	}
}

/* Between two sub-TLVs the attribute may end, elsewhere not. */
Test(metadata, refuses_every_truncation)
{
	size_t whole;
	_cleanup_(freep) uint8_t *bytes = unhex(EXAMPLE, &whole);

	for (size_t len = 0; len < whole; len++) {
		_cleanup_(freep) uint8_t *cut = malloc(len ? len : 1);
		struct cursor c = cursor_of(memcpy(cut, bytes, len), len);
		struct metadata m;
		int want = len && len % 8 == 0 ? 0 : -EBADMSG;

		cr_expect(eq(int, metadata_decode(&c, LOCAL_AS, &m), want), "%zu octets", len);
	}
}

static const struct {
	const char *name;
	struct bgp_path path;
	const char *hex;
} encoded[] = {
	{ "the draft's example",
	  { .has = BGP_HAS_REPORT,
	    .report = { .has = REPORT_PREFERENCE | REPORT_DELAY | REPORT_CAPACITY |
			       REPORT_UTILISATION,
			.preference = 100,
			.delay_index = 35,
			.capacity = 1,
			.utilisation = 0.63 } },
	  EXAMPLE },
	{ "site without availability",
	  { .has = BGP_HAS_REPORT | BGP_HAS_SITE_ID, .site_id = 7 },
	  "0002 05 80 0007 0000" },
	{ "availability of a site",
	  { .has = BGP_HAS_REPORT | BGP_HAS_SITE_ID,
	    .site_id = 7,
	    .report = { .has = REPORT_AVAILABILITY, .availability = 50 } },
	  "0002 05 00 0007 0032" },
	{ "overload leaves nothing free",
	  { .has = BGP_HAS_REPORT, .report = { .has = REPORT_UTILISATION, .utilisation = 1.7 } },
	  "0006 05 80 00000000" },
	{ "a draining site has nothing free",
	  { .has = BGP_HAS_REPORT,
	    .report = { .has = REPORT_UTILISATION, .utilisation = 0.1, .drain = true } },
	  "0006 05 80 00000000" },
	{ "nothing it could carry",
	  { .has = BGP_HAS_REPORT, .report = { .has = REPORT_SAMPLED, .sampled_ms = 1 } },
	  "" },
};

Test(metadata, encodes)
{
	for (size_t i = 0; i < ARRAY_SIZE(encoded); i++) {
		size_t len;
		_cleanup_(freep) uint8_t *want = unhex(encoded[i].hex, &len);
		uint8_t bytes[64];
		struct writer w = writer_of(bytes, sizeof(bytes));
		char text[160];

		cr_expect(eq(int, metadata_encode(&encoded[i].path, &w), len > 0), "%s",
			  encoded[i].name);
		cr_expect(writer_len(&w) == len && !memcmp(bytes, want, len), "%s: %s",
			  encoded[i].name, hexdump(bytes, writer_len(&w), text, sizeof(text)));
	}
}
