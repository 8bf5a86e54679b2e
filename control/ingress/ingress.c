/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: what comes from BGP goes to the catalog at once and marks the services of that address; when
 * the messages of one read are through (ingress_settled), the marked services decide anew. Besides,
 * every service decides once a second, a tenth of them every 100 ms, because ages and the own rate
 * move by themselves.
 *
 * After a start, services whose slots a former run left decide only when the routes are back
 * (ingress_converged): else the first site to be heard of would get everything.
 */
#include "ingress/ingress.h"

#include "base/log.h"
#include "base/util.h"
#include "ingress/steering.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define TICK_MS 100
#define TICKS   10 /* each service decides once in so many ticks */

struct ingress {
	uv_loop_t *loop;
	struct tables *tables;
	struct ingress_config config;
	struct catalog *catalog;
	struct steering **service;
	size_t service_count;
	struct ingress_site_config *site;
	size_t site_count;
	char (*drained)[ADDR_STRLEN];
	size_t drained_count;
	bool converged;
	unsigned int tick;
	uv_timer_t *timer; /* its own block: closed asynchronously by the loop */
};

static const struct ingress_site_config *ingress_site_config(void *user, const struct addr *egress,
							     uint16_t site_id)
{
	const struct ingress *in = user;

	for (size_t i = 0; i < in->site_count; i++)
		if (addr_equal(&in->site[i].egress, egress) &&
		    (!in->site[i].id || in->site[i].id == site_id))
			return &in->site[i];
	return NULL;
}

/* The configured name, or the egress's address. */
static void ingress_site_name(const struct ingress *in, const struct addr *egress, uint16_t site_id,
			      char ret[ADDR_STRLEN])
{
	const struct ingress_site_config *known = ingress_site_config((void *)in, egress, site_id);

	if (known && known->name[0])
		strncpy(ret, known->name, ADDR_STRLEN - 1);
	else
		addr_format(egress, ret);
	ret[ADDR_STRLEN - 1] = '\0';
}

static bool ingress_drained(void *user, const struct addr *egress, uint16_t site_id)
{
	const struct ingress *in = user;
	char name[ADDR_STRLEN], text[ADDR_STRLEN];

	if (!in->drained_count)
		return false;
	ingress_site_name(in, egress, site_id, name);
	addr_format(egress, text);
	for (size_t i = 0; i < in->drained_count; i++)
		if (!strcmp(in->drained[i], name) || !strcmp(in->drained[i], text))
			return true;
	return false;
}

static struct steering_context ingress_context(struct ingress *in)
{
	return (struct steering_context){
		.config = &in->config,
		.catalog = in->catalog,
		.site_config = ingress_site_config,
		.drained = ingress_drained,
		.user = in,
		.now_ms = (int64_t)uv_now(in->loop),
		.now_ns = uv_hrtime(),
	};
}

static void ingress_decide(struct ingress *in, struct steering *s)
{
	const struct steering_context context = ingress_context(in);
	int r;

	if (s->adopted && !in->converged)
		return;
	if (s->dirty)
		steering_sync(s, &context);
	r = steering_decide(s, &context);
	if (r < 0)
		log_err(r, "service %s: shares stay as they are", s->config.name);
}

static void ingress_tick(uv_timer_t *timer)
{
	struct ingress *in = timer->data;

	in->tick = (in->tick + 1) % TICKS;
	for (size_t i = 0; i < in->service_count; i++)
		if (in->service[i]->dirty || i % TICKS == in->tick)
			ingress_decide(in, in->service[i]);
}

/* The data plane has left the site, or will take it up, by itself; the shares follow at the next
 * tick, for this can be called from within a decision. */
static void ingress_reached(void *user, uint32_t table_site)
{
	struct ingress *in = user;

	for (size_t i = 0; i < in->service_count; i++)
		for (size_t k = 0; k < in->service[i]->site_count; k++)
			in->service[i]->dirty |= in->service[i]->site[k].table_site == table_site;
}

static void timer_freed(uv_handle_t *timer)
{
	free(timer);
}

int ingress_new(uv_loop_t *loop, struct tables *tables, const struct ingress_config *config,
		struct ingress **ret)
{
	_cleanup_(ingress_free) struct ingress *in = malloc(sizeof(*in));
	int r;

	if (!in)
		return -ENOMEM;
	*in = (struct ingress){ .loop = loop, .tables = tables, .config = *config };
	in->catalog = catalog_new();
	in->timer = malloc(sizeof(*in->timer));
	if (!in->catalog || !in->timer)
		return -ENOMEM;
	r = uv_timer_init(loop, in->timer);
	if (r < 0) {
		freep(&in->timer);
		return r;
	}
	in->timer->data = in;
	r = uv_timer_start(in->timer, ingress_tick, TICK_MS, TICK_MS);
	if (r < 0)
		return r;
	tables_listen(tables, ingress_reached, in);
	*ret = TAKE_PTR(in);
	return 0;
}

void ingress_free(struct ingress **ingress)
{
	struct ingress *in = *ingress;

	if (!in)
		return;
	for (size_t i = 0; i < in->service_count; i++)
		steering_free(&in->service[i]);
	free(in->service);
	free(in->site);
	free(in->drained);
	tables_listen(in->tables, NULL, NULL);
	catalog_free(&in->catalog);
	if (in->timer)
		uv_close((uv_handle_t *)in->timer, timer_freed);
	free(in);
	*ingress = NULL;
}

/* Moves the running service of this key out of the list; NULL: there is none. */
static struct steering *ingress_take(struct ingress *in, const struct mg_service_key *key)
{
	for (size_t i = 0; i < in->service_count; i++)
		if (in->service[i] && !memcmp(&in->service[i]->config.key, key, sizeof(*key)))
			return TAKE_PTR(in->service[i]);
	return NULL;
}

static int ingress_configure_sites(struct ingress *in, const struct ingress_site_config *sites,
				   size_t count)
{
	struct ingress_site_config *copy = calloc(count + 1, sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	if (count)
		memcpy(copy, sites, count * sizeof(*copy));
	free(in->site);
	in->site = copy;
	in->site_count = count;
	return 0;
}

int ingress_configure(struct ingress *in, const struct ingress_service_config *services,
		      size_t service_count, const struct ingress_site_config *sites,
		      size_t site_count)
{
	_cleanup_(freep) struct steering **next = calloc(service_count + 1, sizeof(*next));
	int r = next ? ingress_configure_sites(in, sites, site_count) : -ENOMEM;

	if (r < 0)
		return r;
	for (size_t i = 0; i < service_count; i++) {
		next[i] = ingress_take(in, &services[i].key);
		if (next[i] && !steering_reconfigure(next[i], &services[i]))
			steering_remove(&next[i]);
	}
	/* What goes makes room in the tables for what comes. */
	for (size_t i = 0; i < in->service_count; i++)
		steering_remove(&in->service[i]);
	free(in->service);
	in->service_count = 0;
	in->service = TAKE_PTR(next);
	for (size_t i = 0; i < service_count; i++) {
		if (!in->service[i])
			in->service[i] = steering_new(in->tables, &services[i]);
		if (!in->service[i])
			return -ENOMEM;
		in->service_count = i + 1;
	}
	ingress_settled(in);
	return 0;
}

void ingress_converged(struct ingress *in)
{
	if (in->converged)
		return;
	in->converged = true;
	for (size_t i = 0; i < in->service_count; i++)
		in->service[i]->dirty = true;
	ingress_settled(in);
}

static void ingress_mark(struct ingress *in, const struct addr *service)
{
	for (size_t i = 0; i < in->service_count; i++)
		if (!memcmp(in->service[i]->config.key.addr, service->octet,
			    sizeof(service->octet)))
			in->service[i]->dirty = true;
}

/* The sender's clock is not ours: what counts is how old the sample was when it came, and no sample
 * is younger than its arrival. */
static int64_t offer_sampled_ms(const struct report *report, int64_t received_ms)
{
	struct timespec now;
	int64_t age_ms;

	if (!(report->has & REPORT_SAMPLED))
		return received_ms;
	clock_gettime(CLOCK_REALTIME, &now);
	age_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 - report->sampled_ms;
	return received_ms - (age_ms > 0 ? age_ms : 0);
}

static bool prefix_is_host(const struct prefix *prefix)
{
	return prefix->len == (addr_is_v4(&prefix->addr) ? 32 : 128);
}

void ingress_announced(struct ingress *in, const struct bgp_route *route)
{
	const struct bgp_path *path = route->path;
	struct offer offer = {
		.key = { .service = route->prefix.addr,
			 .egress = path->next_hop,
			 .site_id = path->has & BGP_HAS_SITE_ID ? path->site_id : 0 },
		.source = { .neighbor = route->neighbor, .path_id = route->path_id },
		.tunnel = path->tunnel,
		.carrier = path->carrier,
		.has_report = path->has & BGP_HAS_REPORT,
		.report = path->report,
		.received_ms = (int64_t)route->received_ms,
	};
	bool changed;
	int r;

	if (!prefix_is_host(&route->prefix))
		return; /* a service is one address */
	offer.sampled_ms = offer_sampled_ms(&path->report, offer.received_ms);
	r = catalog_announce(in->catalog, &offer, &changed);
	if (r < 0)
		log_err(r, "catalog: an announcement is left out");
	else if (changed)
		ingress_mark(in, &route->prefix.addr);
}

void ingress_withdrawn(struct ingress *in, const struct bgp_route *route)
{
	const struct offer_source source = { .neighbor = route->neighbor,
					     .path_id = route->path_id };

	if (!prefix_is_host(&route->prefix))
		return;
	if (!catalog_withdraw(in->catalog, &route->prefix.addr, &source))
		ingress_mark(in, &route->prefix.addr);
}

void ingress_settled(struct ingress *in)
{
	for (size_t i = 0; i < in->service_count; i++)
		if (in->service[i]->dirty)
			ingress_decide(in, in->service[i]);
}

static bool ingress_site_known(const struct ingress *in, const char *site)
{
	char name[ADDR_STRLEN], text[ADDR_STRLEN];

	for (size_t i = 0; i < in->site_count; i++)
		if (!strcmp(in->site[i].name, site))
			return true;
	for (size_t i = 0; i < in->service_count; i++)
		for (size_t k = 0; k < in->service[i]->site_count; k++) {
			const struct steering_site *s = &in->service[i]->site[k];

			ingress_site_name(in, &s->egress, s->site_id, name);
			addr_format(&s->egress, text);
			if (!strcmp(name, site) || !strcmp(text, site))
				return true;
		}
	return false;
}

static int ingress_drain_add(struct ingress *in, const char *site)
{
	char(*grown)[ADDR_STRLEN] =
		reallocarray(in->drained, in->drained_count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	in->drained = grown;
	strcpy(in->drained[in->drained_count++], site);
	return 0;
}

int ingress_drain(struct ingress *in, const char *site, bool drain)
{
	size_t i;
	int r = 0;

	if (strlen(site) >= ADDR_STRLEN || !ingress_site_known(in, site))
		return -ENOENT;
	for (i = 0; i < in->drained_count && strcmp(in->drained[i], site); i++)
		;
	if (drain && i == in->drained_count)
		r = ingress_drain_add(in, site);
	else if (!drain && i < in->drained_count)
		memmove(in->drained[i], in->drained[--in->drained_count], ADDR_STRLEN);
	for (i = 0; i < in->service_count; i++)
		in->service[i]->dirty = true;
	ingress_settled(in);
	return r;
}

bool ingress_service(const struct ingress *in, size_t index, struct ingress_service_view *ret)
{
	const struct steering *s;

	if (index >= in->service_count)
		return false;
	s = in->service[index];
	*ret = (struct ingress_service_view){
		.config = &s->config,
		.decision = s->decision,
		.table = s->table,
		.fault = s->fault,
		.site_count = s->site_count,
		.decisions = s->decisions,
		.changes = s->changes,
		.slots_moved = s->slots_moved,
	};
	return true;
}

static const struct weights_verdict *steering_verdict(const struct steering *s, uint64_t id)
{
	for (size_t i = 0; s->decision && i < s->decision->count; i++)
		if (s->decision->site[i].id == id)
			return &s->decision->site[i];
	return NULL;
}

bool ingress_site(const struct ingress *in, size_t service, size_t index,
		  struct ingress_site_view *ret)
{
	const struct ingress_site_config *known;
	const struct steering_site *site;
	const struct steering *s;
	struct mg_member member;

	if (service >= in->service_count || index >= in->service[service]->site_count)
		return false;
	s = in->service[service];
	site = &s->site[index];
	known = ingress_site_config((void *)in, &site->egress, site->site_id);
	*ret = (struct ingress_site_view){
		.egress = site->egress,
		.site_id = site->site_id,
		.offer = steering_site_offer(s, site, in->catalog),
		.verdict = steering_verdict(s, site->id),
		.member = site->member,
		.table_site = site->table_site,
		.fault = site->fault,
		.drained = ingress_drained((void *)in, &site->egress, site->site_id),
		.rtt_s = known ? known->rtt_s : 0,
	};
	ingress_site_name(in, &site->egress, site->site_id, ret->name);
	if (site->member != MG_MEMBER_NONE)
		tables_member(s->table, site->member, &member, &ret->counter, &ret->slots);
	return true;
}
