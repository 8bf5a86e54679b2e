/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time and chance in the fuzzer's hand, so that a run can be repeated. What libuv reads as the time
 * is the kernel's and what clock_pass() has added to it; what is drawn at random is always the
 * same. libFuzzer's own clock is another one, and stays. Included by one file of a program; these
 * definitions are those that every library finds.
 */
#pragma once
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static uint64_t clock_ahead_s;

int clock_gettime(clockid_t id, struct timespec *ret)
{
	long r = syscall(SYS_clock_gettime, id, ret);

	if (r == 0 && (id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_COARSE))
		ret->tv_sec += (time_t)clock_ahead_s;
	return (int)r;
}

ssize_t getrandom(void *octets, size_t len, unsigned int flags)
{
	memset(octets, 0x5a, len);
	return (ssize_t)len;
}

static inline void clock_pass(uint32_t seconds)
{
	clock_ahead_s += seconds;
}
