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
#include <sys/mman.h>
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

static void put(const char *map, const void *key, const void *value)
{
	cr_assert(eq(int, bpf_map_update_elem(loaded_map(loaded, map), key, value, BPF_ANY), 0));
}

static void forget_pins(void)
{
	struct mg_pin_set none = { 0 };

	for (uint32_t i = 0; i <= model.settings.pin_set_mask; i++)
		put("mg_pins", &i, &none);
	model.pins = 0;
}

static void forget_recent(void)
{
	size_t len = MG_RECENT_SETS * sizeof(struct mg_recent_set);
	void *recent = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED,
			    loaded_map(loaded, "mg_recent"), 0);

	cr_assert(ne(ptr, recent, MAP_FAILED));
	memset(recent, 0, len);
	munmap(recent, len);
	model.recents = 0;
}

#define FLOWS_FEW 16 /* of which so many fit into one set that none is full */

/* The model has neither full sets nor old entries. */
static void forget_many(void)
{
	if (model.tick == now_tick() && model.pins < FLOWS_FEW && model.recents < FLOWS_FEW)
		return;
	forget_pins();
	forget_recent();
	model.tick = now_tick();
}

static bool clock_went_on; /* the model may now be behind */

static void compare_loads(const char *what, uint32_t member)
{
	const struct mg_load *want = &model_loads[member];
	struct mg_load is;

	cr_assert(zero(int, bpf_map_lookup_elem(loaded_map(loaded, "mg_loads"), &member, &is)));
	cr_expect(eq(u64, is.starts, want->starts), "%s: starts", what);
	cr_expect(eq(u64, is.ends, want->ends), "%s: ends", what);
	cr_expect(eq(u64, is.seconds, want->seconds), "%s: second choices", what);
	cr_expect(eq(u64, is.handshakes, want->handshakes), "%s: handshakes", what);
	cr_expect(eq(u64, is.timed, want->timed), "%s: flows timed", what);
	cr_assert(eq(u32, is.in_flight, want->in_flight), "%s: in flight", what);
}

static void compare(const char *what, enum vector_program program, const uint8_t *frame, size_t len)
{
	static struct model_outcome want;
	uint8_t out[OUT_SIZE];
	size_t out_len = len;
	uint32_t action;
	uint64_t packets = 0;
	int verdict;

	forget_many();
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
	clock_went_on = now_tick() != model.tick;
	if (clock_went_on)
		return; /* between the two */
	if (verdict != (int)want.verdict || action != want.action || out_len != want.len ||
	    memcmp(out, want.frame, out_len))
		report(what, program, frame, len, &want, out, out_len, verdict, action);
	else if (want.member)
		cr_expect(loaded_member(loaded, want.member).packets == packets + 1,
			  "%s: another member", what);
	if (want.load)
		compare_loads(what, want.load);
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

static void redraw_slot(struct random *random, uint32_t slot)
{
	model_slots[slot] = (struct mg_slot){ .now = 1 + random_below(random, 2),
					      .prev = random_below(random, 3),
					      .next = random_below(random, 3),
					      .state = random_below(random, 3) };
	put("mg_slots", &slot, &model_slots[slot]);
}

/* Any state of a slot, any two members, any of them down. */
static void redraw_slots(struct random *random)
{
	for (uint32_t i = 0; i < FIXTURE_SERVICES; i++) {
		bool inside = fixture_services[i].key.scope == MG_SCOPE_EGRESS;
		uint32_t first = i * FIXTURE_MEMBERS + 1, second = first + 1;

		for (uint32_t k = 0; k < FIXTURE_SLOTS; k++)
			redraw_slot(random, i * FIXTURE_SLOTS + k);
		model_members[first].state = random_below(random, 8) ? MG_UP : MG_DOWN;
		model_members[second] =
			(struct mg_member){ .site = inside ? 11 : 5,
					    .weight = FIXTURE_WEIGHT,
					    .state = random_below(random, 8) ? MG_UP : MG_DOWN };
		put("mg_members", &first, &model_members[first]);
		put("mg_members", &second, &model_members[second]);
	}
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

/* A packet of one of few flows: other flags, and one of so many ports and addresses. */
static void draw_flow(struct random *random, uint32_t variants, uint8_t *frame, size_t len)
{
	static const uint8_t flags[] = { 0x02, 0xc2, 0x10, 0x18, 0x12, 0x03, 0x06, 0x11, 0x14 };

	if (len > 47 && frame[12] == 0x08 && frame[23] == 6) { /* IPv4 and TCP, no tag */
		frame[29] ^= random_below(random, variants);   /* the client's address */
		frame[35] ^= random_below(random, variants);   /* and port */
		frame[47] = flags[random_below(random, ARRAY_SIZE(flags))];
	}
	if (len > 36 && frame[12] == 0x08 && frame[23] == 17)
		frame[35] ^= random_below(random, variants);
}

/* Flows that start, go on, and find their slots, members and pins changed. */
Test(model, pins, .init = load, .fini = unload)
{
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
		draw_flow(&random, 4, frame, len);
		compare(v->name, v->program, frame, len);
	}
	print_seen();
}

#define TWO_BASE (FIXTURE_SLOTS * FIXTURE_SERVICES) /* of the ranges of several slots */

/* A range of slots, counts and weights for each service of clients, and any placement. */
static void redraw_choices(struct random *random)
{
	for (uint32_t i = 0; i < FIXTURE_SERVICES; i++) {
		struct mg_service *service = &model.service[i];
		uint32_t place = i + 1;

		if (service->key.scope != MG_SCOPE_INGRESS)
			continue;
		service->placement =
			random_below(random, 4) ? MG_PLACEMENT_TWO_CHOICE : random_below(random, 3);
		service->observe = service->placement || random_below(random, 2);
		service->slot_base = TWO_BASE + i * MODEL_RANGE;
		service->slot_mask = MODEL_RANGE - 1;
		put("mg_services", &place, service);
		for (uint32_t k = 0; k < MODEL_RANGE; k++)
			redraw_slot(random, service->slot_base + k);
		for (uint32_t m = 1; m <= 2; m++) {
			uint32_t member = service->member_base + m;

			model_members[member].weight = random_below(random, 65537);
			model_loads[member].in_flight = random_below(random, 6 * MG_LOAD_FLOW);
			put("mg_members", &member, &model_members[member]);
			put("mg_loads", &member, &model_loads[member]);
		}
	}
}

static const struct vector *draw_from_client(struct random *random)
{
	const struct vector *v;

	do
		v = draw_steered(random);
	while (v->verdict != MG_FORWARD);
	return v;
}

#define CHOICE_ROUNDS 1200
#define CHOICE_FRAMES 20

/* Flows that start and end, where the second slot is asked, too. */
Test(model, two_choices, .init = load, .fini = unload)
{
	struct random random = random_seeded("model");
	uint64_t seconds = 0, handshakes = 0;

	for (int i = 0; i < CHOICE_ROUNDS; i++) {
		const struct vector *v = draw_from_client(&random);

		forget_pins();
		forget_recent();
		redraw_slots(&random);
		redraw_choices(&random);
		for (int k = 0; k < CHOICE_FRAMES && !clock_went_on; k++) {
			_cleanup_(freep) uint8_t *frame = NULL;
			size_t len;

			frame = unhex(v->in, &len);
			draw_flow(&random, 2, frame, len);
			if (len > 47 &&
			    frame[12] == 0x08) /* ports whose handshakes are timed, too */
				frame[34] ^= i;
			compare(v->name, v->program, frame, len);
		}
		clock_went_on = false;
		for (size_t m = 0; m < ARRAY_SIZE(model_loads); m++) {
			seconds += model_loads[m].seconds;
			handshakes += model_loads[m].handshakes;
			model_loads[m] = (struct mg_load){ 0 };
		}
	}
	print_seen();
	cr_expect(seconds > 40, "too few second choices to say anything");
	cr_expect(handshakes > 2, "too few handshakes to say anything");
}
