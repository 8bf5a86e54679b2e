/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The EndpointSlices of one Kubernetes Service (discovery.k8s.io/v1), as list and watch tell them.
 * Pure: JSON in, counts out. Owned by one asker.
 */
#pragma once
#include <stddef.h>

#define SLICES_MAX           256  /* of one service */
#define SLICES_ENDPOINTS_MAX 4096 /* of one service */
#define SLICES_VERSION_MAX   64   /* with the closing 0 */

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
void slices_count(const struct slices *s, struct slices_count *ret);
