/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state machine of one connection (RFC 4271 section 8) without its surroundings: an event and
 * the time go in, what to do comes out. A value of its session's; it owns nothing.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum fsm_state {
	FSM_IDLE,
	FSM_CONNECT,
	FSM_ACTIVE,
	FSM_OPEN_SENT,
	FSM_OPEN_CONFIRM,
	FSM_ESTABLISHED,
	FSM_STATE_COUNT,
};

enum fsm_event {
	FSM_EVENT_START,         /* RFC 4271 events 1 and 3; passive: 4 and 5 */
	FSM_EVENT_STOP,          /* 2 and 8 */
	FSM_EVENT_RETRY_EXPIRED, /* 9 */
	FSM_EVENT_HOLD_EXPIRED,  /* 10 */
	FSM_EVENT_KEEPALIVE_DUE, /* 11 */
	FSM_EVENT_SEND_EXPIRED,  /* 29, RFC 9687: nothing could be sent for long */
	FSM_EVENT_TCP_UP,        /* 16 and 17 */
	FSM_EVENT_TCP_DOWN,      /* 18 */
	FSM_EVENT_OPEN,          /* 19 */
	FSM_EVENT_MESSAGE_BAD,   /* 21, 22 and 28 */
	FSM_EVENT_COLLISION,     /* 23 */
	FSM_EVENT_NOTIFICATION,  /* 24 and 25 */
	FSM_EVENT_KEEPALIVE,     /* 26 */
	FSM_EVENT_UPDATE,        /* 27, and ROUTE-REFRESH */
	FSM_EVENT_COUNT,
};

/* What the owner of the connection does after a step, in this order. */
#define FSM_NOTIFY         (1u << 0) /* send a NOTIFICATION: the result's, or if 0 the event's */
#define FSM_CLOSE          (1u << 1)
#define FSM_DIAL           (1u << 2)
#define FSM_SEND_OPEN      (1u << 3)
#define FSM_SEND_KEEPALIVE (1u << 4)
#define FSM_UP             (1u << 5) /* entered Established */
#define FSM_DOWN           (1u << 6) /* left Established */

struct fsm_result {
	uint32_t actions;
	uint8_t code, subcode; /* of the NOTIFICATION */
};

enum fsm_timer {
	FSM_TIMER_START, /* IdleHoldTimer: when a failed session may start again */
	FSM_TIMER_RETRY,
	FSM_TIMER_HOLD,
	FSM_TIMER_KEEPALIVE,
	FSM_TIMER_SEND, /* RFC 9687 */
	FSM_TIMER_COUNT,
};

#define FSM_NEVER UINT64_MAX

struct fsm {
	enum fsm_state state;
	bool passive; /* waits in Active, never dials */
	uint32_t retry_ms;
	uint32_t hold_ms;      /* as negotiated; 0: no hold timer, no keepalives */
	uint32_t send_hold_ms; /* RFC 9687, at least; 0: 8 minutes */
	uint64_t since_ms;     /* of the last change of state */
	uint64_t due_ms[FSM_TIMER_COUNT];
	uint64_t random; /* state of the jitter */
};

/* Idle, no timer runs. seed: any number; equal seeds give equal jitter. */
void fsm_init(struct fsm *fsm, bool passive, uint32_t retry_s, uint64_t seed, uint64_t now_ms);

struct fsm_result fsm_step(struct fsm *fsm, enum fsm_event event, uint64_t now_ms);

/* RFC 4271 section 4.2: the smaller one of both. Before FSM_EVENT_OPEN. */
void fsm_negotiate_hold(struct fsm *fsm, uint16_t ours_s, uint16_t theirs_s);

/* A start after delay_ms; only in Idle. */
void fsm_start_after(struct fsm *fsm, uint64_t delay_ms, uint64_t now_ms);
/* Octets wait to be sent, or none do: runs, restarts or stops the timer of RFC 9687. It takes
 * send_hold_ms, and never less than twice the hold time. */
void fsm_sending(struct fsm *fsm, bool waiting, uint64_t now_ms);

/* True: *ret is an event whose time has come, its timer is stopped. */
bool fsm_expired(struct fsm *fsm, uint64_t now_ms, enum fsm_event *ret);
uint64_t fsm_next_ms(const struct fsm *fsm); /* FSM_NEVER: no timer runs */

/* How long to stay in Idle after a failure: 1 s, doubled each time up to 60 s; a session that was
 * Established for a minute starts over (RFC 4271 section 8.1.1, DampPeerOscillations). */
uint32_t fsm_hold_off_ms(uint32_t last_ms, uint64_t established_ms);

const char *fsm_state_name(enum fsm_state state);
