/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two choices of one service at this ingress: what is seen of its flows of late, and the gate, that
 * is whether these counts are worth asking where the next flow should go. Pure, but for the types
 * of its inputs. Private to control/ingress; part of struct steering.
 *
 * A turn is placement_begin(), placement_add() of each site, placement_end().
 */
#pragma once
#include "tables/tables.h"

#include <two_choice.h>

enum placement_gate {
	PLACEMENT_OPEN,
	PLACEMENT_FEW_FLOWS, /* as enum two_choice_gate */
	PLACEMENT_FEW_ENDS,
	PLACEMENT_LATE_ENDS,
	PLACEMENT_WAITING, /* flows of before may have no pin yet, or nothing has been seen so far
			    */
};
const char *placement_gate_text(enum placement_gate gate); /* "open", "few-flows", ... */
const char *placement_gate_reason(enum placement_gate gate);

/* Of one site; part of struct steering_site. */
struct placement_site {
	bool met; /* its counts were read before */
	uint64_t starts_seen, ends_seen;
	double starts;     /* of late: a count that fades */
	double busy_s;     /* the same of the seconds that flows were in flight */
	double share;      /* of new flows */
	double expected_s; /* time of a flow by reports, configuration and distance; 0: not known */
};

struct placement {
	bool udp;           /* no flow shows its end */
	uint64_t opens_ns;  /* not before */
	uint64_t turned_ns; /* 0: never */
	uint64_t gated_ns;
	double passed_s;     /* since the last turn */
	double keep;         /* what is left of fading counts */
	double starts, ends; /* of all sites; fading */
	double in_flight;
	double expected_s, share; /* sums over the sites whose time is known */
	double late_s;  /* least of the sites': so late are ends seen at the best of them */
	double begun;   /* since the last turn */
	double ended;   /* seen to end, since then */
	double running; /* what would be in flight if flows lasted as long as is said */
	double slow_running, due; /* the same of flows as slow as is believed; their ends, fading */
	double watched_s;         /* all the time */
	double owed; /* flows that should have ended since, and have not been seen to */
	struct two_choice_view view;
	enum placement_gate gate, next; /* next: what it would be */
	unsigned int next_for;          /* so many times in a row */
	uint64_t turns;                 /* times that it opened or closed */
};

/* hold_s: flows that run now have a pin after this time at the latest; 0: none needs one. */
void placement_init(struct placement *placement, bool udp, double hold_s, uint64_t now_ns);

void placement_begin(struct placement *placement, uint64_t now_ns);
void placement_add(struct placement *placement, struct placement_site *site,
		   const struct member_flows *flows);
/* Returns whether the gate opened or closed. *ret_drain: the part of the flows in flight that is to
 * be taken away, for having ended unseen; 0: nothing yet. */
bool placement_end(struct placement *placement, double *ret_drain);

/* Mean time of a flow by Little's law, s; 0: no flow has begun of late. */
double placement_flow_s(const struct placement *placement);
/* Starts a second. */
double placement_rate(const struct placement *placement);
