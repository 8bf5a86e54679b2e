/* SPDX-License-Identifier: BSD-2-Clause */
/* The chain's end, where packets are looked at and counted. One thread. */
#pragma once
#include <stdbool.h>

#include "topology.h"
#include "wire.h"

struct sink;

/* The calling thread is in the namespace "sink", for this call. 0, or -errno, logged. */
int sink_new(const struct topology *topology, struct sink **ret);
void sink_free(struct sink **sink);

void sink_expect(struct sink *sink, bool v6); /* of the next run's packets */

/* The first octets of the last packet that was not right, borrowed. */
const uint8_t *sink_wrong(const struct sink *sink);

/* All that was counted since sink_new(), summed over the CPUs. */
int sink_read(const struct sink *sink, struct tally *ret);
