/* SPDX-License-Identifier: BSD-2-Clause */
/* Step 4 of a decision (weights.c): shares by the policy. */
#include "state.h"

#include <math.h>

double weights_rate(const struct weights *w)
{
	return w->demand.total + w->surge;
}

/* Own share at the time of the report. Before our memory begins we were like everybody else. */
double weights_own_then(const struct weights *w, size_t i)
{
	double common =
		w->demand.total > 0 ? fmin(1, w->estimate[i].arrival_rate / w->demand.total) : 0;

	if (!weights_told(w, i))
		return 0;
	return w->site[i].own_then + (1 - w->site[i].own_known) * common;
}

static double site_base(const struct weights *w, size_t i)
{
	const struct estimate *e = &w->estimate[i];
	double trim_s = fmax(0.5, 0.6 * (e->age_s + w->config.report_period_s));
	double queued = isnan(e->in_flight) ? 0 : fmax(0, e->in_flight - e->capacity);

	if (!weights_told(w, i))
		return 0;
	if (isnan(w->demand.total))
		return e->arrival_rate;
	return e->trust *
	       (e->arrival_rate - w->demand.total * weights_own_then(w, i) + queued / trim_s);
}

#define FAR_S 3600 /* nothing is farther, or dearer */

static double sane_rtt(double rtt_s)
{
	return isnan(rtt_s) ? FAR_S : fmin(FAR_S, fmax(0, rtt_s)); /* unknown is not near */
}

/* Only the compute-aware policy weighs money against time. What is no number costs nothing. */
static double sane_cost(const struct weights *w, double cost)
{
	double cost_s = w->config.policy == POLICY_COMPUTE_AWARE
				? cost * w->config.limits.cost_weight_s
				: 0;

	return cost_s > 0 ? fmin(FAR_S, cost_s) : 0;
}

static void site_measure(const struct weights *w, const struct weights_site *in, struct site *ret)
{
	ret->rtt_s = sane_rtt(in->rtt_s);
	ret->tier_s = in->tier * w->config.limits.overflow_s;
	ret->cost_s = sane_cost(w, in->cost);
}

static void weights_lay_out(struct weights *w, const struct weights_site *in)
{
	for (size_t i = 0; i < w->count; i++) {
		struct site *site = &w->site[i];
		struct waterfill_site *fill = &w->fill[i];
		double ramp = site->ramp > 0 ? site->ramp : 1;
		double capacity = estimate_positive(w->estimate[i].capacity * ramp);

		if (capacity != fill->capacity)
			fill->queue = queue_of(capacity);
		fill->capacity = capacity;
		fill->service_time_s = w->estimate[i].service_time_s;
		site_measure(w, &in[i], site);
		fill->rtt_s = site->rtt_s + site->tier_s + site->cost_s;
		fill->base = site_base(w, i);
		fill->closed = site->ramp <= 0;
		fill->share = 0;
	}
}

/* By what the sites can serve in a second, as configured, even where a report says otherwise. What
 * is not configured is as the mean; times count only where all sites have one. */
static double configured_service_time(const struct weights *w, const struct weights_site *in,
				      size_t i)
{
	for (size_t k = 0; k < w->count; k++)
		if (isnan(estimate_positive(in[k].service_time_s)))
			return 1;
	return estimate_positive(in[i].service_time_s);
}

/* Once for all sites, before shares are made of it. */
static void static_weigh(struct weights *w, const struct weights_site *in)
{
	double sum = 0, known = 0;

	for (size_t i = 0; i < w->count; i++) {
		double capacity = estimate_positive(in[i].capacity);

		sum += isnan(capacity) ? 0 : capacity;
		known += !isnan(capacity);
	}
	for (size_t i = 0; i < w->count; i++) {
		double capacity = estimate_positive(in[i].capacity);

		if (isnan(capacity))
			capacity = known > 0 ? sum / known : 1;
		w->site[i].weight = w->site[i].ramp * capacity / configured_service_time(w, in, i);
	}
}

/* The same by what is known of the sites now: nobody has told what all of them send. */
static void capacity_weigh(struct weights *w)
{
	for (size_t i = 0; i < w->count; i++)
		w->site[i].weight = w->fill[i].capacity / w->fill[i].service_time_s;
}

static void fill_by_weight(struct weights *w, double rate)
{
	double sum = 0;

	for (size_t i = 0; i < w->count; i++)
		sum += w->fill[i].closed ? 0 : w->site[i].weight;
	for (size_t i = 0; i < w->count; i++)
		w->fill[i].share = w->fill[i].closed || !(sum > 0) ? 0 : w->site[i].weight / sum;
}

/* Seconds until a flow that comes now has been served, and of its way. */
static double site_delay(const struct weights *w, size_t i)
{
	const struct waterfill_site *fill = &w->fill[i];
	double per_flow_s = fill->service_time_s / fill->capacity,
	       rate = weights_told(w, i) ? w->estimate[i].arrival_rate : 0;
	double queued = isnan(w->estimate[i].in_flight)
				? queue_length(&fill->queue, rate * per_flow_s)
				: fmax(0, w->estimate[i].in_flight - fill->capacity);

	return fill->rtt_s + fill->service_time_s + queued * per_flow_s;
}

static double site_distance(const struct weights *w, size_t i)
{
	return w->fill[i].rtt_s;
}

/* All to the site with the least; of several, to the one with the lowest id. */
static void want_least(struct weights *w, double (*measure)(const struct weights *, size_t))
{
	size_t best = w->count;
	double least = INFINITY;

	for (size_t i = 0; i < w->count; i++) {
		double value = measure(w, i);

		if (w->fill[i].closed || value > least ||
		    (value == least && best < w->count && w->site[i].id > w->site[best].id))
			continue;
		best = i;
		least = value;
	}
	if (best < w->count)
		w->fill[best].share = 1;
}

static void fill_by_load(struct weights *w, double rate)
{
	struct waterfill fill = { .site = w->fill,
				  .count = w->count,
				  .rate = rate,
				  .theta = w->config.queue_factor,
				  .level = w->level };
	bool open = false;

	for (size_t i = 0; i < w->count; i++) {
		open |= !w->fill[i].closed;
		w->fill[i].share = 0;
	}
	if (!open)
		return;
	waterfill(&fill);
	w->level = fill.level;
}

/* Whatever the numbers were: shares are 0 to 1 and sum to 1. */
static void shares_take(struct weights *w)
{
	double sum = 0, open = 0;
	bool sane = true;

	for (size_t i = 0; i < w->count; i++) {
		sum += w->fill[i].share;
		open += !w->fill[i].closed;
		sane &= w->fill[i].share >= 0;
	}
	sane &= sum > 0 && isfinite(sum);
	for (size_t i = 0; i < w->count; i++)
		w->site[i].wanted = w->fill[i].closed ? 0
				    : sane            ? w->fill[i].share / sum
						      : 1 / open;
}

static void weights_want_open(struct weights *w, const struct weights_site *in)
{
	switch (w->config.policy) {
	case POLICY_NEAREST:
		want_least(w, site_distance);
		return;
	case POLICY_STATIC:
		static_weigh(w, in);
		weights_fill_bounded(w, 1, fill_by_weight);
		return;
	case POLICY_GREEDY:
		want_least(w, site_delay);
		return;
	case POLICY_COMPUTE_AWARE:
		break;
	}
	if (!isnan(w->demand.total)) {
		weights_fill_bounded(w, weights_rate(w), fill_by_load);
		return;
	}
	capacity_weigh(w);
	weights_fill_bounded(w, 1, fill_by_weight);
}

void weights_want(struct weights *w, const struct weights_site *in)
{
	bool any = false;

	weights_lay_out(w, in);
	for (size_t i = 0; i < w->count; i++)
		any |= !w->fill[i].closed;
	for (size_t i = 0; i < w->count; i++) {
		w->site[i].least = 0;
		w->site[i].capped = false;
	}
	if (any)
		weights_want_open(w, in);
	if (!any || w->config.policy != POLICY_COMPUTE_AWARE || isnan(w->demand.total))
		w->level = 0;
	shares_take(w);
}
