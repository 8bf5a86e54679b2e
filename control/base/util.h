/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ownership helpers: a local marked _cleanup_ is released on every way out, TAKE_PTR hands it on.
 */
#pragma once
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(destructor) __attribute__((cleanup(destructor)))

#define TAKE_PTR(ptr)                        \
	({                                   \
		__typeof__(ptr) taken = ptr; \
                                             \
		(ptr) = NULL;                \
		taken;                       \
	})

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define BIT(n)            (1u << (n))

/* For _cleanup_(freep): *ptr may be NULL. */
static inline void freep(void *ptr)
{
	free(*(void **)ptr);
	*(void **)ptr = NULL;
}

/* For _cleanup_(closep): -1 is "none". */
static inline void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}
