/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loaded programs, frame in, frame out: every vector and every truncation of it gives its
 * verdict, moves that verdict's counter and no other by one, and leaves whole frames as expected.
 */
#include "base/util.h"
#include "fixture.h"
#include "hex.h"
#include "loaded.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

static struct loaded *loaded;

static void load(void)
{
	int r = loaded_new(&loaded);

	if (r == -EPERM || r == -EACCES)
		cr_skip("loading BPF programs needs root");
	cr_assert(eq(int, r, 0));
}

static void unload(void)
{
	loaded_free(&loaded);
}

struct result {
	uint8_t bytes[2048];
	size_t len;
	uint32_t action;
};

static void run(enum vector_program program, const uint8_t *in, size_t len, struct result *ret)
{
	memcpy(ret->bytes, in, len);
	ret->len = len;
	cr_assert(eq(int,
		     loaded_run(loaded, program, ret->bytes, &ret->len, sizeof(ret->bytes),
				&ret->action),
		     0));
}

static bool same(const struct result *result, const uint8_t *want, size_t len)
{
	return result->len == len && !memcmp(result->bytes, want, len);
}

/* The kernel runs nothing on less than an Ethernet header. */
#define LEN_MIN 14

Test(vectors, as_loaded, .init = load, .fini = unload)
{
	struct mg_counter counters[MG_VERDICT_COUNT] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		const struct vector *v = &vectors[i];
		size_t len, want_len;
		_cleanup_(freep) uint8_t *in = unhex(v->in, &len);
		_cleanup_(freep) uint8_t *want = unhex(v->out ? v->out : v->in, &want_len);
		struct result got;
		char text[4096];

		if (len < LEN_MIN)
			continue;
		run(v->program, in, len, &got);
		cr_expect(eq(int, loaded_moved(loaded, counters, len), v->verdict), "%s", v->name);
		cr_expect(eq(u32, got.action, v->action), "%s", v->name);
		cr_expect(same(&got, want, want_len), "%s: %s", v->name,
			  hexdump(got.bytes, got.len, text, sizeof(text)));
	}
}

Test(vectors, truncated, .init = load, .fini = unload)
{
	struct mg_counter counters[MG_VERDICT_COUNT] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		const struct vector *v = &vectors[i];
		size_t len;
		_cleanup_(freep) uint8_t *in = unhex(v->in, &len);

		for (size_t cut = LEN_MIN; v->out && cut < len; cut++) {
			struct result got;
			int verdict;

			run(v->program, in, cut, &got);
			verdict = loaded_moved(loaded, counters, cut);
			/* Padding may go missing without a trace. */
			cr_expect(verdict == MG_TRUNCATED || verdict == (int)v->verdict,
				  "%s, %zu octets: verdict %d", v->name, cut, verdict);
			cr_expect(verdict != MG_TRUNCATED || same(&got, in, cut), "%s: touched",
				  v->name);
		}
	}
}

/* Sets the token bucket of every CPU. */
static void bucket(uint64_t next_ns)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_(freep) struct mg_bucket *each = calloc(cpus, sizeof(*each));
	uint32_t zero = 0;

	for (int i = 0; each && i < cpus; i++)
		each[i].next_ns = next_ns;
	cr_assert(each && !bpf_map_update_elem(loaded_map(loaded, "mg_buckets"), &zero, each, 0));
}

Test(vectors, tells_while_there_are_tokens, .init = load, .fini = unload)
{
	struct mg_counter counters[MG_VERDICT_COUNT] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		const struct vector *v = &vectors[i];
		size_t len;
		_cleanup_(freep) uint8_t *in = unhex(v->in, &len);
		struct result got;
		int quiet;

		if (v->verdict != MG_TOO_BIG_TOLD && v->verdict != MG_UNREACHABLE)
			continue;
		quiet = v->verdict == MG_UNREACHABLE ? MG_UNREACHABLE_QUIET : MG_TOO_BIG_QUIET;
		bucket(UINT64_MAX);
		run(v->program, in, len, &got);
		cr_expect(eq(int, loaded_moved(loaded, counters, len), quiet), "%s", v->name);
		cr_expect(eq(u32, got.action, XDP_DROP), "%s", v->name);
		cr_expect(same(&got, in, len), "%s: touched", v->name);
		bucket(0);
		run(v->program, in, len, &got);
		cr_expect(eq(int, loaded_moved(loaded, counters, len), v->verdict), "%s", v->name);
	}
}

Test(vectors, counters, .init = load, .fini = unload)
{
	size_t len;
	_cleanup_(freep) uint8_t *frame = unhex(vectors[0].in, &len);
	struct mg_counter member;
	struct result got;

	for (int i = 0; i < 3; i++) {
		frame[47] = i ? 0x10 : 0x02; /* one SYN, then ACKs */
		run(VECTOR_INGRESS, frame, len, &got);
	}
	member = loaded_member(loaded, 1);
	cr_expect(eq(u64, loaded_service(loaded, 1).packets, 0), "all reached a member");
	cr_expect(eq(u64, member.packets, 3));
	cr_expect(eq(u64, member.bytes, 3 * len));
	cr_expect(eq(u64, member.starts, 1));
}

/* What a service took and no member got is counted there; what no service took is not. */
Test(vectors, counts_what_reached_no_member, .init = load, .fini = unload)
{
	uint64_t counted = 0, kept = 0;

	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		const struct vector *v = &vectors[i];
		size_t len;
		_cleanup_(freep) uint8_t *in = unhex(v->in, &len);
		struct result got;

		if (len < LEN_MIN)
			continue;
		run(v->program, in, len, &got);
		if (!strncmp(v->name, "End.DX", 6))
			continue; /* of no service */
		kept += (v->verdict == MG_NO_SERVICE &&
			 (v->program == VECTOR_INGRESS || v->program == VECTOR_VRF)) ||
			v->verdict == MG_NO_MEMBER || v->verdict == MG_UNREACHABLE ||
			v->verdict == MG_LAST_RESORT || v->verdict == MG_NO_NEXTHOP ||
			v->verdict == MG_NO_PORT || v->verdict == MG_TOO_BIG ||
			v->verdict == MG_TOO_BIG_TOLD || v->verdict == MG_TTL_EXPIRED;
	}
	for (uint32_t i = 1; i <= FIXTURE_SERVICES; i++)
		counted += loaded_service(loaded, i).packets;
	cr_expect(eq(u64, counted, kept));
	cr_expect(eq(u64, loaded_service(loaded, 0).packets, 0));
}
