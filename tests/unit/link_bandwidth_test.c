/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/link_bandwidth.h"
#include "bgp_bytes.h"
#include "random.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>

static const struct {
	const char *name, *hex;
	uint32_t ignored;
	struct report report;
} vectors[] = {
	{ "none", "", 0, { 0 } },
	{ "a stranger's", "0002 fde8 00000064", 0, { 0 } },
	{ "sub-type of the type, but another", "4005 fde8 49742400", 0, { 0 } },
	{ "8 slots", "4004 fde8 49742400", 0, { .has = REPORT_CAPACITY, .capacity = 8 } },
	{ "8 slots, transitive",
	  "0004 fde8 49742400",
	  0,
	  { .has = REPORT_CAPACITY, .capacity = 8 } },
	{ "10 Gbit/s, as an operator sets it",
	  "4004 fde8 4e9502f9",
	  0,
	  { .has = REPORT_CAPACITY, .capacity = 10000 } },
	{ "among strangers",
	  "0002 fde8 00000064 4004 fde8 49742400 9001 00000000 0000",
	  0,
	  { .has = REPORT_CAPACITY, .capacity = 8 } },
	{ "the first of two",
	  "4004 fde8 49742400 0004 fde8 49f42400",
	  1,
	  { .has = REPORT_CAPACITY, .capacity = 8 } },
	{ "the second, where the first is none",
	  "4004 fde8 7fc00000 0004 fde8 49742400",
	  1,
	  { .has = REPORT_CAPACITY, .capacity = 8 } },
	{ "the least there is: drain", "4004 fde8 3f800000", 0, { .drain = true } },
	{ "less than that", "4004 fde8 00000001", 0, { .drain = true } },
	{ "0", "4004 fde8 00000000", 1, { 0 } },
	{ "-0", "4004 fde8 80000000", 1, { 0 } },
	{ "negative", "4004 fde8 c9742400", 1, { 0 } },
	{ "infinite", "4004 fde8 7f800000", 1, { 0 } },
	{ "not a number", "4004 fde8 7fc00000", 1, { 0 } },
	{ "all ones", "4004 fde8 ffffffff", 1, { 0 } },
};

Test(link_bandwidth, decodes)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		size_t len;
		_cleanup_(freep) uint8_t *bytes = unhex(vectors[i].hex, &len);
		struct cursor c = cursor_of(bytes, len);
		struct report report = { .score = 9 };

		cr_expect(eq(u32, link_bandwidth_decode(&c, &report), vectors[i].ignored), "%s",
			  vectors[i].name);
		cr_expect(eq(u32, report.has, vectors[i].report.has), "%s", vectors[i].name);
		cr_expect(eq(int, report.drain, vectors[i].report.drain), "%s", vectors[i].name);
		cr_expect(eq(u8, report.score, 0), "%s: all of it is written", vectors[i].name);
		cr_expect(epsilon_eq(dbl, report.capacity, vectors[i].report.capacity,
				     1e-6 * vectors[i].report.capacity),
			  "%s", vectors[i].name);
	}
}

/* The table in attr.c lets whole communities through only; what is cut is no word of ours. */
Test(link_bandwidth, takes_nothing_from_a_piece)
{
	size_t whole;
	_cleanup_(freep) uint8_t *bytes = unhex("4004 fde8 49742400", &whole);

	for (size_t len = 0; len < whole; len++) {
		_cleanup_(freep) uint8_t *cut = malloc(len ? len : 1);
		struct cursor c = cursor_of(memcpy(cut, bytes, len), len);
		struct report report;

		cr_expect(eq(u32, link_bandwidth_decode(&c, &report), 0), "%zu octets", len);
		cr_expect(eq(u32, report.has, 0), "%zu octets", len);
	}
}

static const struct {
	const char *name;
	struct report report;
	bool external, as4;
	const char *hex;
} encoded[] = {
	{ "8 slots",
	  { .has = REPORT_CAPACITY, .capacity = 8 },
	  false,
	  false,
	  "4004 fde8 49742000" },
	{ "to another AS",
	  { .has = REPORT_CAPACITY, .capacity = 8 },
	  true,
	  false,
	  "0004 fde8 49742000" },
	{ "an AS number of four octets",
	  { .has = REPORT_CAPACITY, .capacity = 8 },
	  false,
	  true,
	  "4004 5ba0 49742000" },
	{ "half of it available",
	  { .has = REPORT_CAPACITY | REPORT_AVAILABILITY, .capacity = 16, .availability = 50 },
	  false,
	  false,
	  "4004 fde8 49742000" },
	{ "nothing available",
	  { .has = REPORT_CAPACITY | REPORT_AVAILABILITY, .capacity = 16 },
	  false,
	  false,
	  "4004 fde8 3f800000" },
	{ "drain",
	  { .has = REPORT_CAPACITY, .capacity = 8, .drain = true },
	  false,
	  false,
	  "4004 fde8 3f800000" },
	{ "drain alone", { .drain = true }, false, false, "4004 fde8 3f800000" },
	{ "capacity not known",
	  { .has = REPORT_UTILISATION | REPORT_AVAILABILITY, .utilisation = 0.5 },
	  false,
	  false,
	  "" },
};

Test(link_bandwidth, encodes)
{
	for (size_t i = 0; i < ARRAY_SIZE(encoded); i++) {
		struct bgp_codec codec = codec_ibgp();
		uint8_t bytes[16];
		struct writer w = writer_of(bytes, sizeof(bytes));
		size_t len;
		_cleanup_(freep) uint8_t *want = unhex(encoded[i].hex, &len);
		char text[64];

		codec.ibgp = !encoded[i].external;
		codec.local_as = encoded[i].as4 ? 4200000000 : 65000;
		link_bandwidth_encode(&codec, &encoded[i].report, &w);
		cr_expect(writer_len(&w) == len && !memcmp(bytes, want, len), "%s: %s",
			  encoded[i].name, hexdump(bytes, writer_len(&w), text, sizeof(text)));
	}
}

/* Any capacity and availability come back as their product, 0.05 % off at most. */
Test(link_bandwidth, round_trips)
{
	struct random random = random_seeded("link_bandwidth");

	for (int i = 0; i < 20000; i++) {
		double exponent = (double)random_below(&random, 2000) / 100 - 5;
		struct report told = { .has = REPORT_CAPACITY | REPORT_AVAILABILITY,
				       .capacity = pow(10, exponent),
				       .availability = (uint16_t)random_below(&random, 101) };
		double want = told.capacity * told.availability / 100;
		struct bgp_codec codec = codec_ibgp();
		uint8_t bytes[8];
		struct writer w = writer_of(bytes, sizeof(bytes));
		struct report back;
		struct cursor c;

		link_bandwidth_encode(&codec, &told, &w);
		cr_assert(eq(sz, writer_len(&w), 8));
		c = cursor_of(bytes, 8);
		cr_assert(eq(u32, link_bandwidth_decode(&c, &back), 0));
		/* Up to half a step above the least it is rounded to that. */
		if (want * LINK_BANDWIDTH_PER_SLOT < 1 + 1.0 / 2048)
			cr_expect(back.drain && !back.has, "%g", want);
		else
			cr_expect(le(dbl, fabs(back.capacity / want - 1), 1.0 / 2000), "%g", want);
	}
}
