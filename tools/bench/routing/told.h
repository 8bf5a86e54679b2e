/* SPDX-License-Identifier: BSD-2-Clause */
/* What a fleet's margayd answers when it is asked by its control socket. */
#pragma once
#include "fleet.h"

#include <jansson.h>

/* "show services", of one or of all (NULL), which are in the order of their numbers. NULL: logged.
 * The caller's to free. */
json_t *told_services(const struct fleet *fleet, const char *service);
/* Of one object in "sites"; FLEET_SITES: none of ours. */
uint32_t told_site(const json_t *site);
