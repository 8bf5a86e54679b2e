/* SPDX-License-Identifier: BSD-2-Clause */
/* From routes to slots: what is offered, and what is configured. */
#include "ingress_lab.h"

/* --- offers -> members -> slots ----------------------------------------------------------------
 */
Test(ingress, shares_slots_among_sites, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	uint32_t one;

	configure_web();
	cr_expect(eq(sz, slots_of(MG_MEMBER_NONE), SLOTS));
	sites_up(1);
	cr_expect(eq(u32, owned(1), SLOTS));
	sites_up(3);
	cr_expect(eq(u32, owned(1) + owned(2) + owned(3), SLOTS));
	one = owned(1);
	lab.site[0].capacity = 32;
	configure_web();
	cr_expect(owned(1) > one, "%u", owned(1));
	cr_expect(epsilon_eq(dbl, site_view(1).verdict->share, 32.0 / 60, 1e-3));
	cr_expect(eq(str, site_view(1).name, (char *)"e"));
	cr_expect(eq(str, site_view(3).name, (char *)"10.255.0.3"));
}

Test(ingress, keeps_the_slots_of_a_changed_tunnel, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	struct bgp_path path;
	struct addr egress = egress_of(2);
	uint16_t before[SLOTS], after[SLOTS], old, new;
	struct site_state state;

	configure_web();
	sites_up(3);
	slots_read(before);
	old = site_view(2).member;
	path = path_of(&egress, 8);
	path.tunnel.kind = BGP_TUNNEL_IPIP;
	path.tunnel.endpoint = egress_of(22);
	say(2, &path);
	cr_expect(eq(sz, slots_of(old), 0), "left at once");
	await(owns_some, 2);
	slots_read(after);
	new = site_view(2).member;
	cr_expect(ne(u16, old, new));
	for (size_t i = 0; i < SLOTS; i++)
		cr_expect(eq(u16, after[i], before[i] == old ? new : before[i]), "slot %zu", i);
	for (size_t i = 0; tables_site(lab.tables, i, &state); i++)
		if (state.index == site_view(2).table_site)
			cr_expect(eq(int, state.entry.outer_dst[15], 22));
}

Test(ingress, follows_site_id_and_egress, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	struct addr egress = egress_of(2), other = egress_of(5);
	struct bgp_path path = path_of(&egress, 8);
	struct ingress_site_view view;

	configure_web();
	sites_up(2);
	path.has |= BGP_HAS_SITE_ID;
	path.site_id = 7;
	say(2, &path);
	cr_expect(eq(u32, owned(2), 0));
	cr_assert(find_of(0, &egress, 7, &view));
	cr_expect(ne(u32, view.slots, 0), "the way is the same, so it is at once");
	path.next_hop = other;
	say(2, &path);
	cr_assert(find_of(0, &egress, 7, &view));
	cr_expect(eq(u32, view.slots, 0));
	cr_expect(view.offer == NULL);
	cr_assert(find_of(0, &other, 7, &view));
	cr_expect(ne(u16, view.member, MG_MEMBER_NONE));
}

Test(ingress, tunnels_to_the_next_hop_by_default, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	struct addr v6 = addr_of("2001:db8::9");
	struct bgp_path path = path_of(&v6, 8);
	struct ingress_site_view view;
	struct site_state state;

	configure_web();
	sites_up(1);
	cr_assert(tables_site(lab.tables, 0, &state));
	cr_expect(eq(int, state.entry.encap, MG_ENCAP_IPIP));
	cr_expect(eq(int, memcmp(state.entry.outer_dst, egress_of(1).octet, 16), 0));
	cr_expect(eq(int, memcmp(state.entry.outer_src, addr_of("10.0.0.1").octet, 16), 0));

	say(9, &path);
	cr_assert(find_of(0, &v6, 0, &view));
	cr_expect(eq(u16, view.member, MG_MEMBER_NONE));
	cr_expect(eq(str, (char *)view.fault, (char *)"no tunnel source-v6 is configured here"));
	cr_assert(view.verdict != NULL);
	cr_expect(eq(int, view.verdict->reason, REASON_DOWN));
	cr_expect(eq(u32, owned(1), SLOTS));
}

Test(ingress, hears_one_site_from_two, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	struct addr egress = egress_of(2);
	struct bgp_path path = path_of(&egress, 8);
	uint16_t before[SLOTS], after[SLOTS];

	configure_web();
	sites_up(2);
	slots_read(before);
	say(3, &path);
	withdraw(2);
	slots_read(after);
	cr_expect(eq(int, memcmp(before, after, sizeof(before)), 0), "the other still tells");
	cr_expect(member_is_up(2));
	withdraw(3);
	cr_expect(eq(u32, owned(1), SLOTS));
}

Test(ingress, takes_host_routes_only, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	struct addr egress = egress_of(2);
	struct bgp_path path = path_of(&egress, 8);
	struct ingress_site_view view;

	configure_web();
	sites_up(1);
	say_by(2, "192.0.2.80", 31, &path);
	say_by(2, "192.0.2.0", 24, &path);
	say_by(2, "0.0.0.0", 0, &path);
	say_by(2, "192.0.2.81", 32, &path);
	ingress_settled(lab.ingress);
	cr_expect(not(find_of(0, &egress, 0, &view)));
	say_by(1, "192.0.2.80", 31, NULL);
	ingress_settled(lab.ingress);
	cr_expect(eq(u32, owned(1), SLOTS), "another route of the same neighbour went");
}

/* --- configuration ---------------------------------------------------------------------------- */
Test(ingress, configures_around_offers, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	struct ingress_service_config two[] = { service("192.0.2.80", 80),
						service("192.0.2.80", 443) };
	struct ingress_service_view before, after, none;
	uint16_t was[SLOTS], is[SLOTS];
	struct mg_slot slot;

	announce(1, 8); /* before anybody asked for it */
	announce(2, 8);
	configure_web();
	await(owns_some, 1);
	await(owns_some, 2);
	slots_read(was);
	before = web();

	configure(two, 2);
	after = web();
	slots_read(is);
	cr_expect(before.table == after.table);
	cr_expect(eq(int, memcmp(was, is, sizeof(was)), 0));
	cr_assert(ingress_service(lab.ingress, 1, &after));
	cr_expect(tables_slot(after.table, 0, &slot) && slot.now != MG_MEMBER_NONE);

	two[0].weights.policy = POLICY_NEAREST;
	configure(two, 1);
	cr_expect(before.table == web().table, "a policy changes in place");
	cr_expect(not(ingress_service(lab.ingress, 1, &none)));
	two[0].slots = SLOTS / 2;
	configure(two, 1);
	cr_expect(owned(1) == SLOTS / 2 || owned(2) == SLOTS / 2, "anew, and decided at once");
	withdraw(1);
	withdraw(2);
	configure(two, 0);
	cr_expect(not(ingress_service(lab.ingress, 0, &none)));
	announce(1, 8); /* nobody asks for it any more */
}

static const struct offer *offer_at(size_t s, int site)
{
	struct addr egress = egress_of(site);
	struct ingress_site_view view;

	return find_of(s, &egress, 0, &view) ? view.offer : NULL;
}

/* Routes are kept by the RIB; here only those of services that are configured. */
Test(ingress, asks_for_the_routes_of_new_services, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	struct ingress_service_config two[] = { service("192.0.2.80", 80),
						service("192.0.2.90", 80),
						service("192.0.2.90", 443) };
	struct addr egress = egress_of(1);
	struct bgp_path path = path_of(&egress, 8);
	struct bgp_path site = { .has = BGP_HAS_REPORT,
				 .next_hop = egress,
				 .report = { .has = REPORT_AVAILABILITY, .availability = 50 } };
	int64_t then = (int64_t)uv_now(&lab.loop);

	say_by(1, "192.0.2.90", 32, &path);
	say_by(1, "192.0.2.90", 31, &path);
	say_by(1, "10.255.0.1", 32, &site);
	loop_until(&lab.loop, never, NULL, 300);
	configure(two, 1);
	cr_expect(eq(sz, lab.recalls, 1));
	cr_expect(offer_at(0, 1) == NULL);
	configure(two, 3);
	cr_expect(eq(sz, lab.recalls, 2), "once for both services of the address");
	cr_assert(offer_at(1, 1) != NULL);
	cr_assert(offer_at(2, 1) != NULL);
	cr_expect(eq(i64, offer_at(1, 1)->received_ms, then));
	cr_expect(eq(i64, offer_at(1, 1)->announced_ms, then));
	configure(two, 3);
	cr_expect(eq(sz, lab.recalls, 2), "nothing is new");

	say_by(1, "192.0.2.90", 32, NULL);
	cr_expect(offer_at(1, 1) == NULL);
	configure(two, 1);
	say_by(1, "192.0.2.90", 32, &path);
	then = (int64_t)uv_now(&lab.loop);
	configure(two, 3);
	cr_assert(offer_at(1, 1) != NULL);
	configure(two, 1);
	loop_until(&lab.loop, never, NULL, 50);
	path.report.capacity = 9;
	say_by(1, "192.0.2.90", 32, &path);
	configure(two, 3);
	cr_assert(offer_at(1, 1) != NULL);
	cr_expect(eq(dbl, offer_at(1, 1)->report.capacity, 9));
	cr_expect(ne(i64, offer_at(1, 1)->announced_ms, then), "forgotten with the service");
}

static int64_t unix_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A report that lay in the RIB is as old as one that was taken in at once. */
Test(ingress, dates_what_it_asks_for, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	const struct ingress_service_config late = service("192.0.2.90", 80);
	struct addr egress = egress_of(1), other = egress_of(2);
	struct bgp_path path = path_of(&egress, 8), ahead = path_of(&other, 8);
	int64_t then;

	uv_update_time(&lab.loop);
	then = (int64_t)uv_now(&lab.loop);
	path.report.has |= REPORT_SAMPLED;
	path.report.sampled_ms = unix_ms() - 4000;
	ahead.report.has |= REPORT_SAMPLED;
	ahead.report.sampled_ms = unix_ms() + 200; /* not ahead any more when it is asked for */
	say_by(1, "192.0.2.90", 32, &path);
	say_by(2, "192.0.2.90", 32, &ahead);
	loop_until(&lab.loop, never, NULL, 600);
	configure(&late, 1);
	cr_assert(offer_at(0, 1) != NULL && offer_at(0, 2) != NULL);
	cr_expect(le(i64, llabs(then - 4000 - offer_at(0, 1)->sampled_ms), 100));
	cr_expect(le(i64, llabs(4000 - offer_at(0, 1)->lag_ms), 100));
	cr_expect(eq(i64, offer_at(0, 2)->sampled_ms, then), "no younger than its arrival");
	cr_expect(eq(int, offer_at(0, 2)->dated, DATED_AHEAD));
}

Test(ingress, asks_for_the_routes_of_vrfs, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	static const uint8_t red[8] = { 0, 2, 0xfd, 0xe8, 0, 0, 0, 1 }, blue[8] = { 0, 2, 1 };
	const struct bgp_rd rd = { { 0, 0, 0xfd, 0xe8, 0, 0, 0, 9 } };
	struct ingress_service_config in_vrf = service("192.0.2.90", 80), plain = in_vrf;
	struct vrf vrf = { .name = "red", .id = 3, .import_count = 1 };
	struct addr addr = addr_of("192.0.2.90"), egress = egress_of(1);
	struct prefix prefix = prefix_of_host(&addr);
	struct bgp_dst dst = bgp_dst_of_vpn(&rd, &prefix);
	struct bgp_path ours = path_of(&egress, 8), theirs = ours;

	memcpy(vrf.import[0].octet, red, 8);
	cr_assert(eq(int, ingress_vrfs_set(lab.ingress, &vrf, 1), 0));
	ours.ext_communities = (struct bgp_bytes){ (uint8_t *)red, 8 };
	theirs.next_hop = egress_of(2);
	theirs.ext_communities = (struct bgp_bytes){ (uint8_t *)blue, 8 };
	say_of(1, &dst, &ours);
	say_of(2, &dst, &theirs);
	in_vrf.key.vrf = 3;
	configure(&plain, 1);
	cr_expect(offer_at(0, 1) == NULL);
	configure(&in_vrf, 1);
	cr_expect(offer_at(0, 1) != NULL);
	cr_expect(offer_at(0, 2) == NULL, "its target is not imported");
	configure(&plain, 1);
	cr_expect(offer_at(0, 1) == NULL);
}

Test(ingress, tells_of_what_the_tables_refuse, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	struct ingress_service_config services[] = { service("192.0.2.80", 80),
						     service("192.0.2.80", 80),
						     service("192.0.2.90", 80) };
	struct ingress_service_view view;

	configure(services, 3);
	announce(1, 8);
	await(owns_some, 1);
	cr_assert(ingress_service(lab.ingress, 1, &view));
	cr_expect(eq(str, (char *)view.fault, (char *)"another service has this address and port"));
	cr_assert(ingress_service(lab.ingress, 2, &view));
	cr_expect(eq(str, (char *)view.fault, (char *)""));
	services[1] = services[2];
	configure(services, 2);
	cr_expect(eq(u32, owned(1), SLOTS));
	cr_assert(ingress_service(lab.ingress, 1, &view));
	cr_expect(eq(str, (char *)view.fault, (char *)""));
}
