/* SPDX-License-Identifier: BSD-2-Clause */
/* What every measure is told. */
#pragma once
#include <stdint.h>
#include <stdio.h>

#define BENCH_RUNS_MAX 100

struct bench {
	char dir[64]; /* for files */
	uint32_t routes;
	unsigned int runs;
};

/* On standard error, where a measure takes long. run: from 0. */
static inline void bench_progress(const struct bench *bench, const char *measure, unsigned int run)
{
	fprintf(stderr, "%s: run %u of %u\n", measure, run + 1, bench->runs);
}
