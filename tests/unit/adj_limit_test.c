/* SPDX-License-Identifier: BSD-2-Clause */
/* A limit of the paths of a prefix that neighbours are told: the best ones. */
#include "told.h"

enum { SOURCES = 5, MEMBERS = 4, MAX = 4 };

/* The order of the decision process, as far as these routes differ in it. */
static bool is_better(const struct rib_route *a, const struct rib_route *b)
{
	uint32_t p = a->path->local_pref, q = b->path->local_pref;

	if (!a->source->neighbor != !b->source->neighbor)
		return !a->source->neighbor;
	if (p != q)
		return p > q;
	if (a->source->neighbor != b->source->neighbor)
		return a->source->neighbor < b->source->neighbor;
	return a->path_id < b->path_id;
}

static size_t rank(const struct rib_route *route)
{
	size_t before = 0;

	for (const struct rib_route *r = route->entry->routes; r; r = r->next)
		before += is_better(r, route);
	return before;
}

static void expect_best(const struct rib *rib, const struct listener *l,
			const struct export_target *to)
{
	uint32_t want[PREFIXES][IDS] = { 0 };

	for (struct rib_entry *entry = NULL; (entry = rib_next(rib, entry));)
		for (const struct rib_route *r = entry->routes; r; r = r->next)
			if (r->source->neighbor != to->neighbor &&
			    (!to->paths_max || rank(r) < to->paths_max))
				want[entry->dst.prefix.addr.octet[15]][r->out_id] =
					r->path->local_pref;
	for (int i = 0; i < PREFIXES; i++)
		for (int id = 0; id < IDS; id++)
			cr_assert(eq(u32, l->pref[i][id], want[i][id]),
				  "prefix %d, id %d, neighbor %u, limit %u", i, id, to->neighbor,
				  to->paths_max);
}

static struct rib_source client_of(uint8_t n)
{
	struct rib_source source = source_of(n);

	source.client = true;
	return source;
}

Test(adj_limit, the_best_ones_are_told)
{
	struct rib_source source[SOURCES];
	_cleanup_(rib_free) struct rib *rib = rib_new();
	struct adj_outs outs = { .rib = rib };
	_cleanup_(adj_out_free) struct adj_out *out = NULL;
	struct export_target to = target_of(99, true);
	struct listener l = listener_of(&to);

	to.paths_max = 2;
	for (uint8_t i = 0; i < SOURCES; i++) {
		source[i] = client_of(i + 1);
		say(&outs, &source[i], nlri_of(1, 0), 100 + i);
	}
	out = adj_out_new(&outs, &to);
	hear(out, &l);
	cr_expect(eq(uint, l.announced, 2));
	cr_expect(eq(u32, l.pref[1][4], 103));
	cr_expect(eq(u32, l.pref[1][5], 104));
	cr_expect(eq(sz, adj_out_count(out), 2));

	say(&outs, &source[0], nlri_of(1, 0), 200);
	hear(out, &l);
	cr_expect(eq(uint, l.announced, 1));
	cr_expect(eq(uint, l.withdrawn, 1), "the displaced one, at once");
	cr_expect(eq(int, l.announced_before_withdrawn, 0));
	cr_expect(eq(u32, l.pref[1][1], 200));
	cr_expect(eq(u32, l.pref[1][4], 0));

	say(&outs, &source[2], nlri_of(1, 0), 101);
	hear(out, &l);
	cr_expect(eq(uint, l.updates, 0), "it is not among the best, whatever it is");

	say(&outs, &source[4], nlri_of(1, 0), 0);
	hear(out, &l);
	cr_expect(eq(u32, l.pref[1][5], 0));
	cr_expect(eq(u32, l.pref[1][4], 103), "the next one moves up, under its old id");

	adj_out_refresh(out, BGP_IPV4_UNICAST);
	hear(out, &l);
	cr_expect(eq(uint, l.announced, 2), "no more than that when asked again");
	expect_best(rib, &l, &to);
}

/* What may not be told takes nobody's place; one that comes from the neighbour does. */
Test(adj_limit, counts_what_may_be_told)
{
	struct rib_source own = source_of(0), source = client_of(1), member = client_of(99);
	_cleanup_(rib_free) struct rib *rib = rib_new();
	struct adj_outs outs = { .rib = rib };
	_cleanup_(adj_out_free) struct adj_out *out = NULL;
	struct export_target to = target_of(99, true);
	struct listener l = listener_of(&to);
	struct bgp_nlri nlri = nlri_v6_of(1, 0);
	struct bgp_path path = path_pref(900);

	to.paths_max = 1;
	path.next_hop = (struct addr){ 0 }; /* ourselves, by an IPv4 address: none for IPv6 */
	cr_assert(rib_announce(rib, &own, &nlri, &path, 0) == 1);
	say(&outs, &source, nlri, 100);
	out = adj_out_new(&outs, &to);
	hear(out, &l);
	cr_expect(eq(u32, l.pref[1][2], 100));
	say(&outs, &member, nlri, 200);
	hear(out, &l);
	cr_expect(eq(u32, l.pref[1][2], 0));
	cr_expect(eq(sz, adj_out_count(out), 0));
}

Test(adj_limit, is_of_the_group)
{
	_cleanup_(rib_free) struct rib *rib = rib_new();
	struct adj_outs outs = { .rib = rib };
	struct export_target to[3] = { target_of(1, true), target_of(2, true), target_of(3, true) };
	struct adj_out *out[3];

	to[1].paths_max = to[2].paths_max = 3;
	for (int i = 0; i < 3; i++)
		out[i] = adj_out_new(&outs, &to[i]);
	cr_expect(eq(sz, adj_out_members(out[0]), 1));
	cr_expect(eq(sz, adj_out_members(out[1]), 2));
	for (int i = 0; i < 3; i++)
		adj_out_free(&out[i]);
}

/* Another limit tells the difference and nothing else. */
Test(adj_limit, changes_while_the_session_goes_on)
{
	struct rib_source source[SOURCES];
	_cleanup_(rib_free) struct rib *rib = rib_new();
	struct adj_outs outs = { .rib = rib };
	struct export_target to[MEMBERS];
	struct listener l[MEMBERS];
	struct adj_out *out[MEMBERS];

	for (uint8_t i = 0; i < SOURCES; i++)
		source[i] = client_of(i + 1);
	for (uint8_t i = 0; i < MEMBERS; i++) {
		to[i] = target_of(90 + i, true);
		out[i] = adj_out_new(&outs, &to[i]);
		l[i] = listener_of(&to[i]);
	}
	for (uint8_t i = 0; i < SOURCES; i++)
		say(&outs, &source[i], nlri_of(1, 0), 100 + i);
	say(&outs, &source[0], nlri_of(2, 0), 100);
	for (int i = 0; i < MEMBERS - 1; i++)
		hear(out[i], &l[i]); /* the last one has heard nothing yet */

	for (int i = 1; i < MEMBERS; i++) {
		to[i].paths_max = 2;
		cr_assert(adj_out_limit(out[i], 2) == 0);
	}
	cr_expect(eq(sz, adj_out_members(out[0]), 1));
	cr_expect(eq(sz, adj_out_members(out[1]), MEMBERS - 1), "they share one copy");
	for (int i = 0; i < MEMBERS; i++) {
		hear(out[i], &l[i]);
		expect_best(rib, &l[i], &to[i]);
	}
	cr_expect(eq(uint, l[0].updates, 0));
	cr_expect(eq(uint, l[1].withdrawn, 3));
	cr_expect(eq(uint, l[1].announced, 0));
	cr_expect(eq(uint, l[1].end_of_rib, 2), "once a session");
	cr_expect(eq(uint, l[MEMBERS - 1].announced, 3));

	/* The only one of its group needs no copy. */
	to[0].paths_max = 4;
	cr_assert(adj_out_limit(out[0], 4) == 0);
	hear(out[0], &l[0]);
	cr_expect(eq(uint, l[0].withdrawn, 1));
	expect_best(rib, &l[0], &to[0]);
	to[0].paths_max = 0;
	cr_assert(adj_out_limit(out[0], 0) == 0);
	hear(out[0], &l[0]);
	cr_expect(eq(uint, l[0].announced, 1));
	cr_expect(eq(uint, l[0].withdrawn, 0));
	expect_best(rib, &l[0], &to[0]);
	for (int i = 0; i < MEMBERS; i++)
		adj_out_free(&out[i]);
	cr_expect(eq(ptr, outs.groups, NULL));
}

/* One that is behind does not join a copy that has forgotten what it was not told. */
Test(adj_limit, a_copy_that_went_on_is_not_joined)
{
	struct rib_source source = client_of(1);
	_cleanup_(rib_free) struct rib *rib = rib_new();
	struct adj_outs outs = { .rib = rib };
	struct export_target to[3] = { target_of(90, true), target_of(91, true),
				       target_of(92, true) };
	struct listener l[3];
	struct adj_out *out[3];

	say(&outs, &source, nlri_of(1, 0), 100);
	say(&outs, &source, nlri_of(2, 0), 100);
	for (int i = 0; i < 3; i++) {
		out[i] = adj_out_new(&outs, &to[i]);
		l[i] = listener_of(&to[i]);
		hear(out[i], &l[i]);
	}
	say(&outs, &source, nlri_of(1, 0), 0);
	hear(out[0], &l[0]);
	for (int i = 0; i < 2; i++) {
		to[i].paths_max = 2;
		cr_assert(adj_out_limit(out[i], 2) == 0);
		if (i == 0)
			hear(out[0], &l[0]); /* and its group forgets the withdrawn route */
	}
	for (int i = 0; i < 3; i++) {
		hear(out[i], &l[i]);
		expect_best(rib, &l[i], &to[i]);
		adj_out_free(&out[i]);
	}
}

/* The copy has been brought up to date for another member before, and tells less of this one's. */
Test(adj_limit, counts_in_a_copy_that_went_on)
{
	struct rib_source source[SOURCES];
	_cleanup_(rib_free) struct rib *rib = rib_new();
	struct adj_outs outs = { .rib = rib };
	struct adj_out *out[4];
	struct listener l[4];

	for (uint8_t i = 0; i < SOURCES; i++) {
		source[i] = client_of(i + 1);
		say(&outs, &source[i], nlri_of(1, 0), 100 + i);
	}
	for (uint8_t i = 0; i < 4; i++) {
		struct export_target to = target_of(i + 1, true);

		out[i] = adj_out_new(&outs, &to);
		l[i] = listener_of(&to);
		l[i].grouped = true;
		hear(out[i], &l[i]);
		cr_expect(eq(sz, adj_out_count(out[i]), SOURCES - 1));
	}
	for (int i = 0; i < 3; i++) {
		cr_assert(adj_out_limit(out[i], 2) == 0);
		if (i == 1)
			hear(out[0], &l[0]); /* what the other one has not heard stays */
	}
	for (int i = 0; i < 3; i++) {
		hear(out[i], &l[i]);
		cr_expect(eq(sz, adj_out_members(out[i]), 3));
		cr_expect(eq(sz, adj_out_count(out[i]), 2));
	}
	for (int i = 0; i < 4; i++)
		adj_out_free(&out[i]);
}

/* Routes change, neighbours are behind, leave, come, and get other limits at any time: in the end
 * each has the best. */
static void converse(bool inside)
{
	struct rib_source source[MEMBERS + 1];
	_cleanup_(rib_free) struct rib *rib = rib_new();
	struct adj_outs outs = { .rib = rib };
	struct random random = random_seeded("adj_limit");
	struct export_target to[MEMBERS];
	struct listener l[MEMBERS];
	struct adj_out *out[MEMBERS];

	for (uint8_t i = 0; i <= MEMBERS; i++)
		source[i] = client_of(i);
	for (uint8_t i = 0; i < MEMBERS; i++) {
		to[i] = target_of(i + 1, true);
		to[i].codec.inside = inside;
		to[i].paths_max = 2;
		l[i] = listener_of(&to[i]);
		l[i].grouped = true;
		out[i] = adj_out_new(&outs, &to[i]);
	}
	for (int step = 0; step < 30000; step++) {
		uint32_t i = random_below(&random, PREFIXES), m = random_below(&random, MEMBERS);
		struct bgp_nlri nlri = i % 2 ? nlri_of(i, 0) : nlri_v6_of((uint8_t)i, 0);

		nlri.path_id = random_below(&random, 2);
		say(&outs, &source[random_below(&random, MEMBERS + 1)], nlri,
		    random_below(&random, 4));
		if (!random_below(&random, 8))
			hear_some(out[m], &l[m]);
		if (!random_below(&random, 200))
			adj_out_refresh(out[m], random_below(&random, BGP_FAMILY_COUNT));
		if (!random_below(&random, 100)) {
			uint8_t max = (uint8_t)random_below(&random, MAX);
			uint32_t many = random_below(&random, MEMBERS) + 1;

			for (uint32_t k = 0; k < many; k++, m = (m + 1) % MEMBERS) {
				to[m].paths_max = max;
				cr_assert(adj_out_limit(out[m], max) == 0);
			}
		}
		if (!random_below(&random, 300)) {
			adj_out_free(&out[m]);
			out[m] = adj_out_new(&outs, &to[m]);
			l[m] = listener_of(&to[m]);
			l[m].grouped = true;
		}
		if (random_below(&random, 100))
			continue;
		for (m = 0; m < MEMBERS; m++) {
			size_t count = 0;

			hear(out[m], &l[m]);
			expect_best(rib, &l[m], &to[m]);
			for (int k = 0; k < PREFIXES * IDS; k++)
				count += l[m].pref[k / IDS][k % IDS] != 0;
			cr_assert(eq(sz, adj_out_count(out[m]), count));
		}
	}
	for (int m = 0; m < MEMBERS; m++)
		adj_out_free(&out[m]);
	cr_expect(eq(ptr, outs.groups, NULL));
}

Test(adj_limit, agrees_with_the_rib)
{
	converse(true);
	converse(false);
}
