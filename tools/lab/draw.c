/* SPDX-License-Identifier: BSD-2-Clause */
#include "draw.h"

#include <math.h>

/* SplitMix64 (Steele, Lea, Flood 2014): a counter through a mixing function; any seed is good. */
static uint64_t draw_next(struct draw *draw)
{
	uint64_t z = draw->state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

struct draw draw_of(uint64_t seed, uint64_t stream)
{
	struct draw a = { .state = seed }, b = { .state = stream ^ draw_next(&a) };

	return (struct draw){ .state = draw_next(&b) };
}

double draw_unit(struct draw *draw)
{
	return (double)(draw_next(draw) >> 11) * 0x1p-53;
}

uint32_t draw_below(struct draw *draw, uint32_t n)
{
	return (uint32_t)(draw_unit(draw) * n);
}

double draw_exponential(struct draw *draw, double mean)
{
	return -mean * log1p(-draw_unit(draw));
}

/* Mean of the bounded Pareto distribution from 1 to ratio. */
static double pareto_mean(double alpha, double ratio)
{
	double tail = pow(ratio, -alpha);

	if (alpha == 1)
		return log(ratio) / (1 - tail);
	return alpha / (alpha - 1) * (1 - pow(ratio, 1 - alpha)) / (1 - tail);
}

double draw_size(struct draw *draw, const struct sizes *sizes)
{
	double u, tail;

	if (sizes->alpha <= 0)
		return draw_exponential(draw, sizes->mean);
	u = draw_unit(draw);
	tail = pow(sizes->ratio, -sizes->alpha);
	return sizes->mean / pareto_mean(sizes->alpha, sizes->ratio) *
	       pow(1 - u * (1 - tail), -1 / sizes->alpha);
}
