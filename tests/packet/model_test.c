/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loaded programs against the reference model (model.h): every vector, every truncation of
 * one, and random frames have to get the same verdict, action, member and octets from both.
 * MARGAY_SEED repeats a failure.
 */
#include "base/util.h"
#include "hex.h"
#include "loaded.h"
#include "model_fixture.h"
#include "model_random.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <time.h>

#define FRAMES   20000
#define LEN_MIN  14
#define OUT_SIZE 2048

static struct loaded *loaded;
static struct model model;
static uint64_t seen[MG_VERDICT_COUNT];
static struct mg_counter counters[MG_VERDICT_COUNT];

static void load(void)
{
	int r = loaded_new(&loaded);

	if (r == -EPERM || r == -EACCES)
		cr_skip("loading BPF programs needs root");
	cr_assert(eq(int, r, 0));
	model_fixture(&model);
}

static void unload(void)
{
	loaded_free(&loaded);
}

static uint64_t now_tick(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return ((uint64_t)now.tv_sec * 1000000000 + now.tv_nsec) >> MG_TICK_SHIFT;
}

static void refill(void)
{
	_cleanup_(freep) void *full =
		calloc((size_t)libbpf_num_possible_cpus(), sizeof(struct mg_bucket));
	uint32_t zero = 0;

	cr_assert(full && !bpf_map_update_elem(loaded_map(loaded, "mg_buckets"), &zero, full, 0));
}

static const struct {
	const char *name;
	void (*model)(struct model *, const uint8_t *, size_t, struct model_outcome *);
} programs[] = {
	[VECTOR_INGRESS] = { "ingress", model_ingress },
	[VECTOR_EGRESS] = { "egress", model_egress },
	[VECTOR_EDGE] = { "edge", model_edge },
	[VECTOR_VRF] = { "ingress in a VRF", model_ingress },
};

static const char *verdict_name(int verdict)
{
#define NAME(name, text) #name,
	static const char *const names[] = { MG_VERDICTS(NAME) };

	return verdict < 0 ? "none or several" : names[verdict];
}

#define REPORTS_MAX 10 /* more tell nothing new */

static void report(const char *what, enum vector_program program, const uint8_t *frame, size_t len,
		   const struct model_outcome *want, const uint8_t *out, size_t out_len,
		   int verdict, uint32_t action)
{
	static int reports;
	char in_text[OUT_SIZE * 2 + 1], want_text[OUT_SIZE * 2 + 1], out_text[OUT_SIZE * 2 + 1];

	cr_expect(false,
		  "%s, %s: %s\n  model:  %s, action %u, %zu octets: %s\n  loaded: %s, action %u, "
		  "%zu octets: %s",
		  what, programs[program].name, hexdump(frame, len, in_text, sizeof(in_text)),
		  verdict_name(want->verdict), want->action, want->len,
		  hexdump(want->frame, want->len, want_text, sizeof(want_text)),
		  verdict_name(verdict), action, out_len,
		  hexdump(out, out_len, out_text, sizeof(out_text)));
	cr_assert(lt(int, ++reports, REPORTS_MAX), "too many mismatches");
}

static void compare(const char *what, enum vector_program program, const uint8_t *frame, size_t len)
{
	static struct model_outcome want;
	uint8_t out[OUT_SIZE];
	size_t out_len = len;
	uint32_t action;
	uint64_t packets = 0;
	int verdict;

	model.tick = now_tick();
	model.vrf = program == VECTOR_VRF ? FIXTURE_VRF : 0;
	programs[program].model(&model, frame, len, &want);
	if (want.verdict == MG_TOO_BIG_TOLD || want.verdict == MG_UNREACHABLE)
		refill();
	if (want.member)
		packets = loaded_member(loaded, want.member).packets;
	memcpy(out, frame, len);
	cr_assert(eq(int, loaded_run(loaded, program, out, &out_len, sizeof(out), &action), 0));
	verdict = loaded_moved(loaded, counters, len);
	seen[want.verdict]++;
	if (now_tick() != model.tick)
		return; /* the clock went on between the two */
	if (verdict != (int)want.verdict || action != want.action || out_len != want.len ||
	    memcmp(out, want.frame, out_len))
		report(what, program, frame, len, &want, out, out_len, verdict, action);
	else if (want.member)
		cr_expect(loaded_member(loaded, want.member).packets == packets + 1,
			  "%s: another member", what);
}

Test(model, vectors, .init = load, .fini = unload)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		const struct vector *v = &vectors[i];
		size_t len;
		_cleanup_(freep) uint8_t *in = unhex(v->in, &len);

		if (len >= LEN_MIN)
			compare(v->name, v->program, in, len);
	}
}

Test(model, truncated, .init = load, .fini = unload)
{
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		const struct vector *v = &vectors[i];
		size_t len;
		_cleanup_(freep) uint8_t *in = unhex(v->in, &len);

		for (size_t cut = LEN_MIN; cut < len; cut++)
			compare(v->name, v->program, in, cut);
	}
}

/* Random frames are worth what they reach. */
static void print_seen(void)
{
#define EVENT(name, text) #name,
	static const char *const events[] = { MG_EVENTS(EVENT) };

	for (int v = 0; v < MG_VERDICT_COUNT; v++)
		fprintf(stderr, "%s %llu%s", verdict_name(v), (unsigned long long)seen[v],
			v + 1 < MG_VERDICT_COUNT ? ", " : "; ");
	for (int e = 0; e < MG_EVENT_COUNT; e++)
		fprintf(stderr, "%s %llu%s", events[e], (unsigned long long)loaded_event(loaded, e),
			e + 1 < MG_EVENT_COUNT ? ", " : "\n");
}

static void random_frames(const char *what, void (*draw)(struct random *, struct random_frame *))
{
	struct random random = random_seeded("model");
	struct random_frame frame;

	for (int i = 0; i < FRAMES; i++) {
		draw(&random, &frame);
		compare(what, frame.program, frame.octets, frame.len);
	}
	print_seen();
}

Test(model, broken_vectors, .init = load, .fini = unload)
{
	random_frames("broken", random_vector);
}

Test(model, packets, .init = load, .fini = unload)
{
	random_frames("random", random_packet);
}

static void put(const char *map, const void *key, const void *value)
{
	cr_assert(eq(int, bpf_map_update_elem(loaded_map(loaded, map), key, value, BPF_ANY), 0));
}

/* Any state of a slot, any two members, any of them down. */
static void redraw_slots(struct random *random)
{
	for (uint32_t i = 0; i < FIXTURE_SERVICES; i++) {
		bool inside = fixture_services[i].key.scope == MG_SCOPE_EGRESS;
		uint32_t first = i * FIXTURE_MEMBERS + 1, second = first + 1;

		model_slots[i] = (struct mg_slot){ .now = 1 + random_below(random, 2),
						   .prev = random_below(random, 3),
						   .next = random_below(random, 3),
						   .state = random_below(random, 3) };
		model_members[first].state = random_below(random, 8) ? MG_UP : MG_DOWN;
		model_members[second] =
			(struct mg_member){ .site = inside ? 11 : 5,
					    .state = random_below(random, 8) ? MG_UP : MG_DOWN };
		put("mg_slots", &i, &model_slots[i]);
		put("mg_members", &first, &model_members[first]);
		put("mg_members", &second, &model_members[second]);
	}
}

static void forget_pins(void)
{
	struct mg_pin_set none = { 0 };

	for (uint32_t i = 0; i <= model.settings.pin_set_mask; i++)
		put("mg_pins", &i, &none);
	model.pins = 0;
}

static const struct vector *draw_steered(struct random *random)
{
	const struct vector *v;

	do
		v = &vectors[random_below(random, ARRAY_SIZE(vectors))];
	while (v->verdict != MG_FORWARD && v->verdict != MG_DELIVERED);
	return v;
}

#define ROUND       12 /* frames until all pins go: too few to fill a set */
#define SLOTS_STAND 3  /* frames until slots are drawn anew */

/* Flows that start, go on, and find their slots, members and pins changed. */
Test(model, pins, .init = load, .fini = unload)
{
	static const uint8_t flags[] = { 0x02, 0xc2, 0x10, 0x18, 0x12, 0x03, 0x06 };
	struct random random = random_seeded("model");
	const struct vector *v = NULL;

	for (int i = 0; i < FRAMES; i++) {
		_cleanup_(freep) uint8_t *frame = NULL;
		size_t len;

		if (i % ROUND == 0)
			forget_pins();
		if (i % SLOTS_STAND == 0)
			redraw_slots(&random);
		if (i % ROUND == 0 || !random_below(&random, 4))
			v = draw_steered(&random);
		frame = unhex(v->in, &len);
		if (len > 47 && frame[12] == 0x08 && frame[23] == 6) { /* IPv4 and TCP, no tag */
			frame[29] ^= random_below(&random, 4);         /* the client's address */
			frame[35] ^= random_below(&random, 4);         /* and port */
			frame[47] = flags[random_below(&random, ARRAY_SIZE(flags))];
		}
		compare(v->name, v->program, frame, len);
	}
	print_seen();
}
