/* SPDX-License-Identifier: BSD-2-Clause */
/* The chain's beginning: a process of its own that sends packets as fast as it can. One thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "topology.h"
#include "wire.h"

struct generator;

/* The calling thread is in the namespace "generator", for this call. 0, or -errno, logged. */
int generator_new(const struct topology *topology, struct generator **ret);
void generator_free(struct generator **generator); /* stops it */

/* Makes the router that only sends on; the calling thread is in its namespace, for this call. 0, or
 * -errno, logged. */
int generator_floor(const struct generator *generator, const struct topology *topology);

/* Packets of this traffic to this router, from this CPU, until generator_stop(). The first packets
 * of all runs are the same. */
int generator_start(struct generator *generator, const struct traffic *traffic, enum router router,
		    int cpu);
void generator_stop(struct generator *generator);

pid_t generator_pid(const struct generator *generator); /* 0: it does not run, or has ended */
uint64_t generator_made(const struct generator *generator);
