/* SPDX-License-Identifier: BSD-2-Clause */
/* The MSS of random TCP headers against a plain reader and the checksum summed anew. Rows with
 * names are in tests/packet/vectors.h. */
#include "base/util.h"
#include "random.h"
#include "target.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define HEADER_MAX 60

static uint16_t sum(const uint8_t *bytes, size_t len)
{
	uint32_t total = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		total += bytes[i] << 8 | bytes[i + 1];
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return total;
}

/* Where the MSS stands; 0: nowhere, or the options are not sound so far. RFC 9293 section 3.2. */
static size_t model_find(const uint8_t *tcp, size_t len)
{
	size_t end = (size_t)(tcp[12] >> 4) * 4, at = 20;

	if (end < 20 || end > len)
		return 0;
	while (at + 4 <= end) {
		if (tcp[at] == 0)
			return 0;
		if (tcp[at] == 1) {
			at++;
			continue;
		}
		if (tcp[at + 1] < 2 || at + tcp[at + 1] > end)
			return 0;
		if (tcp[at] == 2)
			return tcp[at + 1] == 4 ? at + 2 : 0;
		at += tcp[at + 1];
	}
	return 0;
}

/* Options that are mostly sound; else random octets are a fault in no time. */
static void fill_options(struct random *random, uint8_t *at, size_t len)
{
	static const uint8_t kinds[] = { 1, 1, 1, 2, 2, 3, 4, 8, 30, 254, 0 };
	size_t size;

	for (; len > 0; at += size, len -= size) {
		uint8_t kind = kinds[random_below(random, ARRAY_SIZE(kinds))];

		size = kind < 2 ? 1 : kind == 2 ? 4 : 2 + random_below(random, 9);
		if (size > len)
			size = len;
		for (size_t i = 1; i < size; i++)
			at[i] = random_u64(random);
		at[0] = kind;
		if (size > 1)
			at[1] = random_below(random, 40) ? size : random_below(random, 12);
	}
}

Test(mss, random_headers)
{
	struct random random = random_seeded("mss");
	unsigned int lowered = 0, odd = 0;

	for (int i = 0; i < 200000; i++) {
		uint8_t tcp[HEADER_MAX] = { 0 }, want[HEADER_MAX];
		size_t len = 20 + 4 * random_below(&random, 11), at;
		uint16_t mss = random_u64(&random), old, csum;
		_cleanup_(frame_clear) struct frame frame = { 0 };
		struct packet pkt;
		bool changed;

		for (int o = 0; o < 20; o++)
			tcp[o] = random_u64(&random);
		tcp[12] = random_below(&random, 10) ? len / 4 << 4 : random_u64(&random);
		fill_options(&random, tcp + 20, len - 20);
		memcpy(want, tcp, len);
		at = model_find(tcp, len);
		old = at ? tcp[at] << 8 | tcp[at + 1] : 0;
		if (old > mss) {
			want[at] = mss >> 8;
			want[at + 1] = mss;
		}
		frame = frame_of(tcp, len);
		pkt = frame_packet(&frame);
		changed = mss_clamp(&pkt, len, mss);
		cr_assert(eq(int, changed, old > mss));
		csum = sum(frame.bytes, len);
		cr_assert(csum == sum(tcp, len) || (csum + sum(tcp, len)) % 0xffff == 0,
			  "the sum over the whole must not change");
		memcpy(want + 16, frame.bytes + 16, 2);
		cr_assert(zero(int, memcmp(frame.bytes, want, len)));
		lowered += changed;
		odd += changed && at % 2;
	}
	cr_expect(lowered > 5000 && odd > 1000, "too few to say anything");
}

/* The cursor may end anywhere. */
Test(mss, cut_short)
{
	const uint8_t tcp[24] = { [12] = 0x60, [20] = 2, 4, 0xff, 0xff };

	for (size_t len = 0; len <= sizeof(tcp); len++) {
		_cleanup_(frame_clear) struct frame frame = frame_of(tcp, len);
		struct packet pkt = frame_packet(&frame);

		cr_expect(eq(int, mss_clamp(&pkt, sizeof(tcp), 1000), len == sizeof(tcp)));
		pkt = frame_packet(&frame);
		cr_expect(not(mss_clamp(&pkt, len - 1, 1000)));
	}
}
