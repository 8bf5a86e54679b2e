/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Seeded draws: the same seed gives the same numbers on every machine. One stream for each use, so
 * that one more draw here does not shift the others. Storage is the caller's.
 */
#pragma once
#include <stdint.h>

struct draw {
	uint64_t state;
};

struct draw draw_of(uint64_t seed, uint64_t stream);
double draw_unit(struct draw *draw); /* 0 <= x < 1 */
uint32_t draw_below(struct draw *draw, uint32_t n);
double draw_exponential(struct draw *draw, double mean);

/* Sizes of requests: bounded Pareto between min and min * ratio with this mean; alpha 0:
 * exponential. */
struct sizes {
	double mean, alpha, ratio;
};
double draw_size(struct draw *draw, const struct sizes *sizes);
