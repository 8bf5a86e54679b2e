/* SPDX-License-Identifier: BSD-2-Clause */
#include "select/demand.h"

#include <math.h>

#define KEEP_PER_S 0.8 /* smoothing: what is left of the former value after a second */

/* A sum that is so much more than lately, and by so many flows in a period, is no noise. Upwards
 * only: with too small a total each move is taken for smaller than it is. */
#define LEAP       1.5
#define LEAP_FLOWS 20

/* In periods: so long a missing site is waited for, before anything was known and after. */
#define WAIT_FIRST 3
#define WAIT_LATER 10

static bool demand_leaps(const struct demand *d, double period_s, double observed)
{
	return observed > LEAP * d->total && (observed - d->total) * period_s > LEAP_FLOWS;
}

static void demand_follow(struct demand *d, double now_s, double period_s, double observed,
			  bool first)
{
	double keep = pow(KEEP_PER_S, fmax(0, now_s - d->observed_s));

	if (first || isnan(d->total) || demand_leaps(d, period_s, observed))
		d->total = observed;
	else
		d->total = observed + keep * (d->total - observed);
}

/* Too long without a whole sum: the sites that tell stand for the others, or nobody knows. */
static void demand_guess(struct demand *d, double now_s, double period_s,
			 const struct demand_view *view)
{
	if (view->telling_share > 0)
		demand_follow(d, now_s, period_s, view->sum / view->telling_share, view->first);
	else
		d->total = NAN;
}

void demand_observe(struct demand *d, double now_s, double period_s, const struct demand_view *view)
{
	double patience_s;

	if (!d->started)
		*d = (struct demand){
			.total = NAN, .observed_s = now_s, .complete_s = now_s, .started = true
		};
	patience_s = period_s * (isnan(d->total) ? WAIT_FIRST : WAIT_LATER);
	if (view->complete) {
		demand_follow(d, now_s, period_s, view->sum, view->first);
		d->complete_s = now_s;
	} else if (now_s - d->complete_s > patience_s) {
		demand_guess(d, now_s, period_s, view);
	}
	d->observed_s = now_s;
}
