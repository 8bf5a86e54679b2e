/* SPDX-License-Identifier: BSD-2-Clause */
/* DOC: Counters are of a CPU each: summed when read, and cleared and copied one by one. */
#include "tables/maps.h"

#include "base/util.h"

#include <bpf/bpf.h>

struct mg_counter maps_counter(const struct maps *m, enum map_id id, uint32_t index)
{
	_cleanup_(freep) struct mg_counter *cpu = calloc((size_t)m->cpus, sizeof(*cpu));
	struct mg_counter sum = { 0 };

	if (!cpu || bpf_map_lookup_elem(m->fd[id], &index, cpu) < 0)
		return sum;
	for (int i = 0; i < m->cpus; i++) {
		sum.packets += cpu[i].packets;
		sum.bytes += cpu[i].bytes;
		sum.starts += cpu[i].starts;
	}
	return sum;
}

uint64_t maps_event(const struct maps *m, enum mg_event event)
{
	_cleanup_(freep) struct mg_event_counter *cpu = calloc((size_t)m->cpus, sizeof(*cpu));
	uint32_t index = event;
	uint64_t sum = 0;

	if (!cpu || bpf_map_lookup_elem(m->fd[MAP_COUNTERS_EVENT], &index, cpu) < 0)
		return 0;
	for (int i = 0; i < m->cpus; i++)
		sum += cpu[i].count;
	return sum;
}

void maps_counter_reset(const struct maps *m, enum map_id id, uint32_t index)
{
	_cleanup_(freep) struct mg_counter *cpu = calloc((size_t)m->cpus, sizeof(*cpu));

	if (cpu)
		bpf_map_update_elem(m->fd[id], &index, cpu, BPF_ANY);
}

/* --- of members: in our memory, see struct mg_member_counter ------------------------------------
 */
static struct mg_member_counter *member_counter(const struct maps *m, int cpu, uint32_t member)
{
	struct mg_member_counter *counters = m->memory[MAP_COUNTERS_MEMBER];

	return &counters[(size_t)cpu * m->size[MAP_MEMBERS] + member];
}

static uint64_t word(const __u64 *at)
{
	return __atomic_load_n(at, __ATOMIC_RELAXED);
}

struct mg_counter maps_member_counter(const struct maps *m, uint32_t member)
{
	struct mg_counter sum = { 0 };

	for (int cpu = 0; cpu < m->cpus; cpu++) {
		const struct mg_member_counter *counter = member_counter(m, cpu, member);

		sum.packets += word(&counter->packets);
		sum.bytes += word(&counter->bytes);
		sum.starts += word(&counter->starts);
	}
	return sum;
}

void maps_member_counter_reset(const struct maps *m, uint32_t member)
{
	for (int cpu = 0; cpu < m->cpus; cpu++)
		*member_counter(m, cpu, member) = (struct mg_member_counter){ .packets = 0 };
}

void maps_member_counter_copy(const struct maps *m, uint32_t from, uint32_t to)
{
	for (int cpu = 0; cpu < m->cpus; cpu++)
		*member_counter(m, cpu, to) = *member_counter(m, cpu, from);
}
