/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The BPF objects and their pinned maps: made or adopted, checked, mapped into memory. Private to
 * control/tables; owned by struct tables.
 */
#pragma once
#include "tables/tables.h"

enum map_id {
	MAP_SERVICE_SETS,
	MAP_SERVICES,
	MAP_SLOTS,
	MAP_PINS,
	MAP_PIN_MARKS,
	MAP_FRAGMENTS,
	MAP_MEMBERS,
	MAP_LOADS,
	MAP_RECENT,
	MAP_SITES,
	MAP_NEXTHOPS,
	MAP_ENDPOINTS,
	MAP_PORTS,
	MAP_SERVER_IDS,
	MAP_SETTINGS,
	MAP_BUCKETS,
	MAP_COUNTERS_VERDICT,
	MAP_COUNTERS_SERVICE,
	MAP_COUNTERS_MEMBER,
	MAP_COUNTERS_EVENT,
	MAP_TRACE,
	MAP_TRACE_FILTER,
	MAP_TRACE_SCRATCH,
	MAP_COUNT
};

struct maps {
	struct ingress *ingress; /* the skeletons own programs and maps */
	struct egress *egress;
	struct edge *edge;
	int lock; /* the pin directory, held by flock(2) */
	int cpus;
	int fd[MAP_COUNT];
	uint32_t size[MAP_COUNT]; /* in entries */
	void *memory[MAP_COUNT];  /* of those that are mapped; else NULL */
	size_t memory_len[MAP_COUNT];
	int outgrown[MAP_COUNT]; /* counters of a build that had fewer; else -1 */
	bool adopted;            /* the tables of a former run were there */
	uint32_t made;           /* a bit for each map that was not */
};

/* On failure *ret is untouched, nothing stays open, and nothing pinned that was not before. */
int maps_open(const struct tables_config *config, struct maps *ret);
void maps_init(struct maps *maps); /* so that maps_close() may be called */
void maps_close(struct maps *maps);

/* Slots, pins and what else is of flows, 14 MB of default size: in our memory from the first
 * service on. The kernel maps all of it at once. 0, or the error, logged. */
int maps_flows_open(struct maps *maps);
void maps_flows_close(struct maps *maps);

const char *maps_name(enum map_id id);
int maps_program(const struct maps *maps, enum port_role role); /* -1: the role has none */

/* counters.c. Those of members are in memory as long as slots and pins are. */
struct mg_counter maps_counter(const struct maps *maps, enum map_id id, uint32_t index);
uint64_t maps_event(const struct maps *maps, enum mg_event event);
void maps_counter_reset(const struct maps *maps, enum map_id id, uint32_t index);
struct mg_counter maps_member_counter(const struct maps *maps, uint32_t member);
void maps_member_counter_reset(const struct maps *maps, uint32_t member);
void maps_member_counter_copy(const struct maps *maps, uint32_t from, uint32_t to);
