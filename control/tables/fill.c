/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: How full the tables are. What is handed out in ranges is counted there, resting ones
 * included, because no one else can have them; pins as of the last sweep; hashes and fragments by
 * looking. Marks are set at the end of a sweep's round, before what rests is free again, so that
 * nothing that was taken for a moment is missed; fragments live shorter, theirs is what a round
 * found.
 */
#include "tables/state.h"

#include "base/util.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define FRAGMENT_LIFE     2 /* ticks; as in dataplane/core/fragment.h */
#define FRAGMENT_TICK_MAX 63

static uint64_t ranges_used(const struct ranges *ranges)
{
	uint64_t used = 0;

	for (size_t i = 0; i < ranges->count; i++)
		used += ranges->range[i].len;
	return used;
}

static uint64_t pins_used(const struct tables *t)
{
	uint64_t used = 0;

	for (size_t i = 0; i < t->service_count; i++)
		used += t->service[i]->pins;
	return used;
}

static uint64_t fragments_used(const struct tables *t, uint64_t now_ns)
{
	const struct mg_fragment_set *set = t->maps.memory[MAP_FRAGMENTS];
	uint8_t tick = (uint8_t)(now_ns >> MG_TICK_SHIFT);
	uint64_t used = 0;

	for (size_t i = 0; i < MG_FRAGMENT_SETS; i++)
		for (size_t k = 0; k < MG_FRAGMENTS_PER_SET; k++) {
			struct mg_fragment f = set[i].fragment[k];

			used += f.proto && ((tick - f.tick) & FRAGMENT_TICK_MAX) < FRAGMENT_LIFE;
		}
	return used;
}

/* Of a hash. The largest key is a service's. */
static uint64_t keys_used(const struct tables *t, enum map_id id)
{
	uint8_t key[64], next[64];
	uint64_t used = 0;

	while (used < t->maps.size[id] &&
	       bpf_map_get_next_key(t->maps.fd[id], used ? key : NULL, next) == 0) {
		memcpy(key, next, sizeof(key));
		used++;
	}
	return used;
}

static uint64_t ports_used(const struct tables *t)
{
	uint64_t used = 0;

	for (size_t i = 0; i < t->port_count; i++)
		used += t->port[i].state.ifindex != 0;
	return used;
}

/* What the reader has not taken yet: the two positions are at the start of the first two pages. */
static uint64_t ring_used(const struct tables *t)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd = t->maps.fd[MAP_TRACE];
	char *taken = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 0);
	char *written = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, (off_t)page);
	uint64_t used = 0;

	if (taken != MAP_FAILED && written != MAP_FAILED)
		used = __atomic_load_n((unsigned long *)written, __ATOMIC_ACQUIRE) -
		       __atomic_load_n((unsigned long *)taken, __ATOMIC_ACQUIRE);
	if (taken != MAP_FAILED)
		munmap(taken, page);
	if (written != MAP_FAILED)
		munmap(written, page);
	return used;
}

/* False: its entries are all there from the start. */
static bool map_used(const struct tables *t, enum map_id id, uint64_t now_ns, uint64_t *ret)
{
	switch (id) {
	case MAP_SERVICES: /* half of the places are for what changes */
		*ret = ranges_used(&t->places);
		return true;
	case MAP_COUNTERS_SERVICE: /* full of services long before mg_services is */
		*ret = ranges_used(&t->services);
		return true;
	case MAP_SLOTS:
		*ret = ranges_used(&t->slots);
		return true;
	case MAP_MEMBERS:
		*ret = ranges_used(&t->members);
		return true;
	case MAP_SITES:
		*ret = ranges_used(&t->sites);
		return true;
	case MAP_NEXTHOPS:
		*ret = ranges_used(&t->nexthops);
		return true;
	case MAP_PINS:
		*ret = pins_used(t);
		return true;
	case MAP_FRAGMENTS:
		*ret = fragments_used(t, now_ns);
		return true;
	case MAP_ENDPOINTS:
	case MAP_SERVER_IDS:
		*ret = keys_used(t, id);
		return true;
	case MAP_PORTS:
		*ret = ports_used(t);
		return true;
	case MAP_TRACE:
		*ret = ring_used(t);
		return true;
	default:
		return false;
	}
}

static bool map_marked(enum map_id id)
{
	return id == MAP_SERVICES || id == MAP_SLOTS || id == MAP_MEMBERS || id == MAP_SITES ||
	       id == MAP_NEXTHOPS || id == MAP_PINS || id == MAP_FRAGMENTS;
}

void fill_mark(struct tables *t, uint64_t now_ns)
{
	uint64_t used;

	for (enum map_id id = 0; id < MAP_COUNT; id++)
		if (map_marked(id) && map_used(t, id, now_ns, &used) && used > t->peak[id])
			t->peak[id] = used;
}

/* What the kernel says that the map takes; 0: it says nothing. */
static uint64_t map_memory(int fd)
{
	unsigned long long memory = 0;
	char path[64], line[128];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "memlock: %llu", &memory) == 1)
			break;
	fclose(file);
	return memory;
}

static const char *map_kind(uint32_t type)
{
	switch (type) {
	case BPF_MAP_TYPE_HASH:
		return "hash";
	case BPF_MAP_TYPE_ARRAY:
		return "array";
	case BPF_MAP_TYPE_PERCPU_ARRAY:
		return "per-CPU array";
	case BPF_MAP_TYPE_RINGBUF:
		return "ring";
	default:
		return "other";
	}
}

/* Sets of eight are counted by what is in them. */
static uint64_t map_size(const struct tables *t, enum map_id id)
{
	uint64_t size = t->maps.size[id];

	if (id == MAP_PINS)
		return size * MG_PINS_PER_SET;
	if (id == MAP_RECENT)
		return size * MG_RECENTS_PER_SET;
	return id == MAP_FRAGMENTS ? size * MG_FRAGMENTS_PER_SET : size;
}

bool tables_map(struct tables *t, size_t index, uint64_t now_ns, struct map_state *ret)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);

	if (index >= MAP_COUNT)
		return false;
	*ret = (struct map_state){ .name = maps_name((enum map_id)index) };
	if (bpf_obj_get_info_by_fd(t->maps.fd[index], &info, &len) == 0)
		ret->kind = map_kind(info.type);
	ret->size = map_size(t, (enum map_id)index);
	ret->octets = index == MAP_TRACE;
	ret->memory = map_memory(t->maps.fd[index]);
	ret->counted = map_used(t, (enum map_id)index, now_ns, &ret->used);
	ret->marked = map_marked((enum map_id)index);
	if (ret->marked && ret->used > t->peak[index])
		t->peak[index] = ret->used;
	ret->peak = t->peak[index];
	return true;
}
