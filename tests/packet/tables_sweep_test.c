/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables with real maps: what is swept, and what numbers mean meanwhile. */
#include "tables_lab.h"

/* --- the sweep -------------------------------------------------------------------------------- */
Test(tables, settles_slots, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	uint16_t a = member(s, 1), b = member(s, 2);

	cr_expect(eq(sz, apply_all(s, a, b), 64));
	cr_expect(eq(int, slot(s, 0).state, MG_SLOT_STABLE), "nobody had it before");
	cr_expect(eq(sz, apply_all(s, b, a), 64));
	cr_expect(eq(int, slot(s, 0).state, MG_SLOT_MOVING));
	cr_expect(eq(u16, slot(s, 0).prev, a));

	lab.now_ns += (IDLE_S - 1) * SECOND;
	sweep_rounds(2);
	cr_expect(eq(int, slot(s, 0).state, MG_SLOT_MOVING), "not idle yet");
	pin_plant(0, s->entry.slot_base, a);     /* foreign */
	pin_plant(1, s->entry.slot_base + 1, b); /* where the slot leads anyway */

	lab.now_ns += 2 * SECOND;
	sweep_rounds(1);
	cr_expect(eq(int, slot(s, 0).state, MG_SLOT_PINNED));
	cr_expect(eq(u16, slot(s, 0).prev, MG_MEMBER_NONE));
	cr_expect(eq(int, slot(s, 1).state, MG_SLOT_PINNED), "one step a round");
	sweep_rounds(1);
	cr_expect(eq(int, slot(s, 0).state, MG_SLOT_PINNED), "a flow of a is alive");
	cr_expect(eq(int, slot(s, 1).state, MG_SLOT_STABLE));
	cr_expect(eq(u32, s->pins, 2));

	lab.now_ns += (IDLE_S + 9) * SECOND;
	sweep_rounds(2);
	cr_expect(eq(sz, pins(), 0));
	cr_expect(eq(u32, s->pins, 0));
	cr_expect(eq(int, slot(s, 0).state, MG_SLOT_STABLE));
}

/* The age that a pin must reach and must not pass, in seconds, whatever the tick's phase. */
Test(tables, ages_pins, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	uint16_t a = member(s, 1);
	uint64_t start = lab.now_ns;

	apply_all(s, a, 0);
	for (uint64_t phase = 0; phase < 5; phase++) {
		lab.now_ns = start + phase * SECOND;
		pin_plant(0, s->entry.slot_base, a);
		lab.now_ns += IDLE_S * SECOND;
		sweep_rounds(1);
		cr_expect(eq(sz, pins(), 1), "phase %d: still within the idle timeout", (int)phase);
		lab.now_ns += 9 * SECOND; /* two ticks */
		sweep_rounds(1);
		cr_expect(eq(sz, pins(), 0), "phase %d", (int)phase);
	}
	lab.now_ns = start + SECOND * 100;
	pin_plant(0, s->entry.slot_base, a);
	lab.now_ns -= 5 * SECOND; /* the data plane's clock was read later than ours */
	sweep_rounds(1);
	cr_expect(eq(sz, pins(), 1), "a pin of the next tick is young");
}

Test(tables, frees_strange_pins, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	uint16_t a = member(s, 1);
	uint32_t base = s->entry.slot_base;

	apply_all(s, a, 0);
	pin_plant(0, base + 64, a); /* of no service */
	pin_plant(1, 1023, a);      /* likewise */
	pin_plant(2, base, 7);      /* of no member */
	pin_plant(3, base, 500);    /* beyond the members */
	pin_plant(4, MG_SLOTS_MAX - 1, a);
	pin_plant(5, base, a);
	sweep_rounds(1);
	cr_expect(eq(sz, pins(), 1));

	tables_service_remove(&s);
	sweep_rounds(1);
	cr_expect(eq(sz, pins(), 0));
}

Test(tables, scrubs_at_the_start, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);

	apply_all(s, member(s, 1), 0);
	pin_plant(0, s->entry.slot_base + 100, 1);
	pin_plant(1, s->entry.slot_base, 1);
	slot_store(tables_slot_memory(lab.tables) + s->entry.slot_base + 100,
		   (struct mg_slot){ .now = 3 });
	lab_reopen();
	cr_expect(eq(sz, pins(), 1));
	cr_expect(eq(u16, tables_slot_memory(lab.tables)[100].now, 0));
}

/* A slot whose owner is down changes hands without anybody being sent back. */
Test(tables, leaves_a_dead_owner_at_once, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	uint16_t a = member(s, 1), b = member(s, 2);

	apply_all(s, a, b);
	tables_member_state(s, a, MG_DOWN, 0);
	apply_all(s, b, 0);
	cr_expect(eq(int, slot(s, 0).state, MG_SLOT_STABLE));
	cr_expect(eq(u16, slot(s, 0).now, b));

	tables_member_state(s, a, MG_UP, 0);
	apply_all(s, a, 0);
	cr_expect(eq(int, slot(s, 0).state, MG_SLOT_MOVING));
	tables_member_remove(s, b);
	sweep_rounds(1);
	cr_expect(eq(int, slot(s, 0).state, MG_SLOT_PINNED), "nobody can return to b");
	sweep_rounds(2);
	cr_expect(eq(int, slot(s, 0).state, MG_SLOT_STABLE));
	cr_expect(eq(int, (int)s->member[b].use, MEMBER_FREE));
}

/* --- property: a number means one site for as long as anything names it ----------------------- */
#define PROPERTY_SETS  64
#define PROPERTY_SITES 6

static struct property {
	struct table_service *service;
	uint16_t member[PROPERTY_SITES];  /* by site; 0: not bound now */
	uint32_t pin_site[PROPERTY_SETS]; /* what the pin meant when it was planted */
	bool pin_void[PROPERTY_SETS];
	uint32_t slot_site[64]; /* what the slot's `now` meant when it was stored */
} property;

static uint16_t property_pick(void)
{
	return property.member[rand() % PROPERTY_SITES];
}

/* A flow whose member is down has gone elsewhere, and need not come back. */
static void property_void(uint16_t m)
{
	const struct mg_pin *pin = lab.tables->maps.memory[MAP_PINS];

	for (uint32_t i = 0; i < PROPERTY_SETS; i++)
		property.pin_void[i] |= pin[i * MG_PINS_PER_SET].member == m;
}

static void property_flap(void)
{
	enum mg_state state = rand() % 2 ? MG_UP : MG_DOWN;
	uint16_t m = property_pick();

	if (!m)
		return;
	tables_member_state(property.service, m, state, 1);
	if (state == MG_DOWN)
		property_void(m);
}

static void property_toggle(void)
{
	int i = rand() % PROPERTY_SITES;

	if (property.member[i]) {
		property_void(property.member[i]);
		tables_member_remove(property.service, property.member[i]);
		property.member[i] = 0;
	} else {
		property.member[i] = member(property.service, (uint8_t)(i + 1));
	}
}

static void property_apply(void)
{
	uint16_t pair[2 * 64];

	for (uint32_t i = 0; i < 64; i++) {
		uint16_t old = slot(property.service, i).now;
		bool keep = rand() % 4 && property.service->member[old].use == MEMBER_BOUND;

		pair[2 * i] = keep ? old : property_pick();
		pair[2 * i + 1] = property_pick();
	}
	tables_slots_apply(property.service, pair, lab.now_ns);
	for (uint32_t i = 0; i < 64; i++)
		property.slot_site[i] =
			property.service->member[slot(property.service, i).now].site;
}

static void property_plant(void)
{
	uint32_t set = (uint32_t)rand() % PROPERTY_SETS, i = (uint32_t)rand() % 64;
	struct mg_slot at = slot(property.service, i);
	uint16_t m = at.state == MG_SLOT_MOVING && rand() % 2 ? at.prev : at.now;

	/* As the data plane: only in a moving slot, and to a member that is up. */
	if (at.state != MG_SLOT_MOVING || !member_usable(property.service, m))
		return;
	pin_plant(set, property.service->entry.slot_base + i, m);
	property.pin_site[set] = property.service->member[m].site;
	property.pin_void[set] = false;
}

static void property_holds(unsigned int seed, int step)
{
	const struct mg_pin *pin = lab.tables->maps.memory[MAP_PINS];
	const struct member *at = property.service->member;

	for (uint32_t i = 0; i < 64; i++) {
		struct mg_slot s = slot(property.service, i);

		cr_assert(s.now == 0 || at[s.now].site == property.slot_site[i],
			  "seed %u step %d: slot %u", seed, step, i);
		cr_assert(s.state == MG_SLOT_MOVING || !s.prev, "seed %u step %d: prev kept", seed,
			  step);
	}
	for (uint32_t i = 0; i < PROPERTY_SETS; i++) {
		const struct mg_pin p = pin[i * MG_PINS_PER_SET];
		struct mg_slot s;

		if (!p.member)
			continue;
		s = slot(property.service, p.slot - property.service->entry.slot_base);
		cr_assert(at[p.member].use == MEMBER_FREE ||
				  at[p.member].site == property.pin_site[i],
			  "seed %u step %d: a pin's number has changed hands", seed, step);
		cr_assert(property.pin_void[i] || s.state != MG_SLOT_STABLE || s.now == p.member ||
				  !member_usable(property.service, p.member),
			  "seed %u step %d: a pinned flow lost in a stable slot", seed, step);
	}
}

Test(tables, keeps_meanings, .init = lab_up, .fini = lab_down, .timeout = 120)
{
	unsigned int seed = (unsigned int)uv_hrtime();

	cr_log_info("seed %u", seed);
	srand(seed);
	property.service = service(80, 64);
	for (int step = 0; step < 20000; step++) {
		int what = rand() % 16;

		lab.now_ns += (uint64_t)rand() % SECOND;
		if (what == 0)
			property_toggle();
		if (what == 1)
			property_apply();
		if (what < 4)
			property_plant();
		if (what == 5)
			property_flap();
		if (what > 5)
			tables_sweep(lab.tables, lab.now_ns);
		property_holds(seed, step);
	}
}
