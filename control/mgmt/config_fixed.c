/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/config.h"

#include <string.h>

const char *config_fixed(const struct config *a, const struct config *b)
{
	if (strcmp(a->pin_dir, b->pin_dir) || a->tables.services != b->tables.services ||
	    a->tables.slots != b->tables.slots || a->tables.pin_sets != b->tables.pin_sets ||
	    a->tables.members != b->tables.members || a->tables.sites != b->tables.sites ||
	    a->tables.hash_seed != b->tables.hash_seed)
		return "tables";
	if (a->has_bgp != b->has_bgp || memcmp(&a->bgp, &b->bgp, sizeof(a->bgp)))
		return "router and bgp";
	if (memcmp(&a->ingress, &b->ingress, sizeof(a->ingress)))
		return "tunnel";
	if (a->has_igp != b->has_igp)
		return "igp";
	if (a->has_egress != b->has_egress || memcmp(&a->egress, &b->egress, sizeof(a->egress)))
		return "site";
	if (strcmp(a->control_socket, b->control_socket) || strcmp(a->state_dir, b->state_dir))
		return "control-socket and state-directory";
	return NULL;
}
