/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A timer that keeps microseconds, where libuv's own keeps milliseconds: a timerfd watched by the
 * loop. The storage is the caller's; the loop's thread owns it.
 */
#pragma once
#include <stdint.h>
#include <uv.h>

struct alarm {
	uv_poll_t poll;
	int fd;
	void (*due)(void *user);
	void *user;
};

/* 0 or -errno. The alarm must stay where it is until the loop has closed it. */
int alarm_init(uv_loop_t *loop, struct alarm *alarm, void (*due)(void *user), void *user);

/* at_ns: CLOCK_MONOTONIC, as uv_hrtime(); a time gone by is due at once. 0: never. */
void alarm_set(struct alarm *alarm, uint64_t at_ns);
