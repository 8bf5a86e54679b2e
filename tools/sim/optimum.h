/* SPDX-License-Identifier: BSD-2-Clause */
/* The joint optimum: shares of all ingresses with the least cost for all flows together. */
#pragma once
#include "world.h"

#include <stdbool.h>

/* shares[ingress * SITES + site], of what is true then. */
void optimum_find(const struct world *world, double at_s, double *shares);

/* The demand of an ingress then, flows/s. */
double world_demand(const struct world *world, size_t ingress, double at_s);
