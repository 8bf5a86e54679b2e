/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every path attribute that we know, with every fault that RFC 7606 speaks of, and what each of
 * them has to cost: one row an attribute, from which the messages are made. For tests.
 */
#pragma once
#include "bgp/attr.h"
#include "bgp/message.h"
#include "bgp_bytes.h"

#include <criterion/criterion.h>
#include <stdarg.h>

enum malformed_from { FROM_IBGP, FROM_IBGP_2, FROM_EBGP, FROM_COUNT };

struct malformed_row {
	const char *name, *body; /* in hex: a good one */
	uint8_t code, flags;
	enum malformed_from from;
	enum fault good, flag, length, twice, missing; /* what each costs */
	uint64_t good_lengths;                         /* bit n: cut to n octets it is good, too */
};

#define NONE      FAULT_NONE
#define DISCARD   FAULT_DISCARD
#define WITHDRAW  FAULT_WITHDRAW
#define RESET     FAULT_RESET
#define LENGTH(n) (UINT64_C(1) << (n))
#define LONGER    LENGTH(63) /* and so it is with an octet of zero behind */

#define NEXT_HOP_6 "10 20010db8000000000000000000000001 00 "
#define SID_TLV    "05 0019 00 01 0015 00 20010db8000500010000000000000046 00 0014 00 "
#define ENDPOINT   "0007 000c 06 0a 00000000 0001 c0000201"

/* RFC 7606 section 7; of AS4_PATH and AS4_AGGREGATOR RFC 6793 section 6, of attribute 23 RFC 9012
 * section 13, of 40 RFC 9252 section 7, of 42 draft-ietf-idr-5g-edge-service-metadata. Where the
 * prefixes cannot be told the session ends (sections 3 (g), 3 (j), 5.3, 7.11). */
static const struct malformed_row malformed_rows[] = {
	{ "ORIGIN", "00", 1, 0x40, FROM_IBGP, NONE, WITHDRAW, WITHDRAW, DISCARD, WITHDRAW, 0 },
	{ "AS_PATH", "02 01 0000fde9", 2, 0x40, FROM_IBGP, NONE, WITHDRAW, WITHDRAW, DISCARD,
	  WITHDRAW, LENGTH(0) },
	{ "AS_PATH of 2 octets", "02 01 fde9", 2, 0x40, FROM_IBGP_2, NONE, WITHDRAW, WITHDRAW,
	  DISCARD, WITHDRAW, LENGTH(0) },
	{ "NEXT_HOP", "c0000201", 3, 0x40, FROM_IBGP, NONE, WITHDRAW, WITHDRAW, DISCARD, WITHDRAW,
	  0 },
	{ "MED", "00000001", 4, 0x80, FROM_IBGP, NONE, WITHDRAW, WITHDRAW, DISCARD, NONE, 0 },
	{ "LOCAL_PREF", "00000064", 5, 0x40, FROM_IBGP, NONE, WITHDRAW, WITHDRAW, DISCARD, NONE,
	  0 },
	{ "LOCAL_PREF from outside", "00000064", 5, 0x40, FROM_EBGP, DISCARD, DISCARD, DISCARD,
	  DISCARD, NONE, 0 },
	{ "ATOMIC_AGGREGATE", "", 6, 0x40, FROM_IBGP, NONE, WITHDRAW, DISCARD, DISCARD, NONE, 0 },
	{ "AGGREGATOR", "0000fde9 c0000201", 7, 0xc0, FROM_IBGP, NONE, WITHDRAW, DISCARD, DISCARD,
	  NONE, 0 },
	{ "AGGREGATOR of 2 octets", "fde9 c0000201", 7, 0xc0, FROM_IBGP_2, NONE, WITHDRAW, DISCARD,
	  DISCARD, NONE, 0 },
	{ "COMMUNITIES", "ffffff01 fde80064", 8, 0xc0, FROM_IBGP, NONE, WITHDRAW, WITHDRAW, DISCARD,
	  NONE, LENGTH(4) },
	{ "ORIGINATOR_ID", "c0000209", 9, 0x80, FROM_IBGP, NONE, WITHDRAW, WITHDRAW, DISCARD, NONE,
	  0 },
	{ "ORIGINATOR_ID from outside", "c0000209", 9, 0x80, FROM_EBGP, DISCARD, DISCARD, DISCARD,
	  DISCARD, NONE, 0 },
	{ "CLUSTER_LIST", "c0000208 c0000209", 10, 0x80, FROM_IBGP, NONE, WITHDRAW, WITHDRAW,
	  DISCARD, NONE, LENGTH(4) },
	{ "CLUSTER_LIST from outside", "c0000208 c0000209", 10, 0x80, FROM_EBGP, DISCARD, DISCARD,
	  DISCARD, DISCARD, NONE, 0 },
	{ "MP_REACH_NLRI", "0002 01 " NEXT_HOP_6 "30 20010db80009", 14, 0x80, FROM_IBGP, NONE,
	  WITHDRAW, RESET, RESET, NONE, LENGTH(21) | LONGER },
	{ "MP_UNREACH_NLRI", "0002 01 30 20010db80008", 15, 0x80, FROM_IBGP, NONE, WITHDRAW, RESET,
	  RESET, NONE, LENGTH(3) | LONGER },
	{ "EXTENDED_COMMUNITIES", "0002 fde8 00000064 0002 fde8 00000065", 16, 0xc0, FROM_IBGP,
	  NONE, WITHDRAW, WITHDRAW, DISCARD, NONE, LENGTH(8) },
	{ "AS4_PATH", "02 01 00010000", 17, 0xc0, FROM_IBGP_2, NONE, WITHDRAW, DISCARD, DISCARD,
	  NONE, LENGTH(0) },
	{ "AS4_PATH from who has 4 octets", "02 01 00010000", 17, 0xc0, FROM_IBGP, DISCARD,
	  WITHDRAW, DISCARD, DISCARD, NONE, 0 },
	{ "AS4_AGGREGATOR", "00010000 c0000201", 18, 0xc0, FROM_IBGP_2, NONE, WITHDRAW, DISCARD,
	  DISCARD, NONE, 0 },
	{ "AS4_AGGREGATOR from who has 4 octets", "00010000 c0000201", 18, 0xc0, FROM_IBGP, DISCARD,
	  WITHDRAW, DISCARD, DISCARD, NONE, 0 },
	{ "TUNNEL_ENCAPSULATION", ENDPOINT, 23, 0xc0, FROM_IBGP, NONE, WITHDRAW, WITHDRAW, DISCARD,
	  NONE, 0 },
	{ "PREFIX_SID", SID_TLV, 40, 0xc0, FROM_IBGP, NONE, WITHDRAW, WITHDRAW, DISCARD, NONE,
	  LENGTH(0) }, /* an empty one says nothing, and is not passed on */
	{ "METADATA", "0001 05 00 00000064", 42, 0x80, FROM_IBGP, NONE, WITHDRAW, WITHDRAW, DISCARD,
	  NONE, 0 },
};

/* Further bodies of these, right and wrong. */
static const struct {
	uint8_t code;
	enum malformed_from from;
	const char *body;
	enum fault cost;
} malformed_bodies[] = {
	{ 1, FROM_IBGP, "01", NONE },
	{ 1, FROM_IBGP, "02", NONE },
	{ 1, FROM_IBGP, "03", WITHDRAW },
	{ 1, FROM_IBGP, "ff", WITHDRAW },
	{ 2, FROM_IBGP, "01 01 0000fde9", NONE },
	{ 2, FROM_IBGP, "00 01 0000fde9", WITHDRAW },
	{ 2, FROM_IBGP, "03 01 0000fde9", WITHDRAW }, /* RFC 5065 section 5 */
	{ 2, FROM_IBGP, "04 01 0000fde9", WITHDRAW },
	{ 2, FROM_IBGP, "05 01 0000fde9", WITHDRAW },
	{ 2, FROM_IBGP, "02 00", WITHDRAW },
	{ 2, FROM_IBGP, "02 02 0000fde9", WITHDRAW },
	{ 2, FROM_IBGP, "02 ff 0000fde9", WITHDRAW },
	{ 2, FROM_IBGP, "02 01 0000fde9 02", WITHDRAW },
	{ 2, FROM_IBGP, "02 01 00000000", WITHDRAW }, /* RFC 7607 section 2 */
	{ 2, FROM_IBGP_2, "02 01 0000", WITHDRAW },
	{ 2, FROM_IBGP_2, "02 02 fde9", WITHDRAW },
	{ 2, FROM_IBGP_2, "02 01 0000fde9", WITHDRAW },
	{ 3, FROM_IBGP, "00000000", WITHDRAW }, /* RFC 4271 section 6.3 */
	{ 3, FROM_IBGP, "e0000001", WITHDRAW },
	{ 3, FROM_IBGP, "ffffffff", WITHDRAW },
	{ 3, FROM_IBGP, "dfffffff", NONE },
	{ 4, FROM_IBGP, "ffffffff", NONE },
	{ 5, FROM_IBGP, "ffffffff", NONE },
	{ 6, FROM_IBGP, "00000000", DISCARD },
	{ 7, FROM_IBGP, "00000000 c0000201", DISCARD }, /* RFC 7607 section 2 */
	{ 7, FROM_IBGP, "fde9 c0000201", DISCARD },
	{ 7, FROM_IBGP_2, "0000 c0000201", DISCARD },
	{ 7, FROM_IBGP_2, "0000fde9 c0000201", DISCARD },
	{ 8, FROM_IBGP, "00000000", NONE },
	{ 8, FROM_IBGP, "ffffffff", NONE },
	{ 9, FROM_IBGP, "00000000", NONE },
	{ 10, FROM_IBGP, "00000000", NONE },
	{ 14, FROM_IBGP, "0002 01 0f 20010db80000000000000000000000 00 30 20010db80009", RESET },
	{ 14, FROM_IBGP, "0002 01 00 00 30 20010db80009", RESET },
	{ 14, FROM_IBGP, "0002 01 ff 20010db8", RESET },
	{ 14, FROM_IBGP, "0002 01 " NEXT_HOP_6 "81 20010db80009", RESET },
	{ 14, FROM_IBGP, "0002 01 " NEXT_HOP_6 "ff", RESET },
	{ 14, FROM_IBGP, "0002 01 10 00000000000000000000000000000000 00 30 20010db80009",
	  WITHDRAW },
	{ 14, FROM_IBGP, "0002 01 10 ff020000000000000000000000000001 00 30 20010db80009",
	  WITHDRAW },
	{ 14, FROM_IBGP,
	  "0002 01 " NEXT_HOP_6 "30 20010db80009 80 00000000000000000000ffffc6336450", DISCARD },
	{ 15, FROM_IBGP, "0002 01 81 20010db80009", RESET },
	{ 15, FROM_IBGP, "0002 01 ff", RESET },
	{ 15, FROM_IBGP, "4004 47 ff", DISCARD }, /* RFC 4760 section 7: not agreed on */
	{ 16, FROM_IBGP, "8301 41000000 00ff", NONE },
	{ 16, FROM_IBGP, "8301 7fc00000 00ff", DISCARD }, /* ours: a report that cannot be */
	{ 16, FROM_IBGP, "ffff ffffffffffff", NONE },
	{ 17, FROM_IBGP_2, "02 00", DISCARD },
	{ 17, FROM_IBGP_2, "05 01 00010000", DISCARD },
	{ 17, FROM_IBGP_2, "02 01 00000000", DISCARD },
	{ 17, FROM_IBGP_2, "03 01 00000001 02 01 00010000", NONE },
	{ 18, FROM_IBGP_2, "00000000 c0000201", DISCARD },
	{ 23, FROM_IBGP, "0007 ffff", WITHDRAW },
	{ 23, FROM_IBGP, "0007 0001 06", NONE }, /* a bad sub-TLV costs its tunnel, no route */
	{ 23, FROM_IBGP, "0007 0008 06 ff 00000000 0000", NONE },
	{ 23, FROM_IBGP, "ffff 0000", NONE },
	{ 40, FROM_IBGP, SID_TLV SID_TLV, NONE },
	{ 40, FROM_IBGP, "05 0000", WITHDRAW },
	{ 40, FROM_IBGP, "05 ffff 00", WITHDRAW },
	{ 40, FROM_IBGP, "05 0019 00 01 0015 00 20010db8", WITHDRAW },
	{ 40, FROM_IBGP, "05 0014 00 01 0010 00 20010db8000500010000000000", WITHDRAW },
	{ 40, FROM_IBGP, "ff 0001 00", NONE },
	{ 42, FROM_IBGP, "0001 04 00 000064", WITHDRAW },
	{ 42, FROM_IBGP, "0001 ff 00 00000064", WITHDRAW },
	{ 42, FROM_IBGP, "0001 05 00 00000000", DISCARD },
	{ 42, FROM_IBGP, "0007 05 00 00000064", WITHDRAW }, /* the scope of another AS */
	{ 42, FROM_IBGP, "ffff 01 00", NONE },
};

struct malformed {
	const struct malformed_row *row;
	char name[128];
	enum fault cost;
	bool has_prefix; /* its prefix is announced, if the cost allows it */
	uint8_t body[512];
	size_t len;
};

typedef void (*malformed_fn)(void *user, const struct malformed *m);

/* What messages of these rows announce; further routes are the test's. */
#define MALFORMED_V4 "10.9.0.0"
#define MALFORMED_V6 "2001:db8:9::"

struct piece {
	uint8_t flags, code, octets[128];
	size_t len, told; /* told: the length that its header has */
};

static inline struct piece piece_of(uint8_t flags, uint8_t code, const char *hex)
{
	size_t len;
	_cleanup_(freep) uint8_t *octets = unhex(hex, &len);
	struct piece piece = { .flags = flags, .code = code, .len = len, .told = len };

	cr_assert(len <= sizeof(piece.octets));
	memcpy(piece.octets, octets, len);
	return piece;
}

static inline void piece_write(const struct piece *piece, struct writer *w)
{
	writer_u8(w, piece->flags);
	writer_u8(w, piece->code);
	if (piece->flags & ATTR_EXT_LEN)
		writer_u16(w, (uint16_t)piece->told);
	else
		writer_u8(w, (uint8_t)piece->told);
	writer_bytes(w, piece->octets, piece->len);
}

#define PIECES_MAX 8

struct malformed_maker {
	const struct malformed_row *row;
	malformed_fn visit;
	void *user;
};

/* A message of these attributes; the prefix stands in the classic field unless one of them has it.
 */
static inline void malformed_emit(const struct malformed_maker *m, const struct piece *pieces,
				  size_t count, enum fault cost, const char *format, ...)
{
	bool mp = m->row->code == ATTR_MP_REACH;
	struct malformed made = { .row = m->row, .cost = cost, .has_prefix = true };
	struct writer w = writer_of(made.body, sizeof(made.body));
	uint8_t *len;
	va_list args;
	int used = snprintf(made.name, sizeof(made.name), "%s: ", m->row->name);

	va_start(args, format);
	vsnprintf(made.name + used, sizeof(made.name) - (size_t)used, format, args);
	va_end(args);
	writer_u16(&w, 0);
	len = writer_len_open(&w, 2);
	for (size_t i = 0; i < count; i++)
		piece_write(&pieces[i], &w);
	writer_len_close(&w, len, 2);
	if (!mp)
		writer_bytes(&w, (uint8_t[]){ 24, 10, 9, 0 }, 4);
	cr_assert(!w.bad);
	made.len = writer_len(&w);
	/* Cut to where the prefix begins, or not there at all. */
	for (size_t i = 0; mp && i < count; i++)
		if (pieces[i].code == ATTR_MP_REACH)
			made.has_prefix = pieces[i].len > 21;
	m->visit(m->user, &made);
}

/* What every message needs, ascending, with the attribute that it is about in its place. */
static inline size_t malformed_base(const struct malformed_row *row,
				    struct piece pieces[PIECES_MAX], size_t *ret_at)
{
	const char *as_path = row->from == FROM_IBGP_2 ? "02 01 fde9" : "02 01 0000fde9";
	struct piece all[] = { piece_of(0x40, ATTR_ORIGIN, "00"),
			       piece_of(0x40, ATTR_AS_PATH, as_path),
			       piece_of(0x40, ATTR_NEXT_HOP, "c0000201") };
	size_t n = 0, base = row->code == ATTR_MP_REACH ? 2 : 3;

	*ret_at = PIECES_MAX;
	for (size_t i = 0; i < base; i++) {
		if (all[i].code == row->code) {
			*ret_at = n;
			all[i] = piece_of(row->flags, row->code, row->body);
		}
		pieces[n++] = all[i];
	}
	if (*ret_at == PIECES_MAX) {
		*ret_at = n;
		pieces[n++] = piece_of(row->flags, row->code, row->body);
	}
	return n;
}

static inline void malformed_flags(const struct malformed_maker *m)
{
	static const uint8_t wrong[] = { ATTR_OPTIONAL, ATTR_TRANSITIVE,
					 ATTR_OPTIONAL | ATTR_TRANSITIVE };
	static const uint8_t unused[] = { ATTR_PARTIAL, 0x0f, ATTR_EXT_LEN };
	struct piece pieces[PIECES_MAX];
	size_t at, count = malformed_base(m->row, pieces, &at);
	enum fault good = m->row->good;

	malformed_emit(m, pieces, count, good, "as it should be");
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		pieces[at].flags = m->row->flags ^ wrong[i];
		malformed_emit(m, pieces, count, m->row->flag, "flags %02x", pieces[at].flags);
	}
	for (size_t i = 0; i < ARRAY_SIZE(unused); i++) {
		pieces[at].flags = m->row->flags | unused[i];
		malformed_emit(m, pieces, count, good, "flags %02x", pieces[at].flags);
	}
	pieces[at].flags = m->row->flags;
	for (size_t i = 0; i < count / 2; i++) {
		struct piece swapped = pieces[i];

		pieces[i] = pieces[count - 1 - i];
		pieces[count - 1 - i] = swapped;
	}
	malformed_emit(m, pieces, count, good, "descending");
}

static inline void malformed_lengths(const struct malformed_maker *m)
{
	const struct malformed_row *row = m->row;
	struct piece pieces[PIECES_MAX];
	size_t at, count = malformed_base(row, pieces, &at), whole = pieces[at].len;

	for (size_t len = 0; len <= whole + 1; len++) {
		uint64_t bit = len > whole ? LONGER : LENGTH(len);

		if (len == whole)
			continue;
		pieces[at].len = pieces[at].told = len;
		malformed_emit(m, pieces, count, row->good_lengths & bit ? row->good : row->length,
			       "%zu octets", len);
	}
}

/* RFC 7606 section 4. Where it is an MP attribute whose end is missing, its prefixes are, too. */
static inline void malformed_ends(const struct malformed_maker *m)
{
	bool mp = m->row->code == ATTR_MP_REACH || m->row->code == ATTR_MP_UNREACH;
	struct piece pieces[PIECES_MAX], last;
	size_t at, count = malformed_base(m->row, pieces, &at);

	last = pieces[at];
	memmove(&pieces[at], &pieces[at + 1], (count - at - 1) * sizeof(*pieces));
	pieces[count - 1] = last;
	for (size_t more = 1; more < 256 - last.len; more += 100) {
		pieces[count - 1].told = last.len + more;
		malformed_emit(m, pieces, count, mp ? RESET : WITHDRAW, "%zu octets past the end",
			       more);
	}
}

static inline void malformed_counts(const struct malformed_maker *m)
{
	struct piece pieces[PIECES_MAX];
	size_t at, count = malformed_base(m->row, pieces, &at);
	enum fault twice = m->row->twice;

	pieces[count] = pieces[at];
	malformed_emit(m, pieces, count + 1, twice, "twice");
	if (twice == DISCARD) {
		pieces[count].len = pieces[count].told = 0;
		malformed_emit(m, pieces, count + 1, twice, "twice, the second one empty");
	}
	if (m->row->code == ATTR_MP_REACH)
		return; /* then there is no prefix */
	memmove(&pieces[at], &pieces[at + 1], (count - at - 1) * sizeof(*pieces));
	malformed_emit(m, pieces, count - 1, m->row->missing, "missing");
}

static inline void malformed_values(const struct malformed_maker *m)
{
	struct piece pieces[PIECES_MAX];
	size_t at, count = malformed_base(m->row, pieces, &at);

	for (size_t i = 0; i < ARRAY_SIZE(malformed_bodies); i++) {
		const char *body = malformed_bodies[i].body;

		if (malformed_bodies[i].code != m->row->code ||
		    malformed_bodies[i].from != m->row->from)
			continue;
		pieces[at] = piece_of(m->row->flags, m->row->code, body);
		malformed_emit(m, pieces, count, malformed_bodies[i].cost, "body %s", body);
	}
}

static inline void malformed_each(enum malformed_from from, malformed_fn visit, void *user)
{
	for (size_t i = 0; i < ARRAY_SIZE(malformed_rows); i++) {
		struct malformed_maker m = { &malformed_rows[i], visit, user };

		if (m.row->from != from)
			continue;
		malformed_flags(&m);
		malformed_lengths(&m);
		malformed_ends(&m);
		malformed_counts(&m);
		malformed_values(&m);
	}
}
