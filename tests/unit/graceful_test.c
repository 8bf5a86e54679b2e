/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/graceful.h"
#include "raw_neighbor.h"

#define V4  BIT(BGP_IPV4_UNICAST)
#define V6  BIT(BGP_IPV6_UNICAST)
#define NOW 1000000

/* --- the rules, without routes --- */
static const struct bgp_neighbor_config helper = {
	.families = V4 | V6, .graceful = BGP_GRACEFUL_HELPER, .stale_s = 300, .long_lived_s = 1000
};

static struct bgp_open says(uint32_t forwarding, uint16_t restart_s)
{
	return (struct bgp_open){ .families = V4 | V6,
				  .graceful = true,
				  .graceful_notification = true,
				  .restart_s = restart_s,
				  .graceful_families = V4 | V6,
				  .forwarding = forwarding };
}

static struct bgp_open ours_of(const struct bgp_neighbor_config *config,
			       const struct graceful_self *self)
{
	struct bgp_open open = { .families = config->families };

	graceful_say(self, config, &open);
	return open;
}

Test(graceful, says_what_is_configured)
{
	const struct graceful_self began = { 0 }, again = { true, true }, since = { false, true };
	struct bgp_neighbor_config config = helper;
	struct bgp_open open = ours_of(&config, &again);

	cr_expect(open.graceful && open.graceful_notification && open.long_lived);
	cr_expect(open.graceful_families == 0 && !open.restarted && !open.forwarding);
	cr_expect(eq(u32, open.long_lived_families, 0));
	config.graceful = BGP_GRACEFUL_ENABLED;
	config.restart_s = 77;
	open = ours_of(&config, &again);
	cr_expect(open.restarted && open.restart_s == 77);
	cr_expect(open.graceful_families == (V4 | V6) && open.forwarding == (V4 | V6));
	cr_expect(open.long_lived_families == (V4 | V6) && open.long_lived_s[1] == 1000);
	open = ours_of(&config, &began);
	cr_expect(open.graceful_families == (V4 | V6) && !open.restarted && !open.forwarding);
	open = ours_of(&config, &since);
	cr_expect(open.forwarding == (V4 | V6) && !open.restarted);
	config.long_lived_s = 0;
	cr_expect(not(ours_of(&config, &again).long_lived));
	config.graceful = BGP_GRACEFUL_DISABLED;
	cr_expect(not(ours_of(&config, &again).graceful));
}

Test(graceful, keeps_what_both_agreed_on)
{
	const struct graceful_self self = { 0 };
	const struct bgp_open ours = ours_of(&helper, &self), theirs = says(V4 | V6, 120);
	struct bgp_open none = { .families = V4 | V6 }, only_v4 = theirs;
	struct graceful g = { 0 };

	only_v4.graceful_families = V4;
	graceful_up(&g, &helper, &ours, &theirs, V4 | V6, NOW);
	cr_expect(g.notification && !g.mutual, "a helper asks for nothing");
	cr_expect(eq(u64, graceful_next_ms(&g), GRACEFUL_NEVER));
	cr_expect(eq(u32, graceful_down(&g, false, NOW), V4 | V6));
	cr_expect(eq(u64, graceful_next_ms(&g), NOW + 120000));
	cr_expect(eq(u32, graceful_down(&g, true, NOW), 0));
	cr_expect(eq(u64, graceful_next_ms(&g), GRACEFUL_NEVER));
	graceful_up(&g, &helper, &ours, &only_v4, V4 | V6, NOW);
	cr_expect(eq(u32, graceful_down(&g, false, NOW), V4));
	graceful_up(&g, &helper, &ours, &theirs, V6, NOW);
	cr_expect(eq(u32, graceful_down(&g, false, NOW), V6), "a family that was agreed on");
	graceful_up(&g, &helper, &ours, &none, V4 | V6, NOW);
	cr_expect(eq(u32, graceful_down(&g, false, NOW), 0));
	graceful_up(&g, &helper, &none, &theirs, V4 | V6, NOW);
	cr_expect(eq(u32, graceful_down(&g, false, NOW), 0), "we did not say that we would");
	cr_expect(not(g.notification));
}

Test(graceful, takes_back_who_forwarded)
{
	const struct graceful_self self = { 0 };
	const struct bgp_open ours = ours_of(&helper, &self), before = says(V4 | V6, 120);
	struct bgp_open back = says(V4, 120), without = { .families = V4 | V6 };
	struct graceful g = { 0 };

	graceful_up(&g, &helper, &ours, &before, V4 | V6, NOW);
	graceful_down(&g, false, NOW);
	cr_expect(eq(u32, graceful_up(&g, &helper, &ours, &back, V4 | V6, NOW + 5000), V6));
	cr_expect(eq(u64, graceful_next_ms(&g), NOW + 5000 + 300000), "it has time to tell");
	cr_expect(graceful_told(&g, BGP_IPV4_UNICAST));
	cr_expect(not(graceful_told(&g, BGP_IPV4_UNICAST)), "once");
	cr_expect(not(graceful_told(&g, BGP_IPV6_UNICAST)));
	cr_expect(eq(u64, graceful_next_ms(&g), GRACEFUL_NEVER));

	graceful_down(&g, false, NOW);
	cr_expect(eq(u32, graceful_up(&g, &helper, &ours, &without, V4 | V6, NOW), V4 | V6));
	graceful_up(&g, &helper, &ours, &before, V4 | V6, NOW);
	graceful_down(&g, false, NOW);
	back.forwarding = V4 | V6;
	cr_expect(eq(u32, graceful_up(&g, &helper, &ours, &back, V6, NOW), V4), "not agreed now");
}

static void expect_expired(struct graceful *g, uint64_t now_ms, uint32_t gone, uint32_t prolonged)
{
	uint32_t is_gone, is_long;

	graceful_expire(g, now_ms, &is_gone, &is_long);
	cr_expect(is_gone == gone && is_long == prolonged, "gone %u, prolonged %u at %lu", is_gone,
		  is_long, (unsigned long)now_ms);
}

Test(graceful, waits_no_longer_than_agreed)
{
	const struct graceful_self self = { 0 };
	const struct bgp_open ours = ours_of(&helper, &self);
	struct bgp_open theirs = says(V4 | V6, 120);
	struct graceful g = { 0 };

	graceful_up(&g, &helper, &ours, &theirs, V4 | V6, NOW);
	graceful_down(&g, false, NOW);
	expect_expired(&g, NOW + 119999, 0, 0);
	expect_expired(&g, NOW + 120000, V4 | V6, 0);
	expect_expired(&g, NOW + 120000, 0, 0);

	theirs.restart_s = 4000; /* more than we wait for anybody */
	graceful_up(&g, &helper, &ours, &theirs, V4 | V6, NOW);
	graceful_down(&g, false, NOW);
	cr_expect(eq(u64, graceful_next_ms(&g), NOW + 300000));

	theirs.long_lived = true; /* RFC 9494: of one family */
	theirs.long_lived_families = V6;
	theirs.long_lived_s[BGP_IPV6_UNICAST] = 5000;
	graceful_up(&g, &helper, &ours, &theirs, V4 | V6, NOW);
	graceful_down(&g, false, NOW);
	expect_expired(&g, NOW + 300000, V4, V6);
	cr_expect(eq(u64, graceful_next_ms(&g), NOW + 300000 + 1000000), "our limit");
	expect_expired(&g, NOW + 1299999, 0, 0);
	expect_expired(&g, NOW + 1300000, V6, 0);

	graceful_down(&g, false, NOW);
	expect_expired(&g, NOW + 300000, V4, V6);
	theirs.forwarding = 0; /* RFC 9494 section 4.2: its own F bit is as good */
	theirs.long_lived_forwarding = V4 | V6;
	cr_expect(eq(u32, graceful_up(&g, &helper, &ours, &theirs, V4 | V6, NOW + 400000), 0));
	expect_expired(&g, NOW + 400000 + 300000, V6, 0);
}

Test(graceful, refreshes_count_on_their_end)
{
	const struct graceful_self self = { 0 };
	const struct bgp_open ours = ours_of(&helper, &self), theirs = says(V4 | V6, 120);
	struct graceful g = { 0 };

	graceful_up(&g, &helper, &ours, &theirs, V4 | V6, NOW);
	graceful_refreshed(&g, BGP_IPV6_UNICAST, NOW);
	cr_expect(eq(u64, graceful_next_ms(&g), NOW + 300000));
	cr_expect(graceful_told(&g, BGP_IPV6_UNICAST));
	graceful_refreshed(&g, BGP_IPV6_UNICAST, NOW);
	expect_expired(&g, NOW + 300000, V6, 0);
}

/* --- with routes: a raw neighbour that goes and comes again --- */
static struct speaker_seen *waiting(struct speakers *all, struct bgp_neighbor_config *config)
{
	struct speaker_seen *a;

	speakers_open(all);
	a = speaker_add(all, 0);
	*config = neighbor_of(a, 3);
	config->passive = true;
	config->graceful = BGP_GRACEFUL_HELPER;
	config->stale_s = 60;
	return a;
}

static struct bgp_open raw_graceful(uint16_t restart_s)
{
	struct bgp_open open = raw_says(3);

	open.graceful = open.graceful_notification = true;
	open.restart_s = restart_s;
	open.graceful_families = open.forwarding = V4 | V6;
	return open;
}

static void raw_announce(struct raw *raw, uint8_t last_octet, uint8_t origin)
{
	const uint8_t attrs[] = { 0x40, 1, 1, origin, 0x40, 2, 0, 0x40, 3, 4,  192,
				  0,    2, 9, 0x40,   5,    4, 0, 0,    0, 100 };
	uint8_t octets[MESSAGE_MAX];
	struct writer w = writer_of(octets, sizeof(octets));
	uint8_t *begun = message_begin(&w, MESSAGE_UPDATE);

	writer_u16(&w, 0);
	writer_u16(&w, sizeof(attrs));
	writer_bytes(&w, attrs, sizeof(attrs));
	writer_bytes(&w, (uint8_t[]){ 32, 198, 51, 100, last_octet }, 5);
	message_end(&w, begun);
	raw_send(raw, &w);
}

static void raw_end_of_rib(struct raw *raw, enum bgp_family family)
{
	uint8_t octets[MESSAGE_MAX];
	struct writer w = writer_of(octets, sizeof(octets));

	update_encode_end_of_rib(family, &w);
	raw_send(raw, &w);
}

static void raw_notify(struct raw *raw, uint8_t code, uint8_t subcode)
{
	const struct notification n = { .code = code, .subcode = subcode };
	uint8_t octets[MESSAGE_MAX];
	struct writer w = writer_of(octets, sizeof(octets));

	notification_encode(&n, &w);
	raw_send(raw, &w);
}

/* Established with two routes. */
static void raw_join(struct raw *raw, struct speakers *all, const struct bgp_open *open,
		     struct speaker_seen *a)
{
	unsigned int before = a->announced;

	raw_open(raw, all, 3, 0);
	raw_establish(raw, open);
	raw_announce(raw, 1, 0);
	raw_announce(raw, 2, 0);
	LOOP_UNTIL(all, a->announced == before + 2);
	raw_end_of_rib(raw, BGP_IPV4_UNICAST);
	raw_end_of_rib(raw, BGP_IPV6_UNICAST);
	LOOP_UNTIL(all, state_of(a, 0).end_of_rib == (V4 | V6));
}

Test(graceful, keeps_routes_until_they_are_told_again, .timeout = 20)
{
	_cleanup_(raw_close) struct raw raw = { .fd = -1 };
	struct bgp_open open = raw_graceful(20);
	struct bgp_neighbor_config config;
	struct speakers all;
	struct speaker_seen *a = waiting(&all, &config);

	neighbor_put(a, &config);
	loop_for(&all, 5);
	raw_join(&raw, &all, &open, a);
	raw_close(&raw);
	LOOP_UNTIL(&all, !is_up(a, 0));
	cr_expect(eq(uint, a->withdrawn, 0));
	cr_expect(eq(u64, state_of(a, 0).prefixes_in, 2));
	cr_expect(eq(u64, state_of(a, 0).graceful.stale, 2));
	cr_expect(state_of(a, 0).graceful.due_ms > uv_now(&all.loop) + 15000);

	open.restarted = true;
	raw_open(&raw, &all, 3, 0);
	raw_establish(&raw, &open);
	LOOP_UNTIL(&all, is_up(a, 0));
	cr_expect(state_of(a, 0).graceful.restarted);
	raw_announce(&raw, 1, 0);
	LOOP_UNTIL(&all, state_of(a, 0).graceful.stale == 1);
	cr_expect(eq(uint, a->announced, 2), "nothing changed");
	raw_end_of_rib(&raw, BGP_IPV6_UNICAST);
	LOOP_UNTIL(&all, state_of(a, 0).end_of_rib);
	cr_expect(eq(uint, a->withdrawn, 0), "of the other family");
	raw_end_of_rib(&raw, BGP_IPV4_UNICAST);
	LOOP_UNTIL(&all, a->withdrawn == 1);
	cr_expect(a->dst.prefix.addr.octet[15] == 2, "what was not told again");
	cr_expect(eq(u64, state_of(a, 0).prefixes_in, 1));
	cr_expect(eq(u64, state_of(a, 0).graceful.due_ms, 0));
	speakers_close(&all);
}

Test(graceful, keeps_no_routes_beyond_the_restart_time, .timeout = 20)
{
	_cleanup_(raw_close) struct raw raw = { .fd = -1 };
	struct bgp_open open = raw_graceful(2);
	struct bgp_neighbor_config config;
	struct speakers all;
	struct speaker_seen *a = waiting(&all, &config);
	uint64_t from;

	neighbor_put(a, &config);
	loop_for(&all, 5);
	raw_join(&raw, &all, &open, a);
	from = uv_hrtime();
	raw_close(&raw);
	LOOP_UNTIL(&all, a->withdrawn == 2);
	cr_expect(uv_hrtime() - from > 1900000000 && uv_hrtime() - from < 3500000000);
	cr_expect(a->settled && !is_up(a, 0));
	speakers_close(&all);
}

static const struct {
	const char *name;
	bool theirs;           /* the N bit */
	uint8_t code, subcode; /* 0: the connection is lost */
	bool keeps;
} endings[] = {
	{ "lost", false, 0, 0, true },
	{ "NOTIFICATION without N", false, 6, 4, false },
	{ "NOTIFICATION", true, 6, 4, true },
	{ "shutdown that is not hard", true, 6, 2, true },
	{ "Hard Reset", true, 6, 9, false },
	{ "hold timer", true, 4, 0, true },
	{ "error in an UPDATE", true, 3, 1, true },
};

Test(graceful, minds_how_a_session_ends, .timeout = 60)
{
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		_cleanup_(raw_close) struct raw raw = { .fd = -1 };
		struct bgp_open open = raw_graceful(20);
		struct bgp_neighbor_config config;
		struct speakers all;
		struct speaker_seen *a = waiting(&all, &config);

		open.graceful_notification = endings[i].theirs;
		neighbor_put(a, &config);
		loop_for(&all, 5);
		raw_join(&raw, &all, &open, a);
		if (endings[i].code)
			raw_notify(&raw, endings[i].code, endings[i].subcode);
		else
			raw_close(&raw);
		LOOP_UNTIL(&all, !is_up(a, 0));
		cr_expect(eq(uint, a->withdrawn, endings[i].keeps ? 0 : 2), "%s", endings[i].name);
		cr_expect(eq(u64, state_of(a, 0).graceful.stale, endings[i].keeps ? 2 : 0), "%s",
			  endings[i].name);
		speakers_close(&all);
	}
}

/* Who did not go on forwarding, who is another router, and who is shut down or gone meanwhile. */
Test(graceful, drops_what_leads_nowhere, .timeout = 30)
{
	for (int how = 0; how < 4; how++) {
		_cleanup_(raw_close) struct raw raw = { .fd = -1 };
		struct bgp_open open = raw_graceful(20);
		struct bgp_neighbor_config config;
		struct speakers all;
		struct speaker_seen *a = waiting(&all, &config);

		neighbor_put(a, &config);
		loop_for(&all, 5);
		raw_join(&raw, &all, &open, a);
		raw_close(&raw);
		LOOP_UNTIL(&all, !is_up(a, 0));
		if (how == 0)
			open.forwarding = V6;
		if (how == 1)
			open.id[0] = 126;
		if (how == 2)
			cr_assert(bgp_neighbor_shutdown(a->bgp, &config.remote, "") == 0);
		if (how == 3) { /* a second restart before the first is over */
			raw_open(&raw, &all, 3, 0);
			raw_establish(&raw, &open);
			raw_announce(&raw, 2, 0);
			LOOP_UNTIL(&all, state_of(a, 0).graceful.stale == 1);
			raw_close(&raw);
			LOOP_UNTIL(&all, !is_up(a, 0));
			cr_expect(eq(uint, a->withdrawn, 1), "was stale before");
			cr_expect(eq(u64, state_of(a, 0).graceful.stale, 1));
			speakers_close(&all);
			continue;
		}
		if (how < 2) {
			raw_open(&raw, &all, 3, 0);
			raw_establish(&raw, &open);
			LOOP_UNTIL(&all, is_up(a, 0));
		}
		cr_expect(eq(uint, a->withdrawn, 2), "%d", how);
		cr_expect(eq(u64, state_of(a, 0).prefixes_in, 0), "%d", how);
		speakers_close(&all);
	}
}

/* RFC 4724 section 4.2: the neighbour has lost its end, ours does not know. */
Test(graceful, gives_up_the_old_connection_for_a_new_one, .timeout = 20)
{
	_cleanup_(raw_close) struct raw raw = { .fd = -1 }, again = { .fd = -1 };
	struct bgp_open open = raw_graceful(20);
	struct bgp_neighbor_config config;
	struct message message;
	struct speakers all;
	struct speaker_seen *a = waiting(&all, &config);

	neighbor_put(a, &config);
	loop_for(&all, 5);
	raw_join(&raw, &all, &open, a);
	raw_open(&again, &all, 3, 0);
	LOOP_UNTIL(&all, raw_read(&again, &message) || again.ended);
	cr_expect(again.ended && is_up(a, 0), "too early: may be a collision");
	raw_close(&again);
	loop_for(&all, 3000);
	raw_open(&again, &all, 3, 0);
	raw_establish(&again, &open);
	LOOP_UNTIL(&all, is_up(a, 0) && state_of(a, 0).established == 2);
	cr_expect(eq(uint, a->withdrawn, 0));
	LOOP_UNTIL(&all, raw_read(&raw, &message) || raw.ended);
	while (!raw.ended)
		if (raw_read(&raw, &message))
			cr_expect(message.type != MESSAGE_NOTIFICATION);
	speakers_close(&all);
}

/* A third router behind the helper sees none of it. */
static void chain_connect(struct speakers *all, struct speaker_seen *at, int to,
			  enum bgp_graceful graceful)
{
	struct bgp_neighbor_config config = neighbor_of(at, to);

	config.graceful = graceful;
	config.client = at->number == 1;
	config.restart_s = 30;
	config.stale_s = 60;
	neighbor_put(at, &config);
}

Test(graceful, restarts_unseen_behind_its_helper, .timeout = 40)
{
	struct bgp_path path = path_of("192.0.2.1"), other = path_of("192.0.2.2");
	struct speakers all;
	struct speaker_seen *a, *b, *c;

	speakers_open(&all);
	a = speaker_add(&all, 0);
	b = speaker_add(&all, 1);
	c = speaker_add(&all, 2);
	chain_connect(&all, a, 1, BGP_GRACEFUL_ENABLED);
	chain_connect(&all, b, 0, BGP_GRACEFUL_HELPER);
	chain_connect(&all, b, 2, BGP_GRACEFUL_HELPER);
	chain_connect(&all, c, 1, BGP_GRACEFUL_DISABLED);
	bgp_release(a->bgp);
	originate(a, "198.51.100.1", &path);
	originate(a, "198.51.100.2", &path);
	LOOP_UNTIL(&all, c->announced == 2);
	cr_expect(state_of(a, 0).graceful.mutual);

	bgp_leave(&a->bgp);
	LOOP_UNTIL(&all, !is_up(b, 0));
	cr_expect(eq(u8, state_of(b, 0).received.subcode, CEASE_RESET), "both know RFC 8538");
	cr_expect(eq(u64, state_of(b, 0).graceful.stale, 2));

	a = speaker_add(&all, 0);
	bgp_hold(a->bgp);
	chain_connect(&all, a, 1, BGP_GRACEFUL_ENABLED);
	originate(a, "198.51.100.1", &path);
	LOOP_UNTIL(&all, is_up(a, 0) && is_up(b, 0));
	loop_for(&all, 300);
	cr_expect(state_of(b, 0).graceful.restarted);
	cr_expect(eq(u64, state_of(b, 0).graceful.stale, 2), "tells nothing yet");
	cr_expect(eq(u32, state_of(b, 0).end_of_rib, 0));
	originate(a, "198.51.100.2", &other);
	bgp_release(a->bgp);
	LOOP_UNTIL(&all, state_of(b, 0).end_of_rib == (V4 | V6));
	LOOP_UNTIL(&all, c->announced == 3);
	cr_expect(eq(uint, c->withdrawn, 0));
	cr_expect(eq(uint, b->withdrawn, 0));
	cr_expect(eq(u64, state_of(b, 0).graceful.stale, 0));

	bgp_free(&a->bgp); /* for good */
	LOOP_UNTIL(&all, c->withdrawn == 2);
	cr_expect(eq(u8, state_of(b, 0).received.subcode, CEASE_HARD_RESET));
	cr_expect(eq(str, state_of(b, 0).received.text,
		     "Cease: Hard Reset, Cease: Administrative Shutdown"));
	speakers_close(&all);
}

/* RFC 9494. */
Test(graceful, lets_routes_live_long_as_the_last_choice, .timeout = 40)
{
	_cleanup_(raw_close) struct raw raw = { .fd = -1 };
	struct bgp_open open = raw_graceful(1);
	struct bgp_neighbor_config config;
	struct speakers all;
	struct speaker_seen *a = waiting(&all, &config);

	config.long_lived_s = 2;
	open.long_lived = true;
	open.long_lived_families = open.long_lived_forwarding = V4;
	open.long_lived_s[BGP_IPV4_UNICAST] = 3600;
	neighbor_put(a, &config);
	loop_for(&all, 5);
	raw_join(&raw, &all, &open, a);
	raw_close(&raw);
	LOOP_UNTIL(&all, a->announced == 4); /* told again with LLGR_STALE */
	cr_expect(eq(sz, a->path.communities.len, 4));
	cr_expect(eq(uint, a->withdrawn, 0));
	cr_expect(eq(u32, state_of(a, 0).graceful.long_lived, V4));
	cr_expect(eq(u64, state_of(a, 0).graceful.stale, 2));
	LOOP_UNTIL(&all, a->withdrawn == 2);

	raw_join(&raw, &all, &open, a);
	raw_close(&raw);
	LOOP_UNTIL(&all, a->announced == 8);
	raw_open(&raw, &all, 3, 0);
	raw_establish(&raw, &open);
	raw_announce(&raw, 1, 0);
	LOOP_UNTIL(&all, a->announced == 9); /* as it was before */
	cr_expect(eq(sz, a->path.communities.len, 0));
	raw_end_of_rib(&raw, BGP_IPV4_UNICAST);
	LOOP_UNTIL(&all, a->withdrawn == 3);
	cr_expect(eq(u64, state_of(a, 0).prefixes_in, 1));
	speakers_close(&all);
}

/* RFC 9494 section 4.2: NO_LLGR; section 4.3: only who depreferences it, too, is told. */
static void raw_announce_no_llgr(struct raw *raw, uint8_t last_octet)
{
	const uint8_t attrs[] = { 0x40, 1, 1, 0, 0x40, 2, 0,   0x40, 3, 4, 192,  0,    2, 9,
				  0x40, 5, 4, 0, 0,    0, 100, 0xc0, 8, 4, 0xff, 0xff, 0, 7 };
	uint8_t octets[MESSAGE_MAX];
	struct writer w = writer_of(octets, sizeof(octets));
	uint8_t *begun = message_begin(&w, MESSAGE_UPDATE);

	writer_u16(&w, 0);
	writer_u16(&w, sizeof(attrs));
	writer_bytes(&w, attrs, sizeof(attrs));
	writer_bytes(&w, (uint8_t[]){ 32, 198, 51, 100, last_octet }, 5);
	message_end(&w, begun);
	raw_send(raw, &w);
}

Test(graceful, tells_of_long_life_to_who_knows_it, .timeout = 40)
{
	_cleanup_(raw_close) struct raw raw = { .fd = -1 };
	struct bgp_open open = raw_graceful(1);
	struct bgp_neighbor_config config, to_b, to_c, back;
	struct speakers all;
	struct speaker_seen *a = waiting(&all, &config), *b, *c;

	b = speaker_add(&all, 1);
	c = speaker_add(&all, 2);
	config.client = true;
	config.long_lived_s = 60;
	neighbor_put(a, &config);
	to_b = neighbor_of(a, 1);
	to_b.graceful = BGP_GRACEFUL_HELPER;
	to_b.long_lived_s = 60;
	to_c = neighbor_of(a, 2);
	neighbor_put(a, &to_b);
	neighbor_put(a, &to_c);
	back = neighbor_of(b, 0);
	back.graceful = BGP_GRACEFUL_HELPER;
	back.long_lived_s = 60;
	neighbor_put(b, &back);
	back = neighbor_of(c, 0);
	neighbor_put(c, &back);
	LOOP_UNTIL(&all, is_up(b, 0) && is_up(c, 0));

	open.long_lived = true;
	open.long_lived_families = open.long_lived_forwarding = V4;
	open.long_lived_s[BGP_IPV4_UNICAST] = 3600;
	raw_join(&raw, &all, &open, a);
	raw_announce_no_llgr(&raw, 3);
	LOOP_UNTIL(&all, a->announced == 3 && b->announced == 3 && c->announced == 3);
	raw_close(&raw);
	LOOP_UNTIL(&all, a->withdrawn == 1 && a->announced == 5);
	cr_expect(eq(u64, state_of(a, 0).graceful.stale, 2));
	LOOP_UNTIL(&all, b->announced == 5 && b->withdrawn == 1 && c->withdrawn == 3);
	cr_expect(eq(uint, c->announced, 3));
	cr_expect(eq(u64, state_of(b, 0).prefixes_in, 2));
	speakers_close(&all);
}
