/* SPDX-License-Identifier: BSD-2-Clause */
/* Services that somebody else wants announced here. */
#include "egress/inside.h"

#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool egress_is_of(const struct hosted *h, const char *origin, const char *name)
{
	return !strcmp(h->origin, origin) && !strcmp(h->config.name, name);
}

/* Whether the address is that of another service, whatever its ports: a route tells of one. */
static bool egress_is_others(const struct egress *e, const char *origin,
			     const struct egress_service_config *config)
{
	const struct mg_service_key *key = &config->key;
	size_t i = egress_place(e, key->addr, sizeof(key->addr));

	for (; egress_at(e, i, key->addr, sizeof(key->addr)); i++)
		if (e->service[i]->config.key.vrf == key->vrf &&
		    !egress_is_of(e->service[i], origin, config->name))
			return true;
	return false;
}

/* Where it is there already; else -ENOENT. */
static int egress_offer_keep(struct egress *e, const char *origin,
			     const struct egress_service_config *config)
{
	size_t i = egress_place(e, &config->key, sizeof(config->key));
	struct egress_service_config next = *config;
	struct hosted *h;

	if (!egress_at(e, i, &config->key, sizeof(config->key)))
		return -ENOENT;
	h = e->service[i];
	if (!egress_is_of(h, origin, config->name) || h->kept)
		return !strcmp(h->origin, origin) && !h->kept ? -ENOENT : -EEXIST;
	h->kept = true;
	if (next.absent) {
		memcpy(next.instance, h->config.instance, sizeof(next.instance));
		next.instance_count = h->config.instance_count;
	}
	return egress_config_equal(&h->config, &next) ? 0 : egress_service_change(e, h, &next);
}

static int egress_offer_add(struct egress *e, const char *origin,
			    const struct egress_service_config *config)
{
	size_t i;
	int r;

	if (egress_is_others(e, origin, config))
		return -EEXIST;
	if (config->absent)
		return 0;
	r = egress_service_add(e, config, false);
	i = egress_place(e, &config->key, sizeof(config->key));
	if (egress_at(e, i, &config->key, sizeof(config->key)))
		snprintf(e->service[i]->origin, sizeof(e->service[i]->origin), "%s", origin);
	return r;
}

static void egress_offers_drop(struct egress *e, const char *origin)
{
	for (size_t i = e->service_count; i-- > 0;) {
		const struct hosted *h = e->service[i];

		if (strcmp(h->origin, origin) || h->kept)
			continue;
		log_info("service %s of %s: offered no more, withdrawn", h->config.name, origin);
		egress_service_remove(e, i);
	}
}

void egress_offer(struct egress *e, const char *origin,
		  const struct egress_service_config *services, size_t count, int *ret_results)
{
	for (size_t i = 0; i < e->service_count; i++)
		e->service[i]->kept = false;
	for (size_t i = 0; i < count; i++)
		ret_results[i] = egress_offer_keep(e, origin, &services[i]);
	/* What goes makes room, in the tables and at its address. */
	egress_offers_drop(e, origin);
	for (size_t i = 0; i < count; i++)
		if (ret_results[i] == -ENOENT)
			ret_results[i] = egress_offer_add(e, origin, &services[i]);
}
