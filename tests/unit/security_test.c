/* SPDX-License-Identifier: BSD-2-Clause */
/* Sessions over loopback whose segments are signed, or bound to hops and interfaces. */
#include "bgp/tcp_counters.h"
#include "signed_neighbor.h"

struct pair {
	struct speakers all;
	struct speaker_seen *a, *b;
	struct bgp_neighbor_config ab, ba;
};

static void pair_open(struct pair *pair)
{
	speakers_open(&pair->all);
	pair->a = speaker_add(&pair->all, 0);
	pair->b = speaker_add(&pair->all, 1);
	pair->ab = neighbor_of(pair->a, 1);
	pair->ba = neighbor_of(pair->b, 0);
}

static void pair_start(struct pair *pair)
{
	neighbor_put(pair->a, &pair->ab);
	neighbor_put(pair->b, &pair->ba);
}

static bool pair_up(const struct pair *pair)
{
	return is_up(pair->a, 0) && is_up(pair->b, 0);
}

static bool pair_down(const struct pair *pair)
{
	return !is_up(pair->a, 0) && !is_up(pair->b, 0);
}

static bool says(const struct speaker_seen *at, const char *words)
{
	return strstr(state_of(at, 0).last_error, words);
}

static uint64_t counted(enum tcp_counter which)
{
	uint64_t counter[TCP_COUNTER_COUNT];

	tcp_counters_read(counter);
	return counter[which];
}

/* A route goes over: the session carries octets, and not only its state. */
static void expect_route(struct pair *pair, const char *prefix)
{
	struct bgp_path path = path_of("192.0.2.1");
	unsigned int before = pair->b->announced;

	originate(pair->a, prefix, &path);
	LOOP_UNTIL(&pair->all, pair->b->announced == before + 1);
}

Test(security, same_password, .timeout = 20)
{
	struct pair pair;

	own_network();
	pair_open(&pair);
	pair.ab.socket.auth = pair.ba.socket.auth = md5("verbatim");
	pair_start(&pair);
	LOOP_UNTIL(&pair.all, pair_up(&pair));
	expect_route(&pair, "198.51.100.1");
	cr_expect(eq(int, state_of(pair.a, 0).config.socket.auth.kind, TCP_AUTH_MD5));
	cr_expect(eq(int, state_of(pair.a, 0).config.socket.auth.key[0].octet[0], 0),
		  "a state that is shown has no keys");
	cr_expect(eq(u64, counted(TCP_COUNTER_MD5_WRONG), 0));
	speakers_close(&pair.all);
}

static const struct {
	const char *name, *ours, *theirs;
	enum tcp_counter counter;
	const char *says;
} different[] = {
	{ "another password", "verbatim", "verbatin", TCP_COUNTER_MD5_WRONG,
	  "connect: no answer: is its password (TCP MD5) the same as ours?" },
	{ "longer", "verbatim", "verbatim ", TCP_COUNTER_MD5_WRONG, "is its password" },
	{ "only we", "verbatim", NULL, TCP_COUNTER_MD5_UNEXPECTED, "is its password" },
	{ "only they", NULL, "verbatim", TCP_COUNTER_MD5_MISSING, "connect: no answer" },
};

Test(security, other_password_no_session, .timeout = 60)
{
	own_network();
	for (size_t i = 0; i < ARRAY_SIZE(different); i++) {
		uint64_t before = counted(different[i].counter);
		struct pair pair;

		pair_open(&pair);
		if (different[i].ours)
			pair.ab.socket.auth = md5(different[i].ours);
		if (different[i].theirs)
			pair.ba.socket.auth = md5(different[i].theirs);
		pair_start(&pair);
		LOOP_UNTIL(&pair.all, says(pair.a, different[i].says));
		loop_for(&pair.all, 200);
		cr_expect(pair_down(&pair), "%s", different[i].name);
		cr_expect(counted(different[i].counter) > before, "%s", different[i].name);
		speakers_close(&pair.all);
	}
}

Test(security, changes_password_under_a_session, .timeout = 30)
{
	struct tcp_auth fresh = md5("second");
	struct addr b = speaker_addr(1), a = speaker_addr(0);
	struct pair pair;

	own_network();
	pair_open(&pair);
	pair.ab.socket.auth = pair.ba.socket.auth = md5("first");
	pair_start(&pair);
	LOOP_UNTIL(&pair.all, pair_up(&pair));
	cr_assert(bgp_neighbor_rekey(pair.a->bgp, &b, &fresh) == 0);
	originate(pair.a, "198.51.100.1", &(struct bgp_path){ .next_hop = addr_text("192.0.2.1") });
	LOOP_UNTIL(&pair.all, counted(TCP_COUNTER_MD5_WRONG) > 0);
	cr_expect(eq(uint, pair.b->announced, 0), "signed with what the other side does not know");
	cr_assert(bgp_neighbor_rekey(pair.b->bgp, &a, &fresh) == 0);
	LOOP_UNTIL(&pair.all, pair.b->announced == 1);
	cr_expect(eq(u64, state_of(pair.a, 0).established, 1), "the same session");
	cr_expect(eq(u64, state_of(pair.b, 0).established, 1));

	cr_assert(bgp_neighbor_remove(pair.a->bgp, &b) == 0);
	pair.ab.socket.auth = fresh;
	neighbor_put(pair.a, &pair.ab);
	LOOP_UNTIL(&pair.all, pair_up(&pair));
	speakers_close(&pair.all);
}

Test(security, a_change_of_kind_is_no_rekeying, .timeout = 20)
{
	struct tcp_auth none = { 0 };
	struct addr b = speaker_addr(1), c = speaker_addr(2);
	struct pair pair;

	own_network();
	pair_open(&pair);
	pair.ab.socket.auth = md5("first");
	neighbor_put(pair.a, &pair.ab);
	cr_expect(eq(int, bgp_neighbor_rekey(pair.a->bgp, &b, &none), -EINVAL));
	cr_expect(eq(int, bgp_neighbor_rekey(pair.a->bgp, &c, &pair.ab.socket.auth), -ENOENT));
	speakers_close(&pair.all);
}

/* One neighbour's password is nothing to another one, nor to one that takes its place. */
Test(security, keys_are_of_one_neighbor, .timeout = 20)
{
	struct addr b = speaker_addr(1);
	struct pair pair;

	own_network();
	pair_open(&pair);
	pair.ab.socket.auth = md5("of b");
	pair.ab.passive = pair.ba.passive = false;
	neighbor_put(pair.a, &pair.ab);
	pair.ba = neighbor_of(speaker_add(&pair.all, 2), 0);
	pair.ab = neighbor_of(pair.a, 2);
	neighbor_put(pair.a, &pair.ab);
	neighbor_put(&pair.all.speaker[2], &pair.ba);
	LOOP_UNTIL(&pair.all, is_up(pair.a, 1));

	cr_assert(bgp_neighbor_remove(pair.a->bgp, &b) == 0);
	pair.ab = neighbor_of(pair.a, 1);
	pair.ba = neighbor_of(pair.b, 0);
	neighbor_put(pair.a, &pair.ab);
	neighbor_put(pair.b, &pair.ba);
	LOOP_UNTIL(&pair.all, is_up(pair.b, 0));
	speakers_close(&pair.all);
}

static const struct {
	const char *name;
	uint8_t ours, ours_min, theirs, theirs_min;
	bool up;
} hops[] = {
	{ "both", 255, 255, 255, 255, true },
	{ "we insist, they send less", 255, 255, 254, 0, false },
	{ "they insist, we send less", 64, 0, 255, 255, false },
	{ "two hops", 254, 254, 254, 254, true },
	{ "a TTL of 1 does for loopback", 1, 0, 1, 0, true },
};

Test(security, counts_hops, .timeout = 60)
{
	own_network();
	for (size_t i = 0; i < ARRAY_SIZE(hops); i++) {
		uint64_t before = counted(TCP_COUNTER_TTL);
		struct pair pair;

		pair_open(&pair);
		pair.ab.socket =
			(struct socket_options){ .ttl = hops[i].ours, .ttl_min = hops[i].ours_min };
		pair.ba.socket = (struct socket_options){ .ttl = hops[i].theirs,
							  .ttl_min = hops[i].theirs_min };
		pair_start(&pair);
		if (hops[i].up) {
			LOOP_UNTIL(&pair.all, pair_up(&pair));
		} else {
			loop_for(&pair.all, 2500);
			cr_expect(pair_down(&pair), "%s", hops[i].name);
			cr_expect(counted(TCP_COUNTER_TTL) > before, "%s", hops[i].name);
		}
		speakers_close(&pair.all);
	}
}

Test(security, stays_on_its_interface, .timeout = 30)
{
	struct pair pair;

	own_network();
	pair_open(&pair);
	strcpy(pair.ab.socket.interface, "lo");
	strcpy(pair.ba.socket.interface, "lo");
	pair_start(&pair);
	LOOP_UNTIL(&pair.all, pair_up(&pair));
	speakers_close(&pair.all);

	pair_open(&pair);
	strcpy(pair.ab.socket.interface, "nosuch0");
	pair_start(&pair);
	LOOP_UNTIL(&pair.all, says(pair.a, "connect: no such device") &&
				      bgp_refused(pair.a->bgp, BGP_REFUSED_OPTIONS));
	cr_expect(pair_down(&pair));
	speakers_close(&pair.all);
}

Test(security, counts_strangers, .timeout = 20)
{
	_cleanup_(raw_close) struct raw raw = { .fd = -1 };
	struct message message;
	struct speakers all;
	struct speaker_seen *a;

	own_network();
	speakers_open(&all);
	a = speaker_add(&all, 0);
	for (unsigned int i = 1; i <= 3; i++) {
		raw_open(&raw, &all, 2, 0);
		LOOP_UNTIL(&all, raw_read(&raw, &message) || raw.ended);
		cr_expect(raw.ended);
		raw_close(&raw);
		cr_expect(eq(u64, bgp_refused(a->bgp, BGP_REFUSED_UNKNOWN), i));
	}
	speakers_close(&all);
}

/* More at once than a turn of the loop takes, and then one that is known. */
Test(security, takes_a_known_one_behind_a_flood, .timeout = 30)
{
	enum { FLOOD = 120 };
	static struct raw raw[FLOOD];
	struct pair pair;

	own_network();
	pair_open(&pair);
	pair.ab.passive = true;
	neighbor_put(pair.a, &pair.ab);
	for (int i = 0; i < FLOOD; i++)
		raw_open(&raw[i], &pair.all, 3, 0);
	neighbor_put(pair.b, &pair.ba);
	LOOP_UNTIL(&pair.all, pair_up(&pair));
	cr_expect(eq(u64, bgp_refused(pair.a->bgp, BGP_REFUSED_UNKNOWN), FLOOD));
	for (int i = 0; i < FLOOD; i++)
		raw_close(&raw[i]);
	speakers_close(&pair.all);
}

static void need_ao(void)
{
	if (socket_auth_supported(TCP_AUTH_AO) < 0)
		cr_skip("needs TCP-AO: Linux 6.7 or later with CONFIG_TCP_AO");
	own_network();
}

Test(security, what_the_kernel_cannot_do_is_said, .timeout = 20)
{
	struct bgp_neighbor_state state;
	struct pair pair;

	if (socket_auth_supported(TCP_AUTH_AO) == 0)
		cr_skip("this kernel has TCP-AO");
	cr_expect(eq(int, socket_auth_supported(TCP_AUTH_AO), -EOPNOTSUPP));
	cr_expect(eq(int, socket_auth_supported(TCP_AUTH_MD5), 0));
	cr_expect(strstr(socket_auth_remedy(-EOPNOTSUPP), "CONFIG_TCP_AO") != NULL);
	pair_open(&pair);
	pair.ab.socket.auth = ao("key", 1, 1, TCP_AUTH_HMAC_SHA_1_96);
	cr_expect(eq(int, bgp_neighbor_add(pair.a->bgp, &pair.ab), -ENOPROTOOPT));
	cr_expect(eq(int, bgp_neighbor_state(pair.a->bgp, 0, &state), false));
	speakers_close(&pair.all);
}

Test(security, ao_with_both_algorithms, .timeout = 30)
{
	need_ao();
	for (int i = TCP_AUTH_HMAC_SHA_1_96; i <= TCP_AUTH_AES_128_CMAC_96; i++) {
		struct pair pair;

		pair_open(&pair);
		pair.ab.socket.auth = ao("a master key", 10, 20, i);
		pair.ba.socket.auth = ao("a master key", 20, 10, i);
		pair_start(&pair);
		LOOP_UNTIL(&pair.all, pair_up(&pair));
		expect_route(&pair, "198.51.100.1");
		cr_expect(eq(int, state_of(pair.a, 0).signing.current, 10));
		cr_expect(eq(int, state_of(pair.a, 0).signing.next, 20));
		cr_expect(state_of(pair.a, 0).signing.good > 0);
		cr_expect(eq(u64, state_of(pair.a, 0).signing.bad, 0));
		speakers_close(&pair.all);
	}
}

static const struct {
	const char *name, *theirs;
	uint8_t their_send_id;
	enum tcp_auth_algorithm algorithm;
	enum tcp_counter counter;
} ao_different[] = {
	{ "another key", "another key", 20, TCP_AUTH_HMAC_SHA_1_96, TCP_COUNTER_AO_WRONG },
	{ "another algorithm", "a master key", 20, TCP_AUTH_AES_128_CMAC_96, TCP_COUNTER_AO_WRONG },
	{ "another id", "a master key", 21, TCP_AUTH_HMAC_SHA_1_96, TCP_COUNTER_AO_UNKNOWN_KEY },
	{ "not signed", NULL, 0, TCP_AUTH_HMAC_SHA_1_96, TCP_COUNTER_AO_MISSING },
};

Test(security, other_ao_keys_no_session, .timeout = 60)
{
	need_ao();
	for (size_t i = 0; i < ARRAY_SIZE(ao_different); i++) {
		uint64_t before = counted(ao_different[i].counter);
		struct pair pair;

		pair_open(&pair);
		pair.ab.socket.auth = ao("a master key", 10, 20, TCP_AUTH_HMAC_SHA_1_96);
		if (ao_different[i].theirs)
			pair.ba.socket.auth =
				ao(ao_different[i].theirs, ao_different[i].their_send_id, 10,
				   ao_different[i].algorithm);
		pair_start(&pair);
		LOOP_UNTIL(&pair.all, says(pair.a, "are its keys (TCP-AO) the same as ours?"));
		loop_for(&pair.all, 200);
		cr_expect(pair_down(&pair), "%s", ao_different[i].name);
		cr_expect(counted(ao_different[i].counter) > before, "%s", ao_different[i].name);
		speakers_close(&pair.all);
	}
}

/* RFC 5925 section 6.1: both get a second key, one asks for it, then the first one goes. */
Test(security, rolls_ao_keys_over, .timeout = 30)
{
	const enum tcp_auth_algorithm sha = TCP_AUTH_HMAC_SHA_1_96, aes = TCP_AUTH_AES_128_CMAC_96;
	struct tcp_auth a1 = ao("first", 1, 2, sha), a2 = ao("second", 3, 4, aes);
	struct tcp_auth b1 = ao("first", 2, 1, sha), b2 = ao("second", 4, 3, aes);
	struct tcp_auth a12 = both(&a1, &a2), a21 = both(&a2, &a1), b21 = both(&b2, &b1);
	struct addr a = speaker_addr(0), b = speaker_addr(1);
	struct pair pair;

	need_ao();
	pair_open(&pair);
	pair.ab.socket.auth = a1;
	pair.ba.socket.auth = b1;
	pair_start(&pair);
	LOOP_UNTIL(&pair.all, pair_up(&pair));

	cr_assert(bgp_neighbor_rekey(pair.a->bgp, &b, &a12) == 0);
	expect_route(&pair, "198.51.100.1");
	cr_expect(eq(int, state_of(pair.a, 0).signing.current, 1));
	cr_assert(bgp_neighbor_rekey(pair.b->bgp, &a, &b21) == 0);
	expect_route(&pair, "198.51.100.2");
	expect_route(&pair, "198.51.100.3");
	cr_expect(eq(int, state_of(pair.a, 0).signing.current, 3), "b asked for its second key");
	cr_assert(bgp_neighbor_rekey(pair.a->bgp, &b, &a21) == 0);
	expect_route(&pair, "198.51.100.4");
	expect_route(&pair, "198.51.100.5");
	cr_expect(eq(int, state_of(pair.b, 0).signing.current, 4), "and a did");

	cr_assert(bgp_neighbor_rekey(pair.a->bgp, &b, &a2) == 0);
	cr_assert(bgp_neighbor_rekey(pair.b->bgp, &a, &b2) == 0);
	expect_route(&pair, "198.51.100.6");
	cr_expect(eq(u64, state_of(pair.a, 0).established, 1), "the same session all along");
	cr_expect(eq(u64, state_of(pair.a, 0).signing.bad, 0));

	cr_assert(bgp_neighbor_remove(pair.b->bgp, &a) == 0);
	pair.ba.socket.auth = b2;
	neighbor_put(pair.b, &pair.ba);
	LOOP_UNTIL(&pair.all, pair_up(&pair) && pair.b->announced == 12); /* all of them again */
	expect_route(&pair, "198.51.100.7");
	speakers_close(&pair.all);
}

/* The same ids for another key: the kernel does not do that to a connection, so it begins anew. */
Test(security, replaces_an_ao_key_in_place, .timeout = 30)
{
	struct tcp_auth a2 = ao("second", 1, 2, TCP_AUTH_HMAC_SHA_1_96);
	struct tcp_auth b2 = ao("second", 2, 1, TCP_AUTH_HMAC_SHA_1_96);
	struct addr a = speaker_addr(0), b = speaker_addr(1);
	struct pair pair;

	need_ao();
	pair_open(&pair);
	pair.ab.socket.auth = ao("first", 1, 2, TCP_AUTH_HMAC_SHA_1_96);
	pair.ba.socket.auth = ao("first", 2, 1, TCP_AUTH_HMAC_SHA_1_96);
	pair_start(&pair);
	LOOP_UNTIL(&pair.all, pair_up(&pair));
	cr_expect(eq(int, bgp_neighbor_rekey(pair.a->bgp, &b, &a2), 0));
	cr_expect(eq(int, bgp_neighbor_rekey(pair.b->bgp, &a, &b2), 0));
	LOOP_UNTIL(&pair.all, pair_up(&pair) && state_of(pair.a, 0).established == 2);
	expect_route(&pair, "198.51.100.1");
	speakers_close(&pair.all);
}
