/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs the cases of a plan, interleaved. Owned by the bench's one thread. */
#pragma once
#include <stddef.h>

#include "result.h"

/* Fills ret[0..count), one for each case, in their order. pinned: the path of a program to measure
 * in place of Margay's; NULL: none. 0; -EBADMSG: a packet did not come out as it must, and no
 * figure counts; or another -errno. All are logged. */
int measure(const struct plan *plan, const struct bench_case *cases, size_t count,
	    const char *pinned, struct result *ret);
