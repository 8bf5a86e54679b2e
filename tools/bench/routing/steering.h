/* SPDX-License-Identifier: BSD-2-Clause */
/* What margayd is measured at as an ingress of services at 16 sites: the daemon with its tables.
 * Each returns 0, or negative errno, logged: then no figure counts. */
#pragma once
#include "bench.h"
#include "figure.h"

/* 10,000 services: from a start with empty tables until all slots have their owners. */
int measure_restore(const struct bench *bench, struct figures *figures);
/* 1,000 services: metric updates as fast as they are taken, by margayd's CPU time. */
int measure_rate(const struct bench *bench, struct figures *figures);
/* 1,000 services, 1,000 metric updates a second: from UPDATE to slot. */
int measure_latency(const struct bench *bench, struct figures *figures);
/* 1,000 services: from one neighbour's withdrawal to members and slots, while another one floods.
 */
int measure_flood(const struct bench *bench, struct figures *figures);
