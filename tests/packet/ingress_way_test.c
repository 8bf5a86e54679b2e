/* SPDX-License-Identifier: BSD-2-Clause */
/* From routes to slots: how sites are reached. */
#include "ingress_lab.h"

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
