/* SPDX-License-Identifier: BSD-2-Clause */
#include "egress/guests.h"

#include "agent/gather.h"
#include "base/log.h"
#include "base/util.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define AGAIN_MS 5000 /* an address that was another's may be free */

struct guest {
	struct guest_config config;
	struct guests *all;
	struct cluster *cluster;
	bool kept;    /* guests_configure()'s own */
	bool refused; /* not all was taken */
};

struct guests {
	uv_loop_t *loop;
	struct egress *egress;
	struct gatherers *gatherers;
	struct guest **at;
	size_t count;
	uv_timer_t again;
};

static void service_of(const struct guest *g, const struct cluster_offer *offer,
		       struct egress_service_config *ret)
{
	*ret = (struct egress_service_config){
		.key = { .proto = offer->protocol, .port = offer->port, .scope = MG_SCOPE_EGRESS },
		.slots = g->config.slots,
		.idle_s = g->config.idle_s,
		.instance_count = offer->server_count,
		.capacity = offer->capacity,
		.service_time_s = offer->service_time_s,
		.availability = offer->availability,
		.drain = offer->drain,
		.absent = offer->absent,
		.announce_without_report = true,
		.discipline = g->config.discipline
	};
	memcpy(ret->key.addr, offer->address.octet, sizeof(ret->key.addr));
	memcpy(ret->instance, offer->server, offer->server_count * sizeof(ret->instance[0]));
	memcpy(ret->name, offer->name, sizeof(ret->name));
}

_Static_assert(EGRESS_NAME_MAX == ANNOTATED_NAME_MAX, "a Service's name is a service's");
_Static_assert(EGRESS_INSTANCES_MAX == CLUSTER_SERVERS_MAX, "servers are instances");

static void on_offered(void *user, struct cluster_offer *offers, size_t count)
{
	struct guest *g = user;
	_cleanup_(freep) struct egress_service_config *service =
		calloc(count + 1, sizeof(*service));
	_cleanup_(freep) int *result = calloc(count + 1, sizeof(*result));

	g->refused = !service || !result;
	for (size_t i = 0; g->refused && i < count; i++)
		offers[i].result = -ENOMEM;
	if (g->refused)
		return;
	for (size_t i = 0; i < count; i++)
		service_of(g, &offers[i], &service[i]);
	egress_offer(g->all->egress, g->config.cluster.name, service, count, result);
	for (size_t i = 0; i < count; i++) {
		offers[i].result = result[i];
		g->refused |= result[i] < 0;
	}
}

static void on_again(uv_timer_t *timer)
{
	struct guests *all = timer->data;

	for (size_t i = 0; i < all->count; i++)
		if (all->at[i]->refused)
			cluster_offer_again(all->at[i]->cluster);
}

/* NULL: no memory, which is logged. */
static struct guest *guest_new(struct guests *all, const struct guest_config *config)
{
	static const struct cluster_ops ops = { on_offered };
	struct guest *g = calloc(1, sizeof(*g));
	struct web *web;
	int r = g ? gatherers_web(all->gatherers, &web) : -ENOMEM;

	if (r == 0) {
		g->config = *config;
		g->all = all;
		r = cluster_new(all->loop, web, &config->cluster, &ops, g, &g->cluster);
	}
	if (r == 0)
		return g;
	log_err(r, "cluster %s: not followed", config->cluster.name);
	free(g);
	return NULL;
}

static void guest_free(struct guest *g)
{
	cluster_free(&g->cluster);
	free(g);
}

static struct guest *guest_find(const struct guests *all, const char *name)
{
	for (size_t i = 0; i < all->count; i++)
		if (!strcmp(all->at[i]->config.cluster.name, name))
			return all->at[i];
	return NULL;
}

static int guest_change(struct guest *g, const struct guest_config *config)
{
	int r = 0;

	if (!cluster_config_equal(&g->config.cluster, &config->cluster))
		r = cluster_reconfigure(g->cluster, &config->cluster);
	if (r < 0)
		return log_err(r, "cluster %s: goes on as before", config->cluster.name);
	g->config = *config;
	cluster_offer_again(g->cluster);
	return 0;
}

static void guests_drop_others(struct guests *all)
{
	for (size_t i = 0; i < all->count; i++) {
		struct guest *g = all->at[i];

		if (g->kept)
			continue;
		egress_offer(all->egress, g->config.cluster.name, NULL, 0, NULL);
		guest_free(g);
	}
}

int guests_configure(struct guests *all, const struct guest_config *configs, size_t count)
{
	struct guest **next = calloc(count + 1, sizeof(struct guest *));
	size_t n = 0;
	int r = 0;

	if (!next)
		return -ENOMEM;
	for (size_t i = 0; i < all->count; i++)
		all->at[i]->kept = false;
	for (size_t i = 0; i < count; i++) {
		struct guest *g = guest_find(all, configs[i].cluster.name);
		int one = g ? guest_change(g, &configs[i]) : 0;

		r = r < 0 ? r : one;
		if (!g)
			g = guest_new(all, &configs[i]);
		if (!g) {
			r = -ENOMEM;
			continue;
		}
		g->kept = true;
		next[n++] = g;
	}
	guests_drop_others(all);
	free(all->at);
	all->at = next;
	all->count = n;
	if (n)
		uv_timer_start(&all->again, on_again, AGAIN_MS, AGAIN_MS);
	else
		uv_timer_stop(&all->again);
	return r;
}

bool guests_whole(const struct guests *all)
{
	for (size_t i = 0; i < all->count; i++)
		if (!cluster_has_spoken(all->at[i]->cluster))
			return false;
	return true;
}

const struct cluster *guests_cluster(const struct guests *all, size_t index)
{
	return index < all->count ? all->at[index]->cluster : NULL;
}

static void guests_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void guests_free(struct guests **guests)
{
	struct guests *all = TAKE_PTR(*guests);

	if (!all)
		return;
	for (size_t i = 0; i < all->count; i++)
		guest_free(all->at[i]);
	free(all->at);
	uv_close((uv_handle_t *)&all->again, guests_closed);
}

int guests_new(uv_loop_t *loop, struct egress *egress, struct gatherers *gatherers,
	       struct guests **ret)
{
	struct guests *all = calloc(1, sizeof(*all));

	if (!all)
		return log_err(-ENOMEM, "clusters");
	all->loop = loop;
	all->egress = egress;
	all->gatherers = gatherers;
	all->again.data = all;
	uv_timer_init(loop, &all->again);
	*ret = all;
	return 0;
}
