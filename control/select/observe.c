/* SPDX-License-Identifier: BSD-2-Clause */
/* Steps 1 to 3 of a decision (weights.c): estimate, remember, demand. */
#include "state.h"

#include <math.h>

#define WINDOWS_UNSEEN 2  /* after a change, until a mean shows it */
#define SETTLED        10 /* periods after which a change is history */
#define DRAIN_S        10.0
#define RAMP_START     0.2
#define DOUBT_FLOWS    20   /* sent in a window */
#define SURGE_LEAST    -0.5 /* of Lambda */

static bool site_up(const struct weights_site *in)
{
	bool unavailable = in->has_report && in->report.has & REPORT_AVAILABILITY &&
			   in->report.availability == 0;

	return in->up && !unavailable;
}

/* After a start the sites come one by one; none of them is news. */
static bool founding(const struct weights *w, double now_s)
{
	return !(now_s > w->began_s + w->config.report_period_s);
}

static void site_judge(struct weights *w, struct site *site, const struct weights_site *in,
		       double now_s)
{
	bool up = site_up(in);

	if (up != site->up && !founding(w, now_s))
		w->changed_s = now_s;
	if (up && !site->up)
		site->founder = founding(w, now_s);
	/* What has no flows yet need not be led away from slowly. */
	if (in->drain && !site->drains)
		site->drain_since_s = site->share > 0 ? now_s : -INFINITY;
	site->drains = in->drain;
	site->up = up;
	site->known = true;
	if (up && isnan(w->began_s))
		w->began_s = now_s;
}

static double slow_start(const struct weights *w, const struct site *site,
			 const struct weights_site *in, double now_s)
{
	double part = (now_s - in->up_since_s) / w->config.slow_start_s;

	if (site->founder || !(w->config.slow_start_s > 0) || !(part < 1))
		return 1;
	return RAMP_START + (1 - RAMP_START) * fmax(0, part);
}

static double drain_ramp(const struct weights *w, const struct site *site, double now_s)
{
	if (site->silent)
		return 0;
	if (!site->drains || w->last_resort)
		return 1;
	if (w->config.policy == POLICY_NEAREST || w->config.policy == POLICY_GREEDY)
		return 0; /* all or nothing */
	return fmax(0, 1 - (now_s - site->drain_since_s) / DRAIN_S);
}

/* It cannot stand in for another one, however well it is. */
static bool site_barred_for_good(const struct weights_site *in)
{
	return in->excluded || in->class_barred;
}

/* Drain is a wish for other sites to be used; where there is none, it cannot be granted. */
static bool all_drain(const struct weights *w, const struct weights_site *in)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->site[i].up && !w->site[i].silent && !site_barred_for_good(&in[i]) &&
		    !w->site[i].drains)
			return false;
	return true;
}

/* Nor is there anything to be won by excluding all that there are. */
static void weights_exclude(struct weights *w, const struct weights_site *in)
{
	bool any_left = false;

	for (size_t i = 0; i < w->count; i++) {
		struct site *site = &w->site[i];

		site->silent =
			distrust_of(&w->config, w->estimate[i].freshness) == DISTRUST_EXCLUDE;
		any_left |= site->up && !site->silent && !site_barred_for_good(&in[i]);
	}
	for (size_t i = 0; i < w->count; i++)
		w->site[i].silent &= any_left;
}

/* The site as it is to be judged: with `hold`, by what it told last. */
static struct weights_site site_recall(const struct weights *w, struct site *site,
				       const struct weights_site *in)
{
	struct weights_site known = *in;

	if (in->has_report) {
		site->remembers = true;
		site->last = in->report;
		site->last_sampled_s = in->sampled_s;
	} else if (site->remembers && w->config.on_missing == DISTRUST_HOLD) {
		known.has_report = true;
		known.report = site->last;
		known.sampled_s = site->last_sampled_s;
	}
	return known;
}

static struct estimate site_estimate(const struct weights *w, struct site *site,
				     const struct weights_site *in, double now_s)
{
	struct weights_site known = site_recall(w, site, in);
	bool with_load = site->founder || !(known.sampled_s < known.up_since_s);
	struct estimate e;

	if (in->has_report || !known.has_report)
		return estimate_of(&known, now_s, &w->config, with_load);
	known.sampled_s = now_s; /* it counts, however old it is */
	e = estimate_of(&known, now_s, &w->config, with_load);
	e.sampled_s = in->sampled_s;
	e.freshness = FRESH_NONE;
	e.age_s = now_s - site->last_sampled_s;
	return e;
}

/* In the place of what is configured: that does not know when a site gets slower. A stale report
 * gives way to it bit by bit. */
static void weights_sight(struct weights *w, double now_s, const struct weights_site *in)
{
	weights_learn_times(w, in);
	for (size_t i = 0; i < w->count; i++) {
		bool needed = !estimate_time_told(&w->estimate[i]) || w->estimate[i].trust < 1;

		w->site[i].sighted_s = needed ? weights_sighted_time(w, in, i) : NAN;
	}
	for (size_t i = 0; i < w->count; i++) {
		struct weights_site site = in[i];

		if (isnan(w->site[i].sighted_s))
			continue;
		site.service_time_s = w->site[i].sighted_s;
		w->estimate[i] = site_estimate(w, &w->site[i], &site, now_s);
		if (!estimate_time_told(&w->estimate[i]))
			w->estimate[i].service_time_by = ORIGIN_OBSERVED;
	}
}

static void weights_estimate(struct weights *w, double now_s, const struct weights_site *in)
{
	for (size_t i = 0; i < w->count; i++) {
		struct site *site = &w->site[i];

		site_judge(w, site, &in[i], now_s);
		w->estimate[i] = site_estimate(w, site, &in[i], now_s);
	}
	weights_sight(w, now_s, in);
	estimate_complete(w->estimate, w->count);
	weights_exclude(w, in);
	w->last_resort = all_drain(w, in);
	for (size_t i = 0; i < w->count; i++) {
		struct site *site = &w->site[i];

		site->ramp =
			site->up ? slow_start(w, site, &in[i], now_s) * drain_ramp(w, site, now_s)
				 : 0;
	}
}

bool weights_told(const struct weights *w, size_t i)
{
	return w->site[i].up && w->estimate[i].trust > 0 && !isnan(w->estimate[i].arrival_rate);
}

static void weights_remember_shares(struct weights *w)
{
	for (size_t i = 0; i < w->count; i++) {
		struct site *site = &w->site[i];

		if (!weights_told(w, i) || (site->sampled_s == w->estimate[i].sampled_s &&
					    site->window_s == w->estimate[i].window_s))
			continue;
		site->sampled_s = w->estimate[i].sampled_s;
		site->window_s = w->estimate[i].window_s;
		site->own_then = timeline_mean(&site->shares, site->sampled_s, site->window_s,
					       &site->own_known);
	}
}

/* Does the report show what became of the flows that a change sent elsewhere? */
static bool site_settled(const struct weights *w, size_t i, double now_s)
{
	double changed_s = w->changed_s;

	return w->estimate[i].sampled_s >= changed_s + WINDOWS_UNSEEN * w->estimate[i].window_s ||
	       now_s > changed_s + SETTLED * w->config.report_period_s;
}

static void weights_observe_demand(struct weights *w, double now_s)
{
	struct demand_view view = { .complete = true, .first = founding(w, now_s) };
	double share = 0, capacity = 0, all = 0;
	bool any = false;

	for (size_t i = 0; i < w->count; i++) {
		if (!w->site[i].up)
			continue;
		all += w->estimate[i].capacity;
		view.complete &= weights_told(w, i) && site_settled(w, i, now_s);
		if (!weights_told(w, i))
			continue;
		any = true;
		view.sum += w->estimate[i].arrival_rate;
		share += w->site[i].share;
		capacity += w->estimate[i].capacity;
	}
	view.complete &= any;
	view.telling_share = any ? fmax(share, capacity / all) : 0;
	if (!isnan(w->began_s))
		demand_observe(&w->demand, now_s, w->config.report_period_s, &view);
	w->surge = fmax(w->surge, SURGE_LEAST * w->demand.total);
	weights_foresee(w);
}

/* Of so few flows a site may have seen none. */
static bool site_tells_little(const struct weights *w, size_t i, const struct weights_site *in)
{
	const struct estimate *e = &w->estimate[i];
	const struct site *site = &w->site[i];
	double part = w->config.limits.distrust;
	double sent = site->own_then * timeline_at(&w->rates, site->sampled_s);

	if (sent * e->window_s > DOUBT_FLOWS && e->arrival_rate < part * sent)
		return true;
	return in[i].flows_in_flight > DOUBT_FLOWS && e->in_flight < part * in[i].flows_in_flight;
}

/* Its own flows speak of a longer service time, measured by what others tell of theirs. */
static bool site_tells_fast(const struct weights *w, size_t i, double sighted_s)
{
	return estimate_time_told(&w->estimate[i]) &&
	       w->estimate[i].service_time_s < w->config.limits.distrust * sighted_s;
}

/* A site that tells less than a part of what this ingress alone has sent it, or sees there, does
 * not tell the truth; then its capacity is used, and its load is as if it had told none. */
static void weights_doubt(struct weights *w, const struct weights_site *in)
{
	for (size_t i = 0; i < w->count; i++) {
		struct estimate *e = &w->estimate[i];
		struct site *site = &w->site[i];
		double sighted_s;

		site->doubted = false;
		if (!(w->config.limits.distrust > 0) || !(e->trust > 0) || !site->up)
			continue;
		sighted_s = weights_witness(w, in, i);
		if (site_tells_fast(w, i, sighted_s)) {
			site->doubted = true;
			e->service_time_s = sighted_s;
			e->service_time_by = ORIGIN_OBSERVED;
		}
		site->doubted |= weights_told(w, i) && site_tells_little(w, i, in);
		if (site->doubted)
			estimate_forget_load(e);
	}
}

void weights_observe(struct weights *w, double now_s, double own_rate,
		     const struct weights_site *in)
{
	weights_estimate(w, now_s, in);
	weights_sight_load(w, in);
	weights_remember_shares(w);
	weights_measure_surge(w, now_s, own_rate);
	weights_doubt(w, in);
	/* Again, for those who have just lost their word. */
	weights_learn_others(w, in);
	weights_sight_load(w, in);
	weights_remember_shares(w);
	weights_observe_demand(w, now_s);
}
