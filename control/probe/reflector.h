/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The STAMP session reflector (RFC 8762 section 4.3), stateless: sends each request back with the
 * times of its coming and going. Owned by the event loop.
 */
#pragma once
#include "probe/stamp.h"

#include <uv.h>

struct reflector;

struct reflector_config {
	uint16_t port;
	uint32_t rate_max;    /* replies a second, and as many at once; 1.. */
	struct stamp_key key; /* len 0: without authentication */
};

struct reflector_counts {
	uint64_t reflected;
	uint64_t malformed; /* too short or long, or with an error estimate that cannot be */
	uint64_t refused;   /* the HMAC is wrong, or is not there */
	uint64_t limited;   /* more than rate_max */
	uint64_t unsent;    /* the kernel did not take the reply */
};

/* Both families, all addresses. 0 or a negative errno, logged. */
int reflector_new(uv_loop_t *loop, const struct reflector_config *config, struct reflector **ret);
void reflector_free(struct reflector **reflector); /* *reflector may be NULL; NULL afterwards */

void reflector_counts(const struct reflector *reflector, struct reflector_counts *ret);
