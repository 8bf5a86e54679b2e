/* SPDX-License-Identifier: BSD-2-Clause */
#include "told.h"

Test(adj_out, packs_equal_paths)
{
	enum { ROUTES = 5000 };
	struct rib_source own = source_of(0);
	_cleanup_(rib_free) struct rib *rib = rib_new();
	struct adj_outs outs = { .rib = rib };
	_cleanup_(adj_out_free) struct adj_out *out = NULL;
	struct export_target to = target_of(1, false);
	struct listener listener = listener_of(&to);

	for (uint32_t i = 0; i < ROUTES; i++)
		say(&outs, &own, nlri_of(i, 0), 100);
	out = adj_out_new(&outs, &to);
	hear(out, &listener);
	cr_expect(eq(uint, listener.announced, ROUTES));
	cr_expect(eq(uint, listener.end_of_rib, 2));
	/* 5 octets each in 4096: six messages, and each of the five batches may begin one. */
	cr_expect(le(uint, listener.updates, 12));
	cr_expect(eq(sz, adj_out_count(out), ROUTES));

	for (uint32_t i = 0; i < ROUTES; i++)
		say(&outs, &own, nlri_of(i, 0), 0);
	hear(out, &listener);
	cr_expect(eq(uint, listener.withdrawn, ROUTES));
	cr_expect(le(uint, listener.updates, 12));
	cr_expect(eq(uint, listener.end_of_rib, 2), "once a session");
	cr_expect(eq(sz, adj_out_count(out), 0));
}

Test(adj_out, says_nothing_twice)
{
	struct rib_source own = source_of(0);
	_cleanup_(rib_free) struct rib *rib = rib_new();
	struct adj_outs outs = { .rib = rib };
	_cleanup_(adj_out_free) struct adj_out *out = NULL;
	struct export_target to = target_of(1, true);
	struct listener listener = listener_of(&to);

	say(&outs, &own, nlri_of(1, 0), 100);
	say(&outs, &own, nlri_v6_of(2, 0), 100);
	out = adj_out_new(&outs, &to);
	hear(out, &listener);
	cr_expect(eq(uint, listener.updates, 2), "a family each");
	say(&outs, &own, nlri_of(1, 0), 100);
	say(&outs, &own, nlri_of(1, 0), 200);
	say(&outs, &own, nlri_of(1, 0), 100); /* there and back within a turn */
	hear(out, &listener);
	cr_expect(eq(uint, listener.updates, 0));
	say(&outs, &own, nlri_of(3, 0), 100);
	say(&outs, &own, nlri_of(3, 0), 0); /* came and went */
	hear(out, &listener);
	cr_expect(eq(uint, listener.updates, 0));

	adj_out_refresh(out, BGP_IPV6_UNICAST);
	hear(out, &listener);
	cr_expect(eq(uint, listener.announced, 1), "asked for one family");
	hear(out, &listener);
	cr_expect(eq(uint, listener.updates, 0), "asked once");
}

Test(adj_out, withdraws_first)
{
	struct rib_source own = source_of(0);
	_cleanup_(rib_free) struct rib *rib = rib_new();
	struct adj_outs outs = { .rib = rib };
	_cleanup_(adj_out_free) struct adj_out *out = NULL;
	struct export_target to = target_of(1, true);
	struct listener listener = listener_of(&to);

	say(&outs, &own, nlri_of(1, 0), 100);
	out = adj_out_new(&outs, &to);
	hear(out, &listener);
	say(&outs, &own, nlri_of(2, 0), 100);
	say(&outs, &own, nlri_of(1, 0), 0);
	hear(out, &listener);
	cr_expect(eq(uint, listener.announced, 1));
	cr_expect(eq(uint, listener.withdrawn, 1));
	cr_expect(eq(int, listener.announced_before_withdrawn, 0));
}

/* A route that cannot be told any more takes back what was told before. */
/* What internal neighbours say is not for another one, and costs no work; but a route that is
 * passes into the shadow of theirs, and out of it. */
Test(adj_out, looks_at_no_internal_routes_for_an_internal_neighbor)
{
	struct rib_source inside = source_of(2), outside = source_of(3);
	_cleanup_(rib_free) struct rib *rib = rib_new();
	struct adj_outs outs = { .rib = rib };
	_cleanup_(adj_out_free) struct adj_out *out = NULL;
	struct export_target to = target_of(1, false);
	struct listener listener = listener_of(&to);

	inside.external = false;
	outside.external = true;
	to.client = false;
	out = adj_out_new(&outs, &to);
	hear(out, &listener);
	say(&outs, &inside, nlri_of(1, 0), 200);
	cr_expect(not(adj_out_due(out)), "no work");
	say(&outs, &outside, nlri_of(1, 0), 100);
	hear(out, &listener);
	cr_expect(eq(uint, listener.updates, 0), "another one is best");
	say(&outs, &inside, nlri_of(1, 0), 0);
	hear(out, &listener);
	cr_expect(eq(uint, listener.announced, 1));
	say(&outs, &inside, nlri_of(1, 0), 200);
	hear(out, &listener);
	cr_expect(eq(uint, listener.withdrawn, 1));
	say(&outs, &outside, nlri_of(1, 0), 0);
	hear(out, &listener);
	cr_expect(eq(uint, listener.updates, 0));
	cr_expect(eq(sz, adj_out_count(out), 0));
}

Test(adj_out, takes_back_what_it_cannot_replace)
{
	struct rib_source own = source_of(0);
	_cleanup_(rib_free) struct rib *rib = rib_new();
	struct adj_outs outs = { .rib = rib };
	_cleanup_(adj_out_free) struct adj_out *out = NULL;
	struct export_target to = target_of(1, false);
	struct listener listener = listener_of(&to);
	struct bgp_nlri nlri = nlri_of(1, 0);
	struct bgp_path path = path_pref(100);

	rib_announce(rib, &own, &nlri, &path, 0);
	out = adj_out_new(&outs, &to);
	hear(out, &listener);
	path.next_hop = nlri_v6_of(1, 0).dst.prefix.addr; /* without RFC 8950 */
	rib_announce(rib, &own, &nlri, &path, 0);
	adj_outs_touch(&outs, &nlri.dst);
	hear(out, &listener);
	cr_expect(eq(uint, listener.withdrawn, 1));
	cr_expect(eq(sz, adj_out_count(out), 0));
	path.next_hop = path_pref(100).next_hop;
	rib_announce(rib, &own, &nlri, &path, 0);
	adj_outs_touch(&outs, &nlri.dst);
	hear(out, &listener);
	cr_expect(eq(uint, listener.announced, 1));
}

static void expect_heard(const struct rib *rib, const struct listener *l,
			 const struct export_target *to, bool add_path)
{
	uint32_t want[PREFIXES][IDS] = { 0 };

	for (struct rib_entry *entry = NULL; (entry = rib_next(rib, entry));) {
		uint8_t i = entry->dst.prefix.addr.octet[15];
		const struct rib_route *best = rib_best(entry);

		if (!add_path) {
			if (best->source->neighbor != to->neighbor)
				want[i][0] = best->path->local_pref;
			continue;
		}
		for (const struct rib_route *r = entry->routes; r; r = r->next)
			if (r->source->neighbor != to->neighbor)
				want[i][r->out_id] = r->path->local_pref;
	}
	for (int i = 0; i < PREFIXES; i++)
		for (int id = 0; id < IDS; id++)
			cr_assert(eq(u32, l->pref[i][id], want[i][id]), "prefix %d, id %d", i, id);
}

/* Random changes, random flushes: what was heard is what the RIB says. */
static void converse(bool add_path)
{
	struct rib_source source[4];
	_cleanup_(rib_free) struct rib *rib = rib_new();
	struct adj_outs outs = { .rib = rib };
	_cleanup_(adj_out_free) struct adj_out *out = NULL;
	struct random random = random_seeded("adj_out");
	struct export_target to = target_of(2, add_path);
	struct listener listener = listener_of(&to);

	for (uint8_t i = 0; i < ARRAY_SIZE(source); i++) {
		source[i] = source_of(i);
		source[i].client = true;
	}
	out = adj_out_new(&outs, &to);
	for (int step = 0; step < 20000; step++) {
		uint32_t i = random_below(&random, PREFIXES);
		struct bgp_nlri nlri = i % 2 ? nlri_of(i, 0) : nlri_v6_of((uint8_t)i, 0);

		nlri.path_id = random_below(&random, 2);
		say(&outs, &source[random_below(&random, ARRAY_SIZE(source))], nlri,
		    random_below(&random, 4));
		if (random_below(&random, 20))
			continue;
		if (!random_below(&random, 10))
			adj_out_refresh(out, random_below(&random, BGP_FAMILY_COUNT));
		hear(out, &listener);
		expect_heard(rib, &listener, &to, add_path);
	}
	adj_out_free(&out);
	for (size_t i = 0; i < ARRAY_SIZE(source); i++)
		cr_assert(source[i].route_count < 1000);
}

Test(adj_out, agrees_with_the_rib)
{
	converse(false);
}

Test(adj_out, agrees_with_the_rib_by_path)
{
	converse(true);
}

/* Several neighbours of one group, each at its own pace, some leave and come anew: each has in the
 * end what the RIB says without its own routes. */
static void converse_in_group(bool add_path, bool inside)
{
	enum { MEMBERS = 3 };
	struct rib_source source[MEMBERS + 1];
	_cleanup_(rib_free) struct rib *rib = rib_new();
	struct adj_outs outs = { .rib = rib };
	struct random random = random_seeded("adj_out group");
	struct export_target to[MEMBERS];
	struct listener listener[MEMBERS];
	struct adj_out *out[MEMBERS];

	for (uint8_t i = 0; i <= MEMBERS; i++) {
		source[i] = source_of(i);
		source[i].client = true;
	}
	for (uint8_t i = 0; i < MEMBERS; i++) {
		to[i] = target_of(i + 1, add_path);
		to[i].codec.inside = inside;
		listener[i] = listener_of(&to[i]);
		listener[i].grouped = true;
		out[i] = adj_out_new(&outs, &to[i]);
	}
	cr_assert(eq(sz, adj_out_members(out[0]), MEMBERS), "they share a group");
	for (int step = 0; step < 20000; step++) {
		uint32_t i = random_below(&random, PREFIXES), m = random_below(&random, MEMBERS);
		struct bgp_nlri nlri = i % 2 ? nlri_of(i, 0) : nlri_v6_of((uint8_t)i, 0);

		nlri.path_id = random_below(&random, 2);
		say(&outs, &source[random_below(&random, MEMBERS + 1)], nlri,
		    random_below(&random, 4));
		if (!random_below(&random, 8))
			hear_some(out[m], &listener[m]);
		if (!random_below(&random, 200))
			adj_out_refresh(out[m], random_below(&random, BGP_FAMILY_COUNT));
		if (!random_below(&random, 300)) {
			adj_out_free(&out[m]);
			out[m] = adj_out_new(&outs, &to[m]);
			listener[m] = listener_of(&to[m]);
			listener[m].grouped = true;
		}
		if (random_below(&random, 100))
			continue;
		for (m = 0; m < MEMBERS; m++) {
			size_t count = 0;

			hear(out[m], &listener[m]);
			expect_heard(rib, &listener[m], &to[m], add_path);
			for (int k = 0; k < PREFIXES * IDS; k++)
				count += listener[m].pref[k / IDS][k % IDS] != 0;
			cr_assert(eq(sz, adj_out_count(out[m]), count));
		}
	}
	for (int m = 0; m < MEMBERS; m++)
		adj_out_free(&out[m]);
	cr_expect(eq(ptr, outs.groups, NULL), "the group goes with its last member");
}

Test(adj_out, agrees_in_a_group)
{
	converse_in_group(false, true);
	converse_in_group(false, false);
}

Test(adj_out, agrees_in_a_group_by_path)
{
	converse_in_group(true, true);
	converse_in_group(true, false);
}

/* What of `crowd` prefixes a neighbour holds. */
enum { CROWD = 5000 };

static void hear_crowd(struct adj_out *out, const struct bgp_codec *codec, uint32_t pref[CROWD])
{
	static struct bgp_update update;
	_cleanup_(buffer_clear) struct buffer buffer = { 0 };
	struct notification fault;
	struct update_item item;
	struct message message;
	struct cursor c;

	cr_assert(adj_out_flush(out, &buffer) >= 0);
	c = cursor_of(buffer.at, buffer.len);
	while (message_read(&c, &message, &fault) > 0) {
		cr_assert(eq(int, update_decode(codec, message.body, &update), FAULT_NONE));
		while (update_next(&update, &item)) {
			const uint8_t *octet = item.nlri.dst.prefix.addr.octet;

			pref[octet[14] << 8 | octet[15]] = item.path ? item.path->local_pref : 0;
		}
	}
}

static void crowd_converse(bool limits)
{
	static uint32_t pref[2][CROWD];
	struct rib_source own = source_of(0);
	_cleanup_(rib_free) struct rib *rib = rib_new();
	struct adj_outs outs = { .rib = rib };
	struct random random = random_seeded("adj_out crowd");
	struct export_target to[2] = { target_of(1, limits), target_of(2, limits) };
	struct adj_out *out[2] = { adj_out_new(&outs, &to[0]), adj_out_new(&outs, &to[1]) };
	struct listener heard = listener_of(&to[0]);

	memset(pref, 0, sizeof(pref));
	for (int step = 0; step < 400; step++) {
		uint32_t from = random_below(&random, CROWD), many = random_below(&random, 3000);

		for (uint32_t i = 0; i < many; i++)
			say(&outs, &own, nlri_of((from + i) % CROWD, 0), random_below(&random, 3));
		hear_crowd(out[step % 2], &heard.codec, pref[step % 2]);
		if (limits && !random_below(&random, 5)) /* which makes no difference to one path */
			adj_out_limit(out[random_below(&random, 2)], (uint8_t)(1 + step % 3));
		if (!random_below(&random, 10))
			adj_out_refresh(out[0], BGP_IPV4_UNICAST);
		for (int m = 0; step % 40 == 39 && m < 2; m++)
			while (adj_out_due(out[m]))
				hear_crowd(out[m], &heard.codec, pref[m]);
		for (uint32_t i = 0; step % 40 == 39 && i < CROWD; i++) {
			struct bgp_dst dst = nlri_of(i, 0).dst;
			struct rib_entry *entry = rib_find(rib, &dst);
			uint32_t want = entry ? rib_best(entry)->path->local_pref : 0;

			cr_assert(eq(u32, pref[0][i], want), "prefix %u", i);
			cr_assert(eq(u32, pref[1][i], want), "prefix %u", i);
		}
		for (int m = 0; limits && step % 40 == 39 && m < 2; m++) { /* in one group again */
			adj_out_free(&out[m]);
			out[m] = adj_out_new(&outs, &to[m]);
			memset(pref[m], 0, sizeof(pref[m]));
		}
	}
	adj_out_free(&out[0]);
	adj_out_free(&out[1]);
}

/* More is due than one look takes, while members are anywhere and routes go there and back. */
Test(adj_out, keeps_up_with_a_crowd)
{
	crowd_converse(false);
}

Test(adj_out, keeps_up_with_a_crowd_while_limits_change)
{
	crowd_converse(true);
}
