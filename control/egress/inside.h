/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of control/egress share of struct egress. Private to this directory. */
#pragma once
#include "egress/hosted.h"

struct egress {
	uv_loop_t *loop;
	struct tables *tables;
	struct bgp *bgp;             /* NULL: nothing can be announced */
	struct gatherers *gatherers; /* NULL: none */
	struct egress_config config;
	uint8_t availability; /* percent of the site, as told */
	struct scores scores;
	struct vrf *vrf;
	size_t vrf_count;
	struct hosted **service; /* sorted by key: those of one address stand together */
	size_t service_count;
	const struct egress_ops *ops; /* NULL: nobody listens */
	void *ops_user;
};

/* Index of the first service whose key does not begin with less than these octets. */
size_t egress_place(const struct egress *e, const void *octets, size_t len);
bool egress_at(const struct egress *e, size_t i, const void *octets, size_t len); /* it does */

/* 0, or -errno and it is not there; -errno of its collector, which is logged, and it is. */
int egress_service_add(struct egress *e, const struct egress_service_config *config, bool from_cli);
void egress_service_remove(struct egress *e, size_t index);
/* Takes over new settings without taking the route back. */
int egress_service_change(struct egress *e, struct hosted *h,
			  const struct egress_service_config *config);
bool egress_config_equal(const struct egress_service_config *a,
			 const struct egress_service_config *b);
