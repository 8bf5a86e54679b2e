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
 * With two choices a flow may start at either slot's member (2), and pins are of flows under way
 * (4).
 *
 * Time is counted in ticks of the pins' clock. Control's part is done as control/tables does it: by
 * slot_change(), slot_settle(), and a sweep of the pins. The tables and the packet's way belong to
 * the test that includes this: plain arrays, or the maps of the loaded programs.
 */
#pragma once
#include "base/util.h"
#include "random.h"
#include "target.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define SLOTS     256
#define MEMBERS   5
#define FLOWS     400
#define IDLE      20 /* ticks */
#define CHANGE_IN 6  /* one step in so many changes slots */
#define DOWN_IN   60

struct model_flow {
	struct flow flow;
	uint32_t last;   /* spoke */
	uint16_t member; /* 0: has ended */
	bool loose;      /* was placed while its member was down: control may place it again */
};

/* Set by the test. */
static struct {
	struct mg_slot *slot; /* SLOTS */
	struct mg_pin_set *pins;
	struct mg_pin_marks *marks;
	size_t pin_sets;          /* whole words of marks */
	uint32_t slot_base;       /* index of the first slot */
	struct mg_member *member; /* by number */
	struct mg_site *site;     /* of the member with that number */
	uint64_t seed;
	bool two_choice;
	uint8_t (*tick)(void);
	void (*turn)(void); /* the clock, by one tick */
	void (*address)(struct random *random, struct flow *flow);
	uint16_t (*send)(const struct flow *flow); /* member's number; 0: to nobody */
} at;

static struct {
	struct model_flow flow[FLOWS];
	uint32_t moving_since[SLOTS];
	uint32_t down_at[MEMBERS + 1]; /* last time it was down; 0: never */
	bool told[MEMBERS + 1];        /* control knows that it is down */
	bool foreign[SLOTS];           /* a pin names another member than now */
	uint32_t now, seconds; /* seconds: flows that did not start at their slot's member */
	uint16_t ports;
} model;

static inline bool usable(uint16_t member)
{
	return member && at.member[member].state == MG_UP && at.site[member].state == MG_UP;
}

static inline uint16_t draw_member(struct random *random)
{
	uint16_t member = 1 + random_below(random, MEMBERS);

	return usable(member) ? member : 1; /* the first one never goes down */
}

static inline void control_change(uint32_t s, uint16_t now, uint16_t next)
{
	struct mg_slot old = slot_load(&at.slot[s]);
	struct mg_slot slot = slot_change(old, now, next, usable(old.now));

	if (slot.state == MG_SLOT_MOVING && old.state != MG_SLOT_MOVING)
		model.moving_since[s] = model.now;
	slot_store(&at.slot[s], slot);
}

/* True: the pin lives on. A tick more than the timeout, for the clock may turn meanwhile. */
static inline bool sweep_pin(struct mg_pin *pin)
{
	uint32_t s = pin->slot - at.slot_base;

	if (!pin->member)
		return false;
	if (s >= SLOTS || pin_age(*pin, at.tick()) > IDLE + 1 ||
	    (at.slot[s].state == MG_SLOT_STABLE && !at.two_choice)) {
		*pin = (struct mg_pin){ 0 };
		return false;
	}
	model.foreign[s] |= pin->member != at.slot[s].now;
	return true;
}

static inline uint32_t control_sweep(void)
{
	uint32_t live = 0;

	memset(model.foreign, 0, sizeof(model.foreign));
	for (size_t i = 0; i < at.pin_sets * MG_PINS_PER_SET; i++)
		live += sweep_pin(&at.pins[i / MG_PINS_PER_SET].pin[i % MG_PINS_PER_SET]);
	for (size_t i = 0; i < at.pin_sets; i += MG_MARKS_PER_WORD)
		pin_marks_sweep(&at.marks[i / MG_MARKS_PER_WORD], &at.pins[i], MG_MARKS_PER_WORD);
	for (uint32_t s = 0; s < SLOTS; s++) {
		struct mg_slot slot = at.slot[s];

		if (slot.state == MG_SLOT_MOVING
			    ? model.now - model.moving_since[s] > IDLE + 1
			    : slot.state == MG_SLOT_PINNED && (!model.foreign[s] || at.two_choice))
			slot_store(&at.slot[s], slot_settle(slot));
	}
	return live;
}

/* Control has heard that a member is down: each of its slots goes to the next choice. */
static inline void control_leave(struct random *random, uint16_t member)
{
	for (uint32_t s = 0; s < SLOTS; s++) {
		uint16_t next = at.slot[s].next;

		if (at.slot[s].now == member)
			control_change(s, usable(next) ? next : draw_member(random),
				       draw_member(random));
	}
	model.told[member] = true;
}

/* A member goes down by itself, with its site, or is withdrawn, of which control knows at once. */
static inline void control_member(struct random *random, uint16_t member)
{
	bool up = usable(member);
	uint32_t how = random_below(random, 3);

	at.member[member].state = up && how ? MG_DOWN : MG_UP;
	at.site[member].state = up && !how ? MG_DOWN : MG_UP;
	model.told[member] = false;
	if (up && how == 2)
		control_leave(random, member);
}

static inline void control_step(struct random *random)
{
	if (!random_below(random, CHANGE_IN))
		for (int n = random_below(random, 40); n > 0; n--)
			control_change(random_below(random, SLOTS), draw_member(random),
				       draw_member(random));
	if (!random_below(random, DOWN_IN))
		control_member(random, 2 + random_below(random, MEMBERS - 1));
	for (uint16_t m = 1; m <= MEMBERS; m++) {
		if (usable(m))
			continue;
		model.down_at[m] = model.now;
		if (!model.told[m] && !random_below(random, 8))
			control_leave(random, m);
	}
}

/* Every other flow is UDP, which has no start to be seen. */
static inline void flow_begin(struct random *random, struct model_flow *f)
{
	bool start = random_below(random, 2);

	f->flow = (struct flow){ .service = { .port = 80, .proto = start ? PROTO_TCP : PROTO_UDP },
				 .sport = model.ports++,
				 .start = start };
	at.address(random, &f->flow);
	f->loose = false;
}

static inline uint32_t slot_of(const struct model_flow *f)
{
	return flow_hash(&f->flow, at.seed, MG_AFFINITY_FLOW) & (SLOTS - 1);
}

/* Of a second slot. */
static inline uint16_t second_of(const struct model_flow *f)
{
	uint64_t hash = flow_hash(&f->flow, at.seed, MG_AFFINITY_FLOW);

	return slot_load(&at.slot[flow_second(hash) & (SLOTS - 1)]).now;
}

/* Whether the model can say where the flow belongs; *ret is the member. */
static inline bool belongs(const struct model_flow *f, bool first, struct mg_slot slot,
			   uint16_t *ret)
{
	*ret = first ? slot.now : f->member;
	if (first && !f->flow.start && slot.state == MG_SLOT_MOVING)
		return false; /* UDP: taken for one that was there before the change */
	if (!first &&
	    (f->loose || (model.down_at[f->member] && model.down_at[f->member] >= f->last)))
		return false;
	return usable(*ret);
}

static inline void flow_speaks(struct random *random, struct model_flow *f)
{
	bool first = !f->member || model.now - f->last > IDLE || !random_below(random, 60);
	struct mg_slot slot;
	uint16_t want, went;

	if (first)
		flow_begin(random, f);
	slot = slot_load(&at.slot[slot_of(f)]);
	went = at.send(&f->flow);
	if (!went) {
		f->member = 0; /* neither choice nor redraw is up; the flow has failed */
		return;
	}
	cr_assert(usable(went), "sent to a member that is down");
	if (belongs(f, first, slot, &want) && !(at.two_choice && first && went == second_of(f)))
		cr_assert(eq(u32, went, want), "t %u, slot %u (%u, %u, state %u), %s", model.now,
			  slot_of(f), slot.now, slot.prev, slot.state,
			  first ? "first packet" : "later packet");
	model.seconds += first && went != slot.now;
	f->loose = slot.state != MG_SLOT_MOVING && went != slot.now &&
		   (f->loose || (first && !at.two_choice) || (!first && went != f->member));
	f->member = went;
	f->last = model.now;
	f->flow.start = false;
}

/* The tables are those of `at`, all members up. */
static inline void model_start(struct random *random)
{
	memset(&model, 0, sizeof(model));
	model.now = 1;
	for (uint32_t s = 0; s < SLOTS; s++)
		slot_store(&at.slot[s], (struct mg_slot){ .now = draw_member(random),
							  .next = draw_member(random) });
}

static inline void clock_turn(struct random *random)
{
	if (random_below(random, 4))
		return;
	model.now++;
	at.turn();
	control_sweep();
}

/* Changes, failures and traffic. */
static inline void model_run(struct random *random, int steps)
{
	for (int i = 0; i < steps; i++) {
		clock_turn(random);
		control_step(random);
		for (int n = 0; n < 30; n++)
			flow_speaks(random, &model.flow[random_below(random, FLOWS)]);
	}
}

/* Nobody changes anything, and nobody speaks. */
static inline void model_calm(void)
{
	for (int i = 0; i < 3 * IDLE; i++) {
		model.now++;
		at.turn();
		control_sweep();
	}
	cr_expect(eq(u32, control_sweep(), 0), "pins are left");
	for (uint32_t s = 0; s < SLOTS; s++)
		cr_expect(eq(int, at.slot[s].state, MG_SLOT_STABLE));
}

static inline void model_flood(struct random *random, int flows)
{
	for (int i = 0; i < flows; i++) {
		struct model_flow flood = { 0 };

		flow_begin(random, &flood);
		flow_speaks(random, &flood);
	}
}
