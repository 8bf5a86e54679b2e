/* SPDX-License-Identifier: BSD-2-Clause */
/* The properties of slots_model.h with the headers of dataplane/core on plain arrays, and a clock
 * that turns as it is told. */
#include "slots_model.h"

#define STEPS 6000

static uint8_t tick(void)
{
	return target.tick;
}

static void turn(void)
{
	target.tick = model.now;
	target.clock_ns = (uint64_t)model.now << MG_TICK_SHIFT;
}

static void address(struct random *random, struct flow *flow)
{
	flow->service.addr[0] = 1;
	for (int i = 0; i < 16; i++)
		flow->src[i] = random_u64(random);
}

static uint16_t send(const struct flow *flow)
{
	struct way way = { 0 };

	if (target_steer(&no_frame, flow, &way) != MG_FORWARD)
		return 0;
	if (observe_wanted(flow, &way))
		observe(flow, &way);
	return way.member;
}

static void start(struct random *random, enum mg_placement placement)
{
	memset(&target, 0, sizeof(target));
	target.settings = (struct mg_settings){ .hash_seed = random_u64(random),
						.pin_set_mask = TARGET_PIN_SETS - 1 };
	target_service(&(struct mg_service){ .key = { .addr = { 1 } },
					     .slot_mask = SLOTS - 1,
					     .member_count = MEMBERS,
					     .placement = placement,
					     .observe = placement != MG_PLACEMENT_SLOT });
	target.nexthop[0].ifindex = 1;
	for (uint32_t m = 1; m <= MEMBERS; m++) {
		target.member[m] =
			(struct mg_member){ .site = m, .state = MG_UP, .weight = 65536 / MEMBERS };
		target.site[m] = (struct mg_site){ .state = MG_UP, .nexthop_count = 1 };
	}
	at.slot = target.slot;
	at.pins = target.pins;
	at.marks = target.marks;
	at.pin_sets = TARGET_PIN_SETS;
	at.member = target.member;
	at.site = target.site;
	at.seed = target.settings.hash_seed;
	at.tick = tick;
	at.turn = turn;
	at.two_choice = placement != MG_PLACEMENT_SLOT;
	at.address = address;
	at.send = send;
	model_start(random);
}

Test(affinity, flows_stay_and_starts_follow)
{
	struct random random = random_seeded("affinity");

	start(&random, MG_PLACEMENT_SLOT);
	model_run(&random, STEPS);
	cr_expect(eq(u64, target.event[MG_EVENT_PIN_EVICTED], 0), "the model allows for none");
	cr_expect(target.event[MG_EVENT_PIN_INSERTED] > 1000, "too calm a run to say anything");
	cr_expect(target.event[MG_EVENT_PIN_REPLACED] > 10, "too calm a run to say anything");
}

Test(affinity, calm_leaves_no_pin)
{
	struct random random = random_seeded("calm");
	uint64_t inserted;

	start(&random, MG_PLACEMENT_SLOT);
	model_run(&random, 500);
	model_calm();
	inserted = target.event[MG_EVENT_PIN_INSERTED];
	model_flood(&random, 10000);
	cr_expect(eq(u64, target.event[MG_EVENT_PIN_INSERTED], inserted), "a flood made pins");
}

static void two_choices(enum mg_placement placement)
{
	struct random random = random_seeded("two choices");

	start(&random, placement);
	model_run(&random, STEPS);
	cr_expect(eq(u64, target.event[MG_EVENT_PIN_EVICTED], 0), "the model allows for none");
	cr_expect(eq(u64, target.event[MG_EVENT_PIN_FULL], 0), "the model allows for none");
	cr_expect(target.event[MG_EVENT_PIN_INSERTED] > 1000, "too calm a run to say anything");
	cr_expect(target.event[MG_EVENT_PIN_REPLACED] > 10, "too calm a run to say anything");
	model_calm();
}

Test(affinity, flows_stay_with_two_choices)
{
	two_choices(MG_PLACEMENT_TWO_CHOICE);
	cr_expect(model.seconds > 500, "%u took the second choice", model.seconds);
}

Test(affinity, flows_stay_while_the_gate_is_closed)
{
	two_choices(MG_PLACEMENT_FIRST);
}

/* The gate opens and closes all the time. */
Test(affinity, flows_stay_when_the_gate_turns)
{
	struct random random = random_seeded("gate");

	start(&random, MG_PLACEMENT_TWO_CHOICE);
	for (int i = 0; i < 300; i++) {
		target.service[1].placement = i % 2 ? MG_PLACEMENT_FIRST : MG_PLACEMENT_TWO_CHOICE;
		model_run(&random, 20);
	}
	cr_expect(model.seconds > 500, "%u took the second choice", model.seconds);
}

static void tcp_begin(struct random *random, struct model_flow *f)
{
	flow_begin(random, f);
	f->flow.service.proto = PROTO_TCP;
	f->flow.start = true;
	f->member = send(&f->flow);
	f->flow.start = false;
}

static void tcp_end(struct model_flow *f)
{
	f->flow.end = true;
	cr_assert(eq(u16, send(&f->flow), f->member));
	f->member = 0;
}

/* Slots move, flows come and go, and each is counted where it is. */
Test(affinity, all_flows_ended_are_none_in_flight)
{
	struct random random = random_seeded("in flight");
	uint32_t in_flight = 0;

	start(&random, MG_PLACEMENT_TWO_CHOICE);
	for (int i = 0; i < 100000; i++) {
		struct model_flow *f = &model.flow[random_below(&random, FLOWS)];

		if (i % 300 == 0) {
			clock_turn(&random);
			control_change(random_below(&random, SLOTS), draw_member(&random),
				       draw_member(&random));
		}
		if (!f->member)
			tcp_begin(&random, f);
		else if (random_below(&random, 3))
			cr_assert(eq(u16, send(&f->flow), f->member));
		else
			tcp_end(f);
	}
	for (int m = 1; m <= MEMBERS; m++)
		in_flight += target.load[m].in_flight;
	cr_expect(in_flight > FLOWS / 4 * MG_LOAD_FLOW, "%u", in_flight);
	for (int i = 0; i < FLOWS; i++) {
		in_flight -= model.flow[i].member ? MG_LOAD_FLOW : 0;
		if (model.flow[i].member)
			tcp_end(&model.flow[i]);
	}
	cr_expect(zero(u32, in_flight), "as many as there were");
	for (int m = 1; m <= MEMBERS; m++)
		cr_expect(zero(u32, target.load[m].in_flight), "member %d", m);
}
