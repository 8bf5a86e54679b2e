/* SPDX-License-Identifier: BSD-2-Clause */
#include "ingress/known.h"

#include "base/util.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void known_sites_clear(struct known_sites *known)
{
	free(known->site);
	free(known->drained);
	*known = (struct known_sites){ 0 };
}

int known_sites_set(struct known_sites *known, const struct ingress_site_config *sites,
		    size_t count)
{
	struct ingress_site_config *copy = calloc(count + 1, sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	if (count)
		memcpy(copy, sites, count * sizeof(*copy));
	free(known->site);
	known->site = copy;
	known->count = count;
	return 0;
}

const struct ingress_site_config *known_site(const struct known_sites *known,
					     const struct addr *egress, uint16_t site_id)
{
	for (size_t i = 0; i < known->count; i++)
		if (addr_equal(&known->site[i].egress, egress) &&
		    (!known->site[i].id || known->site[i].id == site_id))
			return &known->site[i];
	return NULL;
}

void known_site_name(const struct known_sites *known, const struct addr *egress, uint16_t site_id,
		     char ret[ADDR_STRLEN])
{
	const struct ingress_site_config *site = known_site(known, egress, site_id);

	if (site && site->name[0])
		snprintf(ret, ADDR_STRLEN, "%s", site->name);
	else
		addr_format(egress, ret);
}

/* Index of the drain by this text, or drained_count. */
static size_t known_drain(const struct known_sites *known, const char *site)
{
	size_t i = 0;

	while (i < known->drained_count && strcmp(known->drained[i], site))
		i++;
	return i;
}

bool known_site_drained(const struct known_sites *known, const struct addr *egress,
			uint16_t site_id)
{
	char name[ADDR_STRLEN], text[ADDR_STRLEN];

	if (!known->drained_count)
		return false;
	known_site_name(known, egress, site_id, name);
	return known_drain(known, name) < known->drained_count ||
	       known_drain(known, addr_format(egress, text)) < known->drained_count;
}

static bool known_site_is(const struct ingress_site_config *site, const char *text)
{
	char address[ADDR_STRLEN];

	return !strcmp(site->name, text) || !strcmp(addr_format(&site->egress, address), text);
}

bool known_sites_have(const struct known_sites *known, const char *site)
{
	for (size_t i = 0; i < known->count; i++)
		if (known_site_is(&known->site[i], site))
			return true;
	return false;
}

int known_sites_drain(struct known_sites *known, const char *site)
{
	char(*grown)[ADDR_STRLEN];

	if (known_drain(known, site) < known->drained_count)
		return 0;
	grown = reallocarray(known->drained, known->drained_count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	known->drained = grown;
	snprintf(grown[known->drained_count++], sizeof(*grown), "%s", site);
	return 0;
}

static bool known_same_site(const struct known_sites *known, const char *a, const char *b)
{
	if (!strcmp(a, b))
		return true;
	for (size_t i = 0; i < known->count; i++)
		if (known_site_is(&known->site[i], a) && known_site_is(&known->site[i], b))
			return true;
	return false;
}

int known_sites_undrain(struct known_sites *known, const char *site)
{
	size_t kept = 0, before = known->drained_count;

	for (size_t i = 0; i < before; i++)
		if (!known_same_site(known, known->drained[i], site))
			memmove(known->drained[kept++], known->drained[i], ADDR_STRLEN);
	known->drained_count = kept;
	return kept < before ? 0 : -ENOENT;
}
