/* SPDX-License-Identifier: BSD-2-Clause */
/* Where flows of a service with two choices begin: row by row, which member, what pin, what is
 * counted. Members are 1 to 4; the flow's second slot leads to `second`. */
#include "base/util.h"
#include "target.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define SLOTS   64
#define MEMBERS 4
#define TICK    100

#define STABLE MG_SLOT_STABLE
#define MOVING MG_SLOT_MOVING
#define PINNED MG_SLOT_PINNED

enum what { SYN, ACK, UDP, INITIAL, ERROR };

struct row {
	const char *name;
	enum what what;
	enum mg_slot_state state;
	uint16_t now, prev, next, second;
	uint32_t flows[MEMBERS + 1]; /* in flight at members 1 to 4 */
	uint32_t down;               /* bits */
	uint16_t pin;                /* before; 0: none */
	uint8_t pin_age;
	uint16_t want, want_pin;
	int event; /* -1: none */
	unsigned int flags;
};

#define COUNTED 1 /* as begun */
#define SECOND  2 /* by its second choice */
#define CLOSED  4 /* the gate is */
#define CLIENT  8 /* by client, else by flow */

#define BUSY                  \
	{                     \
		0, 9, 1, 9, 9 \
	} /* member 2 is the one with less to do */

static const struct row rows[] = {
	{ "equal: the first", SYN, STABLE, 1, 0, 3, 2, { 0 }, 0, 0, 0, 1, 0, -1, COUNTED },
	{ "the second, and a pin", SYN, STABLE, 1, 0, 3, 2, BUSY, 0, 0, 0, 2, 2,
	  MG_EVENT_PIN_INSERTED, COUNTED | SECOND },
	{ "within the head start",
	  SYN,
	  STABLE,
	  1,
	  0,
	  3,
	  2,
	  { 0, 4, 3 },
	  0,
	  0,
	  0,
	  1,
	  0,
	  -1,
	  COUNTED },
	{ "beyond it",
	  SYN,
	  STABLE,
	  1,
	  0,
	  3,
	  2,
	  { 0, 5, 3 },
	  0,
	  0,
	  0,
	  2,
	  2,
	  MG_EVENT_PIN_INSERTED,
	  COUNTED | SECOND },
	{ "gate closed", SYN, STABLE, 1, 0, 3, 2, BUSY, 0, 0, 0, 1, 0, -1, COUNTED | CLOSED },
	{ "both slots lead to one", SYN, STABLE, 1, 0, 3, 1, BUSY, 0, 0, 0, 1, 0, -1, COUNTED },
	{ "second down", SYN, STABLE, 1, 0, 3, 2, BUSY, BIT(2), 0, 0, 1, 0, -1, COUNTED },
	{ "second empty", SYN, STABLE, 1, 0, 3, 0, BUSY, 0, 0, 0, 1, 0, -1, COUNTED },
	{ "first down, its next better",
	  SYN,
	  STABLE,
	  1,
	  0,
	  3,
	  2,
	  { 0, 0, 9, 1 },
	  BIT(1),
	  0,
	  0,
	  3,
	  3,
	  MG_EVENT_PIN_INSERTED,
	  COUNTED },
	{ "first down, second better", SYN, STABLE, 1, 0, 3, 2, BUSY, BIT(1), 0, 0, 2, 2,
	  MG_EVENT_PIN_INSERTED, COUNTED | SECOND },
	{ "first and its next down", SYN, STABLE, 1, 0, 3, 2, BUSY, BIT(1) | BIT(3), 0, 0, 2, 2,
	  MG_EVENT_PIN_INSERTED, COUNTED },
	{ "all down", SYN, STABLE, 1, 0, 3, 2, BUSY, 0x1e, 0, 0, 0, 0, -1, 0 },
	{ "pinned slot", SYN, PINNED, 1, 0, 3, 2, BUSY, 0, 0, 0, 2, 2, MG_EVENT_PIN_INSERTED,
	  COUNTED | SECOND },
	{ "moving slot, second", SYN, MOVING, 1, 4, 3, 2, BUSY, 0, 0, 0, 2, 2,
	  MG_EVENT_PIN_INSERTED, COUNTED | SECOND },
	{ "moving slot, first",
	  SYN,
	  MOVING,
	  1,
	  4,
	  3,
	  2,
	  { 0 },
	  0,
	  0,
	  0,
	  1,
	  1,
	  MG_EVENT_PIN_INSERTED,
	  COUNTED },

	{ "not a start: the slot", ACK, STABLE, 1, 0, 3, 2, BUSY, 0, 0, 0, 1, 0, -1, 0 },
	{ "not a start, moving", ACK, MOVING, 1, 4, 3, 2, BUSY, 0, 0, 0, 4, 4,
	  MG_EVENT_PIN_INSERTED, 0 },
	{ "not a start, pinned slot", ACK, PINNED, 1, 0, 3, 2, BUSY, 0, 0, 0, 1, 0, -1, 0 },
	{ "by its pin in a stable slot", ACK, STABLE, 1, 0, 3, 2, BUSY, 0, 4, 0, 4, 4, -1, 0 },
	{ "pin's member down", ACK, STABLE, 1, 0, 3, 2, BUSY, BIT(4), 4, 0, 1, 1,
	  MG_EVENT_PIN_REPLACED, 0 },
	{ "start sent again", SYN, STABLE, 1, 0, 3, 2, BUSY, 0, 4, 1, 4, 4, -1, 0 },
	{ "start on an old pin", SYN, STABLE, 1, 0, 3, 2, BUSY, 0, 4, 3, 2, 2,
	  MG_EVENT_PIN_REPLACED, COUNTED | SECOND },
	{ "start on a pin that is down",
	  SYN,
	  STABLE,
	  1,
	  0,
	  3,
	  2,
	  { 0 },
	  BIT(4),
	  4,
	  1,
	  1,
	  1,
	  MG_EVENT_PIN_REPLACED,
	  COUNTED },

	{ "UDP: first, and a pin",
	  UDP,
	  STABLE,
	  1,
	  0,
	  3,
	  2,
	  { 0 },
	  0,
	  0,
	  0,
	  1,
	  1,
	  MG_EVENT_PIN_INSERTED,
	  COUNTED },
	{ "UDP: second", UDP, STABLE, 1, 0, 3, 2, BUSY, 0, 0, 0, 2, 2, MG_EVENT_PIN_INSERTED,
	  COUNTED | SECOND },
	{ "UDP: gate closed", UDP, STABLE, 1, 0, 3, 2, BUSY, 0, 0, 0, 1, 1, MG_EVENT_PIN_INSERTED,
	  COUNTED | CLOSED },
	{ "UDP by its pin", UDP, STABLE, 1, 0, 3, 2, BUSY, 0, 4, 200, 4, 4, -1, 0 },
	{ "UDP, moving: as one from before", UDP, MOVING, 1, 4, 3, 2, BUSY, 0, 0, 0, 4, 4,
	  MG_EVENT_PIN_INSERTED, COUNTED },
	{ "QUIC Initial, moving", INITIAL, MOVING, 1, 4, 3, 2, BUSY, 0, 0, 0, 2, 2,
	  MG_EVENT_PIN_INSERTED, COUNTED | SECOND },
	{ "QUIC Initial: first, and a pin",
	  INITIAL,
	  STABLE,
	  1,
	  0,
	  3,
	  2,
	  { 0 },
	  0,
	  0,
	  0,
	  1,
	  1,
	  MG_EVENT_PIN_INSERTED,
	  COUNTED },
	{ "ICMP error about a UDP flow", ERROR, STABLE, 1, 0, 3, 2, BUSY, 0, 0, 0, 1, 0, -1, 0 },
	{ "ICMP error, by its flow's pin", ERROR, STABLE, 1, 0, 3, 2, BUSY, 0, 4, 0, 4, 4, -1, 0 },

	{ "client: first, and a pin",
	  SYN,
	  STABLE,
	  1,
	  0,
	  3,
	  2,
	  { 0 },
	  0,
	  0,
	  0,
	  1,
	  1,
	  MG_EVENT_PIN_INSERTED,
	  COUNTED | CLIENT },
	{ "client: second", SYN, STABLE, 1, 0, 3, 2, BUSY, 0, 0, 0, 2, 2, MG_EVENT_PIN_INSERTED,
	  COUNTED | SECOND | CLIENT },
	{ "client: another flow of it", SYN, STABLE, 1, 0, 3, 2, BUSY, 0, 4, 1, 4, 4, -1,
	  COUNTED | CLIENT },
	{ "client: another flow, after a pause", SYN, STABLE, 1, 0, 3, 2, BUSY, 0, 4, 9, 4, 4, -1,
	  COUNTED | CLIENT },
	{ "client: a flow from before gets a pin", ACK, STABLE, 1, 0, 3, 2, BUSY, 0, 0, 0, 1, 1,
	  MG_EVENT_PIN_INSERTED, CLIENT },
};

static struct flow flow_of(enum what what, uint16_t sport)
{
	bool tcp = what == SYN || what == ACK;

	return (struct flow){ .service = { .addr = { 1 }, .proto = tcp ? PROTO_TCP : PROTO_UDP },
			      .src = { 2 },
			      .sport = sport,
			      .error = what == ERROR,
			      .quoted = what == ERROR,
			      .start = what == SYN || what == INITIAL };
}

static uint64_t hash_of(const struct flow *flow)
{
	return flow_hash_for(flow, 0, &target.service[1]);
}

/* A flow whose two slots differ. */
static uint16_t sport_of(enum what what)
{
	for (uint16_t sport = 9;; sport++) {
		struct flow flow = flow_of(what, sport);
		uint64_t hash = hash_of(&flow);

		if (target.service[1].affinity == MG_AFFINITY_CLIENT ||
		    (hash ^ flow_second(hash)) % SLOTS)
			return sport;
	}
}

static struct mg_pin_set *pins_of(const struct flow *flow)
{
	return &target.pins[hash_of(flow) >> FLOW_PIN_SHIFT & (TARGET_PIN_SETS - 1)];
}

static struct mg_pin pin_of(const struct flow *flow, uint16_t member, uint8_t age)
{
	return (struct mg_pin){ .slot = hash_of(flow) % SLOTS,
				.fingerprint = hash_of(flow) >> FLOW_FINGERPRINT_SHIFT,
				.member = member,
				.tick = TICK - age };
}

static struct flow start(const struct row *row)
{
	struct flow flow;

	memset(&target, 0, sizeof(target));
	target.tick = TICK;
	target.clock_ns = (uint64_t)TICK << MG_TICK_SHIFT;
	target.settings.pin_set_mask = TARGET_PIN_SETS - 1;
	target_service(&(struct mg_service){
		.key = { .addr = { 1 } },
		.slot_mask = SLOTS - 1,
		.member_count = MEMBERS,
		.affinity = row->flags & CLIENT ? MG_AFFINITY_CLIENT : MG_AFFINITY_FLOW,
		.placement = row->flags & CLOSED ? MG_PLACEMENT_FIRST : MG_PLACEMENT_TWO_CHOICE,
		.observe = 1 });
	target.nexthop[0].ifindex = 1;
	target.site[0] = (struct mg_site){ .state = MG_UP, .nexthop_count = 1 };
	for (uint32_t m = 1; m <= MEMBERS; m++) {
		target.member[m] =
			(struct mg_member){ .state = row->down & BIT(m) ? MG_DOWN : MG_UP,
					    .weight = 65536 / MEMBERS };
		target.load[m].in_flight = row->flows[m] * MG_LOAD_FLOW;
	}
	flow = flow_of(row->what, 0);
	flow.sport = sport_of(row->what);
	for (int i = 0; i < SLOTS; i++)
		target.slot[i] = (struct mg_slot){ .now = row->second };
	target.slot[hash_of(&flow) % SLOTS] = (struct mg_slot){
		.now = row->now, .prev = row->prev, .next = row->next, .state = row->state
	};
	if (row->pin) {
		pins_of(&flow)->pin[3] = pin_of(&flow, row->pin, row->pin_age);
		steer_mark(hash_of(&flow) >> FLOW_PIN_SHIFT & (TARGET_PIN_SETS - 1),
			   hash_of(&flow));
	}
	return flow;
}

static uint16_t steered(const struct flow *flow)
{
	struct way way = { 0 };

	if (target_steer(&no_frame, flow, &way) != MG_FORWARD)
		return 0;
	if (observe_wanted(flow, &way))
		observe(flow, &way);
	return way.member;
}

static uint16_t pin_now(const struct flow *flow)
{
	struct pin_ref found = pin_find(pins_of(flow), pin_of(flow, 0, 0));

	return found.at ? found.seen.member : 0;
}

Test(start, row_by_row)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		struct flow flow = start(row);
		uint64_t starts = 0, seconds = 0;

		cr_expect(eq(u16, steered(&flow), row->want), "%s", row->name);
		cr_expect(eq(u16, pin_now(&flow), row->want_pin), "%s: pin", row->name);
		for (uint32_t m = 1; m <= MEMBERS; m++) {
			bool here = m == row->want && row->flags & COUNTED;

			starts += target.load[m].starts;
			seconds += target.load[m].seconds;
			cr_expect(eq(u32, target.load[m].in_flight,
				     (row->flows[m] + here) * MG_LOAD_FLOW),
				  "%s: in flight at %u", row->name, m);
		}
		cr_expect(eq(u64, starts, row->flags & COUNTED), "%s: counted", row->name);
		cr_expect(eq(u64, seconds, !!(row->flags & SECOND)), "%s: by its second",
			  row->name);
		for (int e = MG_EVENT_PIN_INSERTED; e <= MG_EVENT_PIN_REPLACED; e++)
			cr_expect(eq(u64, target.event[e], e == row->event), "%s: event %d",
				  row->name, e);
		/* Its next packet goes there, too. */
		flow.start = false;
		if (row->want && !(row->down & BIT(row->now)))
			cr_expect(eq(u16, steered(&flow), row->want), "%s: then", row->name);
	}
}

static const struct row *row_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].name, name))
			return &rows[i];
	cr_assert(false, "%s", name);
	return NULL;
}

static void fill(struct mg_pin_set *set)
{
	for (int i = 0; i < MG_PINS_PER_SET; i++)
		set->pin[i] =
			(struct mg_pin){ .slot = SLOTS + i, .member = 1, .tick = TICK - 50 + i };
}

/* No flow under way pays for a choice. */
Test(start, a_full_set_keeps_its_pins)
{
	struct flow flow = start(row_of("the second, and a pin"));
	struct mg_pin_set before;

	fill(pins_of(&flow));
	before = *pins_of(&flow);
	cr_expect(eq(u16, steered(&flow), 1));
	cr_expect(eq(int, memcmp(&before, pins_of(&flow), sizeof(before)), 0));
	cr_expect(eq(u64, target.event[MG_EVENT_PIN_FULL], 1));
	cr_expect(zero(u64, target.load[1].seconds));
	flow.start = false;
	cr_expect(eq(u16, steered(&flow), 1));

	flow = start(row_of("UDP: second"));
	fill(pins_of(&flow));
	cr_expect(eq(u16, steered(&flow), 1));
	memset(pins_of(&flow), 0, sizeof(before)); /* there is room now, and member 2 is better */
	cr_expect(eq(u16, steered(&flow), 1), "it has begun at 1");
	cr_expect(eq(u16, pin_now(&flow), 1));
	cr_expect(eq(u64, target.load[1].starts, 1));
}

/* In a slot that moves every flow has to be told from the others. */
Test(start, a_full_set_gives_one_up_for_a_slot_that_moves)
{
	struct flow flow = start(row_of("moving slot, second"));

	fill(pins_of(&flow));
	cr_expect(eq(u16, steered(&flow), 2));
	cr_expect(eq(u64, target.event[MG_EVENT_PIN_EVICTED], 1));
}

static void limit(void)
{
	target.settings.limit[MG_GUARD_PINS] = (struct mg_limit){ 1000000000, 0 };
	target.bucket[MG_GUARD_PINS].next_ns = target.clock_ns + 1;
}

Test(start, without_a_token_the_first)
{
	struct flow flow = start(row_of("the second, and a pin"));

	limit();
	cr_expect(eq(u16, steered(&flow), 1));
	cr_expect(eq(u64, target.event[MG_EVENT_PIN_LIMITED], 1));
	cr_expect(eq(u16, pin_now(&flow), 0));
	flow.start = false;
	cr_expect(eq(u16, steered(&flow), 1));

	flow = start(row_of("moving slot, second"));
	limit();
	cr_expect(eq(u16, steered(&flow), 4), "where its next packets will be taken to belong");
	flow.start = false;
	cr_expect(eq(u16, steered(&flow), 4));
}

/* The counts have turned since: a SYN that is sent again asks nobody. */
Test(start, what_is_sent_again_does_not_choose_again)
{
	struct flow flow = start(row_of("equal: the first"));

	cr_expect(eq(u16, steered(&flow), 1));
	target.load[1].in_flight += 20 * MG_LOAD_FLOW;
	cr_expect(eq(u16, steered(&flow), 1));
	cr_expect(eq(u64, target.load[1].starts, 1));
	target.clock_ns += 11000000000; /* another flow by now */
	cr_expect(eq(u16, steered(&flow), 2));
	cr_expect(eq(u64, target.load[2].starts, 1));
}

/* Its slot moves between a SYN and the same one again, and its member is at work still. */
Test(start, what_is_sent_again_stays_where_its_slot_was)
{
	struct flow flow = start(row_of("equal: the first"));

	cr_expect(eq(u16, steered(&flow), 1));
	target.slot[hash_of(&flow) % SLOTS] =
		(struct mg_slot){ .now = 3, .prev = 1, .state = MG_SLOT_MOVING };
	cr_expect(eq(u16, steered(&flow), 1));
	cr_expect(eq(u16, pin_now(&flow), 1));
}

Test(start, shares_stay_within_their_bounds)
{
	const struct row *row = row_of("equal: the first");
	uint32_t got[MEMBERS + 1] = { 0 }, flows = 20000;

	start(row);
	for (int i = 0; i < SLOTS; i++)
		target.slot[i] = (struct mg_slot){ .now = 1 + i % MEMBERS };
	/* Member 1 is told to be idle whatever it gets, the others to be full. */
	for (uint32_t i = 0; i < flows; i++) {
		struct flow flow = flow_of(SYN, i);

		flow.src[1] = i >> 16;
		for (uint32_t m = 1; m <= MEMBERS; m++)
			target.load[m].in_flight = m == 1 ? 0 : 1000 * MG_LOAD_FLOW;
		memset(target.pins, 0, sizeof(target.pins));
		got[steered(&flow)]++;
	}
	/* Of a share of 1/4: 1 - (3/4)^2 at most. */
	cr_expect(got[1] > flows * 41 / 100, "%u", got[1]);
	cr_expect(lt(u32, got[1], flows * 46 / 100), "%u", got[1]);
}
