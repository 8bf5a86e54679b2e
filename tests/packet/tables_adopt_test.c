/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables with real maps: what is made, adopted and refused. */
#include "tables_lab.h"

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
	struct mg_counter verdict[MG_VERDICT_COUNT], counter;
	uint64_t event[MG_EVENT_COUNT];
	struct mg_member m;
	uint32_t owned;

	apply_all(s, a, 0);
	tables_close(&lab.tables);
	cr_assert(eq(int, unlink(PIN_DIR "/" MG_ABI_VERSION "/mg_fragments"), 0));
	cr_assert(eq(int, unlink(PIN_DIR "/" MG_ABI_VERSION "/mg_buckets"), 0));
	cr_assert(eq(int, unlink(PIN_DIR "/" MG_ABI_VERSION "/mg_loads"), 0));
	cr_assert(eq(int, unlink(PIN_DIR "/" MG_ABI_VERSION "/mg_recent"), 0));
	cr_assert(eq(int, unlink(PIN_DIR "/" MG_ABI_VERSION "/mg_pin_marks"), 0));
	outgrown_plant("mg_counters_verdict", sizeof(struct mg_counter), MG_CONGESTED + 1);
	outgrown_plant("mg_counters_event", sizeof(uint64_t), MG_EVENT_NEXT_CHOICE + 1);
	outgrown_plant("mg_counters_member", sizeof(struct mg_counter), config.members);
	for (int run = 0; run < 2; run++) { /* the second finds its own */
		lab_open();
		tables_verdicts(lab.tables, verdict);
		cr_expect(eq(u64, verdict[MG_CONGESTED].bytes, sevens));
		cr_expect(eq(u64, verdict[MG_CONGESTED + 1].bytes, 0));
		tables_events(lab.tables, event);
		cr_expect(eq(u64, event[MG_EVENT_NEXT_CHOICE], sevens));
		cr_expect(eq(u64, event[MG_EVENT_NEXT_CHOICE + 1], 0));
		s = service(80, 64);
		cr_expect(eq(u16, slot(s, 5).now, a), "what was there is kept");
		cr_assert(tables_member(s, a, &m, &counter, &owned));
		cr_expect(eq(u64, counter.packets, sevens));
		cr_expect(eq(u64, counter.starts, sevens));
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

/* Changes slots without end: on the tables that its parent has opened, which are the kernel's. */
static void change_for_ever(bool first, int ready)
{
	struct table_service *s = first ? service(80, 64) : lab.tables->service[0];
	uint16_t a = member(s, 1), b = member(s, 2), c;

	apply_all(s, a, b);
	close(ready);
	for (;;) {
		apply_all(s, a, b);
		apply_all(s, b, a);
		s = service(443, 128);
		c = member(s, 3);
		for (int k = 0; k < 500; k++) /* published for much of the time */
			apply_all(s, c, 0);
		tables_service_remove(&s);
		s = lab.tables->service[0];
		tables_sweep(lab.tables, uv_hrtime());
	}
}

#define KILLS 6

/* The former run is killed while it changes slots; whatever it had stored must be sound. Tables are
 * opened once a kill: that takes nearly all of the time. */
Test(tables, survives_a_kill, .init = lab_up, .fini = lab_down, .timeout = 240)
{
	for (int i = 0; i < KILLS; i++) {
		struct table_service *s;
		struct mg_service entry;
		int ready[2];
		pid_t child;
		int status = 0;
		char byte;

		cr_assert(eq(int, pipe(ready), 0));
		child = fork();
		if (!child)
			change_for_ever(!i, ready[1]);
		close(ready[1]);
		cr_expect(eq(int, (int)read(ready[0], &byte, 1), 0));
		close(ready[0]);
		usleep((useconds_t)(i * 13331));
		kill(child, SIGKILL);
		cr_assert(eq(int, waitpid(child, &status, 0), child));
		cr_assert(status == SIGKILL, "%d: it ended before, with %d", i, status);
		lab_reopen();
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
