/* SPDX-License-Identifier: BSD-2-Clause */
#include "bgp/attr.h"
#include "bgp_bytes.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

/* Who sends: what a row needs of the codec. */
enum sender { IBGP, EBGP, IBGP_2, EBGP_2, PLAIN };

static struct bgp_codec codec_of(enum sender sender)
{
	struct bgp_codec codec = codec_ibgp();

	codec.ibgp = sender == IBGP || sender == IBGP_2 || sender == PLAIN;
	codec.as4 = sender != IBGP_2 && sender != EBGP_2;
	if (sender == PLAIN) {
		codec.extended_next_hop = false;
		codec.edge_metadata = 0;
		codec.families = BIT(BGP_IPV4_UNICAST);
	}
	return codec;
}

#define NH6 "10 20010db8000000000000000000000001 00 "

/* RFC 7606 section 7, attribute by attribute. */
static const struct {
	const char *name, *hex;
	enum sender sender;
	enum fault want;
	uint8_t subcode; /* with FAULT_RESET */
} rows[] = {
	{ "nothing", "", IBGP, FAULT_NONE, 0 },

	{ "ORIGIN", "40 01 01 02", IBGP, FAULT_NONE, 0 },
	{ "ORIGIN 3", "40 01 01 03", IBGP, FAULT_WITHDRAW, 0 },
	{ "ORIGIN of 0", "40 01 00", IBGP, FAULT_WITHDRAW, 0 },
	{ "ORIGIN of 2", "40 01 02 0000", IBGP, FAULT_WITHDRAW, 0 },
	{ "ORIGIN optional", "c0 01 01 00", IBGP, FAULT_WITHDRAW, 0 },
	{ "ORIGIN, extended length", "50 01 0001 00", IBGP, FAULT_NONE, 0 },
	{ "ORIGIN, unused flags are ignored", "4f 01 01 00", IBGP, FAULT_NONE, 0 },

	{ "AS_PATH empty", "40 02 00", IBGP, FAULT_NONE, 0 },
	{ "AS_PATH", "40 02 0a 02 02 0000fde8 0000fde9", IBGP, FAULT_NONE, 0 },
	{ "AS_PATH set", "40 02 06 01 01 0000fde8", IBGP, FAULT_NONE, 0 },
	{ "AS_PATH 2 octets", "40 02 06 02 02 fde8 fde9", IBGP_2, FAULT_NONE, 0 },
	{ "AS_PATH 2 octets from one that has 4", "40 02 06 02 02 fde8 fde9", IBGP, FAULT_WITHDRAW,
	  0 },
	{ "AS_PATH segment type 0", "40 02 06 00 01 0000fde8", IBGP, FAULT_WITHDRAW, 0 },
	{ "AS_PATH segment type 5", "40 02 06 05 01 0000fde8", IBGP, FAULT_WITHDRAW, 0 },
	{ "AS_PATH confederation", "40 02 06 03 01 0000fde8", IBGP, FAULT_WITHDRAW, 0 },
	{ "AS_PATH segment empty", "40 02 02 02 00", IBGP, FAULT_WITHDRAW, 0 },
	{ "AS_PATH segment cut", "40 02 06 02 02 0000fde8", IBGP, FAULT_WITHDRAW, 0 },
	{ "AS_PATH segment header cut", "40 02 07 02 01 0000fde8 02", IBGP, FAULT_WITHDRAW, 0 },
	{ "AS_PATH with AS 0", "40 02 06 02 01 00000000", IBGP, FAULT_WITHDRAW, 0 },
	{ "AS_PATH optional", "c0 02 00", IBGP, FAULT_WITHDRAW, 0 },

	{ "NEXT_HOP", "40 03 04 c0000201", IBGP, FAULT_NONE, 0 },
	{ "NEXT_HOP of 3", "40 03 03 c00002", IBGP, FAULT_WITHDRAW, 0 },
	{ "NEXT_HOP of 5", "40 03 05 c000020100", IBGP, FAULT_WITHDRAW, 0 },
	{ "NEXT_HOP not transitive", "00 03 04 c0000201", IBGP, FAULT_WITHDRAW, 0 },

	{ "MED", "80 04 04 00000001", IBGP, FAULT_NONE, 0 },
	{ "MED of 3", "80 04 03 000001", IBGP, FAULT_WITHDRAW, 0 },
	{ "MED of 5", "80 04 05 0000000100", IBGP, FAULT_WITHDRAW, 0 },
	{ "MED transitive", "c0 04 04 00000001", IBGP, FAULT_WITHDRAW, 0 },

	{ "LOCAL_PREF", "40 05 04 00000001", IBGP, FAULT_NONE, 0 },
	{ "LOCAL_PREF of 3", "40 05 03 000001", IBGP, FAULT_WITHDRAW, 0 },
	{ "LOCAL_PREF of 5", "40 05 05 0000000100", IBGP, FAULT_WITHDRAW, 0 },
	{ "LOCAL_PREF from another AS", "40 05 04 00000001", EBGP, FAULT_DISCARD, 0 },
	{ "LOCAL_PREF of 3 from another AS", "40 05 03 000001", EBGP, FAULT_DISCARD, 0 },

	{ "ATOMIC_AGGREGATE", "40 06 00", IBGP, FAULT_NONE, 0 },
	{ "ATOMIC_AGGREGATE of 1", "40 06 01 00", IBGP, FAULT_DISCARD, 0 },
	{ "ATOMIC_AGGREGATE optional", "c0 06 00", IBGP, FAULT_WITHDRAW, 0 },

	{ "AGGREGATOR", "c0 07 08 0000fde8 c0000201", IBGP, FAULT_NONE, 0 },
	{ "AGGREGATOR 2 octets", "c0 07 06 fde8 c0000201", IBGP_2, FAULT_NONE, 0 },
	{ "AGGREGATOR of 6", "c0 07 06 fde8 c0000201", IBGP, FAULT_DISCARD, 0 },
	{ "AGGREGATOR of 8, 2 octets", "c0 07 08 0000fde8 c0000201", IBGP_2, FAULT_DISCARD, 0 },
	{ "AGGREGATOR of AS 0", "c0 07 08 00000000 c0000201", IBGP, FAULT_DISCARD, 0 },
	{ "AGGREGATOR well-known", "40 07 08 0000fde8 c0000201", IBGP, FAULT_WITHDRAW, 0 },

	{ "COMMUNITIES", "c0 08 08 ffffff01 fde80064", IBGP, FAULT_NONE, 0 },
	{ "COMMUNITIES of 0", "c0 08 00", IBGP, FAULT_WITHDRAW, 0 },
	{ "COMMUNITIES of 5", "c0 08 05 ffffff01 00", IBGP, FAULT_WITHDRAW, 0 },
	{ "COMMUNITIES not transitive", "80 08 04 ffffff01", IBGP, FAULT_WITHDRAW, 0 },

	{ "ORIGINATOR_ID", "80 09 04 c0000201", IBGP, FAULT_NONE, 0 },
	{ "ORIGINATOR_ID of 3", "80 09 03 c00002", IBGP, FAULT_WITHDRAW, 0 },
	{ "ORIGINATOR_ID of 5", "80 09 05 c000020100", IBGP, FAULT_WITHDRAW, 0 },
	{ "ORIGINATOR_ID from another AS", "80 09 03 c00002", EBGP, FAULT_DISCARD, 0 },

	{ "CLUSTER_LIST", "80 0a 08 c0000201 c0000202", IBGP, FAULT_NONE, 0 },
	{ "CLUSTER_LIST of 0", "80 0a 00", IBGP, FAULT_WITHDRAW, 0 },
	{ "CLUSTER_LIST of 6", "80 0a 06 c0000201 c000", IBGP, FAULT_WITHDRAW, 0 },
	{ "CLUSTER_LIST from another AS", "80 0a 06 c0000201 c000", EBGP, FAULT_DISCARD, 0 },

	{ "MP_REACH", "80 0e 16 0002 01" NH6 "00", IBGP, FAULT_NONE, 0 },
	{ "MP_REACH with a link-local address too",
	  "80 0e 26 0002 01 20 20010db8000000000000000000000001 "
	  "fe800000000000000000000000000001 00 00",
	  IBGP, FAULT_NONE, 0 },
	{ "MP_REACH IPv4", "80 0e 0a 0001 01 04 c0000201 00 00", IBGP, FAULT_NONE, 0 },
	{ "MP_REACH IPv4 over IPv6", "80 0e 16 0001 01" NH6 "00", IBGP, FAULT_NONE, 0 },
	{ "MP_REACH IPv4 over IPv6, not agreed", "80 0e 16 0001 01" NH6 "00", PLAIN, FAULT_RESET,
	  9 },
	{ "MP_REACH next hop of 15", "80 0e 15 0002 01 0f 20010db80000000000000000000000 00 00",
	  IBGP, FAULT_RESET, 9 },
	{ "MP_REACH next hop of 0", "80 0e 06 0002 01 00 00 00", IBGP, FAULT_RESET, 9 },
	{ "MP_REACH next hop past the end", "80 0e 05 0002 01 10 00", IBGP, FAULT_RESET, 9 },
	{ "MP_REACH prefix of 129", "80 0e 16 0002 01" NH6 "81", IBGP, FAULT_RESET, 9 },
	{ "MP_REACH prefix cut", "80 0e 17 0002 01" NH6 "20 20", IBGP, FAULT_RESET, 9 },
	{ "MP_REACH of IPv4 within IPv6",
	  "80 0e 26 0002 01" NH6 "80 00000000000000000000ffffc6336450", IBGP, FAULT_DISCARD, 0 },
	{ "MP_REACH of a family not agreed", "80 0e 16 0002 01" NH6 "00", PLAIN, FAULT_DISCARD, 0 },
	{ "MP_REACH of a strange family", "80 0e 16 4004 47" NH6 "ff", IBGP, FAULT_DISCARD, 0 },
	{ "MP_REACH transitive", "c0 0e 16 0002 01" NH6 "00", IBGP, FAULT_WITHDRAW, 0 },
	{ "MP_REACH transitive and unreadable", "c0 0e 16 0002 01" NH6 "81", IBGP, FAULT_RESET, 9 },
	{ "MP_REACH twice", "80 0e 16 0002 01" NH6 "00 80 0e 16 0002 01" NH6 "00", IBGP,
	  FAULT_RESET, 1 },
	{ "MP_UNREACH", "80 0f 04 0002 01 00", IBGP, FAULT_NONE, 0 },
	{ "MP_UNREACH of 2", "80 0f 02 0002", IBGP, FAULT_RESET, 9 },
	{ "MP_UNREACH prefix cut", "80 0f 05 0002 01 20 20", IBGP, FAULT_RESET, 9 },
	{ "MP_UNREACH of a strange family", "80 0f 04 4004 47 ff", IBGP, FAULT_DISCARD, 0 },
	{ "MP_UNREACH twice", "80 0f 03 0002 01 80 0f 03 0001 01", IBGP, FAULT_RESET, 1 },

	{ "EXT_COMMUNITIES", "c0 10 08 0002 fde8 00000064", IBGP, FAULT_NONE, 0 },
	{ "EXT_COMMUNITIES of 0", "c0 10 00", IBGP, FAULT_WITHDRAW, 0 },
	{ "EXT_COMMUNITIES of 7", "c0 10 07 0002 fde8 000000", IBGP, FAULT_WITHDRAW, 0 },
	{ "EXT_COMMUNITIES, a report that cannot be", "c0 10 08 8301 7f800000 00ff", IBGP,
	  FAULT_DISCARD, 0 },

	{ "AS4_PATH", "c0 11 06 02 01 00010000", IBGP_2, FAULT_NONE, 0 },
	{ "AS4_PATH with confederation", "c0 11 0c 03 01 00000001 02 01 00010000", IBGP_2,
	  FAULT_NONE, 0 },
	{ "AS4_PATH malformed", "c0 11 06 02 02 00010000", IBGP_2, FAULT_DISCARD, 0 },
	{ "AS4_PATH from one that has 4 octets", "c0 11 06 02 01 00010000", IBGP, FAULT_DISCARD,
	  0 },
	{ "AS4_AGGREGATOR", "c0 12 08 00010000 c0000201", IBGP_2, FAULT_NONE, 0 },
	{ "AS4_AGGREGATOR of 7", "c0 12 07 00010000 c00002", IBGP_2, FAULT_DISCARD, 0 },

	{ "TUNNEL_ENCAP", "c0 17 0c 0007 0008 06 06 00000000 0000", IBGP, FAULT_NONE, 0 },
	{ "TUNNEL_ENCAP cut", "c0 17 0b 0007 0008 06 06 00000000 00", IBGP, FAULT_WITHDRAW, 0 },
	{ "PREFIX_SID, a label index", "c0 28 0a 01 0007 00 0000 00000064", IBGP, FAULT_NONE, 0 },
	{ "PREFIX_SID cut", "c0 28 09 01 0007 00 0000 000000", IBGP, FAULT_WITHDRAW, 0 },
	{ "PREFIX_SID not transitive", "80 28 0a 01 0007 00 0000 00000064", IBGP, FAULT_WITHDRAW,
	  0 },

	{ "METADATA", "80 2a 08 0001 05 00 00000064", IBGP, FAULT_NONE, 0 },
	{ "METADATA empty", "80 2a 00", IBGP, FAULT_WITHDRAW, 0 },
	{ "METADATA sub-TLV cut", "80 2a 07 0001 05 00 000000", IBGP, FAULT_WITHDRAW, 0 },
	{ "METADATA for another AS", "80 2a 08 0007 05 00 00000064", IBGP, FAULT_WITHDRAW, 0 },
	{ "METADATA transitive", "c0 2a 08 0001 05 00 00000064", IBGP, FAULT_WITHDRAW, 0 },
	{ "METADATA, value out of range", "80 2a 08 0001 05 00 00000000", IBGP, FAULT_DISCARD, 0 },
	{ "METADATA, not agreed", "80 2a 00", PLAIN, FAULT_DISCARD, 0 },

	{ "unknown, optional transitive", "c0 63 02 abcd", IBGP, FAULT_NONE, 0 },
	{ "unknown, optional", "80 63 02 abcd", IBGP, FAULT_NONE, 0 },
	{ "unknown, well-known", "40 63 02 abcd", IBGP, FAULT_RESET, 2 },

	{ "MED twice", "80 04 04 00000001 80 04 04 00000002", IBGP, FAULT_DISCARD, 0 },
	{ "the second one is not even read", "80 04 04 00000001 80 04 03 000002", IBGP,
	  FAULT_DISCARD, 0 },
	{ "body past the end", "80 04 05 00000001", IBGP, FAULT_WITHDRAW, 0 },
	{ "header cut: flags only", "80", IBGP, FAULT_WITHDRAW, 0 },
	{ "header cut: no length", "80 04", IBGP, FAULT_WITHDRAW, 0 },
	{ "header cut: half an extended length", "90 04 00", IBGP, FAULT_WITHDRAW, 0 },
	{ "the worst one counts", "40 06 01 00 80 04 03 000002 40 01 01 00", IBGP, FAULT_WITHDRAW,
	  0 },
};

static enum fault decode(const uint8_t *bytes, size_t len, enum sender sender, struct arena *arena,
			 struct bgp_path *path, struct attr_set *set)
{
	static struct bgp_codec codec;
	struct cursor c = cursor_of(bytes, len);

	codec = codec_of(sender);
	arena->used = 0;
	*path = (struct bgp_path){ 0 };
	*set = (struct attr_set){ .codec = &codec, .arena = arena, .path = path };
	return attr_decode(&c, set);
}

Test(attr, costs_what_rfc_7606_says)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t len;
		_cleanup_(freep) uint8_t *bytes = unhex(rows[i].hex, &len);
		_cleanup_(freep) struct arena *arena = malloc(sizeof(*arena));
		struct bgp_path path;
		struct attr_set set;

		cr_expect(eq(int, decode(bytes, len, rows[i].sender, arena, &path, &set),
			     rows[i].want),
			  "%s", rows[i].name);
		cr_expect(eq(u8, set.notification.subcode, rows[i].subcode), "%s", rows[i].name);
	}
}

/* A single attribute that is cut anywhere never passes. */
Test(attr, no_truncation_passes)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t whole;
		_cleanup_(freep) uint8_t *bytes = unhex(rows[i].hex, &whole);
		_cleanup_(freep) struct arena *arena = malloc(sizeof(*arena));

		for (size_t len = 1; len < whole && rows[i].want == FAULT_NONE; len++) {
			_cleanup_(freep) uint8_t *cut = malloc(len);
			/* What it names is not known then: RFC 7606 section 3 (j). */
			bool mp = len > 1 &&
				  (bytes[1] == ATTR_MP_REACH || bytes[1] == ATTR_MP_UNREACH);
			struct bgp_path path;
			struct attr_set set;

			memcpy(cut, bytes, len);
			cr_expect(eq(int, decode(cut, len, rows[i].sender, arena, &path, &set),
				     mp ? FAULT_RESET : FAULT_WITHDRAW),
				  "%s, %zu octets", rows[i].name, len);
		}
	}
}

/* Every length that is not an attribute's own, with a body of so many zeros. */
Test(attr, no_wrong_length_crashes)
{
	_cleanup_(freep) struct arena *arena = malloc(sizeof(*arena));

	for (unsigned int code = 0; code < 256; code++)
		for (size_t len = 0; len < 64; len++) {
			_cleanup_(freep) uint8_t *bytes = calloc(1, 3 + len);
			struct bgp_path path;
			struct attr_set set;

			bytes[0] = ATTR_OPTIONAL | ATTR_TRANSITIVE;
			bytes[1] = (uint8_t)code;
			bytes[2] = (uint8_t)len;
			decode(bytes, 3 + len, IBGP, arena, &path, &set);
			cr_expect(le(sz, arena->used, sizeof(arena->octet)), "%u", code);
		}
}

static const struct {
	const char *name, *hex, *as_path; /* as decoded, in hex */
	uint32_t aggregator_as;
} merged[] = {
	{ "no AS4_PATH", "40 02 06 02 02 fde8 5ba0", "02 02 0000fde8 00005ba0", 0 },
	{ "all of it is known", "40 02 06 02 02 fde8 5ba0 c0 11 0a 02 02 0000fde8 00010000",
	  "02 02 0000fde8 00010000", 0 },
	{ "one old AS in front", "40 02 06 02 02 fde8 5ba0 c0 11 06 02 01 00010000",
	  "02 01 0000fde8 02 01 00010000", 0 },
	{ "AS4_PATH is longer: ignored", "40 02 04 02 01 fde8 c0 11 0a 02 02 0000fde8 00010000",
	  "02 01 0000fde8", 0 },
	{ "a set counts one", "40 02 0a 01 02 fde8 fde9 02 01 5ba0 c0 11 06 02 01 00010000",
	  "01 02 0000fde8 0000fde9 02 01 00010000", 0 },
	{ "aggregator",
	  "40 02 04 02 01 5ba0 c0 07 06 5ba0 c0000201 c0 12 08 00010000 c0000201 "
	  "c0 11 06 02 01 00010000",
	  "02 01 00010000", 65536 },
	{ "aggregated by an old AS: both are void",
	  "40 02 04 02 01 5ba0 c0 07 06 fde8 c0000201 c0 12 08 00010000 c0000201 "
	  "c0 11 06 02 01 00010000",
	  "02 01 00005ba0", 65000 },
};

Test(attr, merges_as4_path)
{
	for (size_t i = 0; i < ARRAY_SIZE(merged); i++) {
		size_t len, want_len;
		_cleanup_(freep) uint8_t *bytes = unhex(merged[i].hex, &len);
		_cleanup_(freep) uint8_t *want = unhex(merged[i].as_path, &want_len);
		_cleanup_(freep) struct arena *arena = malloc(sizeof(*arena));
		struct bgp_path path;
		struct attr_set set;
		char text[128];

		cr_expect(eq(int, decode(bytes, len, IBGP_2, arena, &path, &set), FAULT_NONE), "%s",
			  merged[i].name);
		cr_expect(path.as_path.len == want_len && !memcmp(path.as_path.at, want, want_len),
			  "%s: %s", merged[i].name,
			  hexdump(path.as_path.at, path.as_path.len, text, sizeof(text)));
		cr_expect(eq(u32, path.aggregator_as, merged[i].aggregator_as), "%s",
			  merged[i].name);
	}
}

Test(attr, keeps_the_unknown_with_partial)
{
	size_t len, want_len;
	_cleanup_(freep) uint8_t *bytes =
		unhex("c0 63 01 aa 80 64 01 bb d0 62 0001 cc e0 65 00", &len);
	_cleanup_(freep) uint8_t *want = unhex("e0 63 01 aa f0 62 0001 cc e0 65 00", &want_len);
	_cleanup_(freep) struct arena *arena = malloc(sizeof(*arena));
	struct bgp_path path;
	struct attr_set set;

	cr_assert(eq(int, decode(bytes, len, IBGP, arena, &path, &set), FAULT_NONE));
	cr_assert(eq(sz, path.unknown.len, want_len));
	cr_expect(eq(int, memcmp(path.unknown.at, want, want_len), 0));
}

/* COMMUNITIES with Partial; a MED, an empty and a malformed attribute that had no business to. */
Test(attr, remembers_partial_of_what_it_keeps)
{
	size_t len;
	_cleanup_(freep) uint8_t *bytes =
		unhex("e0 08 04 fde80001 a0 04 04 00000001 e0 28 00 e0 07 02 0000", &len);
	_cleanup_(freep) struct arena *arena = malloc(sizeof(*arena));
	struct bgp_path path;
	struct attr_set set;

	cr_expect(eq(int, decode(bytes, len, IBGP, arena, &path, &set), FAULT_DISCARD));
	cr_expect(eq(u64, path.partial, UINT64_C(1) << ATTR_COMMUNITIES));
}

Test(attr, first_of_two_wins)
{
	size_t len;
	_cleanup_(freep) uint8_t *bytes = unhex("80 04 04 00000001 80 04 04 00000002", &len);
	_cleanup_(freep) struct arena *arena = malloc(sizeof(*arena));
	struct bgp_path path;
	struct attr_set set;

	cr_expect(eq(int, decode(bytes, len, IBGP, arena, &path, &set), FAULT_DISCARD));
	cr_expect(eq(u32, path.med, 1));
}

/* The community is richer and tells first; attribute 42 fills in what it did not say. */
Test(attr, joins_the_carriers)
{
	size_t len;
	_cleanup_(freep) uint8_t *bytes = unhex("80 2a 10 0001 05 00 00000064 0005 05 00 00000fa0"
						"c0 10 08 8301 41000000 00ff",
						&len);
	_cleanup_(freep) struct arena *arena = malloc(sizeof(*arena));
	struct bgp_path path;
	struct attr_set set;

	cr_expect(eq(int, decode(bytes, len, IBGP, arena, &path, &set), FAULT_NONE));
	cr_expect(eq(u32, path.carrier, BGP_CARRIER_COMMUNITY));
	cr_expect(eq(u32, path.report.has, REPORT_CAPACITY | REPORT_PREFERENCE));
	cr_expect(eq(u32, path.report.preference, 100));
	cr_expect(eq(dbl, path.report.capacity, 8));

	cr_expect(eq(int, decode(bytes, 19, IBGP, arena, &path, &set), FAULT_NONE));
	cr_expect(eq(u32, path.carrier, BGP_CARRIER_EDGE_METADATA));
	cr_expect(eq(dbl, path.report.capacity, 4));
}
