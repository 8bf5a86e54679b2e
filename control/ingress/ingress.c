/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: what comes from BGP goes to the catalog at once and marks the services of that address; when
 * the messages of one read are through (ingress_settled), services leave the sites that are gone.
 * Then they decide anew, in the order of the agenda (agenda.h): those that lost a site first, those
 * of which nothing is new last, and each once however often it was marked. Besides, every service
 * decides once a second, a tenth of them every 100 ms, because ages and the own rate move by
 * themselves.
 *
 * Decisions get a quarter of a millisecond of each turn of the loop, so that it reads on between
 * them: what is told last counts, a flood of metrics is decided on as often as there is time for,
 * and it delays no withdrawal. One of the services whose turn it is decides in every turn, whatever
 * else is to be done.
 *
 * After a start, services whose slots a former run left decide only when the routes are back
 * (ingress_converged): else the first site to be heard of would get everything. A site that is
 * withdrawn meanwhile is left all the same.
 */
#include "ingress/ingress.h"

#include "base/log.h"
#include "base/util.h"
#include "ingress/state.h"

#include <errno.h>
#include <string.h>

#define TICK_MS           100
#define TICKS             10     /* each service decides once in so many ticks */
#define WORK_NS           250000 /* how long decisions may hold up the loop at a time */
#define OBSERVED_PER_TICK 2000   /* sites whose flows are read */

static const struct ingress_site_config *site_config(const void *user, const struct addr *egress,
						     uint16_t site_id)
{
	const struct ingress *in = user;

	return known_site(&in->known, egress, site_id);
}

static bool site_drained(const void *user, const struct addr *egress, uint16_t site_id)
{
	const struct ingress *in = user;

	return known_site_drained(&in->known, egress, site_id);
}

static const char *site_cut(const void *user, const struct addr *egress)
{
	const struct ingress *in = user;

	return in->cut ? in->cut(in->cut_user, egress) : NULL;
}

const struct catalog *ingress_catalog(const struct ingress *in, const struct mg_service_key *key)
{
	for (size_t i = 0; i < in->vrf_count; i++)
		if (in->vrf[i].vrf.id == key->vrf)
			return in->vrf[i].catalog;
	return in->catalog;
}

static struct steering_context ingress_context(struct ingress *in, const struct steering *s)
{
	return (struct steering_context){
		.config = &in->config,
		.catalog = ingress_catalog(in, &s->config.key),
		.site_config = site_config,
		.drained = site_drained,
		.cut = site_cut,
		.user = in,
		.rtts = in->measures ? &in->rtts : NULL,
		.states = &in->states,
		.decides = in->decides ? ingress_tell : NULL,
		.now_ms = (int64_t)uv_now(in->loop),
		.now_ns = uv_hrtime(),
	};
}

static void ingress_look(struct ingress *in, struct steering *s)
{
	if (s->looked_for)
		return;
	s->looked_for = true;
	s->next_look = in->look;
	in->look = s;
}

void ingress_mark(struct ingress *in, struct steering *s, enum urgency urgency)
{
	agenda_add(&in->agenda, s, urgency);
	if (urgency == URGENCY_GONE)
		ingress_look(in, s);
}

static void ingress_mark_all(struct ingress *in)
{
	for (size_t i = 0; i < in->service_count; i++) {
		ingress_mark(in, in->service[i], URGENCY_NEWS);
		ingress_look(in, in->service[i]);
	}
}

static void ingress_decide(struct ingress *in, struct steering *s)
{
	const struct steering_context context = ingress_context(in, s);
	int r;

	steering_sync(s, &context);
	if (s->adopted && !in->converged)
		return;
	r = steering_decide(s, &context);
	if (r < 0)
		log_err(r, "service %s: shares stay as they are", s->config.name);
}

static bool ingress_decide_next(struct ingress *in, enum urgency least)
{
	struct steering *s = agenda_take(&in->agenda, least);

	if (s)
		ingress_decide(in, s);
	return s;
}

static void ingress_work(struct ingress *in)
{
	uint64_t begin_ns = uv_hrtime(), before_ns = in->spent_ns;

	while (in->spent_ns < WORK_NS && ingress_decide_next(in, URGENCY_NEWS))
		in->spent_ns = before_ns + (uv_hrtime() - begin_ns);
}

static void on_work(uv_idle_t *idle);

/* With nothing to be done there is nothing to be held up. */
static void ingress_plan(struct ingress *in)
{
	if (!agenda_is_empty(&in->agenda)) {
		uv_idle_start(&in->handles->work, on_work);
		return;
	}
	in->spent_ns = 0;
	uv_idle_stop(&in->handles->work);
}

static void on_work(uv_idle_t *idle)
{
	struct ingress *in = idle->data;

	in->spent_ns = 0;
	ingress_work(in);
	ingress_decide_next(in, URGENCY_ROUTINE);
	ingress_plan(in);
}

/* One word of an egress is about all services of a site: they are looked through once, however many
 * such words have come. */
static void ingress_mark_states(struct ingress *in)
{
	for (size_t i = 0; in->states_changed && i < in->service_count; i++)
		if (steering_states_changed(in->service[i], &in->states))
			ingress_mark(in, in->service[i], URGENCY_DECLINED);
	in->states_changed = false;
}

/* Sites that are gone are left by all services before the first one decides. */
static void ingress_sync(struct ingress *in)
{
	while (in->look) {
		struct steering *s = in->look;
		const struct steering_context context = ingress_context(in, s);

		in->look = s->next_look;
		s->looked_for = false;
		steering_sync(s, &context);
	}
}

void ingress_settled(struct ingress *in)
{
	ingress_mark_states(in);
	ingress_sync(in);
	ingress_work(in);
	ingress_plan(in);
}

/* The data plane has left the site, or taken it up, by itself; the shares follow at the next tick,
 * for this can be called from within a decision. */
static void ingress_reached(void *user, uint32_t table_site)
{
	struct ingress *in = user;

	in->ways_changed = true;
}

/* All services leave a site that is cut off before the first of them decides. */
void ingress_reach_changed(struct ingress *in)
{
	for (size_t i = 0; i < in->service_count; i++) {
		struct steering *s = in->service[i];
		const struct steering_context context = ingress_context(in, s);

		if (s->table && steering_reach(s, &context))
			ingress_mark(in, s, URGENCY_GONE);
	}
	ingress_settled(in);
}

void ingress_reach_by(struct ingress *in,
		      const char *(*cut)(const void *user, const struct addr *egress),
		      const void *user)
{
	in->cut = cut;
	in->cut_user = user;
	ingress_reach_changed(in);
}

static void ingress_mark_ways(struct ingress *in)
{
	for (size_t i = 0; in->ways_changed && i < in->service_count; i++)
		if (steering_ways_changed(in->service[i]))
			ingress_mark(in, in->service[i], URGENCY_NEWS);
	in->ways_changed = false;
}

/* In turns, where they are more than one tick should look at. */
static void ingress_observe(struct ingress *in)
{
	uint64_t now_ns = uv_hrtime();
	size_t seen = 0;

	for (size_t i = 0; i < in->service_count && seen < OBSERVED_PER_TICK; i++) {
		struct steering *s = in->service[in->observed++ % in->service_count];

		if (!s->config.options.observe)
			continue;
		steering_observe(s, now_ns);
		seen += s->site_count + 1;
	}
}

static void on_tick(uv_timer_t *timer)
{
	struct ingress *in = timer->data;

	for (size_t i = 0; i < in->service_count; i++)
		if (steering_watch(in->service[i], uv_hrtime()))
			ingress_mark(in, in->service[i], URGENCY_NEWS);
	in->tick = (in->tick + 1) % TICKS;
	ingress_observe(in);
	for (size_t i = in->tick; i < in->service_count; i += TICKS)
		ingress_mark(in, in->service[i], URGENCY_ROUTINE);
	ingress_mark_ways(in);
	ingress_settled(in);
}

static void on_closed(uv_handle_t *handle)
{
	struct ingress_handles *handles = handle->data;

	if (!--handles->open)
		free(handles);
}

static void handles_close(struct ingress_handles **handles)
{
	struct ingress_handles *h = TAKE_PTR(*handles);

	if (!h)
		return;
	h->tick.data = h->work.data = h;
	uv_close((uv_handle_t *)&h->tick, on_closed);
	uv_close((uv_handle_t *)&h->work, on_closed);
}

static int handles_open(struct ingress *in)
{
	struct ingress_handles *h = calloc(1, sizeof(*h));

	if (!h)
		return -ENOMEM;
	uv_timer_init(in->loop, &h->tick); /* neither of them can fail */
	uv_idle_init(in->loop, &h->work);
	h->tick.data = h->work.data = in;
	h->open = 2;
	in->handles = h;
	return uv_timer_start(&h->tick, on_tick, TICK_MS, TICK_MS);
}

int ingress_new(uv_loop_t *loop, struct tables *tables, const struct ingress_config *config,
		struct ingress **ret)
{
	_cleanup_(ingress_free) struct ingress *in = malloc(sizeof(*in));
	int r;

	if (!in)
		return -ENOMEM;
	*in = (struct ingress){ .loop = loop, .tables = tables, .config = *config };
	rtts_init(&in->rtts);
	in->catalog = catalog_new();
	if (!in->catalog)
		return -ENOMEM;
	r = handles_open(in);
	if (r < 0)
		return r;
	tables_listen(tables, ingress_reached, in);
	*ret = TAKE_PTR(in);
	return 0;
}

static void vrfs_free(struct ingress_vrf *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		catalog_free(&list[i].catalog);
	free(list);
}

/* The VRF of this id, where it imports the same routes: what has come of them stays. */
static struct ingress_vrf *vrf_staying(const struct ingress *in, const struct vrf *next)
{
	for (size_t i = 0; i < in->vrf_count; i++)
		if (in->vrf[i].vrf.id == next->id && vrf_imports_as(&in->vrf[i].vrf, next))
			return &in->vrf[i];
	return NULL;
}

int ingress_vrfs_set(struct ingress *in, const struct vrf *vrfs, size_t count)
{
	struct ingress_vrf *next = calloc(count + 1, sizeof(*next));
	int r = next ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < count; i++) {
		bool stays = vrf_staying(in, &vrfs[i]);

		next[i].vrf = vrfs[i];
		next[i].catalog = stays ? NULL : catalog_new();
		r = stays || next[i].catalog ? 0 : -ENOMEM;
	}
	if (r < 0) {
		vrfs_free(next, next ? count : 0);
		return r;
	}
	for (size_t i = 0; i < count; i++) {
		if (next[i].catalog)
			ingress_forget(in, vrfs[i].id);
		else
			next[i].catalog = TAKE_PTR(vrf_staying(in, &vrfs[i])->catalog);
	}
	vrfs_free(in->vrf, in->vrf_count);
	in->vrf = next;
	in->vrf_count = count;
	ingress_recall(in);
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
	free(in->by_key);
	known_sites_clear(&in->known);
	rtts_clear(&in->rtts);
	site_states_clear(&in->states);
	tables_listen(in->tables, NULL, NULL);
	catalog_free(&in->catalog);
	vrfs_free(in->vrf, in->vrf_count);
	handles_close(&in->handles);
	free(in);
	*ingress = NULL;
}

/* --- configuration ---------------------------------------------------------------------------- */
size_t ingress_place(const struct ingress *in, const void *octets, size_t len)
{
	size_t low = 0, high = in->service_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (memcmp(&in->by_key[middle]->config.key, octets, len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int key_order(const void *a, const void *b)
{
	const struct steering *const *s = a, *const *t = b;

	return memcmp(&(*s)->config.key, &(*t)->config.key, sizeof((*s)->config.key));
}

void ingress_scores_set(struct ingress *in, const struct scores *scores)
{
	in->scores = *scores;
}

/* With what all services share. */
static struct ingress_service_config service_config(const struct ingress *in,
						    const struct ingress_service_config *config)
{
	struct ingress_service_config whole = *config;

	whole.weights.scores = &in->scores;
	return whole;
}

/* The running service of this configuration, if it can go on; NULL: to be made. */
static struct steering *ingress_keep(struct ingress *in,
				     const struct ingress_service_config *config)
{
	size_t at = ingress_place(in, &config->key, sizeof(config->key));
	struct steering *s = at < in->service_count ? in->by_key[at] : NULL;
	struct ingress_service_config whole;

	if (!s || s->kept || memcmp(&s->config.key, &config->key, sizeof(config->key)))
		return NULL;
	whole = service_config(in, config);
	s->kept = steering_reconfigure(s, &whole);
	return s->kept ? s : NULL;
}

static void ingress_unmark(struct steering *s)
{
	s->kept = s->listed = s->looked_for = false;
}

static void ingress_drop_others(struct ingress *in)
{
	for (size_t i = 0; i < in->service_count; i++) {
		if (!in->service[i]->kept)
			steering_remove(&in->service[i]);
		else
			ingress_unmark(in->service[i]);
	}
	in->agenda = (struct agenda){ 0 };
	in->look = NULL;
	in->service_count = 0;
}

/* Takes over both lists; `service` has those that are kept, in the places of their settings. */
static int ingress_fill(struct ingress *in, struct steering **service, struct steering **by_key,
			const struct ingress_service_config *configs, size_t count)
{
	int r = 0;

	free(in->service);
	free(in->by_key);
	in->service = service;
	in->by_key = by_key;
	for (size_t i = 0; i < count; i++) {
		const struct ingress_service_config whole = service_config(in, &configs[i]);
		struct steering *s = service[i] ? service[i] : steering_new(in->tables, &whole);

		if (s)
			service[in->service_count++] = s;
		else
			r = log_err(-ENOMEM, "service %s: left out", configs[i].name);
	}
	if (in->service_count)
		memcpy(by_key, service, in->service_count * sizeof(*service));
	qsort(by_key, in->service_count, sizeof(*by_key), key_order);
	return r;
}

int ingress_configure(struct ingress *in, const struct ingress_service_config *services,
		      size_t service_count, const struct ingress_site_config *sites,
		      size_t site_count)
{
	_cleanup_(freep) struct steering **next = calloc(service_count + 1, sizeof(*next));
	_cleanup_(freep) struct steering **by_key = calloc(service_count + 1, sizeof(*by_key));
	int r = next && by_key ? known_sites_set(&in->known, sites, site_count) : -ENOMEM;

	if (r < 0)
		return r;
	for (size_t i = 0; i < service_count; i++)
		next[i] = ingress_keep(in, &services[i]);
	/* What goes makes room in the tables for what comes. */
	ingress_drop_others(in);
	r = ingress_fill(in, TAKE_PTR(next), TAKE_PTR(by_key), services, service_count);
	ingress_recall(in);
	ingress_mark_all(in);
	ingress_settled(in);
	return r;
}

void ingress_converged(struct ingress *in)
{
	if (in->converged)
		return;
	in->converged = true;
	ingress_mark_all(in);
	ingress_settled(in);
	/* All of it: what no slot names then is taken out of the tables. */
	while (ingress_decide_next(in, URGENCY_ROUTINE))
		;
	ingress_plan(in);
}

/* --- drains ----------------------------------------------------------------------------------- */
static bool ingress_has_egress(const struct ingress *in, const char *site)
{
	struct addr egress;

	if (addr_parse(site, &egress) < 0)
		return false;
	for (size_t i = 0; i < in->service_count; i++)
		for (size_t k = 0; k < in->service[i]->site_count; k++)
			if (addr_equal(&in->service[i]->site[k].egress, &egress))
				return true;
	return false;
}

int ingress_drain(struct ingress *in, const char *site, bool drain)
{
	char text[ADDR_STRLEN];
	struct addr egress;
	int r = -ENOENT;
	bool is_known;

	if (addr_parse(site, &egress) == 0)
		site = addr_format(&egress, text);
	is_known = known_sites_have(&in->known, site) || ingress_has_egress(in, site);
	if (!drain) /* of a site that has gone meanwhile, too */
		r = known_sites_undrain(&in->known, site) < 0 && !is_known ? -ENOENT : 0;
	else if (is_known && strlen(site) < ADDR_STRLEN)
		r = known_sites_drain(&in->known, site);
	ingress_mark_all(in);
	ingress_settled(in);
	return r;
}

/* --- round-trip times ------------------------------------------------------------------------- */
void ingress_measures(struct ingress *in, bool measures)
{
	if (!measures)
		rtts_clear(&in->rtts);
	in->measures = measures;
}

int ingress_egresses(struct ingress *in, struct addr **ret, size_t *ret_count)
{
	return rtts_wanted(&in->rtts, (int64_t)uv_now(in->loop), ret, ret_count);
}

void ingress_rtt(struct ingress *in, const struct addr *egress, double rtt_s)
{
	rtts_set(&in->rtts, egress, rtt_s);
}
