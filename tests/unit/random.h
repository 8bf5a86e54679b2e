/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random numbers for property tests: a new seed every run, printed, so that a failure can be run
 * again with MARGAY_SEED.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct random {
	uint64_t state;
};

static inline uint64_t random_u64(struct random *random)
{
	uint64_t x = random->state += 0x9e3779b97f4a7c15ull; /* a Weyl sequence, then mixed */

	x = (x ^ x >> 32) * 0xd6e8feb86659fd93ull;
	x = (x ^ x >> 32) * 0xd6e8feb86659fd93ull;
	return x ^ x >> 32;
}

static inline struct random random_seeded(const char *what)
{
	const char *given = getenv("MARGAY_SEED");
	struct random random;

	if (given)
		random.state = strtoull(given, NULL, 0);
	else
		arc4random_buf(&random.state, sizeof(random.state));
	fprintf(stderr, "%s: MARGAY_SEED=%#llx\n", what, (unsigned long long)random.state);
	return random;
}

static inline double random_unit(struct random *random) /* [0, 1) */
{
	return (double)(random_u64(random) >> 11) * 0x1p-53;
}

static inline double random_between(struct random *random, double low, double high)
{
	return low + (high - low) * random_unit(random);
}

static inline size_t random_below(struct random *random, size_t end)
{
	return (size_t)(random_u64(random) % end);
}
