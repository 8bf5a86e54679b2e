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
#include "select/owners.h"

#include <errno.h>
#include <string.h>

#define SITE_FORGET_MS (10 * 60 * 1000) /* a withdrawn site's history is of no use after that */
#define RATE_MIN_NS    500000000ull     /* shorter intervals measure noise */

_Static_assert(sizeof(struct owner) == 2 * sizeof(uint16_t), "tables_slots_apply() reads pairs");

/* FNV-1a: needs to be the same on every ingress, not to withstand an attacker. */
static uint64_t id_of(const void *bytes, size_t len, uint64_t id)
{
	for (size_t i = 0; i < len; i++)
		id = (id ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3ull;
	return id;
}

static uint64_t id_of_site(const struct addr *egress, uint16_t site_id)
{
	uint8_t octets[2] = { (uint8_t)(site_id >> 8), (uint8_t)site_id };
	uint64_t id = id_of(egress->octet, sizeof(egress->octet), 0xcbf29ce484222325ull);

	return id_of(octets, sizeof(octets), id);
}

static uint64_t id_of_service(const struct mg_service_key *key)
{
	uint8_t octets[3] = { key->proto, (uint8_t)(key->port >> 8), (uint8_t)key->port };
	uint64_t id = id_of(key->addr, sizeof(key->addr), 0xcbf29ce484222325ull);

	return id_of(octets, sizeof(octets), id);
}

static void steering_table_add(struct steering *s)
{
	const struct service_spec spec = {
		.key = s->config.key,
		.slots = s->config.slots,
		.affinity = s->config.affinity,
		.idle_s = s->config.idle_s,
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
	s->starts_seen = state.counter.starts;
}

struct steering *steering_new(struct tables *tables, const struct ingress_service_config *config)
{
	_cleanup_(freep) struct steering *s = malloc(sizeof(*s));

	if (!s)
		return NULL;
	*s = (struct steering){ .config = *config, .tables = tables, .fault = "", .own_rate = -1 };
	s->id = id_of_service(&config->key);
	s->weights = weights_new(&config->weights);
	if (!s->weights)
		return NULL;
	steering_table_add(s);
	s->dirty = true;
	return TAKE_PTR(s);
}

void steering_free(struct steering **steering)
{
	struct steering *s = *steering;

	if (!s)
		return;
	weights_free(&s->weights);
	free(s->site);
	free(s);
	*steering = NULL;
}

static void steering_site_drop(struct steering *s, struct steering_site *site)
{
	if (site->member == MG_MEMBER_NONE)
		return;
	tables_member_remove(s->table, site->member);
	tables_site_put(s->tables, site->table_site);
	site->member = MG_MEMBER_NONE;
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
	if (config->slots != s->config.slots || config->idle_s != s->config.idle_s ||
	    config->affinity != s->config.affinity)
		return false;
	s->config = *config;
	weights_configure(s->weights, &config->weights);
	s->dirty = true;
	return true;
}

/* How to reach the offer's site. False, with the reason in *ret_fault: we have no address to send
 * from. */
static bool site_spec_of(const struct ingress_config *config, const struct offer *offer,
			 struct site_spec *ret, const char **ret_fault)
{
	bool srv6 = offer->tunnel.kind == BGP_TUNNEL_SRV6;
	/* A route without a tunnel attribute is reached by IP-in-IP to its next hop
	 * (draft-ietf-idr-5g-edge-service-metadata-29 section 3.2). */
	const struct addr *dst = offer->tunnel.kind == BGP_TUNNEL_NONE ? &offer->key.egress
								       : &offer->tunnel.endpoint;
	const struct addr *src = addr_is_v4(dst) ? &config->source_v4 : &config->source_v6;

	if (addr_is_zero(src)) {
		*ret_fault = addr_is_v4(dst) ? "no tunnel source-v4 is configured here"
					     : "no tunnel source-v6 is configured here";
		return false;
	}
	*ret = (struct site_spec){ .encap = srv6 ? MG_ENCAP_SRV6 : MG_ENCAP_IPIP,
				   .outer_src = *src,
				   .outer_dst = *dst };
	return true;
}

static bool site_spec_equal(const struct site_spec *a, const struct site_spec *b)
{
	return a->encap == b->encap && addr_equal(&a->outer_src, &b->outer_src) &&
	       addr_equal(&a->outer_dst, &b->outer_dst);
}

static struct steering_site *steering_site_find(struct steering *s, const struct offer_key *key)
{
	for (size_t i = 0; i < s->site_count; i++)
		if (s->site[i].site_id == key->site_id &&
		    addr_equal(&s->site[i].egress, &key->egress))
			return &s->site[i];
	return NULL;
}

static struct steering_site *steering_site_append(struct steering *s, const struct offer_key *key)
{
	struct steering_site *grown = reallocarray(s->site, s->site_count + 1, sizeof(*grown));

	if (!grown)
		return NULL;
	s->site = grown;
	grown += s->site_count++;
	*grown = (struct steering_site){ .egress = key->egress,
					 .site_id = key->site_id,
					 .id = id_of_site(&key->egress, key->site_id),
					 .fault = "" };
	return grown;
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
	struct steering_site *site = steering_site_find(s, &offer->key);
	struct site_spec spec;

	if (!site)
		site = steering_site_append(s, &offer->key);
	if (!site) {
		log_err(-ENOMEM, "service %s: a site is left out", s->config.name);
		return;
	}
	site->gone_ms = 0;
	site->fault = "";
	if (!site_spec_of(context->config, offer, &spec, &site->fault)) {
		steering_site_drop(s, site);
		return;
	}
	if (site->member != MG_MEMBER_NONE && site_spec_equal(&spec, &site->spec))
		return;
	steering_site_drop(s, site);
	site->spec = spec;
	steering_site_join(s, site);
}

/* Sites with gone_ms still negative were not among the offers. */
static void steering_sites_gone(struct steering *s, const struct steering_context *context)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->site_count; i++) {
		struct steering_site *site = &s->site[i];

		if (site->gone_ms < 0) {
			site->gone_ms = context->now_ms ? context->now_ms : 1;
			if (site->member != MG_MEMBER_NONE) {
				tables_member_state(s->table, site->member, MG_DOWN, 0);
				s->unapplied = true;
			}
		}
		if (site->gone_ms && site->member == MG_MEMBER_NONE &&
		    context->now_ms - site->gone_ms > SITE_FORGET_MS)
			continue;
		s->site[kept++] = *site;
	}
	s->site_count = kept;
}

void steering_sync(struct steering *s, const struct steering_context *context)
{
	struct addr service;
	const struct offer *offer;
	size_t count;

	if (!s->table)
		return;
	memcpy(service.octet, s->config.key.addr, sizeof(service.octet));
	offer = catalog_offers(context->catalog, &service, &count);
	for (size_t i = 0; i < s->site_count; i++)
		if (!s->site[i].gone_ms)
			s->site[i].gone_ms = -1;
	for (size_t i = 0; i < count; i++)
		steering_offer(s, context, &offer[i]);
	steering_sites_gone(s, context);
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

const struct offer *steering_site_offer(const struct steering *s, const struct steering_site *site,
					const struct catalog *catalog)
{
	struct addr service;
	const struct offer *offer;
	size_t count;

	memcpy(service.octet, s->config.key.addr, sizeof(service.octet));
	offer = catalog_offers(catalog, &service, &count);
	for (size_t i = 0; i < count; i++)
		if (offer[i].key.site_id == site->site_id &&
		    addr_equal(&offer[i].key.egress, &site->egress))
			return &offer[i];
	return NULL;
}

/* Offered, with a member, and the kernel knows the way. */
static bool steering_site_usable(const struct steering *s, const struct steering_site *site)
{
	return !site->gone_ms && site->member != MG_MEMBER_NONE &&
	       tables_site_reached(s->tables, site->table_site);
}

static struct weights_site weights_site_of(const struct steering *s,
					   const struct steering_site *site,
					   const struct steering_context *context)
{
	const struct ingress_site_config *known =
		context->site_config(context->user, &site->egress, site->site_id);
	const struct offer *offer = steering_site_offer(s, site, context->catalog);
	struct weights_site in = { .id = site->id };

	in.up = offer && steering_site_usable(s, site);
	if (known) {
		in.rtt_s = known->rtt_s;
		in.capacity = known->capacity;
		in.service_time_s = known->service_time_s;
	}
	in.drain = context->drained(context->user, &site->egress, site->site_id);
	if (!offer)
		return in;
	in.up_since_s = (double)offer->announced_ms / 1e3;
	in.sampled_s = (double)offer->sampled_ms / 1e3;
	in.report = offer->report;
	in.has_report = offer->has_report &&
			context->now_ms - offer->sampled_ms <= (int64_t)s->config.max_age_s * 1000;
	in.drain |= offer->has_report && offer->report.drain;
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
						     .spare = steering_site_usable(s, site) };
		if (site->member != MG_MEMBER_NONE && !site->gone_ms)
			tables_member_state(s->table, site->member, MG_UP,
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

int steering_decide(struct steering *s, const struct steering_context *context)
{
	_cleanup_(freep) struct weights_site *in = calloc(s->site_count + 1, sizeof(*in));
	int r;

	if (!s->table)
		return 0;
	if (!in)
		return -ENOMEM;
	steering_measure(s, context->now_ns);
	for (size_t i = 0; i < s->site_count; i++)
		in[i] = weights_site_of(s, &s->site[i], context);
	r = weights_update(s->weights, (double)context->now_ns / 1e9, s->own_rate, in,
			   s->site_count, &s->decision);
	if (r < 0)
		return r;
	s->decisions++;
	s->changes += s->decision->changed;
	s->dirty = false;
	s->unapplied |= s->decision->changed; /* until it stands in the tables */
	return s->unapplied ? steering_apply(s, context->now_ns) : 0;
}
