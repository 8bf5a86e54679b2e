/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: Where a part of the ends is missed, one that is seen stands for 1 / (part seen), so that the
 * count has no drift; what is left is noise, which the law takes back. Where next to none is seen,
 * as many are taken to end as begin. The constants are by tools/sim, README.md there.
 */
#include "ingress/census.h"

#include <math.h>

#define FLOWS      8   /* that a mean time is about */
#define WINDOW_S   0.5 /* of the rate: and a flow's time */
#define SEEN_MIN   0.02
#define PULL       0.8  /* of the error, in a flow's time, where all ends are missed */
#define LATE_PER   4    /* flows' times late: as bad as if all ends were missed */
#define LATE_WORST 0.5  /* at most as bad as this part of them missed */
#define IDLE_FLOWS 0.05 /* in flight by the law: none are, and what is counted is left over */
#define LATE_RIGHT 0.5  /* of what is said: a flow takes that at least, without lateness */

void census_note(struct census *c, const struct census_tick *tick, double said_s)
{
	double window_s = WINDOW_S + census_time(c, said_s);

	c->rate += (tick->starts / tick->passed_s - c->rate) * -expm1(-tick->passed_s / window_s);
	if (!(tick->timed > 0))
		return;
	if (c->time_s <= 0)
		c->time_s = said_s;
	c->time_s +=
		(tick->timed_s / tick->timed - c->time_s) * (1 - pow(1 - 1.0 / FLOWS, tick->timed));
}

double census_time(const struct census *c, double said_s)
{
	return c->time_s > 0 ? c->time_s : said_s;
}

/* 0: the count is right; 1: it is worth nothing. The root: of few ends missed it is not well known
 * how many, and that error is to be pulled back, too. */
static double worthless(const struct census *c, const struct census_view *view, double time_s)
{
	double late = fmin(LATE_WORST, view->late_s / (LATE_PER * time_s));

	if (c->rate * time_s < IDLE_FLOWS)
		return 1;
	return sqrt(fmin(1, view->missed + late));
}

static double ends_unseen(const struct census *c, const struct census_tick *tick,
			  const struct census_view *view)
{
	if (1 - view->missed < SEEN_MIN)
		return fmax(0, c->rate * tick->passed_s - tick->ends);
	return tick->ends * (1 / (1 - view->surely) - 1);
}

double census_correct(const struct census *c, const struct census_tick *tick,
		      const struct census_view *view, double said_s)
{
	double time_s = fmax(census_time(c, said_s) - view->late_s, said_s * LATE_RIGHT);
	double unseen = ends_unseen(c, tick, view);
	double error = tick->in_flight - unseen - c->rate * time_s;
	double pull = PULL * worthless(c, view, time_s) / time_s;

	return -unseen - error * -expm1(-pull * tick->passed_s);
}
