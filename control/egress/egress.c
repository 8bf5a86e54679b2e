/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: a service of this site is put into the tables, so that what comes out of a tunnel finds its
 * instances, and only then announced. Its route is withdrawn at once when its collector falls
 * silent or an operator says so; its instances stay, for flows that run.
 *
 * A route is one address. Several services of one address (other ports) share it: it tells the
 * report of the first of them that is announceable.
 */
#include "egress/egress.h"

#include "base/log.h"
#include "base/util.h"
#include "egress/hosted.h"

#include "collector.h"

#include <errno.h>
#include <string.h>

struct egress {
	uv_loop_t *loop;
	struct tables *tables;
	struct bgp *bgp; /* NULL: nothing can be announced */
	struct egress_config config;
	struct hosted **service;
	size_t service_count;
};

static struct addr hosted_addr(const struct hosted *h)
{
	struct addr addr;

	memcpy(addr.octet, h->config.key.addr, sizeof(addr.octet));
	return addr;
}

static struct bgp_path egress_path(const struct egress *e, const struct addr *service,
				   const struct report *report)
{
	struct bgp_path path = { .tunnel = e->config.tunnel, .site_id = e->config.site_id };
	bool v4 = addr_is_v4(service);

	path.next_hop = v4 && !addr_is_zero(&e->config.next_hop_v4) ? e->config.next_hop_v4
								    : e->config.next_hop_v6;
	if (path.site_id)
		path.has |= BGP_HAS_SITE_ID;
	if (report->has || report->drain) {
		path.has |= BGP_HAS_REPORT;
		path.report = *report;
	}
	return path;
}

/* Makes the route of this address what its services say. */
static void egress_route_update(struct egress *e, const struct addr *service)
{
	struct prefix prefix = prefix_of_host(service);
	struct hosted *first = NULL;
	char text[ADDR_STRLEN];
	struct bgp_path path;
	struct report report;
	int r;

	for (size_t i = 0; i < e->service_count; i++) {
		struct hosted *h = e->service[i];
		struct addr addr = hosted_addr(h);

		if (!addr_equal(&addr, service))
			continue;
		h->announced = e->bgp && hosted_announceable(h);
		if (!e->bgp)
			h->fault = "BGP is not configured";
		if (h->announced && !first)
			first = h;
	}
	if (!first) {
		if (e->bgp)
			bgp_withdraw(e->bgp, &prefix);
		return;
	}
	report = hosted_report(first);
	path = egress_path(e, service, &report);
	r = bgp_originate(e->bgp, &prefix, &path);
	if (r < 0)
		log_err(r, "%s: not announced", addr_format(service, text));
	else
		hosted_sent(first, &report, (int64_t)uv_now(e->loop));
}

static void egress_service_due(struct hosted *h)
{
	struct addr addr = hosted_addr(h);

	egress_route_update(h->egress, &addr);
}

static void egress_reported(void *user, const struct collector *collector, const char *service,
			    const struct report *report)
{
	struct egress *e = user;

	for (size_t i = 0; i < e->service_count; i++) {
		struct hosted *h = e->service[i];

		if (h->collector == collector && (!service[0] || !strcmp(service, h->config.name)))
			hosted_reported(h, report, (int64_t)uv_now(e->loop));
	}
}

static void egress_collector_changed(void *user, const struct collector *collector)
{
	struct egress *e = user;

	for (size_t i = 0; i < e->service_count; i++) {
		struct hosted *h = e->service[i];

		if (h->collector != collector || h->config.announce_without_report)
			continue;
		if (!collector_up(collector))
			h->report = (struct report){ 0 }; /* what it was is over */
		egress_service_due(h);
	}
}

/* The running collector of this configuration, or a new one. */
static int egress_collector_get(struct egress *e, const struct agent_config *config,
				struct collector **ret)
{
	static const struct collector_ops ops = { .report = egress_reported,
						  .state = egress_collector_changed };

	if (config->kind == AGENT_NONE)
		return 0;
	for (size_t i = 0; i < e->service_count; i++) {
		struct collector *c = e->service[i]->collector;

		if (!c || !collector_is(c, config))
			continue;
		collector_ref(c);
		*ret = c;
		return 0;
	}
	return collector_new(e->loop, config, &ops, e, ret);
}

static int egress_service_add(struct egress *e, const struct egress_service_config *config,
			      bool from_cli)
{
	struct hosted **grown = reallocarray(e->service, e->service_count + 1, sizeof(*grown));
	struct hosted *h;
	int r;

	if (!grown)
		return -ENOMEM;
	e->service = grown;
	h = hosted_new(e, e->tables, e->loop, config, egress_service_due);
	if (!h)
		return -ENOMEM;
	r = egress_collector_get(e, &config->collector, &h->collector);
	h->from_cli = from_cli;
	e->service[e->service_count++] = h;
	egress_service_due(h);
	return r;
}

static void egress_service_remove(struct egress *e, size_t index)
{
	struct hosted *h = e->service[index];
	struct addr addr = hosted_addr(h);

	e->service[index] = e->service[--e->service_count];
	egress_route_update(e, &addr); /* withdrawn before its instances go */
	collector_unref(&h->collector);
	hosted_remove(&h);
}

int egress_new(uv_loop_t *loop, struct tables *tables, struct bgp *bgp,
	       const struct egress_config *config, struct egress **ret)
{
	enum mg_encap strip =
		config->tunnel.kind == BGP_TUNNEL_SRV6 ? MG_ENCAP_SRV6 : MG_ENCAP_IPIP;
	_cleanup_(freep) struct egress *e = malloc(sizeof(*e));
	int r;

	if (!e)
		return -ENOMEM;
	*e = (struct egress){ .loop = loop, .tables = tables, .bgp = bgp, .config = *config };
	r = tables_endpoint_add(tables, &config->tunnel.endpoint, strip);
	if (r < 0)
		return log_err(r, "site %s: its tunnel endpoint is not in the tables",
			       config->site_name);
	*ret = TAKE_PTR(e);
	return 0;
}

void egress_free(struct egress **egress)
{
	struct egress *e = *egress;

	if (!e)
		return;
	for (size_t i = 0; i < e->service_count; i++) {
		collector_unref(&e->service[i]->collector);
		hosted_free(&e->service[i]);
	}
	free(e->service);
	free(e);
	*egress = NULL;
}

static bool egress_config_equal(const struct egress_service_config *a,
				const struct egress_service_config *b)
{
	return !memcmp(&a->key, &b->key, sizeof(a->key)) && !strcmp(a->name, b->name) &&
	       a->slots == b->slots && a->idle_s == b->idle_s &&
	       a->instance_count == b->instance_count &&
	       !memcmp(a->instance, b->instance, a->instance_count * sizeof(a->instance[0])) &&
	       a->capacity == b->capacity && a->service_time_s == b->service_time_s &&
	       a->collector.kind == b->collector.kind &&
	       a->collector.timeout_ms == b->collector.timeout_ms &&
	       !strcmp(a->collector.path, b->collector.path) &&
	       a->announce_without_report == b->announce_without_report &&
	       a->update_min_s == b->update_min_s && a->update_max_s == b->update_max_s;
}

static bool egress_running(const struct egress *e, const struct egress_service_config *config)
{
	for (size_t i = 0; i < e->service_count; i++)
		if (egress_config_equal(&e->service[i]->config, config))
			return true;
	return false;
}

static bool egress_wanted(const struct egress_service_config *config,
			  const struct egress_service_config *services, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (egress_config_equal(&services[i], config))
			return true;
	return false;
}

int egress_configure(struct egress *e, const struct egress_service_config *services, size_t count)
{
	int first = 0;

	for (size_t i = e->service_count; i-- > 0;)
		if (!e->service[i]->from_cli &&
		    !egress_wanted(&e->service[i]->config, services, count))
			egress_service_remove(e, i);
	for (size_t i = 0; i < count; i++) {
		int r = egress_running(e, &services[i])
				? 0
				: egress_service_add(e, &services[i], false);

		if (r < 0 && !first)
			first = r;
	}
	return first;
}

int egress_announce(struct egress *e, const struct egress_service_config *config)
{
	for (size_t i = 0; i < e->service_count; i++) {
		struct hosted *h = e->service[i];

		if (memcmp(&h->config.key, &config->key, sizeof(config->key)))
			continue;
		if (strcmp(h->config.name, config->name) || !h->withdrawn)
			return -EEXIST;
		h->withdrawn = false;
		egress_service_due(h);
		return 0;
	}
	return egress_service_add(e, config, true);
}

int egress_withdraw(struct egress *e, const char *name)
{
	int r = -ENOENT;

	for (size_t i = e->service_count; i-- > 0;) {
		struct hosted *h = e->service[i];

		if (strcmp(h->config.name, name) || h->withdrawn)
			continue;
		r = 0;
		h->withdrawn = true;
		if (h->from_cli)
			egress_service_remove(e, i);
		else
			egress_service_due(h);
	}
	return r;
}

int egress_metric(struct egress *e, const char *name, const struct report *report)
{
	int r = -ENOENT;

	for (size_t i = 0; i < e->service_count; i++) {
		if (strcmp(e->service[i]->config.name, name))
			continue;
		hosted_reported(e->service[i], report, (int64_t)uv_now(e->loop));
		r = 0;
	}
	return r;
}

int egress_drain(struct egress *e, const char *name, bool drain)
{
	int r = name ? -ENOENT : 0;

	for (size_t i = 0; i < e->service_count; i++) {
		struct hosted *h = e->service[i];

		if (name && strcmp(h->config.name, name))
			continue;
		h->drained = drain;
		egress_service_due(h);
		r = 0;
	}
	return r;
}

bool egress_service(const struct egress *e, size_t index, struct egress_service_view *ret)
{
	const struct hosted *h;

	if (index >= e->service_count)
		return false;
	h = e->service[index];
	*ret = (struct egress_service_view){
		.config = &h->config,
		.announced = h->announced,
		.drained = h->drained,
		.from_cli = h->from_cli,
		.report = hosted_report(h),
		.reported_ms = h->reported_ms,
		.updates_sent = h->updates_sent,
		.table = h->table,
		.fault = h->fault,
	};
	ret->has_report = ret->report.has != 0;
	return true;
}
