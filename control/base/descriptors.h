/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <sys/resource.h>

/* As many file descriptors as the process may have: a session takes one, and so does who asks. The
 * soft limit, often 1024, is for programs that call select(). Once, at the start; where it cannot
 * be, the limit stays. */
static inline void descriptors_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}
