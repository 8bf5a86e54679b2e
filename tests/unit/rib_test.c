/* SPDX-License-Identifier: BSD-2-Clause */
#include "random.h"
#include "routes.h"

#include "bgp/stale.h"

Test(rib, tells_what_changed)
{
	struct rib_source a = source_of(1), b = source_of(2);
	_cleanup_(rib_free) struct rib *rib = rib_new();
	struct bgp_nlri nlri = nlri_of(1, 0);
	struct bgp_path path = path_pref(100), other = path_pref(200);

	cr_assert(rib != NULL);
	cr_expect(eq(int, rib_announce(rib, &a, &nlri, &path, 10), 1));
	cr_expect(eq(int, rib_announce(rib, &a, &nlri, &path, 20), 0));
	cr_expect(a.routes->received_ms == 10);
	cr_expect(eq(int, rib_announce(rib, &a, &nlri, &other, 30), 1));
	cr_expect(a.routes->received_ms == 30);
	cr_expect(eq(u32, a.routes->path->local_pref, 200));
	cr_expect(eq(sz, a.route_count, 1));
	cr_expect(eq(int, rib_withdraw(rib, &b, &nlri), 0), "not the neighbour's");
	cr_expect(eq(int, rib_withdraw(rib, &a, &nlri), 1));
	cr_expect(eq(int, rib_withdraw(rib, &a, &nlri), 0));
	cr_expect(eq(ptr, rib_find(rib, &nlri.dst), NULL));
	cr_expect(eq(sz, rib_interned(rib)->paths.count, 0));
}

static void scan_note(void *user, const struct rib_entry *entry)
{
	struct bgp_nlri nlri;

	for (unsigned int i = 0; i < 4000; i++) {
		nlri = nlri_of(i, 0);
		((unsigned int *)user)[i] += bgp_dst_equal(&nlri.dst, &entry->dst);
	}
}

/* A walk that pauses, while the table grows, sees all that was there before and is there after. */
static void scan(unsigned int before, unsigned int grow_at, unsigned int after)
{
	_cleanup_(freep) unsigned int *seen = calloc(4000, sizeof(*seen));
	_cleanup_(rib_free) struct rib *rib = rib_new();
	struct rib_source a = source_of(1);
	struct bgp_path path = path_pref(100);
	unsigned int steps = 0, twice = 0;
	struct bgp_nlri nlri;
	uint64_t at = 0;

	for (unsigned int i = 0; i < before; i++) {
		nlri = nlri_of(i, 0);
		rib_announce(rib, &a, &nlri, &path, 10);
	}
	do {
		for (unsigned int i = before; steps == grow_at && i < after; i++) {
			nlri = nlri_of(i, 0);
			rib_announce(rib, &a, &nlri, &path, 10);
		}
		for (unsigned int i = 0; steps == grow_at && i < before / 2; i++) {
			nlri = nlri_of(2 * i, 0);
			rib_withdraw(rib, &a, &nlri);
		}
		rib_scan(rib, &at, scan_note, seen);
		cr_assert(le(uint, ++steps, 8192));
	} while (at);
	for (unsigned int i = 1; i < before; i += 2) {
		cr_expect(ne(uint, seen[i], 0), "%u of %u, grown to %u after %u", i, before, after,
			  grow_at);
		twice += seen[i] > 1;
	}
	if (before == after || grow_at == 0)
		cr_expect(eq(uint, twice, 0));
}

Test(rib, is_walked_with_pauses, .timeout = 60)
{
	scan(0, 0, 0);
	scan(1, 0, 1);
	scan(60, 0, 60);
	scan(60, 20, 300);
	for (unsigned int at = 0; at < 128; at += 7)
		scan(128, at, 1000);
	scan(100, 40, 4000);
}

Test(rib, counts_what_is_stale)
{
	struct rib_source a = source_of(1), b = source_of(2);
	_cleanup_(rib_free) struct rib *rib = rib_new();
	struct bgp_nlri v4 = nlri_of(1, 0), second = nlri_of(2, 0), v6 = nlri_v6_of(1, 0);
	struct bgp_path path = path_pref(100), other = path_pref(200);

	rib_announce(rib, &a, &v4, &path, 10);
	rib_announce(rib, &a, &second, &path, 10);
	rib_announce(rib, &a, &v6, &path, 10);
	rib_announce(rib, &b, &v4, &path, 10);
	stale_mark(&a, BIT(BGP_IPV4_UNICAST));
	stale_mark(&a, BIT(BGP_IPV4_UNICAST));
	cr_expect(eq(sz, a.stale_count, 2), "once, of one family");
	cr_expect(eq(sz, b.stale_count, 0));
	cr_expect(eq(int, rib_announce(rib, &a, &v4, &path, 20), 0));
	cr_expect(eq(sz, a.stale_count, 1), "told again as it was");
	cr_expect(eq(int, rib_announce(rib, &a, &second, &other, 20), 1));
	cr_expect(eq(sz, a.stale_count, 0), "told again with a change");
	stale_mark(&a, BIT(BGP_IPV6_UNICAST));
	cr_expect(eq(int, rib_withdraw(rib, &a, &v6), 1));
	cr_expect(eq(sz, a.stale_count, 0), "withdrawn");
	cr_expect(eq(sz, a.route_count, 2));
}

Test(rib, changes_a_path_and_nothing_else)
{
	struct rib_source a = source_of(1), b = source_of(2);
	_cleanup_(rib_free) struct rib *rib = rib_new();
	struct bgp_nlri nlri = nlri_of(1, 0);
	struct bgp_path path = path_pref(200), less = path_pref(100), other = path_pref(50);
	struct rib_entry *entry;

	rib_announce(rib, &b, &nlri, &less, 10);
	rib_announce(rib, &a, &nlri, &path, 10);
	entry = rib_find(rib, &nlri.dst);
	cr_expect(eq(ptr, rib_best(entry), a.routes));
	stale_mark(&a, BIT(BGP_IPV4_UNICAST));
	cr_expect(eq(int, rib_route_change(rib, a.routes, &other), 0));
	cr_expect(eq(u32, a.routes->path->local_pref, 50));
	cr_expect(a.routes->stale && a.routes->received_ms == 10 && a.stale_count == 1);
	cr_expect(eq(ptr, rib_best(entry), b.routes), "it is decided again");
}

Test(rib, keeps_path_ids_apart)
{
	struct rib_source a = source_of(1);
	_cleanup_(rib_free) struct rib *rib = rib_new();
	struct bgp_nlri first = nlri_of(1, 7), second = nlri_of(1, 8);
	struct bgp_path path = path_pref(100);
	struct rib_entry *entry;

	cr_expect(eq(int, rib_announce(rib, &a, &first, &path, 0), 1));
	cr_expect(eq(int, rib_announce(rib, &a, &second, &path, 0), 1));
	entry = rib_find(rib, &first.dst);
	cr_expect(eq(u32, entry->routes->out_id, 1));
	cr_expect(eq(u32, entry->routes->next->out_id, 2));
	cr_expect(eq(ptr, entry->routes->path, entry->routes->next->path), "one path, two routes");
	rib_withdraw(rib, &a, &first);
	cr_expect(eq(u32, entry->routes->out_id, 2), "its id stays");
	rib_announce(rib, &a, &first, &path, 0);
	cr_expect(eq(u32, entry->routes->next->out_id, 3));
}

/* RFC 4364 section 4.1: the same address with another distinguisher is another route. */
Test(rib, keeps_distinguishers_apart)
{
	struct rib_source a = source_of(1);
	_cleanup_(rib_free) struct rib *rib = rib_new();
	struct bgp_nlri plain = nlri_of(1, 0), zero = plain, red = plain;
	struct bgp_path path = path_pref(100), other = path_pref(200);

	zero.dst.vpn = red.dst.vpn = 1;
	red.dst.rd = (struct bgp_rd){ { 0, 0, 0xfd, 0xe8, 0, 0, 0, 1 } };
	cr_expect(eq(int, rib_announce(rib, &a, &plain, &path, 0), 1));
	cr_expect(eq(int, rib_announce(rib, &a, &zero, &path, 0), 1), "an RD of 0 is none");
	cr_expect(eq(int, rib_announce(rib, &a, &red, &other, 0), 1));
	cr_expect(eq(sz, a.route_count, 3));
	cr_expect(ne(ptr, rib_find(rib, &plain.dst), rib_find(rib, &zero.dst)));
	cr_expect(eq(u32, rib_best(rib_find(rib, &red.dst))->path->local_pref, 200));
	cr_expect(eq(int, rib_withdraw(rib, &a, &zero), 1));
	cr_expect(eq(ptr, rib_find(rib, &zero.dst), NULL));
	cr_expect(ne(ptr, rib_find(rib, &plain.dst), NULL));
	cr_expect(eq(int, rib_withdraw(rib, &a, &red), 1));
	cr_expect(eq(int, rib_withdraw(rib, &a, &plain), 1));
}

Test(rib, decides_again_after_a_change)
{
	struct rib_source a = source_of(1), b = source_of(2);
	_cleanup_(rib_free) struct rib *rib = rib_new();
	struct bgp_nlri nlri = nlri_of(1, 0);
	struct bgp_path low = path_pref(100), high = path_pref(200);
	struct rib_entry *entry;

	rib_announce(rib, &a, &nlri, &low, 0);
	entry = rib_find(rib, &nlri.dst);
	cr_expect(eq(u32, rib_best(entry)->source->neighbor, 1));
	rib_announce(rib, &b, &nlri, &high, 0);
	cr_expect(eq(u32, rib_best(entry)->source->neighbor, 2));
	rib_announce(rib, &b, &nlri, &low, 0);
	cr_expect(eq(u32, rib_best(entry)->source->neighbor, 1));
	rib_withdraw(rib, &a, &nlri);
	cr_expect(eq(u32, rib_best(entry)->source->neighbor, 2));
}

#define PREFIXES  20
#define NEIGHBORS 4
#define PATHS     8

static size_t routes_in(const struct rib *rib)
{
	size_t count = 0;

	for (struct rib_entry *entry = NULL; (entry = rib_next(rib, entry));) {
		uint32_t last = 0;

		for (struct rib_route *r = entry->routes; r; r = r->next, count++) {
			cr_assert(r->out_id > last, "ids grow along the list");
			cr_assert(eq(ptr, r->entry, entry));
			last = r->out_id;
		}
		cr_assert(last > 0, "no entry is empty");
	}
	return count;
}

/* Against a plain array of what should be there. */
Test(rib, holds_what_was_said_last)
{
	struct rib_source source[NEIGHBORS];
	_cleanup_(rib_free) struct rib *rib = rib_new();
	struct random random = random_seeded("rib");
	uint32_t model[NEIGHBORS][PREFIXES][PATHS] = { 0 }; /* LOCAL_PREF; 0: no route */
	size_t count = 0;

	for (uint8_t i = 0; i < NEIGHBORS; i++)
		source[i] = source_of(i + 1);
	for (int step = 0; step < 20000; step++) {
		uint32_t n = random_below(&random, NEIGHBORS), p = random_below(&random, PREFIXES),
			 id = random_below(&random, PATHS),
			 fill = step / 2000 % 2 ? 1 : 9, /* prefixes are crowded, and not */
			pref = random_below(&random, 10) < fill ? 1 + random_below(&random, 3) : 0;
		uint32_t *is = &model[n][p][id];
		struct bgp_nlri nlri = nlri_of(p, id);
		struct bgp_path path = path_pref(pref);
		int r = pref ? rib_announce(rib, &source[n], &nlri, &path, 0)
			     : rib_withdraw(rib, &source[n], &nlri);

		cr_assert(eq(int, r, *is != pref));
		count += (pref && !*is) - (size_t)(!pref && *is);
		*is = pref;
		if (step % 500 == 0)
			cr_assert(eq(sz, routes_in(rib), count));
	}
	cr_expect(le(sz, rib_interned(rib)->paths.count, 3), "equal paths are one");
	for (int n = 0; n < NEIGHBORS; n++)
		while (source[n].routes) {
			const struct rib_route *r = source[n].routes;
			struct bgp_nlri nlri = { .dst = r->entry->dst, .path_id = r->path_id };

			rib_withdraw(rib, &source[n], &nlri);
		}
	cr_expect(eq(ptr, rib_next(rib, NULL), NULL));
	cr_expect(eq(sz, rib_interned(rib)->paths.count, 0), "no reference is left");
}
