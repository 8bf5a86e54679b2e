/* SPDX-License-Identifier: BSD-2-Clause */
/* What is counted of flows: rows of packets, each with the time that passes before it and the
 * counts after it. */
#include "base/util.h"
#include "target.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define MEMBER 1
#define MS     1000000ull
#define S      (1000 * MS)
#define LAST                                \
	{                                   \
		.after = 0, .what = NOTHING \
	}

enum what { NOTHING, SYN, ACK, FIN, RST, QUIC, UDP, ERROR, MOVED_SYN };

struct step {
	uint64_t after; /* ns */
	enum what what;
	uint16_t sport; /* 0: of one whose handshake is timed */
	uint32_t starts, ends, in_flight, handshakes;
	uint64_t us;
};

#define STEPS 12

static const struct {
	const char *name;
	enum mg_affinity affinity;
	struct step step[STEPS];
} rows[] = {
	{ "one after the other",
	  MG_AFFINITY_FLOW,
	  { { 0, SYN, 0, 1, 0, 1, 0, 0 },
	    { 30 * MS, ACK, 0, 1, 0, 1, 1, 29999 },
	    { 5 * MS, ACK, 0, 1, 0, 1, 1, 29999 },
	    { 5 * MS, FIN, 0, 1, 1, 0, 1, 29999 },
	    { 0, ACK, 0, 1, 1, 0, 1, 29999 } } },
	{ "a SYN sent again",
	  MG_AFFINITY_FLOW,
	  { { 0, SYN, 0, 1, 0, 1, 0, 0 },
	    { 1 * S, SYN, 0, 1, 0, 1, 0, 0 },
	    { 8 * S, SYN, 0, 1, 0, 1, 0, 0 },
	    { 1 * MS, ACK, 0, 1, 0, 1, 0, 0 },
	    { 1 * MS, FIN, 0, 1, 1, 0, 0, 0 } } },
	{ "another flow with the same ports",
	  MG_AFFINITY_FLOW,
	  { { 0, SYN, 0, 1, 0, 1, 0, 0 },
	    { 11 * S, SYN, 0, 2, 0, 2, 0, 0 },
	    { 1 * MS, FIN, 0, 2, 1, 1, 0, 0 },
	    { 1 * MS, SYN, 0, 3, 1, 2, 0, 0 },
	    { 1 * MS, ACK, 0, 3, 1, 2, 1, 999 } } },
	{ "a SYN sent again as late as can be",
	  MG_AFFINITY_FLOW,
	  { { 0, SYN, 0, 1, 0, 1, 0, 0 }, { 10 * S, SYN, 0, 1, 0, 1, 0, 0 } } },
	{ "a SYN sent again a little too late",
	  MG_AFFINITY_FLOW,
	  { { 0, SYN, 0, 1, 0, 1, 0, 0 }, { 10 * S + 4096, SYN, 0, 2, 0, 2, 0, 0 } } },
	{ "an end is seen once",
	  MG_AFFINITY_FLOW,
	  { { 0, SYN, 0, 1, 0, 1, 0, 0 },
	    { 0, SYN, 9, 2, 0, 2, 0, 0 },
	    { 1 * MS, FIN, 0, 2, 1, 1, 0, 0 },
	    { 1 * MS, FIN, 0, 2, 1, 1, 0, 0 },
	    { 30 * S, RST, 0, 2, 1, 1, 0, 0 },
	    { 1 * MS, RST, 9, 2, 2, 0, 0, 0 },
	    { 1 * MS, RST, 9, 2, 2, 0, 0, 0 } } },
	{ "an end without a start",
	  MG_AFFINITY_FLOW,
	  { { 0, RST, 0, 0, 1, 0, 0, 0 }, { 1 * MS, SYN, 9, 1, 1, 1, 0, 0 } } },
	{ "not one of the flows that are timed",
	  MG_AFFINITY_FLOW,
	  { { 0, SYN, 9, 1, 0, 1, 0, 0 }, { 1 * MS, ACK, 9, 1, 0, 1, 0, 0 } } },
	{ "an answer too late to be one",
	  MG_AFFINITY_FLOW,
	  { { 0, SYN, 0, 1, 0, 1, 0, 0 },
	    { 11 * S, ACK, 0, 1, 0, 1, 0, 0 },
	    { 1 * MS, ACK, 0, 1, 0, 1, 0, 0 } } },
	{ "an error is no answer",
	  MG_AFFINITY_FLOW,
	  { { 0, SYN, 0, 1, 0, 1, 0, 0 },
	    { 1 * MS, ERROR, 0, 1, 0, 1, 0, 0 },
	    { 1 * MS, ACK, 0, 1, 0, 1, 1, 1999 } } },
	{ "QUIC sends several Initials, UDP no start",
	  MG_AFFINITY_FLOW,
	  { { 0, QUIC, 0, 1, 0, 1, 0, 0 },
	    { 1 * MS, QUIC, 0, 1, 0, 1, 0, 0 },
	    { 1 * MS, UDP, 0, 1, 0, 1, 0, 0 },
	    { 1 * MS, UDP, 9, 1, 0, 1, 0, 0 } } },
	{ "flows of one client are several",
	  MG_AFFINITY_CLIENT,
	  { { 0, SYN, 0, 1, 0, 1, 0, 0 },
	    { 1 * MS, SYN, 9, 2, 0, 2, 0, 0 },
	    { 1 * MS, SYN, 9, 2, 0, 2, 0, 0 },
	    { 1 * MS, ACK, 0, 2, 0, 2, 1, 2998 },
	    { 1 * MS, FIN, 9, 2, 1, 1, 1, 2998 } } },
};

static void start(enum mg_affinity affinity)
{
	memset(&target, 0, sizeof(target));
	target.clock_ns = 5 * S;
	target_service(&(struct mg_service){
		.key = { .addr = { 1 } }, .member_count = 2, .affinity = affinity, .observe = 1 });
	target.slot[0] = (struct mg_slot){ .now = MEMBER };
	target.nexthop[0].ifindex = 1;
	target.member[MEMBER] = (struct mg_member){ .state = MG_UP };
	target.site[0] = (struct mg_site){ .state = MG_UP, .nexthop_count = 1 };
}

/* A client's port whose handshake is timed; 9 is none. */
static uint16_t timed(void)
{
	struct flow flow = { .service.proto = PROTO_TCP, .sport = 9 };

	cr_assert(not(observe_timed(&flow)));
	for (flow.sport = 1024; !observe_timed(&flow); flow.sport++)
		;
	return flow.sport;
}

static struct flow flow_of(enum what what, uint16_t sport)
{
	bool tcp = what == SYN || what == ACK || what == FIN || what == RST || what == ERROR;

	return (struct flow){ .service = { .addr = { 1 }, .proto = tcp ? PROTO_TCP : PROTO_UDP },
			      .src = { 2 },
			      .sport = sport ? sport : timed(),
			      .start = what == SYN || what == QUIC,
			      .end = what == FIN || what == RST,
			      .error = what == ERROR,
			      .quoted = what == ERROR };
}

static void packet(enum what what, uint16_t sport)
{
	struct flow flow = flow_of(what, sport);
	struct way way = { 0 };

	cr_assert(eq(int, target_steer(&no_frame, &flow, &way), MG_FORWARD));
	if (observe_wanted(&flow, &way))
		observe(&flow, &way);
}

Test(observe, counts)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct mg_load *load = &target.load[MEMBER];

		start(rows[i].affinity);
		for (const struct step *s = rows[i].step; s->what != NOTHING; s++) {
			int n = s - rows[i].step;

			target.clock_ns += s->after;
			packet(s->what, s->sport);
			cr_expect(eq(u64, load->starts, s->starts), "%s, %d", rows[i].name, n);
			cr_expect(eq(u64, load->ends, s->ends), "%s, %d", rows[i].name, n);
			cr_expect(eq(u32, load->in_flight, s->in_flight * MG_LOAD_FLOW), "%s, %d",
				  rows[i].name, n);
			cr_expect(eq(u64, load->handshakes, s->handshakes), "%s, %d", rows[i].name,
				  n);
			cr_expect(load->handshake_us <= s->us + 1 &&
					  load->handshake_us + 5 >= s->us,
				  "%s, %d: %llu", rows[i].name, n, load->handshake_us);
		}
	}
}

/* How long flows took, of those whose start is remembered; in us, exact to 4 for each. */
static const struct {
	const char *name;
	struct {
		uint64_t after;
		enum what what;
		uint16_t sport;
		uint64_t timed, us;
	} step[8];
} times[] = {
	{ "from start to end",
	  { { 0, SYN, 9, 0, 0 }, { 20 * MS, ACK, 9, 0, 0 }, { 30 * MS, FIN, 9, 1, 50000 } } },
	{ "an answer that is timed changes nothing",
	  { { 0, SYN, 0, 0, 0 }, { 20 * MS, ACK, 0, 0, 0 }, { 30 * MS, RST, 0, 1, 50000 } } },
	{ "an end counts once",
	  { { 0, SYN, 9, 0, 0 },
	    { 1 * MS, FIN, 9, 1, 1000 },
	    { 5 * MS, FIN, 9, 1, 1000 },
	    { 5 * MS, RST, 9, 1, 1000 } } },
	{ "an end without a start", { { 0, FIN, 9, 0, 0 }, { 1 * MS, RST, 9, 0, 0 } } },
	{ "a start after an end without one",
	  { { 0, FIN, 9, 0, 0 }, { 7 * MS, SYN, 9, 0, 0 }, { 2 * MS, FIN, 9, 1, 2000 } } },
	{ "a start sent again: from the last one",
	  { { 0, SYN, 9, 0, 0 }, { 1 * S, SYN, 9, 0, 0 }, { 3 * MS, FIN, 9, 1, 3000 } } },
	{ "two flows",
	  { { 0, SYN, 9, 0, 0 },
	    { 10 * MS, SYN, 10, 0, 0 },
	    { 10 * MS, FIN, 9, 1, 20000 },
	    { 10 * MS, FIN, 10, 2, 40000 } } },
	{ "a long one", { { 0, SYN, 9, 0, 0 }, { 3600 * S, FIN, 9, 1, 3600000000 } } },
};

Test(observe, times_of_flows)
{
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		const struct mg_load *load = &target.load[MEMBER];

		start(MG_AFFINITY_FLOW);
		for (size_t n = 0; n < ARRAY_SIZE(times[i].step) && times[i].step[n].what; n++) {
			uint64_t us = times[i].step[n].us;

			target.clock_ns += times[i].step[n].after;
			packet(times[i].step[n].what, times[i].step[n].sport);
			cr_expect(eq(u64, load->timed, times[i].step[n].timed), "%s, %zu",
				  times[i].name, n);
			cr_expect(load->flow_us <= us + 5 * load->timed &&
					  load->flow_us + 5 * load->timed >= us,
				  "%s, %zu: %llu", times[i].name, n, load->flow_us);
		}
	}
}

/* Where an end finds its set full of other flows, nothing of them is taken for its own. */
Test(observe, an_end_that_takes_anothers_place_has_no_time)
{
	start(MG_AFFINITY_FLOW);
	for (size_t set = 0; set < ARRAY_SIZE(target.recent); set++)
		for (int i = 0; i < MG_RECENTS_PER_SET; i++)
			target.recent[set].recent[i] = (struct mg_recent){
				.fingerprint = 0xfffff - i, .state = MG_RECENT_STARTED, .time = i
			};
	packet(FIN, 9);
	cr_expect(eq(u64, target.load[MEMBER].ends, 1));
	cr_expect(zero(u64, target.load[MEMBER].timed));
	cr_expect(zero(u64, target.load[MEMBER].flow_us));
}

/* The start was counted by another CPU's view of the table: the pin tells. */
Test(observe, a_pinned_flow_starts_once)
{
	start(MG_AFFINITY_FLOW);
	target.slot[0] = (struct mg_slot){ .now = MEMBER, .state = MG_SLOT_MOVING };
	packet(SYN, 9);
	cr_assert(eq(u64, target.event[MG_EVENT_PIN_INSERTED], 1));
	memset(target.recent, 0, sizeof(target.recent));
	packet(SYN, 9);
	cr_expect(eq(u64, target.load[MEMBER].starts, 1));
}

Test(observe, nothing_of_others)
{
	start(MG_AFFINITY_FLOW);
	target.service[1].observe = 0;
	packet(SYN, 0);
	packet(ACK, 0);
	packet(FIN, 0);
	cr_expect(zero(u64, target.load[MEMBER].starts));
	cr_expect(zero(u64, target.load[MEMBER].ends));
	cr_expect(zero(u64, target.load[MEMBER].handshakes));
}

Test(observe, a_flood_of_starts_stops_at_the_most)
{
	start(MG_AFFINITY_FLOW);
	target.load[MEMBER].in_flight = MG_LOAD_MAX - 1;
	packet(SYN, 9);
	packet(SYN, 10);
	packet(SYN, 11);
	cr_expect(eq(u64, target.load[MEMBER].starts, 3));
	cr_expect(eq(u32, target.load[MEMBER].in_flight, MG_LOAD_MAX - 1 + MG_LOAD_FLOW));
}

#define FLOWS 40000 /* for 65,536 places: some sets get more than they hold */

/* The oldest are forgotten and counted again; the others are not. */
Test(observe, a_full_set_forgets_its_oldest)
{
	const struct mg_load *load = &target.load[MEMBER];

	start(MG_AFFINITY_FLOW);
	for (uint32_t i = 0; i < 3 * FLOWS; i++) {
		target.clock_ns += 10000;
		packet(SYN, 1 + i % FLOWS);
	}
	cr_expect(load->starts > FLOWS, "nothing was ever forgotten");
	cr_expect(lt(u64, load->starts, FLOWS + FLOWS / 2), "%llu", load->starts);
	packet(SYN, FLOWS);
	cr_expect(lt(u64, load->starts, FLOWS + FLOWS / 2 + 1), "the newest is known");
}

static uint32_t set_of(uint16_t sport)
{
	struct flow flow = flow_of(SYN, sport);
	struct way way = { .hash = flow_hash(&flow, 0, MG_AFFINITY_FLOW) };

	return recent_hash(&flow, &way, 0) & (MG_RECENT_SETS - 1);
}

#define TOO_MANY (MG_RECENTS_PER_SET + 1)

/* Ports of flows that share a set, one more than it holds. */
static void ports_of_one_set(uint16_t ret[TOO_MANY])
{
	static uint8_t count[MG_RECENT_SETS];
	uint32_t sport = 1, n = 0, set;

	while (++count[set_of(sport)] < TOO_MANY)
		cr_assert(sport++ < 65535);
	set = set_of(sport);
	for (sport = 1; n < TOO_MANY; sport++)
		if (set_of(sport) == set)
			ret[n++] = sport;
}

/* It is the oldest that has to go, and no other. */
Test(observe, the_ninth_of_a_set_takes_the_place_of_the_first)
{
	const struct mg_load *load = &target.load[MEMBER];
	uint16_t port[TOO_MANY];

	start(MG_AFFINITY_FLOW);
	ports_of_one_set(port);
	for (size_t i = 0; i < TOO_MANY; i++) {
		target.clock_ns += MS;
		packet(SYN, port[i]);
	}
	for (size_t i = 1; i < TOO_MANY; i++)
		packet(SYN, port[i]);
	cr_expect(eq(u64, load->starts, TOO_MANY), "these are known");
	packet(SYN, port[0]);
	cr_expect(eq(u64, load->starts, TOO_MANY + 1));
}
