/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: of each (slot, site) a hash makes a random time, exponential with the site's share as rate;
 * the earliest of a slot is its owner, the second its next choice. A site's times depend on itself
 * only: dividing them by a larger share brings all of them forward, and no slot moves but to it.
 *
 * Slots go by in blocks, so that the sites' loop is outside and nothing need be allocated. The
 * logarithm is our own: it vectorises, and does not change with the C library of a router.
 */
#include "select/owners.h"

#include <math.h>
#include <string.h>

#define BLOCK 256 /* slots */

struct block {
	const struct owner_site *sites;
	uint64_t key[BLOCK];
	double first[BLOCK], second[BLOCK]; /* times */
	/* Indexes of sites[] or NOBODY, in the form of the times, so that they move with them. */
	double first_site[BLOCK], second_site[BLOCK];
};

#define NOBODY UINT16_MAX

/* A bijection that spreads every bit of its argument over all bits of the result: xor with its
 * own upper half, and multiplication by an odd number, twice. */
static inline uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 32) * 0xd6e8feb86659fd93ull;
	x = (x ^ x >> 32) * 0xd6e8feb86659fd93ull;
	return x ^ x >> 32;
}

static inline double double_of_bits(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* -ln of a number drawn from (0, 1): exponent and mantissa apart, then the series of
 * ln m = ln sqrt 2 + 2 artanh((m - sqrt 2) / (m + sqrt 2)), whose rest is below 1e-9 here. */
static inline double minus_log(double x)
{
	uint64_t bits;
	double s, s2, series, exponent;

	memcpy(&bits, &x, sizeof(bits));
	/* The exponent as the low bits of a double in [2^52, 2^53): no conversion to wait for. */
	exponent = double_of_bits((bits >> 52) | 0x4330000000000000ull) - (0x1p52 + 1023);
	s = double_of_bits((bits & 0xfffffffffffffull) | 0x3ff0000000000000ull);
	s = (s - M_SQRT2) / (s + M_SQRT2);
	s2 = s * s;
	series = 1 + s2 * (1.0 / 3 + s2 * (1.0 / 5 + s2 * (1.0 / 7 + s2 * (1.0 / 9))));
	return -M_LN2 * (exponent + 0.5) - 2 * s * series;
}

static inline double time_draw(uint64_t key, uint64_t site_key, double mean)
{
	uint64_t bits = mix(key ^ site_key) >> 12 | 0x3ff0000000000000ull;

	/* In (0, 1), symmetric: half a step above [0, 1). */
	return minus_log(double_of_bits(bits) - (1 - 0x1p-53)) * mean;
}

static uint64_t key_of_site(const struct owner_site *site)
{
	return mix(site->id + 0x9e3779b97f4a7c15ull);
}

static void times_draw(const uint64_t key[BLOCK], uint64_t site_key, double mean, double ret[BLOCK])
{
	for (size_t i = 0; i < BLOCK; i++)
		ret[i] = time_draw(key[i], site_key, mean);
}

/* Enters the site's times in all slots of the block, without a branch: who is early is chance. */
static void block_race(struct block *block, uint16_t site, double rate)
{
	double time[BLOCK], index = site;

	times_draw(block->key, key_of_site(&block->sites[site]), 1 / rate, time);
	for (size_t i = 0; i < BLOCK; i++) {
		double first = block->first[i], second = block->second[i], t = time[i];
		double first_site = block->first_site[i], second_site = block->second_site[i];

		second_site = t < second ? index : second_site;
		block->second_site[i] = t < first ? first_site : second_site;
		block->first_site[i] = t < first ? index : first_site;
		second = t < second ? t : second;
		block->second[i] = t < first ? first : second;
		block->first[i] = t < first ? t : first;
	}
}

static void block_reset(struct block *block)
{
	for (size_t i = 0; i < BLOCK; i++) {
		block->first[i] = block->second[i] = INFINITY;
		block->first_site[i] = block->second_site[i] = NOBODY;
	}
}

static bool has_share(const struct owner_site *site)
{
	return site->share > 0 && isfinite(site->share) && isfinite(1 / site->share);
}

/* Index of the site with the next higher id, or count. Sites race in this order, so that a tie is
 * decided by it and not by the order of the list. */
static size_t site_after(const struct owner_site *sites, size_t count, size_t after)
{
	size_t next = count;

	for (size_t i = 0; i < count; i++)
		if ((after == count || sites[i].id > sites[after].id) &&
		    (next == count || sites[i].id < sites[next].id))
			next = i;
	return next;
}

static void block_race_shares(struct block *block, size_t count)
{
	const struct owner_site *sites = block->sites;

	for (size_t i = site_after(sites, count, count); i < count; i = site_after(sites, count, i))
		if (has_share(&sites[i]))
			block_race(block, (uint16_t)i, sites[i].share);
}

/* A slot that only one site can own still needs a next choice for when that one goes down. */
static void block_race_spares(struct block *block, size_t count)
{
	const struct owner_site *sites = block->sites;
	struct block spare = *block;

	block_reset(&spare);
	for (size_t i = site_after(sites, count, count); i < count; i = site_after(sites, count, i))
		if (sites[i].spare && !has_share(&sites[i]))
			block_race(&spare, (uint16_t)i, 1);
	memcpy(block->second_site, spare.first_site, sizeof(block->second_site));
}

static size_t sites_with_share(const struct owner_site *sites, size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		n += has_share(&sites[i]);
	return n;
}

static uint16_t member_of(const struct owner_site *sites, double site)
{
	return site == NOBODY ? 0 : sites[(uint16_t)site].member;
}

void owners_assign(uint64_t service_id, const struct owner_site *sites, size_t count,
		   struct owner *ret, size_t slots)
{
	size_t able = sites_with_share(sites, count);
	struct block block = { .sites = sites };
	uint64_t seed = mix(service_id);

	for (size_t slot = 0; slot < slots; slot += BLOCK) {
		block_reset(&block);
		for (size_t i = 0; i < BLOCK; i++)
			block.key[i] = mix(seed + slot + i);
		block_race_shares(&block, count);
		if (able == 1)
			block_race_spares(&block, count);
		for (size_t i = 0; i < BLOCK && slot + i < slots; i++)
			ret[slot + i] = (struct owner){
				.now = member_of(sites, block.first_site[i]),
				.next = member_of(sites, block.second_site[i]),
			};
	}
}

/* Of the sites that may, the earliest and the one after it; count: there is none. */
static void slot_race(const struct owner_site *sites, size_t count, uint64_t key, bool spares,
		      size_t ret[2])
{
	double first = INFINITY, second = INFINITY;

	ret[0] = ret[1] = count;
	for (size_t i = site_after(sites, count, count); i < count;
	     i = site_after(sites, count, i)) {
		bool runs = spares ? sites[i].spare && !has_share(&sites[i]) : has_share(&sites[i]);
		double time = runs ? time_draw(key, key_of_site(&sites[i]),
					       spares ? 1 : 1 / sites[i].share)
				   : INFINITY;

		if (time < first) {
			second = first;
			ret[1] = ret[0];
			first = time;
			ret[0] = i;
		} else if (time < second) {
			second = time;
			ret[1] = i;
		}
	}
}

struct owner owner_of_slot(uint64_t service_id, const struct owner_site *sites, size_t count,
			   size_t slot)
{
	uint64_t key = mix(mix(service_id) + slot);
	size_t site[2], spare[2];

	slot_race(sites, count, key, false, site);
	if (sites_with_share(sites, count) == 1) {
		slot_race(sites, count, key, true, spare);
		site[1] = spare[0];
	}
	return (struct owner){ .now = site[0] < count ? sites[site[0]].member : 0,
			       .next = site[1] < count ? sites[site[1]].member : 0 };
}
