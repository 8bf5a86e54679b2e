/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Services (core/v1) of a Kubernetes cluster that ask by annotation to be announced, as list
 * and watch tell them, and what an operator lets them have. Whoever may write Services there is not
 * trusted: what is outside of the policy, or wrong, is kept with the reason and is not announced;
 * it hurts no other Service. Pure: JSON in, values out. Owned by a cluster (cluster.h).
 *
 *   margay.io/announce: "true"          all others are passed over
 *   margay.io/address: "ADDRESS ..."    else those of its load balancer, else its externalIPs
 *   margay.io/port: "NUMBER" or "NAME"  one of its ports; else all of TCP and UDP
 *   margay.io/capacity: "NUMBER"        of one endpoint, in worker slots
 *   margay.io/service-time-ms: "NUMBER" mean, of one request
 */
#pragma once
#include "base/addr.h"

#include <stdbool.h>
#include <stddef.h>

#define ANNOTATED_MAX           256 /* Services that may be announced */
#define ANNOTATED_REFUSED_MAX   64  /* of the others */
#define ANNOTATED_ADDRESSES_MAX 4   /* of a Service */
#define ANNOTATED_PORTS_MAX     4
#define ANNOTATED_LABEL_MAX     64 /* with the closing 0 */
#define ANNOTATED_NAME_MAX      (2 * ANNOTATED_LABEL_MAX)
#define ANNOTATED_FAULT_MAX     160

#define POLICY_NAMESPACES_MAX 16
#define POLICY_PREFIXES_MAX   16

/* An operator's word. */
struct announce_policy {
	char namespace[POLICY_NAMESPACES_MAX][ANNOTATED_LABEL_MAX];
	struct prefix prefix[POLICY_PREFIXES_MAX];   /* where addresses of Services may be */
	struct prefix endpoint[POLICY_PREFIXES_MAX]; /* where their endpoints may be */
	size_t namespace_count, prefix_count, endpoint_count;
	uint32_t services_max; /* the oldest ones; at most ANNOTATED_MAX */
};

struct annotated_port {
	char name[ANNOTATED_LABEL_MAX]; /* "": it has none */
	uint16_t port;
	uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP */
};

struct annotated {
	char namespace[ANNOTATED_LABEL_MAX], name[ANNOTATED_LABEL_MAX];
	char created[32]; /* as the server has it: texts in the order of time */
	struct addr address[ANNOTATED_ADDRESSES_MAX];
	struct annotated_port port[ANNOTATED_PORTS_MAX];
	size_t address_count, port_count;
	double capacity, service_time_s;   /* 0: not told */
	char refused[ANNOTATED_FAULT_MAX]; /* "": it may be announced */
	bool ranked_out;                   /* it is one of too many, which passes with time */
	/* Whoever owns the list keeps here, as long as the Service is there, what it thinks of it.
	 */
	struct annotated_use {
		char fault[ANNOTATED_FAULT_MAX]; /* why it is not announced though it may be; "" */
		char said[ANNOTATED_FAULT_MAX];  /* what the log was told of it last */
		size_t offers, taken, endpoints, ready;
	} use;
};

struct annotated_list;

struct annotated_list *annotated_new(const struct announce_policy *policy); /* NULL: no memory */
void annotated_free(struct annotated_list **list);

/* A ServiceList: replaces what was known. 0; or -EBADMSG, -E2BIG, -ENOMEM: all is as it was, and
 * reason says why. */
int annotated_list(struct annotated_list *l, const char *json, size_t len, char reason[160]);
/* One watch event. As annotated_list(); -ESTALE: list anew. *ret_changed: Services may differ. */
int annotated_event(struct annotated_list *l, const char *json, size_t len, int *ret_changed,
		    char reason[160]);
const char *annotated_version(const struct annotated_list *l); /* as slices_version() */
void annotated_forget_version(struct annotated_list *l);

/* What is known is judged anew. A wider policy needs a new list besides: of what was refused, not
 * all is kept. */
void annotated_policy_set(struct annotated_list *l, const struct announce_policy *policy);

/* In the order of age, those of the same second by name: who came later takes nothing away from
 * who was there. NULL behind the last one; what is not announced has its reason in `refused`. */
struct annotated *annotated_at(struct annotated_list *l, size_t index);
/* Refusals since the start: each Service once for each of its reasons, and what there was no room
 * for with each list. */
uint64_t annotated_refusals(const struct annotated_list *l);

/* "NAMESPACE/NAME"; returns ret. */
const char *annotated_name(const struct annotated *a, char ret[ANNOTATED_NAME_MAX]);
bool policy_allows_endpoint(const struct announce_policy *policy, const struct addr *endpoint);
