/* SPDX-License-Identifier: BSD-2-Clause */
/* The HMACs were computed by Python's hmac module. */
#include "hex.h"
#include "probe/stamp.h"

#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#define TIME "ee0102030a0b0c0d"
#define Z12  "000000000000000000000000"
#define Z30  "000000000000000000000000000000000000000000000000000000000000"
#define Z68  Z30 Z30 "0000000000000000"
#define HMAC "27570651103aef0d49b26bf509ae6bac"

#define PLAIN "0000002a" TIME "1d01 0007" Z12 Z12 "00000000"
#define AUTH  "0000002a" Z12 TIME "1d01 0007" Z68 HMAC

static const struct stamp_key open_key;
static const struct stamp_key shared = { "margay-test-key", 15 };
static const struct stamp_request request = {
	.seq = 42, .sent = 0xee0102030a0b0c0d, .error = STAMP_ERROR_OURS, .ssid = 7
};

static const struct {
	const char *name, *hex;
	const struct stamp_key *key;
} requests[] = { { "plain", PLAIN, &open_key }, { "authenticated", AUTH, &shared } };

static void expect_request(const struct stamp_request *got)
{
	cr_expect(eq(u32, got->seq, 42));
	cr_expect(eq(u64, got->sent, request.sent));
	cr_expect(eq(u16, got->error, STAMP_ERROR_OURS));
	cr_expect(eq(u16, got->ssid, 7));
}

Test(stamp, requests_as_octets)
{
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		uint8_t octets[STAMP_AUTH_LEN];
		size_t want_len, len = stamp_request_encode(&request, requests[i].key, octets);
		_cleanup_(freep) uint8_t *want = unhex(requests[i].hex, &want_len);
		struct stamp_request got = { 0 };

		cr_expect(len == want_len && !memcmp(octets, want, len), "%s", requests[i].name);
		cr_expect(eq(int, stamp_request_decode(want, len, requests[i].key, &got), 0));
		expect_request(&got);
	}
}

/* On a heap block of exact size, under the sanitizers. */
Test(stamp, every_truncation_is_refused)
{
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		size_t whole;
		_cleanup_(freep) uint8_t *octets = unhex(requests[i].hex, &whole);

		for (size_t len = 0; len < whole; len++) {
			_cleanup_(freep) uint8_t *cut = malloc(len + !len);
			struct stamp_request got = { .seq = 1 };
			struct stamp_reply reply = { .seq = 1 };

			memcpy(cut, octets, len);
			cr_expect(eq(int, stamp_request_decode(cut, len, requests[i].key, &got),
				     -EBADMSG));
			cr_expect(eq(int, stamp_reply_decode(cut, len, requests[i].key, &reply),
				     -EBADMSG));
			cr_expect(got.seq == 1 && reply.seq == 1, "untouched");
		}
	}
}

Test(stamp, every_changed_octet_breaks_the_hmac)
{
	size_t len;
	_cleanup_(freep) uint8_t *octets = unhex(AUTH, &len);
	struct stamp_request got;

	for (size_t i = 0; i < len; i++) {
		octets[i] ^= 0x10;
		cr_expect(eq(int, stamp_request_decode(octets, len, &shared, &got), -EACCES), "%zu",
			  i);
		octets[i] ^= 0x10;
	}
	cr_expect(eq(int, stamp_request_decode(octets, len, &shared, &got), 0));
}

Test(stamp, refuses_what_cannot_be)
{
	size_t len;
	_cleanup_(freep) uint8_t *octets = unhex(PLAIN, &len);
	_cleanup_(freep) uint8_t *large = calloc(1, STAMP_LEN_MAX + 1);
	struct stamp_request got;

	octets[13] = 0; /* the multiplier */
	cr_expect(eq(int, stamp_request_decode(octets, len, &open_key, &got), -EBADMSG));
	octets[13] = 1;
	cr_expect(eq(int, stamp_request_decode(octets, len, &shared, &got), -EBADMSG));
	memcpy(large, octets, len);
	cr_expect(eq(int, stamp_request_decode(large, STAMP_LEN_MAX, &open_key, &got), 0));
	cr_expect(
		eq(int, stamp_request_decode(large, STAMP_LEN_MAX + 1, &open_key, &got), -EBADMSG));
}

static const struct stamp_reply reply = {
	.seq = 42,
	.sent = 0x1111111122222222,
	.received = 0x3333333344444444,
	.error = 0x9d05,
	.ssid = 7,
	.request = { .seq = 42, .sent = 0xee0102030a0b0c0d, .error = 0x1d01 },
	.ttl = 254,
};

#define REFLECTED                                                                        \
	"0000002a 1111111122222222 9d05 0007 3333333344444444 0000002a" TIME "1d01 0000" \
	"fe 000000"

Test(stamp, replies_as_octets)
{
	size_t len, want_len;
	_cleanup_(freep) uint8_t *octets = unhex(PLAIN, &len);
	_cleanup_(freep) uint8_t *want = unhex(REFLECTED, &want_len);
	struct stamp_reply got;

	stamp_reflect(octets, len, &open_key, &reply);
	cr_expect(len == want_len && !memcmp(octets, want, len));
	cr_assert(eq(int, stamp_reply_decode(octets, len, &open_key, &got), 0));
	cr_expect(eq(u32, got.request.seq, 42));
	cr_expect(eq(u64, got.request.sent, reply.request.sent));
	cr_expect(eq(u64, got.received, reply.received));
	cr_expect(eq(u64, got.sent, reply.sent));
	cr_expect(eq(u8, got.ttl, 254));
}

/* Each part at its place: RFC 8762 figure 6. */
Test(stamp, authenticated_replies)
{
	static const struct {
		size_t at;
		const char *hex;
	} parts[] = { { 0, "0000002a" },          { 16, "1111111122222222 9d05 0007" },
		      { 32, "3333333344444444" }, { 48, "0000002a" },
		      { 64, TIME "1d01" },        { 80, "fe" } };
	size_t len;
	_cleanup_(freep) uint8_t *octets = unhex(AUTH, &len);
	struct stamp_reply got;

	stamp_reflect(octets, len, &shared, &reply);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		size_t part_len;
		_cleanup_(freep) uint8_t *part = unhex(parts[i].hex, &part_len);

		cr_expect(memcmp(octets + parts[i].at, part, part_len) == 0, "at %zu", parts[i].at);
	}
	cr_assert(eq(int, stamp_reply_decode(octets, len, &shared, &got), 0));
	cr_expect(eq(u64, got.request.sent, reply.request.sent));
	octets[111] ^= 1;
	cr_expect(eq(int, stamp_reply_decode(octets, len, &shared, &got), -EACCES));
}

static const struct {
	const char *name, *sent, *back;
} tlvs[] = {
	{ "none", "", "" },
	{ "padding is known", "8001 0004 00000000", "0001 0004 00000000" },
	{ "unknown, flagged U", "00fb 0002 aabb", "80fb 0002 aabb" },
	{ "two", "80fb 0000 8001 0001 55", "80fb 0000 0001 0001 55" },
	{ "longer than there is, flagged M", "8001 0005 00000000", "4001 0005 00000000" },
	{ "a header cut short", "8001 00", "4001 00" },
	{ "good, then cut short", "8001 0000 80", "0001 0000 40" },
};

Test(stamp, tlvs_come_back_with_flags)
{
	for (size_t i = 0; i < ARRAY_SIZE(tlvs); i++) {
		char text[512];
		size_t len, back_len;
		_cleanup_(freep) uint8_t *octets = NULL, *back = unhex(tlvs[i].back, &back_len);

		snprintf(text, sizeof(text), "%s%s", PLAIN, tlvs[i].sent);
		octets = unhex(text, &len);
		cr_assert(eq(sz, len, STAMP_LEN + back_len));
		stamp_reflect(octets, len, &open_key, &reply);
		cr_expect(memcmp(octets + STAMP_LEN, back, back_len) == 0, "%s", tlvs[i].name);
	}
}

Test(stamp, times)
{
	const struct timespec epoch = { 0, 500000000 }, wrap = { 2085978496, 0 };
	uint64_t a = stamp_time(&epoch);

	cr_expect(eq(u64, a, (uint64_t)2208988800u << 32 | 0x80000000));
	cr_expect(eq(u64, stamp_time(&wrap), 0), "the era of 2036 begins");
	cr_expect(fabs(stamp_between(a, a + (1ull << 31), STAMP_ERROR_OURS) - 0.5) < 1e-9);
	cr_expect(fabs(stamp_between(a, a - (1ull << 31), STAMP_ERROR_OURS) + 0.5) < 1e-9);
	cr_expect(fabs(stamp_between(0xffffffff00000000, 0, STAMP_ERROR_OURS) - 1) < 1e-9);
	cr_expect(fabs(stamp_between(5ull << 32 | 999999999, 6ull << 32 | 1, STAMP_ERROR_PTP) -
		       2e-9) < 1e-12);
}
