/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables with real maps, in a namespace of their own; and words for what is done to them. One
 * test process, and one of these in it.
 */
#pragma once
#include "tables/state.h"

#include "netns.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/new/assert.h>
#include <pin.h>
#include <signal.h>
#include <slot.h>
#include <trace.h>

#define PIN_DIR "/sys/fs/bpf/margay"
#define SECOND  1000000000ull
#define IDLE_S  10

static const struct tables_config config = {
	.pin_dir = PIN_DIR,
	.services = 8,
	.slots = 1024,
	.pin_sets = 64,
	.members = 256,
	.sites = 64,
	.hash_seed = 42,
};

static struct lab {
	uv_loop_t loop;
	struct tables *tables;
	struct table_service *service;
	uint64_t now_ns;
} lab;

static inline void lab_open(void)
{
	cr_assert(eq(int, tables_open(&lab.loop, &config, &lab.tables), 0));
}

static inline void lab_up(void)
{
	kernel_private();
	netns_new();
	cr_assert(eq(int, uv_loop_init(&lab.loop), 0));
	lab.now_ns = uv_hrtime();
	lab_open();
}

static inline void lab_down(void)
{
	tables_close(&lab.tables);
	loop_end(&lab.loop);
}

static inline void lab_reopen(void)
{
	tables_close(&lab.tables);
	lab_open();
}

static inline struct service_spec spec_of(uint16_t port, uint32_t slots)
{
	return (struct service_spec){ .key = { .addr = { 192, 0, 2, 1 }, .port = port, .proto = 6 },
				      .slots = slots,
				      .idle_s = IDLE_S };
}

static inline struct table_service *service(uint16_t port, uint32_t slots)
{
	const struct service_spec spec = spec_of(port, slots);
	struct table_service *s = NULL;

	cr_assert(eq(int, tables_service_add(lab.tables, &spec, &s), 0));
	return s;
}

/* A site of its own per number, in documentation space: there is no route to it. */
static inline uint32_t site(uint8_t number)
{
	struct site_spec spec = { .encap = MG_ENCAP_IPIP };
	uint32_t index;

	spec.outer_src = addr_of_v4((uint8_t[]){ 203, 0, 113, 1 });
	spec.outer_dst = addr_of_v4((uint8_t[]){ 198, 51, 100, number });
	cr_assert(eq(int, tables_site_get(lab.tables, &spec, &index), 0));
	return index;
}

static inline uint16_t member(struct table_service *s, uint8_t number)
{
	uint32_t index = site(number);
	uint16_t m;

	cr_assert(eq(int, tables_member_add(s, index, &m), 0));
	tables_site_put(lab.tables, index); /* the member has its own reference */
	tables_member_state(s, m, MG_UP, 100);
	return m;
}

static inline size_t apply_all(struct table_service *s, uint16_t now, uint16_t next)
{
	_cleanup_(freep) uint16_t *pair = calloc(s->spec.slots, 4);

	for (uint32_t i = 0; i < s->spec.slots; i++) {
		pair[2 * i] = now;
		pair[2 * i + 1] = next;
	}
	return tables_slots_apply(s, pair, lab.now_ns);
}

static inline struct mg_slot slot(struct table_service *s, uint32_t i)
{
	struct mg_slot ret = { 0 };

	cr_assert(tables_slot(s, i, &ret));
	return ret;
}

/* Whole rounds, and where one is under way the rest of it. */
static inline void sweep_rounds(unsigned int rounds)
{
	uint64_t until = lab.tables->sweep.round + rounds;

	while (lab.tables->sweep.round < until)
		tables_sweep(lab.tables, lab.now_ns);
}

static inline void pin_plant(uint32_t set, uint32_t slot_index, uint16_t m)
{
	struct mg_pin *pin = lab.tables->maps.memory[MAP_PINS];

	pin[set * MG_PINS_PER_SET] = (struct mg_pin){
		.slot = slot_index,
		.fingerprint = 0xabcd,
		.member = m,
		.tick = lab.now_ns >> MG_TICK_SHIFT & 0xff,
	};
}

static inline void count_pin(void *user, const struct pin_state *pin)
{
	++*(size_t *)user;
}

static inline size_t pins(void)
{
	size_t visited = 0, told = tables_pins(lab.tables, lab.now_ns, count_pin, &visited);

	cr_expect(eq(sz, visited, told));
	return told;
}

static inline bool entry_at(const struct mg_service_key *key, struct mg_service *ret)
{
	const struct mg_service *entry = lab.tables->maps.memory[MAP_SERVICES];
	struct mg_service_ref *ref = lab.tables->maps.memory[MAP_SERVICE_SETS];

	for (uint32_t i = 0; i < lab.tables->maps.size[MAP_SERVICE_SETS] * MG_SERVICES_PER_SET;
	     i++) {
		if (!ref[i].place || ref[i].place == MG_SERVICE_GONE ||
		    memcmp(&entry[ref[i].place].key, key, sizeof(*key)))
			continue;
		*ret = entry[ref[i].place];
		return true;
	}
	return false;
}

static inline bool entry_of(uint16_t port, struct mg_service *ret)
{
	const struct service_spec spec = spec_of(port, 1);

	return entry_at(&spec.key, ret);
}

static inline void counter_plant(enum map_id id, uint32_t index)
{
	_cleanup_(freep) struct mg_counter *cpu =
		calloc((size_t)lab.tables->maps.cpus, sizeof(*cpu));
	struct mg_member_counter *of_member = lab.tables->maps.memory[MAP_COUNTERS_MEMBER];

	for (int i = 0; i < lab.tables->maps.cpus; i++) {
		cpu[i] = (struct mg_counter){ .packets = 10, .bytes = 1000, .starts = 1 };
		if (id == MAP_COUNTERS_MEMBER)
			of_member[(uint32_t)i * config.members + index] =
				(struct mg_member_counter){ 10, 1000, 1, 0 };
	}
	if (id != MAP_COUNTERS_MEMBER)
		cr_assert(eq(int, bpf_map_update_elem(lab.tables->maps.fd[id], &index, cpu, 0), 0));
}
