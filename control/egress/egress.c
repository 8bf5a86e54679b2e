/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: a service of this site is put into the tables, so that what comes out of a tunnel finds its
 * instances, and only then announced. Its route is withdrawn at once when its collector falls
 * silent or an operator says so; its instances stay, for flows that run.
 *
 * A route is one address, of a VRF or of none. Several services of it (other ports) share it: it
 * tells the report of the first of them that is announceable, and drains where one of them does.
 */
#include "egress/egress.h"

#include "base/log.h"
#include "base/util.h"
#include "egress/collector.h"
#include "egress/hosted.h"
#include "egress/inside.h"
#include "egress/site_state.h"
#include "metric/raw.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void egress_gather_from(struct egress *e, struct gatherers *gatherers)
{
	e->gatherers = gatherers;
}

void egress_listen(struct egress *e, const struct egress_ops *ops, void *user)
{
	e->ops = ops;
	e->ops_user = user;
}

/* path NULL: it is withdrawn. */
static void egress_route_heard(const struct egress *e, const struct bgp_dst *dst,
			       const struct bgp_path *path)
{
	const struct bgp_route route = { .dst = *dst,
					 .path = path,
					 .received_ms = uv_now(e->loop) };

	if (!e->ops)
		return;
	if (path)
		e->ops->announced(e->ops_user, &route);
	else
		e->ops->withdrawn(e->ops_user, &route);
	e->ops->settled(e->ops_user);
}

/* What a route is of. */
struct place {
	struct addr addr;
	uint8_t vrf; /* 0: none */
};

static struct place hosted_place(const struct hosted *h)
{
	struct place place = { .vrf = h->config.key.vrf };

	memcpy(place.addr.octet, h->config.key.addr, sizeof(place.addr.octet));
	return place;
}

/* That of a VRF which has gone would be taken for one of none. */
static bool place_is_known(const struct egress *e, const struct place *place)
{
	return !place->vrf || vrf_find(e->vrf, e->vrf_count, place->vrf);
}

static struct bgp_dst place_dst(const struct egress *e, const struct place *place)
{
	const struct vrf *vrf = vrf_find(e->vrf, e->vrf_count, place->vrf);
	struct prefix prefix = prefix_of_host(&place->addr);

	return vrf ? bgp_dst_of_vpn(&vrf->rd, &prefix) : bgp_dst_of(&prefix);
}

/* A VRF's traffic is told by the endpoint alone, so no label is on it. */
static void path_to_vrf(struct bgp_path *path, const struct vrf *vrf)
{
	path->tunnel.endpoint = vrf->endpoint;
	if (vrf->vni)
		path->tunnel.vni = vrf->vni;
	path->label = BGP_LABEL_NONE;
	path->ext_communities = (struct bgp_bytes){ (uint8_t *)vrf->export[0].octet,
						    vrf->export_count * sizeof(vrf->export[0]) };
}

/* What is news is judged without it: a score follows from the rest, in coarse steps. values: what
 * is no field of the report. */
static struct report egress_scored(const struct egress *e, const struct report *report,
				   const struct value_set *values)
{
	struct report scored = *report;

	if (raw_score(&e->scores, report, values, &scored.score))
		scored.has |= REPORT_SCORE;
	return scored;
}

void egress_scores_set(struct egress *e, const struct scores *scores)
{
	e->scores = *scores;
}

static struct bgp_path egress_path(const struct egress *e, const struct place *place,
				   const struct report *report, const struct value_set *values)
{
	struct bgp_path path = { .tunnel = e->config.tunnel, .site_id = e->config.site_id };
	const struct vrf *vrf = vrf_find(e->vrf, e->vrf_count, place->vrf);
	bool v4 = addr_is_v4(&place->addr);

	path.next_hop = v4 && !addr_is_zero(&e->config.next_hop_v4) ? e->config.next_hop_v4
								    : e->config.next_hop_v6;
	if (vrf)
		path_to_vrf(&path, vrf);
	if (path.site_id)
		path.has |= BGP_HAS_SITE_ID;
	if (report->has || report->drain) {
		path.has |= BGP_HAS_REPORT;
		path.report = egress_scored(e, report, values);
	}
	return path;
}

size_t egress_place(const struct egress *e, const void *octets, size_t len)
{
	size_t low = 0, high = e->service_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (memcmp(&e->service[middle]->config.key, octets, len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool egress_at(const struct egress *e, size_t i, const void *octets, size_t len)
{
	return i < e->service_count && !memcmp(&e->service[i]->config.key, octets, len);
}

/* Who of this address is announced, and by whom it speaks: NULL, or the teller with *ret_report. */
static struct hosted *egress_teller(struct egress *e, const struct place *place,
				    struct report *ret_report)
{
	const struct addr *service = &place->addr;
	size_t i = egress_place(e, service->octet, sizeof(service->octet));
	struct hosted *teller = NULL;
	bool drained = false;

	for (; egress_at(e, i, service->octet, sizeof(service->octet)); i++) {
		struct hosted *h = e->service[i];

		if (h->config.key.vrf != place->vrf)
			continue;
		h->announced = hosted_announceable(h) && e->bgp;
		if (!e->bgp)
			h->fault = "BGP is not configured";
		drained |= h->announced && (h->drained || h->config.drain);
		if (h->announced && !teller)
			teller = h;
	}
	if (!teller)
		return NULL;
	*ret_report = hosted_told(teller);
	ret_report->drain |= drained;
	return teller;
}

static void egress_route_tell(struct egress *e, const struct place *place, struct hosted *teller,
			      const struct report *report)
{
	struct bgp_path path = egress_path(e, place, report, &teller->values);
	struct bgp_dst dst = place_dst(e, place);
	bool same = teller->tells && report_equal_within(&teller->sent, report, 0);
	char text[ADDR_STRLEN];
	int r = bgp_originate(e->bgp, &dst, &path);

	if (r < 0) {
		log_err(r, "%s: not announced", addr_format(&place->addr, text));
		teller->announced = false;
		teller->fault = "no memory for its route";
		return;
	}
	egress_route_heard(e, &dst, &path);
	teller->tells = true;
	if (!same)
		hosted_sent(teller, report, (int64_t)uv_now(e->loop));
}

/* Makes the route of this address what its services say. */
static void egress_route_update(struct egress *e, const struct place *place)
{
	const struct addr *service = &place->addr;
	size_t i = egress_place(e, service->octet, sizeof(service->octet));
	struct bgp_dst dst = place_dst(e, place);
	struct report report;
	struct hosted *teller;

	if (!place_is_known(e, place))
		return;
	teller = egress_teller(e, place, &report);
	for (; egress_at(e, i, service->octet, sizeof(service->octet)); i++)
		e->service[i]->tells &=
			e->service[i] == teller || e->service[i]->config.key.vrf != place->vrf;
	if (teller)
		egress_route_tell(e, place, teller, &report);
	else if (e->bgp && bgp_withdraw(e->bgp, &dst) >= 0)
		egress_route_heard(e, &dst, NULL);
}

static void egress_service_due(struct hosted *h)
{
	const struct place place = hosted_place(h);

	egress_route_update(h->egress, &place);
}

static void egress_reported(void *user, const struct collector *collector, const char *service,
			    const struct report *report, const struct value_set *values)
{
	struct egress *e = user;

	for (size_t i = 0; i < e->service_count; i++) {
		struct hosted *h = e->service[i];

		if (h->collector == collector && (!service[0] || !strcmp(service, h->config.name)))
			hosted_reported(h, report, values, (int64_t)uv_now(e->loop));
	}
}

static void egress_collector_changed(void *user, const struct collector *collector)
{
	struct egress *e = user;

	for (size_t i = 0; i < e->service_count; i++) {
		struct hosted *h = e->service[i];

		if (h->collector != collector)
			continue;
		if (!collector_up(collector))
			hosted_forget(h);
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
	return collector_new(e->loop, e->gatherers, config, &ops, e, ret);
}

static int egress_insert(struct egress *e, struct hosted *h)
{
	size_t at = egress_place(e, &h->config.key, sizeof(h->config.key));
	struct hosted **grown = reallocarray(e->service, e->service_count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	e->service = grown;
	memmove(grown + at + 1, grown + at, (e->service_count - at) * sizeof(*grown));
	grown[at] = h;
	e->service_count++;
	return 0;
}

int egress_service_add(struct egress *e, const struct egress_service_config *config, bool from_cli)
{
	struct hosted *h = hosted_new(e, e->tables, e->loop, config, egress_service_due);
	int r;

	if (!h)
		return -ENOMEM;
	h->from_cli = from_cli;
	r = egress_insert(e, h);
	if (r < 0) {
		hosted_remove(&h);
		return r;
	}
	r = egress_collector_get(e, &config->collector, &h->collector);
	egress_service_due(h);
	return r;
}

void egress_service_remove(struct egress *e, size_t index)
{
	struct hosted *h = e->service[index];
	const struct place place = hosted_place(h);

	e->service_count--;
	memmove(e->service + index, e->service + index + 1,
		(e->service_count - index) * sizeof(*e->service));
	egress_route_update(e, &place); /* withdrawn before its instances go */
	collector_unref(&h->collector);
	hosted_remove(&h);
}

/* The reference to the neighbour's site lasts as long as the tables: they keep what was written. */
static int egress_endpoint_add(struct egress *e, const struct addr *endpoint, uint8_t vrf,
			       uint32_t vni)
{
	struct endpoint_spec local = e->config.local;
	const struct site_spec neighbour = { .encap = MG_ENCAP_NONE,
					     .outer_dst = e->config.cross_connect };
	int r = 0;

	if (!local.strip)
		return 0;
	if (local.behavior == MG_END_DX4 || local.behavior == MG_END_DX6)
		r = tables_site_get(e->tables, &neighbour, &local.site);
	local.vrf = vrf;
	if (vni)
		local.vni = vni;
	return r < 0 ? r : tables_endpoint_add(e->tables, endpoint, &local);
}

int egress_new(uv_loop_t *loop, struct tables *tables, struct bgp *bgp,
	       const struct egress_config *config, struct egress **ret)
{
	_cleanup_(freep) struct egress *e = malloc(sizeof(*e));
	int r;

	if (!e)
		return -ENOMEM;
	*e = (struct egress){
		.loop = loop, .tables = tables, .bgp = bgp, .config = *config, .availability = 100
	};
	r = egress_endpoint_add(e, &config->tunnel.endpoint, 0, 0);
	if (r < 0)
		return log_err(r, "site %s: its tunnel endpoint is not in the tables",
			       config->site_name);
	*ret = TAKE_PTR(e);
	return 0;
}

static bool vrf_endpoint_same(const struct vrf *a, const struct vrf *b)
{
	return a && b && a->id == b->id && a->vni == b->vni &&
	       addr_equal(&a->endpoint, &b->endpoint);
}

/* The routes of VRFs that go, or that are called otherwise: under the name that they have. */
static void vrf_routes_withdraw(struct egress *e, const struct vrf *next, size_t count)
{
	for (size_t i = 0; i < e->service_count; i++) {
		struct hosted *h = e->service[i];
		const struct place place = hosted_place(h);
		const struct vrf *from = vrf_find(e->vrf, e->vrf_count, place.vrf);
		const struct vrf *to = vrf_find(next, count, place.vrf);
		struct bgp_dst dst;

		if (!from || (to && !memcmp(from->rd.octet, to->rd.octet, sizeof(to->rd.octet))))
			continue;
		dst = place_dst(e, &place);
		h->tells = false;
		if (e->bgp && bgp_withdraw(e->bgp, &dst) >= 0)
			egress_route_heard(e, &dst, NULL);
	}
}

/* Those that are not among `next` as they are. */
static void vrf_endpoints_remove(struct egress *e, const struct vrf *next, size_t count)
{
	for (size_t i = 0; i < e->vrf_count; i++) {
		const struct vrf *vrf = &e->vrf[i];

		if (!addr_is_zero(&vrf->endpoint) &&
		    !vrf_endpoint_same(vrf, vrf_find(next, count, vrf->id)))
			tables_endpoint_remove(e->tables, &vrf->endpoint);
	}
}

static int vrf_endpoint_add(struct egress *e, const struct vrf *vrf)
{
	int r;

	if (addr_is_zero(&vrf->endpoint) ||
	    vrf_endpoint_same(vrf, vrf_find(e->vrf, e->vrf_count, vrf->id)))
		return 0;
	r = egress_endpoint_add(e, &vrf->endpoint, vrf->id, vrf->vni);
	return r < 0 ? log_err(r, "vrf %s: its tunnel endpoint is not in the tables", vrf->name)
		     : 0;
}

int egress_vrfs_set(struct egress *e, const struct vrf *vrfs, size_t count)
{
	struct vrf *next = calloc(count + 1, sizeof(*next));
	int first = 0;

	if (!next)
		return -ENOMEM;
	if (count)
		memcpy(next, vrfs, count * sizeof(*vrfs));
	vrf_routes_withdraw(e, next, count);
	vrf_endpoints_remove(e, next, count);
	for (size_t i = 0; i < count; i++) {
		int r = vrf_endpoint_add(e, &next[i]);

		first = first < 0 ? first : r;
	}
	free(e->vrf);
	e->vrf = next;
	e->vrf_count = count;
	for (size_t i = 0; i < e->service_count; i++)
		if (e->service[i]->config.key.vrf)
			egress_service_due(e->service[i]);
	return first;
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
	free(e->vrf);
	free(e);
	*egress = NULL;
}

bool egress_config_equal(const struct egress_service_config *a,
			 const struct egress_service_config *b)
{
	return !memcmp(&a->key, &b->key, sizeof(a->key)) && !strcmp(a->name, b->name) &&
	       a->slots == b->slots && a->idle_s == b->idle_s &&
	       a->instance_count == b->instance_count &&
	       !memcmp(a->instance, b->instance, a->instance_count * sizeof(a->instance[0])) &&
	       a->capacity == b->capacity && a->service_time_s == b->service_time_s &&
	       a->availability == b->availability && a->drain == b->drain &&
	       a->absent == b->absent && a->collector.kind == b->collector.kind &&
	       a->collector.timeout_ms == b->collector.timeout_ms &&
	       !strcmp(a->collector.path, b->collector.path) &&
	       a->announce_without_report == b->announce_without_report &&
	       discipline_equal(&a->discipline, &b->discipline);
}

/* The new collector is started before the old one is let go: it may be the same. */
int egress_service_change(struct egress *e, struct hosted *h,
			  const struct egress_service_config *config)
{
	struct collector *former = TAKE_PTR(h->collector);
	int r = 0;

	if (former && collector_is(former, &config->collector))
		h->collector = TAKE_PTR(former);
	else
		r = egress_collector_get(e, &config->collector, &h->collector);
	collector_unref(&former);
	hosted_reconfigure(h, config);
	egress_service_due(h);
	return r;
}

/* The service of this key that no entry of the list has claimed yet; NULL: none. */
static struct hosted *egress_unclaimed(const struct egress *e, const struct mg_service_key *key)
{
	size_t i = egress_place(e, key, sizeof(*key));

	return egress_at(e, i, key, sizeof(*key)) && !e->service[i]->kept ? e->service[i] : NULL;
}

/* What the CLI announced, or a cluster, under the same key becomes the file's. */
static int egress_keep(struct egress *e, const struct egress_service_config *config, bool *ret_kept)
{
	struct hosted *h = egress_unclaimed(e, &config->key);

	*ret_kept = h;
	if (!h)
		return 0;
	h->kept = true;
	h->from_cli = false;
	h->origin[0] = '\0';
	return egress_config_equal(&h->config, config) ? 0 : egress_service_change(e, h, config);
}

static void egress_drop_others(struct egress *e)
{
	for (size_t i = e->service_count; i-- > 0;)
		if (!e->service[i]->kept && !e->service[i]->from_cli && !e->service[i]->origin[0])
			egress_service_remove(e, i);
}

/* What was offered at this address goes: it is an operator's from now on. */
static void egress_evict(struct egress *e, const struct mg_service_key *key)
{
	size_t i = egress_place(e, key->addr, sizeof(key->addr));

	while (egress_at(e, i, key->addr, sizeof(key->addr))) {
		const struct hosted *h = e->service[i];

		if (!h->origin[0] || h->config.key.vrf != key->vrf) {
			i++;
			continue;
		}
		log_info("service %s of %s: its address is that of a service which an operator "
			 "announces",
			 h->config.name, h->origin);
		egress_service_remove(e, i);
	}
}

int egress_configure(struct egress *e, const struct egress_service_config *services, size_t count)
{
	_cleanup_(freep) bool *kept = calloc(count + 1, sizeof(*kept));
	int first = 0, r;

	if (!kept)
		return -ENOMEM;
	for (size_t i = 0; i < e->service_count; i++)
		e->service[i]->kept = false;
	for (size_t i = 0; i < count; i++) {
		r = egress_keep(e, &services[i], &kept[i]);
		first = first < 0 ? first : r;
	}
	for (size_t i = 0; i < count; i++)
		egress_evict(e, &services[i].key);
	/* What goes makes room in the tables for what comes. */
	egress_drop_others(e);
	for (size_t i = 0; i < count; i++) {
		r = kept[i] ? 0 : egress_service_add(e, &services[i], false);
		first = first < 0 ? first : r;
	}
	return first;
}

int egress_announce(struct egress *e, const struct egress_service_config *config)
{
	size_t i = egress_place(e, &config->key, sizeof(config->key));
	struct hosted *h = NULL;

	if (egress_at(e, i, &config->key, sizeof(config->key)))
		h = e->service[i];
	if (!h || (h->origin[0] && strcmp(h->config.name, config->name))) {
		egress_evict(e, &config->key);
		return egress_service_add(e, config, true);
	}
	if (strcmp(h->config.name, config->name) || !h->withdrawn)
		return -EEXIST;
	h->withdrawn = false;
	egress_service_due(h);
	return 0;
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
		hosted_reported(e->service[i], report, NULL, (int64_t)uv_now(e->loop));
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

/* Where all of the site is there, nothing is said. */
static int egress_site_tell(struct egress *e, size_t index, uint8_t percent)
{
	struct bgp_path path;
	struct bgp_dst dst;
	int r;

	if (!site_state_route(&e->config, index, percent, &dst, &path))
		return 0;
	if (percent == 100) {
		if (bgp_withdraw(e->bgp, &dst) == 0)
			egress_route_heard(e, &dst, NULL);
		return 0;
	}
	r = bgp_originate(e->bgp, &dst, &path);
	if (r >= 0)
		egress_route_heard(e, &dst, &path);
	return r;
}

int egress_availability(struct egress *e, uint32_t percent)
{
	int first = 0;

	if (percent > 100 || !e->bgp)
		return -EINVAL;
	if (percent == e->availability)
		return 0;
	for (size_t i = 0; i < SITE_STATE_ROUTES; i++) {
		int r = egress_site_tell(e, i, (uint8_t)percent);

		first = first < 0 ? first : r;
	}
	if (first < 0)
		return log_err(first, "site %s: its availability was not told",
			       e->config.site_name);
	e->availability = (uint8_t)percent;
	log_info("site %s: %u %% of it are available", e->config.site_name, percent);
	return 0;
}

uint8_t egress_availability_now(const struct egress *e)
{
	return e->availability;
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
		.origin = h->origin,
		.report = hosted_report(h),
		.values = &h->values,
		.reported_ms = h->reported_ms,
		.updates_sent = h->updates_sent,
		.table = h->table,
		.fault = h->fault,
	};
	ret->has_report = ret->report.has != 0;
	return true;
}

static int by_pointer(const void *a, const void *b)
{
	const struct collector *const *x = a, *const *y = b;

	return (*x > *y) - (*x < *y);
}

void egress_collectors(const struct egress *e,
		       void (*visit)(void *user, const struct collector_view *view), void *user)
{
	_cleanup_(freep) const struct collector **all =
		calloc(e->service_count + 1, sizeof(struct collector *));
	size_t count = 0;

	for (size_t i = 0; all && i < e->service_count; i++)
		if (e->service[i]->collector)
			all[count++] = e->service[i]->collector;
	if (all)
		qsort(all, count, sizeof(struct collector *), by_pointer);
	for (size_t i = 0; i < count; i++) {
		struct collector_view view;

		if ((!i || all[i] != all[i - 1]) && collector_view(all[i], &view))
			visit(user, &view);
	}
}

static bool hosted_waits(const struct hosted *h)
{
	if (!h->collector || h->announced)
		return false;
	return collector_is_new(h->collector) || (collector_up(h->collector) && !h->report.has);
}

bool egress_whole(const struct egress *e)
{
	for (size_t i = 0; i < e->service_count; i++)
		if (hosted_waits(e->service[i]))
			return false;
	return true;
}
