/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must always hold of slots and pins, under random changes and random traffic, against a model
 * that knows nothing of them: it remembers for each flow the site it was sent to.
 *
 *   1. A flow that never pauses longer than the idle timeout keeps its site, unless that is down.
 *   2. A flow that starts goes where the table says now; a UDP flow, which has no start, follows at
 *      the latest one idle timeout after the change.
 *   3. A change of one slot moves flows of that slot only (follows from 1 and 2, for every flow).
 *   4. In a steady state no pin is left, and none is made by a flood of starts.
 *
 * Time is counted in ticks of the pins' clock. Control's part is done as control/tables does it: by
 * slot_change(), slot_settle(), and a sweep of the pins.
 */
#include "base/util.h"
#include "random.h"
#include "target.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define SLOTS     256
#define MEMBERS   5
#define FLOWS     400
#define STEPS     6000
#define IDLE      20 /* ticks */
#define CHANGE_IN 6  /* one step in so many changes slots */
#define DOWN_IN   150

struct model_flow {
	struct flow flow;
	uint32_t last;   /* spoke */
	uint16_t member; /* 0: has ended */
	bool loose;      /* was placed while its member was down: control may place it again */
};

static struct {
	struct model_flow flow[FLOWS];
	uint32_t moving_since[SLOTS];
	uint32_t down_at[MEMBERS + 1]; /* last time it was down; 0: never */
	bool told[MEMBERS + 1];        /* control knows that it is down */
	uint32_t now;
	uint16_t ports;
} model;

static bool usable(uint16_t member)
{
	return member && target.member[member].state == MG_UP;
}

static uint16_t draw_member(struct random *random)
{
	uint16_t member = 1 + random_below(random, MEMBERS);

	return usable(member) ? member : 1; /* the first one never goes down */
}

static void control_change(uint32_t s, uint16_t now, uint16_t next)
{
	struct mg_slot old = slot_load(&target.slot[s]);
	struct mg_slot slot = slot_change(old, now, next, usable(old.now));

	if (slot.state == MG_SLOT_MOVING && old.state != MG_SLOT_MOVING)
		model.moving_since[s] = model.now;
	slot_store(&target.slot[s], slot);
}

static bool pin_is_of(struct mg_pin pin, uint32_t slot)
{
	return pin.member != MG_MEMBER_NONE && pin.slot == slot;
}

static bool has_foreign_pin(uint32_t slot, uint16_t now)
{
	for (size_t i = 0; i < TARGET_PIN_SETS * MG_PINS_PER_SET; i++) {
		struct mg_pin pin = target.pins[i / MG_PINS_PER_SET].pin[i % MG_PINS_PER_SET];

		if (pin_is_of(pin, slot) && pin.member != now)
			return true;
	}
	return false;
}

static uint32_t control_sweep(void)
{
	uint32_t live = 0;

	for (size_t i = 0; i < TARGET_PIN_SETS * MG_PINS_PER_SET; i++) {
		struct mg_pin *pin = &target.pins[i / MG_PINS_PER_SET].pin[i % MG_PINS_PER_SET];

		if (pin->member && (pin_age(*pin, target.tick) > IDLE ||
				    target.slot[pin->slot].state == MG_SLOT_STABLE))
			*pin = (struct mg_pin){ 0 };
		live += pin->member != 0;
	}
	for (uint32_t s = 0; s < SLOTS; s++) {
		struct mg_slot slot = target.slot[s];

		if (slot.state == MG_SLOT_MOVING
			    ? model.now - model.moving_since[s] > IDLE
			    : slot.state == MG_SLOT_PINNED && !has_foreign_pin(s, slot.now))
			slot_store(&target.slot[s], slot_settle(slot));
	}
	return live;
}

/* Control has heard that a member is down: each of its slots goes to the next choice. */
static void control_leave(struct random *random, uint16_t member)
{
	for (uint32_t s = 0; s < SLOTS; s++) {
		uint16_t next = target.slot[s].next;

		if (target.slot[s].now == member)
			control_change(s, usable(next) ? next : draw_member(random),
				       draw_member(random));
	}
	model.told[member] = true;
}

static void control_step(struct random *random)
{
	uint16_t member = 2 + random_below(random, MEMBERS - 1);

	if (!random_below(random, CHANGE_IN))
		for (int n = random_below(random, 40); n > 0; n--)
			control_change(random_below(random, SLOTS), draw_member(random),
				       draw_member(random));
	if (!random_below(random, DOWN_IN)) {
		bool up = usable(member);

		target.member[member].state = up ? MG_DOWN : MG_UP;
		model.told[member] = false;
	}
	for (uint16_t m = 1; m <= MEMBERS; m++) {
		if (usable(m))
			continue;
		model.down_at[m] = model.now;
		if (!model.told[m] && !random_below(random, 4))
			control_leave(random, m);
	}
}

/* Every other flow is UDP, which has no start to be seen. */
static void flow_begin(struct random *random, struct model_flow *f)
{
	f->flow = (struct flow){ .service = { .addr = { 1 }, .port = 80, .proto = 6 },
				 .sport = model.ports++,
				 .start = random_below(random, 2) };
	for (int i = 0; i < 16; i++)
		f->flow.src[i] = random_u64(random);
	f->loose = false;
}

static uint32_t slot_of(const struct model_flow *f)
{
	return flow_hash(&f->flow, target.settings.hash_seed, MG_AFFINITY_FLOW) & (SLOTS - 1);
}

/* Whether the model can say where the flow belongs; *ret is the member. */
static bool belongs(const struct model_flow *f, bool first, struct mg_slot slot, uint16_t *ret)
{
	*ret = first ? slot.now : f->member;
	if (first && !f->flow.start && slot.state == MG_SLOT_MOVING)
		return false; /* UDP: taken for one that was there before the change */
	if (!first &&
	    (f->loose || (model.down_at[f->member] && model.down_at[f->member] >= f->last)))
		return false;
	return usable(*ret);
}

static void flow_speaks(struct random *random, struct model_flow *f)
{
	bool first = !f->member || model.now - f->last > IDLE || !random_below(random, 60);
	struct mg_slot slot;
	struct way way = { 0 };
	uint16_t want;

	if (first)
		flow_begin(random, f);
	slot = slot_load(&target.slot[slot_of(f)]);
	if (steer(&no_frame, &f->flow, &way) != MG_FORWARD) {
		f->member = 0; /* neither choice nor redraw is up; the flow has failed */
		return;
	}
	cr_assert(usable(way.member), "sent to a member that is down");
	if (belongs(f, first, slot, &want))
		cr_assert(eq(u32, way.member, want), "t %u, slot %u (%u, %u, state %u), %s",
			  model.now, slot_of(f), slot.now, slot.prev, slot.state,
			  first ? "first packet" : "later packet");
	f->loose = slot.state != MG_SLOT_MOVING && way.member != slot.now &&
		   (f->loose || first || way.member != f->member);
	f->member = way.member;
	f->last = model.now;
	f->flow.start = false;
}

static void start(struct random *random)
{
	memset(&target, 0, sizeof(target));
	memset(&model, 0, sizeof(model));
	model.now = 1;
	target.settings = (struct mg_settings){ .hash_seed = random_u64(random),
						.pin_set_mask = TARGET_PIN_SETS - 1 };
	target_service(&(struct mg_service){ .key = { .addr = { 1 }, .port = 80, .proto = 6 },
					     .slot_mask = SLOTS - 1,
					     .member_count = MEMBERS });
	target.nexthop[0].ifindex = 1;
	for (uint32_t m = 1; m <= MEMBERS; m++) {
		target.member[m] = (struct mg_member){ .site = m, .state = MG_UP };
		target.site[m] = (struct mg_site){ .state = MG_UP, .nexthop_count = 1 };
	}
	for (uint32_t s = 0; s < SLOTS; s++)
		target.slot[s] =
			(struct mg_slot){ .now = draw_member(random), .next = draw_member(random) };
}

static void clock_turn(struct random *random)
{
	if (random_below(random, 4))
		return;
	model.now++;
	target.tick = model.now;
	control_sweep();
}

Test(affinity, flows_stay_and_starts_follow)
{
	struct random random = random_seeded("affinity");

	start(&random);
	for (int i = 0; i < STEPS; i++) {
		clock_turn(&random);
		control_step(&random);
		for (int n = 0; n < 30; n++)
			flow_speaks(&random, &model.flow[random_below(&random, FLOWS)]);
	}
	cr_expect(eq(u64, target.event[MG_EVENT_PIN_EVICTED], 0), "the model allows for none");
	cr_expect(target.event[MG_EVENT_PIN_INSERTED] > 1000, "too calm a run to say anything");
	cr_expect(target.event[MG_EVENT_PIN_REPLACED] > 10, "too calm a run to say anything");
}

Test(affinity, calm_leaves_no_pin)
{
	struct random random = random_seeded("calm");
	uint64_t inserted;

	start(&random);
	for (int i = 0; i < 500; i++) {
		clock_turn(&random);
		control_step(&random);
		for (int n = 0; n < 30; n++)
			flow_speaks(&random, &model.flow[random_below(&random, FLOWS)]);
	}
	for (int i = 0; i < 3 * IDLE; i++) {
		model.now++;
		target.tick = model.now;
		control_sweep();
	}
	cr_expect(eq(u32, control_sweep(), 0), "pins are left");
	for (uint32_t s = 0; s < SLOTS; s++)
		cr_expect(eq(int, target.slot[s].state, MG_SLOT_STABLE));

	inserted = target.event[MG_EVENT_PIN_INSERTED];
	for (int i = 0; i < 10000; i++) {
		struct model_flow flood = { 0 };

		flow_begin(&random, &flood);
		flow_speaks(&random, &flood);
	}
	cr_expect(eq(u64, target.event[MG_EVENT_PIN_INSERTED], inserted), "a flood made pins");
}
