/* SPDX-License-Identifier: BSD-2-Clause */
#include "select/owners.h"

#include "base/util.h"
#include "random.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define SLOTS  4096
#define SITES  16
#define TRIALS 40

static void sites_draw(struct random *random, struct owner_site sites[SITES], size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++) {
		sites[i] = (struct owner_site){ .id = random_u64(random),
						.share = 0.05 + random_unit(random),
						.member = (uint16_t)(i + 1) };
		sum += sites[i].share;
	}
	for (size_t i = 0; i < count; i++)
		sites[i].share /= sum;
}

static double variation(const struct owner_site *a, const struct owner_site *b, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += fabs(a[i].share - b[i].share) / 2;
	return sum;
}

/* Part of the slots whose owner differs; over several services, so that chance averages out. */
static double moved(const struct owner_site *a, const struct owner_site *b, size_t count)
{
	struct owner before[SLOTS], after[SLOTS];
	size_t differ = 0, services = 8;

	for (uint64_t service = 0; service < services; service++) {
		owners_assign(service, a, count, before, SLOTS);
		owners_assign(service, b, count, after, SLOTS);
		for (size_t i = 0; i < SLOTS; i++)
			differ += before[i].now != after[i].now;
	}
	return (double)differ / (double)(SLOTS * services);
}

/* With no site, one or several. */
Test(owners, one_slot_is_as_among_all)
{
	struct random random = random_seeded("owners one");

	for (int trial = 0; trial < 4 * TRIALS; trial++) {
		size_t count = random_below(&random, 5);
		struct owner_site sites[SITES];
		struct owner all[SLOTS];

		sites_draw(&random, sites, SITES);
		for (size_t i = count; i < SITES; i++)
			sites[i].share = 0;
		sites[SITES - 1].spare = sites[SITES - 2].spare = trial % 2;
		owners_assign((uint64_t)trial, sites, SITES, all, SLOTS);
		for (size_t i = 0; i < SLOTS; i++) {
			struct owner one = owner_of_slot((uint64_t)trial, sites, SITES, i);

			cr_assert(one.now == all[i].now && one.next == all[i].next,
				  "slot %zu, %zu sites: %u and %u, %u and %u", i, count, one.now,
				  one.next, all[i].now, all[i].next);
		}
	}
}

Test(owners, order_of_sites_does_not_matter)
{
	struct random random = random_seeded("owners order");

	for (int trial = 0; trial < TRIALS; trial++) {
		struct owner_site sites[SITES], shuffled[SITES];
		struct owner a[SLOTS], b[SLOTS];

		sites_draw(&random, sites, SITES);
		memcpy(shuffled, sites, sizeof(sites));
		for (size_t i = SITES - 1; i > 0; i--) {
			size_t k = random_below(&random, i + 1);
			struct owner_site swap = shuffled[i];

			shuffled[i] = shuffled[k];
			shuffled[k] = swap;
		}
		owners_assign((uint64_t)trial, sites, SITES, a, SLOTS);
		owners_assign((uint64_t)trial, shuffled, SITES, b, SLOTS);
		cr_expect(eq(int, memcmp(a, b, sizeof(a)), 0), "trial %d", trial);
	}
}

/* Two sites of one id draw the same times: all else being equal, neither order may decide. */
Test(owners, slots_and_services_differ)
{
	struct owner_site sites[] = { { .id = 1, .share = 0.5, .member = 1 },
				      { .id = 2, .share = 0.5, .member = 2 } };
	struct owner a[SLOTS], b[SLOTS];
	size_t same = 0, longest = 0, run = 0;

	owners_assign(7, sites, 2, a, SLOTS);
	owners_assign(8, sites, 2, b, SLOTS);
	for (size_t i = 0; i < SLOTS; i++) {
		same += a[i].now == b[i].now;
		run = i && a[i].now == a[i - 1].now ? run + 1 : 1;
		longest = run > longest ? run : longest;
	}
	cr_expect(same > SLOTS * 0.45 && same < SLOTS * 0.55, "%zu of %d alike", same, SLOTS);
	cr_expect(longest < 30, "%zu slots of one site in a row", longest);
}

/* The error is binomial: six standard deviations hold for all but one site in 500 million. */
Test(owners, shares_are_met)
{
	struct random random = random_seeded("owners shares");
	double squares = 0;

	for (int trial = 0; trial < TRIALS; trial++) {
		struct owner_site sites[SITES];
		struct owner owner[SLOTS];
		size_t count[SITES + 1] = { 0 };

		sites_draw(&random, sites, SITES);
		owners_assign(random_u64(&random), sites, SITES, owner, SLOTS);
		for (size_t i = 0; i < SLOTS; i++)
			count[owner[i].now]++;
		for (size_t i = 0; i < SITES; i++) {
			double share = sites[i].share, got = (double)count[i + 1] / SLOTS;
			double error = (got - share) / sqrt(share * (1 - share) / SLOTS);

			squares += error * error / (TRIALS * SITES);
			cr_expect(fabs(error) < 6, "trial %d: %.4f for %.4f", trial, got, share);
		}
	}
	fprintf(stderr, "owners: share error %.2f binomial deviations\n", sqrt(squares));
	cr_expect(squares > 0.7 && squares < 1.3, "%.3f", squares);
}

/* Where the other shares keep their proportions, no more slots move than must. */
Test(owners, one_site_changing_moves_the_least)
{
	struct random random = random_seeded("owners least");
	double moves = 0, least = 0;

	for (int trial = 0; trial < TRIALS; trial++) {
		struct owner_site a[SITES], b[SITES];
		size_t which = random_below(&random, SITES);
		double to = random_unit(&random) * 0.4, rest;

		sites_draw(&random, a, SITES);
		memcpy(b, a, sizeof(a));
		rest = (1 - to) / (1 - a[which].share);
		for (size_t i = 0; i < SITES; i++)
			b[i].share = i == which ? to : a[i].share * rest;
		moves += moved(a, b, SITES);
		least += variation(a, b, SITES);
	}
	fprintf(stderr, "owners: one site changes: %.3f of the least possible\n", moves / least);
	cr_expect(moves < 1.05 * least, "%.4f for %.4f", moves, least);
}

/* In general no function of the shares alone can promise less than 2 TV / (1 + TV): README.md. */
Test(owners, any_change_moves_less_than_the_bound)
{
	struct random random = random_seeded("owners bound");
	double moves = 0, least = 0;

	for (int trial = 0; trial < TRIALS; trial++) {
		struct owner_site a[SITES], b[SITES];
		double bound, got;

		sites_draw(&random, a, SITES);
		sites_draw(&random, b, SITES);
		for (size_t i = 0; i < SITES; i++)
			b[i].id = a[i].id;
		bound = 2 * variation(a, b, SITES) / (1 + variation(a, b, SITES));
		got = moved(a, b, SITES);
		cr_expect(got < 1.05 * bound, "trial %d: %.4f for %.4f", trial, got, bound);
		moves += got;
		least += variation(a, b, SITES);
	}
	fprintf(stderr, "owners: all shares change: %.3f of the least possible\n", moves / least);
}

Test(owners, next_is_the_owner_without_now)
{
	struct random random = random_seeded("owners next");

	for (int trial = 0; trial < 8; trial++) {
		struct owner_site sites[SITES], rest[SITES];
		struct owner with[SLOTS], without[SLOTS];

		sites_draw(&random, sites, SITES);
		owners_assign((uint64_t)trial, sites, SITES, with, SLOTS);
		for (size_t gone = 0; gone < SITES; gone++) {
			memcpy(rest, sites, sizeof(rest));
			rest[gone].share = 0;
			owners_assign((uint64_t)trial, rest, SITES, without, SLOTS);
			for (size_t i = 0; i < SLOTS; i++) {
				uint16_t want =
					with[i].now == gone + 1 ? with[i].next : with[i].now;

				cr_assert(eq(u16, without[i].now, want), "slot %zu", i);
			}
		}
	}
}

static const struct {
	const char *name;
	struct owner_site sites[3];
	size_t count;
	uint16_t now, next;
} vectors[] = {
	{ "no site", { { 0 } }, 0, 0, 0 },
	{ "no share", { { .id = 1, .member = 1 } }, 1, 0, 0 },
	{ "one site", { { .id = 1, .share = 1, .member = 7 } }, 1, 7, 0 },
	{ "one site and a spare",
	  { { .id = 1, .share = 1, .member = 7 }, { .id = 2, .member = 8, .spare = true } },
	  2,
	  7,
	  8 },
	{ "one site and one that is down",
	  { { .id = 1, .share = 1, .member = 7 }, { .id = 2, .member = 8 } },
	  2,
	  7,
	  0 },
	{ "a tiny share is a share", { { .id = 1, .share = 1e-300, .member = 7 } }, 1, 7, 0 },
	{ "not a number",
	  { { .id = 1, .share = NAN, .member = 7 }, { .id = 2, .share = 1, .member = 8 } },
	  2,
	  8,
	  0 },
	{ "negative",
	  { { .id = 1, .share = -1, .member = 7 }, { .id = 2, .share = 1, .member = 8 } },
	  2,
	  8,
	  0 },
	{ "infinite",
	  { { .id = 1, .share = INFINITY, .member = 7 }, { .id = 2, .share = 1, .member = 8 } },
	  2,
	  8,
	  0 },
};

Test(owners, edges)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		_cleanup_(freep) struct owner *owner = calloc(100, sizeof(*owner));

		cr_assert(ne(ptr, owner, NULL));
		owners_assign(1, vectors[i].sites, vectors[i].count, owner, 100);
		for (size_t slot = 0; slot < 100; slot++) {
			cr_expect(eq(u16, owner[slot].now, vectors[i].now), "%s: slot %zu",
				  vectors[i].name, slot);
			cr_expect(eq(u16, owner[slot].next, vectors[i].next), "%s: slot %zu",
				  vectors[i].name, slot);
		}
	}
}

/* Spares take over for each slot on its own, and do not change who owns it. */
Test(owners, spares_share_the_rescue)
{
	struct owner_site sites[] = { { .id = 1, .share = 1, .member = 1, .spare = true },
				      { .id = 2, .member = 2, .spare = true },
				      { .id = 3, .member = 3, .spare = true } };
	struct owner owner[SLOTS];
	size_t second = 0;

	owners_assign(9, sites, ARRAY_SIZE(sites), owner, SLOTS);
	for (size_t i = 0; i < SLOTS; i++) {
		cr_assert(eq(u16, owner[i].now, 1));
		cr_assert(owner[i].next == 2 || owner[i].next == 3);
		second += owner[i].next == 2;
	}
	cr_expect(second > SLOTS * 0.45 && second < SLOTS * 0.55, "%zu", second);
}

/* Two ingresses must agree whatever they are built with: owners of a known instance. */
Test(owners, known_answer)
{
	struct owner_site sites[] = { { .id = 11, .share = 0.5, .member = 1 },
				      { .id = 22, .share = 0.3, .member = 2 },
				      { .id = 33, .share = 0.2, .member = 3 } };
	struct owner owner[SLOTS];
	uint64_t sum = 0;

	owners_assign(0x1122334455667788ull, sites, ARRAY_SIZE(sites), owner, SLOTS);
	for (size_t i = 0; i < SLOTS; i++)
		sum = sum * 31 + owner[i].now * 4u + owner[i].next;
	cr_expect(eq(u64, sum, 14951035024897272339ull));
}
