/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A whole speaker between two neighbours, driven by octets and time. The first octet says how the
 * speaker is configured; each one after it is something that happens, as the table below has it:
 * connections come and go on both sides, messages right and wrong, time passes, routes of our own
 * change, an operator intervenes. After each of them what the speaker says and shows must be
 * possible. Its time is ours (clock.h); its connections are real.
 */
#include "base/log.h"
#include "bgp/bgp.h"
#include "clock.h"
#include "end.h"

#include <signal.h>

#define FAMILIES (BIT(BGP_FAMILY_COUNT) - 1)
#define AS_OURS  65000
#define ENDS     2
#define TURNS    4
#define EVENTS   64 /* of one run at most */

struct world {
	uv_loop_t loop;
	uint16_t port;
	struct addr addr;
	struct bgp *bgp;
	uint8_t how;
	struct cursor input;
	struct end end[ENDS];
	struct end *at; /* whom the event is about */
	struct line *line;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t now_ms(const struct world *w)
{
	return uv_now(&w->loop);
}

static void on_route(void *user, const struct bgp_route *route)
{
	char text[PREFIX_STRLEN];

	prefix_format(&route->dst.prefix, text);
}

static void on_settled(void *user)
{
}

static const struct bgp_ops ops = { on_route, on_route, on_settled };

/* Bits of the first octet: 0 iBGP, 1 Add-Path, 2 hold time 9 or 0, 3 few prefixes, 4 passive, 5
 * graceful restart, 6 long life of routes and long messages. */
static struct bgp_neighbor_config neighbor_config(const struct world *w, int number)
{
	struct bgp_neighbor_config config = { .remote = w->end[number].addr,
					      .local = w->addr,
					      .port = w->port,
					      .remote_as = w->how & 1 ? AS_OURS : AS_OURS + 1,
					      .client = true,
					      .hold_s = w->how & 4 ? 9 : 0,
					      .retry_s = 5,
					      .families = FAMILIES,
					      .add_path_send = w->how & 2,
					      .add_path_receive = w->how & 2,
					      .domain = BGP_DOMAIN_INSIDE,
					      .carriers_send = 7,
					      .carriers_accept = 7,
					      .limits.total = w->how & 8 ? 2 : 0,
					      .passive = w->how & 16,
					      .graceful = w->how & 32 ? BGP_GRACEFUL_ENABLED
								      : BGP_GRACEFUL_DISABLED,
					      .restart_s = 10,
					      .stale_s = 20,
					      .long_lived_s = w->how & 64 ? 30 : 0,
					      .extended_messages = w->how & 64 };

	if (number == 1) /* one that does all, whatever the other one does */
		config.remote_as = AS_OURS;
	return config;
}

static void do_dial(struct world *w)
{
	end_dial(w->at, &w->addr, w->port);
}

static void do_accept(struct world *w)
{
	end_accept(w->at);
}

static void do_hang_up(struct world *w)
{
	line_close(w->line);
}

/* Bits: 0, 1 hold time; 2 the greater identifier; 3 Add-Path; 4 AS numbers of 2 octets; 5 IPv4
 * alone; 6 another AS; 7 no refresh. */
static void do_open(struct world *w)
{
	static const uint16_t hold_s[] = { 90, 0, 3, 9 };
	uint8_t bits = cursor_u8(&w->input);
	uint32_t families = bits & 0x20 ? BIT(BGP_IPV4_UNICAST) : FAMILIES;
	bool other = w->at == &w->end[0] && !(w->how & 1);
	struct bgp_open open = { .as = AS_OURS + other + (bits >> 6 & 1),
				 .hold_s = hold_s[bits & 3],
				 .id = { bits & 4 ? 200 : 1, 0, 0, (uint8_t)(w->at - w->end) },
				 .families = families,
				 .add_path_send = bits & 8 ? families : 0,
				 .add_path_receive = bits & 8 ? families : 0,
				 .edge_metadata = families,
				 .edge_metadata_code = OPEN_EDGE_METADATA,
				 .extended_next_hop = BIT(BGP_IPV4_UNICAST) | BIT(BGP_VPN_IPV4),
				 .route_refresh = !(bits & 0x80),
				 .as4 = !(bits & 0x10),
				 .enhanced_refresh = !(bits & 0x80),
				 .extended_message = w->how & 64,
				 .graceful = w->how & 32,
				 .restarted = bits & 8,
				 .graceful_notification = bits & 2,
				 .restart_s = hold_s[bits & 3],
				 .graceful_families = families,
				 .forwarding = bits & 4 ? families : BIT(BGP_IPV4_UNICAST),
				 .long_lived = w->how & 64,
				 .long_lived_families = BIT(BGP_IPV4_UNICAST),
				 .long_lived_s = { 20 } };

	end_say_open(w->at, w->line, &open, now_ms(w));
}

static void do_keepalive(struct world *w)
{
	uint8_t octets[MESSAGE_HEADER_LEN];
	struct writer out = writer_of(octets, sizeof(octets));

	keepalive_encode(&out);
	end_say(w->at, w->line, &out, now_ms(w));
}

static void take(struct cursor *input, struct writer *out)
{
	size_t len = cursor_u8(input);
	struct cursor piece = cursor_sub(input, len);

	if (!piece.bad)
		writer_bytes(out, piece.at, cursor_left(&piece));
}

/* A good route, and further attributes as the input has them. */
static void do_route(struct world *w)
{
	static const uint8_t basic[] = { 0x40, 1, 1, 0, 0x40, 2, 0, 0x40, 3, 4, 192, 0, 2, 1 };
	uint8_t octets[MESSAGE_MAX], number = cursor_u8(&w->input), *begun, *len;
	struct writer out = writer_of(octets, sizeof(octets));

	begun = message_begin(&out, MESSAGE_UPDATE);
	writer_u16(&out, 0);
	len = writer_len_open(&out, 2);
	writer_bytes(&out, basic, sizeof(basic));
	take(&w->input, &out);
	writer_len_close(&out, len, 2);
	if (w->line->said.add_path_send && w->how & 2)
		writer_u32(&out, number >> 4);
	writer_bytes(&out, (uint8_t[]){ 24, 10, 0, number & 15 }, 4);
	message_end(&out, begun);
	end_say(w->at, w->line, &out, now_ms(w));
}

/* Any type, any body. */
static void do_message(struct world *w)
{
	uint8_t octets[MESSAGE_MAX], type = cursor_u8(&w->input), *begun;
	struct writer out = writer_of(octets, sizeof(octets));

	w->line->strange |= type == MESSAGE_OPEN;
	begun = message_begin(&out, type);
	take(&w->input, &out);
	message_end(&out, begun);
	end_say(w->at, w->line, &out, now_ms(w));
}

static void do_octets(struct world *w)
{
	uint8_t octets[UINT8_MAX];
	struct writer out = writer_of(octets, sizeof(octets));

	w->line->strange = true;
	take(&w->input, &out);
	end_say(w->at, w->line, &out, now_ms(w));
}

static void do_time(struct world *w)
{
	static const uint32_t seconds[] = { 1,  2,  3,  5,   8,   9,   10,  30,
					    31, 60, 90, 120, 240, 480, 481, 3600 };

	clock_pass(seconds[cursor_u8(&w->input) & 15]);
}

/* Some of IPv6, some in a VPN. */
static struct bgp_dst own_dst(uint8_t number)
{
	struct addr addr = addr_of_v4((uint8_t[]){ 192, 0, 2, number });
	const struct bgp_rd rd = { { 0, 0, 0xfd, 0xe8, 0, 0, 0, 1 } };
	struct prefix prefix;

	if (number & 0x40)
		addr.octet[0] = 0x20;
	prefix = prefix_of_host(&addr);
	return number & 0x20 ? bgp_dst_of_vpn(&rd, &prefix) : bgp_dst_of(&prefix);
}

/* One more, or a changed one; an even number: withdrawn. */
static void do_originate(struct world *w)
{
	uint8_t number = cursor_u8(&w->input);
	struct bgp_dst dst = own_dst(number >> 1);
	struct bgp_path path = { .has = BGP_HAS_REPORT };

	path.report = (struct report){ .has = REPORT_CAPACITY, .capacity = 1 + number };
	if (number & 1)
		bgp_originate(w->bgp, &dst, &path);
	else
		bgp_withdraw(w->bgp, &dst);
}

static void do_operate(struct world *w)
{
	const struct addr *addr = &w->at->addr;
	struct bgp_neighbor_config config = neighbor_config(w, (int)(w->at - w->end));

	switch (cursor_u8(&w->input) % 5) {
	case 0:
		bgp_neighbor_refresh(w->bgp, addr);
		break;
	case 1:
		bgp_neighbor_reset(w->bgp, addr, "again");
		break;
	case 2:
		bgp_neighbor_shutdown(w->bgp, addr, "");
		break;
	case 3:
		bgp_neighbor_enable(w->bgp, addr);
		break;
	default:
		bgp_neighbor_remove(w->bgp, addr);
		bgp_neighbor_add(w->bgp, &config);
	}
}

/* An octet of the input: bits 0 to 3 the event, bit 6 the neighbour, bit 7 the connection. */
static void (*const events[])(struct world *w) = {
	do_dial,   do_accept, do_open,    do_keepalive, do_route,   do_message,
	do_octets, do_time,   do_hang_up, do_originate, do_operate,
};

struct count {
	uint32_t neighbor;
	uint64_t routes;
};

static void count_route(void *user, const struct bgp_route *route)
{
	struct count *count = user;

	count->routes += route->neighbor == count->neighbor;
}

/* A session lasts while it hears something, and says something while it lasts. */
static void check_timers(const struct world *w, const struct end *end,
			 const struct bgp_neighbor_state *s)
{
	uint64_t hold_ms = s->hold_s * UINT64_C(1000);
	/* What was said to a connection that was parked is heard when it is taken up. */
	uint64_t said_ms = end->said_ms > s->since_ms ? end->said_ms : s->since_ms;

	if (strcmp(s->state, "Established") || !hold_ms)
		return;
	if (now_ms(w) > said_ms + hold_ms)
		impossible("a session outlived its hold time");
	if (now_ms(w) > end->heard_ms + hold_ms / 3)
		impossible("a session said nothing for a third of its hold time");
}

static void check_state(const struct world *w)
{
	struct bgp_neighbor_state s;

	for (size_t i = 0; bgp_neighbor_state(w->bgp, i, &s); i++) {
		const struct end *end = &w->end[addr_equal(&s.config.remote, &w->end[1].addr)];
		struct count count = { .neighbor = s.id };
		bool up = !strcmp(s.state, "Established");

		bgp_routes(w->bgp, count_route, &count);
		if (count.routes != s.prefixes_in)
			impossible("the count of routes is wrong");
		if (!up && count.routes != s.graceful.stale)
			impossible("routes outlived their session, and are not stale");
		if (s.graceful.stale && (!s.graceful.due_ms || s.graceful.due_ms < now_ms(w)))
			impossible("routes are stale for ever");
		if (s.graceful.stale > s.prefixes_in)
			impossible("the count of stale routes is wrong");
		if (s.config.limits.total && count.routes > s.config.limits.total)
			impossible("there are more routes than the limit");
		if (up && s.shutdown)
			impossible("a session is up that was shut down");
		check_timers(w, end, &s);
	}
}

static void turn(struct world *w)
{
	for (int i = 0; i < TURNS; i++) {
		uv_run(&w->loop, UV_RUN_NOWAIT);
		for (int n = 0; n < ENDS; n++)
			end_listen(&w->end[n], now_ms(w));
	}
}

static void world_open(struct world *w)
{
	struct bgp_config config = { .as = AS_OURS, .router_id = { 127, 0, 0, 1 } };

	uv_loop_init(&w->loop);
	config.listen = w->addr;
	config.port = w->port;
	if (bgp_new(&w->loop, &config, &ops, w, &w->bgp) < 0)
		die("no speaker");
	for (int i = 0; i < ENDS; i++) {
		struct bgp_neighbor_config neighbor = neighbor_config(w, i);

		if (bgp_neighbor_add(w->bgp, &neighbor) < 0)
			die("no neighbor");
	}
	turn(w);
}

static void world_close(struct world *w)
{
	bgp_free(&w->bgp);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	if (uv_loop_close(&w->loop) < 0)
		impossible("a handle was left open");
	for (int i = 0; i < ENDS; i++)
		end_hang_up(&w->end[i]);
}

/* Addresses and listeners, once. */
static struct world *world_get(void)
{
	static struct world world;

	if (world.port)
		return &world;
	log_level_set(LOG_LEVEL_ERR);
	signal(SIGPIPE, SIG_IGN); /* as margayd does */
	world.port = (uint16_t)(20000 + getpid() % 20000);
	world.addr = addr_of_v4((uint8_t[]){ 127, 0, 0, 1 });
	for (uint8_t i = 0; i < ENDS; i++) {
		struct end *end = &world.end[i];

		end->addr = addr_of_v4((uint8_t[]){ 127, 0, 0, (uint8_t)(2 + i) });
		end->line[LINE_DIALLED].fd = end->line[LINE_ACCEPTED].fd = -1;
		end->listener = end_socket(&end->addr, world.port);
		if (end->listener < 0 || listen(end->listener, 8) < 0)
			die("no socket");
		fcntl(end->listener, F_SETFL, O_NONBLOCK);
	}
	return &world;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world *w = world_get();

	if (!size)
		return 0;
	w->input = cursor_of(data, size);
	w->how = cursor_u8(&w->input);
	world_open(w);
	for (int i = 0; i < EVENTS && cursor_left(&w->input); i++) {
		uint8_t octet = cursor_u8(&w->input);

		w->at = &w->end[octet >> 6 & 1];
		w->line = &w->at->line[octet >> 7];
		events[(octet & 15) % ARRAY_SIZE(events)](w);
		turn(w);
		check_state(w);
	}
	world_close(w);
	return 0;
}
