/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables with real maps: counters, sites, endpoints, next hops, and how full they are. */
#include "tables_lab.h"

/* --- counters and sites ----------------------------------------------------------------------- */
Test(tables, counts_and_begins_anew, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	uint64_t cpus = (uint64_t)lab.tables->maps.cpus;
	struct service_state state;
	struct mg_counter verdict[MG_VERDICT_COUNT];
	uint64_t event[MG_EVENT_COUNT];
	uint16_t m;

	m = member(s, 1);
	counter_plant(MAP_COUNTERS_MEMBER, s->entry.member_base + m);
	counter_plant(MAP_COUNTERS_VERDICT, MG_DELIVERED);
	tables_service_state(s, &state);
	cr_expect(eq(u64, state.counter.packets, 10 * cpus));
	cr_expect(eq(u32, state.slots_empty, 64));
	tables_member_remove(s, m);
	sweep_rounds(2);
	tables_service_state(s, &state);
	cr_expect(eq(u64, state.counter.packets, 10 * cpus), "of a member that is no more");
	tables_verdicts(lab.tables, verdict);
	cr_expect(eq(u64, verdict[MG_DELIVERED].bytes, 1000 * cpus));
	cr_expect(eq(u64, verdict[MG_FORWARD].bytes, 0));
	tables_events(lab.tables, event);
	cr_expect(eq(u64, event[MG_EVENT_PIN_EVICTED], 0));

	tables_service_remove(&s);
	sweep_rounds(2);
	s = service(443, 64);
	tables_service_state(s, &state);
	cr_expect(eq(u32, state.entry.index, 1));
	cr_expect(eq(u64, state.counter.packets, 0));
}

Test(tables, shares_sites, .init = lab_up, .fini = lab_down)
{
	uint32_t a = site(1), b = site(2), c = site(1);
	struct site_state state;

	cr_expect(eq(u32, a, c));
	cr_expect(ne(u32, a, b));
	cr_assert(tables_site(lab.tables, 0, &state));
	cr_expect(eq(u32, state.references, 2));
	cr_expect(eq(str, (char *)state.fault, (char *)"there is no route that leads there"));
	tables_site_put(lab.tables, a);
	tables_site_put(lab.tables, a);
	cr_assert(tables_site(lab.tables, 0, &state));
	cr_expect(eq(u32, state.index, b));
	cr_expect(not(tables_site(lab.tables, 1, &state)));
	cr_expect(ne(u32, site(3), a), "it rests");
	sweep_rounds(2);
	cr_expect(eq(u32, site(4), a));
	for (uint8_t i = 5; lab.tables->sites.count < config.sites; i++)
		site(i);
	cr_expect(eq(int,
		     tables_site_get(lab.tables, &(struct site_spec){ .encap = MG_ENCAP_SRV6 }, &a),
		     -ENOSPC));
}

/* A way in the tables, from the kernel: two links, then one, and both kept over a restart. */
static bool hops(void *want)
{
	struct site_state state;

	return tables_site(lab.tables, 0, &state) &&
	       state.entry.nexthop_count == (uint32_t)(uintptr_t)want;
}

Test(tables, enters_next_hops, .init = lab_up, .fini = lab_down)
{
	struct site_state state;
	uint32_t old[2];

	for (int i = 0; i < 2; i++) {
		sh("ip link add a%d type veth peer name b%d && ip link set a%d up && "
		   "ip link set b%d up",
		   i, i, i, i);
		sh("ip addr add 10.0.%d.1/24 dev a%d", i, i);
		sh("ip neigh add 10.0.%d.2 dev a%d lladdr 02:00:00:00:0%d:02", i, i, i);
	}
	sh("ip route add 198.51.100.0/24 nexthop via 10.0.0.2 nexthop via 10.0.1.2");
	loop_until(&lab.loop, never, NULL, 50);
	site(1);
	cr_assert(loop_until(&lab.loop, hops, (void *)2, 1000));
	cr_assert(tables_site(lab.tables, 0, &state));
	cr_expect(eq(u32, state.entry.mtu, 1500));
	memcpy(old, state.entry.nexthop, sizeof(old));
	for (int i = 2; i < MG_SITE_NEXTHOPS; i++)
		cr_expect(eq(u32, state.entry.nexthop[i], old[i % 2]), "unused places repeat");

	lab_reopen();
	cr_expect(hops((void *)2));
	site(1);
	tables_claim_end(lab.tables);
	cr_assert(tables_site(lab.tables, 0, &state));
	cr_expect(eq(int, memcmp(old, state.entry.nexthop, sizeof(old)), 0), "the same entries");
	cr_expect(eq(sz, lab.tables->nexthops.count, 2));

	sh("ip link set b0 down");
	cr_assert(loop_until(&lab.loop, hops, (void *)1, 1000));
	sweep_rounds(2);
	cr_expect(eq(sz, lab.tables->nexthops.count, 1));
	sh("ip route del 198.51.100.0/24");
	cr_expect(loop_until(&lab.loop, hops, (void *)0, 1000));
}

/* The reader of a trace may have been killed. */
Test(tables, ends_an_expired_trace, .init = lab_up, .fini = lab_down)
{
	struct mg_trace_filter *filter = lab.tables->maps.memory[MAP_TRACE_FILTER];

	*filter = (struct mg_trace_filter){ .on = MG_TRACE_ON, .until_ns = lab.now_ns + 1 };
	tables_sweep(lab.tables, lab.now_ns);
	cr_expect(eq(u32, filter->on, MG_TRACE_ON), "one that lives goes on");
	tables_sweep(lab.tables, lab.now_ns + 1);
	cr_expect(eq(u32, filter->on, 0));
}

static struct map_state map_named(const char *name)
{
	struct map_state map = { 0 };
	size_t i = 0;

	while (tables_map(lab.tables, i, lab.now_ns, &map) && strcmp(map.name, name) != 0)
		i++;
	cr_assert(map.name && strcmp(map.name, name) == 0, "%s", name);
	return map;
}

Test(tables, tells_how_full_they_are, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 256);
	struct mg_fragment *fragment = lab.tables->maps.memory[MAP_FRAGMENTS];
	uint8_t tick = (lab.now_ns >> MG_TICK_SHIFT) & 63;
	uint16_t m = member(s, 1);
	struct map_state map;

	apply_all(s, m, m);
	pin_plant(3, s->entry.slot_base, m);
	fragment[0] = (struct mg_fragment){ .proto = 6, .tick = tick };
	fragment[9] = (struct mg_fragment){ .proto = 6, .tick = (tick - 2) & 63 };
	sweep_rounds(1);
	map = map_named("mg_slots");
	cr_expect(eq(u64, map.used, 256));
	cr_expect(eq(u64, map.size, 1024));
	cr_expect(eq(str, (char *)map.kind, "array"));
	cr_expect(map.memory >= 1024 * 8, "%lu octets", (unsigned long)map.memory);
	cr_expect(eq(u64, map_named("mg_services").used, 2), "and one for echo");
	cr_expect(eq(u64, map_named("mg_sites").used, 1));
	cr_expect(eq(u64, map_named("mg_pins").used, 1));
	cr_expect(eq(u64, map_named("mg_pins").size, 64 * MG_PINS_PER_SET));
	cr_expect(eq(u64, map_named("mg_fragments").used, 1), "one is dead");
	cr_expect(eq(int, map_named("mg_counters_verdict").counted, false));
	cr_expect(eq(u64, map_named("mg_trace").used, 0));
	cr_expect(eq(u64, map_named("mg_endpoints").used, 0));
	for (uint8_t i = 1; i <= 3; i++) {
		const struct endpoint_spec ipip = { .strip = 1 << MG_ENCAP_IPIP };
		struct addr addr = addr_of_v4((uint8_t[]){ 203, 0, 113, i });

		tables_endpoint_add(lab.tables, &addr, &ipip);
	}
	cr_expect(eq(u64, map_named("mg_endpoints").used, 3));
	tables_service_remove(&s);
	cr_expect(eq(u64, map_named("mg_slots").used, 256), "it rests");
	sweep_rounds(3);
	map = map_named("mg_slots");
	cr_expect(eq(u64, map.used, 0));
	cr_expect(eq(u64, map.peak, 256));
	cr_expect(eq(u64, map_named("mg_pins").peak, 1));
}

/* What was taken and given back between two looks was there all the same. */
Test(tables, marks_how_full_they_got, .init = lab_up, .fini = lab_down)
{
	struct table_service *s;

	sweep_rounds(1);
	s = service(80, 512);
	tables_service_remove(&s);
	sweep_rounds(3);
	cr_expect(eq(u64, map_named("mg_slots").used, 0));
	cr_expect(eq(u64, map_named("mg_slots").peak, 512));
}

/* --- what a site, an endpoint and a service say beside -------------------------- */
static struct site_spec far_spec(void)
{
	struct site_spec spec = { .encap = MG_ENCAP_SRV6,
				  .flags = MG_UNIFORM | MG_DSCP,
				  .dscp = 46,
				  .segment_count = 2,
				  .vni = 77,
				  .inner_dst = { 2, 0, 0, 0, 0, 1 },
				  .inner_src = { 2, 0, 0, 0, 0, 2 } };

	spec.outer_src.octet[15] = 1;
	spec.outer_dst.octet[15] = 2;
	spec.segment[0].octet[15] = 3;
	spec.segment[1].octet[15] = 4;
	return spec;
}

Test(tables, keeps_apart_what_is_carried_otherwise, .init = lab_up, .fini = lab_down)
{
	const struct site_spec spec = far_spec();
	struct site_spec other[8];
	struct site_state state;
	uint32_t first, next;

	for (size_t i = 0; i < ARRAY_SIZE(other); i++)
		other[i] = spec;
	other[0].flags = MG_DSCP;
	other[1].dscp = 0;
	other[2].segment_count = 1;
	other[3].segment[1].octet[15] = 5;
	other[4].vni = 78;
	other[5].inner_dst[5] = 9;
	other[6].inner_src[5] = 9;
	other[7].encap = MG_ENCAP_GRE;
	cr_assert(eq(int, tables_site_get(lab.tables, &spec, &first), 0));
	for (size_t i = 0; i < ARRAY_SIZE(other); i++) {
		cr_assert(eq(int, tables_site_get(lab.tables, &other[i], &next), 0));
		cr_expect(ne(u32, next, first), "%zu", i);
	}
	cr_assert(tables_site(lab.tables, 0, &state));
	cr_expect(eq(u32, state.entry.flags, MG_UNIFORM | MG_DSCP));
	cr_expect(eq(u8, state.entry.dscp, 46));
	cr_expect(eq(u8, state.entry.segment_count, 2));
	cr_expect(eq(u8, state.entry.segment[1][15], 4));
	cr_expect(eq(u32, state.entry.vni, 77));
	cr_expect(eq(u8, state.entry.inner_dst[5], 1));
	cr_expect(eq(u8, state.entry.inner_src[5], 2));

	lab_reopen(); /* what it was is read back out of the map */
	cr_assert(eq(int, tables_site_get(lab.tables, &spec, &next), 0));
	cr_expect(eq(u32, next, first));
}

Test(tables, counts_what_goes_in_front, .init = lab_up, .fini = lab_down)
{
	struct site_spec spec = far_spec();

	cr_expect(eq(u32, site_spec_overhead(&spec), 40 + 8 + 2 * 16));
	spec.segment_count = 0;
	cr_expect(eq(u32, site_spec_overhead(&spec), 40));
	spec.outer_dst = addr_of_v4((uint8_t[]){ 192, 0, 2, 1 });
	spec.encap = MG_ENCAP_IPIP;
	cr_expect(eq(u32, site_spec_overhead(&spec), 20));
	spec.encap = MG_ENCAP_GRE;
	cr_expect(eq(u32, site_spec_overhead(&spec), 24));
	spec.encap = MG_ENCAP_VXLAN;
	cr_expect(eq(u32, site_spec_overhead(&spec), 50));
	spec.encap = MG_ENCAP_NONE;
	cr_expect(eq(u32, site_spec_overhead(&spec), 0));
}

/* The site behind this router needs no way, now and after a restart. */
Test(tables, has_a_local_site, .init = lab_up, .fini = lab_down)
{
	const struct site_spec local = { .encap = MG_ENCAP_LOCAL };
	uint32_t index, again;

	cr_assert(eq(int, tables_site_get(lab.tables, &local, &index), 0));
	cr_expect(tables_site_reached(lab.tables, index));
	lab_reopen();
	cr_expect(tables_site_reached(lab.tables, index));
	cr_assert(eq(int, tables_site_get(lab.tables, &local, &again), 0));
	cr_expect(eq(u32, again, index));
	tables_claim_end(lab.tables);
	cr_expect(tables_site_reached(lab.tables, index));
	tables_site_put(lab.tables, index);
}

Test(tables, says_what_an_endpoint_does, .init = lab_up, .fini = lab_down)
{
	const struct endpoint_spec spec = { .strip = 1 << MG_ENCAP_VXLAN | 1 << MG_ENCAP_GRE,
					    .behavior = MG_END_DX4,
					    .site = 3,
					    .flags = MG_UNIFORM | MG_KERNEL,
					    .vni = 9 };
	struct addr addr = addr_of_v4((uint8_t[]){ 203, 0, 113, 1 });
	struct endpoint_state state;

	cr_expect(not(tables_endpoint(lab.tables, 0, &state)));
	cr_assert(eq(int, tables_endpoint_add(lab.tables, &addr, &spec), 0));
	cr_expect(eq(int, tables_endpoint_add(lab.tables, &addr, &spec), -EEXIST));
	cr_assert(tables_endpoint(lab.tables, 0, &state));
	cr_expect(addr_equal(&state.addr, &addr));
	cr_expect(eq(u32, state.entry.strip, spec.strip));
	cr_expect(eq(int, state.entry.behavior, MG_END_DX4));
	cr_expect(eq(u32, state.entry.site, 3));
	cr_expect(eq(u32, state.entry.flags, spec.flags));
	cr_expect(eq(u32, state.entry.vni, 9));
	cr_expect(eq(int, tables_endpoint_remove(lab.tables, &addr), 0));
	cr_expect(not(tables_endpoint(lab.tables, 0, &state)));
}

Test(tables, takes_other_limits, .init = lab_up, .fini = lab_down)
{
	const struct mg_settings *settings = lab.tables->maps.memory[MAP_SETTINGS];
	struct tables_limit limit[MG_GUARD_COUNT] = {
		[MG_GUARD_ANSWERS] = { 1000, 100 }, [MG_GUARD_PINS] = { 0, 5 }
	};

	cr_expect(eq(u64, settings->limit[MG_GUARD_ANSWERS].clock_ns, 0)); /* none was asked for */
	tables_limits_set(lab.tables, limit);
	cr_expect(eq(u64, settings->limit[MG_GUARD_ANSWERS].clock_ns, 1000000));
	cr_expect(eq(u64, settings->limit[MG_GUARD_ANSWERS].advance_ns, 100000000));
	cr_expect(eq(u64, settings->limit[MG_GUARD_PINS].clock_ns, 0));
	limit[MG_GUARD_PINS].per_second = 1000000000;
	tables_limits_set(lab.tables, limit);
	cr_expect(eq(u64, settings->limit[MG_GUARD_PINS].clock_ns, 1));
	cr_expect(eq(u64, settings->limit[MG_GUARD_PINS].advance_ns, 5));
	cr_expect(eq(u64, settings->hash_seed, 42));
}

/* What no flow has to move for changes where it stands; the rest makes the service anew. */
Test(tables, changes_a_service_in_place, .init = lab_up, .fini = lab_down)
{
	struct service_spec spec = spec_of(80, 64);
	const struct service_options options = { .last_resort = MG_LAST_KERNEL,
						 .quic_config = 3,
						 .quic_id_len = 4,
						 .mss_v4 = 1400,
						 .mss_v6 = 1380,
						 .observe = true };
	struct table_service *s = service(80, 64);
	struct mg_service was, now;
	struct service_state state;

	cr_assert(eq(int, tables_service_change(s, IDLE_S, &options), 0));
	cr_expect(not(entry_of(80, &now)), "not before its slots are filled");
	apply_all(s, member(s, 1), 0);
	cr_assert(entry_of(80, &was));
	cr_expect(eq(int, was.last_resort, MG_LAST_KERNEL));
	cr_expect(eq(u8, was.quic_config, 3));
	cr_expect(eq(u8, was.quic_id_len, 4));
	cr_expect(eq(u16, was.mss_v4, 1400));
	cr_expect(eq(u16, was.mss_v6, 1380));
	cr_expect(eq(u8, was.observe, 1));

	cr_expect(eq(int, tables_service_change(s, 901, &options), -EINVAL));
	cr_assert(eq(int, tables_service_change(s, 7, &(struct service_options){ 0 }), 0));
	cr_assert(entry_of(80, &now));
	cr_expect(eq(int, now.last_resort, MG_LAST_DROP));
	cr_expect(eq(u16, now.mss_v4, 0));
	cr_expect(eq(u32, now.slot_base, was.slot_base));
	tables_service_state(s, &state);
	cr_expect(eq(u32, state.idle_s, 7));

	lab_reopen();
	spec.options = options;
	cr_assert(eq(int, tables_service_add(lab.tables, &spec, &s), 0));
	cr_assert(entry_of(80, &now));
	cr_expect(eq(int, memcmp(&now, &was, sizeof(now)), 0), "adopted, and changed in place");
	lab_reopen();
	spec.prefix_v4 = 24;
	cr_assert(eq(int, tables_service_add(lab.tables, &spec, &s), 0));
	tables_service_state(s, &state);
	cr_expect(ne(u32, state.entry.slot_base, was.slot_base));
	cr_expect(eq(u8, state.entry.prefix_v4, 24));
}

/* --- tags ----------------------------------------------------------------------------------------
 */
static struct mg_nexthop only_hop(void)
{
	struct site_state state = { 0 };

	cr_assert(tables_site(lab.tables, 0, &state));
	cr_expect(eq(u32, state.entry.nexthop_count, 1));
	return state.nexthop[0];
}

Test(tables, tags_what_leaves_by_an_interface, .init = lab_up, .fini = lab_down)
{
	struct interface_tags tags = {
		.interface = "a0", .mode = TAGS_SET, .inner = 7, .outer = 9, .outer_type = 0x88a8
	};
	struct tables_config tagged = config;

	sh("ip link add a0 type veth peer name b0 && ip link set a0 up && ip link set b0 up");
	sh("ip addr add 10.0.0.1/24 dev a0");
	sh("ip neigh add 10.0.0.2 dev a0 lladdr 02:00:00:00:00:02");
	sh("ip route add 198.51.100.0/24 via 10.0.0.2");
	loop_until(&lab.loop, never, NULL, 50);
	site(1);
	cr_assert(loop_until(&lab.loop, hops, (void *)1, 1000));
	cr_expect(eq(u16, only_hop().vlan, 0));
	cr_assert(eq(int, tables_tags_set(lab.tables, &tags, 1), 0));
	cr_expect(eq(u16, only_hop().vlan, 7));
	cr_expect(eq(u16, only_hop().outer_vlan, 9));
	cr_expect(eq(u16, only_hop().outer_type, 0x88a8));
	cr_expect(eq(u16, only_hop().flags, 0));
	tags.mode = TAGS_KEEP;
	cr_assert(eq(int, tables_tags_set(lab.tables, &tags, 1), 0));
	cr_expect(eq(u16, only_hop().vlan, 0));
	cr_expect(eq(u16, only_hop().outer_vlan, 0));
	cr_expect(eq(u16, only_hop().flags, MG_KEEP_TAGS));

	/* They are there from the first moment of the next run. */
	tagged.tags = &tags;
	tagged.tags_count = 1;
	tables_close(&lab.tables);
	cr_assert(eq(int, tables_open(&lab.loop, &tagged, &lab.tables), 0));
	cr_expect(eq(u16, only_hop().flags, MG_KEEP_TAGS));
	snprintf(tags.interface, sizeof(tags.interface), "another");
	cr_assert(eq(int, tables_tags_set(lab.tables, &tags, 1), 0));
	cr_expect(eq(u16, only_hop().flags, 0));
	cr_assert(eq(int, tables_tags_set(lab.tables, NULL, 0), 0));
	cr_expect(eq(u16, only_hop().flags, 0));
}
