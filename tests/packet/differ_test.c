/* SPDX-License-Identifier: BSD-2-Clause */
/* The same headers in two compilers' hands: broken frames by the thousand, and host build and
 * loaded program have to agree on the verdict and on every octet. */
#include "base/util.h"
#include "hex.h"
#include "loaded.h"
#include "random.h"
#include "target_fixture.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <time.h>

#define FRAMES       20000
#define LEN_MIN      14
#define LEN_MAX      1536
#define SIZE_MAX_OUT 2048

/* A vector with up to four octets changed, and one in four cut or lengthened. */
static size_t broken(struct random *random, const struct vector *v, uint8_t ret[LEN_MAX])
{
	size_t len;
	_cleanup_(freep) uint8_t *bytes = unhex(v->in, &len);
	uint32_t changes = random_below(random, 5);

	memset(ret, 0, LEN_MAX);
	memcpy(ret, bytes, len);
	if (!random_below(random, 4))
		len = random_below(random, LEN_MAX);
	if (len < LEN_MIN)
		len = LEN_MIN;
	while (changes--)
		ret[random_below(random, len)] =
			random_below(random, 2) ? random_u64(random) : random_below(random, 8);
	return len;
}

/* Entries must age alike in both. */
static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void refill(const struct loaded *loaded)
{
	_cleanup_(freep) void *full =
		calloc((size_t)libbpf_num_possible_cpus(), sizeof(struct mg_bucket));
	uint32_t zero = 0;

	cr_assert(full && !bpf_map_update_elem(loaded_map(loaded, "mg_buckets"), &zero, full, 0));
}

static void differ(struct loaded *loaded, const struct vector *v, const uint8_t *bytes, size_t len)
{
	_cleanup_(frame_clear) struct frame frame = frame_of(bytes, len);
	uint8_t out[SIZE_MAX_OUT];
	struct way way = { 0 };
	enum mg_verdict verdict;
	uint64_t before;
	uint32_t action;
	char text[SIZE_MAX_OUT];

	target.clock_ns = now_ns();
	target.tick = target.clock_ns >> MG_TICK_SHIFT;
	target.bucket[MG_GUARD_ANSWERS].next_ns = 0;
	verdict = target_run(v->program, &frame, &way);
	if (verdict == MG_TOO_BIG_TOLD || verdict == MG_UNREACHABLE)
		refill(loaded);
	before = loaded_verdict(loaded, verdict).packets;
	memcpy(out, bytes, len);
	hexdump(bytes, len, text, sizeof(text));
	cr_assert(eq(int, loaded_run(loaded, v->program, out, &len, sizeof(out), &action), 0));
	cr_expect(eq(u64, loaded_verdict(loaded, verdict).packets, before + 1), "%s", text);
	cr_expect(len == frame.len && !memcmp(out, frame.bytes, len), "%s: octets", text);
}

Test(differ, host_and_loaded, .init = target_fixture)
{
	_cleanup_(loaded_free) struct loaded *loaded = NULL;
	struct random random = random_seeded("differ");
	int r = loaded_new(&loaded);

	if (r == -EPERM || r == -EACCES)
		cr_skip("loading BPF programs needs root");
	cr_assert(eq(int, r, 0));
	for (int i = 0; i < FRAMES; i++) {
		const struct vector *v = &vectors[random_below(&random, ARRAY_SIZE(vectors))];
		uint8_t bytes[LEN_MAX];

		differ(loaded, v, bytes, broken(&random, v, bytes));
	}
}
