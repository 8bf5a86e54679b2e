/* SPDX-License-Identifier: BSD-2-Clause */
#include "raw_neighbor.h"

#include "bgp/resolver.h"

#define HOPS 8

/* Next hops that somebody has asked for, and what is said of them. */
struct resolved {
	struct addr hop[HOPS];
	unsigned int watched[HOPS];
	uint32_t cost[HOPS];
	size_t count;
};

static size_t hop_of(struct resolved *r, const struct addr *addr)
{
	size_t i = 0;

	while (i < r->count && !addr_equal(&r->hop[i], addr))
		i++;
	cr_assert(lt(sz, i, HOPS));
	if (i == r->count)
		r->hop[r->count++] = *addr;
	return i;
}

static uint32_t watch(void *user, const struct addr *addr)
{
	struct resolved *r = user;
	size_t i = hop_of(r, addr);

	r->watched[i]++;
	return r->cost[i];
}

static void unwatch(void *user, const struct addr *addr)
{
	struct resolved *r = user;
	size_t i = hop_of(r, addr);

	cr_assert(ne(uint, r->watched[i], 0));
	r->watched[i]--;
}

static const struct bgp_resolver resolver = { watch, unwatch };

static void cost_set(struct resolved *r, struct speaker_seen *at, const char *hop, uint32_t cost)
{
	struct addr addr = addr_text(hop);

	r->cost[hop_of(r, &addr)] = cost;
	bgp_next_hop_changed(at->bgp, &addr, cost);
}

/* Speaker 0 and 2 announce the same prefix to 1, which tells 3 the best one only. */
Test(resolver, decides_by_reachability_and_cost, .timeout = 30)
{
	struct speakers all;
	struct speaker_seen *s[4];
	struct resolved resolved = { 0 };
	struct bgp_path east = path_of("192.0.2.1"), west = path_of("192.0.2.2");

	speakers_open(&all);
	for (int i = 0; i < 4; i++)
		s[i] = speaker_add(&all, i);
	bgp_resolve(s[1]->bgp, &resolver, &resolved);
	for (int i = 0; i < 4; i++) {
		struct bgp_neighbor_config to = neighbor_of(s[1], i), back = neighbor_of(s[i], 1);

		if (i == 1)
			continue;
		to.client = true;
		to.add_path_send = back.add_path_receive = false;
		neighbor_put(s[1], &to);
		neighbor_put(s[i], &back);
	}
	LOOP_UNTIL(&all, is_up(s[0], 0) && is_up(s[2], 0) && is_up(s[3], 0));
	originate(s[0], "198.51.100.1", &east);
	originate(s[2], "198.51.100.1", &west);
	LOOP_UNTIL(&all, resolved.count == 2 && resolved.watched[0] && resolved.watched[1]);
	LOOP_UNTIL(&all, s[3]->announced && addr_equal(&s[3]->path.next_hop, &east.next_hop));

	cost_set(&resolved, s[1], "192.0.2.1", 20);
	LOOP_UNTIL(&all, addr_equal(&s[3]->path.next_hop, &west.next_hop));
	cost_set(&resolved, s[1], "192.0.2.2", BGP_UNREACHABLE);
	LOOP_UNTIL(&all, addr_equal(&s[3]->path.next_hop, &east.next_hop));
	cr_expect(eq(uint, s[3]->withdrawn, 0));
	cost_set(&resolved, s[1], "192.0.2.1", BGP_UNREACHABLE);
	LOOP_UNTIL(&all, s[3]->withdrawn == 1);
	cost_set(&resolved, s[1], "192.0.2.2", 5);
	LOOP_UNTIL(&all, addr_equal(&s[3]->path.next_hop, &west.next_hop));

	/* Both in one turn, one of them twice: the last word counts. */
	cost_set(&resolved, s[1], "192.0.2.2", 3);
	cost_set(&resolved, s[1], "192.0.2.1", 10);
	cost_set(&resolved, s[1], "192.0.2.2", 30);
	cost_set(&resolved, s[1], "192.0.2.1", 6);
	LOOP_UNTIL(&all, addr_equal(&s[3]->path.next_hop, &east.next_hop));
	for (uint32_t i = 0; i < 100; i++) {
		cost_set(&resolved, s[1], "192.0.2.1", 100 - i);
		cost_set(&resolved, s[1], "192.0.2.2", i);
	}
	cost_set(&resolved, s[1], "192.0.2.2", 0);
	LOOP_UNTIL(&all, addr_equal(&s[3]->path.next_hop, &west.next_hop));

	withdraw(s[0], "198.51.100.1");
	withdraw(s[2], "198.51.100.1");
	LOOP_UNTIL(&all, !resolved.watched[0] && !resolved.watched[1]);
	speakers_close(&all);
}
