/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel says of this machine's load, as samples: pressure stall information
 * (Documentation/accounting/psi.rst) and a control group (Documentation/admin-guide/cgroup-v2.rst).
 * Plain reads of files that never make anybody wait; event loop or any thread.
 *
 *   psi_avg10, psi_avg60, psi_avg300 {resource="cpu|memory|io", kind="some|full"}   0..1
 *   psi_seconds_total {resource, kind}                                              counter
 *   cgroup_cpu_usage_seconds_total, cgroup_cpu_throttled_seconds_total              counters
 *   cgroup_cpu_limit_cores      cpu.max, or the CPUs that are there
 *   cgroup_memory_bytes, cgroup_memory_limit_bytes (only where there is a limit), cgroup_pids
 */
#pragma once
#include "agent/exposition.h"

struct pressure_config {
	char psi_dir[256];    /* "/proc/pressure" */
	char cgroup_dir[256]; /* "": none */
};

typedef const char *(*pressure_sample_fn)(void *user, const struct exposition_sample *sample);

/* 0, or -errno (-EBADMSG: a file's content) and reason says which file and why. */
int pressure_read(const struct pressure_config *config, pressure_sample_fn sample, void *user,
		  char reason[160]);
