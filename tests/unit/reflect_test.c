/* SPDX-License-Identifier: BSD-2-Clause */
#include "speakers.h"

#define SERVICE_V4 "198.51.100.80"
#define SERVICE_V6 "2001:db8:80::1"

/* Speaker 0 in the middle, the others around it. */
static void star_open(struct speakers *all, int around, bool clients, bool add_path)
{
	speakers_open(all);
	speaker_add(all, 0);
	for (int i = 1; i <= around; i++) {
		struct speaker_seen *edge = speaker_add(all, i);
		struct bgp_neighbor_config down = neighbor_of(&all->speaker[0], i),
					   up = neighbor_of(edge, 0);

		down.families = up.families = BIT(BGP_FAMILY_COUNT) - 1;
		down.client = clients;
		down.add_path_send = up.add_path_receive = add_path;
		up.carriers_send = down.carriers_accept = up.carriers_accept =
			BGP_CARRIER_COMMUNITY;
		neighbor_put(&all->speaker[0], &down);
		neighbor_put(edge, &up);
	}
	for (int i = 1; i <= around; i++)
		LOOP_UNTIL(all, is_up(&all->speaker[i], 0) && is_up(&all->speaker[0], i - 1));
}

static struct bgp_path path_reported(const char *next_hop, double capacity)
{
	struct bgp_path path = path_of(next_hop);

	path.has = BGP_HAS_REPORT;
	path.report.has = REPORT_CAPACITY;
	path.report.capacity = capacity;
	return path;
}

static bool path_has(const struct bgp_path *path, uint32_t bit)
{
	return path->has & bit;
}

Test(reflect, gives_all_paths_of_clients, .timeout = 20)
{
	struct speakers all;
	struct speaker_seen *ingress;
	struct bgp_path east = path_reported("192.0.2.1", 8), west = path_reported("192.0.2.2", 16);
	uint64_t before;

	star_open(&all, 3, true, true);
	ingress = &all.speaker[3];
	originate(&all.speaker[1], SERVICE_V4, &east);
	originate(&all.speaker[2], SERVICE_V4, &west);
	LOOP_UNTIL(&all, ingress->announced == 2);
	cr_expect(eq(u64, state_of(ingress, 0).prefixes_in, 2));
	cr_expect(ne(u32, ingress->path_id, 0));
	cr_expect(path_has(&ingress->path, BGP_HAS_ORIGINATOR));
	cr_expect(path_has(&ingress->path, BGP_HAS_REPORT));
	cr_expect(eq(sz, ingress->clusters, 4));
	cr_expect(eq(u32, ingress->path.local_pref, 100));
	LOOP_UNTIL(&all, all.speaker[1].announced == 1 && all.speaker[2].announced == 1);
	cr_expect(eq(u64, state_of(&all.speaker[1], 0).ignored, 0), "sent back");

	/* A new report changes one path, by one UPDATE; its id is the same. */
	before = state_of(ingress, 0).updates_in;
	east.report.capacity = 9;
	originate(&all.speaker[1], SERVICE_V4, &east);
	LOOP_UNTIL(&all, ingress->announced == 3);
	cr_expect(eq(u64, state_of(ingress, 0).updates_in, before + 1));
	cr_expect(eq(u64, state_of(ingress, 0).prefixes_in, 2));
	cr_expect(ingress->path.report.capacity == 9);
	withdraw(&all.speaker[1], SERVICE_V4);
	LOOP_UNTIL(&all, ingress->withdrawn == 1);
	cr_expect(eq(u64, state_of(ingress, 0).prefixes_in, 1));
	speakers_close(&all);
}

Test(reflect, gives_the_best_without_add_path, .timeout = 20)
{
	struct speakers all;
	struct speaker_seen *ingress;
	struct bgp_path east = path_of("192.0.2.1"), west = path_of("192.0.2.2");

	star_open(&all, 3, true, false);
	ingress = &all.speaker[3];
	originate(&all.speaker[1], SERVICE_V4, &east);
	LOOP_UNTIL(&all, ingress->announced == 1);
	west.has = BGP_HAS_LOCAL_PREF;
	west.local_pref = 200;
	originate(&all.speaker[2], SERVICE_V4, &west);
	LOOP_UNTIL(&all, ingress->announced == 2);
	cr_expect(eq(u32, ingress->path.local_pref, 200));
	cr_expect(eq(u64, state_of(ingress, 0).prefixes_in, 1));
	/* Speaker 2's own is the best now: it is told of none, not of the second best. */
	cr_expect(eq(u64, state_of(&all.speaker[2], 0).prefixes_in, 0));
	cr_expect(eq(uint, all.speaker[2].announced, 1));
	cr_expect(eq(uint, all.speaker[2].withdrawn, 1));
	withdraw(&all.speaker[2], SERVICE_V4);
	LOOP_UNTIL(&all, ingress->announced == 3);
	cr_expect(eq(u32, ingress->path.local_pref, 100));
	cr_expect(eq(uint, ingress->withdrawn, 0), "replaced, not withdrawn");
	speakers_close(&all);
}

/* RFC 4456 section 6. */
Test(reflect, not_between_non_clients, .timeout = 20)
{
	struct speakers all;
	struct bgp_path path = path_of("192.0.2.1");

	star_open(&all, 2, false, true);
	originate(&all.speaker[1], SERVICE_V4, &path);
	LOOP_UNTIL(&all, all.speaker[0].announced == 1);
	loop_for(&all, 50);
	cr_expect(eq(uint, all.speaker[2].announced, 0));
	speakers_close(&all);
}

Test(reflect, both_families, .timeout = 20)
{
	struct speakers all;
	struct speaker_seen *ingress;
	struct bgp_path path = path_of("2001:db8::1");

	star_open(&all, 2, true, true);
	ingress = &all.speaker[2];
	originate(&all.speaker[1], SERVICE_V6, &path);
	originate(&all.speaker[1], SERVICE_V4, &path); /* RFC 8950 */
	LOOP_UNTIL(&all, ingress->announced == 2);
	cr_expect(addr_equal(&ingress->path.next_hop, &path.next_hop));
	speakers_close(&all);
}

/* A session's end takes its routes from everybody. */
Test(reflect, withdraws_what_a_lost_client_said, .timeout = 20)
{
	struct speakers all;
	struct bgp_path path = path_of("192.0.2.1");

	star_open(&all, 2, true, true);
	originate(&all.speaker[1], SERVICE_V4, &path);
	originate(&all.speaker[1], SERVICE_V6, &path);
	LOOP_UNTIL(&all, all.speaker[2].announced == 2);
	bgp_free(&all.speaker[1].bgp);
	LOOP_UNTIL(&all, all.speaker[2].withdrawn == 2);
	cr_expect(eq(uint, all.speaker[0].withdrawn, 2));
	LOOP_UNTIL(&all, !is_up(&all.speaker[0], 0));
	speakers_close(&all);
}

/* RFC 4456 section 8: what went round comes back with our own identifier. */
Test(reflect, ignores_what_loops, .timeout = 20)
{
	struct speakers all;
	struct bgp_path path = path_of("192.0.2.1");

	star_open(&all, 2, true, true);
	path.has = BGP_HAS_ORIGINATOR;
	memcpy(path.originator_id, (uint8_t[]){ 127, 0, 0, 3 }, 4);
	originate(&all.speaker[1], SERVICE_V4, &path);
	LOOP_UNTIL(&all, state_of(&all.speaker[2], 0).ignored == 1);
	cr_expect(eq(uint, all.speaker[2].announced, 0));
	cr_expect(eq(u64, state_of(&all.speaker[2], 0).prefixes_in, 0));
	path.originator_id[3] = 9;
	originate(&all.speaker[1], SERVICE_V4, &path);
	LOOP_UNTIL(&all, all.speaker[2].announced == 1);
	path.originator_id[3] = 3; /* what was good is replaced by what loops: it goes */
	originate(&all.speaker[1], SERVICE_V4, &path);
	LOOP_UNTIL(&all, all.speaker[2].withdrawn == 1);
	speakers_close(&all);
}

#define CARRIERS_ALL \
	(BGP_CARRIER_COMMUNITY | BGP_CARRIER_EDGE_METADATA | BGP_CARRIER_LINK_BANDWIDTH)

/* How a neighbour is told of load, or not. */
static const struct border {
	const char *name;
	uint32_t as;
	enum bgp_domain domain;
	uint32_t carriers;
	bool told;
} borders[] = {
	{ "another AS", AS_OURS + 1, BGP_DOMAIN_BY_AS, CARRIERS_ALL, false },
	{ "another AS, inside, no carrier", AS_OURS + 1, BGP_DOMAIN_INSIDE, 0, false },
	{ "another AS, inside", AS_OURS + 1, BGP_DOMAIN_INSIDE, CARRIERS_ALL, true },
	{ "our AS", AS_OURS, BGP_DOMAIN_BY_AS, CARRIERS_ALL, true },
	{ "our AS, outside", AS_OURS, BGP_DOMAIN_OUTSIDE, CARRIERS_ALL, false },
};

/* Speaker 1 in our AS, which is inside; speaker 2 beyond the border, which believes us. */
static void border_open(struct speakers *all, const struct border *border)
{
	struct bgp_neighbor_config config;

	speakers_open(all);
	speaker_add(all, 0);
	speaker_add(all, 1);
	speaker_add_as(all, 2, border->as);
	for (int i = 1; i <= 2; i++) {
		config = neighbor_of(&all->speaker[0], i);
		config.remote_as = i == 2 ? border->as : AS_OURS;
		config.client = config.remote_as == AS_OURS;
		config.domain = i == 2 ? border->domain : BGP_DOMAIN_BY_AS;
		config.carriers_accept = CARRIERS_ALL;
		config.carriers_send = i == 2 ? border->carriers : CARRIERS_ALL;
		neighbor_put(&all->speaker[0], &config);
		config = neighbor_of(&all->speaker[i], 0);
		config.domain = BGP_DOMAIN_INSIDE;
		config.carriers_accept = config.carriers_send = CARRIERS_ALL;
		neighbor_put(&all->speaker[i], &config);
	}
	for (int i = 1; i <= 2; i++)
		LOOP_UNTIL(all, is_up(&all->speaker[i], 0) && is_up(&all->speaker[0], i - 1));
}

static void expect_border(const struct border *border, const struct speaker_seen *beyond)
{
	cr_expect(eq(u32, beyond->path.has & BGP_HAS_REPORT, border->told ? BGP_HAS_REPORT : 0),
		  "%s", border->name);
	if (border->told)
		return;
	cr_expect(eq(sz, beyond->path.ext_communities.len, 0), "%s: communities", border->name);
	cr_expect(eq(sz, beyond->path.metadata.len, 0), "%s: attribute 42", border->name);
}

/* What came to us by all three carriers. */
Test(reflect, strips_metrics_at_the_border, .timeout = 30)
{
	for (size_t i = 0; i < ARRAY_SIZE(borders); i++) {
		struct speakers all;
		struct bgp_path path = path_reported("192.0.2.1", 8);

		border_open(&all, &borders[i]);
		path.report.has |= REPORT_UTILISATION;
		originate(&all.speaker[1], SERVICE_V4, &path);
		LOOP_UNTIL(&all, all.speaker[2].announced == 1);
		cr_expect(eq(sz, all.speaker[0].path.ext_communities.len, 24), "%s",
			  borders[i].name);
		cr_expect(eq(sz, all.speaker[0].path.metadata.len, 16), "%s", borders[i].name);
		expect_border(&borders[i], &all.speaker[2]);
		if (borders[i].told && borders[i].as == AS_OURS)
			cr_expect(eq(sz, all.speaker[2].path.metadata.len, 16));
		speakers_close(&all);
	}
}

/* What we say ourselves. */
Test(reflect, speaks_of_its_own_load_where_told_to, .timeout = 30)
{
	for (size_t i = 0; i < ARRAY_SIZE(borders); i++) {
		struct speakers all;
		struct bgp_path path = path_reported("192.0.2.1", 8);

		border_open(&all, &borders[i]);
		originate(&all.speaker[0], SERVICE_V4, &path);
		LOOP_UNTIL(&all, all.speaker[2].announced == 1 && all.speaker[1].announced == 1);
		expect_border(&borders[i], &all.speaker[2]);
		cr_expect(path_has(&all.speaker[1].path, BGP_HAS_REPORT));
		cr_expect(addr_equal(&all.speaker[2].path.next_hop, &path.next_hop), "as given");
		speakers_close(&all);
	}
}

static struct bgp_dst dst_vpn(const char *rd, const char *address)
{
	struct prefix prefix = prefix_text(address);
	struct bgp_dst dst = bgp_dst_of_vpn(&(struct bgp_rd){ { 0 } }, &prefix);

	cr_assert(bgp_rd_parse(rd, &dst.rd) == 0);
	return dst;
}

/* RFC 4364: who imports what is no business of a reflector's. The label is its next hop's, so that
 * next hop stays, asked or not. */
Test(reflect, passes_vpn_routes_on, .timeout = 20)
{
	struct speakers all;
	struct speaker_seen *ingress;
	struct bgp_dst red = dst_vpn("65000:1", SERVICE_V4), blue = dst_vpn("65000:2", SERVICE_V4),
		       green = dst_vpn("192.0.2.1:3", SERVICE_V6);
	struct bgp_path path = path_of("192.0.2.1");
	struct bgp_neighbor_config down;

	star_open(&all, 2, true, true);
	ingress = &all.speaker[2];
	cr_assert(bgp_neighbor_remove(all.speaker[0].bgp, (struct addr[]){ speaker_addr(2) }) == 0);
	down = neighbor_of(&all.speaker[0], 2);
	down.families = BIT(BGP_FAMILY_COUNT) - 1;
	down.client = down.next_hop_self = true;
	neighbor_put(&all.speaker[0], &down);
	LOOP_UNTIL(&all, is_up(ingress, 0) && is_up(&all.speaker[0], 1));
	path.label = 0xabcd06;
	cr_assert(bgp_originate(all.speaker[1].bgp, &red, &path) == 0);
	LOOP_UNTIL(&all, ingress->announced == 1);
	cr_expect(bgp_dst_equal(&ingress->dst, &red));
	cr_expect(eq(u32, ingress->path.label, 0xabcd06));
	cr_expect(addr_equal(&ingress->path.next_hop, &path.next_hop),
		  "next-hop-self is not for it");
	path.label = 0xabce06;
	cr_assert(bgp_originate(all.speaker[1].bgp, &red, &path) == 0);
	LOOP_UNTIL(&all, ingress->announced == 2);
	cr_expect(eq(u32, ingress->path.label, 0xabce06), "another label alone is a change");
	cr_assert(bgp_originate(all.speaker[1].bgp, &blue, &path) == 0);
	cr_assert(bgp_originate(all.speaker[1].bgp, &green, &path) == 0);
	LOOP_UNTIL(&all, ingress->announced == 4);
	cr_expect(eq(u64, state_of(ingress, 0).prefixes_in, 3));
	LOOP_UNTIL(&all, state_of(ingress, 0).end_of_rib == BIT(BGP_FAMILY_COUNT) - 1);
	cr_assert(bgp_withdraw(all.speaker[1].bgp, &red) == 0);
	LOOP_UNTIL(&all, ingress->withdrawn == 1);
	cr_expect(bgp_dst_equal(&ingress->dst, &red));
	cr_expect(eq(u64, state_of(ingress, 0).prefixes_in, 2));
	speakers_close(&all);
}

/* How much of a site is there is for the domain only, and without that it is no route at all. */
Test(reflect, tells_of_sites_inside_only, .timeout = 30)
{
	for (size_t i = 0; i < ARRAY_SIZE(borders); i++) {
		struct speakers all;
		struct bgp_path path = path_of("192.0.2.1"), service = path_of("192.0.2.1");

		if (!borders[i].carriers)
			continue;
		border_open(&all, &borders[i]);
		path.has = BGP_HAS_REPORT | BGP_HAS_SITE_ID;
		path.site_id = 7;
		path.report = (struct report){ .has = REPORT_AVAILABILITY, .availability = 40 };
		originate(&all.speaker[1], "192.0.2.1", &path);
		LOOP_UNTIL(&all, all.speaker[0].announced == 1);
		cr_expect(bgp_path_tells_site(&all.speaker[0].path, &all.speaker[0].dst.prefix));
		cr_expect(eq(u16, all.speaker[0].path.site_id, 7));
		originate(&all.speaker[1], SERVICE_V4, &service); /* comes after it */
		LOOP_UNTIL(&all, all.speaker[2].announced >= 1 &&
					 all.speaker[2].dst.prefix.addr.octet[12] == 198);
		cr_expect(eq(uint, all.speaker[2].announced, borders[i].told ? 2 : 1), "%s",
			  borders[i].name);
		speakers_close(&all);
	}
}

Test(reflect, prepends_for_another_as, .timeout = 20)
{
	struct speakers all;
	struct speaker_seen *outside;
	struct bgp_path path = path_reported("192.0.2.1", 8);
	struct addr self = speaker_addr(0);

	border_open(&all, &borders[0]);
	outside = &all.speaker[2];
	path.has |= BGP_HAS_MED;
	path.med = 7;
	originate(&all.speaker[1], SERVICE_V4, &path); /* received by speaker 0 */
	LOOP_UNTIL(&all, outside->announced == 1);
	cr_expect(eq(sz, outside->path.as_path.len, 6), "one AS");
	cr_expect(addr_equal(&outside->path.next_hop, &self));
	cr_expect(eq(u32, outside->path.has, 0));
	speakers_close(&all);
}
