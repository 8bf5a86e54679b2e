/* SPDX-License-Identifier: BSD-2-Clause */
/* A thread of the machine that takes part: on its CPU, before all others, and what it got of it. */
#pragma once
#include <stdint.h>
#include <sys/types.h>

struct thread_time {
	uint64_t run_ns;
	uint64_t wait_ns; /* it could have run, but another did */
};

/* Who comes first: the router before the generator, so that on one CPU no packet waits. */
enum priority { PRIORITY_GENERATOR = 1, PRIORITY_ROUTER, PRIORITY_WATCH };

/* 0, or -errno, logged. pid 0: the calling thread; cpu -1: any. */
int thread_place(pid_t pid, enum priority priority, int cpu);

int thread_time(pid_t pid, struct thread_time *ret);

/* The kernel thread that a device's packets are handled by; made by writing 1 to `threaded`, in the
 * device's namespace. 0, or -errno, logged. */
int thread_of_device(const char *device, pid_t *ret);
