/* SPDX-License-Identifier: BSD-2-Clause */
/* What every measure is told. */
#pragma once
#include <stdint.h>

#define BENCH_RUNS_MAX 100

struct bench {
	char dir[64]; /* for files */
	uint32_t routes;
	unsigned int runs;
};
