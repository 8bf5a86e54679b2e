/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: Most of a path is zero: half of an IPv4 address, numbers that are not there, the lower half
 * of a double that came in few bits. So words of 32 bits that are zero are left out, and a bit for
 * each says which are there. Then come the strings, each behind its length.
 */
#include "bgp/packed_path.h"
#include "base/util.h"

#include <string.h>

#define WORD      sizeof(uint32_t)
#define WORDS     (offsetof(struct bgp_path, as_path) / WORD)
#define LEN_SHORT 0xff /* the length does not fit an octet and follows */

_Static_assert(WORDS <= 64, "a bit each");
_Static_assert(offsetof(struct bgp_path, as_path) % WORD == 0, "whole words");
_Static_assert(sizeof(struct bgp_path) - offsetof(struct bgp_path, as_path) ==
		       BGP_PATH_STRINGS * sizeof(struct bgp_bytes),
	       "nothing but the strings stands behind the words");

/* Octets of the path that mean something: what is between its members is left out, whatever it is.
 */
#define MEMBER(member)                                                            \
	[offsetof(struct bgp_path, member)... offsetof(struct bgp_path, member) + \
		sizeof(((struct bgp_path *)NULL)->member) - 1] = 0xff
static const uint8_t meaning[WORDS * WORD] = {
	MEMBER(has),
	MEMBER(origin),
	MEMBER(med),
	MEMBER(local_pref),
	MEMBER(originator_id),
	MEMBER(aggregator_as),
	MEMBER(aggregator_id),
	MEMBER(label),
	MEMBER(partial),
	MEMBER(next_hop),
	MEMBER(tunnel.kind),
	MEMBER(tunnel.endpoint),
	MEMBER(tunnel.behavior),
	MEMBER(tunnel.vni),
	MEMBER(tunnel.mac),
	MEMBER(site_id),
	MEMBER(carrier),
	MEMBER(report.has),
	MEMBER(report.capacity),
	MEMBER(report.service_time_s),
	MEMBER(report.arrival_rate),
	MEMBER(report.in_flight),
	MEMBER(report.utilisation),
	MEMBER(report.window_s),
	MEMBER(report.sampled_ms),
	MEMBER(report.preference),
	MEMBER(report.availability),
	MEMBER(report.delay_index),
	MEMBER(report.score),
	MEMBER(report.drain),
	MEMBER(carried),
};

static uint32_t word_at(const uint8_t *octets, size_t i)
{
	uint32_t word;

	memcpy(&word, octets + i * WORD, WORD);
	return word;
}

/* Those that are not zero, in a row; *ret_mask has a bit for each. Returns how many. */
static size_t words_take(const struct bgp_path *path, uint32_t ret[WORDS], uint64_t *ret_mask)
{
	uint64_t mask = 0;
	size_t count = 0;

	for (size_t i = 0; i < WORDS; i++) {
		uint32_t word = word_at((const uint8_t *)path, i) & word_at(meaning, i);
		uint64_t there = word != 0;

		ret[count] = word;
		count += there;
		mask |= there << i;
	}
	*ret_mask = mask;
	return count;
}

static size_t string_len(size_t len)
{
	return 1 + (len < LEN_SHORT ? 0 : sizeof(uint32_t)) + len;
}

size_t packed_path_len(const struct bgp_path *path)
{
	uint32_t words[WORDS];
	uint64_t mask;
	size_t len = sizeof(mask) + words_take(path, words, &mask) * WORD + 1;

	for (size_t i = 0; i < BGP_PATH_STRINGS; i++)
		if (bgp_path_string_of(path, i)->len)
			len += string_len(bgp_path_string_of(path, i)->len);
	return len;
}

static uint8_t *octets_put(uint8_t *at, const void *octets, size_t len)
{
	memcpy(at, octets, len);
	return at + len;
}

static uint8_t *string_put(uint8_t *at, const struct bgp_bytes *string)
{
	uint32_t len = (uint32_t)string->len;

	*at++ = len < LEN_SHORT ? (uint8_t)len : LEN_SHORT;
	if (len >= LEN_SHORT)
		at = octets_put(at, &len, sizeof(len));
	return octets_put(at, string->at, len);
}

void packed_path_write(const struct bgp_path *path, uint8_t *room)
{
	uint32_t words[WORDS];
	uint64_t mask;
	size_t count = words_take(path, words, &mask);
	uint8_t *strings;

	room = octets_put(room, &mask, sizeof(mask));
	room = octets_put(room, words, count * WORD);
	strings = room++;
	*strings = 0;
	for (size_t i = 0; i < BGP_PATH_STRINGS; i++) {
		if (!bgp_path_string_of(path, i)->len)
			continue;
		*strings |= (uint8_t)BIT(i);
		room = string_put(room, bgp_path_string_of(path, i));
	}
}

static const uint8_t *words_put(const uint8_t *packed, struct bgp_path *ret)
{
	uint64_t mask;

	memcpy(&mask, packed, sizeof(mask));
	packed += sizeof(mask);
	for (; mask; mask &= mask - 1) {
		memcpy((uint8_t *)ret + (size_t)__builtin_ctzll(mask) * WORD, packed, WORD);
		packed += WORD;
	}
	return packed;
}

static const uint8_t *string_take(const uint8_t *packed, struct bgp_bytes *ret)
{
	uint32_t len = *packed++;

	if (len == LEN_SHORT) {
		memcpy(&len, packed, sizeof(len));
		packed += sizeof(len);
	}
	*ret = (struct bgp_bytes){ (uint8_t *)packed, len };
	return packed + len;
}

void packed_path_read(const uint8_t *packed, struct bgp_path *ret)
{
	uint8_t strings;

	memset(ret, 0, sizeof(*ret));
	packed = words_put(packed, ret);
	strings = *packed++;
	for (size_t i = 0; i < BGP_PATH_STRINGS; i++)
		if (strings & BIT(i))
			packed = string_take(packed, bgp_path_string(ret, i));
}
