/* SPDX-License-Identifier: BSD-2-Clause */
/* The flow hash: fixed values, since every router of a domain has to get the same, and its quality.
 */
#include "base/util.h"
#include "random.h"
#include "target.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>

#define SEED 0x0123456789abcdefull

#define CLIENT_V4                                                      \
	{                                                              \
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1 \
	}
#define WEB_V4                                                             \
	{                                                                  \
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 198, 51, 100, 80 \
	}
#define CLIENT_V6                                                        \
	{                                                                \
		0x20, 1, 0xd, 0xb8, 0, 0xc, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 \
	}
#define WEB_V6                                                            \
	{                                                                 \
		0x20, 1, 0xd, 0xb8, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80 \
	}

static const struct {
	struct flow flow;
	enum mg_affinity affinity;
	uint64_t hash;
} vectors[] = {
	{ { .service = { WEB_V4, 80, 6, 0, 0 }, .src = CLIENT_V4, .sport = 1024, .v4 = true },
	  MG_AFFINITY_FLOW,
	  0x6f2c0f33fc1a486a },
	{ { .service = { WEB_V4, 80, 6, 0, 0 }, .src = CLIENT_V4, .sport = 1024, .v4 = true },
	  MG_AFFINITY_CLIENT,
	  0xe83f57c4a7356195 },
	{ { .service = { WEB_V6, 443, 17, 0, 0 }, .src = CLIENT_V6, .sport = 65535 },
	  MG_AFFINITY_FLOW,
	  0xffbea3ffa6ac6009 },
	{ { .service = { WEB_V6, 443, 17, 0, 0 }, .src = CLIENT_V6, .sport = 65535 },
	  MG_AFFINITY_CLIENT,
	  0xd636f0661d17bee7 },
};

Test(flow, hash_vectors)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++)
		cr_expect(eq(u64, flow_hash(&vectors[i].flow, SEED, vectors[i].affinity),
			     vectors[i].hash),
			  "row %zu", i);
}

/* What is in the hash, bit by bit: 0 to 127 source, 128 to 255 destination, then the ports. */
#define INPUT_BITS 288

static void flip(struct flow *flow, int bit)
{
	if (bit < 128)
		flow->src[bit / 8] ^= BIT(bit % 8);
	else if (bit < 256)
		flow->service.addr[(bit - 128) / 8] ^= BIT(bit % 8);
	else if (bit < 272)
		flow->sport ^= BIT(bit - 256);
	else
		flow->service.port ^= BIT(bit - 272);
}

static bool hashed(const struct flow *flow, int bit)
{
	return bit >= 256 || !flow->v4 || bit % 128 >= 96;
}

static struct flow random_flow(struct random *random, bool v4)
{
	struct flow flow = { .v4 = v4, .service.proto = 6 };

	for (int bit = 0; bit < INPUT_BITS; bit++) {
		if (hashed(&flow, bit) && random_below(random, 2))
			flip(&flow, bit);
	}
	return flow;
}

/* Each input bit turns each output bit in half of the cases: 2000 trials have a deviation of 1.1 %,
 * and 64 x 288 pairs are looked at, so that 6 of these deviations are allowed. */
static void avalanche(struct random *random, bool v4)
{
	const int trials = 2000;

	for (int bit = 0; bit < INPUT_BITS; bit++) {
		int turned[64] = { 0 };

		for (int t = 0; t < trials; t++) {
			struct flow flow = random_flow(random, v4), other = flow;
			uint64_t diff;

			flip(&other, bit);
			diff = flow_hash(&flow, SEED, MG_AFFINITY_FLOW) ^
			       flow_hash(&other, SEED, MG_AFFINITY_FLOW);
			for (int out = 0; out < 64; out++)
				turned[out] += diff >> out & 1;
		}
		for (int out = 0; hashed(&(struct flow){ .v4 = v4 }, bit) && out < 64; out++)
			cr_expect(fabs(turned[out] / (double)trials - .5) < 6 * .0112,
				  "IPv%d: input %d, output %d: %d", v4 ? 4 : 6, bit, out,
				  turned[out]);
	}
}

Test(flow, avalanche)
{
	struct random random = random_seeded("avalanche");

	avalanche(&random, true);
	avalanche(&random, false);
}

/* Clients as they come: neighbouring addresses, ports counted up. Chi squared over 1024 cells has
 * mean 1023 and deviation 45. */
static double chi_squared(bool v4, int shift)
{
	static uint32_t cell[1024];
	double chi = 0, want = 64;

	memset(cell, 0, sizeof(cell));
	for (int i = 0; i < 65536; i++) {
		struct flow flow = vectors[v4 ? 0 : 2].flow;

		flow.src[15] = i >> 8;
		flow.sport = 32768 + (i & 0xff);
		cell[flow_hash(&flow, SEED, MG_AFFINITY_FLOW) >> shift & 1023]++;
	}
	for (int i = 0; i < 1024; i++)
		chi += (cell[i] - want) * (cell[i] - want) / want;
	return chi;
}

Test(flow, spreads_neighbours)
{
	for (int shift = 0; shift <= 54; shift += 6) {
		cr_expect(fabs(chi_squared(true, shift) - 1023) < 6 * 45, "IPv4, bits from %d",
			  shift);
		cr_expect(fabs(chi_squared(false, shift) - 1023) < 6 * 45, "IPv6, bits from %d",
			  shift);
	}
}

Test(flow, client_affinity_sees_the_client_only)
{
	struct random random = random_seeded("client");

	for (int i = 0; i < 1000; i++) {
		struct flow flow = random_flow(&random, i % 2), other = flow;
		uint64_t hash = flow_hash(&flow, SEED, MG_AFFINITY_CLIENT);

		flip(&other, 256 + random_below(&random, 32));
		flip(&other, 224 + random_below(&random, 32));
		cr_expect(eq(u64, flow_hash(&other, SEED, MG_AFFINITY_CLIENT), hash));
		flip(&other, 96 + random_below(&random, 32));
		cr_expect(ne(u64, flow_hash(&other, SEED, MG_AFFINITY_CLIENT), hash));
	}
}

/* Bit b of an address counts from its first one, as a prefix has them. */
static void flip_leading(struct flow *flow, uint32_t bit)
{
	flow->src[(flow->v4 ? 12 : 0) + bit / 8] ^= 0x80 >> bit % 8;
}

Test(flow, client_prefix_sees_its_bits_only)
{
	struct random random = random_seeded("prefix");

	for (int i = 0; i < 2000; i++) {
		struct flow flow = random_flow(&random, i % 2), other = flow;
		uint32_t size = flow.v4 ? 32 : 128, bits = 1 + random_below(&random, size);
		uint64_t hash = flow_hash_client(&flow, SEED, bits);

		if (bits < size)
			flip_leading(&other, bits + random_below(&random, size - bits));
		flip(&other, 256 + random_below(&random, 32));
		cr_expect(eq(u64, flow_hash_client(&other, SEED, bits), hash), "%u bits", bits);
		flip_leading(&other, bits - 1);
		cr_expect(ne(u64, flow_hash_client(&other, SEED, bits), hash), "%u bits", bits);
	}
}

Test(flow, client_prefix_of_all_bits_is_the_client)
{
	struct random random = random_seeded("whole");

	for (int i = 0; i < 1000; i++) {
		struct flow flow = random_flow(&random, i % 2);
		struct mg_service service = { .affinity = MG_AFFINITY_CLIENT };
		uint64_t hash = flow_hash(&flow, SEED, MG_AFFINITY_CLIENT);

		cr_expect(eq(u64, flow_hash_client(&flow, SEED, 0), hash));
		cr_expect(eq(u64, flow_hash_client(&flow, SEED, flow.v4 ? 32 : 128), hash));
		cr_expect(eq(u64, flow_hash_for(&flow, SEED, &service), hash));
		service.affinity = MG_AFFINITY_QUIC;
		cr_expect(eq(u64, flow_hash_for(&flow, SEED, &service),
			     flow_hash(&flow, SEED, MG_AFFINITY_FLOW)));
	}
}

Test(flow, label_is_never_zero)
{
	struct random random = random_seeded("label");

	cr_expect(eq(u32, flow_label(0), 1));
	for (int i = 0; i < 1000; i++)
		cr_expect(flow_label(random_u64(&random)) - 1 < 0xfffff);
}
