/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: offers -> members -> shares -> owners -> slots, for one service.
 *
 * A site that is withdrawn is marked down first (one store: the data plane leaves it), then the
 * shares are decided without it, then its slots go to others, and only then its member is given
 * back.
 */
#include "ingress/steering.h"

#include "base/log.h"
#include "base/util.h"
#include "ingress/carriage.h"
#include "ingress/distances.h"
#include "ingress/identity.h"
#include "ingress/servers.h"
#include "select/owners.h"

#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <string.h>

#define SITE_FORGET_MS (10 * 60 * 1000) /* a withdrawn site's history is of no use after that */
#define RATE_MIN_NS    500000000ull     /* shorter intervals measure noise */
#define LEAP           3.0              /* times the own rate, by LEAP_STARTS in a turn: no noise */
#define LEAP_STARTS    20

_Static_assert(sizeof(struct owner) == 2 * sizeof(uint16_t), "tables_slots_apply() reads pairs");

static struct service_options steering_options(const struct steering *s,
					       const struct ingress_service_config *config)
{
	struct service_options options = config->options;

	if (options.placement && s->placement.gate != PLACEMENT_OPEN)
		options.placement = MG_PLACEMENT_FIRST;
	if (config->mss_auto) {
		options.mss_v4 = s->mss_v4;
		options.mss_v6 = s->mss_v6;
	}
	return options;
}

/* What of a service's flows shows no start is told from others by a pin, which those have not that
 * ran before: the gate waits for their end, or for their pins. */
static void steering_placement(struct steering *s, const struct ingress_service_config *config)
{
	bool tcp = config->key.proto == IPPROTO_TCP;
	double hold_s = tcp && config->affinity != MG_AFFINITY_CLIENT ? 0 : config->idle_s;

	placement_init(&s->placement, config->key.proto == IPPROTO_UDP, hold_s, uv_hrtime());
	for (size_t i = 0; i < s->site_count; i++)
		s->site[i].placement.met = false;
}

static void steering_table_add(struct steering *s)
{
	const struct service_options options = steering_options(s, &s->config);
	const struct service_spec spec = {
		.key = s->config.key,
		.slots = s->config.slots,
		.affinity = s->config.affinity,
		.prefix_v4 = s->config.prefix_v4,
		.prefix_v6 = s->config.prefix_v6,
		.idle_s = s->config.idle_s,
		.options = options,
	};
	struct service_state state;
	int r = tables_service_add(s->tables, &spec, &s->table);

	if (r < 0) {
		log_err(r, "service %s: not put into the tables", s->config.name);
		s->fault = r == -EEXIST   ? "another service has this address and port"
			   : r == -ENOSPC ? "the tables are full: raise their sizes and start anew"
					  : "the tables refused it, see the log";
		return;
	}
	tables_service_state(s->table, &state);
	s->adopted = state.slots_empty < s->config.slots;
	s->unapplied = s->adopted; /* they may lead to sites that are gone since */
	s->starts_seen = state.counter.starts;
}

struct steering *steering_new(struct tables *tables, const struct ingress_service_config *config)
{
	_cleanup_(freep) struct steering *s = malloc(sizeof(*s));

	if (!s)
		return NULL;
	*s = (struct steering){ .config = *config, .tables = tables, .fault = "", .own_rate = -1 };
	s->id = identity_of_service(&config->key);
	s->configured_ns = uv_hrtime();
	s->weights = weights_new(&config->weights);
	if (!s->weights)
		return NULL;
	steering_placement(s, config);
	steering_table_add(s);
	s->stale = true;
	return TAKE_PTR(s);
}

/* What own flows told of it. */
static void site_forget(struct steering_site *site)
{
	freep(&site->observed);
	freep(&site->distance);
}

void steering_free(struct steering **steering)
{
	struct steering *s = *steering;

	if (!s)
		return;
	weights_free(&s->weights);
	for (size_t i = 0; i < s->site_count; i++)
		site_forget(&s->site[i]);
	free(s->site);
	free(s);
	*steering = NULL;
}

static void steering_site_drop(struct steering *s, struct steering_site *site)
{
	if (site->member == MG_MEMBER_NONE)
		return;
	servers_forget(s, site);
	tables_member_remove(s->table, site->member);
	tables_site_put(s->tables, site->table_site);
	site->member = MG_MEMBER_NONE;
	site_forget(site); /* the next one's counts begin anew */
	s->unapplied = true;
}

void steering_remove(struct steering **steering)
{
	struct steering *s = *steering;

	if (s && s->table) {
		tables_service_remove(&s->table);
		for (size_t i = 0; i < s->site_count; i++)
			if (s->site[i].member != MG_MEMBER_NONE)
				tables_site_put(s->tables, s->site[i].table_site);
	}
	steering_free(steering);
}

bool steering_reconfigure(struct steering *s, const struct ingress_service_config *config)
{
	struct service_options options;

	if (config->options.placement != s->config.options.placement)
		steering_placement(s, config);
	options = steering_options(s, config);
	if (!s->table || config->slots != s->config.slots ||
	    config->affinity != s->config.affinity || config->prefix_v4 != s->config.prefix_v4 ||
	    config->prefix_v6 != s->config.prefix_v6 ||
	    tables_service_change(s->table, config->idle_s, &options) < 0)
		return false;
	s->config = *config;
	weights_configure(s->weights, &config->weights);
	s->configured_ns = uv_hrtime();
	s->stale = true; /* what is configured of its sites may have changed, too */
	return true;
}

static int site_compare(const struct addr *egress, uint16_t site_id, const struct steering_site *b)
{
	int order = memcmp(egress->octet, b->egress.octet, sizeof(b->egress.octet));

	return order ? order : (site_id > b->site_id) - (site_id < b->site_id);
}

/* Index of the first site that is not before this key. */
static size_t steering_site_place(const struct steering *s, const struct offer_key *key)
{
	size_t low = 0, high = s->site_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (site_compare(&key->egress, key->site_id, &s->site[middle]) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The site of this key, or a new one. NULL: out of memory. */
static struct steering_site *steering_site_get(struct steering *s, const struct offer_key *key)
{
	size_t at = steering_site_place(s, key);
	struct steering_site *grown;

	if (at < s->site_count && !site_compare(&key->egress, key->site_id, &s->site[at]))
		return &s->site[at];
	grown = reallocarray(s->site, s->site_count + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	s->site = grown;
	memmove(grown + at + 1, grown + at, (s->site_count - at) * sizeof(*grown));
	s->site_count++;
	grown[at] = (struct steering_site){ .egress = key->egress,
					    .site_id = key->site_id,
					    .id = identity_of_site(&key->egress, key->site_id),
					    .fault = "" };
	return &grown[at];
}

static void steering_site_join(struct steering *s, struct steering_site *site)
{
	int r = tables_site_get(s->tables, &site->spec, &site->table_site);

	if (r < 0) {
		site->fault = "the site table is full";
		return;
	}
	r = tables_member_add(s->table, site->table_site, &site->member);
	if (r < 0) {
		tables_site_put(s->tables, site->table_site);
		site->fault = "the service has as many members as it can";
		return;
	}
	tables_member_state(s->table, site->member, MG_UP, 0);
	s->unapplied = true;
}

static void steering_offer(struct steering *s, const struct steering_context *context,
			   const struct offer *offer)
{
	struct steering_site *site = steering_site_get(s, &offer->key);
	const struct ingress_site_config *known;
	bool returns;
	struct site_spec spec;

	if (!site) {
		log_err(-ENOMEM, "service %s: a site is left out", s->config.name);
		return;
	}
	returns = site->gone_ms;
	site->offered = true;
	site->gone_ms = 0;
	site->fault = "";
	known = context->site_config(context->user, &site->egress, site->site_id);
	if (!carriage_of(context->config, known, offer, &spec, &site->fault)) {
		steering_site_drop(s, site);
		return;
	}
	if (site->member != MG_MEMBER_NONE && site_spec_equal(&spec, &site->spec)) {
		if (returns && !site->cut)
			tables_member_state(s->table, site->member, MG_UP, 0);
		servers_sync(s, site, known);
		return;
	}
	steering_site_drop(s, site);
	site->spec = spec;
	steering_site_join(s, site);
	servers_sync(s, site, known);
}

static void steering_site_gone(struct steering *s, struct steering_site *site, int64_t now_ms)
{
	site->gone_ms = now_ms ? now_ms : 1;
	site->fault = "";
	if (site->member == MG_MEMBER_NONE)
		return;
	tables_member_state(s->table, site->member, MG_DOWN, 0);
	s->unapplied = true;
}

static void steering_sites_gone(struct steering *s, int64_t now_ms)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->site_count; i++) {
		struct steering_site *site = &s->site[i];

		if (!site->offered && !site->gone_ms)
			steering_site_gone(s, site, now_ms);
		if (site->gone_ms && site->member == MG_MEMBER_NONE &&
		    now_ms - site->gone_ms > SITE_FORGET_MS)
			continue; /* without a member it has nothing of its own */
		s->site[kept++] = *site;
	}
	s->site_count = kept;
}

static const struct offer *steering_offers(const struct steering *s, const struct catalog *catalog,
					   size_t *ret_count)
{
	struct addr service;

	memcpy(service.octet, s->config.key.addr, sizeof(service.octet));
	return catalog_offers(catalog, &service, ret_count);
}

void steering_sync(struct steering *s, const struct steering_context *context)
{
	const struct offer *offer;
	size_t count;

	if (!s->table || !s->stale)
		return;
	offer = steering_offers(s, context->catalog, &count);
	for (size_t i = 0; i < s->site_count; i++)
		s->site[i].offered = false;
	for (size_t i = 0; i < count; i++)
		steering_offer(s, context, &offer[i]);
	steering_sites_gone(s, context->now_ms);
	s->stale = false;
}

static void steering_measure(struct steering *s, uint64_t now_ns)
{
	uint64_t elapsed = now_ns - s->starts_at_ns;
	struct service_state state;

	if (s->starts_at_ns && elapsed < RATE_MIN_NS)
		return;
	tables_service_state(s->table, &state);
	if (s->starts_at_ns)
		s->own_rate =
			(double)(state.counter.starts - s->starts_seen) * 1e9 / (double)elapsed;
	s->starts_seen = state.counter.starts;
	s->starts_at_ns = now_ns;
}

static void site_observe(const struct steering *s, struct steering_site *site, uint64_t now_ns)
{
	struct observed_counts counts;
	struct member_flows flows;

	if (!site->observed)
		site->observed = calloc(1, sizeof(*site->observed));
	if (!site->observed || !tables_member_flows(s->table, site->member, &flows))
		return; /* without memory it is not observed */
	counts = (struct observed_counts){ .starts = flows.starts,
					   .ends = flows.ends,
					   .handshakes = flows.handshakes,
					   .handshake_us = flows.handshake_us,
					   .in_flight = flows.in_flight };
	observed_note(site->observed, (double)now_ns / 1e9, &counts);
	if (s->config.handshake_rtt && !site->distance)
		site->distance = calloc(1, sizeof(*site->distance));
	if (site->distance)
		handshake_note(&site->distance->handshake, (double)now_ns / 1e9, flows.handshakes,
			       flows.handshake_us);
}

void steering_observe(struct steering *s, uint64_t now_ns)
{
	for (size_t i = 0; i < s->site_count; i++) {
		struct steering_site *site = &s->site[i];

		if (!s->config.handshake_rtt)
			freep(&site->distance);
		if (!s->config.options.observe)
			site_forget(site);
		else if (site->member != MG_MEMBER_NONE)
			site_observe(s, site, now_ns);
	}
}

static int offer_order(const void *site, const void *offer)
{
	const struct offer_key *key = &((const struct offer *)offer)->key;

	return -site_compare(&key->egress, key->site_id, site);
}

const struct offer *steering_site_offer(const struct steering *s, const struct steering_site *site,
					const struct catalog *catalog)
{
	size_t count;
	const struct offer *offer = steering_offers(s, catalog, &count);

	return count ? bsearch(site, offer, count, sizeof(*offer), offer_order) : NULL;
}

/* Offered, with a member, and the kernel knows the way. */
static bool steering_site_usable(const struct steering *s, const struct steering_site *site)
{
	return !site->gone_ms && !site->cut && site->member != MG_MEMBER_NONE &&
	       tables_site_reached(s->tables, site->table_site);
}

bool steering_ways_changed(const struct steering *s)
{
	for (size_t i = 0; i < s->site_count; i++)
		if (s->site[i].usable != steering_site_usable(s, &s->site[i]))
			return true;
	return false;
}

static uint8_t site_available(const struct steering_site *site, const struct site_states *states)
{
	const struct site_told *state = site_states_of(states, &site->egress, site->site_id);

	return state ? state->percent : 100;
}

bool steering_states_changed(const struct steering *s, const struct site_states *states)
{
	for (size_t i = 0; i < s->site_count; i++)
		if (s->site[i].available != site_available(&s->site[i], states))
			return true;
	return false;
}

static void weights_site_report(struct weights_site *in, const struct offer *offer)
{
	in->up_since_s = (double)offer->announced_ms / 1e3;
	in->sampled_s = (double)offer->sampled_ms / 1e3;
	in->report = offer->report;
	in->has_report = offer->has_report;
	in->drain |= offer->has_report && offer->report.drain;
}

static struct ingress_rtt site_rtt(const struct steering_context *context,
				   const struct steering_site *site, const struct offer *offer,
				   const struct ingress_site_config *known)
{
	struct rtts *rtts = offer && offer->local ? NULL : context->rtts;

	if (rtts && offer)
		rtts_ask(rtts, &site->egress, context->now_ms);
	return rtts_known(rtts, &site->egress, known ? known->rtt_s : 0);
}

static void weights_site_wishes(struct weights_site *in,
				const struct ingress_service_config *config,
				const struct ingress_site_config *known)
{
	in->cost = known->cost;
	for (size_t i = 0; i < config->wish_count; i++) {
		if (strcmp(config->wish[i].site, known->name))
			continue;
		in->pinned |= config->wish[i].pinned;
		in->excluded |= !config->wish[i].pinned;
	}
}

static void weights_site_class(struct weights_site *in, const struct class_rules *rules,
			       const struct ingress_site_config *known)
{
	uint64_t classes = known ? known->classes : 0;

	in->class_barred = !classes_allow(rules, classes);
	in->tier = classes_tier(rules, classes, known ? known->tier : 0);
}

static void weights_site_sight(struct weights_site *in, const struct observed *observed,
			       uint64_t now_ns)
{
	const double now_s = (double)now_ns / 1e9;
	const struct observed_load load = observed_load(observed, now_s);

	in->flow_time_s = fmax(0, load.flow_time_s);
	in->flow_count = load.flows;
	in->handshake_s = fmax(0, load.handshake_s);
	in->flows_in_flight = fmax(0, load.steady);
	in->seen_window_s = load.window_s;
	in->flow_rate = fmax(0, load.rate);
	in->seen_s = now_s - load.age_s;
}

static struct weights_site weights_site_of(const struct steering *s, struct steering_site *site,
					   const struct steering_context *context)
{
	const struct ingress_site_config *known =
		context->site_config(context->user, &site->egress, site->site_id);
	const struct offer *offer = steering_site_offer(s, site, context->catalog);
	struct weights_site in = { .id = site->id };

	in.up = offer && site->usable && site->available;
	in.unavailable = 1 - site->available / 100.0;
	in.drain = context->drained(context->user, &site->egress, site->site_id);
	site->rtt = site_rtt(context, site, offer, known);
	in.rtt_s = site->rtt.source == INGRESS_RTT_UNKNOWN ? NAN : site->rtt.rtt_s;
	if (known) {
		in.capacity = known->capacity;
		in.service_time_s = known->service_time_s;
		weights_site_wishes(&in, &s->config, known);
	}
	weights_site_class(&in, &s->config.classes, known);
	if (offer)
		weights_site_report(&in, offer);
	if (site->observed)
		weights_site_sight(&in, site->observed, context->now_ns);
	return in;
}

/* Stores in the tables what was decided; then members of sites that are gone can go. */
static int steering_apply(struct steering *s, uint64_t now_ns)
{
	_cleanup_(freep) struct owner_site *owner_site =
		calloc(s->site_count + 1, sizeof(*owner_site));
	_cleanup_(freep) struct owner *owner = calloc(s->config.slots, sizeof(*owner));

	if (!owner_site || !owner)
		return -ENOMEM;
	for (size_t i = 0; i < s->site_count; i++) {
		const struct steering_site *site = &s->site[i];
		double share = s->decision->site[i].share;

		owner_site[i] = (struct owner_site){ .id = site->id,
						     .share = share,
						     .member = site->member,
						     .spare = site->usable };
		if (site->member != MG_MEMBER_NONE && !site->gone_ms)
			tables_member_state(s->table, site->member, site->cut ? MG_DOWN : MG_UP,
					    (uint32_t)(share * 65536));
	}
	owners_assign(s->id, owner_site, s->site_count, owner, s->config.slots);
	s->slots_moved += tables_slots_apply(s->table, &owner->now, now_ns);
	for (size_t i = 0; i < s->site_count; i++)
		if (s->site[i].gone_ms)
			steering_site_drop(s, &s->site[i]);
	s->unapplied = false;
	return 0;
}

/* How long a flow lasts there, if anybody says. */
static double steering_flow_s(const struct weights_site *in, const struct weights_verdict *verdict)
{
	bool told = in->has_report && in->report.has & REPORT_SERVICE_TIME;

	return told || in->service_time_s > 0 ? verdict->service_time_s + in->rtt_s : 0;
}

static void steering_expect(struct steering *s, const struct weights_site *in)
{
	for (size_t i = 0; i < s->site_count; i++) {
		const struct weights_verdict *verdict = &s->decision->site[i];

		s->site[i].placement.share = verdict->share;
		s->site[i].placement.expected_s = steering_flow_s(&in[i], verdict);
	}
}

/* So many flows begin in a turn that shares must not wait for the next second. */
static bool steering_leaps(struct steering *s, uint64_t now_ns)
{
	const struct placement *p = &s->placement;
	struct service_state state;

	if (s->own_rate < 0 || p->begun < LEAP_STARTS ||
	    p->begun <= LEAP * s->own_rate * p->passed_s)
		return false;
	tables_service_state(s->table, &state);
	s->own_rate = p->begun / p->passed_s;
	s->starts_seen = state.counter.starts;
	s->starts_at_ns = now_ns;
	return true;
}

bool steering_watch(struct steering *s, uint64_t now_ns)
{
	struct service_options options = s->config.options;
	struct member_flows flows;
	bool turned;

	if (!s->table || !(options.observe || options.placement))
		return false;
	placement_begin(&s->placement, now_ns);
	for (size_t i = 0; i < s->site_count; i++)
		if (s->site[i].member != MG_MEMBER_NONE &&
		    tables_member_flows(s->table, s->site[i].member, &flows))
			placement_add(&s->placement, &s->site[i].placement, &flows);
	turned = placement_end(&s->placement);
	for (size_t i = 0; i < s->site_count; i++)
		if (s->site[i].member != MG_MEMBER_NONE)
			tables_flows_adjust(
				s->table, s->site[i].member,
				placement_correct(&s->placement, &s->site[i].placement));
	if (turned && options.placement) {
		options = steering_options(s, &s->config);
		tables_service_change(s->table, s->config.idle_s,
				      &options); /* it logs; tried again */
	}
	return steering_leaps(s, now_ns);
}

/* A way that came or went changes the slots' next choices, even where no share changes. */
static void steering_ways(struct steering *s)
{
	for (size_t i = 0; i < s->site_count; i++) {
		bool usable = steering_site_usable(s, &s->site[i]);

		s->unapplied |= usable != s->site[i].usable;
		s->site[i].usable = usable;
	}
}

static void site_reach(struct steering *s, struct steering_site *site, const char *cut)
{
	bool was = site->cut;

	site->cut = cut;
	if (site->member == MG_MEMBER_NONE || site->gone_ms || was == !!cut)
		return;
	/* Back up only with the slots of the next decision: as for one that is new. */
	if (cut)
		tables_member_state(s->table, site->member, MG_DOWN, 0);
	s->unapplied = true;
}

bool steering_reach(struct steering *s, const struct steering_context *context)
{
	bool changed = false;

	for (size_t i = 0; i < s->site_count; i++) {
		struct steering_site *site = &s->site[i];
		bool local = site->spec.encap == MG_ENCAP_LOCAL;
		const char *cut = local ? NULL : context->cut(context->user, &site->egress);

		changed |= cut != site->cut;
		site_reach(s, site, cut);
	}
	return changed;
}

static uint16_t mss_of(uint32_t room, uint32_t headers, uint32_t least)
{
	uint32_t mss = room > headers + least ? room - headers : least;

	return (uint16_t)(mss > UINT16_MAX ? UINT16_MAX : mss);
}

/* What the narrowest way leaves of a packet, less the headers of IP and TCP. Where there is no way,
 * what was found before stays. */
static void steering_mss(struct steering *s)
{
	uint32_t room = UINT32_MAX;
	struct service_options options;

	if (!s->config.mss_auto)
		return;
	for (size_t i = 0; i < s->site_count; i++) {
		const struct steering_site *site = &s->site[i];
		uint32_t mtu = site->usable ? tables_site_mtu(s->tables, site->table_site) : 0;
		uint32_t overhead = site_spec_overhead(&site->spec);

		if (mtu > overhead && mtu - overhead < room)
			room = mtu - overhead;
	}
	if (room == UINT32_MAX)
		return;
	s->mss_v4 = mss_of(room, 20 + 20, 536); /* RFC 9293 section 3.7.1 */
	s->mss_v6 = mss_of(room, 40 + 20, 1220);
	options = steering_options(s, &s->config);
	tables_service_change(s->table, s->config.idle_s, &options);
}

static int steering_weigh(struct steering *s, const struct steering_context *context,
			  const struct weights_site *in)
{
	double now_s = (double)context->now_ns / 1e9;
	int r;

	if (context->decides)
		context->decides(context->user, s, now_s, in, NULL);
	r = weights_update(s->weights, now_s, s->own_rate, in, s->site_count, &s->decision);
	if (!r && context->decides)
		context->decides(context->user, s, now_s, in, s->decision);
	return r;
}

int steering_decide(struct steering *s, const struct steering_context *context)
{
	_cleanup_(freep) struct weights_site *in = NULL;
	int r;

	if (!s->table || (!s->site_count && !s->unapplied))
		return 0;
	in = calloc(s->site_count + 1, sizeof(*in));
	if (!in)
		return -ENOMEM;
	steering_measure(s, context->now_ns);
	steering_observe(s, context->now_ns);
	steering_reach(s, context);
	steering_ways(s);
	steering_mss(s);
	for (size_t i = 0; i < s->site_count; i++)
		s->site[i].available = site_available(&s->site[i], context->states);
	for (size_t i = 0; i < s->site_count; i++)
		in[i] = weights_site_of(s, &s->site[i], context);
	r = distances_complete(s, (double)context->now_ns / 1e9, in);
	if (r < 0)
		return r;
	r = steering_weigh(s, context, in);
	if (r < 0)
		return r;
	steering_expect(s, in);
	s->decisions++;
	s->changes += s->decision->changed;
	s->unapplied |= s->decision->changed; /* until it stands in the tables */
	return s->unapplied ? steering_apply(s, context->now_ns) : 0;
}
