/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Every map, defined once; all programs include this, and user space gives the others the maps of
 * the first. The sizes are stand-ins that user space sets before load. User space pins them
 * itself, below a path with MG_ABI_VERSION. The mmapable arrays are read and written as memory:
 * their values are multiples of eight octets, because that is the kernel's stride.
 */
#pragma once
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "abi.h"
#include "trace.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct mg_service_set);
	__uint(max_entries, 256);
} mg_service_sets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32); /* mg_service_ref.place */
	__type(value, struct mg_service);
	__uint(max_entries, 1024);
} mg_services SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct mg_slot);
	__uint(max_entries, 65536);
} mg_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct mg_pin_set);
	__uint(max_entries, 16384);
} mg_pins SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32); /* of eight sets of mg_pins */
	__type(value, struct mg_pin_marks);
	__uint(max_entries, 16384 / MG_MARKS_PER_WORD);
} mg_pin_marks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct mg_fragment_set);
	__uint(max_entries, MG_FRAGMENT_SETS);
} mg_fragments SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct mg_member);
	__uint(max_entries, 4096);
} mg_members SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32); /* as mg_members */
	__type(value, struct mg_load);
	__uint(max_entries, 4096);
} mg_loads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct mg_recent_set);
	__uint(max_entries, MG_RECENT_SETS);
} mg_recent SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct mg_site);
	__uint(max_entries, 1024);
} mg_sites SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct mg_nexthop);
	__uint(max_entries, 1024);
} mg_nexthops SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct mg_endpoint_key);
	__type(value, struct mg_endpoint);
	__uint(max_entries, 256);
} mg_endpoints SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct mg_server_key);
	__type(value, struct mg_server);
	__uint(max_entries, 4096);
} mg_server_ids SEC(".maps");

/* Not a devmap, which takes no BTF: bpftool could not print its names. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32); /* MG_PORT_PLACE() */
	__type(value, struct mg_port);
	__uint(max_entries, MG_PORTS);
} mg_ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct mg_settings);
	__uint(max_entries, 1);
} mg_settings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32); /* enum mg_guard */
	__type(value, struct mg_bucket);
	__uint(max_entries, MG_GUARD_COUNT);
} mg_buckets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32); /* enum mg_verdict: an array's BTF key must be a plain integer */
	__type(value, struct mg_counter);
	__uint(max_entries, MG_VERDICT_COUNT);
} mg_counters_verdict SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32); /* mg_service.index */
	__type(value, struct mg_counter);
	__uint(max_entries, 1024);
} mg_counters_service SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32); /* as mg_members, for each CPU */
	__type(value, struct mg_member_counter);
	__uint(max_entries, 4096);
} mg_counters_member SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32); /* enum mg_event */
	__type(value, struct mg_event_counter);
	__uint(max_entries, MG_EVENT_COUNT);
} mg_counters_event SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct mg_trace_filter);
	__uint(max_entries, 1);
} mg_trace_filter SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct mg_trace_scratch);
	__uint(max_entries, 1);
} mg_trace_scratch SEC(".maps");

/* Of struct mg_trace_record. Octets: a power of two, whole pages. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} mg_trace SEC(".maps");
