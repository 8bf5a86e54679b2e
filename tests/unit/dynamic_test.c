/* SPDX-License-Identifier: BSD-2-Clause */
/* Neighbours that connect out of a range: made, counted, limited, and gone again. */
#include "signed_neighbor.h"

static struct bgp_range_config range_of(const struct speaker_seen *at, const char *from,
					uint8_t len)
{
	struct addr addr = addr_text(from);

	return (struct bgp_range_config){ .prefix = prefix_of(&addr, len),
					  .limit = 2,
					  .hold_down_s = 1,
					  .neighbor = neighbor_of(at, at->number) };
}

static struct speaker_seen *ranged_speaker(struct speakers *all,
					   const struct bgp_range_config *range)
{
	struct speaker_seen *a;

	own_network();
	speakers_open(all);
	a = speaker_add(all, 0);
	cr_assert(bgp_range_add(a->bgp, range) == 0);
	return a;
}

static struct bgp_range_config usual_range(void)
{
	static struct speakers none;
	const struct speaker_seen at = { .all = &none };

	return range_of(&at, "127.0.0.0", 24);
}

static size_t neighbors(const struct speaker_seen *at)
{
	struct bgp_neighbor_state state;
	size_t n = 0;

	while (bgp_neighbor_state(at->bgp, n, &state))
		n++;
	return n;
}

static struct bgp_range_state range_state(const struct speaker_seen *at)
{
	struct bgp_range_state state = { 0 };

	cr_assert(bgp_range_state(at->bgp, 0, &state));
	return state;
}

/* A speaker that dials the first one. */
static struct speaker_seen *dialler(struct speakers *all, int number, const struct tcp_auth *auth)
{
	struct speaker_seen *at = speaker_add(all, number);
	struct bgp_neighbor_config config = neighbor_of(at, 0);

	if (auth)
		config.socket.auth = *auth;
	neighbor_put(at, &config);
	return at;
}

Test(dynamic, comes_and_goes, .timeout = 30)
{
	struct bgp_range_config range = usual_range();
	struct bgp_path path = path_of("192.0.2.1");
	struct addr a_addr = speaker_addr(0), b_addr = speaker_addr(1);
	struct bgp_neighbor_state state;
	struct speaker_seen *a, *b;
	struct speakers all;

	a = ranged_speaker(&all, &range);
	cr_expect(eq(sz, neighbors(a), 0));
	b = dialler(&all, 1, NULL);
	originate(b, "198.51.100.1", &path);
	LOOP_UNTIL(&all, a->announced == 1);
	state = state_of(a, 0);
	cr_expect(state.config.dynamic);
	cr_expect(addr_equal(&state.config.remote, &b_addr));
	cr_expect(eq(sz, range_state(a).count, 1));
	cr_expect(eq(int, bgp_neighbor_remove(a->bgp, &state.config.remote), -ENOENT),
		  "it is the range's");

	cr_assert(bgp_neighbor_remove(b->bgp, &a_addr) == 0);
	LOOP_UNTIL(&all, a->withdrawn == 1);
	cr_expect(eq(sz, neighbors(a), 1), "held down");
	LOOP_UNTIL(&all, neighbors(a) == 0);
	cr_expect(eq(sz, range_state(a).count, 0));
	bgp_free(&b->bgp);
	b = dialler(&all, 1, NULL);
	LOOP_UNTIL(&all, neighbors(a) == 1 && is_up(a, 0));
	speakers_close(&all);
}

/* The place that one has is another's only when it has gone. */
Test(dynamic, no_more_than_the_limit, .timeout = 30)
{
	struct bgp_range_config range = usual_range();
	struct addr a_addr = speaker_addr(0);
	struct speaker_seen *a, *b, *c, *d;
	struct speakers all;

	a = ranged_speaker(&all, &range);
	b = dialler(&all, 1, NULL);
	c = dialler(&all, 2, NULL);
	LOOP_UNTIL(&all, is_up(b, 0) && is_up(c, 0));
	d = dialler(&all, 3, NULL);
	LOOP_UNTIL(&all, bgp_refused(a->bgp, BGP_REFUSED_RANGE_FULL) >= 1);
	cr_expect(eq(u64, range_state(a).refused, bgp_refused(a->bgp, BGP_REFUSED_RANGE_FULL)));
	cr_expect(eq(sz, neighbors(a), 2));
	cr_assert(bgp_neighbor_remove(b->bgp, &a_addr) == 0);
	LOOP_UNTIL(&all, is_up(d, 0));
	cr_expect(eq(sz, neighbors(a), 2));
	speakers_close(&all);
}

/* Connections that come to nothing have their places for the hold-down, and no more of them. */
Test(dynamic, silence_costs_a_place_for_a_while, .timeout = 30)
{
	enum { FLOOD = 40 };
	static struct raw raw[FLOOD];
	struct bgp_range_config range = usual_range();
	struct speaker_seen *a, *b;
	struct speakers all;

	range.hold_down_s = 4; /* so that a slow machine looks in time */
	a = ranged_speaker(&all, &range);
	for (int i = 0; i < FLOOD; i++) /* 127.0.0.11 and so on */
		raw_open(&raw[i], &all, 10 + i, 0);
	LOOP_UNTIL(&all, bgp_refused(a->bgp, BGP_REFUSED_RANGE_FULL) == FLOOD - 2);
	cr_expect(eq(sz, neighbors(a), 2));
	loop_for(&all, 2200); /* more than half of it */
	cr_expect(eq(sz, neighbors(a), 2), "both have their places yet");
	b = dialler(&all, 1, NULL);
	LOOP_UNTIL(&all, is_up(b, 0));
	cr_expect(ge(sz, neighbors(a), 1));
	for (int i = 0; i < FLOOD; i++)
		raw_close(&raw[i]);
	LOOP_UNTIL(&all, neighbors(a) == 1);
	cr_expect(is_up(b, 0));
	speakers_close(&all);
}

static const struct {
	const char *name;
	uint32_t min, max, as;
	bool up;
} as_numbers[] = {
	{ "the one", AS_OURS, AS_OURS, AS_OURS, true },
	{ "first", AS_OURS, AS_OURS + 2, AS_OURS, true },
	{ "last", AS_OURS - 2, AS_OURS, AS_OURS, true },
	{ "below", AS_OURS + 1, AS_OURS + 2, AS_OURS, false },
	{ "above", AS_OURS - 2, AS_OURS - 1, AS_OURS, false },
	{ "another AS", 64512, 64600, 64555, true },
};

Test(dynamic, of_an_as_in_the_range, .timeout = 60)
{
	for (size_t i = 0; i < ARRAY_SIZE(as_numbers); i++) {
		struct bgp_range_config range = usual_range();
		struct bgp_neighbor_config config;
		struct speaker_seen *a, *b;
		struct speakers all;

		range.neighbor.remote_as = as_numbers[i].min;
		range.neighbor.remote_as_max = as_numbers[i].max;
		a = ranged_speaker(&all, &range);
		b = speaker_add_as(&all, 1, as_numbers[i].as);
		config = neighbor_of(b, 0);
		neighbor_put(b, &config);
		if (as_numbers[i].up) {
			LOOP_UNTIL(&all, is_up(b, 0) && is_up(a, 0));
			cr_expect(eq(u32, state_of(a, 0).config.remote_as, as_numbers[i].as), "%s",
				  as_numbers[i].name);
		} else {
			LOOP_UNTIL(&all, strstr(state_of(b, 0).last_error, "Bad Peer AS"));
			cr_expect(eq(int, is_up(a, 0), false), "%s", as_numbers[i].name);
		}
		speakers_close(&all);
	}
}

Test(dynamic, signed_by_the_key_of_the_range, .timeout = 30)
{
	struct bgp_range_config range = usual_range();
	struct tcp_auth good = md5("of all"), bad = md5("of none"), fresh = md5("another");
	struct addr a_addr = speaker_addr(0);
	struct speaker_seen *a, *b, *c;
	struct bgp_path path = path_of("192.0.2.1");
	struct speakers all;

	range.neighbor.socket.auth = good;
	a = ranged_speaker(&all, &range);
	b = dialler(&all, 1, &good);
	c = dialler(&all, 2, &bad);
	LOOP_UNTIL(&all, is_up(b, 0));
	LOOP_UNTIL(&all, strstr(state_of(c, 0).last_error, "is its password"));
	cr_expect(eq(sz, neighbors(a), 1), "nobody came that has the wrong one");
	cr_expect(eq(int, range_state(a).config.neighbor.socket.auth.key[0].octet[0], 0),
		  "shown without its keys");

	cr_assert(bgp_range_rekey(a->bgp, &range.prefix, &fresh) == 0);
	cr_assert(bgp_neighbor_rekey(b->bgp, &a_addr, &fresh) == 0);
	originate(b, "198.51.100.1", &path);
	LOOP_UNTIL(&all, a->announced == 1);
	cr_expect(eq(u64, state_of(b, 0).established, 1), "the same session");
	cr_assert(bgp_neighbor_rekey(c->bgp, &a_addr, &fresh) == 0);
	LOOP_UNTIL(&all, is_up(c, 0));
	speakers_close(&all);
}

Test(dynamic, ao_keys_of_the_range, .timeout = 30)
{
	struct bgp_range_config range = usual_range();
	struct tcp_auth ours = ao("of all", 1, 2, TCP_AUTH_HMAC_SHA_1_96);
	struct tcp_auth theirs = ao("of all", 2, 1, TCP_AUTH_HMAC_SHA_1_96), ours2, theirs2;
	struct addr a_addr = speaker_addr(0);
	struct speaker_seen *a, *b;
	struct bgp_path path = path_of("192.0.2.1");
	struct speakers all;

	if (socket_auth_supported(TCP_AUTH_AO) < 0)
		cr_skip("needs TCP-AO: Linux 6.7 or later with CONFIG_TCP_AO");
	ours2 = ao("next", 3, 4, TCP_AUTH_HMAC_SHA_1_96);
	ours2 = both(&ours2, &ours);
	theirs2 = ao("next", 4, 3, TCP_AUTH_HMAC_SHA_1_96);
	theirs2 = both(&theirs2, &theirs);
	range.neighbor.socket.auth = ours;
	a = ranged_speaker(&all, &range);
	b = dialler(&all, 1, &theirs);
	LOOP_UNTIL(&all, is_up(b, 0));
	cr_assert(bgp_range_rekey(a->bgp, &range.prefix, &ours2) == 0);
	cr_assert(bgp_neighbor_rekey(b->bgp, &a_addr, &theirs2) == 0);
	originate(b, "198.51.100.1", &path);
	LOOP_UNTIL(&all, a->announced == 1 && state_of(a, 0).signing.current == 3);
	cr_expect(eq(u64, state_of(b, 0).established, 1), "the same session");
	speakers_close(&all);
}

Test(dynamic, the_narrowest_range_counts, .timeout = 30)
{
	struct bgp_range_config range = usual_range(), inner = usual_range();
	struct addr addr = addr_text("127.0.0.2");
	struct speaker_seen *a, *b;
	struct speakers all;

	inner.prefix = prefix_of(&addr, 31);
	inner.neighbor.client = true;
	a = ranged_speaker(&all, &range);
	cr_assert(bgp_range_add(a->bgp, &inner) == 0);
	cr_expect(eq(int, bgp_range_add(a->bgp, &inner), -EEXIST));
	b = dialler(&all, 1, NULL);
	LOOP_UNTIL(&all, is_up(b, 0) && is_up(a, 0));
	cr_expect(state_of(a, 0).config.client);
	cr_assert(bgp_range_remove(a->bgp, &range.prefix) == 0);
	loop_for(&all, 50);
	cr_expect(is_up(b, 0), "it was not of that one");
	cr_assert(bgp_range_remove(a->bgp, &inner.prefix) == 0);
	LOOP_UNTIL(&all, strstr(state_of(b, 0).last_error, "Peer De-configured"));
	cr_expect(eq(sz, neighbors(a), 0));
	cr_expect(eq(int, bgp_range_remove(a->bgp, &inner.prefix), -ENOENT));
	speakers_close(&all);
}

/* It is given a name: its session begins anew by what is said there. */
Test(dynamic, a_name_takes_its_place, .timeout = 30)
{
	struct bgp_range_config range = usual_range();
	struct bgp_neighbor_config named;
	struct speaker_seen *a, *b;
	struct speakers all;

	a = ranged_speaker(&all, &range);
	b = dialler(&all, 1, NULL);
	LOOP_UNTIL(&all, is_up(b, 0) && is_up(a, 0));
	named = neighbor_of(a, 1);
	neighbor_put(a, &named);
	cr_expect(eq(sz, neighbors(a), 1));
	cr_expect(eq(sz, range_state(a).count, 0));
	LOOP_UNTIL(&all, state_of(b, 0).established == 2 && is_up(a, 0));
	cr_expect(eq(int, state_of(a, 0).config.dynamic, false));
	speakers_close(&all);
}
