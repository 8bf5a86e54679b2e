/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables with real maps: what is made, adopted, refused, swept and used again. */
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

static void lab_open(void)
{
	cr_assert(eq(int, tables_open(&lab.loop, &config, &lab.tables), 0));
}

static void lab_up(void)
{
	kernel_private();
	netns_new();
	cr_assert(eq(int, uv_loop_init(&lab.loop), 0));
	lab.now_ns = uv_hrtime();
	lab_open();
}

static void lab_down(void)
{
	tables_close(&lab.tables);
	loop_end(&lab.loop);
}

static void lab_reopen(void)
{
	tables_close(&lab.tables);
	lab_open();
}

static struct service_spec spec_of(uint16_t port, uint32_t slots)
{
	return (struct service_spec){ .key = { .addr = { 192, 0, 2, 1 }, .port = port, .proto = 6 },
				      .slots = slots,
				      .idle_s = IDLE_S };
}

static struct table_service *service(uint16_t port, uint32_t slots)
{
	const struct service_spec spec = spec_of(port, slots);
	struct table_service *s = NULL;

	cr_assert(eq(int, tables_service_add(lab.tables, &spec, &s), 0));
	return s;
}

/* A site of its own per number, in documentation space: there is no route to it. */
static uint32_t site(uint8_t number)
{
	struct site_spec spec = { .encap = MG_ENCAP_IPIP };
	uint32_t index;

	spec.outer_src = addr_of_v4((uint8_t[]){ 203, 0, 113, 1 });
	spec.outer_dst = addr_of_v4((uint8_t[]){ 198, 51, 100, number });
	cr_assert(eq(int, tables_site_get(lab.tables, &spec, &index), 0));
	return index;
}

static uint16_t member(struct table_service *s, uint8_t number)
{
	uint32_t index = site(number);
	uint16_t m;

	cr_assert(eq(int, tables_member_add(s, index, &m), 0));
	tables_site_put(lab.tables, index); /* the member has its own reference */
	tables_member_state(s, m, MG_UP, 100);
	return m;
}

static size_t apply_all(struct table_service *s, uint16_t now, uint16_t next)
{
	_cleanup_(freep) uint16_t *pair = calloc(s->spec.slots, 4);

	for (uint32_t i = 0; i < s->spec.slots; i++) {
		pair[2 * i] = now;
		pair[2 * i + 1] = next;
	}
	return tables_slots_apply(s, pair, lab.now_ns);
}

static struct mg_slot slot(struct table_service *s, uint32_t i)
{
	struct mg_slot ret = { 0 };

	cr_assert(tables_slot(s, i, &ret));
	return ret;
}

/* Whole rounds, and where one is under way the rest of it. */
static void sweep_rounds(unsigned int rounds)
{
	uint64_t until = lab.tables->sweep.round + rounds;

	while (lab.tables->sweep.round < until)
		tables_sweep(lab.tables, lab.now_ns);
}

static void pin_plant(uint32_t set, uint32_t slot_index, uint16_t m)
{
	struct mg_pin *pin = lab.tables->maps.memory[MAP_PINS];

	pin[set * MG_PINS_PER_SET] = (struct mg_pin){
		.slot = slot_index,
		.fingerprint = 0xabcd,
		.member = m,
		.tick = lab.now_ns >> MG_TICK_SHIFT & 0xff,
	};
}

static void count_pin(void *user, const struct pin_state *pin)
{
	++*(size_t *)user;
}

static size_t pins(void)
{
	size_t visited = 0, told = tables_pins(lab.tables, lab.now_ns, count_pin, &visited);

	cr_expect(eq(sz, visited, told));
	return told;
}

static bool entry_at(const struct mg_service_key *key, struct mg_service *ret)
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

static bool entry_of(uint16_t port, struct mg_service *ret)
{
	const struct service_spec spec = spec_of(port, 1);

	return entry_at(&spec.key, ret);
}

/* --- adoption --------------------------------------------------------------------------------- */
Test(tables, adopts_what_it_left, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	uint16_t a = member(s, 1), b = member(s, 2), m;
	struct mg_service before, after;
	struct mg_slot kept;

	apply_all(s, a, b);
	apply_all(s, b, a);
	kept = slot(s, 5);
	cr_expect(eq(int, kept.state, MG_SLOT_MOVING));
	pin_plant(3, s->entry.slot_base + 5, a);
	cr_assert(entry_of(80, &before));

	lab_reopen();
	cr_assert(entry_of(80, &after));
	cr_expect(eq(int, memcmp(&before, &after, sizeof(before)), 0));
	s = service(80, 64);
	cr_expect(eq(sz, pins(), 1));
	m = member(s, 2);
	cr_expect(eq(u16, m, b), "the same site keeps its number");
	m = member(s, 1);
	cr_expect(eq(u16, m, a));
	cr_expect(eq(sz, apply_all(s, b, a), 0), "nothing changes");
	cr_expect(eq(u16, slot(s, 5).prev, kept.prev));
	cr_expect(eq(u32, s->member[b].owned, 64));
	tables_claim_end(lab.tables);
	sweep_rounds(3);
	cr_expect(eq(sz, pins(), 1));
	cr_expect(eq(int, slot(s, 5).state, MG_SLOT_MOVING));
}

/* The pin of a counter array, exchanged for one that has but `entries`, each of 7. */
static void outgrown_plant(const char *name, uint32_t value_size, uint32_t entries)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, name, 4, value_size, entries, NULL);
	_cleanup_(freep) uint64_t *values = calloc(libbpf_num_possible_cpus(), value_size);
	char path[128];

	cr_assert(ge(int, fd, 0));
	for (size_t i = 0; i < (size_t)libbpf_num_possible_cpus() * value_size / 8; i++)
		values[i] = 7;
	for (uint32_t i = 0; i < entries; i++)
		cr_assert(eq(int, bpf_map_update_elem(fd, &i, values, BPF_ANY), 0));
	snprintf(path, sizeof(path), PIN_DIR "/" MG_ABI_VERSION "/%s", name);
	cr_assert(eq(int, unlink(path), 0));
	cr_assert(eq(int, bpf_obj_pin(fd, path), 0));
	close(fd);
}

static bool has_flows(void)
{
	return lab.tables->maps.memory[MAP_SLOTS] && lab.tables->maps.memory[MAP_PINS];
}

/* A router without services, a reflector, does without the largest tables in its memory. */
Test(tables, has_the_tables_of_flows_with_a_service, .init = lab_up, .fini = lab_down)
{
	struct table_service *s;
	uint32_t index;
	uint16_t m;

	cr_expect(not(has_flows()));
	cr_expect(eq(sz, pins(), 0));
	index = site(1);
	tables_site_put(lab.tables, index);
	sweep_rounds(3); /* what was given back is taken again */
	cr_expect(eq(u32, site(1), index));
	lab_reopen();
	cr_expect(not(has_flows()), "nothing was left");
	s = service(80, 16);
	cr_expect(has_flows());
	m = member(s, 1);
	apply_all(s, m, MG_MEMBER_NONE);
	lab_reopen();
	cr_expect(has_flows());
	s = service(80, 16);
	cr_expect(eq(u16, slot(s, 3).now, m));
	tables_service_remove(&s);
	lab_reopen();
	cr_expect(not(has_flows()));
	s = service(80, 16);
	cr_expect(eq(u16, slot(s, 3).now, MG_MEMBER_NONE));
}

/* The data plane looks for pins where marks say that there may be one. */
Test(tables, brings_marks_in_line_with_pins, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	uint16_t a = member(s, 1);
	struct mg_pin_marks *marks = lab.tables->maps.memory[MAP_PIN_MARKS];
	uint64_t eleven = pin_marks_of(11, pin_mark_bit(0xabcd));

	apply_all(s, a, MG_MEMBER_NONE);
	pin_plant(11, s->entry.slot_base, a);
	pin_plant(lab.tables->maps.size[MAP_PINS] - 1, s->entry.slot_base, a);
	marks[0] = marks[1] = (struct mg_pin_marks){ { 0x81, [7] = 0x7f } };
	sweep_rounds(1);
	cr_expect(zero(u64, pin_marks_load(&marks[0])));
	cr_expect(eq(u64, pin_marks_load(&marks[1]), eleven));
	cr_expect(eq(u64, pin_marks_load(&marks[lab.tables->maps.size[MAP_PINS] / 8 - 1]),
		     pin_marks_of(7, pin_mark_bit(0xabcd))));
	lab_reopen();
	marks = lab.tables->maps.memory[MAP_PIN_MARKS];
	cr_expect(eq(u64, pin_marks_load(&marks[1]), eleven));
}

Test(tables, adopts_from_an_older_build, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	uint16_t a = member(s, 1);
	uint64_t sevens = 7 * (uint64_t)libbpf_num_possible_cpus();
	struct mg_counter verdict[MG_VERDICT_COUNT];
	uint64_t event[MG_EVENT_COUNT];

	apply_all(s, a, 0);
	tables_close(&lab.tables);
	cr_assert(eq(int, unlink(PIN_DIR "/" MG_ABI_VERSION "/mg_fragments"), 0));
	cr_assert(eq(int, unlink(PIN_DIR "/" MG_ABI_VERSION "/mg_buckets"), 0));
	cr_assert(eq(int, unlink(PIN_DIR "/" MG_ABI_VERSION "/mg_loads"), 0));
	cr_assert(eq(int, unlink(PIN_DIR "/" MG_ABI_VERSION "/mg_recent"), 0));
	cr_assert(eq(int, unlink(PIN_DIR "/" MG_ABI_VERSION "/mg_pin_marks"), 0));
	outgrown_plant("mg_counters_verdict", sizeof(struct mg_counter), MG_CONGESTED + 1);
	outgrown_plant("mg_counters_event", sizeof(uint64_t), MG_EVENT_NEXT_CHOICE + 1);
	for (int run = 0; run < 2; run++) { /* the second finds its own */
		lab_open();
		tables_verdicts(lab.tables, verdict);
		cr_expect(eq(u64, verdict[MG_CONGESTED].bytes, sevens));
		cr_expect(eq(u64, verdict[MG_CONGESTED + 1].bytes, 0));
		tables_events(lab.tables, event);
		cr_expect(eq(u64, event[MG_EVENT_NEXT_CHOICE], sevens));
		cr_expect(eq(u64, event[MG_EVENT_NEXT_CHOICE + 1], 0));
		cr_expect(eq(u16, slot(service(80, 64), 5).now, a), "what was there is kept");
		/* That build's pins have no marks, and its programs are still at work. */
		cr_expect(eq(u64, pin_marks_load(lab.tables->maps.memory[MAP_PIN_MARKS]),
			     run ? 0 : UINT64_MAX));
		sweep_rounds(1);
		cr_expect(zero(u64, pin_marks_load(lab.tables->maps.memory[MAP_PIN_MARKS])));
		if (!run)
			tables_close(&lab.tables);
	}
}

Test(tables, drops_what_nobody_claims, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	uint16_t a = member(s, 1), b = member(s, 2);
	struct addr endpoint = addr_of_v4((uint8_t[]){ 203, 0, 113, 1 });
	struct mg_endpoint_key key;
	struct site_state state;
	struct mg_service entry;
	const struct endpoint_spec ipip = { .strip = 1 << MG_ENCAP_IPIP };
	struct mg_endpoint value;

	apply_all(s, a, b);
	apply_all(service(443, 64), 0, 0);
	cr_assert(eq(int, tables_endpoint_add(lab.tables, &endpoint, &ipip), 0));
	lab_reopen();
	s = service(443, 64);
	cr_expect(entry_of(80, &entry));
	tables_claim_end(lab.tables);
	cr_expect(not(entry_of(80, &entry)));
	cr_expect(entry_of(443, &entry));
	memcpy(key.addr, endpoint.octet, 16);
	cr_expect(
		lt(int, bpf_map_lookup_elem(lab.tables->maps.fd[MAP_ENDPOINTS], &key, &value), 0));
	sweep_rounds(2);
	cr_expect(not(tables_site(lab.tables, 0, &state)));
	cr_expect(eq(sz, lab.tables->sites.count, 0));
	cr_expect(eq(sz, lab.tables->slots.count, 1));
}

/* The former run is killed while it changes slots; whatever it had stored must be sound. */
Test(tables, survives_a_kill, .init = lab_up, .fini = lab_down, .timeout = 240)
{
	for (int i = 0; i < 10; i++) {
		struct table_service *s;
		struct mg_service entry;
		uint16_t a, b;
		int ready[2];
		pid_t child;
		char byte;

		tables_close(&lab.tables);
		cr_assert(eq(int, pipe(ready), 0));
		child = fork();
		if (!child) {
			lab_open();
			s = service(80, 64);
			a = member(s, 1);
			b = member(s, 2);
			apply_all(s, a, b);
			close(ready[1]);
			for (;;) {
				apply_all(s, a, b);
				apply_all(s, b, a);
				s = service(443, 128);
				apply_all(s, member(s, 3), 0);
				tables_service_remove(&s);
				s = lab.tables->service[0];
				tables_sweep(lab.tables, uv_hrtime());
			}
		}
		close(ready[1]);
		cr_expect(eq(int, (int)read(ready[0], &byte, 1), 0));
		close(ready[0]);
		usleep((useconds_t)(i * 7919));
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		lab_open();
		cr_assert(entry_of(80, &entry));
		s = service(80, 64);
		for (uint32_t k = 0; k < 64; k++)
			cr_expect(member_usable(s, slot(s, k).now), "run %d, slot %u", i, k);
		tables_claim_end(lab.tables);
		cr_expect(not(entry_of(443, &entry)));
	}
}

/* --- what is refused -------------------------------------------------------------------------- */
Test(tables, refuses_other_sizes, .init = lab_up, .fini = lab_down)
{
	struct tables_config other = config;
	struct tables *tables = NULL;

	tables_close(&lab.tables);
	other.slots = 2048;
	cr_expect(eq(int, tables_open(&lab.loop, &other, &tables), -EEXIST));
	cr_expect(tables == NULL);
	lab_open();
	cr_expect(eq(int, tables_open(&lab.loop, &config, &tables), -EWOULDBLOCK));
	cr_expect(tables == NULL);
}

Test(tables, leaves_nothing_after_failure, .init = lab_up, .fini = lab_down)
{
	struct tables *tables = NULL;
	int fd;

	tables_close(&lab.tables);
	sh("rm " PIN_DIR "/" MG_ABI_VERSION "/*");
	fd = bpf_map_create(BPF_MAP_TYPE_HASH, "mg_sites", 4, 4, 4, NULL);
	cr_assert(eq(int, bpf_obj_pin(fd, PIN_DIR "/" MG_ABI_VERSION "/mg_sites"), 0));
	close(fd);
	cr_expect(eq(int, tables_open(&lab.loop, &config, &tables), -EEXIST));
	sh("test $(ls " PIN_DIR "/" MG_ABI_VERSION " | wc -l) = 1");
	sh("rm " PIN_DIR "/" MG_ABI_VERSION "/*");
	lab_open();
	sh("test $(ls " PIN_DIR "/" MG_ABI_VERSION " | wc -l) = %d", MAP_COUNT);
}

static const struct {
	const char *name;
	struct tables_config config;
	int want;
} bad_configs[] = {
	{ "not a BPF file system",
	  { "/tmp/margay", 8, 1024, 64, 256, 16, 0, { { 0 } }, NULL, 0 },
	  -ENOENT },
	{ "relative", { "margay", 8, 1024, 64, 256, 16, 0, { { 0 } }, NULL, 0 }, -EINVAL },
	{ "pin sets no power of two",
	  { PIN_DIR, 8, 1024, 63, 256, 16, 0, { { 0 } }, NULL, 0 },
	  -EINVAL },
	{ "slots beyond a pin's 24 bits",
	  { PIN_DIR, 8, MG_SLOTS_MAX + 1, 64, 256, 16, 0, { { 0 } }, NULL, 0 },
	  -EINVAL },
	{ "no sites", { PIN_DIR, 8, 1024, 64, 256, 0, 0, { { 0 } }, NULL, 0 }, -EINVAL },
};

Test(tables, refuses_bad_configs, .init = lab_up, .fini = lab_down)
{
	struct tables *tables = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(bad_configs); i++) {
		int r = tables_open(&lab.loop, &bad_configs[i].config, &tables);

		cr_expect(eq(int, r, bad_configs[i].want), "%s", bad_configs[i].name);
		cr_expect(tables == NULL, "%s", bad_configs[i].name);
	}
}

static const struct {
	const char *name;
	uint32_t slots, idle_s;
	int want;
} bad_services[] = {
	{ "no power of two", 65, 10, -EINVAL },       { "no slots", 0, 10, -EINVAL },
	{ "idle of zero", 64, 0, -EINVAL },           { "idle beyond the clock", 64, 901, -EINVAL },
	{ "more slots than are", 2048, 10, -ENOSPC }, { "the key is taken", 64, 10, -EEXIST },
};

Test(tables, refuses_bad_services, .init = lab_up, .fini = lab_down)
{
	service(80, 64);
	for (size_t i = 0; i < ARRAY_SIZE(bad_services); i++) {
		bool taken = bad_services[i].want == -EEXIST;
		struct service_spec spec = spec_of(taken ? 80 : 81, bad_services[i].slots);
		struct table_service *s = NULL;

		spec.idle_s = bad_services[i].idle_s;
		cr_expect(eq(int, tables_service_add(lab.tables, &spec, &s), bad_services[i].want),
			  "%s", bad_services[i].name);
		cr_expect(s == NULL, "%s", bad_services[i].name);
	}
}

/* --- services and their ranges ---------------------------------------------------------------- */
static void expect_apart(struct table_service **s, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < i; k++) {
			const struct mg_service *a = s[i] ? &s[i]->entry : NULL;
			const struct mg_service *b = s[k] ? &s[k]->entry : NULL;

			if (!a || !b)
				continue;
			cr_assert(a->slot_base > b->slot_base + b->slot_mask ||
				  b->slot_base > a->slot_base + a->slot_mask);
			cr_assert(a->member_base >= b->member_base + b->member_count ||
				  b->member_base >= a->member_base + a->member_count);
			cr_assert(a->index != b->index);
		}
	}
}

Test(tables, survives_fragmentation, .init = lab_up, .fini = lab_down, .timeout = 180)
{
	struct table_service *s[6] = { NULL };
	unsigned int seed = (unsigned int)uv_hrtime();

	cr_log_info("seed %u", seed);
	srand(seed);
	for (int i = 0; i < 400; i++) {
		size_t at = (size_t)rand() % ARRAY_SIZE(s);
		uint32_t slots = 1u << rand() % 8;

		if (s[at]) {
			tables_service_remove(&s[at]);
			cr_assert(s[at] == NULL);
			sweep_rounds((unsigned int)rand() % 3);
			continue;
		}
		s[at] = service((uint16_t)(1000 + i), slots);
		for (uint32_t k = 0; k < slots; k++)
			cr_assert(eq(u16, slot(s[at], k).now, 0), "seed %u", seed);
		apply_all(s[at], member(s[at], (uint8_t)(1 + rand() % 4)), 0);
		expect_apart(s, ARRAY_SIZE(s));
	}
	for (size_t i = 0; i < ARRAY_SIZE(s); i++)
		if (s[i])
			tables_service_remove(&s[i]);
	sweep_rounds(2);
	cr_expect(eq(sz, lab.tables->slots.count, 0));
	cr_expect(eq(sz, lab.tables->members.count, 0));
	cr_expect(eq(sz, lab.tables->sites.count, 0));
	service(80, 1024); /* the whole table in one piece again */
}

Test(tables, publishes_filled_slots_only, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	struct mg_service entry;

	cr_expect(not(entry_of(80, &entry)));
	apply_all(s, member(s, 1), 0);
	cr_expect(entry_of(80, &entry));

	lab_reopen(); /* another shape: the old entry is at work until the new one is filled */
	s = service(80, 128);
	cr_assert(entry_of(80, &entry));
	cr_expect(eq(u32, entry.slot_mask, 63));
	apply_all(s, member(s, 1), 0);
	cr_assert(entry_of(80, &entry));
	cr_expect(eq(u32, entry.slot_mask, 127));
	sweep_rounds(2);
	cr_expect(eq(sz, lab.tables->slots.count, 1));
}

Test(tables, ends_a_former_shape_at_claim_end, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	struct mg_service entry;

	apply_all(s, member(s, 1), 0);
	lab_reopen();
	service(80, 128);
	tables_claim_end(lab.tables);
	cr_assert(entry_of(80, &entry));
	cr_expect(eq(u32, entry.slot_mask, 127));
	cr_expect(eq(sz, lab.tables->service_count, 1));
}

static void counter_plant(enum map_id id, uint32_t index)
{
	_cleanup_(freep) struct mg_counter *cpu =
		calloc((size_t)lab.tables->maps.cpus, sizeof(*cpu));

	for (int i = 0; i < lab.tables->maps.cpus; i++)
		cpu[i] = (struct mg_counter){ .packets = 10, .bytes = 1000, .starts = 1 };
	cr_assert(eq(int, bpf_map_update_elem(lab.tables->maps.fd[id], &index, cpu, 0), 0));
}

/* --- members ---------------------------------------------------------------------------------- */
Test(tables, reuses_numbers_late, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	uint16_t a = member(s, 1), b = member(s, 2), c;
	struct mg_member entry;
	struct mg_counter counter;
	uint32_t owned;

	apply_all(s, a, b);
	tables_member_remove(s, a);
	sweep_rounds(3);
	c = member(s, 3);
	cr_expect(ne(u16, c, a), "slots name it still");

	apply_all(s, b, MG_MEMBER_NONE);
	pin_plant(0, s->entry.slot_base, a);
	sweep_rounds(1);
	cr_expect(eq(sz, pins(), 0), "a pin of a member that is gone counts for nothing");
	sweep_rounds(1);
	cr_expect(eq(u16, member(s, 4), a), "now it is free");
	cr_assert(tables_member(s, a, &entry, &counter, &owned));
	cr_expect(eq(int, (int)entry.state, MG_UP));
	cr_expect(eq(u32, owned, 0));
}

Test(tables, keeps_a_number_that_returns, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	uint16_t a = member(s, 1);

	apply_all(s, a, 0);
	tables_member_remove(s, a);
	cr_expect(not(member_usable(s, a)));
	cr_expect(eq(u16, member(s, 1), a));
	cr_expect(member_usable(s, a));
	sweep_rounds(3);
	cr_expect(member_usable(s, a));
}

Test(tables, counts_bindings_of_one_site, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	uint16_t a = member(s, 1);

	cr_expect(eq(u16, member(s, 1), a));
	tables_member_remove(s, a);
	cr_expect(member_usable(s, a), "one of two is left");
	tables_member_remove(s, a);
	cr_expect(not(member_usable(s, a)));
}

Test(tables, grows_members_in_place_of_dropping, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	struct mg_counter counter;
	struct mg_service entry;
	struct mg_member m;
	uint32_t base, owned;

	apply_all(s, member(s, 1), 0);
	base = s->entry.member_base;
	counter_plant(MAP_COUNTERS_MEMBER, base + 1);
	for (uint8_t i = 2; i <= 40; i++)
		cr_expect(eq(u16, member(s, i), i));
	cr_expect(ne(u32, s->entry.member_base, base));
	cr_assert(entry_of(80, &entry));
	cr_expect(eq(u32, entry.member_base, s->entry.member_base));
	cr_expect(eq(u32, entry.member_count, 64));
	cr_expect(member_usable(s, 1));
	cr_expect(eq(u16, slot(s, 0).now, 1));
	cr_assert(tables_member(s, 1, &m, &counter, &owned));
	cr_expect(eq(u64, counter.packets, 10 * (uint64_t)lab.tables->maps.cpus));
	cr_expect(eq(u32, owned, 64));
	sweep_rounds(2);
	cr_expect(eq(sz, lab.tables->members.count, 1), "the old places are free again");
}

Test(tables, names_no_unbound_member, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	uint16_t a = member(s, 1);

	apply_all(s, a, 9);
	cr_expect(eq(u16, slot(s, 0).next, MG_MEMBER_NONE));
	cr_expect(eq(sz, apply_all(s, 65535, 0), 64));
	cr_expect(eq(u16, slot(s, 0).now, MG_MEMBER_NONE));
}

/* --- the sweep -------------------------------------------------------------------------------- */
Test(tables, settles_slots, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	uint16_t a = member(s, 1), b = member(s, 2);

	cr_expect(eq(sz, apply_all(s, a, b), 64));
	cr_expect(eq(int, slot(s, 0).state, MG_SLOT_STABLE), "nobody had it before");
	cr_expect(eq(sz, apply_all(s, b, a), 64));
	cr_expect(eq(int, slot(s, 0).state, MG_SLOT_MOVING));
	cr_expect(eq(u16, slot(s, 0).prev, a));

	lab.now_ns += (IDLE_S - 1) * SECOND;
	sweep_rounds(2);
	cr_expect(eq(int, slot(s, 0).state, MG_SLOT_MOVING), "not idle yet");
	pin_plant(0, s->entry.slot_base, a);     /* foreign */
	pin_plant(1, s->entry.slot_base + 1, b); /* where the slot leads anyway */

	lab.now_ns += 2 * SECOND;
	sweep_rounds(1);
	cr_expect(eq(int, slot(s, 0).state, MG_SLOT_PINNED));
	cr_expect(eq(u16, slot(s, 0).prev, MG_MEMBER_NONE));
	cr_expect(eq(int, slot(s, 1).state, MG_SLOT_PINNED), "one step a round");
	sweep_rounds(1);
	cr_expect(eq(int, slot(s, 0).state, MG_SLOT_PINNED), "a flow of a is alive");
	cr_expect(eq(int, slot(s, 1).state, MG_SLOT_STABLE));
	cr_expect(eq(u32, s->pins, 2));

	lab.now_ns += (IDLE_S + 9) * SECOND;
	sweep_rounds(2);
	cr_expect(eq(sz, pins(), 0));
	cr_expect(eq(u32, s->pins, 0));
	cr_expect(eq(int, slot(s, 0).state, MG_SLOT_STABLE));
}

/* The age that a pin must reach and must not pass, in seconds, whatever the tick's phase. */
Test(tables, ages_pins, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	uint16_t a = member(s, 1);
	uint64_t start = lab.now_ns;

	apply_all(s, a, 0);
	for (uint64_t phase = 0; phase < 5; phase++) {
		lab.now_ns = start + phase * SECOND;
		pin_plant(0, s->entry.slot_base, a);
		lab.now_ns += IDLE_S * SECOND;
		sweep_rounds(1);
		cr_expect(eq(sz, pins(), 1), "phase %d: still within the idle timeout", (int)phase);
		lab.now_ns += 9 * SECOND; /* two ticks */
		sweep_rounds(1);
		cr_expect(eq(sz, pins(), 0), "phase %d", (int)phase);
	}
	lab.now_ns = start + SECOND * 100;
	pin_plant(0, s->entry.slot_base, a);
	lab.now_ns -= 5 * SECOND; /* the data plane's clock was read later than ours */
	sweep_rounds(1);
	cr_expect(eq(sz, pins(), 1), "a pin of the next tick is young");
}

Test(tables, frees_strange_pins, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	uint16_t a = member(s, 1);
	uint32_t base = s->entry.slot_base;

	apply_all(s, a, 0);
	pin_plant(0, base + 64, a); /* of no service */
	pin_plant(1, 1023, a);      /* likewise */
	pin_plant(2, base, 7);      /* of no member */
	pin_plant(3, base, 500);    /* beyond the members */
	pin_plant(4, MG_SLOTS_MAX - 1, a);
	pin_plant(5, base, a);
	sweep_rounds(1);
	cr_expect(eq(sz, pins(), 1));

	tables_service_remove(&s);
	sweep_rounds(1);
	cr_expect(eq(sz, pins(), 0));
}

Test(tables, scrubs_at_the_start, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);

	apply_all(s, member(s, 1), 0);
	pin_plant(0, s->entry.slot_base + 100, 1);
	pin_plant(1, s->entry.slot_base, 1);
	slot_store(tables_slot_memory(lab.tables) + s->entry.slot_base + 100,
		   (struct mg_slot){ .now = 3 });
	lab_reopen();
	cr_expect(eq(sz, pins(), 1));
	cr_expect(eq(u16, tables_slot_memory(lab.tables)[100].now, 0));
}

/* A slot whose owner is down changes hands without anybody being sent back. */
Test(tables, leaves_a_dead_owner_at_once, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	uint16_t a = member(s, 1), b = member(s, 2);

	apply_all(s, a, b);
	tables_member_state(s, a, MG_DOWN, 0);
	apply_all(s, b, 0);
	cr_expect(eq(int, slot(s, 0).state, MG_SLOT_STABLE));
	cr_expect(eq(u16, slot(s, 0).now, b));

	tables_member_state(s, a, MG_UP, 0);
	apply_all(s, a, 0);
	cr_expect(eq(int, slot(s, 0).state, MG_SLOT_MOVING));
	tables_member_remove(s, b);
	sweep_rounds(1);
	cr_expect(eq(int, slot(s, 0).state, MG_SLOT_PINNED), "nobody can return to b");
	sweep_rounds(2);
	cr_expect(eq(int, slot(s, 0).state, MG_SLOT_STABLE));
	cr_expect(eq(int, (int)s->member[b].use, MEMBER_FREE));
}

/* --- property: a number means one site for as long as anything names it ----------------------- */
#define PROPERTY_SETS  64
#define PROPERTY_SITES 6

static struct property {
	struct table_service *service;
	uint16_t member[PROPERTY_SITES];  /* by site; 0: not bound now */
	uint32_t pin_site[PROPERTY_SETS]; /* what the pin meant when it was planted */
	bool pin_void[PROPERTY_SETS];
	uint32_t slot_site[64]; /* what the slot's `now` meant when it was stored */
} property;

static uint16_t property_pick(void)
{
	return property.member[rand() % PROPERTY_SITES];
}

/* A flow whose member is down has gone elsewhere, and need not come back. */
static void property_void(uint16_t m)
{
	const struct mg_pin *pin = lab.tables->maps.memory[MAP_PINS];

	for (uint32_t i = 0; i < PROPERTY_SETS; i++)
		property.pin_void[i] |= pin[i * MG_PINS_PER_SET].member == m;
}

static void property_flap(void)
{
	enum mg_state state = rand() % 2 ? MG_UP : MG_DOWN;
	uint16_t m = property_pick();

	if (!m)
		return;
	tables_member_state(property.service, m, state, 1);
	if (state == MG_DOWN)
		property_void(m);
}

static void property_toggle(void)
{
	int i = rand() % PROPERTY_SITES;

	if (property.member[i]) {
		property_void(property.member[i]);
		tables_member_remove(property.service, property.member[i]);
		property.member[i] = 0;
	} else {
		property.member[i] = member(property.service, (uint8_t)(i + 1));
	}
}

static void property_apply(void)
{
	uint16_t pair[2 * 64];

	for (uint32_t i = 0; i < 64; i++) {
		uint16_t old = slot(property.service, i).now;
		bool keep = rand() % 4 && property.service->member[old].use == MEMBER_BOUND;

		pair[2 * i] = keep ? old : property_pick();
		pair[2 * i + 1] = property_pick();
	}
	tables_slots_apply(property.service, pair, lab.now_ns);
	for (uint32_t i = 0; i < 64; i++)
		property.slot_site[i] =
			property.service->member[slot(property.service, i).now].site;
}

static void property_plant(void)
{
	uint32_t set = (uint32_t)rand() % PROPERTY_SETS, i = (uint32_t)rand() % 64;
	struct mg_slot at = slot(property.service, i);
	uint16_t m = at.state == MG_SLOT_MOVING && rand() % 2 ? at.prev : at.now;

	/* As the data plane: only in a moving slot, and to a member that is up. */
	if (at.state != MG_SLOT_MOVING || !member_usable(property.service, m))
		return;
	pin_plant(set, property.service->entry.slot_base + i, m);
	property.pin_site[set] = property.service->member[m].site;
	property.pin_void[set] = false;
}

static void property_holds(unsigned int seed, int step)
{
	const struct mg_pin *pin = lab.tables->maps.memory[MAP_PINS];
	const struct member *at = property.service->member;

	for (uint32_t i = 0; i < 64; i++) {
		struct mg_slot s = slot(property.service, i);

		cr_assert(s.now == 0 || at[s.now].site == property.slot_site[i],
			  "seed %u step %d: slot %u", seed, step, i);
		cr_assert(s.state == MG_SLOT_MOVING || !s.prev, "seed %u step %d: prev kept", seed,
			  step);
	}
	for (uint32_t i = 0; i < PROPERTY_SETS; i++) {
		const struct mg_pin p = pin[i * MG_PINS_PER_SET];
		struct mg_slot s;

		if (!p.member)
			continue;
		s = slot(property.service, p.slot - property.service->entry.slot_base);
		cr_assert(at[p.member].use == MEMBER_FREE ||
				  at[p.member].site == property.pin_site[i],
			  "seed %u step %d: a pin's number has changed hands", seed, step);
		cr_assert(property.pin_void[i] || s.state != MG_SLOT_STABLE || s.now == p.member ||
				  !member_usable(property.service, p.member),
			  "seed %u step %d: a pinned flow lost in a stable slot", seed, step);
	}
}

Test(tables, keeps_meanings, .init = lab_up, .fini = lab_down, .timeout = 120)
{
	unsigned int seed = (unsigned int)uv_hrtime();

	cr_log_info("seed %u", seed);
	srand(seed);
	property.service = service(80, 64);
	for (int step = 0; step < 20000; step++) {
		int what = rand() % 16;

		lab.now_ns += (uint64_t)rand() % SECOND;
		if (what == 0)
			property_toggle();
		if (what == 1)
			property_apply();
		if (what < 4)
			property_plant();
		if (what == 5)
			property_flap();
		if (what > 5)
			tables_sweep(lab.tables, lab.now_ns);
		property_holds(seed, step);
	}
}

/* --- flows ------------------------------------------------------------------------------------ */
static void load_plant(const struct table_service *s, uint16_t m)
{
	struct mg_load *load = lab.tables->maps.memory[MAP_LOADS];

	load[s->entry.member_base + m] = (struct mg_load){ .in_flight = 5 * MG_LOAD_FLOW / 2,
							   .starts = 10,
							   .seconds = 4,
							   .ends = 7,
							   .handshakes = 3,
							   .handshake_us = 4500,
							   .timed = 6,
							   .flow_us = 12000 };
}

Test(tables, tells_flows, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	uint16_t m = member(s, 1), other = member(s, 2);
	struct member_flows flows;

	load_plant(s, m);
	for (int run = 0; run < 3; run++) {
		cr_assert(tables_member_flows(s, m, &flows));
		cr_expect(flows.in_flight == 2.5, "%g", flows.in_flight);
		cr_expect(eq(u64, flows.starts, 10));
		cr_expect(eq(u64, flows.seconds, 4));
		cr_expect(eq(u64, flows.ends, 7));
		cr_expect(eq(u64, flows.handshakes, 3));
		cr_expect(eq(u64, flows.handshake_us, 4500));
		cr_expect(eq(u64, flows.timed, 6));
		cr_expect(eq(u64, flows.flow_us, 12000));
		cr_assert(tables_member_flows(s, other, &flows));
		cr_expect(zero(u64, flows.starts), "another member's");
		if (run == 0) /* places of their own, elsewhere */
			for (uint8_t i = 3; i <= 40; i++)
				member(s, i);
		apply_all(s, m, 0);
		if (run == 1) {
			lab_reopen();
			s = service(80, 64);
		}
	}
	cr_expect(not(tables_member_flows(s, 0, &flows)));
	cr_expect(not(tables_member_flows(s, s->entry.member_count + 1, &flows)));
}

Test(tables, counts_flows_of_a_new_member_anew, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	uint16_t m = member(s, 1);
	struct member_flows flows;

	load_plant(s, m);
	tables_member_remove(s, m);
	sweep_rounds(2);
	cr_assert(eq(u16, member(s, 2), m), "the same number");
	cr_assert(tables_member_flows(s, m, &flows));
	cr_expect(zero(u64, flows.starts));
	cr_expect(flows.in_flight == 0);
}

Test(tables, forgets_flows_of_a_member_that_was_down, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	uint16_t m = member(s, 1);
	struct member_flows flows;

	load_plant(s, m);
	tables_member_state(s, m, MG_UP, 200);
	cr_assert(tables_member_flows(s, m, &flows));
	cr_expect(flows.in_flight == 2.5, "it was up all the time");
	tables_member_state(s, m, MG_DOWN, 0);
	tables_member_state(s, m, MG_UP, 200);
	cr_assert(tables_member_flows(s, m, &flows));
	cr_expect(flows.in_flight == 0, "%g", flows.in_flight);
	cr_expect(eq(u64, flows.starts, 10));
}

Test(tables, adjusts_what_is_in_flight, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64), *other = service(81, 64);
	uint16_t a = member(s, 1), b = member(s, 2), c = member(other, 1);
	struct member_flows flows;
	static const struct {
		double more, want;
	} steps[] = {
		{ 0, 2.5 },
		{ -1.25, 1.25 },
		{ 3, 4.25 },
		{ -4.25, 0 },
		{ -1, 0 },
		{ 0.4 / 256, 0 },
		{ 0.6 / 256, 1.0 / 256 },
		{ 1e9, 1 << 23 },
		{ -1e12, 0 },
	};

	load_plant(s, a);
	load_plant(other, c);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		tables_flows_adjust(s, a, steps[i].more);
		cr_assert(tables_member_flows(s, a, &flows));
		cr_expect(flows.in_flight == steps[i].want, "%zu: %g", i, flows.in_flight);
	}
	cr_expect(eq(u64, flows.starts, 10));
	cr_assert(tables_member_flows(s, b, &flows));
	cr_expect(flows.in_flight == 0, "another member's");
	cr_assert(tables_member_flows(other, c, &flows));
	cr_expect(flows.in_flight == 2.5, "another service's");
	tables_flows_adjust(s, MG_MEMBER_NONE, 1); /* nobody's */
	tables_flows_adjust(s, s->entry.member_count + 1, 1);
}

static struct table_service *placed(enum mg_placement placement)
{
	struct service_spec spec = spec_of(80, 64);
	struct table_service *s = NULL;

	spec.options.placement = placement;
	cr_assert(eq(int, tables_service_add(lab.tables, &spec, &s), 0));
	return s;
}

static void place(struct table_service *s, enum mg_placement placement)
{
	const struct service_options options = { .placement = placement };

	cr_assert(eq(int, tables_service_change(s, IDLE_S, &options), 0));
}

/* Its pins outlive any number of rounds, and the slots are as good as settled all the same. */
Test(tables, keeps_pins_of_two_choices, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = placed(MG_PLACEMENT_TWO_CHOICE);
	uint16_t a = member(s, 1), b = member(s, 2);
	struct mg_service entry;

	apply_all(s, a, b);
	cr_assert(entry_of(80, &entry));
	cr_expect(eq(u8, entry.placement, MG_PLACEMENT_TWO_CHOICE));
	cr_expect(eq(u8, entry.observe, 1));
	pin_plant(3, s->entry.slot_base + 5, b);
	for (int i = 0; i < 20; i++) { /* the flow speaks now and then */
		lab.now_ns += IDLE_S * SECOND / 2;
		pin_plant(3, s->entry.slot_base + 5, b);
		sweep_rounds(2);
		cr_assert(eq(sz, pins(), 1));
	}
	cr_expect(eq(u16, slot(s, 5).state, MG_SLOT_STABLE));
	apply_all(s, b, a);
	lab.now_ns += IDLE_S * SECOND + SECOND;
	pin_plant(3, s->entry.slot_base + 5, a);
	sweep_rounds(4);
	cr_expect(eq(u16, slot(s, 5).state, MG_SLOT_STABLE), "whatever its pins name");
	cr_expect(eq(sz, pins(), 1));
	lab.now_ns += 3 * IDLE_S * SECOND;
	sweep_rounds(2);
	cr_expect(eq(sz, pins(), 0), "it has ended");
}

/* Echo requests are by client: only a service by client has pins of theirs. */
Test(tables, echoes_follow_clients_pins, .init = lab_up, .fini = lab_down)
{
	struct service_spec spec = spec_of(80, 64);
	struct mg_service_key key = { .addr = { 192, 0, 2, 1 }, .proto = 58 };
	struct table_service *s;
	struct mg_service echo;

	for (int by_client = 0; by_client < 2; by_client++) {
		spec.affinity = by_client ? MG_AFFINITY_CLIENT : MG_AFFINITY_FLOW;
		spec.options.placement = MG_PLACEMENT_TWO_CHOICE;
		cr_assert(eq(int, tables_service_add(lab.tables, &spec, &s), 0));
		apply_all(s, member(s, 1), 0);
		cr_assert(entry_at(&key, &echo));
		cr_expect(
			eq(u8, echo.placement, by_client ? MG_PLACEMENT_FIRST : MG_PLACEMENT_SLOT));
		cr_expect(eq(u8, echo.observe, 0));
		tables_service_remove(&s);
	}
}

/* No flow that has a pin may lose it to a slot that looks at none. */
Test(tables, goes_back_to_slots_by_way_of_pins, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = placed(MG_PLACEMENT_TWO_CHOICE);
	uint16_t a = member(s, 1), b = member(s, 2);
	struct mg_service entry;

	apply_all(s, a, b);
	pin_plant(3, s->entry.slot_base + 5, b);
	sweep_rounds(2);
	place(s, MG_PLACEMENT_FIRST); /* the gate closes */
	cr_expect(eq(u16, slot(s, 5).state, MG_SLOT_STABLE));
	for (int restart = 0; restart < 2; restart++) {
		if (restart) {
			lab_reopen();
			s = placed(MG_PLACEMENT_SLOT);
		} else {
			place(s, MG_PLACEMENT_SLOT);
		}
		cr_assert(entry_of(80, &entry));
		cr_expect(eq(u8, entry.placement, MG_PLACEMENT_SLOT));
		cr_expect(eq(u8, entry.observe, 0));
		cr_expect(eq(u16, slot(s, 5).state, MG_SLOT_PINNED));
		tables_sweep(lab.tables, lab.now_ns);
		sweep_rounds(3);
		cr_expect(eq(u16, slot(s, 5).state, MG_SLOT_PINNED), "its pin lives");
		cr_expect(eq(u16, slot(s, 6).state, MG_SLOT_STABLE));
		if (!restart)
			place(s, MG_PLACEMENT_TWO_CHOICE);
	}
	lab.now_ns += 3 * IDLE_S * SECOND;
	sweep_rounds(3);
	cr_expect(eq(u16, slot(s, 5).state, MG_SLOT_STABLE));
}

/* --- counters and sites ----------------------------------------------------------------------- */
Test(tables, counts_and_begins_anew, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	uint64_t cpus = (uint64_t)lab.tables->maps.cpus;
	struct service_state state;
	struct mg_counter verdict[MG_VERDICT_COUNT];
	uint64_t event[MG_EVENT_COUNT];
	uint16_t m;

	m = member(s, 1);
	counter_plant(MAP_COUNTERS_MEMBER, s->entry.member_base + m);
	counter_plant(MAP_COUNTERS_VERDICT, MG_DELIVERED);
	tables_service_state(s, &state);
	cr_expect(eq(u64, state.counter.packets, 10 * cpus));
	cr_expect(eq(u32, state.slots_empty, 64));
	tables_member_remove(s, m);
	sweep_rounds(2);
	tables_service_state(s, &state);
	cr_expect(eq(u64, state.counter.packets, 10 * cpus), "of a member that is no more");
	tables_verdicts(lab.tables, verdict);
	cr_expect(eq(u64, verdict[MG_DELIVERED].bytes, 1000 * cpus));
	cr_expect(eq(u64, verdict[MG_FORWARD].bytes, 0));
	tables_events(lab.tables, event);
	cr_expect(eq(u64, event[MG_EVENT_PIN_EVICTED], 0));

	tables_service_remove(&s);
	sweep_rounds(2);
	s = service(443, 64);
	tables_service_state(s, &state);
	cr_expect(eq(u32, state.entry.index, 1));
	cr_expect(eq(u64, state.counter.packets, 0));
}

Test(tables, shares_sites, .init = lab_up, .fini = lab_down)
{
	uint32_t a = site(1), b = site(2), c = site(1);
	struct site_state state;

	cr_expect(eq(u32, a, c));
	cr_expect(ne(u32, a, b));
	cr_assert(tables_site(lab.tables, 0, &state));
	cr_expect(eq(u32, state.references, 2));
	cr_expect(eq(str, (char *)state.fault, (char *)"there is no route that leads there"));
	tables_site_put(lab.tables, a);
	tables_site_put(lab.tables, a);
	cr_assert(tables_site(lab.tables, 0, &state));
	cr_expect(eq(u32, state.index, b));
	cr_expect(not(tables_site(lab.tables, 1, &state)));
	cr_expect(ne(u32, site(3), a), "it rests");
	sweep_rounds(2);
	cr_expect(eq(u32, site(4), a));
	for (uint8_t i = 5; lab.tables->sites.count < config.sites; i++)
		site(i);
	cr_expect(eq(int,
		     tables_site_get(lab.tables, &(struct site_spec){ .encap = MG_ENCAP_SRV6 }, &a),
		     -ENOSPC));
}

/* A way in the tables, from the kernel: two links, then one, and both kept over a restart. */
static bool hops(void *want)
{
	struct site_state state;

	return tables_site(lab.tables, 0, &state) &&
	       state.entry.nexthop_count == (uint32_t)(uintptr_t)want;
}

Test(tables, enters_next_hops, .init = lab_up, .fini = lab_down)
{
	struct site_state state;
	uint32_t old[2];

	for (int i = 0; i < 2; i++) {
		sh("ip link add a%d type veth peer name b%d && ip link set a%d up && "
		   "ip link set b%d up",
		   i, i, i, i);
		sh("ip addr add 10.0.%d.1/24 dev a%d", i, i);
		sh("ip neigh add 10.0.%d.2 dev a%d lladdr 02:00:00:00:0%d:02", i, i, i);
	}
	sh("ip route add 198.51.100.0/24 nexthop via 10.0.0.2 nexthop via 10.0.1.2");
	loop_until(&lab.loop, never, NULL, 50);
	site(1);
	cr_assert(loop_until(&lab.loop, hops, (void *)2, 1000));
	cr_assert(tables_site(lab.tables, 0, &state));
	cr_expect(eq(u32, state.entry.mtu, 1500));
	memcpy(old, state.entry.nexthop, sizeof(old));
	for (int i = 2; i < MG_SITE_NEXTHOPS; i++)
		cr_expect(eq(u32, state.entry.nexthop[i], old[i % 2]), "unused places repeat");

	lab_reopen();
	cr_expect(hops((void *)2));
	site(1);
	tables_claim_end(lab.tables);
	cr_assert(tables_site(lab.tables, 0, &state));
	cr_expect(eq(int, memcmp(old, state.entry.nexthop, sizeof(old)), 0), "the same entries");
	cr_expect(eq(sz, lab.tables->nexthops.count, 2));

	sh("ip link set b0 down");
	cr_assert(loop_until(&lab.loop, hops, (void *)1, 1000));
	sweep_rounds(2);
	cr_expect(eq(sz, lab.tables->nexthops.count, 1));
	sh("ip route del 198.51.100.0/24");
	cr_expect(loop_until(&lab.loop, hops, (void *)0, 1000));
}

/* The reader of a trace may have been killed. */
Test(tables, ends_an_expired_trace, .init = lab_up, .fini = lab_down)
{
	struct mg_trace_filter *filter = lab.tables->maps.memory[MAP_TRACE_FILTER];

	*filter = (struct mg_trace_filter){ .on = MG_TRACE_ON, .until_ns = lab.now_ns + 1 };
	tables_sweep(lab.tables, lab.now_ns);
	cr_expect(eq(u32, filter->on, MG_TRACE_ON), "one that lives goes on");
	tables_sweep(lab.tables, lab.now_ns + 1);
	cr_expect(eq(u32, filter->on, 0));
}

static struct map_state map_named(const char *name)
{
	struct map_state map = { 0 };
	size_t i = 0;

	while (tables_map(lab.tables, i, lab.now_ns, &map) && strcmp(map.name, name) != 0)
		i++;
	cr_assert(map.name && strcmp(map.name, name) == 0, "%s", name);
	return map;
}

Test(tables, tells_how_full_they_are, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 256);
	struct mg_fragment *fragment = lab.tables->maps.memory[MAP_FRAGMENTS];
	uint8_t tick = (lab.now_ns >> MG_TICK_SHIFT) & 63;
	uint16_t m = member(s, 1);
	struct map_state map;

	apply_all(s, m, m);
	pin_plant(3, s->entry.slot_base, m);
	fragment[0] = (struct mg_fragment){ .proto = 6, .tick = tick };
	fragment[9] = (struct mg_fragment){ .proto = 6, .tick = (tick - 2) & 63 };
	sweep_rounds(1);
	map = map_named("mg_slots");
	cr_expect(eq(u64, map.used, 256));
	cr_expect(eq(u64, map.size, 1024));
	cr_expect(eq(str, (char *)map.kind, "array"));
	cr_expect(map.memory >= 1024 * 8, "%lu octets", (unsigned long)map.memory);
	cr_expect(eq(u64, map_named("mg_services").used, 2), "and one for echo");
	cr_expect(eq(u64, map_named("mg_sites").used, 1));
	cr_expect(eq(u64, map_named("mg_pins").used, 1));
	cr_expect(eq(u64, map_named("mg_pins").size, 64 * MG_PINS_PER_SET));
	cr_expect(eq(u64, map_named("mg_fragments").used, 1), "one is dead");
	cr_expect(eq(int, map_named("mg_counters_verdict").counted, false));
	cr_expect(eq(u64, map_named("mg_trace").used, 0));
	cr_expect(eq(u64, map_named("mg_endpoints").used, 0));
	for (uint8_t i = 1; i <= 3; i++) {
		const struct endpoint_spec ipip = { .strip = 1 << MG_ENCAP_IPIP };
		struct addr addr = addr_of_v4((uint8_t[]){ 203, 0, 113, i });

		tables_endpoint_add(lab.tables, &addr, &ipip);
	}
	cr_expect(eq(u64, map_named("mg_endpoints").used, 3));
	tables_service_remove(&s);
	cr_expect(eq(u64, map_named("mg_slots").used, 256), "it rests");
	sweep_rounds(3);
	map = map_named("mg_slots");
	cr_expect(eq(u64, map.used, 0));
	cr_expect(eq(u64, map.peak, 256));
	cr_expect(eq(u64, map_named("mg_pins").peak, 1));
}

/* What was taken and given back between two looks was there all the same. */
Test(tables, marks_how_full_they_got, .init = lab_up, .fini = lab_down)
{
	struct table_service *s;

	sweep_rounds(1);
	s = service(80, 512);
	tables_service_remove(&s);
	sweep_rounds(3);
	cr_expect(eq(u64, map_named("mg_slots").used, 0));
	cr_expect(eq(u64, map_named("mg_slots").peak, 512));
}

/* --- what a site, an endpoint and a service say beside -------------------------- */
static struct site_spec far_spec(void)
{
	struct site_spec spec = { .encap = MG_ENCAP_SRV6,
				  .flags = MG_UNIFORM | MG_DSCP,
				  .dscp = 46,
				  .segment_count = 2,
				  .vni = 77,
				  .inner_dst = { 2, 0, 0, 0, 0, 1 },
				  .inner_src = { 2, 0, 0, 0, 0, 2 } };

	spec.outer_src.octet[15] = 1;
	spec.outer_dst.octet[15] = 2;
	spec.segment[0].octet[15] = 3;
	spec.segment[1].octet[15] = 4;
	return spec;
}

Test(tables, keeps_apart_what_is_carried_otherwise, .init = lab_up, .fini = lab_down)
{
	const struct site_spec spec = far_spec();
	struct site_spec other[8];
	struct site_state state;
	uint32_t first, next;

	for (size_t i = 0; i < ARRAY_SIZE(other); i++)
		other[i] = spec;
	other[0].flags = MG_DSCP;
	other[1].dscp = 0;
	other[2].segment_count = 1;
	other[3].segment[1].octet[15] = 5;
	other[4].vni = 78;
	other[5].inner_dst[5] = 9;
	other[6].inner_src[5] = 9;
	other[7].encap = MG_ENCAP_GRE;
	cr_assert(eq(int, tables_site_get(lab.tables, &spec, &first), 0));
	for (size_t i = 0; i < ARRAY_SIZE(other); i++) {
		cr_assert(eq(int, tables_site_get(lab.tables, &other[i], &next), 0));
		cr_expect(ne(u32, next, first), "%zu", i);
	}
	cr_assert(tables_site(lab.tables, 0, &state));
	cr_expect(eq(u32, state.entry.flags, MG_UNIFORM | MG_DSCP));
	cr_expect(eq(u8, state.entry.dscp, 46));
	cr_expect(eq(u8, state.entry.segment_count, 2));
	cr_expect(eq(u8, state.entry.segment[1][15], 4));
	cr_expect(eq(u32, state.entry.vni, 77));
	cr_expect(eq(u8, state.entry.inner_dst[5], 1));
	cr_expect(eq(u8, state.entry.inner_src[5], 2));

	lab_reopen(); /* what it was is read back out of the map */
	cr_assert(eq(int, tables_site_get(lab.tables, &spec, &next), 0));
	cr_expect(eq(u32, next, first));
}

Test(tables, counts_what_goes_in_front, .init = lab_up, .fini = lab_down)
{
	struct site_spec spec = far_spec();

	cr_expect(eq(u32, site_spec_overhead(&spec), 40 + 8 + 2 * 16));
	spec.segment_count = 0;
	cr_expect(eq(u32, site_spec_overhead(&spec), 40));
	spec.outer_dst = addr_of_v4((uint8_t[]){ 192, 0, 2, 1 });
	spec.encap = MG_ENCAP_IPIP;
	cr_expect(eq(u32, site_spec_overhead(&spec), 20));
	spec.encap = MG_ENCAP_GRE;
	cr_expect(eq(u32, site_spec_overhead(&spec), 24));
	spec.encap = MG_ENCAP_VXLAN;
	cr_expect(eq(u32, site_spec_overhead(&spec), 50));
	spec.encap = MG_ENCAP_NONE;
	cr_expect(eq(u32, site_spec_overhead(&spec), 0));
}

/* The site behind this router needs no way, now and after a restart. */
Test(tables, has_a_local_site, .init = lab_up, .fini = lab_down)
{
	const struct site_spec local = { .encap = MG_ENCAP_LOCAL };
	uint32_t index, again;

	cr_assert(eq(int, tables_site_get(lab.tables, &local, &index), 0));
	cr_expect(tables_site_reached(lab.tables, index));
	lab_reopen();
	cr_expect(tables_site_reached(lab.tables, index));
	cr_assert(eq(int, tables_site_get(lab.tables, &local, &again), 0));
	cr_expect(eq(u32, again, index));
	tables_claim_end(lab.tables);
	cr_expect(tables_site_reached(lab.tables, index));
	tables_site_put(lab.tables, index);
}

Test(tables, says_what_an_endpoint_does, .init = lab_up, .fini = lab_down)
{
	const struct endpoint_spec spec = { .strip = 1 << MG_ENCAP_VXLAN | 1 << MG_ENCAP_GRE,
					    .behavior = MG_END_DX4,
					    .site = 3,
					    .flags = MG_UNIFORM | MG_KERNEL,
					    .vni = 9 };
	struct addr addr = addr_of_v4((uint8_t[]){ 203, 0, 113, 1 });
	struct endpoint_state state;

	cr_expect(not(tables_endpoint(lab.tables, 0, &state)));
	cr_assert(eq(int, tables_endpoint_add(lab.tables, &addr, &spec), 0));
	cr_expect(eq(int, tables_endpoint_add(lab.tables, &addr, &spec), -EEXIST));
	cr_assert(tables_endpoint(lab.tables, 0, &state));
	cr_expect(addr_equal(&state.addr, &addr));
	cr_expect(eq(u32, state.entry.strip, spec.strip));
	cr_expect(eq(int, state.entry.behavior, MG_END_DX4));
	cr_expect(eq(u32, state.entry.site, 3));
	cr_expect(eq(u32, state.entry.flags, spec.flags));
	cr_expect(eq(u32, state.entry.vni, 9));
	cr_expect(eq(int, tables_endpoint_remove(lab.tables, &addr), 0));
	cr_expect(not(tables_endpoint(lab.tables, 0, &state)));
}

Test(tables, takes_other_limits, .init = lab_up, .fini = lab_down)
{
	const struct mg_settings *settings = lab.tables->maps.memory[MAP_SETTINGS];
	struct tables_limit limit[MG_GUARD_COUNT] = {
		[MG_GUARD_ANSWERS] = { 1000, 100 }, [MG_GUARD_PINS] = { 0, 5 }
	};

	cr_expect(eq(u64, settings->limit[MG_GUARD_ANSWERS].clock_ns, 0)); /* none was asked for */
	tables_limits_set(lab.tables, limit);
	cr_expect(eq(u64, settings->limit[MG_GUARD_ANSWERS].clock_ns, 1000000));
	cr_expect(eq(u64, settings->limit[MG_GUARD_ANSWERS].advance_ns, 100000000));
	cr_expect(eq(u64, settings->limit[MG_GUARD_PINS].clock_ns, 0));
	limit[MG_GUARD_PINS].per_second = 1000000000;
	tables_limits_set(lab.tables, limit);
	cr_expect(eq(u64, settings->limit[MG_GUARD_PINS].clock_ns, 1));
	cr_expect(eq(u64, settings->limit[MG_GUARD_PINS].advance_ns, 5));
	cr_expect(eq(u64, settings->hash_seed, 42));
}

/* What no flow has to move for changes where it stands; the rest makes the service anew. */
Test(tables, changes_a_service_in_place, .init = lab_up, .fini = lab_down)
{
	struct service_spec spec = spec_of(80, 64);
	const struct service_options options = { .last_resort = MG_LAST_KERNEL,
						 .quic_config = 3,
						 .quic_id_len = 4,
						 .mss_v4 = 1400,
						 .mss_v6 = 1380,
						 .observe = true };
	struct table_service *s = service(80, 64);
	struct mg_service was, now;
	struct service_state state;

	cr_assert(eq(int, tables_service_change(s, IDLE_S, &options), 0));
	cr_expect(not(entry_of(80, &now)), "not before its slots are filled");
	apply_all(s, member(s, 1), 0);
	cr_assert(entry_of(80, &was));
	cr_expect(eq(int, was.last_resort, MG_LAST_KERNEL));
	cr_expect(eq(u8, was.quic_config, 3));
	cr_expect(eq(u8, was.quic_id_len, 4));
	cr_expect(eq(u16, was.mss_v4, 1400));
	cr_expect(eq(u16, was.mss_v6, 1380));
	cr_expect(eq(u8, was.observe, 1));

	cr_expect(eq(int, tables_service_change(s, 901, &options), -EINVAL));
	cr_assert(eq(int, tables_service_change(s, 7, &(struct service_options){ 0 }), 0));
	cr_assert(entry_of(80, &now));
	cr_expect(eq(int, now.last_resort, MG_LAST_DROP));
	cr_expect(eq(u16, now.mss_v4, 0));
	cr_expect(eq(u32, now.slot_base, was.slot_base));
	tables_service_state(s, &state);
	cr_expect(eq(u32, state.idle_s, 7));

	lab_reopen();
	spec.options = options;
	cr_assert(eq(int, tables_service_add(lab.tables, &spec, &s), 0));
	cr_assert(entry_of(80, &now));
	cr_expect(eq(int, memcmp(&now, &was, sizeof(now)), 0), "adopted, and changed in place");
	lab_reopen();
	spec.prefix_v4 = 24;
	cr_assert(eq(int, tables_service_add(lab.tables, &spec, &s), 0));
	tables_service_state(s, &state);
	cr_expect(ne(u32, state.entry.slot_base, was.slot_base));
	cr_expect(eq(u8, state.entry.prefix_v4, 24));
}

/* --- server IDs
 * --------------------------------------------------------------------------------- */
static uint16_t server_member(const struct table_service *s, uint8_t first)
{
	struct mg_server_key key = { .service = s->entry.index, .id = { first } };
	struct mg_server server = { 0 };

	bpf_map_lookup_elem(lab.tables->maps.fd[MAP_SERVER_IDS], &key, &server);
	return (uint16_t)server.member;
}

Test(tables, leads_by_server_id, .init = lab_up, .fini = lab_down)
{
	const uint8_t one[MG_SERVER_ID_MAX] = { 1 }, two[MG_SERVER_ID_MAX] = { 2 };
	struct table_service *s = service(80, 64), gone;
	uint16_t a = member(s, 1), b = member(s, 2);

	apply_all(s, a, b);
	cr_assert(eq(int, tables_server_id_set(s, one, a), 0));
	cr_assert(eq(int, tables_server_id_set(s, two, a), 0));
	cr_expect(eq(u16, server_member(s, 1), a));
	cr_assert(eq(int, tables_server_id_set(s, two, b), 0));
	cr_expect(eq(u16, server_member(s, 2), b));
	tables_server_id_clear(s, two, a);
	cr_expect(eq(u16, server_member(s, 2), b), "another's by now");

	lab_reopen();
	s = service(80, 64);
	cr_expect(eq(u16, server_member(s, 1), a), "at work from the start");
	cr_assert(eq(int, tables_server_id_set(s, two, b), 0));
	tables_claim_end(lab.tables);
	cr_expect(eq(u16, server_member(s, 1), 0), "nobody has asked for it");
	cr_expect(eq(u16, server_member(s, 2), b));

	gone = *s;
	tables_service_remove(&s);
	cr_expect(eq(u16, server_member(&gone, 2), 0));
}

Test(tables, tells_when_server_ids_do_not_fit, .init = lab_up, .fini = lab_down)
{
	struct table_service *s = service(80, 64);
	uint16_t a = member(s, 1);
	uint8_t id[MG_SERVER_ID_MAX] = { 0 };
	int r = 0;

	for (unsigned int i = 0; i < 2 * config.members && !r; i++) {
		id[0] = (uint8_t)i;
		id[1] = (uint8_t)(i >> 8);
		r = tables_server_id_set(s, id, a);
	}
	cr_expect(eq(int, r, -ENOSPC));
	cr_expect(eq(sz, s->server_count, config.members));
}

/* --- the entry for echo requests -----------------------------------------------------------------
 */
static bool echo_of(enum mg_scope scope, struct mg_service *ret)
{
	const struct mg_service_key key = { .addr = { 192, 0, 2, 1 },
					    .proto =
						    IPPROTO_ICMPV6, /* the address is an IPv6 one */
					    .scope = scope };

	return entry_at(&key, ret);
}

Test(tables, takes_echo_requests, .init = lab_up, .fini = lab_down)
{
	struct table_service *web = service(443, 64), *plain;
	struct service_options options = { .mss_v4 = 1400, .last_resort = MG_LAST_KERNEL };
	struct mg_service echo, entry;
	uint16_t m;

	cr_expect(not(echo_of(MG_SCOPE_INGRESS, &echo)));
	tables_service_change(web, IDLE_S, &options);
	m = member(web, 1);
	apply_all(web, m, m);
	cr_assert(echo_of(MG_SCOPE_INGRESS, &echo));
	cr_expect(not(echo_of(MG_SCOPE_EGRESS, &entry)));
	cr_assert(entry_of(443, &entry));
	cr_expect(eq(u32, echo.slot_base, entry.slot_base));
	cr_expect(eq(u32, echo.member_base, entry.member_base));
	cr_expect(eq(int, echo.affinity, MG_AFFINITY_CLIENT));
	cr_expect(eq(int, echo.last_resort, MG_LAST_KERNEL));
	cr_expect(eq(u16, echo.mss_v4, 0));

	plain = service(80, 64); /* of less port: it takes over when it is at work */
	cr_assert(echo_of(MG_SCOPE_INGRESS, &echo));
	cr_expect(eq(u32, echo.slot_base, entry.slot_base));
	m = member(plain, 2);
	apply_all(plain, m, m);
	cr_assert(echo_of(MG_SCOPE_INGRESS, &echo));
	cr_assert(entry_of(80, &entry));
	cr_expect(eq(u32, echo.slot_base, entry.slot_base));

	lab_reopen(); /* both are taken over, and no entry is taken for a service */
	plain = service(80, 64);
	web = service(443, 64);
	tables_claim_end(lab.tables);
	cr_assert(entry_of(80, &entry) && entry_of(443, &entry));
	cr_assert(echo_of(MG_SCOPE_INGRESS, &echo));
	tables_service_remove(&plain);
	cr_assert(echo_of(MG_SCOPE_INGRESS, &echo));
	cr_assert(entry_of(443, &entry));
	cr_expect(eq(u32, echo.slot_base, entry.slot_base));

	lab_reopen(); /* the service is not configured any more */
	tables_claim_end(lab.tables);
	cr_expect(not(entry_of(443, &entry)));
	cr_expect(not(echo_of(MG_SCOPE_INGRESS, &echo)));
	sweep_rounds(2);
	cr_expect(eq(sz, lab.tables->places.count, 0));
}

Test(tables, takes_echo_requests_of_many, .init = lab_up, .fini = lab_down)
{
	for (uint8_t i = 0; i < config.services; i++) {
		struct service_spec spec = spec_of(80, 2);
		struct table_service *s;
		struct mg_service entry;
		uint16_t m;

		spec.key.addr[15] = i;
		cr_assert(eq(int, tables_service_add(lab.tables, &spec, &s), 0));
		m = member(s, 1);
		apply_all(s, m, m);
		tables_service_change(s, IDLE_S, &(struct service_options){ .mss_v4 = 1000 });
		spec.key.port = 0;
		spec.key.proto = IPPROTO_ICMPV6;
		cr_expect(entry_at(&spec.key, &entry), "%u", i);
	}
}

/* --- tags ----------------------------------------------------------------------------------------
 */
static struct mg_nexthop only_hop(void)
{
	struct site_state state = { 0 };

	cr_assert(tables_site(lab.tables, 0, &state));
	cr_expect(eq(u32, state.entry.nexthop_count, 1));
	return state.nexthop[0];
}

Test(tables, tags_what_leaves_by_an_interface, .init = lab_up, .fini = lab_down)
{
	struct interface_tags tags = {
		.interface = "a0", .mode = TAGS_SET, .inner = 7, .outer = 9, .outer_type = 0x88a8
	};
	struct tables_config tagged = config;

	sh("ip link add a0 type veth peer name b0 && ip link set a0 up && ip link set b0 up");
	sh("ip addr add 10.0.0.1/24 dev a0");
	sh("ip neigh add 10.0.0.2 dev a0 lladdr 02:00:00:00:00:02");
	sh("ip route add 198.51.100.0/24 via 10.0.0.2");
	loop_until(&lab.loop, never, NULL, 50);
	site(1);
	cr_assert(loop_until(&lab.loop, hops, (void *)1, 1000));
	cr_expect(eq(u16, only_hop().vlan, 0));
	cr_assert(eq(int, tables_tags_set(lab.tables, &tags, 1), 0));
	cr_expect(eq(u16, only_hop().vlan, 7));
	cr_expect(eq(u16, only_hop().outer_vlan, 9));
	cr_expect(eq(u16, only_hop().outer_type, 0x88a8));
	cr_expect(eq(u16, only_hop().flags, 0));
	tags.mode = TAGS_KEEP;
	cr_assert(eq(int, tables_tags_set(lab.tables, &tags, 1), 0));
	cr_expect(eq(u16, only_hop().vlan, 0));
	cr_expect(eq(u16, only_hop().outer_vlan, 0));
	cr_expect(eq(u16, only_hop().flags, MG_KEEP_TAGS));

	/* They are there from the first moment of the next run. */
	tagged.tags = &tags;
	tagged.tags_count = 1;
	tables_close(&lab.tables);
	cr_assert(eq(int, tables_open(&lab.loop, &tagged, &lab.tables), 0));
	cr_expect(eq(u16, only_hop().flags, MG_KEEP_TAGS));
	snprintf(tags.interface, sizeof(tags.interface), "another");
	cr_assert(eq(int, tables_tags_set(lab.tables, &tags, 1), 0));
	cr_expect(eq(u16, only_hop().flags, 0));
	cr_assert(eq(int, tables_tags_set(lab.tables, NULL, 0), 0));
	cr_expect(eq(u16, only_hop().flags, 0));
}
