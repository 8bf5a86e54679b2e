/* SPDX-License-Identifier: BSD-2-Clause */
/* Server IDs in QUIC connection IDs that lead to a service's sites. Private to control/ingress. */
#pragma once
#include "ingress/steering.h"

/* Brings the tables in line with what is configured of the site (NULL: nothing): its server IDs of
 * the service's length, or else its site id. Does nothing without affinity quic or a member. */
void servers_sync(struct steering *steering, struct steering_site *site,
		  const struct ingress_site_config *known);
void servers_forget(struct steering *steering, struct steering_site *site);
