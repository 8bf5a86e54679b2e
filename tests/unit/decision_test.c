/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/decision.h"
#include "random.h"
#include "routes.h"

#include <utlist.h>

#define ROUTES_MAX 6

/* AS_PATH of one sequence. */
#define AS_1                     \
	{                        \
		2, 1, 0, 0, 0, 1 \
	}
#define AS_2                     \
	{                        \
		2, 1, 0, 0, 0, 2 \
	}
#define AS_1_3                               \
	{                                    \
		2, 2, 0, 0, 0, 1, 0, 0, 0, 3 \
	}
#define AS_SET_OF_2                          \
	{                                    \
		1, 2, 0, 0, 0, 1, 0, 0, 0, 3 \
	}

struct candidate {
	uint8_t neighbor, cluster_len, origin, originator;
	bool external;
	uint32_t has, local_pref, med, path_id, cost;
	uint8_t as_path[10];
	bool long_lived; /* has LLGR_STALE */
};

/* The first wins, by the reason; with "best" also of three that MED does not order. */
static const struct {
	const char *name, *reason;
	struct candidate winner, loser;
} pairs[] = {
	{ "ours", "own route", { .neighbor = 0 }, { .neighbor = 1, .has = 2, .local_pref = 999 } },
	{ "not in its long life",
	  "not stale for long",
	  { .neighbor = 2, .has = 2, .local_pref = 1 },
	  { .neighbor = 1, .has = 2, .local_pref = 900, .long_lived = true } },
	{ "both in their long life",
	  "highest LOCAL_PREF",
	  { .neighbor = 2, .has = 2, .local_pref = 101, .long_lived = true },
	  { .neighbor = 1, .has = 2, .local_pref = 100, .long_lived = true } },
	{ "ours is never beaten",
	  "own route",
	  { .neighbor = 0, .long_lived = true },
	  { .neighbor = 1 } },
	{ "LOCAL_PREF",
	  "highest LOCAL_PREF",
	  { .neighbor = 2, .has = 2, .local_pref = 101 },
	  { .neighbor = 1, .has = 2, .local_pref = 100 } },
	{ "LOCAL_PREF, none is 100",
	  "highest LOCAL_PREF",
	  { .neighbor = 2 },
	  { .neighbor = 1, .has = 2, .local_pref = 99 } },
	{ "no AS", "shortest AS_PATH", { .neighbor = 2 }, { .neighbor = 1, .as_path = AS_1 } },
	{ "one AS",
	  "shortest AS_PATH",
	  { .neighbor = 2, .as_path = AS_2 },
	  { .neighbor = 1, .as_path = AS_1_3 } },
	{ "a set counts one",
	  "shortest AS_PATH",
	  { .neighbor = 2, .as_path = AS_SET_OF_2 },
	  { .neighbor = 1, .as_path = AS_1_3 } },
	{ "ORIGIN",
	  "lowest ORIGIN",
	  { .neighbor = 2, .origin = 0 },
	  { .neighbor = 1, .origin = 2 } },
	{ "MED",
	  "lowest MED",
	  { .neighbor = 2, .has = 1, .med = 5, .as_path = AS_1 },
	  { .neighbor = 1, .has = 1, .med = 6, .as_path = AS_1 } },
	{ "no MED is 0",
	  "lowest MED",
	  { .neighbor = 2, .as_path = AS_1 },
	  { .neighbor = 1, .has = 1, .med = 6, .as_path = AS_1 } },
	{ "MED of another AS",
	  "lowest BGP identifier",
	  { .neighbor = 1, .has = 1, .med = 6, .as_path = AS_1 },
	  { .neighbor = 2, .has = 1, .med = 5, .as_path = AS_2 } },
	{ "external",
	  "external before internal",
	  { .neighbor = 2, .external = true },
	  { .neighbor = 1 } },
	{ "reachable before all else",
	  "next hop is reachable",
	  { .neighbor = 2, .cost = 5 },
	  { .neighbor = 1, .has = 2, .local_pref = 999, .cost = BGP_UNREACHABLE } },
	{ "interior cost",
	  "lowest interior cost",
	  { .neighbor = 2, .cost = 9 },
	  { .neighbor = 1, .cost = 10 } },
	{ "external before interior cost",
	  "external before internal",
	  { .neighbor = 2, .external = true, .cost = 10 },
	  { .neighbor = 1, .cost = 9 } },
	{ "identifier", "lowest BGP identifier", { .neighbor = 1 }, { .neighbor = 2 } },
	{ "originator",
	  "lowest BGP identifier",
	  { .neighbor = 2, .has = 4, .originator = 1 },
	  { .neighbor = 1, .has = 4, .originator = 2 } },
	{ "cluster list",
	  "shortest CLUSTER_LIST",
	  { .neighbor = 2, .has = 4, .originator = 3, .cluster_len = 4 },
	  { .neighbor = 1, .has = 4, .originator = 3, .cluster_len = 8 } },
	{ "address",
	  "lowest neighbor address",
	  { .neighbor = 1, .has = 4, .originator = 3 },
	  { .neighbor = 2, .has = 4, .originator = 3 } },
	{ "path id",
	  "lowest path id",
	  { .neighbor = 1, .path_id = 1 },
	  { .neighbor = 1, .path_id = 2 } },
};

struct candidates {
	struct rib_route route[ROUTES_MAX];
	struct rib_source source[ROUTES_MAX];
	struct intern_table paths[ROUTES_MAX]; /* one each: equal ones have costs of their own */
	uint8_t clusters[8];
	struct rib_route *list;
};

static void candidates_clear(struct candidates *all)
{
	for (size_t i = 0; i < ROUTES_MAX; i++)
		interned_put(&all->paths[i], &all->route[i].path);
}

/* LLGR_STALE behind another one (RFC 9494). */
static uint8_t long_lived[] = { 0, 1, 0, 6, 0xff, 0xff, 0, 6 };

static void candidate_add(struct candidates *all, size_t i, const struct candidate *c)
{
	struct bgp_path path = path_pref(c->local_pref);
	struct interned *interned;
	size_t as_len = c->as_path[0] ? 2 + 4 * c->as_path[1] : 0;

	all->source[i] = source_of(c->neighbor);
	all->source[i].external = c->external;
	path.has = c->has;
	path.med = c->med;
	path.origin = c->origin;
	path.originator_id[3] = c->originator;
	path.as_path = (struct bgp_bytes){ as_len ? (uint8_t *)c->as_path : NULL, as_len };
	path.cluster_list = (struct bgp_bytes){ all->clusters, c->cluster_len };
	if (c->long_lived)
		path.communities = (struct bgp_bytes){ long_lived, sizeof(long_lived) };
	interned = intern(&all->paths[i], &path);
	cr_assert(interned != NULL);
	interned->cost = c->cost;
	all->route[i] = (struct rib_route){ .path_id = c->path_id,
					    .source = &all->source[i],
					    .path = interned };
	DL_APPEND(all->list, &all->route[i]);
}

Test(decision, has_no_best_where_nothing_is_reachable)
{
	static const struct candidate cut[] = { { .neighbor = 1, .cost = BGP_UNREACHABLE },
						{ .neighbor = 2, .cost = BGP_UNREACHABLE } };
	_cleanup_(candidates_clear) struct candidates all = { 0 };

	candidate_add(&all, 0, &cut[0]);
	candidate_add(&all, 1, &cut[1]);
	cr_expect(eq(ptr, decision_best(all.list), NULL));
}

Test(decision, pairs)
{
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		for (int turned = 0; turned <= 1; turned++) {
			_cleanup_(candidates_clear) struct candidates all = { 0 };

			candidate_add(&all, 0, turned ? &pairs[i].loser : &pairs[i].winner);
			candidate_add(&all, 1, turned ? &pairs[i].winner : &pairs[i].loser);
			cr_expect(eq(ptr, decision_best(all.list), &all.route[turned]), "%s",
				  pairs[i].name);
			cr_expect(eq(str, (char *)decision_reason(&all.route[0], &all.route[1]),
				     (char *)pairs[i].reason),
				  "%s", pairs[i].name);
		}
	}
}

/* a before b by identifier, b before c by identifier, c before a by MED: in whatever order they
 * came, a is out by MED, and b wins (RFC 4271 section 9.1.2.2 (c) removes before (f) compares). */
Test(decision, med_takes_out_before_later_steps)
{
	static const struct candidate abc[] = {
		{ .neighbor = 1, .has = 1, .med = 9, .as_path = AS_1 },
		{ .neighbor = 2, .has = 1, .med = 9, .as_path = AS_2 },
		{ .neighbor = 3, .has = 1, .med = 1, .as_path = AS_1 },
	};
	static const uint8_t orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
					     { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		_cleanup_(candidates_clear) struct candidates all = { 0 };

		for (size_t k = 0; k < 3; k++)
			candidate_add(&all, k, &abc[orders[i][k]]);
		cr_expect(eq(u8, (uint8_t)decision_best(all.list)->source->neighbor, 2),
			  "order %zu", i);
	}
}

static struct candidate candidate_random(struct random *random, uint8_t neighbor)
{
	struct candidate c = { .neighbor = neighbor,
			       .external = random_below(random, 2),
			       .has = random_below(random, 8),
			       .local_pref = 99 + random_below(random, 3),
			       .med = random_below(random, 3),
			       .origin = (uint8_t)random_below(random, 2),
			       .originator = (uint8_t)random_below(random, 3),
			       .as_path = AS_1 };

	c.as_path[5] = (uint8_t)random_below(random, 3);
	return c;
}

/* The best does not depend on the order in which routes came. */
Test(decision, is_the_same_in_any_order)
{
	struct random random = random_seeded("decision");

	for (int round = 0; round < 2000; round++) {
		struct candidate set[ROUTES_MAX];
		uint32_t best = 0;

		for (uint8_t i = 0; i < ROUTES_MAX; i++)
			set[i] = candidate_random(&random, i + 1);
		for (int order = 0; order < 6; order++) {
			_cleanup_(candidates_clear) struct candidates all = { 0 };
			uint32_t now;

			for (size_t i = ROUTES_MAX - 1; i > 0; i--) {
				size_t k = random_below(&random, (uint32_t)i + 1);
				struct candidate swapped = set[i];

				set[i] = set[k];
				set[k] = swapped;
			}
			for (size_t i = 0; i < ROUTES_MAX; i++)
				candidate_add(&all, i, &set[i]);
			now = decision_best(all.list)->source->neighbor;
			cr_assert(best == 0 || now == best, "round %d: %u, then %u", round, best,
				  now);
			best = now;
		}
	}
}

/* a before c before b before a: what is best is told by who is still there, not by pairs. */
Test(decision, chooses_the_best_of_what_is_left)
{
	static const struct candidate abc[] = {
		{ .neighbor = 1, .has = 1, .med = 9, .as_path = AS_1 },
		{ .neighbor = 3, .has = 1, .med = 1, .as_path = AS_1 },
		{ .neighbor = 2, .has = 1, .med = 9, .as_path = AS_2 },
		{ .neighbor = 4, .as_path = AS_1, .cost = BGP_UNREACHABLE },
		{ .neighbor = 0 },
	};
	static const enum decision_state want[][5] = {
		{ DECISION_OPEN, DECISION_OPEN, DECISION_OPEN, DECISION_OPEN, DECISION_OUT },
		{ DECISION_OPEN, DECISION_OPEN, DECISION_CHOSEN, DECISION_OPEN, DECISION_OUT },
		{ DECISION_OPEN, DECISION_CHOSEN, DECISION_CHOSEN, DECISION_OPEN, DECISION_OUT },
		{ DECISION_CHOSEN, DECISION_CHOSEN, DECISION_CHOSEN, DECISION_OPEN, DECISION_OUT },
		{ DECISION_CHOSEN, DECISION_CHOSEN, DECISION_CHOSEN, DECISION_CHOSEN,
		  DECISION_OUT },
		{ DECISION_CHOSEN, DECISION_CHOSEN, DECISION_CHOSEN, DECISION_CHOSEN,
		  DECISION_OUT },
	};
	_cleanup_(candidates_clear) struct candidates all = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(abc); i++)
		candidate_add(&all, i, &abc[i]);
	for (size_t max = 0; max < ARRAY_SIZE(want); max++) {
		enum decision_state state[5] = { [4] = DECISION_OUT };

		decision_choose(all.list, state, max);
		for (int i = 0; i < 5; i++)
			cr_expect(eq(int, state[i], want[max][i]), "route %d, best %zu", i, max);
	}
}
