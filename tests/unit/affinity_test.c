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

	return steer(&no_frame, flow, &way) == MG_FORWARD ? way.member : 0;
}

static void start(struct random *random)
{
	memset(&target, 0, sizeof(target));
	target.settings = (struct mg_settings){ .hash_seed = random_u64(random),
						.pin_set_mask = TARGET_PIN_SETS - 1 };
	target_service(&(struct mg_service){
		.key = { .addr = { 1 } }, .slot_mask = SLOTS - 1, .member_count = MEMBERS });
	target.nexthop[0].ifindex = 1;
	for (uint32_t m = 1; m <= MEMBERS; m++) {
		target.member[m] = (struct mg_member){ .site = m, .state = MG_UP };
		target.site[m] = (struct mg_site){ .state = MG_UP, .nexthop_count = 1 };
	}
	at.slot = target.slot;
	at.pins = target.pins;
	at.pin_sets = TARGET_PIN_SETS;
	at.member = target.member;
	at.site = target.site;
	at.seed = target.settings.hash_seed;
	at.tick = tick;
	at.turn = turn;
	at.address = address;
	at.send = send;
	model_start(random);
}

Test(affinity, flows_stay_and_starts_follow)
{
	struct random random = random_seeded("affinity");

	start(&random);
	model_run(&random, STEPS);
	cr_expect(eq(u64, target.event[MG_EVENT_PIN_EVICTED], 0), "the model allows for none");
	cr_expect(target.event[MG_EVENT_PIN_INSERTED] > 1000, "too calm a run to say anything");
	cr_expect(target.event[MG_EVENT_PIN_REPLACED] > 10, "too calm a run to say anything");
}

Test(affinity, calm_leaves_no_pin)
{
	struct random random = random_seeded("calm");
	uint64_t inserted;

	start(&random);
	model_run(&random, 500);
	model_calm();
	inserted = target.event[MG_EVENT_PIN_INSERTED];
	model_flood(&random, 10000);
	cr_expect(eq(u64, target.event[MG_EVENT_PIN_INSERTED], inserted), "a flood made pins");
}
