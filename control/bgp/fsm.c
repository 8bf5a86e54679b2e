/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: RFC 4271 section 8.2.2 as a table of state and event. Where it departs from the RFC:
 * a failed TCP connection leads to Active, where ConnectRetryTimer runs, and not to Idle, which
 * nothing would leave again; and DelayOpen, an option, is not there. Each connection has a machine
 * of its own (section 6.8); which of two survives is for neighbor.c.
 */
#include "bgp/fsm.h"
#include "bgp/notification.h"

/* RFC 4271 section 8.2.2: HoldTimer in OpenSent, "4 minutes is suggested". */
#define HOLD_OPEN_MS (4 * 60 * 1000)
/* RFC 9687 section 4.1: the greater one of 8 minutes and twice the hold time, by default. */
#define SEND_HOLD_MS (8 * 60 * 1000)

#define HOLD_OFF_MIN_MS 1000
#define HOLD_OFF_MAX_MS 60000

/* What a step does to the timers; above the bits of fsm.h, which the caller gets to see. */
#define RETRY_RUN     (1u << 16)
#define RETRY_STOP    (1u << 17)
#define HOLD_OPEN     (1u << 18)
#define HOLD_RUN      (1u << 19)
#define KEEPALIVE_RUN (1u << 20)
#define FOR_CALLER    0xffffu

struct step {
	bool leaves; /* false: stays in its state */
	enum fsm_state next;
	uint32_t actions;
	uint8_t code, subcode;
};

#define STAY(actions)                          \
	{                                      \
		false, FSM_IDLE, actions, 0, 0 \
	}
#define GO(state, actions)                       \
	{                                        \
		true, FSM_##state, actions, 0, 0 \
	}
#define END(actions)                                        \
	{                                                   \
		true, FSM_IDLE, FSM_CLOSE | (actions), 0, 0 \
	}
#define FAIL(code, subcode)                                           \
	{                                                             \
		true, FSM_IDLE, FSM_NOTIFY | FSM_CLOSE, code, subcode \
	}
#define UNEXPECTED(where) FAIL(NOTIFICATION_FSM, FSM_IN_##where) /* RFC 6608 */

/* What is not listed is ignored: section 8.2.2 for Idle, START elsewhere, timers that do not run.
 */
static const struct step steps[FSM_STATE_COUNT][FSM_EVENT_COUNT] = {
	[FSM_IDLE] = {
		[FSM_EVENT_START] = GO(CONNECT, FSM_DIAL | RETRY_RUN),
		[FSM_EVENT_STOP] = GO(IDLE, 0), /* a start that was to come is off */
	},
	[FSM_CONNECT] = {
		[FSM_EVENT_STOP] = END(0),
		[FSM_EVENT_RETRY_EXPIRED] = STAY(FSM_CLOSE | FSM_DIAL | RETRY_RUN),
		[FSM_EVENT_TCP_UP] = GO(OPEN_SENT, FSM_SEND_OPEN | RETRY_STOP | HOLD_OPEN),
		[FSM_EVENT_TCP_DOWN] = GO(ACTIVE, FSM_CLOSE | RETRY_RUN),
		[FSM_EVENT_OPEN] = END(0),
		[FSM_EVENT_MESSAGE_BAD] = END(0),
		[FSM_EVENT_COLLISION] = END(0),
		[FSM_EVENT_NOTIFICATION] = END(0),
		[FSM_EVENT_KEEPALIVE] = END(0),
		[FSM_EVENT_UPDATE] = END(0),
	},
	[FSM_ACTIVE] = {
		[FSM_EVENT_STOP] = END(0),
		[FSM_EVENT_RETRY_EXPIRED] = GO(CONNECT, FSM_DIAL | RETRY_RUN),
		[FSM_EVENT_TCP_UP] = GO(OPEN_SENT, FSM_SEND_OPEN | RETRY_STOP | HOLD_OPEN),
		[FSM_EVENT_TCP_DOWN] = STAY(FSM_CLOSE | RETRY_RUN),
		[FSM_EVENT_OPEN] = END(0),
		[FSM_EVENT_MESSAGE_BAD] = END(0),
		[FSM_EVENT_COLLISION] = END(0),
		[FSM_EVENT_NOTIFICATION] = END(0),
		[FSM_EVENT_KEEPALIVE] = END(0),
		[FSM_EVENT_UPDATE] = END(0),
	},
	[FSM_OPEN_SENT] = {
		[FSM_EVENT_STOP] = FAIL(0, 0),
		[FSM_EVENT_RETRY_EXPIRED] = UNEXPECTED(OPEN_SENT),
		[FSM_EVENT_HOLD_EXPIRED] = FAIL(NOTIFICATION_HOLD_TIMER, 0),
		[FSM_EVENT_KEEPALIVE_DUE] = UNEXPECTED(OPEN_SENT),
		[FSM_EVENT_SEND_EXPIRED] = FAIL(NOTIFICATION_SEND_HOLD, 0),
		[FSM_EVENT_TCP_DOWN] = GO(ACTIVE, FSM_CLOSE | RETRY_RUN),
		[FSM_EVENT_OPEN] = GO(OPEN_CONFIRM, FSM_SEND_KEEPALIVE | HOLD_RUN | KEEPALIVE_RUN),
		[FSM_EVENT_MESSAGE_BAD] = FAIL(0, 0),
		[FSM_EVENT_COLLISION] = FAIL(NOTIFICATION_CEASE, CEASE_COLLISION),
		[FSM_EVENT_NOTIFICATION] = END(0),
		[FSM_EVENT_KEEPALIVE] = UNEXPECTED(OPEN_SENT),
		[FSM_EVENT_UPDATE] = UNEXPECTED(OPEN_SENT),
	},
	[FSM_OPEN_CONFIRM] = {
		[FSM_EVENT_STOP] = FAIL(0, 0),
		[FSM_EVENT_RETRY_EXPIRED] = UNEXPECTED(OPEN_CONFIRM),
		[FSM_EVENT_HOLD_EXPIRED] = FAIL(NOTIFICATION_HOLD_TIMER, 0),
		[FSM_EVENT_KEEPALIVE_DUE] = STAY(FSM_SEND_KEEPALIVE | KEEPALIVE_RUN),
		[FSM_EVENT_SEND_EXPIRED] = FAIL(NOTIFICATION_SEND_HOLD, 0),
		[FSM_EVENT_TCP_DOWN] = END(0),
		[FSM_EVENT_OPEN] = UNEXPECTED(OPEN_CONFIRM),
		[FSM_EVENT_MESSAGE_BAD] = FAIL(0, 0),
		[FSM_EVENT_COLLISION] = FAIL(NOTIFICATION_CEASE, CEASE_COLLISION),
		[FSM_EVENT_NOTIFICATION] = END(0),
		[FSM_EVENT_KEEPALIVE] = GO(ESTABLISHED, FSM_UP | HOLD_RUN),
		[FSM_EVENT_UPDATE] = UNEXPECTED(OPEN_CONFIRM),
	},
	[FSM_ESTABLISHED] = {
		[FSM_EVENT_STOP] = FAIL(0, 0),
		[FSM_EVENT_RETRY_EXPIRED] = UNEXPECTED(ESTABLISHED),
		[FSM_EVENT_HOLD_EXPIRED] = FAIL(NOTIFICATION_HOLD_TIMER, 0),
		[FSM_EVENT_KEEPALIVE_DUE] = STAY(FSM_SEND_KEEPALIVE | KEEPALIVE_RUN),
		[FSM_EVENT_SEND_EXPIRED] = FAIL(NOTIFICATION_SEND_HOLD, 0),
		[FSM_EVENT_TCP_DOWN] = END(0),
		[FSM_EVENT_OPEN] = UNEXPECTED(ESTABLISHED),
		[FSM_EVENT_MESSAGE_BAD] = FAIL(0, 0),
		[FSM_EVENT_COLLISION] = FAIL(NOTIFICATION_CEASE, CEASE_COLLISION),
		[FSM_EVENT_NOTIFICATION] = END(0),
		[FSM_EVENT_KEEPALIVE] = STAY(HOLD_RUN),
		[FSM_EVENT_UPDATE] = STAY(HOLD_RUN),
	},
};

static const enum fsm_event timer_event[FSM_TIMER_COUNT] = {
	[FSM_TIMER_START] = FSM_EVENT_START,       [FSM_TIMER_RETRY] = FSM_EVENT_RETRY_EXPIRED,
	[FSM_TIMER_HOLD] = FSM_EVENT_HOLD_EXPIRED, [FSM_TIMER_KEEPALIVE] = FSM_EVENT_KEEPALIVE_DUE,
	[FSM_TIMER_SEND] = FSM_EVENT_SEND_EXPIRED,
};

static void timers_stop(struct fsm *fsm)
{
	for (int i = 0; i < FSM_TIMER_COUNT; i++)
		fsm->due_ms[i] = FSM_NEVER;
}

void fsm_init(struct fsm *fsm, bool passive, uint32_t retry_s, uint64_t seed, uint64_t now_ms)
{
	*fsm = (struct fsm){ .state = FSM_IDLE,
			     .passive = passive,
			     .retry_ms = retry_s * 1000,
			     .since_ms = now_ms,
			     .random = seed | 1 }; /* xorshift never leaves zero */
	timers_stop(fsm);
}

/* RFC 4271 section 10: between 0.75 and 1.0 of the time, so that routers do not fall into step. */
static uint64_t jittered(struct fsm *fsm, uint64_t ms)
{
	fsm->random ^= fsm->random << 13;
	fsm->random ^= fsm->random >> 7;
	fsm->random ^= fsm->random << 17;
	return ms - ms / 4 * (fsm->random % 1024) / 1023;
}

static void timers_set(struct fsm *fsm, uint32_t actions, uint64_t now_ms)
{
	if (actions & RETRY_STOP)
		fsm->due_ms[FSM_TIMER_RETRY] = FSM_NEVER;
	if (actions & RETRY_RUN && !fsm->passive)
		fsm->due_ms[FSM_TIMER_RETRY] = now_ms + jittered(fsm, fsm->retry_ms);
	if (actions & HOLD_OPEN)
		fsm->due_ms[FSM_TIMER_HOLD] = now_ms + HOLD_OPEN_MS;
	if (actions & HOLD_RUN)
		fsm->due_ms[FSM_TIMER_HOLD] = fsm->hold_ms ? now_ms + fsm->hold_ms : FSM_NEVER;
	if (actions & KEEPALIVE_RUN)
		fsm->due_ms[FSM_TIMER_KEEPALIVE] =
			fsm->hold_ms ? now_ms + jittered(fsm, fsm->hold_ms / 3) : FSM_NEVER;
}

static void state_set(struct fsm *fsm, enum fsm_state state, uint64_t now_ms)
{
	fsm->state = state;
	fsm->since_ms = now_ms;
	if (state == FSM_IDLE || state == FSM_ACTIVE)
		timers_stop(fsm);
}

struct fsm_result fsm_step(struct fsm *fsm, enum fsm_event event, uint64_t now_ms)
{
	const struct step *step = &steps[fsm->state][event];
	uint32_t actions = step->actions & FOR_CALLER;

	if (event == FSM_EVENT_START && fsm->passive && fsm->state == FSM_IDLE) {
		state_set(fsm, FSM_ACTIVE, now_ms);
		return (struct fsm_result){ 0 };
	}
	if (step->leaves) {
		if (fsm->state == FSM_ESTABLISHED)
			actions |= FSM_DOWN;
		state_set(fsm, step->next, now_ms);
	}
	timers_set(fsm, step->actions, now_ms);
	return (struct fsm_result){ actions, step->code, step->subcode };
}

void fsm_negotiate_hold(struct fsm *fsm, uint16_t ours_s, uint16_t theirs_s)
{
	fsm->hold_ms = (ours_s < theirs_s ? ours_s : theirs_s) * 1000u;
}

void fsm_start_after(struct fsm *fsm, uint64_t delay_ms, uint64_t now_ms)
{
	if (fsm->state == FSM_IDLE)
		fsm->due_ms[FSM_TIMER_START] = now_ms + jittered(fsm, delay_ms);
}

void fsm_sending(struct fsm *fsm, bool waiting, uint64_t now_ms)
{
	uint64_t twice_ms = fsm->hold_ms * 2ull;
	uint64_t least_ms = fsm->send_hold_ms ? fsm->send_hold_ms : SEND_HOLD_MS;
	uint64_t hold_ms = twice_ms > least_ms ? twice_ms : least_ms;

	/* RFC 9687 section 3.3: without a hold timer there is none of these either. */
	fsm->due_ms[FSM_TIMER_SEND] = waiting && fsm->hold_ms ? now_ms + hold_ms : FSM_NEVER;
}

bool fsm_expired(struct fsm *fsm, uint64_t now_ms, enum fsm_event *ret)
{
	for (int i = 0; i < FSM_TIMER_COUNT; i++) {
		if (fsm->due_ms[i] > now_ms)
			continue;
		fsm->due_ms[i] = FSM_NEVER;
		*ret = timer_event[i];
		return true;
	}
	return false;
}

uint64_t fsm_next_ms(const struct fsm *fsm)
{
	uint64_t next = FSM_NEVER;

	for (int i = 0; i < FSM_TIMER_COUNT; i++)
		if (fsm->due_ms[i] < next)
			next = fsm->due_ms[i];
	return next;
}

uint32_t fsm_hold_off_ms(uint32_t last_ms, uint64_t established_ms)
{
	if (!last_ms || established_ms >= HOLD_OFF_MAX_MS)
		return HOLD_OFF_MIN_MS;
	return last_ms < HOLD_OFF_MAX_MS / 2 ? last_ms * 2 : HOLD_OFF_MAX_MS;
}

const char *fsm_state_name(enum fsm_state state)
{
	static const char *const names[FSM_STATE_COUNT] = {
		[FSM_IDLE] = "Idle",
		[FSM_CONNECT] = "Connect",
		[FSM_ACTIVE] = "Active",
		[FSM_OPEN_SENT] = "OpenSent",
		[FSM_OPEN_CONFIRM] = "OpenConfirm",
		[FSM_ESTABLISHED] = "Established",
	};

	return names[state];
}
