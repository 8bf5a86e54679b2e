/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of slot states row by row: which member, what becomes of the pin, what is counted. */
#include "base/util.h"
#include "target.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define SLOT    5 /* the service's only one; where its range begins */
#define TICK    9
#define NO_PIN  0
#define MEMBERS 4

#define STABLE MG_SLOT_STABLE
#define MOVING MG_SLOT_MOVING
#define PINNED MG_SLOT_PINNED

/* Members are 1 to 4. down: a bit for each that takes no packet. want 0: MG_NO_MEMBER. */
static const struct {
	const char *name;
	enum mg_slot_state state;
	uint16_t now, prev, next, pin;
	bool start;
	uint32_t down;
	uint16_t want, want_pin;
	int event; /* -1: none */
} rows[] = {
	{ "stable, start", STABLE, 1, 0, 2, 0, true, 0, 1, NO_PIN, -1 },
	{ "stable, other", STABLE, 1, 0, 2, 0, false, 0, 1, NO_PIN, -1 },
	{ "stable never looks at pins", STABLE, 1, 0, 2, 3, false, 0, 1, 3, -1 },
	{ "stable, down", STABLE, 1, 0, 2, 0, false, BIT(1), 2, NO_PIN, MG_EVENT_NEXT_CHOICE },
	{ "stable, both down", STABLE, 1, 0, 2, 0, false, BIT(1) | BIT(2), 0, NO_PIN, -1 },
	{ "stable, down, no next", STABLE, 1, 0, 0, 0, false, BIT(1), 0, NO_PIN, -1 },
	{ "stable, empty", STABLE, 0, 0, 0, 0, true, 0, 0, NO_PIN, -1 },
	{ "stable, empty with a next", STABLE, 0, 0, 3, 0, true, 0, 3, NO_PIN,
	  MG_EVENT_NEXT_CHOICE },
	{ "stable, no such member", STABLE, 5, 0, 0, 0, true, 0, 0, NO_PIN, -1 },
	{ "moving, start", MOVING, 1, 2, 3, 0, true, 0, 1, 1, MG_EVENT_PIN_INSERTED },
	{ "moving, other", MOVING, 1, 2, 3, 0, false, 0, 2, 2, MG_EVENT_PIN_INSERTED },
	{ "moving, pinned", MOVING, 1, 2, 3, 4, false, 0, 4, 4, -1 },
	{ "moving, start sent again", MOVING, 1, 2, 3, 4, true, 0, 4, 4, -1 },
	{ "moving, other, prev down", MOVING, 1, 2, 3, 0, false, BIT(2), 1, 1,
	  MG_EVENT_PIN_INSERTED },
	{ "moving, start, prev down", MOVING, 1, 2, 3, 0, true, BIT(2), 1, 1,
	  MG_EVENT_PIN_INSERTED },
	{ "moving, start, now down", MOVING, 1, 2, 3, 0, true, BIT(1), 3, 3,
	  MG_EVENT_PIN_INSERTED },
	{ "moving, other, now down", MOVING, 1, 2, 3, 0, false, BIT(1), 2, 2,
	  MG_EVENT_PIN_INSERTED },
	{ "moving, pin down", MOVING, 1, 2, 3, 4, false, BIT(4), 1, 1, MG_EVENT_PIN_REPLACED },
	{ "moving, pin and now down", MOVING, 1, 2, 3, 4, false, BIT(4) | BIT(1), 3, 3,
	  MG_EVENT_PIN_REPLACED },
	{ "moving, pin on prev, which is down", MOVING, 1, 2, 3, 2, false, BIT(2), 1, 1,
	  MG_EVENT_PIN_REPLACED },
	{ "moving, all down", MOVING, 1, 2, 3, 4, false, BIT(1) | BIT(2) | BIT(3) | BIT(4), 0, 4,
	  -1 },
	{ "pinned, start", PINNED, 1, 2, 3, 0, true, 0, 1, NO_PIN, -1 },
	{ "pinned, other", PINNED, 1, 2, 3, 0, false, 0, 1, NO_PIN, -1 },
	{ "pinned, pinned", PINNED, 1, 2, 3, 4, false, 0, 4, 4, -1 },
	{ "pinned, start sent again", PINNED, 1, 2, 3, 4, true, 0, 4, 4, -1 },
	{ "pinned, pin down", PINNED, 1, 2, 3, 4, false, BIT(4), 1, 1, MG_EVENT_PIN_REPLACED },
	{ "pinned, now down", PINNED, 1, 2, 3, 0, false, BIT(1), 3, NO_PIN, MG_EVENT_NEXT_CHOICE },
};

static struct flow flow_of_port(uint16_t port, bool start)
{
	return (struct flow){ .service = { .addr = { 1 }, .port = 80, .proto = 6 },
			      .sport = port,
			      .start = start };
}

static void tables(uint32_t slot_mask)
{
	memset(&target, 0, sizeof(target));
	target.settings = (struct mg_settings){ .hash_seed = 42, .pin_set_mask = 7 };
	target_service(&(struct mg_service){ .key = flow_of_port(0, false).service,
					     .slot_base = SLOT,
					     .slot_mask = slot_mask,
					     .member_base = 10,
					     .member_count = MEMBERS });
	for (uint32_t m = 1; m <= MEMBERS; m++) {
		target.member[10 + m] = (struct mg_member){ .site = m, .state = MG_UP };
		target.site[m] = (struct mg_site){ .state = MG_UP, .nexthop_count = 1 };
	}
	target.member[10 + MEMBERS + 1] = target.member[11]; /* of another service */
	target.nexthop[0].ifindex = 1;
	target.tick = TICK;
}

static struct mg_pin *pin_place(const struct flow *flow)
{
	uint64_t hash = flow_hash(flow, 42, MG_AFFINITY_FLOW);

	return &target.pins[hash >> FLOW_PIN_SHIFT & 7].pin[0];
}

static void pin_put(const struct flow *flow, uint16_t member)
{
	uint64_t hash = flow_hash(flow, 42, MG_AFFINITY_FLOW);

	*pin_place(flow) = (struct mg_pin){ .slot = SLOT,
					    .fingerprint = hash >> FLOW_FINGERPRINT_SHIFT,
					    .member = member,
					    .tick = TICK - 1 };
	steer_mark(hash >> FLOW_PIN_SHIFT & 7, hash);
}

/* by_site: the sites are down, and not the members. */
static void take_down(uint32_t down, bool by_site)
{
	for (uint32_t m = 1; m <= MEMBERS; m++) {
		if (down & BIT(m) && by_site)
			target.site[m].state = MG_DOWN;
		else if (down & BIT(m))
			target.member[10 + m].state = MG_DOWN;
	}
}

static void check_row(size_t i, bool by_site)
{
	struct flow flow = flow_of_port(i, rows[i].start);
	struct way way = { 0 };
	uint64_t events = 0;
	enum mg_verdict verdict;

	tables(0);
	target.slot[SLOT] = (struct mg_slot){ .now = rows[i].now,
					      .prev = rows[i].prev,
					      .next = rows[i].next,
					      .state = rows[i].state };
	if (rows[i].pin)
		pin_put(&flow, rows[i].pin);
	take_down(rows[i].down, by_site);

	verdict = steer(&no_frame, &flow, &way);
	cr_expect(eq(int, verdict, rows[i].want ? MG_FORWARD : MG_NO_MEMBER), "%s", rows[i].name);
	cr_expect(rows[i].want == 0 || way.member == 10u + rows[i].want, "%s: member %u",
		  rows[i].name, way.member - 10);
	cr_expect(eq(int, pin_place(&flow)->member, rows[i].want_pin), "%s: pin", rows[i].name);
	if (rows[i].want && rows[i].want_pin && rows[i].state != STABLE)
		cr_expect(eq(int, pin_place(&flow)->tick, TICK), "%s: tick", rows[i].name);
	for (int e = 0; e < MG_EVENT_COUNT; e++) {
		if (e != MG_EVENT_NEXT_CHOICE || rows[i].event == e)
			events += target.event[e];
	}
	cr_expect(eq(u64, events, rows[i].event >= 0), "%s: events", rows[i].name);
	cr_expect(rows[i].event < 0 || target.event[rows[i].event] == 1, "%s: event", rows[i].name);
}

Test(steer, slot_states)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		check_row(i, false);
		check_row(i, true);
	}
}

/* A start on the pin of a flow that fell silent is of another flow, whatever the clock's wrap. */
Test(steer, starts_anew_on_an_old_pin)
{
	for (int age = 0; age < 256; age++)
		for (int kind = 0; kind < 4; kind++) {
			struct flow flow = flow_of_port(age, kind & 1);
			bool anew = kind & 1 && age > PIN_RESTART_TICKS;
			struct way way = { 0 };

			tables(0);
			target.slot[SLOT] = (struct mg_slot){
				.now = 1, .prev = 2, .next = 3, .state = kind & 2 ? MOVING : PINNED
			};
			pin_put(&flow, 4);
			pin_place(&flow)->tick = (uint8_t)(TICK - age);
			cr_expect(eq(int, steer(&no_frame, &flow, &way), MG_FORWARD));
			cr_expect(eq(u32, way.member, 10 + (anew ? 1 : 4)), "age %d", age);
			cr_expect(eq(int, pin_place(&flow)->member, anew ? 1 : 4), "age %d", age);
			cr_expect(eq(int, pin_place(&flow)->tick, TICK), "age %d", age);
			cr_expect(eq(u64, target.event[MG_EVENT_PIN_REPLACED], anew));
		}
}

/* No token is left. want_pin and event as in rows above. */
static const struct {
	const char *name;
	enum mg_slot_state state;
	uint16_t pin;
	bool start;
	uint32_t down;
	uint16_t want, want_pin;
	int event;
} limited[] = {
	{ "start", MOVING, 0, true, 0, 2, NO_PIN, MG_EVENT_PIN_LIMITED },
	{ "other", MOVING, 0, false, 0, 2, NO_PIN, MG_EVENT_PIN_LIMITED },
	{ "start, prev down", MOVING, 0, true, BIT(2), 1, NO_PIN, MG_EVENT_PIN_LIMITED },
	{ "pinned", MOVING, 4, false, 0, 4, 4, -1 },
	{ "start sent again", MOVING, 4, true, 0, 4, 4, -1 },
	{ "pin down", MOVING, 4, false, BIT(4), 1, 1, MG_EVENT_PIN_REPLACED },
	{ "pinned slot", PINNED, 0, true, 0, 1, NO_PIN, -1 },
	{ "stable slot", STABLE, 0, true, 0, 1, NO_PIN, -1 },
};

Test(steer, pins_limited)
{
	for (size_t i = 0; i < ARRAY_SIZE(limited); i++) {
		struct flow flow = flow_of_port(i, limited[i].start);
		struct way way = { 0 };
		uint64_t events = 0;

		tables(0);
		target.slot[SLOT] = (struct mg_slot){
			.now = 1, .prev = 2, .next = 3, .state = limited[i].state
		};
		target.settings.limit[MG_GUARD_PINS] = (struct mg_limit){ 1, 0 };
		target.bucket[MG_GUARD_PINS].next_ns = 1;
		if (limited[i].pin)
			pin_put(&flow, limited[i].pin);
		take_down(limited[i].down, false);
		cr_expect(eq(int, steer(&no_frame, &flow, &way), MG_FORWARD));
		cr_expect(eq(u32, way.member, 10 + limited[i].want), "%s", limited[i].name);
		cr_expect(eq(int, pin_place(&flow)->member, limited[i].want_pin), "%s",
			  limited[i].name);
		for (int e = 0; e < MG_EVENT_COUNT; e++)
			events += target.event[e];
		cr_expect(eq(u64, events, limited[i].event >= 0), "%s", limited[i].name);
		cr_expect(limited[i].event < 0 || target.event[limited[i].event] == 1, "%s",
			  limited[i].name);
	}
}

/* As many as there are tokens, and then none; the others are asked again by their next packet. */
Test(steer, pins_up_to_the_limit)
{
	tables(0);
	target.slot[SLOT] = (struct mg_slot){ .now = 1, .prev = 2, .state = MOVING };
	target.settings.limit[MG_GUARD_PINS] = (struct mg_limit){ 1000, 9000 };
	target.clock_ns = 100000;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 30; i++) {
			struct flow flow = flow_of_port(i, !round);
			struct way way = { 0 };

			cr_expect(eq(int, steer(&no_frame, &flow, &way), MG_FORWARD));
			cr_expect(eq(u32, way.member, 11 + (i >= 10)), "flow %d", i);
		}
		cr_expect(eq(u64, target.event[MG_EVENT_PIN_INSERTED], 10 + 10 * round));
		target.clock_ns += 1000000;
	}
	cr_expect(eq(u64, target.event[MG_EVENT_PIN_LIMITED], 20 + 10));
}

static const struct {
	enum mg_last_resort last_resort;
	enum mg_verdict want;
} last_resorts[] = {
	{ MG_LAST_DROP, MG_NO_MEMBER },
	{ MG_LAST_UNREACHABLE, MG_UNREACHABLE },
	{ MG_LAST_KERNEL, MG_LAST_RESORT },
	{ 77, MG_NO_MEMBER },
};

Test(steer, last_resorts)
{
	for (size_t i = 0; i < ARRAY_SIZE(last_resorts); i++)
		for (int down = 0; down < 2; down++) {
			struct flow flow = flow_of_port(1, true);
			struct way way = { 0 };

			tables(0);
			target.slot[SLOT] = (struct mg_slot){ .now = 1, .next = 2 };
			target.service[1].last_resort = last_resorts[i].last_resort;
			take_down(down ? BIT(1) | BIT(2) : 0, true);
			cr_expect(eq(int, steer(&no_frame, &flow, &way),
				     down ? last_resorts[i].want : MG_FORWARD));
		}
}

/* A pin of another slot with the same fingerprint in the same set is nothing to us. */
Test(steer, pin_of_another_slot)
{
	struct flow flow = flow_of_port(1, false);
	struct way way = { 0 };

	tables(0);
	target.slot[SLOT] = (struct mg_slot){ .now = 1, .prev = 2, .state = PINNED };
	pin_put(&flow, 4);
	pin_place(&flow)->slot = SLOT + 1;
	cr_expect(eq(int, steer(&no_frame, &flow, &way), MG_FORWARD));
	cr_expect(eq(u32, way.member, 11));
}

/* All slots but one lead to what is down: most flows reach it by a further draw, always the same.
 */
Test(steer, redraws)
{
	int reached = 0;

	tables(3);
	target.member[11].state = MG_DOWN;
	for (int s = 0; s < 4; s++)
		target.slot[SLOT + s] = (struct mg_slot){ .now = s ? 1 : 2 };
	for (int i = 0; i < 1000; i++) {
		struct flow flow = flow_of_port(i, true);
		struct way way = { 0 }, again = { 0 };
		enum mg_verdict verdict = steer(&no_frame, &flow, &way);

		reached += verdict == MG_FORWARD;
		cr_expect(verdict == MG_NO_MEMBER || way.member == 12);
		cr_expect(eq(int, steer(&no_frame, &flow, &again), verdict));
		cr_expect(eq(u32, again.member, way.member));
	}
	/* 1 - 0.75^(1 + MG_REDRAWS) = 0.763 of 1000; the deviation is 13. */
	cr_expect(abs(reached - 763) < 6 * 13, "%d", reached);
}

/* Next hops in equal shares, and not by the bits that chose the slot. */
Test(steer, nexthops)
{
	int count[3] = { 0 };

	tables(0);
	target.slot[SLOT].now = 1;
	target.site[1].nexthop_count = 3;
	for (int n = 0; n < 3; n++) {
		target.site[1].nexthop[n] = n;
		target.nexthop[n].ifindex = 1;
	}
	for (int i = 0; i < 3000; i++) {
		struct flow flow = flow_of_port(i, false);
		struct way way = { 0 };

		cr_assert(eq(int, steer(&no_frame, &flow, &way), MG_FORWARD));
		count[way.nexthop]++;
	}
	for (int n = 0; n < 3; n++)
		cr_expect(abs(count[n] - 1000) < 6 * 26, "%d: %d", n, count[n]);
}

/* Else all flows of a slot would leave by one next hop. */
Test(steer, nexthop_is_not_of_the_slot_bits)
{
	tables(0);
	target.site[1].nexthop_count = MG_SITE_NEXTHOPS;
	for (uint32_t n = 0; n < MG_SITE_NEXTHOPS; n++) {
		target.site[1].nexthop[n] = n;
		target.nexthop[n].ifindex = 1;
	}
	for (uint64_t low = 0; low < MG_RANGE_MAX; low += 4099) {
		struct way way = { .site = 1, .hash = 0x1234567890000000 | low };

		cr_expect(eq(int, steer_nexthop(&(struct flow){ 0 }, &way), MG_FORWARD));
		cr_expect(eq(u32, way.nexthop, 0x5678 * MG_SITE_NEXTHOPS >> 16));
	}
}

/* A broken entry: what would lie past the array is not read. */
Test(steer, too_many_nexthops)
{
	int refused = 0;

	tables(0);
	target.slot[SLOT].now = 1;
	target.site[1].nexthop_count = MG_SITE_NEXTHOPS + 1;
	for (int i = 0; i < 900; i++) {
		struct flow flow = flow_of_port(i, false);
		struct way way = { 0 };

		refused += steer(&no_frame, &flow, &way) == MG_NO_NEXTHOP;
	}
	cr_expect(abs(refused - 100) < 6 * 10, "%d", refused);
}

static const struct {
	const char *name;
	struct mg_slot old;
	uint16_t now, next;
	bool usable;
	struct mg_slot want;
} changes[] = {
	{ "stable", { 1, 0, 2, STABLE }, 3, 4, true, { 3, 1, 4, MOVING } },
	{ "stable, next only", { 1, 0, 2, STABLE }, 1, 4, true, { 1, 0, 4, STABLE } },
	{ "stable, empty", { 0, 0, 0, STABLE }, 3, 4, false, { 3, 0, 4, STABLE } },
	{ "stable, empty, called usable", { 0, 0, 0, STABLE }, 3, 4, true, { 3, 0, 4, STABLE } },
	{ "stable, down", { 1, 0, 2, STABLE }, 2, 4, false, { 2, 0, 4, STABLE } },
	{ "moving", { 1, 9, 2, MOVING }, 3, 4, true, { 3, 9, 4, MOVING } },
	{ "moving back", { 1, 9, 2, MOVING }, 9, 4, true, { 9, 9, 4, MOVING } },
	{ "moving, down", { 1, 9, 2, MOVING }, 2, 4, false, { 2, 9, 4, MOVING } },
	{ "pinned", { 1, 0, 2, PINNED }, 3, 4, true, { 3, 1, 4, MOVING } },
	{ "pinned, down", { 1, 0, 2, PINNED }, 2, 4, false, { 2, 0, 4, PINNED } },
};

static uint64_t word(struct mg_slot slot)
{
	return (uint64_t)slot.now << 48 | (uint64_t)slot.prev << 32 | slot.next << 16 | slot.state;
}

Test(slot, changes)
{
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		struct mg_slot got = slot_change(changes[i].old, changes[i].now, changes[i].next,
						 changes[i].usable);

		cr_expect(eq(u64, word(got), word(changes[i].want)), "%s", changes[i].name);
	}
}

Test(slot, settles)
{
	struct mg_slot slot = { 1, 2, 3, MOVING };

	slot = slot_settle(slot);
	cr_expect(eq(u64, word(slot), word((struct mg_slot){ 1, 0, 3, PINNED })));
	slot = slot_settle(slot);
	cr_expect(eq(u64, word(slot), word((struct mg_slot){ 1, 0, 3, STABLE })));
}

Test(slot, is_stored_whole)
{
	struct mg_slot slot = { 0 }, want = { 1, 2, 3, MOVING };

	slot_store(&slot, want);
	cr_expect(eq(u64, word(slot_load(&slot)), word(want)));
}
