/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/report_community.h"
#include "bgp_bytes.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>

#define NEVER "ffffffff" /* a float that is not there */

static const struct {
	const char *name, *hex;
	uint32_t ignored;
	struct bgp_path path;
} vectors[] = {
	{ "none", "", 0, { 0 } },
	{ "a stranger's", "0002 fde8 00000064", 0, { 0 } },
	{ "type of ours without the transitive bit", "c801 41000000 00ff", 0, { 0 } },
	{ "capacity 8",
	  "8301 41000000 00ff",
	  0,
	  { .has = BGP_HAS_REPORT, .report = { .has = REPORT_CAPACITY, .capacity = 8 } } },
	{ "drain",
	  "8301 41000000 01ff",
	  0,
	  { .has = BGP_HAS_REPORT,
	    .report = { .has = REPORT_CAPACITY, .capacity = 8, .drain = true } } },
	{ "drain alone",
	  "8301" NEVER "01ff",
	  0,
	  { .has = BGP_HAS_REPORT, .report = { .drain = true } } },
	{ "score",
	  "8301" NEVER "000a",
	  0,
	  { .has = BGP_HAS_REPORT, .report = { .has = REPORT_SCORE, .score = 10 } } },
	{ "score 11", "8301" NEVER "000b", 1, { .has = BGP_HAS_REPORT } },
	{ "service time and site",
	  "8302 3d4ccccd 0007",
	  0,
	  { .has = BGP_HAS_REPORT | BGP_HAS_SITE_ID,
	    .site_id = 7,
	    .report = { .has = REPORT_SERVICE_TIME, .service_time_s = 0.05 } } },
	{ "arrival rate and window",
	  "8303 42c80000 0064",
	  0,
	  { .has = BGP_HAS_REPORT,
	    .report = { .has = REPORT_ARRIVAL_RATE | REPORT_WINDOW,
			.arrival_rate = 100,
			.window_s = 10 } } },
	{ "arrival rate 0",
	  "8303 00000000 ffff",
	  0,
	  { .has = BGP_HAS_REPORT, .report = { .has = REPORT_ARRIVAL_RATE } } },
	{ "in flight and utilisation",
	  "8304 40400000 04b0",
	  0,
	  { .has = BGP_HAS_REPORT,
	    .report = { .has = REPORT_IN_FLIGHT | REPORT_UTILISATION,
			.in_flight = 3,
			.utilisation = 1.2 } } },
	{ "sampled",
	  "8305 0199 9999 9999",
	  0,
	  { .has = BGP_HAS_REPORT,
	    .report = { .has = REPORT_SAMPLED, .sampled_ms = 0x019999999999 } } },
	{ "indices",
	  "8306 00000064 32 23",
	  0,
	  { .has = BGP_HAS_REPORT,
	    .report = { .has = REPORT_PREFERENCE | REPORT_AVAILABILITY | REPORT_DELAY,
			.preference = 100,
			.availability = 50,
			.delay_index = 35 } } },
	{ "indices that are not there", "8306 00000000 ff ff", 0, { .has = BGP_HAS_REPORT } },
	{ "indices of 101", "8306 00000000 65 65", 2, { .has = BGP_HAS_REPORT } },
	{ "sub-type of a later version", "8363 00000000 0000", 0, { 0 } },
	{ "sub-type 0", "8300 00000000 0000", 0, { 0 } },
	{ "two of a kind: the first",
	  "8301 41000000 00ff 8301 42000000 00ff",
	  1,
	  { .has = BGP_HAS_REPORT, .report = { .has = REPORT_CAPACITY, .capacity = 8 } } },
	{ "among strangers",
	  "0002 fde8 00000064 8301 41000000 00ff 9001 00000000 0000",
	  0,
	  { .has = BGP_HAS_REPORT, .report = { .has = REPORT_CAPACITY, .capacity = 8 } } },
	{ "capacity 0", "8301 00000000 00ff", 1, { .has = BGP_HAS_REPORT } },
	{ "capacity -0", "8301 80000000 00ff", 1, { .has = BGP_HAS_REPORT } },
	{ "capacity -8", "8301 c1000000 00ff", 1, { .has = BGP_HAS_REPORT } },
	{ "capacity infinite", "8301 7f800000 00ff", 1, { .has = BGP_HAS_REPORT } },
	{ "capacity not a number", "8301 7fc00000 00ff", 1, { .has = BGP_HAS_REPORT } },
	{ "service time 0", "8302 00000000 0000", 1, { .has = BGP_HAS_REPORT } },
	{ "arrival rate negative", "8303 bf800000 ffff", 1, { .has = BGP_HAS_REPORT } },
	{ "arrival rate infinite", "8303 7f800000 ffff", 1, { .has = BGP_HAS_REPORT } },
	{ "window 0", "8303" NEVER "0000", 1, { .has = BGP_HAS_REPORT } },
	{ "in flight negative", "8304 bf800000 ffff", 1, { .has = BGP_HAS_REPORT } },
	{ "sampled at 0", "8305 000000000000", 1, { .has = BGP_HAS_REPORT } },
};

static bool near(double a, double b)
{
	return fabs(a - b) <= 1e-6 * fabs(b);
}

static void expect_report(const char *name, const struct report *a, const struct report *b)
{
	cr_expect(eq(u32, a->has, b->has), "%s", name);
	cr_expect(near(a->capacity, b->capacity), "%s", name);
	cr_expect(near(a->service_time_s, b->service_time_s), "%s", name);
	cr_expect(near(a->arrival_rate, b->arrival_rate), "%s", name);
	cr_expect(near(a->in_flight, b->in_flight), "%s", name);
	cr_expect(near(a->utilisation, b->utilisation), "%s", name);
	cr_expect(near(a->window_s, b->window_s), "%s", name);
	cr_expect(eq(i64, a->sampled_ms, b->sampled_ms), "%s", name);
	cr_expect(eq(u32, a->preference, b->preference), "%s", name);
	cr_expect(eq(u16, a->availability, b->availability), "%s", name);
	cr_expect(eq(u8, a->delay_index, b->delay_index), "%s", name);
	cr_expect(eq(u8, a->score, b->score), "%s", name);
	cr_expect(eq(int, a->drain, b->drain), "%s", name);
}

Test(report_community, decodes)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		size_t len;
		_cleanup_(freep) uint8_t *bytes = unhex(vectors[i].hex, &len);
		struct cursor c = cursor_of(bytes, len);
		struct bgp_path path = { 0 };

		cr_expect(eq(u32, report_community_decode(&c, &path), vectors[i].ignored), "%s",
			  vectors[i].name);
		cr_expect(eq(u32, path.has, vectors[i].path.has), "%s", vectors[i].name);
		cr_expect(eq(u16, path.site_id, vectors[i].path.site_id), "%s", vectors[i].name);
		cr_expect(eq(u32, path.carrier, path.has ? BGP_CARRIER_COMMUNITY : 0), "%s",
			  vectors[i].name);
		expect_report(vectors[i].name, &path.report, &vectors[i].path.report);
	}
}

Test(report_community, encodes_what_it_decodes)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		uint8_t bytes[64];
		struct writer w = writer_of(bytes, sizeof(bytes));
		struct bgp_path path = { 0 };
		struct cursor c;

		report_community_encode(&vectors[i].path, &w);
		cr_assert(not(w.bad));
		c = cursor_of(bytes, writer_len(&w));
		cr_expect(eq(u32, report_community_decode(&c, &path), 0), "%s", vectors[i].name);
		cr_expect(eq(u16, path.site_id, vectors[i].path.site_id), "%s", vectors[i].name);
		cr_expect(near(path.report.capacity, vectors[i].path.report.capacity), "%s",
			  vectors[i].name);
		cr_expect(eq(u32, path.report.has, vectors[i].path.report.has), "%s",
			  vectors[i].name);
	}
}

static size_t encode_capacity(double capacity, uint8_t ret[64])
{
	struct bgp_path path = { .has = BGP_HAS_REPORT,
				 .report = { .has = REPORT_CAPACITY, .capacity = capacity } };
	struct writer w = writer_of(ret, 64);

	report_community_encode(&path, &w);
	return writer_len(&w);
}

/* Relative error at most 1/2048, over forty orders of magnitude; steps are 1/1024 at most. */
Test(report_community, keeps_three_digits)
{
	for (double value = 1e-20; value < 1e20; value *= 1.0137) {
		uint8_t bytes[64];
		struct bgp_path path = { 0 };
		struct cursor c = cursor_of(bytes, encode_capacity(value, bytes));

		report_community_decode(&c, &path);
		cr_expect(le(dbl, fabs(path.report.capacity / value - 1), 1.0 / 2048), "%g", value);
	}
}

Test(report_community, hides_changes_that_do_not_matter)
{
	uint8_t a[64], b[64];

	encode_capacity(8, a);
	cr_expect(eq(sz, encode_capacity(8.003, b), 8));
	cr_expect(eq(int, memcmp(a, b, 8), 0));
	encode_capacity(8.008, b);
	cr_expect(ne(int, memcmp(a, b, 8), 0));
}

/* Values beyond a field's range come out as its nearest end, not as nonsense or as absent. */
Test(report_community, keeps_to_the_range)
{
	struct bgp_path path = {
		.has = BGP_HAS_REPORT,
		.report = { .has = REPORT_CAPACITY | REPORT_SERVICE_TIME | REPORT_ARRIVAL_RATE |
				   REPORT_WINDOW | REPORT_UTILISATION,
			    .capacity = 1e300,
			    .service_time_s = 1e-300,
			    .window_s = 1e-9,
			    .utilisation = 1e9 },
	};
	uint8_t bytes[64];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct bgp_path back = { 0 };
	struct cursor c;

	report_community_encode(&path, &w);
	c = cursor_of(bytes, writer_len(&w));
	cr_expect(eq(u32, report_community_decode(&c, &back), 0));
	cr_expect(eq(u32, back.report.has, path.report.has));
	cr_expect(back.report.capacity > 1e38, "%g", back.report.capacity);
	cr_expect(back.report.service_time_s > 0, "%g", back.report.service_time_s);
	cr_expect(near(back.report.window_s, 0.1));
	cr_expect(near(back.report.utilisation, 65.534));
}

/* Speakers sort communities by their octets: what we send is sorted already, and none is twice. */
Test(report_community, ascends)
{
	struct bgp_path path = { .has = BGP_HAS_REPORT | BGP_HAS_SITE_ID, .site_id = 7 };
	uint8_t bytes[64];
	struct writer w = writer_of(bytes, sizeof(bytes));

	path.report =
		(struct report){ .has = ~0u, .capacity = 8, .service_time_s = 1, .window_s = 1 };
	path.report.sampled_ms = 1;
	report_community_encode(&path, &w);
	cr_assert(eq(sz, writer_len(&w), 48));
	for (size_t i = 8; i < 48; i += 8)
		cr_expect(lt(int, memcmp(bytes + i - 8, bytes + i, 8), 0), "at %zu", i);
}
