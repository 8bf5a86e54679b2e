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

static double sane_rtt(double rtt_s)
{
	return isnan(rtt_s) ? 3600 : fmin(3600, fmax(0, rtt_s)); /* unknown is not near */
}

static void weights_lay_out(struct weights *w, const struct weights_site *in)
{
	for (size_t i = 0; i < w->count; i++) {
		const struct site *site = &w->site[i];
		struct waterfill_site *fill = &w->fill[i];
		double ramp = site->ramp > 0 ? site->ramp : 1;
		double capacity = estimate_positive(w->estimate[i].capacity * ramp);

		if (capacity != fill->capacity)
			fill->queue = queue_of(capacity);
		fill->capacity = capacity;
		fill->service_time_s = w->estimate[i].service_time_s;
		fill->rtt_s = sane_rtt(in[i].rtt_s);
		fill->base = site_base(w, i);
		fill->closed = site->ramp <= 0;
		fill->share = 0;
	}
}

static void want_nearest(struct weights *w)
{
	size_t best = w->count;

	for (size_t i = 0; i < w->count; i++) {
		const struct waterfill_site *a = &w->fill[i], *b = &w->fill[best];

		if (!a->closed && (best == w->count || a->rtt_s < b->rtt_s ||
				   (a->rtt_s == b->rtt_s && w->site[i].id < w->site[best].id)))
			best = i;
	}
	if (best < w->count)
		w->fill[best].share = 1;
}

/* configured_only: even where a report says otherwise. What is not configured is as the mean. */
static void want_by_capacity(struct weights *w, const struct weights_site *in, bool configured_only)
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
		if (!configured_only)
			w->fill[i].share = w->fill[i].closed ? 0 : w->fill[i].capacity;
		else
			w->fill[i].share = w->site[i].ramp * capacity;
	}
}

static void want_by_load(struct weights *w)
{
	struct waterfill fill = { .site = w->fill,
				  .count = w->count,
				  .rate = weights_rate(w),
				  .theta = w->config.queue_factor,
				  .level = w->level };

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

void weights_want(struct weights *w, const struct weights_site *in)
{
	bool any = false;

	weights_lay_out(w, in);
	for (size_t i = 0; i < w->count; i++)
		any |= !w->fill[i].closed;
	if (!any)
		w->level = 0;
	else if (w->config.policy == POLICY_NEAREST)
		want_nearest(w);
	else if (w->config.policy == POLICY_STATIC || isnan(w->demand.total))
		want_by_capacity(w, in, w->config.policy == POLICY_STATIC);
	else
		want_by_load(w);
	if (w->config.policy != POLICY_COMPUTE_AWARE || isnan(w->demand.total))
		w->level = 0;
	shares_take(w);
}
