/* SPDX-License-Identifier: BSD-2-Clause */
#include "loaded.h"

#include "base/util.h"
#include "fixture.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <edge.skel.h>
#include <egress.skel.h>
#include <errno.h>
#include <headroom.skel.h>
#include <ingress.skel.h>
#include <service.h>

struct loaded {
	struct ingress *ingress;
	struct egress *egress;
	struct headroom *headroom;
	struct edge *edge;
	int program[VECTOR_KINDS];
};

/* The other programs work on the first one's maps. */
static int share_maps(const struct bpf_object *from, const struct bpf_object *to)
{
	struct bpf_map *map;
	int r;

	bpf_object__for_each_map(map, from)
	{
		struct bpf_map *twin = bpf_object__find_map_by_name(to, bpf_map__name(map));

		if (!twin)
			return -ENOENT;
		r = bpf_map__reuse_fd(twin, bpf_map__fd(map));
		if (r < 0)
			return r;
	}
	return 0;
}

static int put(const struct loaded *loaded, const char *name, const void *key, const void *value)
{
	int fd = loaded_map(loaded, name);

	return fd < 0 ? fd : bpf_map_update_elem(fd, key, value, BPF_ANY);
}

/* Entries by map calls: the sets are read, changed and written back. */
int loaded_service_put(const struct loaded *loaded, const struct mg_service *service,
		       uint32_t place)
{
	struct mg_service_set sets[FIXTURE_SERVICE_SETS];
	struct service_name name = service_name(&service->key);
	int fd = loaded_map(loaded, "mg_service_sets"),
	    r = put(loaded, "mg_services", &place, service);

	for (uint32_t i = 0; !r && i < ARRAY_SIZE(sets); i++)
		r = bpf_map_lookup_elem(fd, &i, &sets[i]);
	if (!r && !service_enter(sets, FIXTURE_SERVICE_SETS - 1, &name, place))
		r = -ENOSPC;
	for (uint32_t i = 0; !r && i < ARRAY_SIZE(sets); i++)
		r = put(loaded, "mg_service_sets", &i, &sets[i]);
	return r;
}

static int put_service(const struct loaded *loaded, uint32_t i)
{
	struct mg_service service = fixture_service(i);
	int r = loaded_service_put(loaded, &service, i + 1);

	for (uint32_t k = 0; !r && k < FIXTURE_SLOTS; k++) {
		struct mg_slot slot = fixture_slot(i, k);
		uint32_t index = service.slot_base + k;

		r = put(loaded, "mg_slots", &index, &slot);
	}
	for (uint32_t m = 1; !r && m <= service.member_count; m++) {
		struct mg_member member = fixture_member(i, m);
		struct mg_load load = fixture_load(i, m);
		uint32_t index = service.member_base + m;

		r = put(loaded, "mg_members", &index, &member);
		if (!r)
			r = put(loaded, "mg_loads", &index, &load);
	}
	return r;
}

static int put_fixture(const struct loaded *loaded)
{
	struct mg_settings settings = fixture_settings(VECTOR_INGRESS);
	uint32_t zero = 0;
	int r = put(loaded, "mg_settings", &zero, &settings);

	for (uint32_t i = 0; !r && i < ARRAY_SIZE(fixture_services); i++)
		r = put_service(loaded, i);
	for (uint32_t i = 0; !r && i < ARRAY_SIZE(fixture_sites); i++)
		r = put(loaded, "mg_sites", &i, &fixture_sites[i]);
	for (uint32_t i = 0; !r && i < ARRAY_SIZE(fixture_nexthops); i++)
		r = put(loaded, "mg_nexthops", &i, &fixture_nexthops[i]);
	for (uint32_t i = 0; !r && i < ARRAY_SIZE(fixture_endpoints); i++)
		r = put(loaded, "mg_endpoints", &fixture_endpoints[i].key,
			&fixture_endpoints[i].endpoint);
	for (uint32_t i = 0; !r && i < ARRAY_SIZE(fixture_ports); i++) {
		struct mg_port port = { .ifindex = fixture_ports[i] };
		uint32_t place = MG_PORT_PLACE(fixture_ports[i], 0);

		r = put(loaded, "mg_ports", &place, &port);
	}
	for (uint32_t i = 0; !r && i < ARRAY_SIZE(fixture_servers); i++) {
		struct mg_server_key key = fixture_server_key(&fixture_servers[i]);
		struct mg_server server = { fixture_servers[i].member };

		r = put(loaded, "mg_server_ids", &key, &server);
	}
	return r;
}

static int put_headroom(struct loaded *loaded)
{
	int r = 0;

	loaded->headroom = headroom__open_and_load();
	if (!loaded->headroom)
		return -errno;
	for (uint32_t i = 0; !r && i < ARRAY_SIZE(loaded->program); i++)
		r = bpf_map_update_elem(bpf_map__fd(loaded->headroom->maps.under_test), &i,
					&loaded->program[i], BPF_ANY);
	return r;
}

int loaded_new(struct loaded **ret)
{
	_cleanup_(loaded_free) struct loaded *loaded = calloc(1, sizeof(*loaded));
	int r;

	if (!loaded)
		return -ENOMEM;
	loaded->ingress = ingress__open();
	if (!loaded->ingress)
		return -errno;
	r = bpf_map__set_max_entries(loaded->ingress->maps.mg_counters_member,
				     FIXTURE_MEMBERS_ALL * libbpf_num_possible_cpus());
	if (!r)
		r = ingress__load(loaded->ingress);
	if (r < 0)
		return r;
	loaded->egress = egress__open();
	loaded->edge = edge__open();
	if (!loaded->egress || !loaded->edge)
		return -errno;
	r = share_maps(loaded->ingress->obj, loaded->egress->obj);
	if (!r)
		r = share_maps(loaded->ingress->obj, loaded->edge->obj);
	if (!r)
		r = egress__load(loaded->egress);
	if (!r)
		r = edge__load(loaded->edge);
	if (!r)
		r = put_fixture(loaded);
	if (r < 0)
		return r;
	loaded->program[VECTOR_INGRESS] = bpf_program__fd(loaded->ingress->progs.mg_ingress);
	loaded->program[VECTOR_EGRESS] = bpf_program__fd(loaded->egress->progs.mg_egress);
	loaded->program[VECTOR_VRF] = loaded->program[VECTOR_INGRESS];
	loaded->program[VECTOR_EDGE] = bpf_program__fd(loaded->edge->progs.mg_edge);
	r = put_headroom(loaded);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(loaded);
	return 0;
}

void loaded_free(struct loaded **loaded)
{
	if (!*loaded)
		return;
	headroom__destroy((*loaded)->headroom);
	edge__destroy((*loaded)->edge);
	egress__destroy((*loaded)->egress);
	ingress__destroy((*loaded)->ingress);
	freep(loaded);
}

/* Whether the port by which the frames come is in a VRF. */
static int port_as(struct loaded *loaded, enum vector_program kind)
{
	struct mg_settings settings = fixture_settings(kind);
	struct mg_port port = fixture_port(kind);
	uint32_t zero = 0, place = MG_PORT_PLACE(port.ifindex, 0);
	int r = put(loaded, "mg_settings", &zero, &settings);

	return r < 0 ? r : put(loaded, "mg_ports", &place, &port);
}

static int run(struct loaded *loaded, enum vector_program program, struct bpf_test_run_opts *opts)
{
	int r = program == VECTOR_VRF ? port_as(loaded, VECTOR_VRF) : 0;

	loaded->headroom->bss->which = program;
	if (r >= 0)
		r = bpf_prog_test_run_opts(bpf_program__fd(loaded->headroom->progs.fill_headroom),
					   opts);
	if (r >= 0 && program == VECTOR_VRF)
		r = port_as(loaded, VECTOR_INGRESS);
	return r;
}

int loaded_run(struct loaded *loaded, enum vector_program program, uint8_t *bytes, size_t *len,
	       size_t size, uint32_t *ret_action)
{
	_cleanup_(freep) uint8_t *in = malloc(*len);
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in, .data_size_in = *len, .data_out = bytes,
		    .data_size_out = size, .repeat = 1);
	int r;

	if (!in)
		return -ENOMEM;
	memcpy(in, bytes, *len);
	r = run(loaded, program, &opts);
	if (r < 0)
		return r;
	*len = opts.data_size_out;
	*ret_action = opts.retval;
	return 0;
}

int loaded_time(struct loaded *loaded, enum vector_program program, const uint8_t *bytes,
		size_t len, uint32_t repeat, uint32_t *ret_ns)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = bytes, .data_size_in = len,
		    .repeat = repeat);
	int r = bpf_prog_test_run_opts(loaded->program[program], &opts);

	if (r < 0)
		return r;
	*ret_ns = opts.duration;
	return 0;
}

static struct mg_counter counter(const struct loaded *loaded, const char *name, uint32_t index)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_(freep) struct mg_counter *each = calloc(cpus, sizeof(*each));
	struct mg_counter sum = { 0 };

	if (!each || bpf_map_lookup_elem(loaded_map(loaded, name), &index, each) < 0)
		abort();
	for (int i = 0; i < cpus; i++) {
		sum.packets += each[i].packets;
		sum.bytes += each[i].bytes;
		sum.starts += each[i].starts;
	}
	return sum;
}

struct mg_counter loaded_verdict(const struct loaded *loaded, enum mg_verdict verdict)
{
	return counter(loaded, "mg_counters_verdict", verdict);
}

int loaded_moved(const struct loaded *loaded, struct mg_counter before[MG_VERDICT_COUNT],
		 size_t len)
{
	int verdict = -1, changes = 0;

	for (int v = 0; v < MG_VERDICT_COUNT; v++) {
		struct mg_counter now = loaded_verdict(loaded, v);

		if (!memcmp(&now, &before[v], sizeof(now)))
			continue;
		changes++;
		if (now.packets == before[v].packets + 1 && now.bytes == before[v].bytes + len)
			verdict = v;
		before[v] = now;
	}
	return changes == 1 ? verdict : -1;
}

struct mg_counter loaded_service(const struct loaded *loaded, uint32_t service)
{
	return counter(loaded, "mg_counters_service", service);
}

struct mg_counter loaded_member(const struct loaded *loaded, uint32_t member)
{
	int fd = loaded_map(loaded, "mg_counters_member");
	struct mg_counter sum = { 0 };

	for (int cpu = 0; cpu < libbpf_num_possible_cpus(); cpu++) {
		uint32_t index = cpu * FIXTURE_MEMBERS_ALL + member;
		struct mg_member_counter of_cpu;

		if (bpf_map_lookup_elem(fd, &index, &of_cpu) < 0)
			abort();
		sum.packets += of_cpu.packets;
		sum.bytes += of_cpu.bytes;
		sum.starts += of_cpu.starts;
	}
	return sum;
}

uint64_t loaded_event(const struct loaded *loaded, enum mg_event event)
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_(freep) struct mg_event_counter *each = calloc(cpus, sizeof(*each));
	uint32_t index = event;
	uint64_t sum = 0;

	if (!each || bpf_map_lookup_elem(loaded_map(loaded, "mg_counters_event"), &index, each) < 0)
		abort();
	for (int i = 0; i < cpus; i++)
		sum += each[i].count;
	return sum;
}

int loaded_program(const struct loaded *loaded, enum vector_program program)
{
	return loaded->program[program];
}

int loaded_map(const struct loaded *loaded, const char *name)
{
	return bpf_object__find_map_fd_by_name(loaded->ingress->obj, name);
}

int loaded_pin(struct loaded *loaded, const char *dir)
{
	return bpf_object__pin_maps(loaded->ingress->obj, dir);
}

int loaded_unpin(struct loaded *loaded, const char *dir)
{
	int r = bpf_object__unpin_maps(loaded->ingress->obj, dir);

	return r < 0 || rmdir(dir) == 0 ? r : -errno;
}
