/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two choices of one service at this ingress: what is seen of its flows of late, and the gate, that
 * is whether these counts are worth asking where the next flow should go. Pure, but for the types
 * of its inputs. Private to control/ingress; part of struct steering.
 *
 * A turn is placement_begin(), placement_add() of each site, placement_end(), placement_correct()
 * of each site.
 */
#pragma once
#include "ingress/census.h"
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
	uint64_t starts_seen, ends_seen, timed_seen, flow_us_seen;
	double starts;     /* of late: a count that fades */
	double busy_s;     /* the same of the seconds that flows were in flight */
	double share;      /* of new flows */
	double expected_s; /* time of a flow by reports, configuration and distance; 0: not known */
	struct census_tick tick;
	struct census census;
	double owed; /* what rounding left out of the corrections so far, flows */
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
	double late_s; /* least of the sites': so late are ends seen at the best of them */
	double begun;  /* since the last turn */
	double running,
		due;      /* in flight if flows were as slow as is believed; their ends, fading */
	double watched_s; /* all the time */
	struct census_view census;
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
bool placement_end(struct placement *placement); /* whether the gate opened or closed */
/* So many flows, in steps of 1/256, are to be added to what is counted at this site; less than 0:
 * taken away. Once a turn. */
double placement_correct(const struct placement *placement, struct placement_site *site);

/* Mean time of a flow by Little's law, s; 0: no flow has begun of late. */
double placement_flow_s(const struct placement *placement);
/* Starts a second. */
double placement_rate(const struct placement *placement);
