/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clusters whose Services announce themselves (agent/cluster.h), as services of this site: what
 * they offer is offered to the egress, in whose words it is refused. Owned by the event loop.
 */
#pragma once
#include "agent/cluster.h"
#include "egress/egress.h"

struct guests;
struct gatherers;

/* A cluster, and what all its services have that no annotation may say. */
struct guest_config {
	struct cluster_config cluster;
	uint32_t slots, idle_s;
	struct discipline discipline;
};

/* 0 or -ENOMEM, logged. Egress and gatherers are borrowed; the latter have the web that clusters
 * are asked by. */
int guests_new(uv_loop_t *loop, struct egress *egress, struct gatherers *gatherers,
	       struct guests **ret);
void guests_free(struct guests **guests); /* before the egress; withdraws nothing */

/* After each egress_configure(), which may have taken addresses. Clusters of the same name go on
 * with what they know; of those that are gone all is withdrawn. 0 or -ENOMEM: then those are
 * missing that the log names. */
int guests_configure(struct guests *guests, const struct guest_config *configs, size_t count);

/* As egress_whole(): each cluster has had its say. */
bool guests_whole(const struct guests *guests);
const struct cluster *guests_cluster(const struct guests *guests, size_t index); /* NULL: no more */
