/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames that get far: services, ports and endpoints are the fixture's more often than not, lengths
 * fit more often than not, and identifications are few, so that fragments find their firsts.
 */
#include "model_random.h"

#include "base/util.h"
#include "fixture.h"
#include "hex.h"

#include <netinet/in.h>
#include <stdbool.h>

#define LEN_MIN 14 /* the kernel runs nothing on less than an Ethernet header */
#define LEN_MAX 1536
#define DEPTH   3 /* packets in packets */

struct writer {
	struct random *random;
	uint8_t *at, *end;
	enum mg_scope scope;
	bool vxlan; /* the next UDP is */
};

static uint32_t below(struct writer *w, uint32_t end)
{
	return random_below(w->random, end);
}

static void put(struct writer *w, const void *octets, size_t len)
{
	for (size_t i = 0; i < len && w->at < w->end; i++)
		*w->at++ = ((const uint8_t *)octets)[i];
}

static void put8(struct writer *w, uint32_t value)
{
	uint8_t octet = value;

	put(w, &octet, 1);
}

static void put16(struct writer *w, uint32_t value)
{
	put8(w, value >> 8);
	put8(w, value);
}

static void put32(struct writer *w, uint32_t value)
{
	put16(w, value >> 16);
	put16(w, value);
}

static void put_random(struct writer *w, size_t len)
{
	while (len--)
		put8(w, random_u64(w->random));
}

static void patch16(struct writer *w, uint8_t *at, uint32_t value)
{
	if (at + 2 > w->end)
		return;
	at[0] = value >> 8;
	at[1] = value;
}

/* The right number, or now and then another one. */
static uint32_t nearly(struct writer *w, uint32_t value)
{
	switch (below(w, 24)) {
	case 0:
		return value + 1;
	case 1:
		return value - 1;
	case 2:
		return below(w, 256);
	case 3:
		return random_u64(w->random);
	default:
		return value;
	}
}

static bool is_v4(const uint8_t addr[16])
{
	return !addr[0] && addr[10] == 0xff;
}

static const struct mg_service_key *draw_service(struct writer *w, bool v4)
{
	const struct mg_service_key *key;

	do
		key = &fixture_services[below(w, FIXTURE_SERVICES)].key;
	while (is_v4(key->addr) != v4 || (key->scope != w->scope && below(w, 8)));
	return key;
}

static void put_client(struct writer *w, bool v4)
{
	static const uint8_t odd_v4[][4] = { { 0, 0, 0, 0 },     { 127, 0, 0, 1 },
					     { 224, 0, 0, 5 },   { 255, 255, 255, 255 },
					     { 192, 0, 2, 255 }, { 223, 255, 255, 1 } };
	static const uint8_t client[16] = V6(0, 0x0c, 0, 0, 1);
	uint8_t v6[16];

	if (v4 && !below(w, 10)) {
		put(w, odd_v4[below(w, ARRAY_SIZE(odd_v4))], 4);
	} else if (v4) {
		put32(w, 0xc0000200 + below(w, 4));
	} else {
		memcpy(v6, client, 16);
		v6[15] = below(w, 4);
		if (!below(w, 10))
			memset(v6, 0, 15);
		if (!below(w, 20))
			v6[0] = 0xff;
		put(w, v6, 16);
	}
}

static void put_address(struct writer *w, const uint8_t addr[16], bool v4)
{
	put(w, addr + (v4 ? 12 : 0), v4 ? 4 : 16);
}

static void put_tcp(struct writer *w, const struct mg_service_key *key)
{
	static const uint8_t flags[] = { 0x02, 0x10, 0x12, 0x11, 0x04, 0xc2, 0x18, 0x03 };
	uint32_t words = below(w, 2) ? 0 : below(w, 11);

	put16(w, 1024 + below(w, 4));
	put16(w, nearly(w, key->port));
	put_random(w, 8);
	put8(w, nearly(w, 5 + words) << 4);
	put8(w, flags[below(w, ARRAY_SIZE(flags))]);
	put_random(w, 6);
	for (uint32_t i = 0; i < words; i++) {
		switch (below(w, 5)) {
		case 0:
			put32(w, 0x01010101);
			break;
		case 1:
			put8(w, nearly(w, 1));
			put8(w, nearly(w, 3));
			put16(w, nearly(w, 3));
			break;
		case 2:
			put32(w, nearly(w, 0x0402) << 16 | 0x0101);
			break;
		default: /* at any octet of a word, the neighbours do the rest */
			put32(w, 0x02040000 | random_u64(w->random) % 3000);
			break;
		}
	}
}

static void put_quic(struct writer *w)
{
	static const uint32_t versions[] = { 1, 0x6b3343cf, 0, 0xff00001d };
	const struct fixture_server *server = &fixture_servers[below(w, 8)];
	uint8_t first = below(w, 4) ? 2 << 5 | below(w, 32) : random_u64(w->random);
	uint32_t length = 4 + (below(w, 2) ? 0 : 8) + 1;

	if (below(w, 2)) {
		put8(w, 0x80 | random_u64(w->random));
		put32(w, versions[below(w, ARRAY_SIZE(versions))]);
		put8(w, nearly(w, length));
	} else {
		put8(w, 0x40 | below(w, 64));
	}
	if (server->port == 4435)
		first = 6 << 5;
	else if (server->port == 4436)
		first = 0;
	put8(w, first);
	put(w, server->id, below(w, 8) ? MG_SERVER_ID_MAX : below(w, MG_SERVER_ID_MAX));
}

static void put_udp(struct writer *w, const struct mg_service_key *key)
{
	put16(w, 1024 + below(w, 4));
	put16(w, below(w, 2) ? nearly(w, key->port) : 4433 + below(w, 4));
	put32(w, random_u64(w->random));
	if (below(w, 4))
		put_quic(w);
}

static void put_ip(struct writer *w, bool v4, int depth);

/* Errors and echo; a quote is a packet of this service's, mostly. */
static void put_icmp(struct writer *w, bool v4, int depth)
{
	static const uint8_t types_v4[] = { 3, 11, 12, 8, 5, 0 };
	static const uint8_t types_v6[] = { 1, 2, 3, 4, 128, 137 };

	put8(w, v4 ? types_v4[below(w, 6)] : types_v6[below(w, 6)]);
	put_random(w, 7);
	put_ip(w, below(w, 16) ? v4 : !v4, depth);
}

static void put_gre(struct writer *w, bool v4, int depth)
{
	static const uint16_t flags[] = { 0x2000, 0x1000, 0x3000, 0x8000, 0x4000, 0x0400, 0x0201 };
	uint16_t drawn = below(w, 2) ? 0 : flags[below(w, ARRAY_SIZE(flags))];

	put16(w, drawn);
	put16(w, nearly(w, v4 ? 0x0800 : 0x86dd));
	put_random(w, (drawn & 0x2000 ? 4 : 0) + (drawn & 0x1000 ? 4 : 0));
	put_ip(w, v4, depth);
}

static void put_vxlan(struct writer *w, bool v4, int depth)
{
	w->vxlan = false;
	put16(w, random_u64(w->random));
	put16(w, nearly(w, 4789));
	put32(w, random_u64(w->random));
	put8(w, nearly(w, 8));
	put_random(w, 3);
	put32(w, nearly(w, VNI) << 8 | below(w, 256));
	put8(w, nearly(w, 2));
	put_random(w, 11);
	put16(w, nearly(w, v4 ? 0x0800 : 0x86dd));
	put_ip(w, v4, depth);
}

static void put_payload(struct writer *w, uint8_t proto, const struct mg_service_key *key,
			int depth)
{
	if (proto == IPPROTO_TCP)
		put_tcp(w, key);
	else if (proto == IPPROTO_UDP && w->vxlan)
		put_vxlan(w, below(w, 2), depth - 1);
	else if (proto == IPPROTO_GRE && depth)
		put_gre(w, below(w, 2), depth - 1);
	else if (proto == IPPROTO_UDP)
		put_udp(w, key);
	else if ((proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6) && depth)
		put_icmp(w, proto == IPPROTO_ICMP, depth - 1);
	else if ((proto == IPPROTO_IPIP || proto == IPPROTO_IPV6) && depth)
		put_ip(w, proto == IPPROTO_IPIP, depth - 1);
	if (!below(w, 4))
		put_random(w, below(w, 120));
	if (!below(w, 40))
		put_random(w, below(w, 1500));
}

static uint8_t draw_proto(struct writer *w, const struct mg_service_key *key, bool v4)
{
	static const uint8_t others[] = { 6, 17, 1, 58, 47, 132, 0, 51 };

	if (!below(w, 5))
		return v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	return key->proto && below(w, 12) ? key->proto : others[below(w, ARRAY_SIZE(others))];
}

struct ends {
	const struct mg_service_key *service;
	const uint8_t *dst; /* of a tunnel; else NULL */
	bool quote;         /* from the service, not to it */
};

static void put_ends(struct writer *w, const struct ends *ends, bool v4)
{
	if (ends->quote && below(w, 16)) {
		put_address(w, ends->service->addr, v4);
		put_client(w, v4);
	} else {
		put_client(w, v4);
		put_address(w, ends->dst ? ends->dst : ends->service->addr, v4);
	}
}

static void put_v4(struct writer *w, const struct ends *ends, uint8_t proto, int depth)
{
	static const uint16_t pieces[] = { 0x2000, 0x2003, 0x0005, 0x8000, 0x4000 };
	uint8_t *ip = w->at;
	uint32_t words = below(w, 8) ? 0 : below(w, 11);

	put8(w, nearly(w, 0x45 + words));
	put8(w, random_u64(w->random));
	put16(w, 0);
	put16(w, below(w, 4));
	put16(w, below(w, 3) ? 0 : pieces[below(w, ARRAY_SIZE(pieces))]);
	put8(w, below(w, 16) ? 64 : below(w, 3));
	put8(w, proto);
	put_random(w, 2);
	put_ends(w, ends, true);
	put_random(w, words * 4);
	put_payload(w, proto, ends->service, depth);
	patch16(w, ip + 2, nearly(w, w->at - ip));
}

static void put_extensions(struct writer *w, uint8_t *next, uint8_t proto)
{
	static const uint8_t kinds[] = { 0, 43, 44, 51, 60, 44, 135 };
	uint32_t count = below(w, 3) ? 0 : below(w, 6);

	while (count--) {
		uint8_t kind = kinds[below(w, ARRAY_SIZE(kinds))];
		uint32_t words = below(w, 3);

		if (next < w->end)
			*next = kind;
		next = w->at;
		put8(w, 0);
		if (kind == 44) {
			put8(w, random_u64(w->random));
			put16(w, below(w, 3) ? below(w, 2) : random_u64(w->random));
			put32(w, below(w, 4));
			continue;
		}
		put8(w, kind == 51 ? 2 * words : nearly(w, words));
		put8(w, 0);
		put8(w, below(w, 8) ? 0 : 1); /* segments left */
		put_random(w, 4 + 8 * words);
	}
	if (next < w->end)
		*next = proto;
}

static void put_v6(struct writer *w, const struct ends *ends, uint8_t proto, int depth)
{
	uint8_t *ip = w->at, *rest;

	put32(w, nearly(w, 6) << 28 | (random_u64(w->random) & 0xfffffff));
	put16(w, 0);
	put8(w, proto);
	put8(w, below(w, 16) ? 64 : below(w, 3));
	put_ends(w, ends, false);
	rest = w->at;
	put_extensions(w, ip + 6, proto);
	put_payload(w, proto, ends->service, depth);
	patch16(w, ip + 4, nearly(w, w->at - rest));
}

/* A packet for a service, or within an error one from it. */
static void put_ip(struct writer *w, bool v4, int depth)
{
	struct ends ends = { .service = draw_service(w, v4), .quote = depth < DEPTH - 1 };
	uint8_t proto = draw_proto(w, ends.service, v4);

	if (w->scope == MG_SCOPE_EGRESS)
		ends.quote = depth < DEPTH - 2;
	if (v4)
		put_v4(w, &ends, proto, depth);
	else
		put_v6(w, &ends, proto, depth);
}

/* What an endpoint takes, mostly. */
static uint8_t draw_tunnel(struct writer *w, uint32_t strip)
{
	uint32_t wanted = below(w, 12) ? strip : (uint32_t)below(w, 64);

	w->vxlan = wanted & 1 << MG_ENCAP_VXLAN;
	if (w->vxlan)
		return IPPROTO_UDP;
	if (wanted & 1 << MG_ENCAP_GRE)
		return IPPROTO_GRE;
	return below(w, 2) ? IPPROTO_IPIP : IPPROTO_IPV6;
}

/* To an endpoint of ours, with a packet inside. */
static void put_tunnel(struct writer *w, bool v4)
{
	const struct fixture_endpoint *row;
	struct ends ends = { 0 };
	uint8_t proto;

	do
		row = &fixture_endpoints[below(w, ARRAY_SIZE(fixture_endpoints))];
	while (is_v4(row->key.addr) != v4);
	ends.service = draw_service(w, v4);
	ends.dst = row->key.addr;
	proto = draw_tunnel(w, row->endpoint.strip);
	if (v4)
		put_v4(w, &ends, proto, DEPTH - 1);
	else
		put_v6(w, &ends, proto, DEPTH - 1);
}

void random_packet(struct random *random, struct random_frame *ret)
{
	struct writer w = { .random = random, .at = ret->octets, .end = ret->octets + LEN_MAX };
	bool v4 = random_below(random, 2);

	ret->program = random_below(random, VECTOR_KINDS);
	w.scope = ret->program == VECTOR_EGRESS ? MG_SCOPE_EGRESS : MG_SCOPE_INGRESS;
	if (ret->program == VECTOR_EDGE)
		w.scope = random_below(random, 2);
	put_random(&w, 12);
	ret->octets[0] &= below(&w, 32) ? 0xfe : 0xff;
	for (int tags = 0; tags < 3 && !below(&w, 4); tags++) {
		put16(&w, below(&w, 2) ? 0x8100 : nearly(&w, below(&w, 2) ? 0x88a8 : 0x9100));
		put16(&w, random_u64(random));
	}
	put16(&w, nearly(&w, v4 ? 0x0800 : 0x86dd));
	if (w.scope == MG_SCOPE_EGRESS && below(&w, 16))
		put_tunnel(&w, v4);
	else
		put_ip(&w, v4, DEPTH - 1);
	ret->len = w.at - ret->octets;
	if (!below(&w, 8) && ret->len > LEN_MIN)
		ret->len = LEN_MIN + below(&w, ret->len - LEN_MIN);
}

void random_vector(struct random *random, struct random_frame *ret)
{
	const struct vector *v = &vectors[random_below(random, ARRAY_SIZE(vectors))];
	size_t len, changes = random_below(random, 5);
	_cleanup_(freep) uint8_t *bytes = unhex(v->in, &len);

	memset(ret, 0, sizeof(*ret));
	ret->program = v->program;
	memcpy(ret->octets, bytes, len);
	if (!random_below(random, 4))
		len = random_below(random, LEN_MAX);
	ret->len = len < LEN_MIN ? LEN_MIN : len;
	while (changes--)
		ret->octets[random_below(random, ret->len)] =
			random_below(random, 2) ? random_u64(random) : random_below(random, 8);
}
