/* SPDX-License-Identifier: BSD-2-Clause */
#include "raw_neighbor.h"

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
	LOOP_UNTIL(&all, b->announced == 1 && b->settled >= 1);
	cr_expect(addr_equal(&b->path.next_hop, &path.next_hop));
	cr_expect(eq(u32, b->path.local_pref, 100));
	LOOP_UNTIL(&all, state_of(b, 0).end_of_rib == state_of(b, 0).families);
	LOOP_UNTIL(&all, state_of(a, 0).end_of_rib == state_of(a, 0).families);
	cr_expect(ge(uint, a->settled, 1), "End-of-RIB settles though no route came");

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

/* RFC 4271 section 6.8: both dial at once, one connection stays. */
Test(session, resolves_collisions, .timeout = 30)
{
	for (int i = 0; i < 20; i++) {
		struct speakers all;
		struct speaker_seen *a, *b;

		speakers_open(&all);
		a = speaker_add(&all, 0);
		b = speaker_add(&all, 1);
		pair_connect(&all, a, b);
		loop_for(&all, 20);
		cr_expect(is_up(a, 0) && is_up(b, 0));
		cr_expect(eq(u64, state_of(a, 0).established, 1));
		cr_expect(eq(u64, state_of(b, 0).established, 1));
		speakers_close(&all);
	}
}

/* The connection of the greater identifier stays, whichever OPEN comes first. */
static void collide(int raw_number, bool dialled_by_raw_stays)
{
	struct speakers all;
	struct speaker_seen *a;
	struct bgp_neighbor_config config;
	struct bgp_open open = raw_says(raw_number);
	_cleanup_(raw_close) struct raw in = { .fd = -1 }, out = { .fd = -1 };
	_cleanup_(closep) int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct addr addr = speaker_addr(raw_number);
	struct sockaddr_storage sa;
	socklen_t len;

	speakers_open(&all);
	len = addr_to_sockaddr(&addr, all.port, &sa);
	cr_assert(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)) == 0);
	cr_assert(bind(listener, (struct sockaddr *)&sa, len) == 0 && listen(listener, 1) == 0);
	a = speaker_add(&all, 1);
	config = neighbor_of(a, raw_number);
	neighbor_put(a, &config);
	loop_for(&all, 20);
	out.all = &all;
	out.fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	cr_assert(out.fd >= 0);
	raw_open(&in, &all, raw_number, 1);
	raw_expect(&in, MESSAGE_OPEN);
	raw_expect(&out, MESSAGE_OPEN);
	raw_send_open(&in, &open);
	raw_expect(&in, MESSAGE_KEEPALIVE);
	raw_send_open(&out, &open);
	raw_expect_notification(dialled_by_raw_stays ? &out : &in, NOTIFICATION_CEASE,
				CEASE_COLLISION);
	raw_send_keepalive(dialled_by_raw_stays ? &in : &out);
	LOOP_UNTIL(&all, is_up(a, 0));
	speakers_close(&all);
}

Test(session, keeps_the_greater_identifiers_connection, .timeout = 20)
{
	collide(0, false); /* 127.0.0.1 against our 127.0.0.2 */
	collide(2, true);
}

static struct bgp_open open_other_as, open_same_id, open_short_hold, open_no_family;

static const struct {
	const char *name;
	const struct bgp_open *open;
	uint8_t subcode;
} bad_opens[] = {
	{ "another AS", &open_other_as, OPEN_BAD_PEER_AS },
	{ "our identifier", &open_same_id, OPEN_BAD_IDENTIFIER },
	{ "hold time of 2 s", &open_short_hold, OPEN_BAD_HOLD_TIME },
	{ "no family in common", &open_no_family, OPEN_UNSUPPORTED_CAPABILITY },
};

/* A speaker with one neighbour that it waits for. */
static struct speaker_seen *waiting_speaker(struct speakers *all)
{
	struct speaker_seen *a;
	struct bgp_neighbor_config config;

	speakers_open(all);
	a = speaker_add(all, 0);
	config = neighbor_of(a, 3);
	config.passive = true;
	neighbor_put(a, &config);
	loop_for(all, 5);
	return a;
}

Test(session, refuses_bad_opens, .timeout = 20)
{
	struct bgp_open says = raw_says(3);

	open_other_as = open_same_id = open_short_hold = open_no_family = says;
	open_other_as.as = AS_OURS + 1;
	memcpy(open_same_id.id, (uint8_t[]){ 127, 0, 0, 1 }, 4);
	open_short_hold.hold_s = 2;
	open_no_family.families = 0;
	for (size_t i = 0; i < ARRAY_SIZE(bad_opens); i++) {
		_cleanup_(raw_close) struct raw raw = { .fd = -1 };
		struct speakers all;
		struct speaker_seen *a = waiting_speaker(&all);
		struct bgp_neighbor_config config = neighbor_of(a, 3);
		struct message message;

		if (!bad_opens[i].open->families) { /* absent means IPv4: we then speak IPv6 only */
			config.families = BIT(BGP_IPV6_UNICAST);
			config.passive = true;
			cr_assert(bgp_neighbor_remove(a->bgp, &config.remote) == 0);
			neighbor_put(a, &config);
			loop_for(&all, 5);
		}
		raw_open(&raw, &all, 3, 0);
		raw_send_open(&raw, bad_opens[i].open);
		raw_expect_notification(&raw, NOTIFICATION_OPEN, bad_opens[i].subcode);
		LOOP_UNTIL(&all, !raw_read(&raw, &message) && raw.ended);
		cr_expect(eq(str, (char *)state_of(a, 0).state, "Idle"), "%s", bad_opens[i].name);
		cr_expect(strncmp(state_of(a, 0).last_error, "sent: OPEN", 10) == 0, "%s",
			  state_of(a, 0).last_error);
		speakers_close(&all);
	}
}

Test(session, knows_its_neighbours_only, .timeout = 20)
{
	_cleanup_(raw_close) struct raw raw = { .fd = -1 };
	struct message message;
	struct speakers all;

	waiting_speaker(&all);
	raw_open(&raw, &all, 2, 0);
	LOOP_UNTIL(&all, raw_read(&raw, &message) || raw.ended);
	cr_expect(raw.ended);
	speakers_close(&all);
}

/* A prefix, its ORIGIN, AS_PATH, LOCAL_PREF and NEXT_HOP; what is malformed is a parameter. */
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

Test(session, treats_malformed_as_withdrawn, .timeout = 20)
{
	_cleanup_(raw_close) struct raw raw = { .fd = -1 };
	struct speakers all;
	struct speaker_seen *a = waiting_speaker(&all);
	struct bgp_open open = raw_says(3);

	raw_open(&raw, &all, 3, 0);
	raw_establish(&raw, &open);
	raw_announce(&raw, 1, 0);
	LOOP_UNTIL(&all, a->announced == 1);
	raw_announce(&raw, 1, 0); /* again: nothing changes */
	raw_announce(&raw, 1, 9); /* RFC 7606 section 7.1: no such ORIGIN */
	LOOP_UNTIL(&all, a->withdrawn == 1);
	cr_expect(eq(uint, a->announced, 1));
	cr_expect(eq(u64, state_of(a, 0).faults_withdraw, 1));
	raw_announce(&raw, 1, 0);
	LOOP_UNTIL(&all, a->announced == 2);
	cr_expect(is_up(a, 0));

	raw_close(&raw);
	LOOP_UNTIL(&all, a->withdrawn == 2 && !is_up(a, 0));
	cr_expect(eq(uint, a->settled, 4));
	cr_expect(eq(u64, state_of(a, 0).prefixes_in, 0));
	speakers_close(&all);
}

Test(session, ends_at_an_unreadable_header, .timeout = 20)
{
	_cleanup_(raw_close) struct raw raw = { .fd = -1 };
	struct speakers all;
	struct speaker_seen *a = waiting_speaker(&all);
	struct bgp_open open = raw_says(3);
	uint8_t octets[MESSAGE_HEADER_LEN] = { 0 };
	struct writer w = writer_of(octets, sizeof(octets));

	raw_open(&raw, &all, 3, 0);
	raw_establish(&raw, &open);
	raw_announce(&raw, 1, 0);
	w.at = w.end; /* no marker */
	raw_send(&raw, &w);
	raw_expect_notification(&raw, NOTIFICATION_HEADER, HEADER_NOT_SYNCHRONISED);
	LOOP_UNTIL(&all, a->withdrawn == 1);
	speakers_close(&all);
}

Test(session, counts_routes_against_their_limit, .timeout = 20)
{
	_cleanup_(raw_close) struct raw raw = { .fd = -1 };
	struct speakers all;
	struct speaker_seen *a = waiting_speaker(&all);
	struct bgp_neighbor_config config = neighbor_of(a, 3);
	struct bgp_open open = raw_says(3);

	config.passive = true;
	config.limits.total = 2;
	cr_assert(bgp_neighbor_remove(a->bgp, &config.remote) == 0);
	neighbor_put(a, &config);
	loop_for(&all, 5);
	raw_open(&raw, &all, 3, 0);
	raw_establish(&raw, &open);
	raw_announce(&raw, 1, 0);
	raw_announce(&raw, 2, 0);
	raw_announce(&raw, 2, 1);
	LOOP_UNTIL(&all, a->announced == 3);
	cr_expect(is_up(a, 0));
	raw_announce(&raw, 3, 0);
	raw_expect_notification(&raw, NOTIFICATION_CEASE, CEASE_MAX_PREFIXES);
	LOOP_UNTIL(&all, a->withdrawn == 3);
	speakers_close(&all);
}

Test(session, holds_no_longer_than_agreed, .timeout = 20)
{
	_cleanup_(raw_close) struct raw raw = { .fd = -1 };
	struct speakers all;
	struct speaker_seen *a = waiting_speaker(&all);
	struct bgp_open open = raw_says(3);
	uint64_t up;

	open.hold_s = 3;
	raw_open(&raw, &all, 3, 0);
	raw_establish(&raw, &open);
	LOOP_UNTIL(&all, is_up(a, 0));
	up = uv_hrtime();
	cr_expect(eq(u16, state_of(a, 0).hold_s, 3));
	raw_announce(&raw, 1, 0);
	raw_expect(&raw, MESSAGE_KEEPALIVE);
	raw_expect_notification(&raw, NOTIFICATION_HOLD_TIMER, 0);
	cr_expect(uv_hrtime() - up > 2900000000, "too early");
	cr_expect(uv_hrtime() - up < 3500000000, "too late");
	LOOP_UNTIL(&all, a->withdrawn == 1);
	cr_expect(eq(str, (char *)state_of(a, 0).last_error, "sent: Hold Timer Expired"));
	speakers_close(&all);
}

/* Dialled again during the hold-off: not refused, answered when it is over. */
Test(session, takes_back_who_was_lost, .timeout = 20)
{
	_cleanup_(raw_close) struct raw raw = { .fd = -1 };
	struct speakers all;
	struct speaker_seen *a = waiting_speaker(&all);
	struct bgp_open open = raw_says(3);

	raw_open(&raw, &all, 3, 0);
	raw_establish(&raw, &open);
	LOOP_UNTIL(&all, is_up(a, 0));
	raw_close(&raw);
	LOOP_UNTIL(&all, !is_up(a, 0));
	raw_open(&raw, &all, 3, 0);
	raw_establish(&raw, &open);
	LOOP_UNTIL(&all, is_up(a, 0));
	cr_expect(eq(u64, state_of(a, 0).established, 2));
	speakers_close(&all);
}

Test(session, sends_again_when_asked, .timeout = 20)
{
	struct speakers all;
	struct speaker_seen *a, *b;
	struct bgp_path path = path_of("192.0.2.1");
	struct addr addr = speaker_addr(0);
	uint64_t before;

	speakers_open(&all);
	a = speaker_add(&all, 0);
	b = speaker_add(&all, 1);
	cr_expect(eq(int, bgp_neighbor_refresh(b->bgp, &addr), -ENOENT));
	originate(a, "198.51.100.1", &path);
	originate(a, "2001:db8::1", &path);
	pair_connect(&all, a, b);
	LOOP_UNTIL(&all, b->announced == 2);
	before = state_of(a, 0).updates_out;
	cr_expect(eq(int, bgp_neighbor_refresh(b->bgp, &addr), 0));
	LOOP_UNTIL(&all, state_of(a, 0).updates_out == before + 2);
	loop_for(&all, 20);
	cr_expect(eq(uint, b->announced, 2), "nothing changed");
	speakers_close(&all);
}

Test(session, says_why_it_leaves, .timeout = 20)
{
	struct speakers all;
	struct speaker_seen *a, *b;
	struct addr addr = speaker_addr(1);

	speakers_open(&all);
	a = speaker_add(&all, 0);
	b = speaker_add(&all, 1);
	pair_connect(&all, a, b);
	cr_assert(bgp_neighbor_remove(a->bgp, &addr) == 0);
	LOOP_UNTIL(&all, !is_up(b, 0));
	cr_expect(
		eq(str, (char *)state_of(b, 0).last_error, "received: Cease: Peer De-configured"));
	speakers_close(&all);
}

/* A neighbour that does not read costs no memory for each change, and reads the last state. */
Test(session, keeps_no_queue_for_who_does_not_read, .timeout = 60)
{
	enum { ROUTES = 2000, ROUNDS = 100 };
	_cleanup_(raw_close) struct raw raw = { .fd = -1 };
	struct speakers all;
	struct speaker_seen *a = waiting_speaker(&all);
	struct bgp_open open = raw_says(3);
	uint64_t sent;

	open.add_path_receive = 0;
	raw_open(&raw, &all, 3, 0);
	raw_establish(&raw, &open);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		for (uint32_t i = 0; i < ROUTES; i++) {
			struct bgp_path path = path_of("192.0.2.1");
			struct addr addr = addr_of_v4((uint8_t[]){ 10, 0, i >> 8, i & 0xff });
			struct bgp_dst dst = { .prefix = prefix_of_host(&addr) };

			path.has = BGP_HAS_MED;
			path.med = round * ROUTES + i; /* no two share an UPDATE */
			cr_assert(bgp_originate(a->bgp, &dst, &path) == 0);
		}
		uv_run(&all.loop, UV_RUN_NOWAIT);
	}
	sent = state_of(a, 0).updates_out;
	cr_expect(sent < ROUTES * ROUNDS / 2, "%lu UPDATEs made", (unsigned long)sent);

	for (uint32_t last = 0; last != ROUTES * ROUNDS - 1;) {
		struct bgp_codec codec = { .ibgp = true, .as4 = true, .families = 3 };
		static struct bgp_update update;
		struct message message = raw_expect(&raw, MESSAGE_UPDATE);

		cr_assert(update_decode(&codec, message.body, &update) == FAULT_NONE);
		last = update.path.med > last ? update.path.med : last;
	}
	speakers_close(&all);
}

/* RFC 9003, and back again. */
Test(session, tells_the_reason_of_a_shutdown, .timeout = 20)
{
	struct speakers all;
	struct speaker_seen *a, *b;
	struct addr addr = speaker_addr(1);
	struct bgp_path path = path_of("192.0.2.1");
	struct bgp_neighbor_state state;

	speakers_open(&all);
	a = speaker_add(&all, 0);
	b = speaker_add(&all, 1);
	originate(a, "198.51.100.1", &path);
	pair_connect(&all, a, b);
	LOOP_UNTIL(&all, b->announced == 1);
	cr_expect(eq(int, bgp_neighbor_shutdown(a->bgp, &(struct addr){ 0 }, ""), -ENOENT));
	cr_assert(bgp_neighbor_shutdown(a->bgp, &addr, "new fan \u2744") == 0);
	LOOP_UNTIL(&all, !is_up(b, 0) && b->withdrawn == 1);
	state = state_of(b, 0);
	cr_expect(eq(u8, state.received.code, NOTIFICATION_CEASE));
	cr_expect(eq(u8, state.received.subcode, CEASE_SHUTDOWN));
	cr_expect(eq(str, state.received.text, "Cease: Administrative Shutdown"));
	cr_expect(eq(str, state.received.reason, "new fan \u2744"));
	cr_expect(state.received.at_ms && !state.sent.code);
	state = state_of(a, 0);
	cr_expect(state.shutdown && state.sent.told);
	cr_expect(eq(str, state.sent.reason, "new fan \u2744"));
	loop_for(&all, 2500); /* past the hold-off and retry of either side */
	cr_expect(eq(u64, state_of(a, 0).established, 1), "stays down");
	cr_assert(bgp_neighbor_enable(a->bgp, &addr) == 0);
	LOOP_UNTIL(&all, is_up(a, 0) && is_up(b, 0) && b->announced == 2);

	cr_assert(bgp_neighbor_reset(a->bgp, &addr, NULL) == 0);
	LOOP_UNTIL(&all, state_of(b, 0).received.subcode == CEASE_RESET);
	LOOP_UNTIL(&all, is_up(a, 0) && is_up(b, 0) && b->announced == 3);
	speakers_close(&all);
}

Test(session, can_be_configured_shut, .timeout = 20)
{
	struct speakers all;
	struct speaker_seen *a;
	struct bgp_neighbor_config config;

	speakers_open(&all);
	a = speaker_add(&all, 0);
	config = neighbor_of(a, 1);
	config.shutdown = true;
	neighbor_put(a, &config);
	loop_for(&all, 50);
	cr_expect(eq(str, (char *)state_of(a, 0).state, "Idle"));
	cr_expect(state_of(a, 0).shutdown);
	cr_assert(bgp_neighbor_enable(a->bgp, &config.remote) == 0);
	LOOP_UNTIL(&all, strcmp(state_of(a, 0).state, "Idle"));
	speakers_close(&all);
}

/* RFC 9687: it is alive, it sends keepalives, but it takes nothing. */
Test(session, gives_up_who_does_not_read, .timeout = 60)
{
	enum { ROUTES = 10000 };
	static uint8_t communities[1200];
	_cleanup_(raw_close) struct raw raw = { .fd = -1 };
	struct speakers all;
	struct speaker_seen *a = waiting_speaker(&all);
	struct bgp_neighbor_config config = neighbor_of(a, 3);
	struct bgp_open open = raw_says(3);
	uint64_t from;

	config.passive = true;
	config.send_hold_s = 1; /* in effect: twice the hold time */
	cr_assert(bgp_neighbor_remove(a->bgp, &config.remote) == 0);
	neighbor_put(a, &config);
	loop_for(&all, 5);
	open.hold_s = 3;
	raw_open(&raw, &all, 3, 0);
	raw_establish(&raw, &open);
	LOOP_UNTIL(&all, is_up(a, 0));
	from = uv_hrtime();
	for (uint32_t i = 0; i < ROUTES; i++) {
		struct bgp_path path = path_of("192.0.2.1");
		struct addr addr = addr_of_v4((uint8_t[]){ 10, 0, (uint8_t)(i >> 8), i & 0xff });
		struct bgp_dst dst = { .prefix = prefix_of_host(&addr) };

		path.has = BGP_HAS_MED;
		path.med = i; /* no two share an UPDATE */
		path.communities = (struct bgp_bytes){ communities, sizeof(communities) };
		cr_assert(bgp_originate(a->bgp, &dst, &path) == 0);
	}
	while (is_up(a, 0) && uv_hrtime() - from < 20000000000) {
		raw_send_keepalive(&raw);
		loop_for(&all, 200);
	}
	cr_expect(not(is_up(a, 0)));
	cr_expect(uv_hrtime() - from >= 6000000000, "too early");
	cr_expect(eq(u8, state_of(a, 0).sent.code, NOTIFICATION_SEND_HOLD));
	cr_expect(not(state_of(a, 0).sent.told));
	cr_expect(eq(str, (char *)state_of(a, 0).last_error,
		     "the neighbor does not read: Send Hold Timer Expired"));
	speakers_close(&all);
}

static void raw_refresh(struct raw *raw, enum bgp_family family, enum route_refresh_kind kind)
{
	const struct route_refresh refresh = { family, kind };
	uint8_t octets[MESSAGE_MAX];
	struct writer w = writer_of(octets, sizeof(octets));

	route_refresh_encode(&refresh, &w);
	raw_send(raw, &w);
}

static struct route_refresh raw_expect_refresh(struct raw *raw)
{
	struct message message = raw_expect(raw, MESSAGE_ROUTE_REFRESH);
	struct route_refresh refresh = { 0 };
	struct notification fault;

	cr_assert(route_refresh_decode(&message.body, &refresh, &fault) == 0);
	return refresh;
}

/* RFC 7313: what is told between begin and end is all there is. */
Test(session, refreshes_between_begin_and_end, .timeout = 20)
{
	_cleanup_(raw_close) struct raw raw = { .fd = -1 };
	struct speakers all;
	struct speaker_seen *a = waiting_speaker(&all);
	struct bgp_open open = raw_says(3);
	struct bgp_path path = path_of("192.0.2.1");
	struct route_refresh refresh;

	open.enhanced_refresh = true;
	originate(a, "203.0.113.1", &path);
	raw_open(&raw, &all, 3, 0);
	raw_establish(&raw, &open);
	LOOP_UNTIL(&all, is_up(a, 0));
	cr_expect(state_of(a, 0).enhanced_refresh);
	for (uint8_t i = 1; i <= 3; i++)
		raw_announce(&raw, i, 0);
	LOOP_UNTIL(&all, a->announced == 3);
	raw_refresh(&raw, BGP_IPV4_UNICAST, ROUTE_REFRESH_BEGIN);
	raw_announce(&raw, 2, 0);
	raw_refresh(&raw, BGP_IPV6_UNICAST, ROUTE_REFRESH_BEGIN);
	raw_refresh(&raw, BGP_IPV6_UNICAST, ROUTE_REFRESH_END);
	LOOP_UNTIL(&all, state_of(a, 0).graceful.stale == 2);
	cr_expect(eq(uint, a->withdrawn, 0));
	raw_refresh(&raw, BGP_IPV4_UNICAST, ROUTE_REFRESH_END);
	LOOP_UNTIL(&all, a->withdrawn == 2);
	cr_expect(eq(u64, state_of(a, 0).prefixes_in, 1));
	raw_refresh(&raw, BGP_IPV4_UNICAST, ROUTE_REFRESH_END); /* of nothing */
	loop_for(&all, 30);
	cr_expect(is_up(a, 0) && a->withdrawn == 2);

	raw_refresh(&raw, BGP_IPV4_UNICAST, ROUTE_REFRESH_REQUEST);
	refresh = raw_expect_refresh(&raw);
	cr_expect(refresh.kind == ROUTE_REFRESH_BEGIN && refresh.family == BGP_IPV4_UNICAST);
	raw_expect(&raw, MESSAGE_UPDATE);
	refresh = raw_expect_refresh(&raw);
	cr_expect(refresh.kind == ROUTE_REFRESH_END && refresh.family == BGP_IPV4_UNICAST);
	speakers_close(&all);
}

/* Marking all routes is work, which a neighbour must not ask for at every message. */
Test(session, begins_no_refresh_right_after_another, .timeout = 20)
{
	_cleanup_(raw_close) struct raw raw = { .fd = -1 };
	struct speakers all;
	struct speaker_seen *a = waiting_speaker(&all);
	struct bgp_open open = raw_says(3);

	open.enhanced_refresh = true;
	raw_open(&raw, &all, 3, 0);
	raw_establish(&raw, &open);
	LOOP_UNTIL(&all, is_up(a, 0));
	for (uint8_t i = 1; i <= 3; i++)
		raw_announce(&raw, i, 0);
	/* All of it is there when the loop turns next: one moment. */
	raw_refresh(&raw, BGP_IPV4_UNICAST, ROUTE_REFRESH_BEGIN);
	raw_refresh(&raw, BGP_IPV4_UNICAST, ROUTE_REFRESH_END);
	for (uint8_t i = 1; i <= 3; i++)
		raw_announce(&raw, i, 0);
	for (unsigned int i = 0; i < 50; i++) {
		raw_refresh(&raw, BGP_IPV4_UNICAST, ROUTE_REFRESH_BEGIN);
		raw_refresh(&raw, BGP_IPV4_UNICAST, ROUTE_REFRESH_END);
	}
	raw_announce(&raw, 4, 0);
	LOOP_UNTIL(&all, a->announced == 7);
	cr_expect(eq(uint, a->withdrawn, 3), "none of them counted");
	loop_for(&all, 1100);
	raw_refresh(&raw, BGP_IPV4_UNICAST, ROUTE_REFRESH_BEGIN);
	LOOP_UNTIL(&all, state_of(a, 0).graceful.stale == 4);
	raw_refresh(&raw, BGP_IPV4_UNICAST, ROUTE_REFRESH_END);
	LOOP_UNTIL(&all, a->withdrawn == 7);
	speakers_close(&all);
}

Test(session, takes_no_begin_and_end_that_were_not_agreed_on, .timeout = 20)
{
	_cleanup_(raw_close) struct raw raw = { .fd = -1 };
	struct speakers all;
	struct speaker_seen *a = waiting_speaker(&all);
	struct bgp_open open = raw_says(3);
	struct message message;

	raw_open(&raw, &all, 3, 0);
	raw_establish(&raw, &open);
	raw_announce(&raw, 1, 0);
	LOOP_UNTIL(&all, a->announced == 1);
	raw_refresh(&raw, BGP_IPV4_UNICAST, ROUTE_REFRESH_BEGIN);
	raw_refresh(&raw, BGP_IPV4_UNICAST, ROUTE_REFRESH_END);
	raw_refresh(&raw, BGP_IPV4_UNICAST, ROUTE_REFRESH_REQUEST);
	raw_announce(&raw, 2, 0);
	LOOP_UNTIL(&all, a->announced == 2);
	loop_for(&all, 30);
	cr_expect(eq(uint, a->withdrawn, 0));
	while (raw_read(&raw, &message))
		cr_expect(message.type != MESSAGE_ROUTE_REFRESH);
	speakers_close(&all);
}

/* RFC 8654: attributes that no message of 4096 octets holds. */
static void long_attributes(bool there, bool here)
{
	enum { ROUTES = 20 };
	static uint8_t communities[60000];
	struct bgp_neighbor_config ab, ba;
	struct bgp_path path = path_of("192.0.2.1");
	struct speakers all;
	struct speaker_seen *a, *b;
	char prefix[32];

	path.communities = (struct bgp_bytes){ communities, sizeof(communities) };
	speakers_open(&all);
	a = speaker_add(&all, 0);
	b = speaker_add(&all, 1);
	for (int i = 0; i < ROUTES; i++) {
		snprintf(prefix, sizeof(prefix), "198.51.100.%d", i);
		path.has = BGP_HAS_MED;
		path.med = (uint32_t)i; /* each in a message of its own */
		originate(a, prefix, &path);
	}
	ab = neighbor_of(a, 1);
	ba = neighbor_of(b, 0);
	ab.extended_messages = here;
	ba.extended_messages = there;
	neighbor_put(a, &ab);
	neighbor_put(b, &ba);
	LOOP_UNTIL(&all, state_of(b, 0).end_of_rib == 3);
	cr_expect(eq(uint, b->announced, here && there ? ROUTES : 0));
	cr_expect(eq(int, state_of(b, 0).extended_messages, here &&there));
	if (here && there)
		cr_expect(eq(sz, b->path.communities.len, sizeof(communities)));
	cr_expect(eq(u64, state_of(b, 0).faults_withdraw, 0));
	speakers_close(&all);
}

Test(session, sends_and_takes_long_messages_where_agreed, .timeout = 40)
{
	long_attributes(true, true);
	long_attributes(true, false);
	long_attributes(false, true);
}
