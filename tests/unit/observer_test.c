/* SPDX-License-Identifier: BSD-2-Clause */
#include "raw_neighbor.h"

#include "bgp/observer.h"

struct octets {
	uint8_t at[MESSAGE_MAX];
	size_t len;
};

struct watched {
	struct bgp *bgp;
	unsigned int up, down, updates, changed;
	struct octets open_sent, open_received, update, notification;
	enum bgp_ending_kind kind;
	enum fault fault;
	struct bgp_nlri nlri;
	bool there; /* the changed route, when it was told */
	uint16_t remote_port;
};

static void octets_copy(struct octets *ret, struct cursor from)
{
	ret->len = cursor_left(&from);
	cr_assert(le(sz, ret->len, sizeof(ret->at)));
	memcpy(ret->at, from.at, ret->len);
}

static void watch_up(void *user, const struct bgp_peer *peer)
{
	struct watched *w = user;

	w->up++;
	w->remote_port = peer->remote_port;
	octets_copy(&w->open_sent, peer->open_sent);
	octets_copy(&w->open_received, peer->open_received);
}

static void watch_down(void *user, const struct bgp_peer *peer, const struct bgp_ending *ending)
{
	struct watched *w = user;

	w->down++;
	w->kind = ending->kind;
	octets_copy(&w->notification, ending->notification);
}

static void watch_update(void *user, const struct bgp_peer *peer, struct cursor message,
			 enum fault fault)
{
	struct watched *w = user;

	w->updates++;
	w->fault = fault;
	octets_copy(&w->update, message);
}

static void watch_changed(void *user, uint32_t neighbor, const struct bgp_nlri *nlri)
{
	struct watched *w = user;
	struct bgp_route route;
	struct bgp_path path;

	w->changed++;
	w->nlri = *nlri;
	w->there = bgp_route_find(w->bgp, neighbor, nlri, &route, &path);
	if (w->there)
		cr_expect(eq(u32, route.path->local_pref, 100));
}

static const struct bgp_observer observer = { watch_up, watch_down, watch_update, watch_changed };

struct scene {
	struct speakers all;
	struct speaker_seen *a;
	struct watched w;
	struct raw raw;
	struct octets sent; /* the OPEN */
};

static void scene_open(struct scene *s)
{
	struct bgp_neighbor_config config;
	struct bgp_open open = raw_says(0);
	struct writer w = writer_of(s->sent.at, sizeof(s->sent.at));

	speakers_open(&s->all);
	s->a = speaker_add(&s->all, 1);
	config = neighbor_of(s->a, 0);
	config.passive = true;
	neighbor_put(s->a, &config);
	s->w = (struct watched){ .bgp = s->a->bgp };
	bgp_observe(s->a->bgp, &observer, &s->w);
	raw_open(&s->raw, &s->all, 0, 1);
	open_encode(&open, &w);
	s->sent.len = writer_len(&w);
	raw_establish(&s->raw, &open);
	LOOP_UNTIL(&s->all, s->w.up == 1);
}

static void scene_close(struct scene *s)
{
	raw_close(&s->raw);
	speakers_close(&s->all);
}

/* What the raw neighbour is about to say. */
static void scene_say(struct scene *s, struct writer *w)
{
	raw_send(&s->raw, w);
	LOOP_UNTIL(&s->all, s->w.updates >= 1 || s->w.down);
}

static struct bgp_codec codec(void)
{
	return (struct bgp_codec){ .ibgp = true,
				   .as4 = true,
				   .families = BIT(BGP_IPV4_UNICAST) | BIT(BGP_IPV6_UNICAST) };
}

static bool same(const struct octets *a, const uint8_t *octets, size_t len)
{
	return a->len == len && !memcmp(a->at, octets, len);
}

Test(observer, sees_sessions_and_messages_octet_by_octet, .timeout = 20)
{
	struct scene s;
	uint8_t octets[MESSAGE_MAX];
	struct writer w = writer_of(octets, sizeof(octets));
	struct bgp_nlri nlri = { .dst.prefix = prefix_text("198.51.100.1") };
	struct bgp_path path = path_of("192.0.2.1");
	struct bgp_codec as_sent = codec();
	struct sockaddr_in local;
	socklen_t len = sizeof(local);

	scene_open(&s);
	getsockname(s.raw.fd, (struct sockaddr *)&local, &len);
	cr_expect(eq(u16, s.w.remote_port, ntohs(local.sin_port)));
	cr_expect(same(&s.w.open_received, s.sent.at, s.sent.len), "their OPEN, verbatim");
	cr_expect(s.w.open_sent.len > MESSAGE_HEADER_LEN, "%zu", s.w.open_sent.len);
	cr_expect(eq(u8, s.w.open_sent.at[MESSAGE_HEADER_LEN - 1], MESSAGE_OPEN));

	path.has = BGP_HAS_LOCAL_PREF;
	path.local_pref = 100;
	cr_assert(eq(sz, update_encode(&as_sent, &path, &nlri, 1, &w), 1));
	scene_say(&s, &w);
	cr_expect(same(&s.w.update, octets, writer_len(&w)), "an UPDATE, verbatim");
	cr_expect(eq(int, s.w.fault, FAULT_NONE));
	cr_expect(eq(uint, s.w.changed, 1));
	cr_expect(s.w.there && bgp_dst_equal(&s.w.nlri.dst, &nlri.dst));

	w = writer_of(octets, sizeof(octets));
	cr_assert(eq(sz, update_encode_withdraw(&as_sent, &nlri, 1, &w), 1));
	scene_say(&s, &w);
	LOOP_UNTIL(&s.all, s.w.updates == 2);
	cr_expect(eq(uint, s.w.changed, 2));
	cr_expect(not(s.w.there));
	scene_close(&s);
}

Test(observer, hears_nothing_when_unset, .timeout = 20)
{
	struct scene s;
	uint8_t octets[MESSAGE_MAX];
	struct writer w = writer_of(octets, sizeof(octets));

	scene_open(&s);
	bgp_observe(s.a->bgp, NULL, NULL);
	update_encode_end_of_rib(BGP_IPV4_UNICAST, &w);
	raw_send(&s.raw, &w);
	LOOP_UNTIL(&s.all, state_of(s.a, 0).updates_in == 1);
	cr_expect(eq(uint, s.w.updates, 0));
	scene_close(&s);
}

static void say_notification(struct scene *s)
{
	uint8_t octets[MESSAGE_MAX];
	struct writer w = writer_of(octets, sizeof(octets));
	struct notification n = { .code = NOTIFICATION_CEASE, .subcode = CEASE_SHUTDOWN };

	notification_encode(&n, &w);
	raw_send(&s->raw, &w);
}

static void say_garbage(struct scene *s)
{
	static uint8_t garbage[MESSAGE_HEADER_LEN];
	struct writer w = writer_of(garbage, sizeof(garbage));

	writer_bytes(&w, garbage, sizeof(garbage));
	raw_send(&s->raw, &w);
}

/* Its withdrawn prefixes end beyond the message. */
static void say_bad_update(struct scene *s)
{
	uint8_t octets[MESSAGE_MAX];
	struct writer w = writer_of(octets, sizeof(octets));
	uint8_t *begun = message_begin(&w, MESSAGE_UPDATE);

	writer_u16(&w, 0xffff);
	writer_u16(&w, 0);
	message_end(&w, begun);
	raw_send(&s->raw, &w);
}

static void say_goodbye(struct scene *s)
{
	raw_close(&s->raw);
}

static const struct {
	const char *name;
	void (*say)(struct scene *s);
	enum bgp_ending_kind kind;
	uint8_t code; /* of the NOTIFICATION; 0: none */
	unsigned int updates;
} endings[] = {
	{ "their NOTIFICATION", say_notification, BGP_ENDED_BY_THEM, NOTIFICATION_CEASE, 0 },
	{ "garbage", say_garbage, BGP_ENDED_BY_US, NOTIFICATION_HEADER, 0 },
	{ "malformed UPDATE", say_bad_update, BGP_ENDED_BY_US, NOTIFICATION_UPDATE, 1 },
	{ "closed", say_goodbye, BGP_ENDED_BY_THEM_SILENTLY, 0, 0 },
};

Test(observer, knows_how_a_session_ended, .timeout = 40)
{
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		struct scene s;

		scene_open(&s);
		endings[i].say(&s);
		LOOP_UNTIL(&s.all, s.w.down == 1);
		loop_for(&s.all, 5);
		cr_expect(eq(int, s.w.kind, endings[i].kind), "%s", endings[i].name);
		cr_expect(eq(uint, s.w.updates, endings[i].updates), "%s", endings[i].name);
		if (endings[i].updates)
			cr_expect(eq(int, s.w.fault, FAULT_RESET));
		if (endings[i].code)
			cr_expect(eq(u8, s.w.notification.at[MESSAGE_HEADER_LEN], endings[i].code),
				  "%s", endings[i].name);
		else
			cr_expect(eq(sz, s.w.notification.len, 0), "%s", endings[i].name);
		scene_close(&s);
	}
}
