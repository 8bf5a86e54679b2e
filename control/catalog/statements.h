/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What all sources say of one service. The winners, one an offer, stand first and are sorted; what
 * their other sources say stands behind them in no order. Private to control/catalog.
 */
#pragma once
#include "catalog/catalog.h"

struct statements {
	struct offer *at;
	size_t winners, count, room;
};

void statements_clear(struct statements *statements);

/* As catalog_announce() and catalog_withdraw(), for one service. */
int statements_put(struct statements *statements, const struct offer *offer,
		   enum catalog_change *ret);
int statements_take(struct statements *statements, const struct offer_source *source);
