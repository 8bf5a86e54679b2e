/* SPDX-License-Identifier: BSD-2-Clause */
#include "alarm.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define NS_PER_S 1000000000ull

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct alarm *alarm = poll->data;
	uint64_t count;

	if (read(alarm->fd, &count, sizeof(count)) == sizeof(count))
		alarm->due(alarm->user);
}

int alarm_init(uv_loop_t *loop, struct alarm *alarm, void (*due)(void *user), void *user)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	*alarm = (struct alarm){ .fd = fd, .due = due, .user = user };
	r = uv_poll_init(loop, &alarm->poll, fd);
	if (r < 0) {
		close(fd);
		return r;
	}
	alarm->poll.data = alarm;
	return uv_poll_start(&alarm->poll, UV_READABLE, on_readable);
}

void alarm_set(struct alarm *alarm, uint64_t at_ns)
{
	struct itimerspec when = { .it_value = { .tv_sec = (time_t)(at_ns / NS_PER_S),
						 .tv_nsec = (long)(at_ns % NS_PER_S) } };

	timerfd_settime(alarm->fd, TFD_TIMER_ABSTIME, &when, NULL);
}
