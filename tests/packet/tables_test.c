/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables with real maps: services and their ranges, members, flows. */
#include "tables_lab.h"

/* --- services and their ranges ---------------------------------------------------------------- */
static void expect_apart(struct table_service **s, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < i; k++) {
			const struct mg_service *a = s[i] ? &s[i]->entry : NULL;
			const struct mg_service *b = s[k] ? &s[k]->entry : NULL;

			if (!a || !b)
				continue;
			cr_assert(a->slot_base > b->slot_base + b->slot_mask ||
				  b->slot_base > a->slot_base + a->slot_mask);
			cr_assert(a->member_base >= b->member_base + b->member_count ||
				  b->member_base >= a->member_base + a->member_count);
			cr_assert(a->index != b->index);
		}
	}
}

Test(tables, survives_fragmentation, .init = lab_up, .fini = lab_down, .timeout = 180)
{
	struct table_service *s[6] = { NULL };
	unsigned int seed = (unsigned int)uv_hrtime();

	cr_log_info("seed %u", seed);
	srand(seed);
	for (int i = 0; i < 400; i++) {
		size_t at = (size_t)rand() % ARRAY_SIZE(s);
		uint32_t slots = 1u << rand() % 8;

		if (s[at]) {
			tables_service_remove(&s[at]);
			cr_assert(s[at] == NULL);
			sweep_rounds((unsigned int)rand() % 3);
			continue;
		}
		s[at] = service((uint16_t)(1000 + i), slots);
		for (uint32_t k = 0; k < slots; k++)
			cr_assert(eq(u16, slot(s[at], k).now, 0), "seed %u", seed);
		apply_all(s[at], member(s[at], (uint8_t)(1 + rand() % 4)), 0);
		expect_apart(s, ARRAY_SIZE(s));
	}
	for (size_t i = 0; i < ARRAY_SIZE(s); i++)
		if (s[i])
			tables_service_remove(&s[i]);
	sweep_rounds(2);
	cr_expect(eq(sz, lab.tables->slots.count, 0));
	cr_expect(eq(sz, lab.tables->members.count, 0));
	cr_expect(eq(sz, lab.tables->sites.count, 0));
	service(80, 1024); /* the whole table in one piece again */
}

Test(tables, publishes_filled_slots_only, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	struct mg_service entry;

	cr_expect(not(entry_of(80, &entry)));
	apply_all(s, member(s, 1), 0);
	cr_expect(entry_of(80, &entry));

	lab_reopen(); /* another shape: the old entry is at work until the new one is filled */
	s = service(80, 128);
	cr_assert(entry_of(80, &entry));
	cr_expect(eq(u32, entry.slot_mask, 63));
	apply_all(s, member(s, 1), 0);
	cr_assert(entry_of(80, &entry));
	cr_expect(eq(u32, entry.slot_mask, 127));
	sweep_rounds(2);
	cr_expect(eq(sz, lab.tables->slots.count, 1));
}

Test(tables, ends_a_former_shape_at_claim_end, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	struct mg_service entry;

	apply_all(s, member(s, 1), 0);
	lab_reopen();
	service(80, 128);
	tables_claim_end(lab.tables);
	cr_assert(entry_of(80, &entry));
	cr_expect(eq(u32, entry.slot_mask, 127));
	cr_expect(eq(sz, lab.tables->service_count, 1));
}

/* --- members ---------------------------------------------------------------------------------- */
Test(tables, reuses_numbers_late, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	uint16_t a = member(s, 1), b = member(s, 2), c;
	struct mg_member entry;
	struct mg_counter counter;
	uint32_t owned;

	apply_all(s, a, b);
	tables_member_remove(s, a);
	sweep_rounds(3);
	c = member(s, 3);
	cr_expect(ne(u16, c, a), "slots name it still");

	apply_all(s, b, MG_MEMBER_NONE);
	pin_plant(0, s->entry.slot_base, a);
	sweep_rounds(1);
	cr_expect(eq(sz, pins(), 0), "a pin of a member that is gone counts for nothing");
	sweep_rounds(1);
	cr_expect(eq(u16, member(s, 4), a), "now it is free");
	cr_assert(tables_member(s, a, &entry, &counter, &owned));
	cr_expect(eq(int, (int)entry.state, MG_UP));
	cr_expect(eq(u32, owned, 0));
}

Test(tables, keeps_a_number_that_returns, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	uint16_t a = member(s, 1);

	apply_all(s, a, 0);
	tables_member_remove(s, a);
	cr_expect(not(member_usable(s, a)));
	cr_expect(eq(u16, member(s, 1), a));
	cr_expect(member_usable(s, a));
	sweep_rounds(3);
	cr_expect(member_usable(s, a));
}

Test(tables, counts_bindings_of_one_site, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	uint16_t a = member(s, 1);

	cr_expect(eq(u16, member(s, 1), a));
	tables_member_remove(s, a);
	cr_expect(member_usable(s, a), "one of two is left");
	tables_member_remove(s, a);
	cr_expect(not(member_usable(s, a)));
}

Test(tables, grows_members_in_place_of_dropping, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	struct mg_counter counter;
	struct mg_service entry;
	struct mg_member m;
	uint32_t base, owned;

	apply_all(s, member(s, 1), 0);
	base = s->entry.member_base;
	counter_plant(MAP_COUNTERS_MEMBER, base + 1);
	for (uint8_t i = 2; i <= 40; i++)
		cr_expect(eq(u16, member(s, i), i));
	cr_expect(ne(u32, s->entry.member_base, base));
	cr_assert(entry_of(80, &entry));
	cr_expect(eq(u32, entry.member_base, s->entry.member_base));
	cr_expect(eq(u32, entry.member_count, 64));
	cr_expect(member_usable(s, 1));
	cr_expect(eq(u16, slot(s, 0).now, 1));
	cr_assert(tables_member(s, 1, &m, &counter, &owned));
	cr_expect(eq(u64, counter.packets, 10 * (uint64_t)lab.tables->maps.cpus));
	cr_expect(eq(u32, owned, 64));
	sweep_rounds(2);
	cr_expect(eq(sz, lab.tables->members.count, 1), "the old places are free again");
}

Test(tables, names_no_unbound_member, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	uint16_t a = member(s, 1);

	apply_all(s, a, 9);
	cr_expect(eq(u16, slot(s, 0).next, MG_MEMBER_NONE));
	cr_expect(eq(sz, apply_all(s, 65535, 0), 64));
	cr_expect(eq(u16, slot(s, 0).now, MG_MEMBER_NONE));
}

/* --- flows ------------------------------------------------------------------------------------ */
static void load_plant(const struct table_service *s, uint16_t m)
{
	struct mg_load *load = lab.tables->maps.memory[MAP_LOADS];

	load[s->entry.member_base + m] = (struct mg_load){ .in_flight = 5 * MG_LOAD_FLOW / 2,
							   .starts = 10,
							   .seconds = 4,
							   .ends = 7,
							   .handshakes = 3,
							   .handshake_us = 4500,
							   .timed = 6,
							   .flow_us = 12000 };
}

Test(tables, tells_flows, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	uint16_t m = member(s, 1), other = member(s, 2);
	struct member_flows flows;

	load_plant(s, m);
	for (int run = 0; run < 3; run++) {
		cr_assert(tables_member_flows(s, m, &flows));
		cr_expect(flows.in_flight == 2.5, "%g", flows.in_flight);
		cr_expect(eq(u64, flows.starts, 10));
		cr_expect(eq(u64, flows.seconds, 4));
		cr_expect(eq(u64, flows.ends, 7));
		cr_expect(eq(u64, flows.handshakes, 3));
		cr_expect(eq(u64, flows.handshake_us, 4500));
		cr_expect(eq(u64, flows.timed, 6));
		cr_expect(eq(u64, flows.flow_us, 12000));
		cr_assert(tables_member_flows(s, other, &flows));
		cr_expect(zero(u64, flows.starts), "another member's");
		if (run == 0) /* places of their own, elsewhere */
			for (uint8_t i = 3; i <= 40; i++)
				member(s, i);
		apply_all(s, m, 0);
		if (run == 1) {
			lab_reopen();
			s = service(80, 64);
		}
	}
	cr_expect(not(tables_member_flows(s, 0, &flows)));
	cr_expect(not(tables_member_flows(s, s->entry.member_count + 1, &flows)));
}

Test(tables, counts_flows_of_a_new_member_anew, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	uint16_t m = member(s, 1);
	struct member_flows flows;

	load_plant(s, m);
	tables_member_remove(s, m);
	sweep_rounds(2);
	cr_assert(eq(u16, member(s, 2), m), "the same number");
	cr_assert(tables_member_flows(s, m, &flows));
	cr_expect(zero(u64, flows.starts));
	cr_expect(flows.in_flight == 0);
}

Test(tables, forgets_flows_of_a_member_that_was_down, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	uint16_t m = member(s, 1);
	struct member_flows flows;

	load_plant(s, m);
	tables_member_state(s, m, MG_UP, 200);
	cr_assert(tables_member_flows(s, m, &flows));
	cr_expect(flows.in_flight == 2.5, "it was up all the time");
	tables_member_state(s, m, MG_DOWN, 0);
	tables_member_state(s, m, MG_UP, 200);
	cr_assert(tables_member_flows(s, m, &flows));
	cr_expect(flows.in_flight == 0, "%g", flows.in_flight);
	cr_expect(eq(u64, flows.starts, 10));
}

Test(tables, adjusts_what_is_in_flight, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64), *other = service(81, 64);
	uint16_t a = member(s, 1), b = member(s, 2), c = member(other, 1);
	struct member_flows flows;
	static const struct {
		double more, want;
	} steps[] = {
		{ 0, 2.5 },
		{ -1.25, 1.25 },
		{ 3, 4.25 },
		{ -4.25, 0 },
		{ -1, 0 },
		{ 0.4 / 256, 0 },
		{ 0.6 / 256, 1.0 / 256 },
		{ 1e9, 1 << 23 },
		{ -1e12, 0 },
	};

	load_plant(s, a);
	load_plant(other, c);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		tables_flows_adjust(s, a, steps[i].more);
		cr_assert(tables_member_flows(s, a, &flows));
		cr_expect(flows.in_flight == steps[i].want, "%zu: %g", i, flows.in_flight);
	}
	cr_expect(eq(u64, flows.starts, 10));
	cr_assert(tables_member_flows(s, b, &flows));
	cr_expect(flows.in_flight == 0, "another member's");
	cr_assert(tables_member_flows(other, c, &flows));
	cr_expect(flows.in_flight == 2.5, "another service's");
	tables_flows_adjust(s, MG_MEMBER_NONE, 1); /* nobody's */
	tables_flows_adjust(s, s->entry.member_count + 1, 1);
}

static struct table_service *placed(enum mg_placement placement)
{
	struct service_spec spec = spec_of(80, 64);
	struct table_service *s = NULL;

	spec.options.placement = placement;
	cr_assert(eq(int, tables_service_add(lab.tables, &spec, &s), 0));
	return s;
}

static void place(struct table_service *s, enum mg_placement placement)
{
	const struct service_options options = { .placement = placement };

	cr_assert(eq(int, tables_service_change(s, IDLE_S, &options), 0));
}

/* Its pins outlive any number of rounds, and the slots are as good as settled all the same. */
Test(tables, keeps_pins_of_two_choices, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = placed(MG_PLACEMENT_TWO_CHOICE);
	uint16_t a = member(s, 1), b = member(s, 2);
	struct mg_service entry;

	apply_all(s, a, b);
	cr_assert(entry_of(80, &entry));
	cr_expect(eq(u8, entry.placement, MG_PLACEMENT_TWO_CHOICE));
	cr_expect(eq(u8, entry.observe, 1));
	pin_plant(3, s->entry.slot_base + 5, b);
	for (int i = 0; i < 20; i++) { /* the flow speaks now and then */
		lab.now_ns += IDLE_S * SECOND / 2;
		pin_plant(3, s->entry.slot_base + 5, b);
		sweep_rounds(2);
		cr_assert(eq(sz, pins(), 1));
	}
	cr_expect(eq(u16, slot(s, 5).state, MG_SLOT_STABLE));
	apply_all(s, b, a);
	lab.now_ns += IDLE_S * SECOND + SECOND;
	pin_plant(3, s->entry.slot_base + 5, a);
	sweep_rounds(4);
	cr_expect(eq(u16, slot(s, 5).state, MG_SLOT_STABLE), "whatever its pins name");
	cr_expect(eq(sz, pins(), 1));
	lab.now_ns += 3 * IDLE_S * SECOND;
	sweep_rounds(2);
	cr_expect(eq(sz, pins(), 0), "it has ended");
}

/* Echo requests are by client: only a service by client has pins of theirs. */
Test(tables, echoes_follow_clients_pins, .init = lab_up, .fini = lab_down)
{
	struct service_spec spec = spec_of(80, 64);
	struct mg_service_key key = { .addr = { 192, 0, 2, 1 }, .proto = 58 };
	struct table_service *s;
	struct mg_service echo;

	for (int by_client = 0; by_client < 2; by_client++) {
		spec.affinity = by_client ? MG_AFFINITY_CLIENT : MG_AFFINITY_FLOW;
		spec.options.placement = MG_PLACEMENT_TWO_CHOICE;
		cr_assert(eq(int, tables_service_add(lab.tables, &spec, &s), 0));
		apply_all(s, member(s, 1), 0);
		cr_assert(entry_at(&key, &echo));
		cr_expect(
			eq(u8, echo.placement, by_client ? MG_PLACEMENT_FIRST : MG_PLACEMENT_SLOT));
		cr_expect(eq(u8, echo.observe, 0));
		tables_service_remove(&s);
	}
}

/* No flow that has a pin may lose it to a slot that looks at none. */
Test(tables, goes_back_to_slots_by_way_of_pins, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = placed(MG_PLACEMENT_TWO_CHOICE);
	uint16_t a = member(s, 1), b = member(s, 2);
	struct mg_service entry;

	apply_all(s, a, b);
	pin_plant(3, s->entry.slot_base + 5, b);
	sweep_rounds(2);
	place(s, MG_PLACEMENT_FIRST); /* the gate closes */
	cr_expect(eq(u16, slot(s, 5).state, MG_SLOT_STABLE));
	for (int restart = 0; restart < 2; restart++) {
		if (restart) {
			lab_reopen();
			s = placed(MG_PLACEMENT_SLOT);
		} else {
			place(s, MG_PLACEMENT_SLOT);
		}
		cr_assert(entry_of(80, &entry));
		cr_expect(eq(u8, entry.placement, MG_PLACEMENT_SLOT));
		cr_expect(eq(u8, entry.observe, 0));
		cr_expect(eq(u16, slot(s, 5).state, MG_SLOT_PINNED));
		tables_sweep(lab.tables, lab.now_ns);
		sweep_rounds(3);
		cr_expect(eq(u16, slot(s, 5).state, MG_SLOT_PINNED), "its pin lives");
		cr_expect(eq(u16, slot(s, 6).state, MG_SLOT_STABLE));
		if (!restart)
			place(s, MG_PLACEMENT_TWO_CHOICE);
	}
	lab.now_ns += 3 * IDLE_S * SECOND;
	sweep_rounds(3);
	cr_expect(eq(u16, slot(s, 5).state, MG_SLOT_STABLE));
}
