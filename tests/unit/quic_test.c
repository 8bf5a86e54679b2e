/* SPDX-License-Identifier: BSD-2-Clause */
/* Connection IDs, octet by octet, in datagrams of exact size. What follows from them is in
 * tests/packet/vectors.h. */
#include "base/util.h"
#include "hex.h"
#include "random.h"
#include "target.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define AHEAD (14 + 20) /* octets in front of the UDP header */

/* Configuration 5, three octets of server ID: a connection ID of ours starts with a0 to bf. */
static const struct {
	const char *name, *quic;
	const char *id; /* NULL: none */
} rows[] = {
	{ "short", "40 a1 010203 99", "010203" },
	{ "short, random bits all set", "7f bf 010203", "010203" },
	{ "short, first octet all zero", "00 a0 010203", "010203" },
	{ "short, an octet short", "40 a1 0102", NULL },
	{ "short, nothing behind", "40", NULL },
	{ "short, the configuration below", "40 9f 010203", NULL },
	{ "short, the configuration above", "40 c0 010203", NULL },
	{ "nothing at all", "", NULL },
	{ "long", "c0 00000001 08 a7 010203 99999999 00", "010203" },
	{ "long, the ID and no nonce", "c0 00000001 04 a7 010203", "010203" },
	{ "long, an octet short of the ID", "c0 00000001 03 a7 0102 03", NULL },
	{ "long, first bit only, no version known", "80 12345678 04 a7 010203", "010203" },
	{ "long, version negotiation", "ff 00000000 04 a7 010203", "010203" },
	{ "long, as long as can be said", "c0 00000001 ff a7 010203", NULL },
	{ "long, an octet longer than the datagram", "c0 00000001 05 a7 010203", NULL },
	{ "long, of no length", "c0 00000001 00 a7 010203", NULL },
	{ "long, length missing", "c0 00000001", NULL },
	{ "long, version cut", "c0 0000", NULL },
	{ "long, another configuration", "c0 00000001 04 47 010203", NULL },
};

static const struct mg_service service = { .quic_config = 5, .quic_id_len = 3 };

static bool read_id(const uint8_t *quic, size_t len, const struct mg_service *of,
		    struct mg_server_key *ret)
{
	_cleanup_(freep) uint8_t *bytes = calloc(1, AHEAD + 8 + len);
	_cleanup_(frame_clear) struct frame frame = { 0 };
	struct flow flow = { .offset = 14, .payload = AHEAD, .len = 20 + 8 + len };
	struct packet pkt;

	memcpy(bytes + AHEAD + 8, quic, len);
	frame = frame_of(bytes, AHEAD + 8 + len);
	pkt = frame_packet(&frame);
	*ret = (struct mg_server_key){ 0 };
	return quic_server_id(&pkt, &flow, of, ret);
}

Test(quic, server_ids)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t len, want_len;
		_cleanup_(freep) uint8_t *quic = unhex(rows[i].quic, &len);
		_cleanup_(freep) uint8_t *want = unhex(rows[i].id ? rows[i].id : "", &want_len);
		struct mg_server_key key;
		bool found = read_id(quic, len, &service, &key);

		cr_expect(eq(int, found, rows[i].id != NULL), "%s", rows[i].name);
		cr_expect(zero(int, found ? memcmp(key.id, want, want_len) : 0), "%s",
			  rows[i].name);
		cr_expect(eq(int, key.id[3], 0), "%s: behind its length zeros", rows[i].name);
	}
}

/* Padding of the frame is not the datagram's. */
Test(quic, does_not_read_padding)
{
	_cleanup_(frame_clear) struct frame frame = { 0 };
	struct flow flow = { .offset = 14, .payload = AHEAD };
	uint8_t bytes[AHEAD + 8 + 5] = { [AHEAD + 8] = 0x40, 0xa1, 1, 2, 3 };

	frame = frame_of(bytes, sizeof(bytes));
	for (uint32_t len = 28; len <= 33; len++) {
		struct packet pkt = frame_packet(&frame);
		struct mg_server_key key = { 0 };

		flow.len = len;
		cr_expect(eq(int, quic_server_id(&pkt, &flow, &service, &key), len == 33), "%u",
			  len);
	}
}

/* Whatever is sent: no octet too far (the sanitizers look on), and what is found is what a plain
 * reader finds. */
Test(quic, random_datagrams)
{
	struct random random = random_seeded("quic");
	unsigned int ours = 0;

	for (int i = 0; i < 200000; i++) {
		uint8_t quic[40];
		size_t len = random_below(&random, sizeof(quic)), at = 1, id_len;
		struct mg_service of = { .quic_config = random_below(&random, 7),
					 .quic_id_len = 1 + random_below(&random, 12) };
		struct mg_server_key key;
		bool found, want = len > 0;

		for (size_t o = 0; o < len; o++)
			quic[o] = random_u64(&random);
		if (len > 5 && random_below(&random, 2))
			quic[5] = random_below(&random, 24);
		if (want && quic[0] & 0x80) {
			at = 6;
			id_len = len > 5 ? quic[5] : 0;
			want = id_len > of.quic_id_len && at + id_len <= len;
		} else {
			want = want && at + 1 + of.quic_id_len <= len;
		}
		want = want && quic[at] / 32 == of.quic_config;
		found = read_id(quic, len, &of, &key);
		cr_assert(eq(int, found, want), "datagram %d", i);
		cr_assert(zero(int, found ? memcmp(key.id, quic + at + 1, of.quic_id_len) : 0));
		ours += found;
	}
	cr_expect(ours > 5000, "too few to say anything");
}
