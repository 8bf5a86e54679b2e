/* SPDX-License-Identifier: BSD-2-Clause */
#include "raw_neighbor.h"

#include "feed/bmp_message.h"
#include "feed/feed.h"

#define ROUTES 3000

/* The other end of a BMP connection: takes it, reads, or does not. */
struct noc {
	struct speakers *all;
	int listener, fd;
	uint16_t port;
	uint8_t *in;
	size_t len, size;
};

struct seen { /* of all messages read, by kind */
	unsigned int type[7];
	unsigned int pre, post; /* prefixes announced in Route Monitoring */
	unsigned int pre_gone, post_gone, pre_end, post_end;
	uint8_t last_down;
	uint64_t routes; /* of the last Statistics Report */
};

static void noc_open(struct noc *noc, struct speakers *all)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sa);

	*noc = (struct noc){ .all = all, .fd = -1, .size = 1 << 24 };
	noc->in = malloc(noc->size);
	noc->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	cr_assert(bind(noc->listener, (struct sockaddr *)&sa, len) == 0);
	/* Inherited by what is accepted: a small window fills soon. */
	cr_assert(setsockopt(noc->listener, SOL_SOCKET, SO_RCVBUF, &(int){ 4096 }, sizeof(int)) ==
		  0);
	cr_assert(getsockname(noc->listener, (struct sockaddr *)&sa, &len) == 0);
	noc->port = ntohs(sa.sin_port);
}

static void noc_listen(struct noc *noc)
{
	cr_assert(listen(noc->listener, 1) == 0);
}

static bool noc_accept(struct noc *noc)
{
	if (noc->fd < 0)
		noc->fd = accept4(noc->listener, NULL, NULL, SOCK_NONBLOCK);
	return noc->fd >= 0;
}

static void noc_close(struct noc *noc)
{
	closep(&noc->fd);
	closep(&noc->listener);
	freep(&noc->in);
}

static void update_note(struct seen *seen, bool post, struct cursor body)
{
	struct bgp_codec codec = { .ibgp = true,
				   .as4 = true,
				   .families = BIT(BGP_IPV4_UNICAST) | BIT(BGP_IPV6_UNICAST) };
	static struct bgp_update update;
	struct update_item item;

	cr_expect(le(int, update_decode(&codec, body, &update), FAULT_DISCARD));
	*(post ? &seen->post_end : &seen->pre_end) += update.end_of_rib;
	while (update_next(&update, &item)) {
		if (item.path)
			++*(post ? &seen->post : &seen->pre);
		else
			++*(post ? &seen->post_gone : &seen->pre_gone);
	}
}

static void message_note(struct seen *seen, uint8_t type, struct cursor body)
{
	struct cursor c = body;
	uint8_t flags;

	cr_assert(lt(u8, type, 7));
	seen->type[type]++;
	if (type == BMP_INITIATION || type == BMP_TERMINATION)
		return;
	cr_expect(eq(u8, cursor_u8(&c), 0), "a global peer");
	flags = cursor_u8(&c);
	cursor_take(&c, BMP_PEER_LEN - 2);
	if (type == BMP_ROUTE_MONITORING) {
		cursor_take(&c, MESSAGE_HEADER_LEN);
		update_note(seen, flags & 0x40, c);
	} else if (type == BMP_PEER_DOWN) {
		seen->last_down = cursor_u8(&c);
	} else if (type == BMP_STATISTICS) {
		cursor_take(&c, 8);
		seen->routes = cursor_uint(&c, 8);
	}
}

/* Reads what there is; returns true, so that it can stand in LOOP_UNTIL. */
static bool noc_read(struct noc *noc, struct seen *seen)
{
	struct cursor c;
	ssize_t n;

	if (!noc_accept(noc))
		return true;
	n = recv(noc->fd, noc->in + noc->len, noc->size - noc->len, 0);
	noc->len += n > 0 ? (size_t)n : 0;
	c = cursor_of(noc->in, noc->len);
	while (cursor_left(&c) >= BMP_COMMON_LEN) {
		struct cursor whole = c;
		uint32_t len;
		uint8_t type;

		cr_assert(eq(u8, cursor_u8(&whole), BMP_VERSION));
		len = cursor_u32(&whole);
		type = cursor_u8(&whole);
		cr_assert(ge(u32, len, BMP_COMMON_LEN));
		if (len > cursor_left(&c))
			break;
		message_note(seen, type, cursor_sub(&whole, len - BMP_COMMON_LEN));
		cursor_take(&c, len);
	}
	n = (ssize_t)cursor_left(&c);
	memmove(noc->in, noc->in + noc->len - n, (size_t)n);
	noc->len = (size_t)n;
	return true;
}

struct scene {
	struct speakers all;
	struct speaker_seen *a, *b; /* a announces, b is watched */
	struct noc noc;
	struct feed_config config;
	struct feed *feed;
	struct seen seen;
};

static void scene_open(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	speakers_open(&s->all);
	s->a = speaker_add(&s->all, 0);
	s->b = speaker_add(&s->all, 1);
	noc_open(&s->noc, &s->all);
	s->config = (struct feed_config){ .name = "r1", .description = "test", .station_count = 1 };
	s->config.station[0] =
		(struct feed_station_config){ .name = "noc",
					      .address = speaker_addr(0),
					      .port = s->noc.port,
					      .monitor = FEED_PRE_POLICY | FEED_POST_POLICY,
					      .buffer = 1 << 24 };
}

static void scene_feed(struct scene *s)
{
	struct bgp_config router = { .as = AS_OURS };

	cr_assert(feed_new(&s->all.loop, s->b->bgp, &router, &s->config, &s->feed) == 0);
}

static void scene_connect(struct scene *s)
{
	struct bgp_neighbor_config ab = neighbor_of(s->a, 1), ba = neighbor_of(s->b, 0);

	ab.add_path_send = ba.add_path_receive = false; /* update_note() reads none */
	neighbor_put(s->a, &ab);
	neighbor_put(s->b, &ba);
	LOOP_UNTIL(&s->all, is_up(s->a, 0) && is_up(s->b, 0));
}

static void scene_routes(struct scene *s, unsigned int count)
{
	struct bgp_path path = path_of("192.0.2.1");

	for (unsigned int i = 0; i < count; i++) {
		struct addr addr = addr_of_v4((uint8_t[]){ 20, 0, (uint8_t)(i >> 8), (uint8_t)i });
		struct bgp_dst dst = { .prefix = prefix_of_host(&addr) };

		path.local_pref = 100 + i / 7; /* some paths, each of a few routes */
		path.has = BGP_HAS_LOCAL_PREF;
		cr_assert(bgp_originate(s->a->bgp, &dst, &path) == 0);
	}
}

static struct feed_station_view view_of(const struct scene *s)
{
	struct feed_station_view view = { 0 };

	cr_assert(feed_station(s->feed, 0, &view));
	return view;
}

static void scene_close(struct scene *s)
{
	feed_free(&s->feed);
	noc_close(&s->noc);
	speakers_close(&s->all);
}

#define SEE_UNTIL(s, expression) \
	LOOP_UNTIL(&(s)->all, noc_read(&(s)->noc, &(s)->seen) && (expression))

Test(bmp, tells_what_happens, .timeout = 30)
{
	struct addr b = speaker_addr(1);
	struct scene s;

	scene_open(&s);
	noc_listen(&s.noc);
	scene_feed(&s);
	SEE_UNTIL(&s, s.seen.type[BMP_INITIATION] == 1);
	scene_connect(&s);
	SEE_UNTIL(&s, s.seen.type[BMP_PEER_UP] == 1);
	SEE_UNTIL(&s, s.seen.pre_end == 2 && s.seen.post_end == 2);
	scene_routes(&s, 1);
	SEE_UNTIL(&s, s.seen.pre == 1 && s.seen.post == 1);
	withdraw(s.a, "20.0.0.0");
	SEE_UNTIL(&s, s.seen.pre_gone == 1 && s.seen.post_gone == 1);

	cr_assert(bgp_neighbor_remove(s.a->bgp, &b) == 0);
	SEE_UNTIL(&s, s.seen.type[BMP_PEER_DOWN] == 1);
	cr_expect(eq(u8, s.seen.last_down, BGP_ENDED_BY_THEM));
	cr_expect(eq(sz, view_of(&s).peers, 0));
	feed_free(&s.feed);
	SEE_UNTIL(&s, s.seen.type[BMP_TERMINATION] == 1);
	scene_close(&s);
}

Test(bmp, tells_the_table_to_a_station_that_comes_late, .timeout = 60)
{
	struct scene s;

	scene_open(&s);
	scene_feed(&s);
	scene_connect(&s);
	scene_routes(&s, ROUTES);
	LOOP_UNTIL(&s.all, state_of(s.b, 0).prefixes_in == ROUTES);
	cr_expect(eq(u64, view_of(&s).connections, 0));
	noc_listen(&s.noc);
	SEE_UNTIL(&s, s.seen.post == ROUTES);
	cr_expect(eq(uint, s.seen.pre, ROUTES));
	SEE_UNTIL(&s, s.seen.pre_end == 2 && s.seen.post_end == 2);
	cr_expect(eq(uint, s.seen.type[BMP_PEER_UP], 1));
	cr_expect(lt(uint, s.seen.type[BMP_ROUTE_MONITORING], ROUTES / 2),
		  "equal paths share a message");
	cr_expect(eq(u64, view_of(&s).untold, 0));
	scene_close(&s);
}

Test(bmp, starts_over_where_a_station_does_not_read, .timeout = 60)
{
	struct scene s;

	scene_open(&s);
	noc_listen(&s.noc);
	s.config.station[0].buffer = 256 * 1024;
	scene_feed(&s);
	scene_connect(&s);
	LOOP_UNTIL(&s.all, noc_accept(&s.noc) && view_of(&s).peers == 1);
	for (unsigned int turn = 0; turn < 200 && !view_of(&s).overflows; turn++) {
		struct bgp_path path = path_of("192.0.2.1");

		path.has = BGP_HAS_MED;
		for (unsigned int i = 0; i < ROUTES / 10; i++) {
			struct addr addr =
				addr_of_v4((uint8_t[]){ 20, 0, (uint8_t)(i >> 8), (uint8_t)i });
			struct bgp_dst dst = { .prefix = prefix_of_host(&addr) };

			path.med = turn * ROUTES + i;
			cr_assert(bgp_originate(s.a->bgp, &dst, &path) == 0);
		}
		loop_for(&s.all, 20);
		cr_expect(le(sz, view_of(&s).waiting, s.config.station[0].buffer));
	}
	LOOP_UNTIL(&s.all, view_of(&s).overflows == 1);
	cr_expect(eq(u64, state_of(s.b, 0).prefixes_in, ROUTES / 10), "routing goes on");

	closep(&s.noc.fd);
	s.noc.len = 0;
	s.seen = (struct seen){ 0 };
	SEE_UNTIL(&s, s.seen.pre_end == 2 && s.seen.post_end == 2);
	cr_expect(eq(uint, s.seen.pre, ROUTES / 10));
	cr_expect(eq(uint, s.seen.post, ROUTES / 10));
	cr_expect(eq(u64, view_of(&s).connections, 2));
	scene_close(&s);
}

Test(bmp, keeps_equal_stations_over_a_change, .timeout = 30)
{
	struct scene s;

	scene_open(&s);
	noc_listen(&s.noc);
	scene_feed(&s);
	SEE_UNTIL(&s, s.seen.type[BMP_INITIATION] == 1);
	cr_assert(feed_configure(s.feed, &s.config) == 0);
	loop_for(&s.all, 50);
	noc_read(&s.noc, &s.seen);
	cr_expect(eq(uint, s.seen.type[BMP_TERMINATION], 0));
	s.config.station[0].monitor = FEED_PRE_POLICY;
	cr_assert(feed_configure(s.feed, &s.config) == 0);
	SEE_UNTIL(&s, s.seen.type[BMP_TERMINATION] == 1);
	closep(&s.noc.fd);
	SEE_UNTIL(&s, s.seen.type[BMP_INITIATION] == 2);
	scene_connect(&s);
	scene_routes(&s, 1);
	SEE_UNTIL(&s, s.seen.pre == 1);
	loop_for(&s.all, 20);
	noc_read(&s.noc, &s.seen);
	cr_expect(eq(uint, s.seen.post + s.seen.post_end, 0));
	s.config.station_count = 0;
	cr_assert(feed_configure(s.feed, &s.config) == 0);
	cr_expect(not(feed_station(s.feed, 0, &(struct feed_station_view){ 0 })));
	scene_close(&s);
}

Test(bmp, reports_statistics, .timeout = 30)
{
	struct scene s;

	scene_open(&s);
	noc_listen(&s.noc);
	s.config.station[0].report_s = 1;
	scene_feed(&s);
	scene_connect(&s);
	scene_routes(&s, 5);
	SEE_UNTIL(&s, s.seen.type[BMP_STATISTICS] >= 1 && s.seen.routes == 5);
	scene_close(&s);
}

Test(bmp, mirrors_what_is_malformed, .timeout = 30)
{
	struct scene s;
	struct raw raw;
	struct bgp_open open = raw_says(0);
	struct bgp_neighbor_config config;
	uint8_t octets[MESSAGE_MAX];
	struct writer w = writer_of(octets, sizeof(octets));
	uint8_t *begun = message_begin(&w, MESSAGE_UPDATE);

	writer_u16(&w, 0xffff); /* withdrawn prefixes beyond the end */
	writer_u16(&w, 0);
	message_end(&w, begun);
	scene_open(&s);
	noc_listen(&s.noc);
	s.config.station[0].mirror = true;
	scene_feed(&s);
	SEE_UNTIL(&s, s.seen.type[BMP_INITIATION] == 1);
	config = neighbor_of(s.b, 0);
	config.passive = true;
	neighbor_put(s.b, &config);
	raw_open(&raw, &s.all, 0, 1);
	raw_establish(&raw, &open);
	raw_send(&raw, &w);
	SEE_UNTIL(&s, s.seen.type[BMP_PEER_DOWN] == 1);
	cr_expect(eq(uint, s.seen.type[BMP_ROUTE_MIRRORING], 1));
	cr_expect(eq(u8, s.seen.last_down, BGP_ENDED_BY_US));
	cr_expect(eq(uint, s.seen.type[BMP_ROUTE_MONITORING], 0));
	raw_close(&raw);
	scene_close(&s);
}
