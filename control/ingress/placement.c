/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: Counts fade with a time constant of WINDOW_S, so that at a steady rate they are worth as
 * many seconds. Ends are seen late everywhere or nowhere, by where clients' packets pass, while one
 * slow site is what two choices are for: so it is the site with the least delay that tells. A
 * site's delay is the time that flows were in flight by how many have begun, both of late, so that
 * it is right from the first second on. The gate turns only when it would for STEADY seconds: each
 * turn is a new entry in the tables; but many flows tell as much in one, and it opens.
 */
#include "ingress/placement.h"

#include "base/util.h"

#include <math.h>

#define WINDOW_S     10.0
#define GATE_NS      1000000000u
#define STEADY       3
#define FIRM_STARTS  100.0 /* tell enough to open it at once */
#define FLOW_S       10.0  /* stands in for a time that nobody tells */
#define SLOWER       4.0   /* flows may last so much longer than is said */
#define LATE_S       3.0   /* how fast lateness is believed */
#define SCALE        256.0 /* of fading counts in the view */
#define TIME_MIN_S   0.001
#define TIME_MAX_S   4000.0 /* in us it fits into 32 bits */
#define VIEW_MAX     4e9
#define LEAST_STARTS 1.0 /* of a site whose delay is to say anything */
#define KNOWN_SHARE  0.99

_Static_assert((int)PLACEMENT_OPEN == TWO_CHOICE_OPEN &&
		       (int)PLACEMENT_FEW_FLOWS == TWO_CHOICE_FEW_FLOWS &&
		       (int)PLACEMENT_FEW_ENDS == TWO_CHOICE_FEW_ENDS &&
		       (int)PLACEMENT_LATE_ENDS == TWO_CHOICE_LATE_ENDS,
	       "gate_of() takes the one for the other");

const char *placement_gate_text(enum placement_gate gate)
{
	static const char *const words[] = { [PLACEMENT_OPEN] = "open",
					     [PLACEMENT_FEW_FLOWS] = "few-flows",
					     [PLACEMENT_FEW_ENDS] = "few-ends",
					     [PLACEMENT_LATE_ENDS] = "late-ends",
					     [PLACEMENT_WAITING] = "waiting" };

	return words[gate];
}

const char *placement_gate_reason(enum placement_gate gate)
{
	static const char *const words[] = {
		[PLACEMENT_OPEN] = "new flows go to the better of two sites",
		[PLACEMENT_FEW_FLOWS] =
			"by the slot alone: fewer than two flows of this router are in flight",
		[PLACEMENT_FEW_ENDS] = "by the slot alone: most flows are not seen to end here",
		[PLACEMENT_LATE_ENDS] =
			"by the slot alone: flows are seen to end much later than sites say",
		[PLACEMENT_WAITING] =
			"by the slot alone: flows that began before it was turned on come first",
	};

	return words[gate];
}

void placement_init(struct placement *p, bool udp, double hold_s, uint64_t now_ns)
{
	*p = (struct placement){ .udp = udp,
				 .gate = PLACEMENT_WAITING,
				 .next = PLACEMENT_WAITING,
				 .opens_ns = now_ns + (uint64_t)(hold_s * 1e9) };
}

void placement_begin(struct placement *p, uint64_t now_ns)
{
	double passed_s = p->turned_ns ? (double)(now_ns - p->turned_ns) / 1e9 : 0;

	p->keep = exp(-passed_s / WINDOW_S);
	p->starts *= p->keep;
	p->ends *= p->keep;
	p->passed_s = passed_s;
	p->begun = 0;
	p->turned_ns = now_ns;
	p->in_flight = p->expected_s = p->share = 0;
	p->late_s = INFINITY;
}

/* A count that begins anew is another member's. */
static double counted(uint64_t *seen, uint64_t now)
{
	uint64_t before = now >= *seen ? *seen : 0;

	*seen = now;
	return (double)(now - before);
}

static double site_said_s(const struct placement_site *site)
{
	return site->expected_s > 0 ? fmax(site->expected_s, TIME_MIN_S) : FLOW_S;
}

static void site_read(const struct placement *p, struct placement_site *site,
		      const struct member_flows *flows)
{
	struct census_tick tick = { .starts = counted(&site->starts_seen, flows->starts),
				    .ends = counted(&site->ends_seen, flows->ends),
				    .timed = counted(&site->timed_seen, flows->timed),
				    .timed_s = counted(&site->flow_us_seen, flows->flow_us) / 1e6,
				    .passed_s = p->passed_s };

	if (!site->met || !(p->passed_s > 0))
		tick = (struct census_tick){ .passed_s = 0 };
	tick.in_flight = flows->in_flight;
	site->met = true;
	site->tick = tick;
	site->starts = site->starts * p->keep + tick.starts;
	site->busy_s = site->busy_s * p->keep + flows->in_flight * p->passed_s;
	if (tick.passed_s > 0)
		census_note(&site->census, &site->tick, site_said_s(site));
}

/* By the flows that were seen from start to end; where there are none, by Little's law. */
static double site_late_s(const struct placement_site *site)
{
	double time_s = site->census.time_s;

	if (time_s <= 0)
		time_s = site->busy_s / site->starts;
	return fmax(0, time_s - site->expected_s);
}

void placement_add(struct placement *p, struct placement_site *site,
		   const struct member_flows *flows)
{
	site_read(p, site, flows);
	p->starts += site->tick.starts;
	p->ends += site->tick.ends;
	p->begun += site->tick.starts;
	p->in_flight += flows->in_flight;
	if (site->expected_s <= 0)
		return;
	p->expected_s += site->share * site->expected_s;
	p->share += site->share;
	if (site->starts >= LEAST_STARTS)
		p->late_s = fmin(p->late_s, site_late_s(site));
}

double placement_rate(const struct placement *p)
{
	return p->starts / WINDOW_S;
}

double placement_flow_s(const struct placement *p)
{
	return p->starts > 0 ? p->in_flight / placement_rate(p) : 0;
}

static bool time_known(const struct placement *p)
{
	return p->share >= KNOWN_SHARE;
}

static struct two_choice_view view_of(const struct placement *p)
{
	double flow_s = time_known(p) ? p->expected_s / p->share : FLOW_S;

	return (struct two_choice_view){
		.starts = (uint32_t)fmin(p->starts * SCALE, VIEW_MAX),
		.ends = (uint32_t)fmin(p->ends * SCALE, VIEW_MAX),
		.in_flight = (uint32_t)fmin(p->in_flight * TWO_CHOICE_FLOW, VIEW_MAX),
		.flow_us = (uint32_t)(fmin(fmax(flow_s, TIME_MIN_S), TIME_MAX_S) * 1e6),
		.late_us = (uint32_t)(fmin(p->census.late_s, TIME_MAX_S) * 1e6),
	};
}

/* Of UDP no end is seen: its recent starts are what is in flight, if it is known for how long. */
static enum placement_gate gate_of(const struct placement *p)
{
	struct two_choice_view view = p->view;

	if (p->turned_ns < p->opens_ns)
		return PLACEMENT_WAITING;
	if (p->udp && time_known(p))
		view.ends = view.starts;
	return (enum placement_gate)two_choice_gate(&view);
}

static bool gate_turn(struct placement *p)
{
	enum placement_gate now = gate_of(p);
	bool turns = (now == PLACEMENT_OPEN) != (p->gate == PLACEMENT_OPEN);
	bool firm = now == PLACEMENT_OPEN && p->starts >= FIRM_STARTS;

	p->next_for = now == p->next ? p->next_for + 1 : 1;
	p->next = now;
	if (turns && !firm && p->next_for < STEADY)
		return false;
	p->gate = now;
	p->turns += turns;
	return turns;
}

/* The part of the ends that is missed. They are due as if flows were as slow as is believed, so
 * that long flows are not taken for ones that ended unseen as they begin. In the long run as many
 * are due as begin. At first nothing is missed. */
static void ends_missed(struct placement *p)
{
	double due;

	p->running += p->begun;
	due = p->running * -expm1(-p->passed_s / (p->view.flow_us / 1e6 * SLOWER));
	p->running -= due;
	p->due = p->due * p->keep + due;
	p->watched_s += p->passed_s;
	if (p->watched_s < WINDOW_S || p->due <= p->ends) {
		p->census.missed = p->census.surely = 0;
		return;
	}
	p->census.missed = 1 - p->ends / p->due;
	p->census.surely = fmax(0, p->census.missed - 1 / sqrt(p->due));
}

static void take_lateness(struct placement *p)
{
	double late_s = time_known(p) && isfinite(p->late_s) ? p->late_s : 0;

	if (p->watched_s < WINDOW_S)
		return;
	p->census.late_s += (late_s - p->census.late_s) * -expm1(-p->passed_s / LATE_S);
}

double placement_correct(const struct placement *p, struct placement_site *site)
{
	double exact, rounded;

	if (!(site->tick.passed_s > 0))
		return 0;
	exact = site->owed +
		census_correct(&site->census, &site->tick, &p->census, site_said_s(site));
	rounded = round(exact * TWO_CHOICE_FLOW) / TWO_CHOICE_FLOW;
	site->owed = exact - rounded;
	return rounded;
}

bool placement_end(struct placement *p)
{
	take_lateness(p);
	p->view = view_of(p);
	ends_missed(p);
	if (p->turned_ns - p->gated_ns < GATE_NS)
		return false;
	p->gated_ns = p->turned_ns;
	return gate_turn(p);
}
