/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain SERVICE [from ADDRESS[:PORT]]: the decision as the selector recorded it, with every value
 * it used, and what the sites said beside it. Nothing is decided anew here: what is shown is what
 * the tables were made from.
 */
#include "base/util.h"
#include "mgmt/report_json.h"
#include "mgmt/request.h"
#include "mgmt/roster.h"
#include "mgmt/site_values.h"
#include "mgmt/steer_json.h"

#include <errno.h>
#include <flow.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

/* A client, as the command line names it. */
struct client {
	struct addr addr;
	bool has_port;
	uint16_t port;
};

static int port_parse(const char *text, struct client *ret)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	if (end == text || *end || port > UINT16_MAX || *text < '0' || *text > '9')
		return -EINVAL;
	ret->port = (uint16_t)port;
	ret->has_port = true;
	return 0;
}

/* "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]:80". */
static int client_parse(const char *text, struct client *ret)
{
	char host[ADDR_STRLEN];
	const char *end = strchr(text, ']'), *colon = strrchr(text, ':');
	size_t len = strlen(text);
	struct client client = { 0 };

	if (*text == '[') {
		if (!end || (end[1] && end[1] != ':'))
			return -EINVAL;
		colon = end[1] ? end + 1 : NULL;
		len = (size_t)(end - ++text);
	} else if (colon && strchr(text, ':') == colon) {
		len = (size_t)(colon - text);
	} else {
		colon = NULL; /* the colons of an IPv6 address */
	}
	if (len >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	if (addr_parse(host, &client.addr) < 0 || (colon && port_parse(colon + 1, &client) < 0))
		return -EINVAL;
	*ret = client;
	return 0;
}

static uint32_t client_slot(const struct client *client, const struct mg_service_key *key,
			    const struct mg_service *entry, uint64_t seed)
{
	struct flow flow = { .service = *key, .sport = client->port };

	memcpy(flow.src, client->addr.octet, sizeof(flow.src));
	flow.v4 = addr_is_v4(&client->addr);
	return (uint32_t)flow_hash_for(&flow, seed, entry) & entry->slot_mask;
}

struct slot_pins {
	uint32_t slot; /* in mg_slots */
	uint64_t count;
};

static void pin_count(void *user, const struct pin_state *pin)
{
	struct slot_pins *pins = user;

	pins->count += pin->slot == pins->slot;
}

static void put_slot(const struct request *request, json_t *object, const struct client *client,
		     const struct roster *roster)
{
	struct service_state state;
	struct slot_pins pins = { 0 };
	struct mg_slot word;
	uint32_t slot;

	tables_service_state(roster->table, &state);
	slot = client_slot(client, &roster->key, &state.entry,
			   request->context->config->tables.hash_seed);
	answer_count(object, "slot", slot);
	if (!tables_slot(roster->table, slot, &word))
		return;
	slot_put(object, roster, &word);
	pins.slot = roster->slot_base + slot;
	tables_pins(request->context->tables, uv_hrtime(), pin_count, &pins);
	answer_count(object, "pins", pins.count);
	if (pins.count)
		answer_text(object, "note",
			    "flows that began before the slot moved keep their site by a pin");
}

static void put_client(const struct request *request, json_t *object, const struct client *client,
		       const struct roster *roster)
{
	struct addr service;
	char text[ADDR_STRLEN];

	answer_text(object, "address", addr_format(&client->addr, text));
	if (client->has_port)
		answer_count(object, "port", client->port);
	memcpy(service.octet, roster->key.addr, sizeof(service.octet));
	if (addr_is_v4(&service) != addr_is_v4(&client->addr))
		answer_text(object, "note",
			    "no packet of this client has this destination: the "
			    "addresses are of different families");
	else if (roster->affinity == MG_AFFINITY_FLOW &&
		 (!client->has_port || !roster->key.port || !roster->key.proto))
		answer_text(object, "note",
			    "each flow is placed on its own: its ports decide, so name them as "
			    "ADDRESS:PORT, for a service with a protocol and a port");
	else
		put_slot(request, object, client, roster);
}

static void put_used(const struct request *request, json_t *object,
		     const struct ingress_service_config *service,
		     const struct ingress_site_view *site)
{
	const struct weights_verdict *verdict = site->verdict;

	answer_number(object, "share", verdict->share);
	answer_number(object, "wanted", verdict->wanted);
	reason_put(object, request->context->config, service, site);
	answer_text(object, "freshness", weights_freshness_text(verdict->freshness));
	if (verdict->freshness != FRESH_NONE)
		answer_number(object, "age", verdict->age_s);
	if (verdict->doubted)
		answer_text(object, "note",
			    "reports less load, or shorter work, than this router sees there: not "
			    "believed");
	answer_number(object, "capacity", verdict->capacity);
	answer_text(object, "capacity-by", weights_origin_text(verdict->capacity_by));
	answer_number(object, "service-time-ms", verdict->service_time_s * 1000);
	answer_text(object, "service-time-by", weights_origin_text(verdict->service_time_by));
	answer_text(object, "load-by", weights_origin_text(verdict->rate_by));
	answer_number(object, "base", verdict->base);
	answer_number(object, "own-share-then", verdict->own_share_then);
	answer_number(object, "utilisation", verdict->utilisation);
	answer_number(object, "marginal-ms", verdict->marginal_s * 1000);
	parts_put(object, verdict);
}

static void put_told(json_t *object, const struct offer *offer)
{
	carried_put(object, offer->carrier, offer->carried);
	if (!offer->has_report)
		return;
	dated_put(object, offer->dated, offer->lag_ms);
	report_put(object, &offer->report);
}

static void put_candidate(const struct request *request, json_t *object,
			  const struct ingress_service_config *service,
			  const struct ingress_site_view *site)
{
	_cleanup_(value_set_clear) struct value_set values = { 0 };
	char egress[ADDR_STRLEN];

	site_values(site, request->now_ms, &values);
	answer_text(object, "name", site->name);
	answer_text(object, "egress", addr_format(&site->egress, egress));
	answer_flag(object, "offered", site->offer);
	answer_flag(object, "drained", site->drained);
	answer_text(object, "fault", site->fault);
	rtt_put(object, site);
	site_state_put(object, site);
	answer_count(object, "slots", site->slots);
	standing_put(object, request->context->config, site);
	if (site->verdict)
		put_used(request, object, service, site);
	if (site->offer)
		put_told(answer_object(object, "told"), site->offer);
	site_score_put(object, &request->context->config->scores, site, &values);
	values_put(answer_array(object, "values"), &values);
}

/* The two largest shares, and whether hysteresis kept them from what was wanted. */
static void put_ranking(json_t *object, const struct ingress *ingress, size_t index)
{
	struct ingress_site_view site, first = { 0 }, second = { 0 };
	bool held = false;

	for (size_t s = 0; ingress_site(ingress, index, s, &site); s++) {
		if (!site.verdict)
			continue;
		held |= site.verdict->reason == REASON_HELD;
		if (!first.verdict || site.verdict->share > first.verdict->share) {
			second = first;
			first = site;
		} else if (!second.verdict || site.verdict->share > second.verdict->share) {
			second = site;
		}
	}
	if (first.verdict && first.verdict->share > 0)
		answer_text(object, "winner", first.name);
	if (second.verdict && second.verdict->share > 0)
		answer_text(object, "runner-up", second.name);
	answer_flag(object, "held-by-hysteresis", held);
}

static void put_record(const struct request *request, json_t *object, size_t index,
		       const struct ingress_service_view *service)
{
	const struct weights_decision *decision = service->decision;
	struct ingress_site_view site;
	char address[ADDR_STRLEN];
	json_t *candidates;

	answer_text(object, "name", service->config->name);
	vrf_put(request->context, object, service->config->key.vrf);
	answer_text(object, "address", service_address(&service->config->key, address));
	settings_put(answer_object(object, "settings"), request->context->config, service->config);
	affinity_put(object, service->config);
	last_resort_put(object, service->config);
	placement_put(answer_object(object, "placement"), service);
	answer_flag(object, "handshake-rtt", service->config->handshake_rtt);
	answer_text(object, "fault", service->fault);
	if (decision) {
		if (decision->own_rate >= 0)
			answer_number(object, "own-rate", decision->own_rate);
		if (decision->total_rate >= 0)
			answer_number(object, "total-rate", decision->total_rate);
		if (decision->foreseen_rate > 0)
			answer_number(object, "foreseen-rate", decision->foreseen_rate);
		answer_number(object, "level-ms", decision->level_s * 1000);
		answer_flag(object, "changed", decision->changed);
		put_ranking(object, request->context->ingress, index);
	}
	candidates = answer_array(object, "candidates");
	for (size_t s = 0; ingress_site(request->context->ingress, index, s, &site); s++)
		put_candidate(request, answer_append(candidates), service->config, &site);
}

static size_t put_records(const struct request *request, json_t *array, const char *wanted,
			  const struct client *client, const struct roster_list *rosters)
{
	const struct ingress *ingress = request->context->ingress;
	struct ingress_service_view service;
	size_t n = 0;

	for (size_t i = 0; ingress && ingress_service(ingress, i, &service); i++) {
		const struct roster *roster = roster_find(rosters, service.table);
		json_t *object;

		if (!service_matches(service.config->name, &service.config->key, wanted))
			continue;
		object = answer_append(array);
		put_record(request, object, i, &service);
		if (client && roster)
			put_client(request, answer_object(object, "from"), client, roster);
		n++;
	}
	return n;
}

json_t *explain_service(const struct request *request)
{
	_cleanup_(roster_list_clear) struct roster_list rosters = { 0 };
	const char *wanted = request_text(request, "service"),
		   *from = request_text(request, "from");
	struct client client = { 0 };
	json_t *answer;
	size_t n;

	if (from && client_parse(from, &client) < 0)
		return answer_error(ANSWER_BAD_ARGUMENT, "from",
				    "write 192.0.2.1, 192.0.2.1:80, 2001:db8::1 or "
				    "[2001:db8::1]:80",
				    "'%.60s' is no address of a client", from);
	if (roster_list_of(request->context, &rosters) < 0)
		return NULL;
	answer = json_object();
	n = put_records(request, answer_array(answer, "explained"), wanted, from ? &client : NULL,
			&rosters);
	if (n)
		return answer;
	json_decref(answer);
	return answer_error(ANSWER_NOT_FOUND, "service", "margay show services lists all",
			    "no service '%.60s' is steered here", wanted);
}
