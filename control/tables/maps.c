/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: Every object declares every map. A map that is pinned is given to all; one that is not is
 * made by the first object's load and given to the others. Pins are made last, so that a failed
 * load leaves none behind. What an older build had not, a new table or more counters, is made anew
 * beside what is adopted.
 */
#include "tables/maps.h"

#include "base/log.h"
#include "base/util.h"
#include "tables/bpflog.h"
#include "tables/pin.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <edge.skel.h>
#include <egress.skel.h>
#include <ingress.skel.h>

static const struct map_rule {
	const char *name;
	bool mapped;
	bool of_flows; /* see maps_flows_open() */
	bool grows;    /* by version: a counter for each verdict and event there is */
	bool by_cpu;   /* an array that has its entries for each CPU; was one of the kernel's */
} map_rules[MAP_COUNT] = {
	[MAP_SERVICE_SETS] = { .name = "mg_service_sets", .mapped = true },
	[MAP_SERVICES] = { .name = "mg_services", .mapped = true },
	[MAP_SLOTS] = { .name = "mg_slots", .mapped = true, .of_flows = true },
	[MAP_PINS] = { .name = "mg_pins", .mapped = true, .of_flows = true },
	[MAP_PIN_MARKS] = { .name = "mg_pin_marks", .mapped = true, .of_flows = true },
	[MAP_FRAGMENTS] = { .name = "mg_fragments", .mapped = true },
	[MAP_MEMBERS] = { .name = "mg_members", .mapped = true },
	[MAP_LOADS] = { .name = "mg_loads", .mapped = true, .of_flows = true },
	[MAP_RECENT] = { .name = "mg_recent", .mapped = true, .of_flows = true },
	[MAP_SITES] = { .name = "mg_sites", .mapped = true },
	[MAP_NEXTHOPS] = { .name = "mg_nexthops", .mapped = true },
	[MAP_ENDPOINTS] = { .name = "mg_endpoints" },
	[MAP_PORTS] = { .name = "mg_ports" },
	[MAP_SERVER_IDS] = { .name = "mg_server_ids" },
	[MAP_SETTINGS] = { .name = "mg_settings", .mapped = true },
	[MAP_BUCKETS] = { .name = "mg_buckets" },
	[MAP_COUNTERS_VERDICT] = { .name = "mg_counters_verdict", .grows = true },
	[MAP_COUNTERS_SERVICE] = { .name = "mg_counters_service" },
	[MAP_COUNTERS_MEMBER] = { .name = "mg_counters_member",
				  .mapped = true,
				  .of_flows = true,
				  .by_cpu = true },
	[MAP_COUNTERS_EVENT] = { .name = "mg_counters_event", .grows = true },
	[MAP_TRACE] = { .name = "mg_trace" },
	[MAP_TRACE_FILTER] = { .name = "mg_trace_filter", .mapped = true },
	[MAP_TRACE_SCRATCH] = { .name = "mg_trace_scratch" },
};

const char *maps_name(enum map_id id)
{
	return map_rules[id].name;
}

void maps_init(struct maps *m)
{
	*m = (struct maps){ .lock = -1 };
	for (enum map_id id = 0; id < MAP_COUNT; id++)
		m->fd[id] = m->outgrown[id] = -1;
}

static void map_forget(struct maps *m, enum map_id id)
{
	if (m->memory[id])
		munmap(m->memory[id], m->memory_len[id]);
	m->memory[id] = NULL;
}

void maps_close(struct maps *m)
{
	for (enum map_id id = 0; id < MAP_COUNT; id++) {
		map_forget(m, id);
		closep(&m->fd[id]);
		closep(&m->outgrown[id]);
	}
	ingress__destroy(m->ingress);
	egress__destroy(m->egress);
	edge__destroy(m->edge);
	closep(&m->lock);
	maps_init(m);
}

/* Four words of eight in use on the average: that both sets of a key are full does not happen. */
static uint32_t service_sets(uint32_t services)
{
	uint32_t sets = 2;

	while (sets * MG_SERVICES_PER_SET / 2 < services)
		sets *= 2;
	return sets;
}

/* 0: the size stays as bpf/maps.h has it. */
static uint32_t map_size(const struct tables_config *config, int cpus, enum map_id id)
{
	switch (id) {
	case MAP_SERVICE_SETS:
		return service_sets(config->services * 2);
	case MAP_SERVICES: /* and one for echo; of each, one at rest; number 0 is none */
		return config->services * 4 + 1;
	case MAP_COUNTERS_SERVICE: /* number 0 is none */
		return config->services + 1;
	case MAP_SLOTS:
		return config->slots;
	case MAP_PINS:
		return config->pin_sets;
	case MAP_PIN_MARKS:
		return (config->pin_sets + MG_MARKS_PER_WORD - 1) / MG_MARKS_PER_WORD;
	case MAP_SERVER_IDS:
	case MAP_MEMBERS:
	case MAP_LOADS:
		return config->members;
	case MAP_COUNTERS_MEMBER:
		return config->members * (uint32_t)cpus;
	case MAP_SITES:
		return config->sites;
	case MAP_NEXTHOPS: /* each site may use as many of its own; number 0 is none */
		return config->sites * MG_SITE_NEXTHOPS + 1;
	default:
		return 0;
	}
}

static int config_check(const struct tables_config *config)
{
	if (!config->services || !config->sites || config->members < 2)
		return log_err(-EINVAL, "tables: services, sites and members must not be zero");
	if (!config->slots || config->slots > MG_SLOTS_MAX)
		return log_err(-EINVAL, "tables: slots must be 1 to %u", MG_SLOTS_MAX);
	if (!config->pin_sets || config->pin_sets & (config->pin_sets - 1))
		return log_err(-EINVAL, "tables: pin-sets must be a power of two");
	return 0;
}

/* --- a map that is pinned already ------------------------------------------------------------- */
static int map_mismatch(const char *pin_dir, const char *name, const char *what, uint32_t is,
			uint32_t wanted)
{
	return log_err(-EEXIST,
		       "%s/" MG_ABI_VERSION "/%s: pinned with %s %u, but %u is wanted: set the "
		       "tables' sizes back, or stop margayd and remove %s (running flows may then "
		       "change site)",
		       pin_dir, name, what, is, wanted, pin_dir);
}

/* Made by a build that had fewer counters, or had them otherwise. */
static bool map_outgrown(int fd, const struct map_rule *rule, uint32_t size)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return false;
	return (rule->grows && info.max_entries < size) ||
	       (rule->by_cpu && info.type == BPF_MAP_TYPE_PERCPU_ARRAY);
}

static int map_check(const char *pin_dir, const char *name, int fd, const struct bpf_map *map)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return log_err(-errno, "%s/" MG_ABI_VERSION "/%s: not a map", pin_dir, name);
	if (info.type != bpf_map__type(map))
		return map_mismatch(pin_dir, name, "map type", info.type, bpf_map__type(map));
	if (info.key_size != bpf_map__key_size(map))
		return map_mismatch(pin_dir, name, "key size", info.key_size,
				    bpf_map__key_size(map));
	if (info.value_size != bpf_map__value_size(map))
		return map_mismatch(pin_dir, name, "value size", info.value_size,
				    bpf_map__value_size(map));
	if (info.max_entries != bpf_map__max_entries(map))
		return map_mismatch(pin_dir, name, "entries", info.max_entries,
				    bpf_map__max_entries(map));
	if (info.map_flags != bpf_map__map_flags(map))
		return map_mismatch(pin_dir, name, "map flags", info.map_flags,
				    bpf_map__map_flags(map));
	return 0;
}

/* Gives a map to the objects that work on the first one's. */
static int map_give(const struct maps *m, const char *name, int fd)
{
	const struct bpf_object *others[] = { m->egress->obj, m->edge->obj };

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(others[i], name);
		int r = map ? bpf_map__reuse_fd(map, fd) : -ENOENT;

		if (r < 0)
			return log_err(r, "%s: cannot be shared", name);
	}
	return 0;
}

/* Sets the size, and takes over the pinned map, if there is one. */
static int map_prepare(struct maps *m, const struct tables_config *config, enum map_id id)
{
	const char *name = map_rules[id].name;
	struct bpf_map *first = bpf_object__find_map_by_name(m->ingress->obj, name);
	uint32_t size = map_size(config, m->cpus, id);
	int r;

	if (!first)
		return log_err(-EINVAL, "%s: not declared by mg_ingress", name);
	if (size)
		bpf_map__set_max_entries(first, size);
	m->size[id] = bpf_map__max_entries(first);
	r = pin_get(config->pin_dir, MG_ABI_VERSION, name, &m->fd[id]);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return log_err(r, "%s/" MG_ABI_VERSION "/%s: cannot be opened", config->pin_dir,
			       name);
	m->adopted = true;
	if (map_outgrown(m->fd[id], &map_rules[id], m->size[id])) {
		m->outgrown[id] = m->fd[id];
		m->fd[id] = -1;
		return 0;
	}
	r = map_check(config->pin_dir, name, m->fd[id], first);
	if (r < 0)
		return r;
	r = bpf_map__reuse_fd(first, m->fd[id]);
	return r < 0 ? r : map_give(m, name, m->fd[id]);
}

/* --- load ------------------------------------------------------------------------------------- */
static int maps_share(struct maps *m)
{
	for (enum map_id id = 0; id < MAP_COUNT; id++) {
		const char *name = map_rules[id].name;
		int fd = bpf_map__fd(bpf_object__find_map_by_name(m->ingress->obj, name));
		int r;

		if (m->fd[id] >= 0)
			continue;
		r = map_give(m, name, fd);
		if (r < 0)
			return r;
	}
	return 0;
}

static int maps_load_failed(int r, const char *program)
{
	bpflog_print();
	if (r == -EPERM || r == -EACCES)
		return log_err(r,
			       "%s: the kernel refuses it: margayd needs CAP_BPF and "
			       "CAP_NET_ADMIN (run it as root, or by its systemd unit)",
			       program);
	return log_err(r, "%s: cannot be loaded; what libbpf said is above", program);
}

static int maps_load(struct maps *m, const struct tables_config *config)
{
	int r;

	m->ingress = ingress__open();
	m->egress = egress__open();
	m->edge = edge__open();
	if (!m->ingress || !m->egress || !m->edge)
		return maps_load_failed(-errno, "BPF objects");
	for (enum map_id id = 0; id < MAP_COUNT; id++) {
		r = map_prepare(m, config, id);
		if (r < 0)
			return r;
	}
	r = ingress__load(m->ingress);
	if (r < 0)
		return maps_load_failed(r, "mg_ingress");
	r = maps_share(m);
	if (r < 0)
		return r;
	r = egress__load(m->egress);
	if (r < 0)
		return maps_load_failed(r, "mg_egress");
	r = edge__load(m->edge);
	return r < 0 ? maps_load_failed(r, "mg_edge") : 0;
}

static int map_memory(struct maps *m, enum map_id id)
{
	const struct bpf_map *map =
		bpf_object__find_map_by_name(m->ingress->obj, map_rules[id].name);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t len = (size_t)m->size[id] * bpf_map__value_size(map);
	void *memory;

	if (m->memory[id])
		return 0;
	len = (len + page - 1) / page * page;
	memory = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd[id], 0);
	if (memory == MAP_FAILED)
		return log_err(-errno, "%s: cannot be mapped", map_rules[id].name);
	m->memory[id] = memory;
	m->memory_len[id] = len;
	return 0;
}

int maps_flows_open(struct maps *m)
{
	int r = 0;

	for (enum map_id id = 0; id < MAP_COUNT && r >= 0; id++)
		if (map_rules[id].of_flows)
			r = map_memory(m, id);
	return r;
}

void maps_flows_close(struct maps *m)
{
	for (enum map_id id = 0; id < MAP_COUNT; id++)
		if (map_rules[id].of_flows)
			map_forget(m, id);
}

/* Pins what is new; m->made has a bit for each, so that the caller can undo it. */
static int maps_pin(struct maps *m, const char *pin_dir)
{
	for (enum map_id id = 0; id < MAP_COUNT; id++) {
		const char *name = map_rules[id].name;
		int r;

		if (m->fd[id] >= 0)
			continue;
		m->fd[id] = dup(bpf_map__fd(bpf_object__find_map_by_name(m->ingress->obj, name)));
		if (m->fd[id] < 0)
			return log_err(-errno, "%s", name);
		if (m->outgrown[id] >= 0)
			continue;
		r = pin_put(pin_dir, MG_ABI_VERSION, name, m->fd[id]);
		if (r < 0)
			return log_err(r, "%s/" MG_ABI_VERSION "/%s: cannot be pinned", pin_dir,
				       name);
		m->made |= BIT(id);
	}
	return 0;
}

/* values: of each CPU, as the kernel's per-CPU arrays give them. */
static void map_refill(const struct maps *m, enum map_id id, uint32_t index, const void *values)
{
	const struct mg_counter *counter = values;

	if (!map_rules[id].by_cpu)
		bpf_map_update_elem(m->fd[id], &index, values, BPF_ANY);
	for (int cpu = 0; map_rules[id].by_cpu && cpu < m->cpus; cpu++) {
		uint32_t at = (uint32_t)cpu * m->size[MAP_MEMBERS] + index;
		struct mg_member_counter of_cpu = { .packets = counter[cpu].packets,
						    .bytes = counter[cpu].bytes,
						    .starts = counter[cpu].starts };

		bpf_map_update_elem(m->fd[id], &at, &of_cpu, BPF_ANY);
	}
}

/* Goes on counting where an older build had fewer counters. Packets that its programs see before
 * the ports have the new ones are not in the new counters. */
static int map_outgrow(struct maps *m, const char *pin_dir, enum map_id id)
{
	const char *name = map_rules[id].name;
	const struct bpf_map *map = bpf_object__find_map_by_name(m->ingress->obj, name);
	_cleanup_(freep) void *values = calloc((size_t)m->cpus, bpf_map__value_size(map));
	int r;

	if (!values)
		return -ENOMEM;
	for (uint32_t i = 0; i < m->size[id] / (map_rules[id].by_cpu ? (uint32_t)m->cpus : 1); i++)
		if (bpf_map_lookup_elem(m->outgrown[id], &i, values) >= 0)
			map_refill(m, id, i, values);
	r = pin_remove(pin_dir, MG_ABI_VERSION, name);
	if (r >= 0)
		r = pin_put(pin_dir, MG_ABI_VERSION, name, m->fd[id]);
	if (r < 0)
		return log_err(r, "%s/" MG_ABI_VERSION "/%s: cannot be exchanged for a new one",
			       pin_dir, name);
	closep(&m->outgrown[id]);
	return 0;
}

static int maps_finish(struct maps *m, const char *pin_dir)
{
	int r = maps_pin(m, pin_dir);

	for (enum map_id id = 0; id < MAP_COUNT && r >= 0; id++)
		if (map_rules[id].mapped && !map_rules[id].of_flows)
			r = map_memory(m, id);
	for (enum map_id id = 0; id < MAP_COUNT && r >= 0; id++)
		if (m->outgrown[id] >= 0)
			r = map_outgrow(m, pin_dir, id);
	return r;
}

int maps_open(const struct tables_config *config, struct maps *ret)
{
	_cleanup_(maps_close) struct maps m;
	int r;

	maps_init(&m);
	r = config_check(config);
	if (r < 0)
		return r;
	r = pin_dir_open(config->pin_dir, &m.lock);
	if (r < 0)
		return r;
	bpflog_start();
	m.cpus = libbpf_num_possible_cpus();
	if (m.cpus < 0)
		return log_err(m.cpus, "the number of CPUs is not known");
	r = maps_load(&m, config);
	if (r < 0)
		return r;
	r = maps_finish(&m, config->pin_dir);
	for (enum map_id id = 0; id < MAP_COUNT && r < 0; id++)
		if (m.made & BIT(id))
			pin_remove(config->pin_dir, MG_ABI_VERSION, map_rules[id].name);
	if (r < 0)
		return r;
	*ret = m;
	maps_init(&m); /* handed on */
	return 0;
}

int maps_program(const struct maps *m, enum port_role role)
{
	switch (role) {
	case PORT_ACCESS:
		return bpf_program__fd(m->ingress->progs.mg_ingress);
	case PORT_CORE:
		return bpf_program__fd(m->egress->progs.mg_egress);
	case PORT_EDGE:
		return bpf_program__fd(m->edge->progs.mg_edge);
	default:
		return -1;
	}
}
