/* SPDX-License-Identifier: BSD-2-Clause */
/* Random numbers for property tests: one seed, printed, or set by MG_SEED to run a failure again.
 */
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct random {
	uint64_t state;
};

static inline uint64_t random_u64(struct random *random)
{
	uint64_t x = random->state += 0x9e3779b97f4a7c15ull;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

static inline uint32_t random_below(struct random *random, uint32_t limit)
{
	return (random_u64(random) >> 32) * limit >> 32;
}

static inline struct random random_seeded(const char *test)
{
	const char *text = getenv("MG_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : (uint64_t)time(NULL) * 1000003;

	fprintf(stderr, "%s: MG_SEED=%llu\n", test, (unsigned long long)seed);
	return (struct random){ .state = seed };
}
