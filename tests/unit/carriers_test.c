/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/carriers.h"
#include "bgp_bytes.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define WHOLE     BGP_CARRIER_EDGE_METADATA
#define COMMUNITY BGP_CARRIER_COMMUNITY
#define BANDWIDTH BGP_CARRIER_LINK_BANDWIDTH

/* Each carrier says another capacity, so that it shows whose word counts. */
static const struct {
	const char *name;
	bool whole, community, metadata, bandwidth;
	uint32_t carrier;
	double capacity;
	bool utilisation; /* which attribute 42's own sub-TLVs know, and the others here do not */
} joined[] = {
	{ "nothing", false, false, false, false, 0, 0, false },
	{ "link-bandwidth alone", false, false, false, true, BANDWIDTH, 4, false },
	{ "metadata before link-bandwidth", false, false, true, true, WHOLE, 3, true },
	{ "community before link-bandwidth", false, true, false, true, COMMUNITY, 2, false },
	{ "community first, metadata fills in", false, true, true, true, COMMUNITY, 2, true },
	{ "the whole report before all", true, true, true, true, WHOLE, 1, true },
	{ "the whole report alone", true, false, false, false, WHOLE, 1, false },
};

static struct report capacity(double value)
{
	return (struct report){ .has = REPORT_CAPACITY, .capacity = value };
}

Test(carriers, richest_speaks_first)
{
	for (size_t i = 0; i < ARRAY_SIZE(joined); i++) {
		struct bgp_path path = { 0 };
		struct carried carried = { .has_whole = joined[i].whole,
					   .whole = capacity(1),
					   .has_metadata = joined[i].metadata,
					   .metadata = capacity(3),
					   .has_bandwidth = joined[i].bandwidth,
					   .bandwidth = capacity(4) };
		uint32_t want = joined[i].carrier ? BGP_HAS_REPORT : 0;

		carried.metadata.has |= REPORT_UTILISATION;
		if (joined[i].community) {
			path.has = BGP_HAS_REPORT;
			path.carrier = COMMUNITY;
			path.report = capacity(2);
		}
		carriers_join(&carried, &path);
		cr_expect(eq(u32, path.has, want), "%s", joined[i].name);
		cr_expect(eq(u32, path.carrier, joined[i].carrier), "%s", joined[i].name);
		cr_expect(eq(dbl, path.report.capacity, joined[i].capacity), "%s", joined[i].name);
		cr_expect(eq(int, !!(path.report.has & REPORT_UTILISATION), joined[i].utilisation),
			  "%s", joined[i].name);
		cr_expect(eq(int, !!(path.carried[1] & REPORT_UTILISATION), joined[i].utilisation),
			  "%s", joined[i].name);
		for (size_t k = 0; k < BGP_CARRIER_COUNT; k++)
			cr_expect(eq(int, !!(path.carried[k] & REPORT_CAPACITY),
				     joined[i].carrier == BIT(k)),
				  "%s: by %s", joined[i].name, bgp_carrier_text(BIT(k)));
	}
}

/* Its value has the availability in it: beside others it would count twice. */
Test(carriers, bandwidth_does_not_fill_in)
{
	struct bgp_path path = { .has = BGP_HAS_REPORT, .carrier = COMMUNITY };
	struct carried carried = { .has_bandwidth = true, .bandwidth = capacity(4) };

	path.report = (struct report){ .has = REPORT_AVAILABILITY, .availability = 50 };
	carriers_join(&carried, &path);
	cr_expect(eq(u32, path.report.has, REPORT_AVAILABILITY));
	cr_expect(eq(u32, path.carried[2], 0));
}

/* A drain is a wish that any carrier may tell. */
Test(carriers, any_may_drain)
{
	struct bgp_path path = { .has = BGP_HAS_REPORT, .carrier = COMMUNITY };
	struct carried carried = { .has_whole = true, .whole = { .drain = true } };

	path.report = capacity(2);
	carriers_join(&carried, &path);
	cr_expect(path.report.drain);
	cr_expect(eq(dbl, path.report.capacity, 2));
	cr_expect(eq(u32, path.carrier, WHOLE));
}

/* An attribute that nothing is left of is not there: two paths are equal, with it or without. */
Test(carriers, nothing_left_is_no_attribute)
{
	struct bgp_codec codec = codec_ibgp();
	_cleanup_(freep) struct bgp_update *update = malloc(sizeof(*update));
	size_t len;
	_cleanup_(freep) uint8_t *bytes =
		unhex("0000 0020 400101 00 400200 400304 c0000201 400504 00000064 "
		      "e010 08 8301 41000000 00ff 20 c6336450",
		      &len);
	struct update_item item;

	cr_assert(update != NULL);
	codec.inside = 0;
	cr_expect(eq(int, update_decode(&codec, cursor_of(bytes, len), update), FAULT_DISCARD));
	cr_assert(update_next(update, &item) && item.path != NULL);
	cr_expect(eq(sz, item.path->ext_communities.len, 0));
	cr_expect(eq(u64, item.path->partial, 0));
}

/* From an UPDATE: of a neighbour outside nothing is believed, and nothing passed on. */
Test(carriers, outsiders_tell_nothing)
{
	static const char attrs[] =
		"c010 18 8301 41000000 00ff 0002 fde8 00000064 4004 fde8 49742400";
	struct bgp_codec codec = codec_ibgp();
	struct bgp_update *update = malloc(sizeof(*update));
	size_t len;
	_cleanup_(freep) uint8_t *bytes = NULL;
	char hex[256];

	cr_assert(update != NULL);
	snprintf(hex, sizeof(hex),
		 "0000 0030 400101 00 400200 400304 c0000201 400504 00000064 %s %s", attrs,
		 "20 c6336450");
	bytes = unhex(hex, &len);
	codec.carriers_accept = BGP_CARRIER_COMMUNITY | BANDWIDTH;
	for (int inside = 0; inside <= 1; inside++) {
		struct update_item item;

		codec.inside = inside;
		cr_expect(eq(int, update_decode(&codec, cursor_of(bytes, len), update),
			     inside ? FAULT_NONE : FAULT_DISCARD));
		cr_assert(update_next(update, &item) && item.path != NULL);
		cr_expect(eq(sz, item.path->ext_communities.len, inside ? 24 : 8));
		cr_expect(eq(u32, item.path->carrier, inside ? COMMUNITY : 0));
		cr_expect(eq(dbl, item.path->report.capacity, inside ? 8 : 0));
	}
	free(update);
}
