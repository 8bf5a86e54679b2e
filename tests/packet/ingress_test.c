/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From routes to slots, with the real catalog, selector and tables. A site is a number: its egress
 * is 10.255.0.NUMBER, with a way, and it is told of by neighbour NUMBER. Shares follow the
 * configured capacity. What is said is kept as a RIB keeps it, for services that come later.
 */
#include "ingress/ingress.h"

#include "netns.h"

#include <bpf/bpf.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SLOTS      256
#define ROUTES_MAX 128

static const struct tables_config tables_config = {
	.pin_dir = "/sys/fs/bpf/margay",
	.services = 64,
	.slots = 1 << 14,
	.pin_sets = 64,
	.members = 2048,
	.sites = 64,
	.hash_seed = 42,
};

static struct ingress_config ingress_config; /* of lab_open() */

static struct lab {
	uv_loop_t loop;
	struct tables *tables;
	struct ingress *ingress;
	struct ingress_site_config site[2]; /* 1 is known as "e", 2 as "w" */
	struct lab_route {
		struct bgp_route route; /* path NULL: none here */
		struct bgp_path path;
	} route[ROUTES_MAX];
	size_t recalls;
} lab;

static struct addr addr_of(const char *text)
{
	struct addr addr = { 0 };

	cr_assert(addr_parse(text, &addr) == 0, "%s", text);
	return addr;
}

static struct addr egress_of(int site)
{
	return addr_of_v4((uint8_t[]){ 10, 255, 0, (uint8_t)site });
}

static void recall(void *user, const struct bgp_dst *dst,
		   void (*visit)(void *user, const struct bgp_route *route), void *visit_user)
{
	lab.recalls++;
	for (size_t i = 0; i < ROUTES_MAX; i++) {
		const struct bgp_route *route = &lab.route[i].route;

		if (route->path && (!dst || bgp_dst_equal(&route->dst, dst)))
			visit(visit_user, route);
	}
}

static void remember(const struct bgp_route *route)
{
	struct lab_route *at = NULL;

	for (size_t i = ROUTES_MAX; i-- > 0;) {
		const struct bgp_route *old = &lab.route[i].route;

		if (old->path && old->neighbor == route->neighbor &&
		    bgp_dst_equal(&old->dst, &route->dst)) {
			at = &lab.route[i];
			break;
		}
		if (!old->path)
			at = &lab.route[i];
	}
	cr_assert(at != NULL);
	at->route = *route;
	if (!route->path)
		return;
	at->path = *route->path;
	at->route.path = &at->path;
}

static void lab_open(void)
{
	ingress_config.source_v4 = addr_of("10.0.0.1");
	cr_assert(eq(int, tables_open(&lab.loop, &tables_config, &lab.tables), 0));
	cr_assert(eq(int, ingress_new(&lab.loop, lab.tables, &ingress_config, &lab.ingress), 0));
	ingress_recall_by(lab.ingress, recall, NULL);
	memset(lab.route, 0, sizeof(lab.route));
}

static void lab_close(void)
{
	ingress_free(&lab.ingress);
	tables_close(&lab.tables);
}

static void lab_up(void)
{
	kernel_private();
	netns_new();
	sh("ip link add a0 type veth peer name b0 && ip link set a0 up && ip link set b0 up");
	sh("ip addr add 10.0.0.1/24 dev a0");
	sh("ip neigh add 10.0.0.2 dev a0 lladdr 02:00:00:00:00:02");
	sh("ip route add 10.255.0.0/24 via 10.0.0.2");
	cr_assert(eq(int, uv_loop_init(&lab.loop), 0));
	for (int i = 0; i < 2; i++)
		lab.site[i] = (struct ingress_site_config){ .egress = egress_of(i + 1),
							    .name = { "ew"[i] },
							    .capacity = 8 };
	lab_open();
}

static void lab_down(void)
{
	lab_close();
	loop_end(&lab.loop);
}

/* --- words for what happens ------------------------------------------------------------------- */
static struct ingress_service_config service(const char *address, uint16_t port)
{
	struct ingress_service_config config = {
		.key = { .port = port, .proto = 6, .scope = MG_SCOPE_INGRESS },
		.slots = SLOTS,
		.idle_s = 10,
		.weights = { .policy = POLICY_STATIC, .report_period_s = 5 },
		.weights.expired_s = 60,
	};
	struct addr addr = addr_of(address);

	memcpy(config.key.addr, addr.octet, sizeof(config.key.addr));
	snprintf(config.name, sizeof(config.name), "web%u", port);
	return config;
}

static void configure(const struct ingress_service_config *services, size_t count)
{
	cr_assert(eq(int, ingress_configure(lab.ingress, services, count, lab.site, 2), 0));
}

static void configure_web(void)
{
	const struct ingress_service_config web = service("192.0.2.80", 80);

	configure(&web, 1);
}

static struct bgp_path path_of(const struct addr *egress, double capacity)
{
	return (struct bgp_path){ .has = BGP_HAS_REPORT,
				  .next_hop = *egress,
				  .report = { .has = REPORT_CAPACITY, .capacity = capacity } };
}

static void say_of(uint32_t neighbor, const struct bgp_dst *dst, const struct bgp_path *path)
{
	struct bgp_route route = {
		.neighbor = neighbor, .dst = *dst, .path = path, .received_ms = uv_now(&lab.loop)
	};

	remember(&route);
	if (path)
		ingress_announced(lab.ingress, &route);
	else
		ingress_withdrawn(lab.ingress, &route);
}

static void say_by(uint32_t neighbor, const char *prefix, uint8_t len, const struct bgp_path *path)
{
	struct addr addr = addr_of(prefix);
	struct prefix to = prefix_of(&addr, len);
	struct bgp_dst dst = bgp_dst_of(&to);

	say_of(neighbor, &dst, path);
}

static void say(int site, const struct bgp_path *path)
{
	say_by((uint32_t)site, "192.0.2.80", 32, path);
	ingress_settled(lab.ingress);
}

static void announce(int site, double capacity)
{
	struct addr egress = egress_of(site);
	struct bgp_path path = path_of(&egress, capacity);

	say(site, &path);
}

static void withdraw(int site)
{
	say(site, NULL);
}

/* --- and for what is seen --------------------------------------------------------------------- */
static bool find_of(size_t s, const struct addr *egress, uint16_t site_id,
		    struct ingress_site_view *ret)
{
	for (size_t i = 0; ingress_site(lab.ingress, s, i, ret); i++)
		if (addr_equal(&ret->egress, egress) && ret->site_id == site_id)
			return true;
	return false;
}

static struct ingress_site_view site_view(int site)
{
	struct addr egress = egress_of(site);
	struct ingress_site_view view = { 0 };

	find_of(0, &egress, 0, &view);
	return view;
}

static uint32_t owned(int site)
{
	return site_view(site).slots;
}

static struct ingress_service_view web(void)
{
	struct ingress_service_view view = { 0 };

	cr_assert(ingress_service(lab.ingress, 0, &view));
	return view;
}

static double shares(void)
{
	struct ingress_site_view view;
	double sum = 0;

	for (size_t i = 0; ingress_site(lab.ingress, 0, i, &view); i++)
		sum += view.verdict ? view.verdict->share : 0;
	return sum;
}

static void slots_read(uint16_t ret[SLOTS])
{
	for (uint32_t i = 0; i < SLOTS; i++) {
		struct mg_slot slot;

		cr_assert(tables_slot(web().table, i, &slot));
		ret[i] = slot.now;
	}
}

static size_t slots_of(uint16_t member)
{
	uint16_t now[SLOTS];
	size_t count = 0;

	slots_read(now);
	for (size_t i = 0; i < SLOTS; i++)
		count += now[i] == member;
	return count;
}

static bool member_is_up(int site)
{
	struct mg_counter counter;
	struct mg_member member;
	uint32_t slots;

	return tables_member(web().table, site_view(site).member, &member, &counter, &slots) &&
	       member.state == MG_UP;
}

static bool owns_some(void *site)
{
	return owned((int)(intptr_t)site) > 0;
}

static bool owns_none(void *site)
{
	return owned((int)(intptr_t)site) == 0;
}

static void await(bool (*is)(void *site), int site)
{
	cr_assert(loop_until(&lab.loop, is, (void *)(intptr_t)site, 15000), "site %d", site);
}

/* Sites 1 to count, of equal capacity, with their slots. */
static void sites_up(int count)
{
	for (int i = 1; i <= count; i++)
		announce(i, 8);
	for (int i = 1; i <= count; i++)
		await(owns_some, i);
	cr_assert(epsilon_eq(dbl, shares(), 1, 1e-9));
	cr_assert(eq(sz, slots_of(MG_MEMBER_NONE), 0));
}

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

/* --- withdrawal ------------------------------------------------------------------------------- */
Test(ingress, leaves_withdrawn_sites_at_once, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	uint16_t gone, back;

	configure_web();
	sites_up(3);
	gone = site_view(2).member;
	withdraw(2); /* and the loop does not turn */
	cr_expect(eq(sz, slots_of(gone), 0));
	cr_expect(eq(u16, site_view(2).member, MG_MEMBER_NONE), "given back");
	cr_expect(eq(sz, slots_of(MG_MEMBER_NONE), 0));
	cr_expect(eq(u32, owned(1) + owned(3), SLOTS));
	cr_expect(epsilon_eq(dbl, shares(), 1, 1e-9));
	withdraw(1);
	withdraw(3);
	cr_expect(eq(sz, slots_of(MG_MEMBER_NONE), SLOTS), "a lost session");
	cr_expect(eq(dbl, shares(), 0));
	sites_up(3);
	back = site_view(2).member;
	cr_expect(eq(u16, back, gone), "it keeps its number");
}

/* What is withdrawn in one read is all left before the first of it is decided. */
Test(ingress, leaves_all_services_first, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	enum { COUNT = 40 };
	struct ingress_service_config services[COUNT];
	struct addr egress = egress_of(1), other = egress_of(2);
	struct bgp_path path = path_of(&egress, 8), spare = path_of(&other, 8);
	char text[ADDR_STRLEN];

	for (int i = 0; i < COUNT; i++) {
		snprintf(text, sizeof(text), "192.0.2.%d", 80 + i);
		services[i] = service(text, 80);
	}
	configure(services, COUNT);
	for (int i = 0; i < COUNT; i++) {
		snprintf(text, sizeof(text), "192.0.2.%d", 80 + i);
		say_by(1, text, 32, &path);
		say_by(2, text, 32, &spare);
	}
	ingress_settled(lab.ingress);
	await(owns_some, 1);
	loop_until(&lab.loop, never, NULL, 300);
	for (int i = 0; i < COUNT; i++) {
		snprintf(text, sizeof(text), "192.0.2.%d", 80 + i);
		say_by(1, text, 32, NULL);
	}
	ingress_settled(lab.ingress);
	for (size_t i = 0; i < COUNT; i++) {
		struct ingress_service_view view;
		struct mg_counter counter;
		struct mg_member member;
		uint32_t slots;

		cr_assert(ingress_service(lab.ingress, i, &view));
		cr_assert(tables_member(view.table, 1, &member, &counter, &slots));
		cr_expect(ne(int, member.state, MG_UP), "service %zu", i);
	}
	loop_until(&lab.loop, never, NULL, 300);
	cr_expect(eq(u32, owned(2), SLOTS));
}

static struct ingress_service_view service_view(size_t index)
{
	struct ingress_service_view view = { 0 };

	cr_assert(ingress_service(lab.ingress, index, &view));
	return view;
}

static void tell_of(size_t service, int site, const struct bgp_path *path)
{
	char text[ADDR_STRLEN];

	snprintf(text, sizeof(text), "192.0.2.%zu", 80 + service);
	say_by((uint32_t)site, text, 32, path);
}

/* When each service has decided for the first time since it had decided so often before. */
static void decisions_await(size_t count, const uint64_t before[], double ret_s[])
{
	size_t decided = 0;

	for (size_t i = 0; i < count; i++)
		ret_s[i] = 0;
	while (decided < count) {
		uv_run(&lab.loop, UV_RUN_NOWAIT);
		for (size_t i = 0; i < count; i++) {
			const struct ingress_service_view view = service_view(i);

			if (ret_s[i] || view.decisions == before[i])
				continue;
			ret_s[i] = view.decision->time_s;
			decided++;
		}
	}
}

/* All have news to decide on, and then one loses a site: it decides first, though it came last. */
Test(ingress, decides_on_withdrawals_before_metrics, .init = lab_up, .fini = lab_down,
     .timeout = 30)
{
	enum { COUNT = 40, LAST = COUNT - 1 };
	struct ingress_service_config services[COUNT];
	struct addr egress = egress_of(1), other = egress_of(2);
	struct bgp_path path = path_of(&egress, 8), spare = path_of(&other, 8);
	uint64_t before[COUNT] = { 0 };
	double decided_s[COUNT];

	for (size_t i = 0; i < COUNT; i++) {
		char text[ADDR_STRLEN];

		snprintf(text, sizeof(text), "192.0.2.%zu", 80 + i);
		services[i] = service(text, 80);
	}
	configure(services, COUNT);
	for (size_t i = 0; i < COUNT; i++) {
		tell_of(i, 1, &path);
		tell_of(i, 2, &spare);
	}
	ingress_settled(lab.ingress);
	decisions_await(COUNT, before, decided_s);

	for (size_t i = 0; i < COUNT; i++)
		before[i] = service_view(i).decisions;
	path.report.capacity = 9;
	for (size_t i = 0; i < COUNT; i++)
		tell_of(i, 1, &path);
	tell_of(LAST, 2, NULL);
	ingress_settled(lab.ingress);
	decisions_await(COUNT, before, decided_s);
	for (size_t i = 0; i < LAST; i++)
		cr_expect(lt(dbl, decided_s[LAST], decided_s[i]), "service %zu", i);
}

/* --- drains and ways -------------------------------------------------------------------------- */
/* A drain takes ten seconds: control/select/README.md. */
Test(ingress, drains, .init = lab_up, .fini = lab_down, .timeout = 60)
{
	struct addr egress = egress_of(2);
	struct bgp_path path = path_of(&egress, 8);

	configure_web();
	sites_up(3);
	cr_expect(eq(int, ingress_drain(lab.ingress, "nowhere", true), -ENOENT));
	cr_expect(eq(int, ingress_drain(lab.ingress, "nowhere", false), -ENOENT));
	cr_expect(eq(int, ingress_drain(lab.ingress, "10.255.0.77", true), -ENOENT));
	cr_expect(eq(int, ingress_drain(lab.ingress, "e", true), 0));
	cr_expect(site_view(1).drained);
	await(owns_none, 1);
	cr_expect(member_is_up(1), "flows that run stay there");
	cr_expect(eq(int, ingress_drain(lab.ingress, "10.255.0.1", false), 0));
	cr_expect(not(site_view(1).drained), "taken back by its other name");
	await(owns_some, 1);

	cr_expect(eq(int, ingress_drain(lab.ingress, "10.255.0.3", true), 0));
	await(owns_none, 3);
	withdraw(3);
	announce(3, 8);
	cr_expect(eq(u32, owned(3), 0), "a drain outlives a withdrawal");
	cr_expect(eq(int, ingress_drain(lab.ingress, "10.255.0.3", false), 0));
	await(owns_some, 3);

	path.report.drain = true;
	say(2, &path);
	await(owns_none, 2); /* the site itself asks */
	cr_expect(not(site_view(2).drained));
	announce(2, 8);
	await(owns_some, 2);
}

Test(ingress, waits_for_a_way, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	struct addr far = addr_of("10.254.0.9");
	struct bgp_path path = path_of(&far, 8);
	struct ingress_site_view view;

	configure_web();
	sites_up(1);
	say(9, &path);
	loop_until(&lab.loop, never, NULL, 300);
	cr_assert(find_of(0, &far, 0, &view));
	cr_expect(eq(u32, view.slots, 0));
	cr_expect(eq(u32, owned(1), SLOTS));
	sh("ip route add 10.254.0.0/24 via 10.0.0.2");
	loop_until(&lab.loop, never, NULL, 700);
	cr_assert(find_of(0, &far, 0, &view));
	cr_expect(ne(u32, view.slots, 0), "taken up when its way is there");
	sh("ip route del 10.254.0.0/24");
	await(owns_some, 1);
	loop_until(&lab.loop, never, NULL, 300);
	cr_expect(eq(u32, owned(1), SLOTS));
	sh("ip link set b0 down");
	await(owns_none, 1);
	cr_expect(member_is_up(1), "the site is down, not the member");
	sh("ip link set b0 up && ip route replace 10.255.0.0/24 via 10.0.0.2");
	sh("ip neigh replace 10.0.0.2 dev a0 lladdr 02:00:00:00:00:02");
	await(owns_some, 1);
}

/* --- restart ---------------------------------------------------------------------------------- */
static void lab_restart(void)
{
	lab_close();
	lab_open();
	configure_web();
}

Test(ingress, keeps_slots_over_a_restart, .init = lab_up, .fini = lab_down, .timeout = 30)
{
	uint16_t before[SLOTS], after[SLOTS], member[4];

	configure_web();
	sites_up(3);
	for (int i = 1; i <= 3; i++)
		member[i] = site_view(i).member;
	slots_read(before);

	lab_restart();
	announce(2, 8);
	loop_until(&lab.loop, never, NULL, 1300); /* longer than any service waits for its turn */
	slots_read(after);
	cr_expect(eq(int, memcmp(before, after, sizeof(before)), 0), "one of three was heard of");
	announce(1, 8);
	announce(3, 8);
	ingress_converged(lab.ingress);
	tables_claim_end(lab.tables);
	slots_read(after);
	cr_expect(eq(int, memcmp(before, after, sizeof(before)), 0), "nothing has changed");
	for (int i = 1; i <= 3; i++)
		cr_expect(eq(u16, site_view(i).member, member[i]), "site %d", i);

	lab_restart();
	announce(1, 8);
	announce(3, 8);
	withdraw(3);
	cr_expect(eq(int, memcmp(before, after, sizeof(before)), 0));
	cr_expect(not(member_is_up(3)), "withdrawn is withdrawn, before all are back");
	announce(3, 8);
	cr_expect(member_is_up(3));
	ingress_converged(lab.ingress);
	tables_claim_end(lab.tables);
	slots_read(after);
	for (size_t i = 0; i < SLOTS; i++)
		cr_expect(before[i] == member[2] ? after[i] == member[1] || after[i] == member[3]
						 : after[i] == before[i],
			  "slot %zu: only those of the site that did not return may move", i);

	lab_restart();
	ingress_converged(lab.ingress);
	tables_claim_end(lab.tables);
	cr_expect(eq(sz, slots_of(MG_MEMBER_NONE), SLOTS), "nobody returned");
}

/* --- how sites are reached ---------------------------------------------------------------------
 */
static void announce_by(int site, const struct bgp_tunnel *tunnel, uint16_t site_id)
{
	struct addr egress = egress_of(site);
	struct bgp_path path = path_of(&egress, 8);

	path.tunnel = *tunnel;
	path.site_id = site_id;
	path.has |= site_id ? BGP_HAS_SITE_ID : 0;
	say(site, &path);
}

static struct mg_site entry_by(const struct bgp_tunnel *tunnel)
{
	struct ingress_site_view view;
	struct site_state state;

	announce_by(1, tunnel, 0);
	view = site_view(1);
	cr_assert(view.member != MG_MEMBER_NONE, "%s", view.fault);
	for (size_t i = 0; tables_site(lab.tables, i, &state); i++)
		if (state.index == view.table_site)
			return state.entry;
	cr_assert(false, "its site is not in the tables");
	return (struct mg_site){ 0 };
}

Test(ingress, carries_as_the_egress_says, .init = lab_up, .fini = lab_down)
{
	static const struct {
		enum bgp_tunnel_kind kind;
		enum mg_encap want;
	} kinds[] = {
		{ BGP_TUNNEL_NONE, MG_ENCAP_IPIP },   { BGP_TUNNEL_IPIP, MG_ENCAP_IPIP },
		{ BGP_TUNNEL_GRE, MG_ENCAP_GRE },     { BGP_TUNNEL_VXLAN, MG_ENCAP_VXLAN },
		{ BGP_TUNNEL_DIRECT, MG_ENCAP_NONE },
	};

	lab.site[0].carriage = (struct ingress_carriage){ .flags = MG_DSCP, .dscp = 46 };
	configure_web();
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct bgp_tunnel tunnel = { .kind = kinds[i].kind,
					     .endpoint = addr_of("10.255.0.9") };
		struct mg_site entry;
		bool vxlan = kinds[i].want == MG_ENCAP_VXLAN;

		if (vxlan) {
			tunnel.vni = 77;
			tunnel.mac[0] = 2;
			tunnel.mac[5] = 9;
		}
		entry = entry_by(&tunnel);
		cr_expect(eq(int, entry.encap, kinds[i].want), "%zu", i);
		cr_expect(eq(u8, entry.outer_dst[15], kinds[i].kind ? 9 : 1), "%zu", i);
		cr_expect(eq(u32, entry.vni, vxlan ? 77 : 0), "%zu", i);
		cr_expect(eq(u8, entry.inner_dst[5], vxlan ? 9 : 0), "%zu", i);
		cr_expect(eq(u8, entry.inner_src[2], vxlan ? 10 : 0), "of 10.0.0.1");
		cr_expect(eq(u8, entry.dscp, kinds[i].want == MG_ENCAP_NONE ? 0 : 46), "%zu", i);
	}
}

Test(ingress, refuses_a_frame_to_nobody, .init = lab_up, .fini = lab_down)
{
	struct bgp_tunnel tunnel = { .kind = BGP_TUNNEL_VXLAN,
				     .endpoint = addr_of("10.255.0.9"),
				     .vni = 7 };

	configure_web();
	announce_by(1, &tunnel, 0);
	cr_expect(eq(u16, site_view(1).member, MG_MEMBER_NONE));
	cr_expect(strstr(site_view(1).fault, "MAC address") != NULL);
}

Test(ingress, puts_waypoints_before_the_sid, .init = lab_up, .fini = lab_down)
{
	struct bgp_tunnel tunnel = { .kind = BGP_TUNNEL_SRV6,
				     .endpoint = addr_of("fcbb:bb00:3:f046::"),
				     .behavior = 20 };
	struct ingress_carriage *carriage = &lab.site[0].carriage;
	struct mg_site entry;
	char text[ADDR_STRLEN];

	lab_close();
	ingress_config.source_v6 = addr_of("2001:db8::9");
	lab_open();
	carriage->segment_count = 2;
	carriage->segment[0] = addr_of("fcbb:bb00:1::");
	carriage->segment[1] = addr_of("fcbb:bb00:2::");
	configure_web();
	entry = entry_by(&tunnel);
	cr_expect(eq(int, entry.encap, MG_ENCAP_SRV6));
	cr_assert(eq(u8, entry.segment_count, 2));
	cr_expect(eq(u8, entry.outer_dst[5], 1));
	cr_expect(eq(u8, entry.segment[0][5], 2));
	cr_expect(eq(u8, entry.segment[1][5], 3));

	carriage->format = (struct csid_format){ 32, 16 };
	configure_web(); /* a reload */
	entry = entry_by(&tunnel);
	cr_expect(eq(u8, entry.segment_count, 0));
	cr_expect(eq(str, (char *)addr_format((struct addr *)entry.outer_dst, text),
		     (char *)"fcbb:bb00:1:2:3:f046::"));
	carriage->segment_count = 0;
	configure_web();
	entry = entry_by(&tunnel);
	cr_expect(eq(str, (char *)addr_format((struct addr *)entry.outer_dst, text),
		     (char *)"fcbb:bb00:3:f046::"));
}

/* --- server IDs and MSS ------------------------------------------------------------------------
 */
static struct service_state web_state(void)
{
	struct ingress_service_view view;
	struct service_state state;

	cr_assert(ingress_service(lab.ingress, 0, &view));
	tables_service_state(view.table, &state);
	return state;
}

/* Member of the site that a server ID of four octets leads to. */
static uint16_t led_to(uint8_t third, uint8_t last)
{
	struct mg_server_key key = { .service = web_state().entry.index,
				     .id = { 0, 0, third, last } };
	struct mg_server server = { 0 };
	int fd = bpf_obj_get("/sys/fs/bpf/margay/" MG_ABI_VERSION "/mg_server_ids");

	cr_assert(fd >= 0);
	bpf_map_lookup_elem(fd, &key, &server);
	close(fd);
	return (uint16_t)server.member;
}

static uint16_t member_of(int site, uint16_t site_id)
{
	struct addr egress = egress_of(site);
	struct ingress_site_view view = { 0 };

	find_of(0, &egress, site_id, &view);
	return view.member;
}

Test(ingress, enters_server_ids, .init = lab_up, .fini = lab_down)
{
	const struct bgp_tunnel none = { .kind = BGP_TUNNEL_NONE };
	struct ingress_service_config web = service("192.0.2.80", 443);

	web.affinity = MG_AFFINITY_QUIC;
	web.options.quic_id_len = 4;
	lab.site[1].server_id[0] = (struct ingress_server_id){ { 0, 0, 7, 7 }, 4 };
	lab.site[1].server_id[1] =
		(struct ingress_server_id){ { 0, 0, 9 }, 3 }; /* not of this one */
	lab.site[1].server_id_count = 2;
	configure(&web, 1);
	announce_by(1, &none, 0x0102);
	announce_by(2, &none, 5);
	announce_by(3, &none, 0);
	cr_expect(eq(u16, led_to(1, 2), member_of(1, 0x0102)), "by its site id");
	cr_expect(ne(u16, led_to(1, 2), 0));
	cr_expect(eq(u16, led_to(7, 7), member_of(2, 5)), "as configured");
	cr_expect(eq(u16, led_to(0, 5), 0), "in place of its site id");
	cr_expect(eq(u16, led_to(0, 0), 0), "site id 0 is none");

	lab.site[1].server_id[0].octet[3] = 8;
	configure(&web, 1);
	cr_expect(eq(u16, led_to(7, 7), 0));
	cr_expect(eq(u16, led_to(7, 8), member_of(2, 5)));
	withdraw(1);
	cr_expect(eq(u16, led_to(1, 2), 0));
	web.options.quic_id_len = 3;
	configure(&web, 1);
	cr_expect(eq(u16, led_to(9, 0), member_of(2, 5)), "the length has changed in place");
	cr_expect(eq(u16, led_to(7, 8), 0));
}

Test(ingress, finds_the_mss, .init = lab_up, .fini = lab_down)
{
	struct bgp_tunnel gre = { .kind = BGP_TUNNEL_GRE, .endpoint = addr_of("10.255.0.9") };
	struct ingress_service_config web = service("192.0.2.80", 80);

	web.mss_auto = true;
	configure(&web, 1);
	cr_expect(eq(u16, web_state().entry.mss_v4, 0));
	announce(1, 8);
	cr_expect(eq(u16, web_state().entry.mss_v4, 1500 - 20 - 40));
	cr_expect(eq(u16, web_state().entry.mss_v6, 1500 - 20 - 60));
	announce_by(2, &gre, 0);
	cr_expect(eq(u16, web_state().entry.mss_v4, 1500 - 24 - 40));
	web.mss_auto = false;
	web.options.mss_v4 = 1000;
	configure(&web, 1);
	cr_expect(eq(u16, web_state().entry.mss_v4, 1000));
	cr_expect(eq(u16, web_state().entry.mss_v6, 0));
}

/* None of these moves a flow: the slots stay where they are. */
Test(ingress, changes_in_place, .init = lab_up, .fini = lab_down)
{
	struct ingress_service_config web = service("192.0.2.80", 80);
	struct mg_service was;

	configure(&web, 1);
	announce(1, 8);
	was = web_state().entry;
	web.idle_s = 20;
	web.options.last_resort = MG_LAST_UNREACHABLE;
	configure(&web, 1);
	cr_expect(eq(u32, web_state().entry.slot_base, was.slot_base));
	cr_expect(eq(int, web_state().entry.last_resort, MG_LAST_UNREACHABLE));
	cr_expect(eq(u32, web_state().idle_s, 20));
	web.affinity = MG_AFFINITY_CLIENT;
	web.prefix_v4 = 24;
	configure(&web, 1);
	cr_expect(eq(u8, web_state().entry.prefix_v4, 24));
	cr_expect(ne(u32, web_state().entry.slot_base, was.slot_base));
}

/* --- the site behind this router
 * ------------------------------------------------------------------ */
Test(ingress, is_egress_of_its_own, .init = lab_up, .fini = lab_down)
{
	struct addr own = addr_of("10.0.0.1");
	struct bgp_path path = path_of(&own, 8);
	struct ingress_site_view view = { 0 };
	struct site_state state;

	path.tunnel = (struct bgp_tunnel){ .kind = BGP_TUNNEL_GRE, .endpoint = own };
	configure_web();
	announce(1, 8);
	say_by(0, "192.0.2.80", 32, &path);
	ingress_settled(lab.ingress);
	cr_assert(find_of(0, &own, 0, &view));
	cr_assert(ne(u16, view.member, MG_MEMBER_NONE), "%s", view.fault);
	cr_assert(tables_site_at(lab.tables, view.table_site, &state));
	cr_expect(eq(int, state.entry.encap, MG_ENCAP_LOCAL), "and not through its own tunnel");
	cr_expect(eq(int, state.entry.state, MG_UP), "no way is needed");
	cr_expect(view.slots > SLOTS / 4, "%u", view.slots);
	cr_expect(owned(1) > SLOTS / 4, "%u", owned(1));
	say_by(0, "192.0.2.80", 32, NULL);
	ingress_settled(lab.ingress);
	cr_expect(eq(u32, owned(1), SLOTS));
	view = (struct ingress_site_view){ 0 };
	find_of(0, &own, 0, &view);
	cr_expect(eq(u16, view.member, MG_MEMBER_NONE));
}
