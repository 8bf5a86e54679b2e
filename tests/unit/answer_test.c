/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is told that a packet was too big, of which size, and how often. What the message looks like
 * is in tests/packet/vectors.h. */
#include "base/util.h"
#include "target_fixture.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define SECOND 1000000000ull

static const struct {
	const char *name;
	bool v4;
	uint32_t mtu, overhead, len, want;
} mtus[] = {
	{ "less the outer header", true, 1500, 20, 1481, 1480 },
	{ "less that of IPv6", true, 1500, 40, 1500, 1460 },
	{ "the least of IPv4", true, 88, 20, 69, 68 },
	{ "below the least of IPv4", true, 87, 20, 68, 0 },
	{ "smaller than the outer header", true, 10, 20, 68, 0 },
	{ "as large as the outer header", true, 20, 20, 68, 0 },
	{ "nothing set", true, 0, 20, 68, 0 },
	{ "IPv6", false, 1500, 40, 1461, 1460 },
	{ "IPv6, the least", false, 1320, 40, 1281, 1280 },
	{ "IPv6, raised to the least", false, 1300, 40, 1281, 1280 },
	{ "IPv6, the packet is as small as can be", false, 1300, 40, 1280, 0 },
	{ "larger than 16 bits", false, 70000, 40, 0x1ffff, 69960 },
};

Test(answer, mtu)
{
	for (size_t i = 0; i < ARRAY_SIZE(mtus); i++) {
		struct mg_site site = { .mtu = mtus[i].mtu };
		struct tunnel tunnel = { .site = &site, .overhead = mtus[i].overhead };
		struct flow flow = { .v4 = mtus[i].v4, .len = mtus[i].len };

		cr_expect(eq(u32, answer_mtu(&flow, &tunnel), mtus[i].want), "%s", mtus[i].name);
	}
}

static const struct mg_limit limit = { SECOND / FIXTURE_ANSWERS,
				       SECOND / FIXTURE_ANSWERS *FIXTURE_ANSWERS_BURST };

static unsigned int told(struct mg_bucket *bucket, uint64_t now, unsigned int asked)
{
	unsigned int told = 0;

	while (asked--)
		told += guard_take(bucket, &limit, now);
	return told;
}

/* One bucket, asked a thousand times at each moment. */
static const struct {
	const char *name;
	uint64_t ns;
	unsigned int told;
} moments[] = {
	{ "full at first", SECOND, FIXTURE_ANSWERS_BURST + 1 },
	{ "empty then", SECOND, 0 },
	{ "not one for half its time", SECOND + SECOND / FIXTURE_ANSWERS / 2, 0 },
	{ "one for its time", SECOND + SECOND / FIXTURE_ANSWERS, 1 },
	{ "ten for ten", SECOND + 11 * SECOND / FIXTURE_ANSWERS, 10 },
	{ "no more than a burst after long", 100 * SECOND, FIXTURE_ANSWERS_BURST + 1 },
};

Test(answer, tokens)
{
	struct mg_bucket bucket = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(moments); i++)
		cr_expect(eq(uint, told(&bucket, moments[i].ns, 1000), moments[i].told), "%s",
			  moments[i].name);
	cr_expect(not(guard_take(NULL, &limit, SECOND)), "no bucket");
}

Test(answer, spends_no_token_on_what_is_not_told, .init = target_fixture)
{
	struct mg_site site = { .mtu = 1500 };
	struct tunnel tunnel = { .site = &site, .overhead = 20 };
	_cleanup_(frame_clear) struct frame frame = frame_of("12345678901234", 14);
	struct packet pkt = frame_packet(&frame);
	struct flow flow = { .v4 = true, .len = 1500, .offset = 14, .src[12] = 192 };
	struct answer answer;

	target.clock_ns = SECOND;
	flow.error = true;
	cr_expect(eq(int, answer_too_big(&pkt, &flow, &tunnel, &answer), MG_TOO_BIG));
	cr_expect(eq(u64, target.bucket[MG_GUARD_ANSWERS].next_ns, 0));
	flow.error = false;
	cr_expect(eq(int, answer_too_big(&pkt, &flow, &tunnel, &answer), MG_TOO_BIG_TOLD));
	cr_expect(eq(u64, target.bucket[MG_GUARD_ANSWERS].next_ns,
		     SECOND + SECOND / FIXTURE_ANSWERS));
	cr_expect(eq(u32, answer.quote, 548), "what 576 octets take");
	target.bucket[MG_GUARD_ANSWERS].next_ns = 2 * SECOND;
	pkt = frame_packet(&frame);
	cr_expect(eq(int, answer_too_big(&pkt, &flow, &tunnel, &answer), MG_TOO_BIG_QUIET));
	cr_expect(eq(u64, target.bucket[MG_GUARD_ANSWERS].next_ns, 2 * SECOND));
}
