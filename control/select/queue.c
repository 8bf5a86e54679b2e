/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: with rho the utilisation and p = sqrt(2 (c + 1)),
 *
 *   Lq(rho)   = rho^p / (1 - rho)
 *   Lq'(rho)  = rho^(p-1) (p - (p-1) rho) / (1 - rho)^2
 *   Lq''(rho) = Lq'(rho) F(rho) / rho,   F(rho) = d ln Lq' / d ln rho
 *
 * up to the bend, and a parabola with the same value, slope and curve above it, so that overload
 * has a finite price that still grows.
 */
#include "select/queue.h"

#include <math.h>

/* 0.97, but where the wall stands closer to 1, as it does with hundreds of slots, so does the bend:
 * at 0.97 the parabola would still be flat and overload cost nothing. */
#define BEND          0.97
#define BEND_DISTANCE 0.6 /* times 1 / p */

#define STEPS_MAX 32
#define PRECISION 1e-12

static double slope_below(double power, double rho)
{
	return pow(rho, power - 1) * (power - (power - 1) * rho) / ((1 - rho) * (1 - rho));
}

static double steepness(double power, double rho)
{
	return (power - 1) * (1 - rho / (power - (power - 1) * rho)) + 2 * rho / (1 - rho);
}

struct queue queue_of(double capacity)
{
	double p = sqrt(2 * (capacity + 1));
	struct queue queue = { .power = p, .bend = fmax(BEND, 1 - BEND_DISTANCE / p) };

	queue.length = pow(queue.bend, p) / (1 - queue.bend);
	queue.slope = slope_below(p, queue.bend);
	queue.curve = queue.slope * steepness(p, queue.bend) / queue.bend;
	return queue;
}

double queue_length(const struct queue *queue, double utilisation)
{
	double over = utilisation - queue->bend;

	if (utilisation <= 0)
		return 0;
	if (over > 0)
		return queue->length + over * (queue->slope + over * queue->curve / 2);
	return pow(utilisation, queue->power) / (1 - utilisation);
}

double queue_slope(const struct queue *queue, double utilisation)
{
	double over = utilisation - queue->bend;

	if (utilisation <= 0)
		return 0;
	return over > 0 ? queue->slope + over * queue->curve
			: slope_below(queue->power, utilisation);
}

double queue_curve(const struct queue *queue, double utilisation)
{
	if (utilisation <= 0)
		return 0;
	if (utilisation > queue->bend)
		return queue->curve;
	return slope_below(queue->power, utilisation) * steepness(queue->power, utilisation) /
	       utilisation;
}

/* Newton's method for ln Lq' over ln rho. That function is convex and rises at least as steeply as
 * p - 1, so that from the right of the root each step stays there and shortens; a step from the
 * left lands on the right, and the bend is right of every root sought here. */
double queue_utilisation(const struct queue *queue, double slope, double guess)
{
	double p = queue->power, most = log(queue->bend), wanted, at, step = INFINITY;

	if (!(slope > 0))
		return 0;
	if (slope >= queue->slope)
		return queue->bend + (slope - queue->slope) / queue->curve;

	wanted = log(slope);
	at = guess > 0 ? log(guess) : (wanted - log(p)) / (p - 1); /* where rho is small */
	for (int i = 0; i < STEPS_MAX && fabs(step) > PRECISION; i++) {
		double rho, rest;

		at = fmin(at, most);
		rho = exp(at);
		rest = (p - (p - 1) * rho) / ((1 - rho) * (1 - rho));
		step = ((p - 1) * at + log(rest) - wanted) / steepness(p, rho);
		at -= step;
	}
	return exp(fmin(at, most));
}
