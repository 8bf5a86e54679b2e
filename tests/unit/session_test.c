/* SPDX-License-Identifier: BSD-2-Clause */
#include "speakers.h"

static void pair_connect(struct speakers *all, struct speaker_seen *a, struct speaker_seen *b)
{
	struct bgp_neighbor_config ab = neighbor_of(a, b->number), ba = neighbor_of(b, a->number);

	neighbor_put(a, &ab);
	neighbor_put(b, &ba);
	LOOP_UNTIL(all, is_up(a, 0) && is_up(b, 0));
}

Test(session, exchanges_routes, .timeout = 20)
{
	struct speakers all;
	struct speaker_seen *a, *b;
	struct bgp_path path = path_of("192.0.2.1");

	speakers_open(&all);
	a = speaker_add(&all, 0);
	b = speaker_add(&all, 1);
	originate(a, "198.51.100.1", &path);
	pair_connect(&all, a, b);
	LOOP_UNTIL(&all, b->announced == 1 && b->settled == 1);
	cr_expect(addr_equal(&b->path.next_hop, &path.next_hop));
	cr_expect(eq(u32, b->path.local_pref, 100));

	originate(a, "198.51.100.1", &path); /* the same again */
	loop_for(&all, 50);
	cr_expect(eq(uint, b->announced, 1));
	cr_expect(eq(u64, state_of(a, 0).updates_out, 3), "one route, two End-of-RIB");

	withdraw(a, "198.51.100.1");
	LOOP_UNTIL(&all, b->withdrawn == 1);
	cr_expect(eq(u64, state_of(b, 0).prefixes_in, 0));
	cr_expect(eq(u64, state_of(b, 0).updates_in, 4));
	speakers_close(&all);
}
