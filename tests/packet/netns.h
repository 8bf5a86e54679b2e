/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A place of its own for a test that changes the kernel: private namespaces for network and mounts,
 * with a BPF file system of their own. All of it, pins included, goes with the test's process.
 */
#pragma once
#include "base/util.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <uv.h>

/* Runs a shell command and fails the test where it fails. */
static inline void __attribute__((format(printf, 1, 2))) sh(const char *format, ...)
{
	char command[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	cr_assert(system(command) == 0, "%s", command);
}

/* A new network namespace; the process is in it, and the descriptor keeps it alive. */
static inline int netns_new(void)
{
	int fd;

	cr_assert(unshare(CLONE_NEWNET) == 0);
	fd = open("/proc/self/ns/net", O_RDONLY);
	cr_assert(fd >= 0);
	sh("ip link set lo up");
	return fd;
}

static inline void netns_enter(int fd)
{
	cr_assert(setns(fd, CLONE_NEWNET) == 0);
}

static inline void kernel_private(void)
{
	if (geteuid() != 0)
		cr_skip_test("needs root: network namespaces and BPF");
	if (unshare(CLONE_NEWNS) < 0)
		cr_skip_test("needs mount namespaces");
	cr_assert(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	if (mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL) < 0)
		cr_skip_test("needs a BPF file system: mount -t bpf: %s", strerror(errno));
}

static inline void loop_tick(uv_timer_t *timer)
{
}

/* Turns the loop until done() or for that long; tells whether done() came true. */
static inline bool loop_until(uv_loop_t *loop, bool (*done)(void *user), void *user, uint64_t ms)
{
	uint64_t end = uv_hrtime() + ms * 1000000;
	uv_timer_t tick;
	bool is_done;

	uv_timer_init(loop, &tick);
	uv_timer_start(&tick, loop_tick, 10, 10);
	while (!(is_done = done(user)) && uv_hrtime() < end)
		uv_run(loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&tick, NULL);
	uv_run(loop, UV_RUN_NOWAIT);
	return is_done;
}

static inline bool never(void *user)
{
	return false;
}

static inline void loop_end(uv_loop_t *loop)
{
	uv_run(loop, UV_RUN_DEFAULT);
	cr_expect(uv_loop_close(loop) == 0, "a handle was left open");
}
