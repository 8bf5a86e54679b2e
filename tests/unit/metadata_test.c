/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/metadata.h"
#include "hex.h"
#include "random.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <math.h>

#define LOCAL_AS 65000

/* A report of 36 octets: capacity 8, 50 ms, 100/s, 3 in flight, 1.2 busy, 10 s, at a time. */
#define WHOLE_OF(flags, score)                                                               \
	"ff00 24 01" flags score "00 41000000 3d4ccccd 42c80000 40400000 3f99999a 41200000 " \
	"0000019999999999"
#define WHOLE_HAS                                                                         \
	(REPORT_CAPACITY | REPORT_SERVICE_TIME | REPORT_ARRIVAL_RATE | REPORT_IN_FLIGHT | \
	 REPORT_UTILISATION | REPORT_WINDOW | REPORT_SAMPLED | REPORT_SCORE)
#define ABSENT "ffffffff"

static const struct metadata_rules rules = { .report_type = 0xff00,
					     .scope_count = 1,
					     .scope = { 65010 } };

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
	{ "scope is one that is configured", "0007 05 00 0000fdf2", 0, { .ignored = 0 } },
	{ "scopes, one of them another's",
	  "0007 05 00 0000fde8 0007 05 00 0000fde9",
	  0,
	  { .out_of_scope = true } },
	{ "the whole report",
	  WHOLE_OF("00", "0a"),
	  0,
	  { .has_whole = true, .whole = { .has = WHOLE_HAS, .score = 10 } } },
	{ "the whole report of a site that drains",
	  WHOLE_OF("80", "00"),
	  0,
	  { .has_whole = true, .whole = { .has = WHOLE_HAS, .drain = true } } },
	{ "whole report, score not told",
	  WHOLE_OF("00", "ff"),
	  0,
	  { .has_whole = true, .whole = { .has = WHOLE_HAS & ~REPORT_SCORE } } },
	{ "whole report, score 11",
	  WHOLE_OF("00", "0b"),
	  0,
	  { .has_whole = true, .whole = { .has = WHOLE_HAS & ~REPORT_SCORE }, .ignored = 1 } },
	{ "whole report beside the draft's",
	  "0001 05 00 00000064 " WHOLE_OF("00", "0a"),
	  0,
	  { .report = { .has = REPORT_PREFERENCE, .preference = 100 },
	    .has_whole = true,
	    .whole = { .has = WHOLE_HAS, .score = 10 } } },
	{ "the first of two whole reports",
	  WHOLE_OF("80", "0a") WHOLE_OF("00", "01"),
	  0,
	  { .has_whole = true,
	    .whole = { .has = WHOLE_HAS, .score = 10, .drain = true },
	    .ignored = 1 } },
	{ "whole report of a later version, longer",
	  "ff00 26 01 00 05 00" ABSENT ABSENT ABSENT ABSENT ABSENT ABSENT "0000000000000000 abcd",
	  0,
	  { .has_whole = true, .whole = { .has = REPORT_SCORE, .score = 5 } } },
	{ "whole report with numbers that cannot be",
	  "ff00 24 01 00 ff 00 00000000 7f800000 bf800000 7fc00000 80000000 00000000 "
	  "0001000000000000",
	  0,
	  { .has_whole = true, .whole = { .has = REPORT_UTILISATION }, .ignored = 6 } },
	{ "whole report of 35",
	  "ff00 23 01 00 05 00" ABSENT ABSENT ABSENT ABSENT ABSENT ABSENT "00000000000000",
	  0,
	  { .ignored = 1 } },
	{ "whole report of another version",
	  "ff00 24 02 00 05 00" ABSENT ABSENT ABSENT ABSENT ABSENT ABSENT "0000000000000000",
	  0,
	  { .ignored = 1 } },
	{ "whole report of 0", "ff00 00", 0, { .ignored = 1 } },
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

		cr_expect(eq(int, metadata_decode(&c, LOCAL_AS, &rules, &m), vectors[i].want), "%s",
			  vectors[i].name);
		expect_report(vectors[i].name, &m.report, &vectors[i].m.report);
		cr_expect(eq(int, m.has_whole, vectors[i].m.has_whole), "%s", vectors[i].name);
		cr_expect(eq(u32, m.whole.has, vectors[i].m.whole.has), "%s", vectors[i].name);
		cr_expect(eq(u8, m.whole.score, vectors[i].m.whole.score), "%s", vectors[i].name);
		cr_expect(eq(int, m.whole.drain, vectors[i].m.whole.drain), "%s", vectors[i].name);
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

		cr_expect(eq(int, metadata_decode(&c, LOCAL_AS, &rules, &m), want), "%zu octets",
			  len);
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
	const struct metadata_rules none = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(encoded); i++) {
		size_t len;
		_cleanup_(freep) uint8_t *want = unhex(encoded[i].hex, &len);
		uint8_t bytes[64];
		struct writer w = writer_of(bytes, sizeof(bytes));
		char text[160];

		cr_expect(eq(int, metadata_encode(&encoded[i].path, LOCAL_AS, &none, &w), len > 0),
			  "%s", encoded[i].name);
		cr_expect(writer_len(&w) == len && !memcmp(bytes, want, len), "%s: %s",
			  encoded[i].name, hexdump(bytes, writer_len(&w), text, sizeof(text)));
	}
}

static double pick_number(struct random *random)
{
	return pow(10, (double)random_below(random, 1600) / 100 - 8);
}

static struct report pick_report(struct random *random)
{
	return (struct report){
		.has = (uint32_t)random_below(random, 1 << 11),
		.capacity = pick_number(random),
		.service_time_s = pick_number(random),
		.arrival_rate = random_below(random, 9) ? pick_number(random) : 0,
		.in_flight = random_below(random, 9) ? pick_number(random) : 0,
		.utilisation = (double)random_below(random, 101) / 100,
		.window_s = pick_number(random),
		.sampled_ms = 1 + (int64_t)random_below(random, UINT64_C(1) << 48) / 2,
		.preference = 1 + (uint32_t)random_below(random, UINT32_MAX),
		.availability = (uint16_t)random_below(random, 101),
		.delay_index = (uint8_t)random_below(random, 101),
		.score = (uint8_t)random_below(random, 11),
		.drain = random_below(random, 2),
	};
}

static bool near(double a, double b)
{
	return fabs(a - b) <= 1.0 / 2000 * fabs(b);
}

static bool agrees(const struct report *told, enum report_field field, bool same)
{
	return !(told->has & field) || same;
}

/* Whatever a report says comes back: by the whole report all that it can tell, by the draft's
 * sub-TLVs theirs. */
Test(metadata, round_trips)
{
	struct random random = random_seeded("metadata");
	struct metadata_rules with = rules;

	with.scope_send = true;
	for (int i = 0; i < 20000; i++) {
		struct bgp_path path = { .has = BGP_HAS_REPORT, .report = pick_report(&random) };
		const struct report *told = &path.report;
		uint8_t bytes[128];
		struct writer w = writer_of(bytes, sizeof(bytes));
		struct metadata m = { 0 };
		struct cursor c;

		if (!metadata_encode(&path, LOCAL_AS, &with, &w)) {
			cr_assert(eq(u32, told->has, 0));
			cr_assert(not(told->drain));
			continue;
		}
		cr_assert(not(w.bad));
		c = cursor_of(bytes, writer_len(&w));
		cr_assert(eq(int, metadata_decode(&c, LOCAL_AS, &with, &m), 0));
		cr_assert(eq(u32, m.ignored, 0));
		cr_assert(not(m.out_of_scope));
		cr_assert(m.has_whole);
		cr_assert(eq(u32, m.whole.has, told->has & WHOLE_HAS));
		cr_assert(eq(int, m.whole.drain, told->drain));
		cr_assert(agrees(told, REPORT_CAPACITY, near(m.whole.capacity, told->capacity)));
		cr_assert(agrees(told, REPORT_SERVICE_TIME,
				 near(m.whole.service_time_s, told->service_time_s)));
		cr_assert(agrees(told, REPORT_ARRIVAL_RATE,
				 near(m.whole.arrival_rate, told->arrival_rate)));
		cr_assert(agrees(told, REPORT_IN_FLIGHT, near(m.whole.in_flight, told->in_flight)));
		cr_assert(agrees(told, REPORT_UTILISATION,
				 near(m.whole.utilisation, told->utilisation)));
		cr_assert(agrees(told, REPORT_WINDOW, near(m.whole.window_s, told->window_s)));
		cr_assert(agrees(told, REPORT_SAMPLED, m.whole.sampled_ms == told->sampled_ms));
		cr_assert(agrees(told, REPORT_SCORE, m.whole.score == told->score));
		cr_assert(agrees(told, REPORT_PREFERENCE, m.report.preference == told->preference));
		cr_assert(agrees(told, REPORT_AVAILABILITY,
				 m.report.availability == told->availability));
		cr_assert(agrees(told, REPORT_DELAY, m.report.delay_index == told->delay_index));
		c = cursor_of(bytes, writer_len(&w));
		cr_assert(eq(int, metadata_decode(&c, LOCAL_AS + 1, &with, &m), 0));
		cr_assert(m.out_of_scope, "told as another AS's");
	}
}
