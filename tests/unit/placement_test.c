/* SPDX-License-Identifier: BSD-2-Clause */
/* The gate of two choices, and when what ended unseen is due: a service whose flows come and go as
 * a row says, seen every 100 ms. */
#include "base/util.h"
#include "ingress/placement.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <string.h>

#define S       1000000000ull
#define TURN_NS (S / 10)
#define SITES   2

struct world {
	struct placement placement;
	struct placement_site site[SITES];
	struct member_flows flows[SITES];
	double running[SITES];             /* in truth */
	double due[SITES], due_end[SITES]; /* parts of flows */
	uint64_t now_ns;
	double drained; /* flows */
};

struct row {
	const char *name;
	bool udp;
	double hold_s;
	double rate;           /* starts a second, of each site */
	double lasts_s[SITES]; /* flows, in truth */
	double expected_s;     /* 0: nobody knows */
	double seen;           /* share of the ends */
	enum placement_gate gate;
};

static const struct row rows[] = {
	{ "all as it should be", false, 0, 20, { .1, .1 }, .1, 1, PLACEMENT_OPEN },
	{ "nothing is known of the time", false, 0, 20, { .1, .1 }, 0, 1, PLACEMENT_OPEN },
	{ "few flows", false, 0, 5, { .1, .1 }, .1, 1, PLACEMENT_FEW_FLOWS },
	{ "none", false, 0, 0, { .1, .1 }, .1, 1, PLACEMENT_FEW_FLOWS },
	{ "no end is seen", false, 0, 20, { .2, .2 }, .2, 0, PLACEMENT_FEW_ENDS },
	{ "one end in forty is seen", false, 0, 20, { .2, .2 }, .2, .025, PLACEMENT_FEW_ENDS },
	{ "one end in ten is seen", false, 0, 20, { .2, .2 }, .2, .1, PLACEMENT_OPEN },
	{ "ends come late from everywhere", false, 0, 20, { .5, .5 }, .1, 1, PLACEMENT_OPEN },
	{ "they come too late", false, 0, 20, { 1.5, 1.5 }, .1, 1, PLACEMENT_LATE_ENDS },
	{ "one site is slow", false, 0, 20, { 2, .1 }, .1, 1, PLACEMENT_OPEN },
	{ "UDP of known time", true, 0, 20, { .2, .2 }, .2, 0, PLACEMENT_OPEN },
	{ "UDP of unknown time", true, 0, 20, { .2, .2 }, 0, 0, PLACEMENT_FEW_ENDS },
	{ "flows of before", false, 600, 20, { .1, .1 }, .1, 1, PLACEMENT_WAITING },
};

static void start(struct world *w, const struct row *row)
{
	*w = (struct world){ .now_ns = 1000 * S };
	placement_init(&w->placement, row->udp, row->hold_s, w->now_ns);
	for (int i = 0; i < SITES; i++) {
		w->site[i].share = 1.0 / SITES;
		w->site[i].expected_s = row->expected_s;
		w->flows[i].starts = 1000000; /* of a former run */
		w->flows[i].ends = 1000;
	}
}

/* What the data plane would have counted within a turn, and what it keeps in flight. */
static void flow(struct world *w, const struct row *row, int i)
{
	struct member_flows *flows = &w->flows[i];
	double ended = w->running[i] * (1 - exp(-0.1 / row->lasts_s[i]));
	uint64_t starts, ends;

	w->due[i] += row->rate * 0.1;
	starts = (uint64_t)w->due[i];
	w->due[i] -= (double)starts;
	flows->starts += starts;
	w->running[i] += (double)starts - ended;
	flows->in_flight += (double)starts;
	w->due_end[i] += ended * row->seen;
	ends = (uint64_t)w->due_end[i];
	w->due_end[i] -= (double)ends;
	flows->ends += ends;
	flows->timed += ends;
	flows->flow_us += (uint64_t)((double)ends * row->lasts_s[i] * 1e6);
	flows->in_flight = fmax(0, flows->in_flight - (double)ends);
}

static void correct(struct world *w)
{
	for (int i = 0; i < SITES; i++) {
		double more = placement_correct(&w->placement, &w->site[i]);

		cr_assert(more * TWO_CHOICE_FLOW == round(more * TWO_CHOICE_FLOW), "%g", more);
		w->drained -= more;
		w->flows[i].in_flight = fmax(0, w->flows[i].in_flight + more);
	}
}

static bool turn(struct world *w, const struct row *row)
{
	bool turned;

	w->now_ns += TURN_NS;
	placement_begin(&w->placement, w->now_ns);
	for (int i = 0; i < SITES; i++) {
		flow(w, row, i);
		placement_add(&w->placement, &w->site[i], &w->flows[i]);
	}
	turned = placement_end(&w->placement);
	correct(w);
	return turned;
}

static void run(struct world *w, const struct row *row, int seconds)
{
	for (int i = 0; i < seconds * 10; i++)
		turn(w, row);
}

Test(placement, the_gate)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world w;

		start(&w, &rows[i]);
		cr_expect(eq(int, w.placement.gate, PLACEMENT_WAITING), "%s", rows[i].name);
		run(&w, &rows[i], 60);
		cr_expect(eq(int, w.placement.gate, rows[i].gate), "%s: %s", rows[i].name,
			  placement_gate_text(w.placement.gate));
		cr_expect(fabs(placement_rate(&w.placement) - SITES * rows[i].rate) <=
				  0.2 * rows[i].rate,
			  "%s: %g starts a second", rows[i].name, placement_rate(&w.placement));
	}
}

/* Where ends are missed, what is in flight settles at rate times time all the same. */
Test(placement, what_is_missed_is_drained)
{
	static const double seen[] = { 0, .2, .5, .9, .99, 1 };

	for (size_t i = 0; i < ARRAY_SIZE(seen); i++)
		for (int slow = 0; slow < 2; slow++) {
			double lasts = slow ? 20 : 1;
			struct row row = { "", false, 0, 50, { lasts, lasts }, lasts, seen[i], 0 };
			struct world w;

			start(&w, &row);
			run(&w, &row, slow ? 1000 : 600);
			for (int k = 0; k < SITES; k++)
				cr_expect(w.flows[k].in_flight > 40 * lasts &&
						  w.flows[k].in_flight <
							  50 * lasts * (seen[i] > .95 ? 4.4 : 1.2),
					  "%g of the ends seen, %g s: %g in flight", seen[i], lasts,
					  w.flows[k].in_flight);
			if (seen[i] == 1)
				cr_expect(w.drained < 10, "nothing is missed: %g", w.drained);
		}
}

/* No end is seen: then what is said is all there is. */
Test(placement, recent_starts_are_what_is_in_flight)
{
	static const struct row row = { "", true, 0, 50, { 1, 1 }, 1, 0, 0 };
	struct world w;

	start(&w, &row);
	run(&w, &row, 60);
	for (int k = 0; k < SITES; k++)
		cr_expect(w.flows[k].in_flight > 40 && w.flows[k].in_flight < 60, "%g",
			  w.flows[k].in_flight);
}

/* Flows that come in bursts, and whose ends are all seen, are counted as they are. */
Test(placement, chance_drains_nothing)
{
	struct row row = { "", false, 0, 0, { 1, 1 }, 1, 1, 0 };
	struct world w;
	uint64_t x = 88172645463325252;

	start(&w, &row);
	for (int i = 0; i < 20000; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		row.rate = (double)(x % 40);
		turn(&w, &row);
	}
	for (int k = 0; k < SITES; k++)
		cr_expect(fabs(w.flows[k].in_flight - w.running[k]) < 12, "%g and not %g",
			  w.flows[k].in_flight, w.running[k]);
}

Test(placement, the_gate_turns_after_a_while_and_once)
{
	struct row row = rows[0];
	struct world w;
	int turned = 0;

	start(&w, &row);
	for (int i = 0; i < 600; i++)
		turned += turn(&w, &row);
	cr_expect(eq(int, turned, 1), "opened");
	cr_expect(eq(u64, w.placement.turns, 1));
	row.rate = 0;
	for (int i = 0; i < 20; i++) /* shorter than it takes to be believed */
		turned += turn(&w, &row);
	row.rate = 20;
	for (int i = 0; i < 100; i++)
		turned += turn(&w, &row);
	cr_expect(eq(int, turned, 1), "a pause of two seconds");
	row.rate = 0;
	for (int i = 0; i < 200; i++)
		turned += turn(&w, &row);
	cr_expect(eq(int, turned, 2), "closed");
	cr_expect(eq(int, w.placement.gate, PLACEMENT_FEW_FLOWS));
}

/* Flows that come after a pause: their first second tells how long they last. */
Test(placement, many_flows_open_it_at_once)
{
	struct row row = rows[0];
	struct world w;

	row.rate = 0;
	start(&w, &row);
	run(&w, &row, 30);
	cr_assert(eq(int, w.placement.gate, PLACEMENT_FEW_FLOWS));
	row.rate = 100;
	run(&w, &row, 2);
	cr_expect(eq(int, w.placement.gate, PLACEMENT_OPEN), "after two seconds: %s",
		  placement_gate_text(w.placement.gate));
	cr_expect(w.placement.late_s < 0.05, "%g s late", w.placement.late_s);
}

Test(placement, another_member_counts_from_zero)
{
	struct world w;

	start(&w, &rows[0]);
	run(&w, &rows[0], 20);
	w.flows[1] = (struct member_flows){ .in_flight = 1 };
	run(&w, &rows[0], 20);
	cr_expect(placement_rate(&w.placement) < 44, "%g", placement_rate(&w.placement));
	cr_expect(placement_rate(&w.placement) > 36, "%g", placement_rate(&w.placement));
}

Test(placement, says_why)
{
	for (enum placement_gate gate = PLACEMENT_OPEN; gate <= PLACEMENT_WAITING; gate++) {
		cr_expect(ne(sz, strlen(placement_gate_text(gate)), 0));
		cr_expect(ne(sz, strlen(placement_gate_reason(gate)), 0));
	}
}
