/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Own flows that the reports cannot show yet (step 3 of a decision).
 *
 * Own surge counts as it is. How many other ingresses there are, and what they do, only reports can
 * tell: where the own flows are suddenly more than all that was told of, as after a pause, nothing
 * is known of the others. Then they are reckoned with, up to nearly what the sites can do: that
 * costs some distance until the next report, while a site that gets all the first flows needs many
 * times as long to be rid of them.
 */
#include "state.h"

#include <math.h>

#define PERIODS_KEPT   10   /* of the own rate: so old the oldest report can be */
#define WINDOWS_UNSEEN 2    /* until a mean shows a change */
#define RATE_MAX       1e12 /* flows/s of one router: above is no measurement */
#define SURGE_MIN      0.15 /* of the own rate: less is noise */
#define LEAP           2.0  /* times what was lately: that is no matter for a mean */
#define LEAP_SIGMAS    4.5
#define MEASURED_S     0.5 /* for so long at least, or it was twenty flows */
#define FLOOD_FLOWS    20  /* in a window; fewer are chance */
#define OTHERS_MAX     10  /* times the own flows */
#define FORESEEN_LOAD  0.9 /* of the sites */

/* The rate of this moment, where the mean of late cannot be right. */
static double rate_leapt(double mean, double now)
{
	bool leaps = now > LEAP * mean && now - mean > LEAP_SIGMAS * sqrt(now / MEASURED_S);

	return leaps ? now : mean;
}

static void own_rate_follow(struct weights *w, double now_s, double own_rate, double window_s)
{
	double passed_s = fmax(0, now_s - w->decision.time_s);

	if (isnan(w->own_rate) || !(window_s > 0))
		w->own_rate = own_rate;
	else
		w->own_rate += (own_rate - w->own_rate) * -expm1(-passed_s / window_s);
	timeline_note(&w->rates, now_s, w->own_rate);
	timeline_forget(&w->rates, now_s - PERIODS_KEPT * w->config.report_period_s);
}

/* The oldest and slowest report is what a surge must be measured against. */
void weights_measure_surge(struct weights *w, double now_s, double own_rate)
{
	double window_s = 0, oldest_s = now_s, rate;

	for (size_t i = 0; i < w->count; i++)
		if (weights_told(w, i)) {
			window_s = fmax(window_s, w->estimate[i].window_s);
			oldest_s = fmin(oldest_s, w->estimate[i].sampled_s);
		}
	w->surge = w->flood = 0;
	if (!(own_rate >= 0 && own_rate <= RATE_MAX)) {
		w->own_rate = NAN;
		w->rates.count = 0;
		return;
	}
	own_rate_follow(w, now_s, own_rate, window_s);
	rate = rate_leapt(w->own_rate, own_rate);
	w->surge = rate - timeline_at(&w->rates, oldest_s);
	if (fabs(w->surge) < SURGE_MIN * rate)
		w->surge = 0;
	w->flood = rate - timeline_at(&w->rates, oldest_s - WINDOWS_UNSEEN * window_s);
	if (w->flood * window_s < FLOOD_FLOWS)
		w->flood = 0;
}

void weights_foresee(struct weights *w)
{
	double told = w->demand.total, most = 0, more;

	w->foreseen = 0;
	if (!(w->flood > told))
		return;
	for (size_t i = 0; i < w->count; i++)
		most += FORESEEN_LOAD * w->site[i].ramp * w->estimate[i].capacity /
			w->estimate[i].service_time_s;
	more = w->flood * fmin(OTHERS_MAX, w->flood / fmax(told, w->flood / OTHERS_MAX));
	more = fmin(more, most - told);
	w->foreseen = fmax(0, more - w->surge);
	w->surge += w->foreseen;
}
