/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A Kubernetes cluster whose Services announce themselves by annotation (annotated.h): follows its
 * Services, and the EndpointSlices of those that may be announced, and says what is to be announced
 * with which servers. While the API server is silent, what it said last counts for max_age.
 * Event loop only; owned by whoever made it.
 */
#pragma once
#include "agent/annotated.h"
#include "agent/channel.h"
#include "agent/fetch.h"
#include "agent/slices.h"

#include <stdbool.h>

#define CLUSTER_SERVICES_MAX 64 /* of policy.services_max: their names go into one URL */
#define CLUSTER_NODES_MAX    64
#define CLUSTER_SERVERS_MAX  256
#define CLUSTER_SELECTOR_MAX 256

struct cluster;

struct cluster_config {
	char name[32];
	struct fetch_target target;
	char selector[CLUSTER_SELECTOR_MAX]; /* labelSelector of the Services; "": all */
	uint32_t timeout_ms, max_age_ms;
	uint64_t body_max; /* octets of a list, or of an event */
	struct announce_policy policy;
	/* Nodes that take what is for the Services to their endpoints; none: the endpoints do that
	 * themselves. */
	struct addr node[CLUSTER_NODES_MAX];
	size_t node_count;
};

/* One address and port of a Service. */
struct cluster_offer {
	char name[ANNOTATED_NAME_MAX];
	struct addr address;
	uint16_t port;
	uint8_t protocol;
	double capacity, service_time_s; /* of all that is ready; 0: not told */
	uint8_t availability;            /* percent; 0: nothing is ready */
	bool drain;                      /* nothing is ready, and some serve what they have */
	bool absent;                     /* nobody serves: not to be announced */
	const struct addr *server;       /* sorted; none where absent */
	size_t server_count;
	/* The listener's word: 0, or why it is not taken, -EEXIST: the address is somebody
	 * else's. */
	int result;
};

struct cluster_ops {
	/* All that is to be announced from now on; the offers are the cluster's. */
	void (*offered)(void *user, struct cluster_offer *offers, size_t count);
};

/* 0 or -ENOMEM. The configuration is copied. */
int cluster_new(uv_loop_t *loop, struct web *web, const struct cluster_config *config,
		const struct cluster_ops *ops, void *user, struct cluster **ret);
void cluster_free(struct cluster **cluster); /* its offers are the listener's to withdraw */

/* Takes over new settings, with what is known: what they forbid is no longer offered from now on,
 * what they allow comes with the next list. 0 or -ENOMEM and all is as before. */
int cluster_reconfigure(struct cluster *cluster, const struct cluster_config *config);
bool cluster_config_equal(const struct cluster_config *a, const struct cluster_config *b);
void cluster_offer_again(struct cluster *cluster); /* soon: what was refused may be taken now */
/* Both lists were there, or could not be had. */
bool cluster_has_spoken(const struct cluster *cluster);

enum cluster_of { CLUSTER_SERVICES, CLUSTER_ENDPOINTS, CLUSTER_OF_COUNT };

struct cluster_view {
	const struct cluster_config *config;
	struct channel_view channel[CLUSTER_OF_COUNT];
	uint64_t refusals, endpoints_refused; /* endpoints: now */
};
void cluster_view(const struct cluster *cluster, struct cluster_view *ret);

/* The Services that ask, announced or not; NULL behind the last one. */
const struct annotated *cluster_service(const struct cluster *cluster, size_t index);
