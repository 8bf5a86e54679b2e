/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: for a level nu each site takes x_i(nu) = max(0, (phi_i^-1(nu - r_i) - b_i) / K); the sum of
 * the x_i rises with nu and is to be 1. It has jumps where a site with b_i < 0 comes in, for up to
 * b_i + K x_i = 0 that site's marginal cost is flat; there the last step shares out what fits.
 */
#include "select/waterfill.h"

#include <math.h>

#define STEPS_MAX    128
#define PRECISION    1e-12
#define BOUND_MARGIN 1e-9 /* what rounding, or a flat cost, could hide of the one site */
#define RATE_MIN     1e-6 /* of what all can serve: "nobody asks" is the limit of "few ask" */

double waterfill_cost(const struct waterfill_site *site, double theta, double arrival_rate)
{
	double utilisation = arrival_rate * site->service_time_s / site->capacity;

	return arrival_rate * site->service_time_s +
	       theta * queue_length(&site->queue, utilisation);
}

double waterfill_marginal(const struct waterfill_site *site, double theta, double arrival_rate)
{
	double per_flow = site->service_time_s / site->capacity;

	return site->service_time_s +
	       theta * per_flow * queue_slope(&site->queue, arrival_rate * per_flow);
}

/* Sets the site's share at the level; returns the share's derivative. */
static double site_fill(struct waterfill_site *site, const struct waterfill *fill, double level)
{
	double per_flow = site->service_time_s / site->capacity;
	double spare = level - site->rtt_s - site->service_time_s, utilisation;

	site->share = 0;
	if (site->closed || spare <= 0)
		return 0;
	utilisation =
		queue_utilisation(&site->queue, spare / (fill->theta * per_flow), site->guess);
	site->guess = utilisation;
	if (utilisation / per_flow <= site->base)
		return 0;
	site->share = (utilisation / per_flow - site->base) / fill->rate;
	return 1 / (fill->rate * fill->theta * per_flow * per_flow *
		    queue_curve(&site->queue, utilisation));
}

/* Sum of the shares at the level. */
static double fill_to(struct waterfill *fill, double level, double *ret_derivative)
{
	double sum = 0;

	*ret_derivative = 0;
	for (size_t i = 0; i < fill->count; i++) {
		*ret_derivative += site_fill(&fill->site[i], fill, level);
		sum += fill->site[i].share;
	}
	return sum;
}

/* At *ret_low nobody takes anything; at *ret_high one site alone could take all. */
static void level_bounds(const struct waterfill *fill, double *ret_low, double *ret_high)
{
	*ret_low = *ret_high = INFINITY;
	for (size_t i = 0; i < fill->count; i++) {
		const struct waterfill_site *s = &fill->site[i];
		double all = waterfill_marginal(s, fill->theta, s->base + fill->rate);

		if (s->closed)
			continue;
		*ret_low = fmin(*ret_low, s->rtt_s + waterfill_marginal(s, fill->theta, s->base));
		*ret_high = fmin(*ret_high, s->rtt_s + all);
	}
	*ret_high *= 1 + BOUND_MARGIN;
}

/* Between two levels that no number separates: as much of the jump as makes 1. */
static void shares_between(struct waterfill *fill, double low, double high)
{
	double unused, below, above, part;

	below = fill_to(fill, low, &unused);
	for (size_t i = 0; i < fill->count; i++)
		fill->site[i].below = fill->site[i].share;
	above = fill_to(fill, high, &unused);
	part = above > below ? (1 - below) / (above - below) : 1;
	for (size_t i = 0; i < fill->count; i++) {
		struct waterfill_site *s = &fill->site[i];

		s->share = s->below + part * (s->share - s->below);
	}
}

/* Newton's step where it stays inside the bounds, but every third step halves them. */
static double level_next(double level, double step, int i, double low, double high)
{
	double next = level + step;

	return i % 3 < 2 && next > low && next < high ? next : low + (high - low) / 2;
}

static double rate_floor(const struct waterfill *fill)
{
	double served = 0;

	for (size_t i = 0; i < fill->count; i++)
		if (!fill->site[i].closed)
			served += fill->site[i].capacity / fill->site[i].service_time_s;
	return served * RATE_MIN;
}

/* Sets the shares to where they sum to 1, or next to it. */
static void level_seek(struct waterfill *fill, double low, double high)
{
	double sum, derivative;

	if (!(fill->level > low && fill->level < high))
		fill->level = high;
	for (int i = 0; i < STEPS_MAX; i++) {
		sum = fill_to(fill, fill->level, &derivative);
		if (fabs(sum - 1) < PRECISION)
			return;
		if (sum < 1)
			low = fill->level;
		else
			high = fill->level;
		if (high - low <= high * PRECISION)
			break;
		fill->level = level_next(fill->level, (1 - sum) / derivative, i, low, high);
	}
	shares_between(fill, low, high);
	fill->level = high;
}

void waterfill(struct waterfill *fill)
{
	double low, high, sum = 0;

	fill->rate = fmax(fill->rate, rate_floor(fill));
	level_bounds(fill, &low, &high);
	level_seek(fill, low, high);
	for (size_t i = 0; i < fill->count; i++)
		sum += fill->site[i].share;
	for (size_t i = 0; i < fill->count; i++)
		fill->site[i].share /= sum;
}
