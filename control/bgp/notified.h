/* SPDX-License-Identifier: BSD-2-Clause */
/* The last NOTIFICATION of each direction, kept for people. A value of its neighbour's. */
#pragma once
#include "bgp/bgp.h"
#include "bgp/notification.h"

/* told: it went out, or came in; one that could not be sent is kept as well. */
void notified_keep(struct bgp_notified *ret, const struct notification *notification, bool told,
		   uint64_t now_ms);
