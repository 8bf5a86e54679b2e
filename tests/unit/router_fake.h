/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stand-ins for the modules that the control socket reads: one service with two sites, announced
 * services, one BGP neighbour. Each test that includes this links router_fake.c in their place.
 */
#pragma once
#include "mgmt/change.h"
#include "mgmt/recorders.h"
#include "mgmt/request.h"

#define SLOTS   4096
#define BASE    8192 /* of the service in the table of slots */
#define INDEX   7    /* its number */
#define MEMBERS 40   /* in the table of members: its first one is the next */

struct table_service {
	struct mg_service_key key;
};
struct tables {
	struct table_service web;
};
struct bgp {
	int unused;
};
struct feed {
	int unused;
};
struct igp {
	int unused;
};
struct ingress {
	struct tables *tables;
	bool drained;
	bool twice; /* the service is there a second time */
	void (*decides)(void *user, const struct ingress_decision *decision); /* who records */
	void *decides_user;
};
struct egress {
	struct egress_service_config service[8];
	bool withdrawn[8], drained;
	size_t count;
	struct report report;
	int fail; /* what the next announcement returns */
};

extern const struct ingress_service_config web_config;

struct router {
	struct tables tables;
	struct bgp bgp;
	struct ingress ingress;
	struct egress egress;
	struct feed feed;
	struct igp igp;
	struct config config;
	struct mgmt_context context, empty;
	struct durable *durable;
	struct recorders *recorders;
	char dir[32], path[64];
	uv_loop_t loop;
	struct mgmt *mgmt;
};

/* For struct mgmt_context: refuses. */
int router_reload(void *user, const char *file, char **ret_error);

/* A router with a directory of its own. */
void router_open(struct router *r);
void router_close(struct router *r);
