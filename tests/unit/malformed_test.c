/* SPDX-License-Identifier: BSD-2-Clause */
/* RFC 7606 with every attribute: what the codec says, and what becomes of a session and its routes.
 */
#include "malformed.h"
#include "raw_neighbor.h"

static struct bgp_codec codec_from(enum malformed_from from)
{
	struct bgp_codec codec = codec_ibgp();

	codec.as4 = from != FROM_IBGP_2;
	codec.ibgp = from != FROM_EBGP;
	return codec;
}

static void codec_check(void *user, const struct malformed *m)
{
	static struct bgp_update update;
	struct bgp_codec codec = codec_from(m->row->from);
	_cleanup_(freep) uint8_t *exact = malloc(m->len);
	struct update_item item;
	size_t *count = user;
	char hex[256];

	++*count;
	memcpy(exact, m->body, m->len);
	cr_expect(eq(int, update_decode(&codec, cursor_of(exact, m->len), &update), m->cost),
		  "%s: %s", m->name, hexdump(m->body, m->len, hex, sizeof(hex)));
	while (update_next(&update, &item))
		cr_expect(item.path == NULL || m->cost < FAULT_WITHDRAW, "%s", m->name);
}

Test(malformed, costs_what_it_has_to)
{
	size_t count = 0;

	for (int from = 0; from < FROM_COUNT; from++)
		malformed_each(from, codec_check, &count);
	cr_expect(count > 500, "%zu", count);
}

/* RFC 4271 section 6.3: an unknown one that says that it is well-known ends the session. So what
 * does not do so is known, and has to be in the table. */
Test(malformed, knows_every_attribute)
{
	for (unsigned int code = 0; code < 256; code++) {
		const uint8_t octets[] = { 0, 0, 0, 3, ATTR_TRANSITIVE, (uint8_t)code, 0 };
		struct bgp_codec codec = codec_ibgp();
		static struct bgp_update update;
		bool known, listed = false;

		update_decode(&codec, cursor_of(octets, sizeof(octets)), &update);
		known = update.fault != FAULT_RESET ||
			update.notification.subcode != UPDATE_UNKNOWN_WELL_KNOWN;
		for (size_t i = 0; i < ARRAY_SIZE(malformed_rows); i++)
			listed |= malformed_rows[i].code == code;
		cr_expect(eq(int, known, listed), "attribute %u", code);
	}
}

/* A speaker, and a neighbour that says all of this to it. */
struct scene {
	struct speakers all;
	struct speaker_seen *speaker;
	struct raw raw;
	enum malformed_from from;
	uint32_t turn;
	size_t count, resets;
};

#define OTHER  "10.1.0.0" /* a route that no fault of others may touch */
#define MARKER "10.2.0.0" /* comes after each message, with its number as MED */

static void say_update(struct scene *s, const uint8_t *body, size_t len)
{
	uint8_t octets[MESSAGE_MAX];
	struct writer w = writer_of(octets, sizeof(octets));
	uint8_t *begun = message_begin(&w, MESSAGE_UPDATE);

	writer_bytes(&w, body, len);
	message_end(&w, begun);
	raw_send(&s->raw, &w);
}

/* A good route; ORIGIN is INCOMPLETE, which no message of the table says. */
static void say_route(struct scene *s, const char *prefix, uint32_t med)
{
	bool v6 = strchr(prefix, ':');
	struct addr addr = addr_text(prefix);
	uint8_t octets[128], *len;
	struct writer w = writer_of(octets, sizeof(octets));
	struct piece pieces[] = {
		piece_of(0x40, ATTR_ORIGIN, "02"),
		piece_of(0x40, ATTR_AS_PATH,
			 s->from == FROM_IBGP_2 ? "02 01 fde9" : "02 01 0000fde9"),
		v6 ? piece_of(0x80, ATTR_MP_REACH, "0002 01 " NEXT_HOP_6 "30 20010db80009")
		   : piece_of(0x40, ATTR_NEXT_HOP, "c0000201"),
		piece_of(0x80, ATTR_MED, "00000000"),
	};

	pieces[3].octets[2] = (uint8_t)(med >> 8);
	pieces[3].octets[3] = (uint8_t)med;
	writer_u16(&w, 0);
	len = writer_len_open(&w, 2);
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++)
		piece_write(&pieces[i], &w);
	writer_len_close(&w, len, 2);
	if (!v6) {
		writer_u8(&w, 24);
		writer_bytes(&w, addr.octet + 12, 3);
	}
	say_update(s, octets, writer_len(&w));
}

static void scene_open(struct scene *s)
{
	struct bgp_open says = raw_says(1);
	struct bgp_neighbor_config config;

	speakers_open(&s->all);
	s->speaker = speaker_add(&s->all, 0);
	config = neighbor_of(s->speaker, 1);
	config.passive = true;
	config.carriers_send = config.carriers_accept =
		BGP_CARRIER_COMMUNITY | BGP_CARRIER_EDGE_METADATA;
	config.remote_as = says.as = s->from == FROM_EBGP ? AS_OURS + 1 : AS_OURS;
	says.as4 = s->from != FROM_IBGP_2;
	says.edge_metadata = says.families;
	says.edge_metadata_code = OPEN_EDGE_METADATA;
	says.hold_s = config.hold_s = 0;
	neighbor_put(s->speaker, &config);
	raw_open(&s->raw, &s->all, 1, 0);
	raw_establish(&s->raw, &says);
	say_route(s, OTHER, 0);
}

static void scene_close(struct scene *s)
{
	raw_close(&s->raw);
	speakers_close(&s->all);
}

struct look {
	struct addr addr;
	uint8_t origin;
	bool found;
};

static void look_at(void *user, const struct bgp_route *route)
{
	struct look *look = user;

	if (!addr_equal(&route->dst.prefix.addr, &look->addr))
		return;
	look->found = true;
	look->origin = route->path->origin;
}

static struct look look_for(struct scene *s, const char *prefix)
{
	struct look look = { .addr = addr_text(prefix) };

	bgp_routes(s->speaker->bgp, look_at, &look);
	return look;
}

static bool marker_came(struct scene *s)
{
	struct addr marker = addr_text(MARKER);

	return addr_equal(&s->speaker->dst.prefix.addr, &marker) && s->speaker->path.med == s->turn;
}

static void expect_reset(struct scene *s, const struct malformed *m)
{
	struct message message = raw_expect(&s->raw, MESSAGE_NOTIFICATION);
	struct notification n = { 0 };

	notification_decode(&message.body, &n);
	cr_expect(eq(u8, n.code, NOTIFICATION_UPDATE), "%s", m->name);
	LOOP_UNTIL(&s->all, !is_up(s->speaker, 0));
	cr_expect(look_for(s, OTHER).found == false, "%s: a route outlives its session", m->name);
	scene_close(s);
	scene_open(s);
	s->resets++;
}

/* The same prefix was announced well before: what stands there then tells what has become of it. */
static void session_check(void *user, const struct malformed *m)
{
	struct scene *s = user;
	const char *prefix = m->row->code == ATTR_MP_REACH ? MALFORMED_V6 : MALFORMED_V4;
	bool stays = m->cost < FAULT_WITHDRAW || !m->has_prefix, comes;
	struct look look;

	s->count++;
	s->turn++;
	say_route(s, prefix, 0);
	say_update(s, m->body, m->len);
	if (m->cost == FAULT_RESET) {
		expect_reset(s, m);
		return;
	}
	say_route(s, MARKER, s->turn);
	LOOP_UNTIL(&s->all, marker_came(s) || !is_up(s->speaker, 0));
	cr_assert(is_up(s->speaker, 0), "%s: the session ended: %s", m->name,
		  state_of(s->speaker, 0).last_error);
	look = look_for(s, prefix);
	comes = m->cost < FAULT_WITHDRAW && m->has_prefix;
	cr_expect(eq(int, look.found, stays), "%s", m->name);
	cr_expect(look.found == false || (look.origin != 2) == comes || m->row->code == ATTR_ORIGIN,
		  "%s", m->name);
	cr_expect(look_for(s, OTHER).found, "%s: another route went", m->name);
	cr_expect(eq(u64, state_of(s->speaker, 0).established, 1), "%s", m->name);
}

static void run_session(enum malformed_from from)
{
	static struct scene scene;

	scene = (struct scene){ .from = from };
	scene_open(&scene);
	malformed_each(from, session_check, &scene);
	cr_expect(scene.count > 20, "%zu", scene.count);
	cr_expect(eq(int, scene.resets > 0, from == FROM_IBGP)); /* MP attributes, and no others */
	scene_close(&scene);
}

Test(malformed, session_stays_up, .timeout = 120)
{
	run_session(FROM_IBGP);
}

Test(malformed, session_stays_up_with_2_octets, .timeout = 60)
{
	run_session(FROM_IBGP_2);
}

Test(malformed, session_stays_up_from_outside, .timeout = 60)
{
	run_session(FROM_EBGP);
}
