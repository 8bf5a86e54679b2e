/* SPDX-License-Identifier: BSD-2-Clause */
/* Sites are put in order by their handshakes, as far as these are not chance. */
#include "ingress/farness.h"

#include "base/util.h"
#include "random.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>

#define NONE -1 /* not known */

static struct handshake_mean seen(double mean_ms, double error_ms)
{
	return (struct handshake_mean){ .count = 100,
					.mean_s = mean_ms / 1000,
					.error_s = error_ms < 0 ? INFINITY : error_ms / 1000 };
}

/* rtt_ms < 0: by no better source. error_ms < 0: too few. want_ms < 0: not known. */
static const struct {
	const char *name;
	struct {
		double rtt_ms, mean_ms, error_ms, want_ms;
	} site[3];
} rows[] = {
	{ "the nearest is 0", { { -1, 50, 0, 0 }, { -1, 62, 0, 12 }, { -1, 90, 0, 40 } } },
	{ "in any order", { { -1, 90, 0, 40 }, { -1, 62, 0, 12 }, { -1, 50, 0, 0 } } },
	{ "three errors less", { { -1, 50, 3, 0 }, { -1, 80, 4, 30 - 3 * 5 }, { -1, 50, 0, 0 } } },
	{ "what may be chance is none", { { -1, 50, 3, 0 }, { -1, 62, 4, 0 }, { -1, 51, 3, 0 } } },
	{ "too few", { { -1, 50, 0, 0 }, { -1, 62, 0, 12 }, { -1, 90, -1, NONE } } },
	{ "alone, none shows", { { -1, 50, 0, NONE }, { -1, 62, -1, NONE }, { -1, 9, -1, NONE } } },
	{ "beside one that is known",
	  { { 10, 50, 0, NONE }, { -1, 62, 0, 22 }, { -1, 41, 0, 1 } } },
	{ "beside two, by their mean",
	  { { 10, 50, 0, NONE }, { 30, 74, 0, NONE }, { -1, 62, 0, 20 } } },
	{ "never below 0", { { 10, 50, 0, NONE }, { -1, 20, 0, 0 }, { -1, -1, -1, NONE } } },
	{ "known, but nobody goes there",
	  { { 10, -1, -1, NONE }, { -1, 62, 0, 12 }, { -1, 50, 0, 0 } } },
};

static void expect_ms(const struct farness *f, double want_ms, const char *name, size_t index)
{
	cr_expect(eq(int, f->known, want_ms >= 0), "%s: site %zu", name, index);
	if (f->known)
		cr_expect(fabs(f->rtt_s * 1000 - want_ms) < 1e-9, "%s: site %zu, %g", name, index,
			  f->rtt_s * 1000);
}

Test(farness, orders_sites)
{
	for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
		struct farness farness[3] = { 0 };
		struct farness_site sites[3];

		for (size_t i = 0; i < 3; i++) {
			double rtt_ms = rows[k].site[i].rtt_ms;

			sites[i].rtt_s = rtt_ms < 0 ? NAN : rtt_ms / 1000;
			sites[i].seen = seen(rows[k].site[i].mean_ms, rows[k].site[i].error_ms);
			sites[i].farness = &farness[i];
		}
		farness_update(1, sites, 3);
		for (size_t i = 0; i < 3; i++)
			expect_ms(&farness[i], rows[k].site[i].want_ms, rows[k].name, i);
	}
}

Test(farness, is_kept_while_nobody_goes_there)
{
	struct farness farness[2] = { 0 };
	struct farness_site sites[] = { { NAN, seen(50, 0), &farness[0] },
					{ NAN, seen(80, 0), &farness[1] } };

	farness_update(100, sites, 2);
	sites[1].seen = seen(0, -1);
	farness_update(100 + FARNESS_HOLD_S, sites, 2);
	expect_ms(&farness[1], 30, "kept", 1);
	expect_ms(&farness[0], 0, "kept, though there is none to compare with", 0);
	farness_update(101 + FARNESS_HOLD_S, sites, 2);
	expect_ms(&farness[1], NONE, "forgotten", 1);
}

Test(farness, gives_way_to_what_is_known_better)
{
	struct farness farness[2] = { 0 };
	struct farness_site sites[] = { { NAN, seen(50, 0), &farness[0] },
					{ NAN, seen(80, 0), &farness[1] } };

	farness_update(100, sites, 2);
	sites[1].rtt_s = 0.01;
	farness_update(101, sites, 2);
	expect_ms(&farness[1], NONE, "measured now", 1);
	expect_ms(&farness[0], 0, "nearer than that", 0);
}

Test(farness, small_changes_are_no_news)
{
	struct farness farness[2] = { 0 };
	struct farness_site sites[] = { { NAN, seen(50, 0), &farness[0] },
					{ NAN, seen(80, 0), &farness[1] } };

	farness_update(100, sites, 2);
	sites[1].seen = seen(82.9, 0);
	farness_update(101, sites, 2);
	expect_ms(&farness[1], 30, "a tenth", 1);
	sites[1].seen = seen(83.2, 0);
	farness_update(102, sites, 2);
	expect_ms(&farness[1], 33.2, "more", 1);
}

/* --- with clients ----------------------------------------------------------------------------- */

#define SITES 4

/* Clients from 2 ms to half a second away, one SYN in 200 lost and sent again after a second. */
static double client_s(struct random *r)
{
	double way_s = 0.002 * pow(250, random_between(r, 0, 1));

	return way_s + (random_below(r, 200) ? 0 : 1);
}

struct world {
	struct random random;
	const double *way_s;
	double drift; /* of all clients' ways */
	struct handshake handshake[SITES];
	uint64_t count[SITES], time_us[SITES];
	struct farness farness[SITES];
};

/* A second with so many handshakes, each at a site by chance. */
static void world_turn(struct world *w, double now_s, int handshakes)
{
	struct farness_site sites[SITES];

	for (int k = 0; k < handshakes; k++) {
		size_t i = random_below(&w->random, SITES);

		w->count[i]++;
		w->time_us[i] += (uint64_t)((w->drift * client_s(&w->random) + w->way_s[i]) * 1e6);
	}
	for (size_t i = 0; i < SITES; i++) {
		handshake_note(&w->handshake[i], now_s, w->count[i], w->time_us[i]);
		sites[i] = (struct farness_site){ NAN, handshake_mean(&w->handshake[i], now_s),
						  &w->farness[i] };
	}
	farness_update(now_s, sites, SITES);
}

/* Equal sites stay equal, however the clients are strewn; else shares would follow noise. */
Test(farness, equal_sites_stay_equal)
{
	static const double way_s[SITES] = { 0.01, 0.01, 0.01, 0.01 };
	struct random random = random_seeded("farness equal");
	int apart = 0, seconds = 0;

	for (int trial = 0; trial < 20; trial++) {
		struct world w = { .random = { random_u64(&random) }, .way_s = way_s, .drift = 1 };

		for (int s = 1; s <= 900; s++) {
			world_turn(&w, s, 25);
			for (size_t i = 0; i < SITES; i++)
				apart += w.farness[i].known && w.farness[i].rtt_s > 0;
			seconds += SITES;
		}
	}
	cr_expect(apart < seconds / 100, "%d of %d", apart, seconds);
}

/* 400 flows a second, of which one in sixteen is timed, tell detours of 60 and 120 ms in two
 * minutes, and no site is put farther than it is, also while all clients come from farther away. */
Test(farness, finds_the_far_ones)
{
	static const double way_s[SITES] = { 0.01, 0.07, 0.13, 0.01 };
	struct random random = random_seeded("farness far");
	int found = 0, beyond = 0, seconds = 0;

	for (int trial = 0; trial < 20; trial++) {
		struct world w = { .random = { random_u64(&random) }, .way_s = way_s, .drift = 1 };

		for (int s = 1; s <= 600; s++) {
			w.drift = 1 + s / 600.0;
			world_turn(&w, s, 25);
			found += s == 120 && w.farness[1].rtt_s > 0 &&
				 w.farness[2].rtt_s > w.farness[1].rtt_s;
			for (size_t i = 0; i < SITES; i++)
				beyond += w.farness[i].rtt_s > way_s[i] - 0.01 + 0.003;
			seconds += SITES;
		}
		cr_expect(w.farness[2].rtt_s > 0.03, "trial %d: %g", trial, w.farness[2].rtt_s);
	}
	cr_expect(found >= 18, "%d of 20 after two minutes", found);
	cr_expect(beyond < seconds / 50, "%d of %d", beyond, seconds);
}
