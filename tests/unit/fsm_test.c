/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/util.h"
#include "bgp/fsm.h"
#include "bgp/notification.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define NOW     1000000
#define RETRY_S 120

#define IN_I FSM_IDLE
#define IN_C FSM_CONNECT
#define IN_A FSM_ACTIVE
#define IN_S FSM_OPEN_SENT
#define IN_O FSM_OPEN_CONFIRM
#define IN_E FSM_ESTABLISHED

/* RFC 4271 section 8.2.2: the state that follows, a row for each event and a column for each
 * state: Idle, Connect, Active, OpenSent, OpenConfirm, Established. */
static const struct {
	const char *name;
	enum fsm_event event;
	enum fsm_state next[FSM_STATE_COUNT];
} rows[] = {
	{ "start", FSM_EVENT_START, { IN_C, IN_C, IN_A, IN_S, IN_O, IN_E } },
	{ "stop", FSM_EVENT_STOP, { IN_I, IN_I, IN_I, IN_I, IN_I, IN_I } },
	{ "retry timer", FSM_EVENT_RETRY_EXPIRED, { IN_I, IN_C, IN_C, IN_I, IN_I, IN_I } },
	{ "hold timer", FSM_EVENT_HOLD_EXPIRED, { IN_I, IN_C, IN_A, IN_I, IN_I, IN_I } },
	{ "keepalive timer", FSM_EVENT_KEEPALIVE_DUE, { IN_I, IN_C, IN_A, IN_I, IN_O, IN_E } },
	{ "send hold timer", FSM_EVENT_SEND_EXPIRED, { IN_I, IN_C, IN_A, IN_I, IN_I, IN_I } },
	{ "TCP up", FSM_EVENT_TCP_UP, { IN_I, IN_S, IN_S, IN_S, IN_O, IN_E } },
	{ "TCP down", FSM_EVENT_TCP_DOWN, { IN_I, IN_A, IN_A, IN_A, IN_I, IN_I } },
	{ "OPEN", FSM_EVENT_OPEN, { IN_I, IN_I, IN_I, IN_O, IN_I, IN_I } },
	{ "bad message", FSM_EVENT_MESSAGE_BAD, { IN_I, IN_I, IN_I, IN_I, IN_I, IN_I } },
	{ "collision", FSM_EVENT_COLLISION, { IN_I, IN_I, IN_I, IN_I, IN_I, IN_I } },
	{ "NOTIFICATION", FSM_EVENT_NOTIFICATION, { IN_I, IN_I, IN_I, IN_I, IN_I, IN_I } },
	{ "KEEPALIVE", FSM_EVENT_KEEPALIVE, { IN_I, IN_I, IN_I, IN_I, IN_E, IN_E } },
	{ "UPDATE", FSM_EVENT_UPDATE, { IN_I, IN_I, IN_I, IN_I, IN_I, IN_E } },
};
_Static_assert(ARRAY_SIZE(rows) == FSM_EVENT_COUNT, "every event has a row");

/* The events that lead from Idle to a state. */
static struct fsm fsm_in(enum fsm_state state)
{
	static const enum fsm_event way[] = { FSM_EVENT_START, FSM_EVENT_TCP_UP, FSM_EVENT_OPEN,
					      FSM_EVENT_KEEPALIVE };
	struct fsm fsm;

	fsm_init(&fsm, false, RETRY_S, 1, NOW);
	fsm_negotiate_hold(&fsm, 90, 30);
	if (state == FSM_ACTIVE) {
		fsm_step(&fsm, FSM_EVENT_START, NOW);
		fsm_step(&fsm, FSM_EVENT_TCP_DOWN, NOW);
	}
	for (size_t i = 0; fsm.state != state; i++)
		fsm_step(&fsm, way[i], NOW);
	return fsm;
}

Test(fsm, every_state_and_event)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (int state = 0; state < FSM_STATE_COUNT; state++) {
			struct fsm fsm = fsm_in(state);
			struct fsm_result result = fsm_step(&fsm, rows[i].event, NOW + 1);
			bool idle = fsm.state == FSM_IDLE && state != FSM_IDLE;
			const char *was = fsm_state_name(state);

			cr_expect(eq(int, fsm.state, rows[i].next[state]), "%s in %s", rows[i].name,
				  was);
			if (idle) { /* whatever the reason: no connection and no timer is left */
				cr_expect(result.actions & FSM_CLOSE ? 1 : 0, "%s in %s",
					  rows[i].name, was);
				cr_expect(eq(u64, fsm_next_ms(&fsm), FSM_NEVER), "%s in %s",
					  rows[i].name, was);
			}
			cr_expect(eq(int, result.actions &FSM_DOWN ? 1 : 0,
				     idle &&state == FSM_ESTABLISHED),
				  "%s in %s", rows[i].name, was);
			cr_expect(eq(u64, fsm.since_ms,
				     (int)fsm.state != state || (state == FSM_IDLE &&
								 rows[i].event == FSM_EVENT_STOP)
					     ? NOW + 1
					     : NOW),
				  "%s in %s", rows[i].name, was);
		}
	}
}

/* What is done, and with which NOTIFICATION: 0 is the one that came with the event. */
static const struct {
	const char *name;
	enum fsm_state state;
	enum fsm_event event;
	uint32_t actions;
	uint8_t code, subcode;
} steps[] = {
	{ "dials", IN_I, FSM_EVENT_START, FSM_DIAL, 0, 0 },
	{ "dials again", IN_A, FSM_EVENT_RETRY_EXPIRED, FSM_DIAL, 0, 0 },
	{ "gives up a slow dial", IN_C, FSM_EVENT_RETRY_EXPIRED, FSM_CLOSE | FSM_DIAL, 0, 0 },
	{ "says OPEN", IN_C, FSM_EVENT_TCP_UP, FSM_SEND_OPEN, 0, 0 },
	{ "says OPEN, dialled", IN_A, FSM_EVENT_TCP_UP, FSM_SEND_OPEN, 0, 0 },
	{ "answers OPEN", IN_S, FSM_EVENT_OPEN, FSM_SEND_KEEPALIVE, 0, 0 },
	{ "is up", IN_O, FSM_EVENT_KEEPALIVE, FSM_UP, 0, 0 },
	{ "keeps alive", IN_E, FSM_EVENT_KEEPALIVE_DUE, FSM_SEND_KEEPALIVE, 0, 0 },
	{ "reads on", IN_E, FSM_EVENT_UPDATE, 0, 0, 0 },
	{ "hold time, OPEN", IN_S, FSM_EVENT_HOLD_EXPIRED, FSM_NOTIFY | FSM_CLOSE, 4, 0 },
	{ "hold time", IN_E, FSM_EVENT_HOLD_EXPIRED, FSM_NOTIFY | FSM_CLOSE | FSM_DOWN, 4, 0 },
	{ "UPDATE before OPEN", IN_S, FSM_EVENT_UPDATE, FSM_NOTIFY | FSM_CLOSE, 5, 1 },
	{ "UPDATE before KEEPALIVE", IN_O, FSM_EVENT_UPDATE, FSM_NOTIFY | FSM_CLOSE, 5, 2 },
	{ "OPEN again", IN_E, FSM_EVENT_OPEN, FSM_NOTIFY | FSM_CLOSE | FSM_DOWN, 5, 3 },
	{ "bad UPDATE", IN_E, FSM_EVENT_MESSAGE_BAD, FSM_NOTIFY | FSM_CLOSE | FSM_DOWN, 0, 0 },
	{ "stops", IN_E, FSM_EVENT_STOP, FSM_NOTIFY | FSM_CLOSE | FSM_DOWN, 0, 0 },
	{ "stops unheard", IN_A, FSM_EVENT_STOP, FSM_CLOSE, 0, 0 },
	{ "loses", IN_O, FSM_EVENT_COLLISION, FSM_NOTIFY | FSM_CLOSE, 6, 7 },
	{ "is told to end", IN_E, FSM_EVENT_NOTIFICATION, FSM_CLOSE | FSM_DOWN, 0, 0 },
	{ "cannot send", IN_E, FSM_EVENT_SEND_EXPIRED, FSM_NOTIFY | FSM_CLOSE | FSM_DOWN, 8, 0 },
	{ "is lost", IN_E, FSM_EVENT_TCP_DOWN, FSM_CLOSE | FSM_DOWN, 0, 0 },
};

Test(fsm, does_what_is_to_be_done)
{
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct fsm fsm = fsm_in(steps[i].state);
		struct fsm_result result = fsm_step(&fsm, steps[i].event, NOW);

		cr_expect(eq(u32, result.actions, steps[i].actions), "%s", steps[i].name);
		cr_expect(eq(u8, result.code, steps[i].code), "%s", steps[i].name);
		cr_expect(eq(u8, result.subcode, steps[i].subcode), "%s", steps[i].name);
	}
}

Test(fsm, waits_where_it_is_passive)
{
	struct fsm fsm;

	fsm_init(&fsm, true, RETRY_S, 1, NOW);
	cr_expect(eq(u32, fsm_step(&fsm, FSM_EVENT_START, NOW).actions, 0));
	cr_expect(eq(int, fsm.state, FSM_ACTIVE));
	cr_expect(eq(u64, fsm_next_ms(&fsm), FSM_NEVER));
	fsm_step(&fsm, FSM_EVENT_TCP_UP, NOW);
	fsm_step(&fsm, FSM_EVENT_TCP_DOWN, NOW);
	cr_expect(eq(int, fsm.state, FSM_ACTIVE));
	cr_expect(eq(u64, fsm_next_ms(&fsm), FSM_NEVER));
}

static void expect_between(const char *name, uint64_t ms, uint64_t least, uint64_t most)
{
	cr_expect(ge(u64, ms, least), "%s", name);
	cr_expect(le(u64, ms, most), "%s", name);
}

/* RFC 4271 section 10: jitter takes up to a quarter away. */
Test(fsm, runs_its_timers)
{
	uint64_t first = 0;
	bool varies = false;

	for (uint64_t seed = 1; seed <= 50; seed++) {
		struct fsm fsm;

		fsm_init(&fsm, false, RETRY_S, seed * 0x9e3779b97f4a7c15, NOW);
		fsm_step(&fsm, FSM_EVENT_START, NOW);
		expect_between("retry", fsm_next_ms(&fsm), NOW + RETRY_S * 750,
			       NOW + RETRY_S * 1000);
		varies |= first && fsm_next_ms(&fsm) != first;
		first = fsm_next_ms(&fsm);
		fsm_step(&fsm, FSM_EVENT_TCP_UP, NOW);
		cr_expect(eq(u64, fsm_next_ms(&fsm), NOW + 240000));
		fsm_negotiate_hold(&fsm, 90, 30);
		fsm_step(&fsm, FSM_EVENT_OPEN, NOW);
		cr_expect(eq(u64, fsm.due_ms[FSM_TIMER_HOLD], NOW + 30000));
		expect_between("keepalive", fsm_next_ms(&fsm), NOW + 7500, NOW + 10000);
		fsm_step(&fsm, FSM_EVENT_KEEPALIVE, NOW + 1000);
		cr_expect(eq(u64, fsm.due_ms[FSM_TIMER_HOLD], NOW + 31000));
		fsm_step(&fsm, FSM_EVENT_UPDATE, NOW + 2000);
		cr_expect(eq(u64, fsm.due_ms[FSM_TIMER_HOLD], NOW + 32000));
	}
	cr_expect(varies);
}

Test(fsm, needs_no_keepalives_with_hold_time_zero)
{
	struct fsm fsm = fsm_in(FSM_OPEN_SENT);

	fsm_negotiate_hold(&fsm, 90, 0);
	fsm_step(&fsm, FSM_EVENT_OPEN, NOW);
	fsm_step(&fsm, FSM_EVENT_KEEPALIVE, NOW);
	fsm_sending(&fsm, true, NOW);
	cr_expect(eq(int, fsm.state, FSM_ESTABLISHED));
	cr_expect(eq(u64, fsm_next_ms(&fsm), FSM_NEVER));
}

Test(fsm, tells_which_timer_expired)
{
	struct fsm fsm = fsm_in(FSM_ESTABLISHED);
	enum fsm_event event;

	cr_expect(eq(int, fsm_expired(&fsm, NOW, &event), 0));
	cr_assert(fsm_expired(&fsm, NOW + 10000, &event));
	cr_expect(eq(int, event, FSM_EVENT_KEEPALIVE_DUE));
	cr_expect(eq(int, fsm_expired(&fsm, NOW + 10000, &event), 0), "once");
	cr_assert(fsm_expired(&fsm, NOW + 30000, &event));
	cr_expect(eq(int, event, FSM_EVENT_HOLD_EXPIRED));

	fsm = fsm_in(FSM_ESTABLISHED);
	fsm.due_ms[FSM_TIMER_HOLD] = fsm.due_ms[FSM_TIMER_KEEPALIVE] = FSM_NEVER;
	fsm_sending(&fsm, true, NOW);
	cr_expect(eq(u64, fsm_next_ms(&fsm), NOW + 480000), "RFC 9687: 8 minutes at least");
	cr_assert(fsm_expired(&fsm, NOW + 480000, &event));
	cr_expect(eq(int, event, FSM_EVENT_SEND_EXPIRED));
	fsm.send_hold_ms = 100000;
	fsm_sending(&fsm, true, NOW);
	cr_expect(eq(u64, fsm_next_ms(&fsm), NOW + 100000), "as configured");
	fsm.send_hold_ms = 1000;
	fsm_sending(&fsm, true, NOW);
	cr_expect(eq(u64, fsm_next_ms(&fsm), NOW + 60000), "twice the hold time at least");
	fsm_sending(&fsm, false, NOW);
	cr_expect(eq(u64, fsm_next_ms(&fsm), FSM_NEVER));
}

Test(fsm, starts_later_from_idle_only)
{
	struct fsm fsm = fsm_in(FSM_IDLE);
	enum fsm_event event;

	fsm_start_after(&fsm, 1000, NOW);
	expect_between("start", fsm_next_ms(&fsm), NOW + 750, NOW + 1000);
	cr_assert(fsm_expired(&fsm, NOW + 1000, &event));
	cr_expect(eq(int, event, FSM_EVENT_START));
	fsm_start_after(&fsm, 1000, NOW);
	fsm_step(&fsm, FSM_EVENT_STOP, NOW);
	cr_expect(eq(u64, fsm_next_ms(&fsm), FSM_NEVER), "stopped before it started");

	fsm = fsm_in(FSM_OPEN_CONFIRM);
	fsm_start_after(&fsm, 0, NOW);
	cr_expect(eq(u64, fsm.due_ms[FSM_TIMER_START], FSM_NEVER));
}

static const struct {
	uint32_t last_ms;
	uint64_t established_ms;
	uint32_t want_ms;
} hold_offs[] = {
	{ 0, 0, 1000 },      { 1000, 0, 2000 },      { 2000, 59999, 4000 }, { 32000, 0, 60000 },
	{ 60000, 0, 60000 }, { 60000, 60000, 1000 }, { 29999, 0, 59998 },   { 4000, 3600000, 1000 },
};

Test(fsm, holds_off_longer_each_time)
{
	for (size_t i = 0; i < ARRAY_SIZE(hold_offs); i++)
		cr_expect(eq(u32,
			     fsm_hold_off_ms(hold_offs[i].last_ms, hold_offs[i].established_ms),
			     hold_offs[i].want_ms),
			  "after %u ms", hold_offs[i].last_ms);
}
