/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The EndpointSlices (discovery.k8s.io/v1) of one Kubernetes Service or of several, as list and
 * watch tell them. Pure: JSON in, counts and addresses out. Owned by whoever asks for them.
 */
#pragma once
#include "base/addr.h"

#include <stddef.h>

#define SLICES_MAX           256  /* in all */
#define SLICES_ENDPOINTS_MAX 4096 /* in all */
#define SLICES_PORTS_MAX     16   /* of a slice */
#define SLICES_VERSION_MAX   64   /* with the closing 0 */
#define SLICES_LABEL_MAX     64   /* namespaces, Services and ports, with the closing 0 */

struct slices;

struct slices *slices_new(void); /* NULL: no memory */
void slices_free(struct slices **slices);

/* An EndpointSliceList: replaces what was known. 0; or -EBADMSG, -E2BIG, -ENOMEM: all is as it was,
 * and reason says why. */
int slices_list(struct slices *s, const char *json, size_t len, char reason[160]);

/* One watch event. As slices_list(); -ESTALE: the server has forgotten our version (410 Gone), list
 * anew. *ret_changed is set where endpoints may differ. */
int slices_event(struct slices *s, const char *json, size_t len, int *ret_changed,
		 char reason[160]);

/* Where a watch goes on; "": nothing is known, list first. Of letters, digits, '.', '_' and '-'. */
const char *slices_version(const struct slices *s);
void slices_forget_version(struct slices *s);

/* Endpoints, each address once. What a slice does not say of one is as Kubernetes has it: ready
 * without a word is ready, serving without a word is as ready, terminating without one is not. */
struct slices_count {
	size_t any, expected, ready, serving,
		terminating; /* expected: those that do not terminate */
};
void slices_count(const struct slices *s, struct slices_count *ret); /* of all of them */

/* Whose endpoints, and at which of its ports. */
struct slices_of {
	const char *namespace, *service; /* label kubernetes.io/service-name */
	const char *port_name;           /* as the Service calls it; "": it has no name */
	uint8_t protocol;                /* IPPROTO_TCP, IPPROTO_UDP */
	uint16_t port;                   /* at which the Service is asked */
	bool any_port;                   /* it does not matter where they listen */
};

struct slices_servers {
	struct slices_count count;
	uint16_t other_port; /* 0; or where those listen that are not counted for it */
	/* Addresses of those that are ready; where there are none, of those that serve yet. Sorted.
	 */
	struct addr *addr;
	size_t addr_count;
};

/* addr has room for addr_max; what there is beyond is not told. Those without an IP address of
 * theirs (addressType FQDN) are passed over. 0 or -ENOMEM. */
int slices_servers(const struct slices *s, const struct slices_of *of, struct addr *addr,
		   size_t addr_max, struct slices_servers *ret);
