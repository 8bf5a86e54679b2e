/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: The sweep reads the mapped pins, a part at each call. A round over all pins, then over all
 * slots, takes SWEEP_PARTS calls. What a round concludes (a slot has no foreign pin, nobody names a
 * member) holds because it looked at everything after the state in question had begun.
 */
#include "tables/state.h"

#include "base/util.h"

#include <errno.h>
#include <pin.h>
#include <string.h>
#include <trace.h>

#define SWEEP_PARTS 10
#define TICK_FUTURE 2 /* a tick that far ahead is of a CPU that read the clock after us */
#define TICK_NS     (1ull << MG_TICK_SHIFT)
#define TICK_COUNT  256

/* Only if it is still what was looked at: the data plane may refresh or reuse it at any time. */
static bool pin_clear(struct mg_pin *at, struct mg_pin seen)
{
	return pin_swap((struct pin_ref){ at, seen }, (struct mg_pin){ .member = MG_MEMBER_NONE });
}

static uint32_t pin_ticks(struct mg_pin pin, uint64_t now_ns)
{
	uint32_t ticks = (uint32_t)(now_ns / TICK_NS - pin.tick) % TICK_COUNT;

	return ticks >= TICK_COUNT - TICK_FUTURE ? 0 : ticks;
}

static bool pin_expired(const struct table_service *s, struct mg_pin pin, uint64_t now_ns)
{
	uint64_t idle_ns = s->spec.idle_s * 1000000000ull;

	/* Seen somewhere within its tick, so one more must have passed in full. */
	return s->spec.idle_s && pin_ticks(pin, now_ns) > (idle_ns + TICK_NS - 1) / TICK_NS;
}

static bool pin_member_gone(const struct table_service *s, uint32_t member)
{
	return member > s->entry.member_count || s->member[member].use == MEMBER_FREE ||
	       s->member[member].use == MEMBER_LEAVING;
}

static void pin_sweep(struct tables *t, struct mg_pin *at, uint64_t now_ns)
{
	struct mg_pin pin = pin_load(at);
	struct table_service *s;
	uint32_t slot = pin.slot;

	if (pin.member == MG_MEMBER_NONE)
		return;
	s = service_of_slot(t, slot);
	if ((!s || pin_member_gone(s, pin.member) || pin_expired(s, pin, now_ns)) &&
	    pin_clear(at, pin))
		return;
	if (!s)
		return;
	s->pins_counting++;
	if (tables_slot_memory(t)[slot].now != pin.member)
		t->sweep.foreign[slot / 64] |= 1ull << slot % 64;
}

/* The marks of this set and of those before it that share its word. */
static void marks_sweep(struct tables *t, uint32_t set)
{
	struct mg_pin_marks *marks = t->maps.memory[MAP_PIN_MARKS];
	uint32_t word = set / MG_MARKS_PER_WORD, first = word * MG_MARKS_PER_WORD;

	pin_marks_sweep(&marks[word], &tables_pin_memory(t)[first], set + 1 - first);
}

static void pins_sweep(struct tables *t, uint32_t from, uint32_t to, uint64_t now_ns)
{
	for (uint32_t set = from; set < to; set++) {
		for (uint32_t i = 0; i < MG_PINS_PER_SET; i++)
			pin_sweep(t, &tables_pin_memory(t)[set].pin[i], now_ns);
		if (set % MG_MARKS_PER_WORD == MG_MARKS_PER_WORD - 1 ||
		    set == t->maps.size[MAP_PINS] - 1)
			marks_sweep(t, set);
	}
}

/* Pins of a build that made no marks; its programs may be at work until the ports have ours. The
 * next round sees which are needed. */
static void marks_fill(struct tables *t)
{
	if (t->maps.memory[MAP_PIN_MARKS])
		memset(t->maps.memory[MAP_PIN_MARKS], 0xff, t->maps.memory_len[MAP_PIN_MARKS]);
}

/* How many slots, or sets of pins, there are to be looked at: none without a service. */
static uint32_t flows_size(const struct tables *t, enum map_id id)
{
	return t->maps.memory[id] ? t->maps.size[id] : 0;
}

/* --- rounds ----------------------------------------------------------------------------------- */
static void round_pins_done(struct tables *t)
{
	for (size_t i = 0; i < t->service_count; i++)
		t->service[i]->pins = t->service[i]->pins_counting;
	t->sweep.in_slots = true;
	t->sweep.at = 0;
}

static void round_start(struct tables *t)
{
	for (size_t i = 0; i < t->service_count; i++)
		t->service[i]->pins_counting = 0;
	memset(t->sweep.foreign, 0, (t->maps.size[MAP_SLOTS] / 64 + 1) * sizeof(uint64_t));
	t->sweep.round++;
	t->sweep.in_slots = false;
	t->sweep.at = 0;
}

static void round_done(struct tables *t, uint64_t now_ns)
{
	fill_mark(t, now_ns); /* before what rests is free */
	for (size_t i = 0; i < t->service_count; i++)
		if (t->service[i]->claimed)
			members_bury(t->service[i]);
	services_release(t);
	sites_release(t);
	nexthops_release(t);
	round_start(t);
}

void pins_scrub(struct tables *t)
{
	pins_sweep(t, 0, flows_size(t, MAP_PINS), 0);
	if (t->maps.adopted && t->maps.made & BIT(MAP_PIN_MARKS))
		marks_fill(t);
	round_pins_done(t);
	round_start(t);
}

static void slots_sweep(struct tables *t, uint32_t from, uint32_t to, uint64_t now_ns)
{
	for (size_t i = 0; i < t->service_count; i++) {
		struct table_service *s = t->service[i];
		uint32_t base = s->entry.slot_base, end = base + s->spec.slots;
		uint32_t first = from > base ? from : base, last = to < end ? to : end;

		if (first < last)
			slots_settle(s, first - base, last - base, now_ns);
	}
}

/* A reader that was killed did not turn its filter off. One that lives writes `on` again when it
 * renews, should it just have been late. */
static void trace_sweep(struct tables *t, uint64_t now_ns)
{
	struct mg_trace_filter *filter = t->maps.memory[MAP_TRACE_FILTER];

	if (__atomic_load_n(&filter->on, __ATOMIC_RELAXED) &&
	    now_ns >= __atomic_load_n(&filter->until_ns, __ATOMIC_RELAXED))
		__atomic_store_n(&filter->on, 0, __ATOMIC_RELAXED);
}

void tables_sweep(struct tables *t, uint64_t now_ns)
{
	struct sweep *sweep = &t->sweep;
	uint32_t size = flows_size(t, sweep->in_slots ? MAP_SLOTS : MAP_PINS);
	uint32_t part = size / (SWEEP_PARTS / 2) + 1;
	uint32_t to = size - sweep->at < part ? size : sweep->at + part;

	if (sweep->in_slots)
		slots_sweep(t, sweep->at, to, now_ns);
	else
		pins_sweep(t, sweep->at, to, now_ns);
	sweep->at = to;
	trace_sweep(t, now_ns);
	if (to < size)
		return;
	if (sweep->in_slots)
		round_done(t, now_ns);
	else
		round_pins_done(t);
}

int sweep_take(struct tables *t, struct ranges *ranges, uint32_t len, uint32_t *ret_base)
{
	uint64_t round = t->sweep.round + 2; /* one may be half over */
	int r = ranges_take(ranges, len, 1, ret_base);

	while (r == -ENOSPC && t->sweep.round < round)
		tables_sweep(t, uv_hrtime());
	return r == -ENOSPC ? ranges_take(ranges, len, 1, ret_base) : r;
}

/* --- view ------------------------------------------------------------------------------------- */
size_t tables_pins(const struct tables *t, uint64_t now_ns,
		   void (*visit)(void *user, const struct pin_state *pin), void *user)
{
	size_t count = 0;

	for (size_t i = 0; i < (size_t)flows_size(t, MAP_PINS) * MG_PINS_PER_SET; i++) {
		struct mg_pin pin = pin_load(&tables_pin_memory(t)->pin[0] + i);
		struct pin_state state = {
			.slot = pin.slot,
			.fingerprint = pin.fingerprint,
			.member = pin.member,
			.age_s = (uint32_t)(pin_ticks(pin, now_ns) * TICK_NS / 1000000000u),
			.service = service_of_slot(t, pin.slot),
		};

		if (pin.member == MG_MEMBER_NONE)
			continue;
		visit(user, &state);
		count++;
	}
	return count;
}
