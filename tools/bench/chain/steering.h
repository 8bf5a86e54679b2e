/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Margay as the router: its tables and programs by control/tables, as margayd sets them up, in the
 * namespace that the calling thread is in. One thread.
 */
#pragma once
#include <stdint.h>

#include "topology.h"

struct steering;

/* Both families of so many services, each with CHAIN_SITES sites of weights 1, 2, ...; returns as
 * soon as every site has its next hop. 0, or -errno, logged. */
int steering_new(const struct topology *topology, uint32_t services, struct steering **ret);
void steering_free(struct steering **steering); /* packets flow on by the tables, as ever */
