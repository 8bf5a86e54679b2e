/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket: answers `margay`. One request is one line of JSON, one answer is one line of
 * JSON. Reads all of control/; what it changes it changes by the calls of ingress.h and egress.h.
 */
#pragma once
#include "mgmt/config.h"

struct mgmt;
struct gatherers;
struct guests;

struct mgmt_context {
	struct tables *tables;
	struct bgp *bgp;             /* NULL: not configured */
	struct ingress *ingress;     /* NULL: not configured */
	struct egress *egress;       /* NULL: not configured */
	struct prober *prober;       /* NULL: not configured */
	struct reflector *reflector; /* NULL: not configured */
	const struct config *config;
	struct feed *feed; /* NULL: not configured */
	struct igp *igp;   /* NULL: not configured */
	struct gatherers *gatherers;
	struct guests *guests; /* NULL: not configured */
	/* Reads the file again and applies it. 0 or negative errno; *ret_error is then a text to be
	 * freed. */
	int (*reload)(void *user, const char *file, char **ret_error);
	void *user;
};

int mgmt_new(uv_loop_t *loop, const char *socket_path, const struct mgmt_context *context,
	     struct mgmt **ret);
void mgmt_context_set(struct mgmt *mgmt, const struct mgmt_context *context);
void mgmt_free(struct mgmt **mgmt);
