/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an operator has said of sites: names and stand-ins by the configuration, drains by the CLI.
 * Private to control/ingress; owned by struct ingress.
 */
#pragma once
#include "ingress/ingress.h"

struct known_sites {
	struct ingress_site_config *site;
	size_t count;
	char (*drained)[ADDR_STRLEN]; /* names, or egress addresses as addr_format() has them */
	size_t drained_count;
};

void known_sites_clear(struct known_sites *known);

/* Replaces the configured list; drains stay. 0, or -ENOMEM and all is as it was. */
int known_sites_set(struct known_sites *known, const struct ingress_site_config *sites,
		    size_t count);

/* NULL: not configured. */
const struct ingress_site_config *known_site(const struct known_sites *known,
					     const struct addr *egress, uint16_t site_id);
/* The configured name, or the egress's address. */
void known_site_name(const struct known_sites *known, const struct addr *egress, uint16_t site_id,
		     char ret[ADDR_STRLEN]);
bool known_site_drained(const struct known_sites *known, const struct addr *egress,
			uint16_t site_id);

/* Is this the name or the egress of a configured site? */
bool known_sites_have(const struct known_sites *known, const char *site);
int known_sites_drain(struct known_sites *known, const char *site); /* 0 or -ENOMEM */
/* Takes back a drain by this text, or by the other one of the same configured site. 0, -ENOENT. */
int known_sites_undrain(struct known_sites *known, const char *site);
