/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/config.h"

#include "bgp/socket_auth.h"

#include <errno.h>
#include <stdio.h>
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

const struct bgp_neighbor_config *config_unsupported(const struct config *config)
{
	for (size_t i = 0; i < config->neighbor_count; i++)
		if (socket_auth_supported(config->neighbor[i].socket.auth.kind) == -EOPNOTSUPP)
			return &config->neighbor[i];
	for (size_t i = 0; i < config->range_count; i++)
		if (socket_auth_supported(config->range[i].neighbor.socket.auth.kind) ==
		    -EOPNOTSUPP)
			return &config->range[i].neighbor;
	return NULL;
}

char *config_unsupported_text(const struct bgp_neighbor_config *neighbor)
{
	char address[ADDR_STRLEN], *text;

	if (asprintf(&text, "neighbor %s: this kernel has no %s%s",
		     neighbor->remote_as_max ? "range" : addr_format(&neighbor->remote, address),
		     tcp_auth_name(&neighbor->socket.auth), socket_auth_remedy(-EOPNOTSUPP)) < 0)
		return NULL;
	return text;
}
