/* SPDX-License-Identifier: BSD-2-Clause */
/* Figures of several runs. Pure; storage is the caller's. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define SAMPLE_NOISY 0.1

struct sample_summary {
	double median;
	double spread; /* half of all runs lie so far apart, as a share of the median */
};

/* Sorts the values. count: at least one. */
struct sample_summary sample_summary(double *values, size_t count);
/* The value that so large a share of them does not exceed, 0 to 1. Sorts the values. */
double sample_quantile(double *values, size_t count, double share);
bool sample_noisy(const struct sample_summary *summary);
