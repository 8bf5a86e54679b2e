/* SPDX-License-Identifier: BSD-2-Clause */
/* What struct ingress is made of, for the files of control/ingress alone. */
#pragma once
#include "ingress/ingress.h"
#include "ingress/known.h"
#include "ingress/rtts.h"
#include "ingress/steering.h"

struct ingress {
	uv_loop_t *loop;
	struct tables *tables;
	struct ingress_config config;
	struct catalog *catalog;
	struct known_sites known;
	struct rtts rtts;
	bool measures;             /* somebody measures round-trip times: see ingress_measures() */
	struct steering **service; /* as configured */
	struct steering **by_key;  /* the same, sorted: routes name an address */
	size_t service_count;
	struct steering *dirty; /* list of those to decide, by next_dirty */
	bool converged;
	bool ways_changed; /* some site's way; looked up at the next tick */
	unsigned int tick;
	uv_timer_t *timer; /* its own block: closed asynchronously by the loop */
};
