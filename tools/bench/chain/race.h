/* SPDX-License-Identifier: BSD-2-Clause */
/* The runs: the routers in turn, on the same packets. One thread. */
#pragma once
#include "outcome.h"
#include "plan.h"

struct race {
	const struct plan *plan;       /* flows, one number of services, families, rounds, seed */
	double seconds;                /* of a run */
	int generator_cpu, router_cpu; /* may be one */
};

static inline bool race_apart(const struct race *race)
{
	return race->generator_cpu != race->router_cpu;
}

/* Fills ret[0 .. flows x families), families outermost. 0, or -errno, logged: nothing could be
 * measured, or a packet came out wrong. */
int race(const struct race *race, struct outcome *ret);
