/* SPDX-License-Identifier: BSD-2-Clause */
/* show services, show sites: what is steered here, and what is announced from here. */
#include "base/util.h"
#include "mgmt/report_json.h"
#include "mgmt/request.h"
#include "mgmt/roster.h"
#include "mgmt/site_values.h"
#include "mgmt/steer_json.h"

#include <math.h>
#include <string.h>

static void put_counter(json_t *object, const struct mg_counter *counter)
{
	answer_count(object, "packets", counter->packets);
	answer_count(object, "bytes", counter->bytes);
	answer_count(object, "starts", counter->starts);
}

static void put_key(const struct request *request, json_t *object, const char *name,
		    const struct mg_service_key *key)
{
	char address[ADDR_STRLEN];

	answer_text(object, "name", name);
	vrf_put(request->context, object, key->vrf);
	answer_text(object, "address", service_address(key, address));
	answer_text(object, "protocol", service_protocol(key));
	answer_count(object, "port", key->port);
}

const char *policy_text(enum policy policy)
{
	static const char *const words[] = { [POLICY_COMPUTE_AWARE] = "compute-aware",
					     [POLICY_NEAREST] = "nearest",
					     [POLICY_STATIC] = "static",
					     [POLICY_GREEDY] = "greedy" };

	return words[policy];
}

/* absent: known once, but no one offers it now. */
static const char *site_state(const struct request *request, const struct ingress_site_view *site,
			      const struct table_service *table)
{
	struct mg_counter counter;
	struct mg_member member;
	uint32_t slots;

	if (!site->offer)
		return "absent";
	if (site->fault && *site->fault)
		return "unusable";
	if (!site->member || !table ||
	    !tables_member(table, site->member, &member, &counter, &slots))
		return "waiting";
	return member.state == MG_UP ? "up" : "down";
}

static void put_verdict(const struct request *request, json_t *object,
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
	answer_number(object, "capacity", verdict->capacity);
	answer_number(object, "service-time-ms", verdict->service_time_s * 1000);
	answer_text(object, "service-time-by", weights_origin_text(verdict->service_time_by));
}

static void put_offer(json_t *object, const struct offer *offer)
{
	char endpoint[ADDR_STRLEN];

	answer_text(object, "encapsulation", bgp_tunnel_text(offer->tunnel.kind));
	if (offer->tunnel.kind != BGP_TUNNEL_NONE)
		answer_text(object, "endpoint", addr_format(&offer->tunnel.endpoint, endpoint));
	if (!offer->has_report)
		return;
	if (offer->carrier)
		answer_text(object, "carrier", bgp_carrier_text(offer->carrier));
	dated_put(object, offer->dated, offer->lag_ms);
	if (offer->report.has & REPORT_ARRIVAL_RATE)
		answer_number(object, "arrival-rate", offer->report.arrival_rate);
	if (offer->report.has & REPORT_IN_FLIGHT)
		answer_number(object, "in-flight", offer->report.in_flight);
	if (offer->report.has & REPORT_UTILISATION)
		answer_number(object, "utilisation", offer->report.utilisation);
}

static void put_score(const struct request *request, json_t *object,
		      const struct ingress_site_view *site)
{
	_cleanup_(value_set_clear) struct value_set values = { 0 };

	site_values(site, request->now_ms, &values);
	site_score_put(object, &request->context->config->scores, site, &values);
}

static void put_site(const struct request *request, json_t *object,
		     const struct ingress_site_view *site,
		     const struct ingress_service_view *service)
{
	char egress[ADDR_STRLEN];

	answer_text(object, "name", site->name);
	answer_text(object, "egress", addr_format(&site->egress, egress));
	answer_count(object, "site-id", site->site_id);
	answer_count(object, "member", site->member);
	answer_text(object, "state", site_state(request, site, service->table));
	answer_text(object, "fault", site->fault);
	if (site->verdict)
		put_verdict(request, object, service->config, site);
	rtt_put(object, site);
	standing_put(object, request->context->config, site);
	if (site->offer)
		put_offer(object, site->offer);
	put_score(request, object, site);
	if (site->member)
		way_put(request, answer_object(object, "way"), site->table_site);
	answer_count(object, "slots", site->slots);
	put_counter(object, &site->counter);
	answer_flag(object, "drained", site->drained);
}

static void put_table(json_t *object, const struct table_service *table)
{
	struct service_state state;
	json_t *slots;

	if (!table)
		return;
	tables_service_state(table, &state);
	slots = answer_object(object, "state");
	answer_count(slots, "stable", state.slots_stable);
	answer_count(slots, "moving", state.slots_moving);
	answer_count(slots, "pinned", state.slots_pinned);
	answer_count(slots, "empty", state.slots_empty);
	answer_count(object, "pins", state.pins);
	put_counter(object, &state.counter);
}

static void put_decision(json_t *object, const struct weights_decision *decision)
{
	if (decision->own_rate >= 0)
		answer_number(object, "own-rate", decision->own_rate);
	if (decision->total_rate >= 0)
		answer_number(object, "total-rate", decision->total_rate);
	answer_number(object, "level-ms", decision->level_s * 1000);
}

void affinity_put(json_t *object, const struct ingress_service_config *config)
{
	static const char *const words[] = { [MG_AFFINITY_FLOW] = "flow",
					     [MG_AFFINITY_CLIENT] = "client",
					     [MG_AFFINITY_QUIC] = "quic" };
	json_t *quic;

	answer_text(object, "affinity", words[config->affinity]);
	if (config->prefix_v4)
		answer_count(object, "client-prefix-v4", config->prefix_v4);
	if (config->prefix_v6)
		answer_count(object, "client-prefix-v6", config->prefix_v6);
	if (config->affinity != MG_AFFINITY_QUIC)
		return;
	quic = answer_object(object, "quic-lb");
	answer_count(quic, "config-id", config->options.quic_config);
	answer_count(quic, "server-id-length", config->options.quic_id_len);
}

void last_resort_put(json_t *object, const struct ingress_service_config *config)
{
	static const char *const words[] = { [MG_LAST_DROP] = "drop",
					     [MG_LAST_UNREACHABLE] = "unreachable",
					     [MG_LAST_KERNEL] = "kernel" };

	answer_text(object, "last-resort", words[config->options.last_resort]);
}

/* The MSS as it is in the tables: by itself or as configured. */
static void put_options(json_t *object, const struct ingress_service_view *service)
{
	struct service_state state;

	last_resort_put(object, service->config);
	answer_text(object, "mss-clamp", service->config->mss_auto ? "auto" : "none");
	if (!service->table)
		return;
	tables_service_state(service->table, &state);
	if (state.entry.mss_v4)
		answer_count(object, "mss-clamp-v4", state.entry.mss_v4);
	if (state.entry.mss_v6)
		answer_count(object, "mss-clamp-v6", state.entry.mss_v6);
}

static void put_service(const struct request *request, json_t *array, size_t index,
			const struct ingress_service_view *service)
{
	json_t *object = answer_append(array), *sites;
	struct ingress_site_view site;

	put_key(request, object, service->config->name, &service->config->key);
	answer_text(object, "policy", policy_text(service->config->weights.policy));
	affinity_put(object, service->config);
	put_options(object, service);
	answer_count(object, "slots", service->config->slots);
	put_table(object, service->table);
	if (service->decision)
		put_decision(object, service->decision);
	answer_count(object, "decisions", service->decisions);
	answer_count(object, "changes", service->changes);
	answer_count(object, "slots-moved", service->slots_moved);
	answer_text(object, "fault", service->fault);
	sites = answer_array(object, "sites");
	for (size_t s = 0; ingress_site(request->context->ingress, index, s, &site); s++)
		put_site(request, answer_append(sites), &site, service);
}

static size_t put_services(const struct request *request, json_t *array, const char *wanted)
{
	const struct ingress *ingress = request->context->ingress;
	struct ingress_service_view service;
	size_t n = 0;

	for (size_t i = 0; ingress && ingress_service(ingress, i, &service); i++) {
		if (!service_matches(service.config->name, &service.config->key, wanted))
			continue;
		put_service(request, array, i, &service);
		n++;
	}
	return n;
}

/* Every configured instance, and what the tables know of it. */
static void put_instances(const struct request *request, json_t *object,
			  const struct egress_service_view *service, const struct roster *roster)
{
	json_t *instances = answer_array(object, "instances");

	for (size_t i = 0; i < service->config->instance_count; i++) {
		json_t *instance = answer_append(instances);
		struct mg_counter counter;
		struct mg_member member;
		char address[ADDR_STRLEN];
		uint32_t slots;

		addr_format(&service->config->instance[i], address);
		answer_text(instance, "address", address);
		for (uint16_t m = 1; roster && m < roster->count; m++) {
			if (strcmp(roster_member(roster, m), address) != 0 ||
			    !tables_member(roster->table, m, &member, &counter, &slots))
				continue;
			answer_text(instance, "state", member.state == MG_UP ? "up" : "down");
			way_put(request, instance, member.site);
			answer_count(instance, "slots", slots);
			put_counter(instance, &counter);
			break;
		}
	}
}

static void put_announced(const struct request *request, json_t *array,
			  const struct egress_service_view *service, const struct roster *roster)
{
	json_t *object = answer_append(array);

	put_key(request, object, service->config->name, &service->config->key);
	answer_flag(object, "announced", service->announced);
	answer_flag(object, "drained", service->drained);
	answer_text(object, "origin",
		    service->origin[0]  ? "cluster"
		    : service->from_cli ? "command-line"
					: "configuration");
	answer_text(object, "cluster", service->origin);
	if (service->has_report) {
		json_t *report = answer_object(object, "report");

		report_put(report, &service->report);
		score_put(report, &request->context->config->scores, &service->report,
			  service->values);
		if (service->reported_ms) /* else it is what is configured */
			answer_number(object, "report-age",
				      (double)(request->now_ms - service->reported_ms) / 1000);
	}
	answer_count(object, "updates-sent", service->updates_sent);
	put_instances(request, object, service, roster);
	answer_text(object, "fault", service->fault);
}

static size_t put_announcements(const struct request *request, json_t *array, const char *wanted,
				const struct roster_list *rosters)
{
	const struct egress *egress = request->context->egress;
	struct egress_service_view service;
	size_t n = 0;

	for (size_t i = 0; egress && egress_service(egress, i, &service); i++) {
		if (!service_matches(service.config->name, &service.config->key, wanted))
			continue;
		put_announced(request, array, &service, roster_find(rosters, service.table));
		n++;
	}
	return n;
}

json_t *show_services(const struct request *request)
{
	_cleanup_(roster_list_clear) struct roster_list rosters = { 0 };
	const char *wanted = request_text(request, "service");
	json_t *answer = json_object();
	size_t n;

	if (roster_list_of(request->context, &rosters) < 0)
		return answer; /* the setters below would find no memory either */
	n = put_services(request, answer_array(answer, "services"), wanted);
	n += put_announcements(request, answer_array(answer, "announced"), wanted, &rosters);
	if (n || !wanted)
		return answer;
	json_decref(answer);
	return answer_error(ANSWER_NOT_FOUND, "service", "margay show services lists all",
			    "there is no service '%.60s'", wanted);
}

void site_state_put(json_t *object, const struct ingress_site_view *site)
{
	if (site->available == 100)
		return;
	answer_count(object, "availability", site->available);
	if (site->available_by)
		answer_text(object, "availability-by", bgp_carrier_text(site->available_by));
}

/* Sites by name, each with its services. */
static json_t *site_object(json_t *sites, const struct ingress_site_view *site)
{
	json_t *object;
	size_t i;

	json_array_foreach(sites, i, object)
	{
		const char *name = json_string_value(json_object_get(object, "name"));

		if (name && strcmp(name, site->name) == 0)
			return object;
	}
	object = answer_append(sites);
	answer_text(object, "name", site->name);
	answer_count(object, "site-id", site->site_id);
	answer_flag(object, "drained", site->drained);
	rtt_put(object, site);
	site_state_put(object, site);
	answer_array(object, "services");
	return object;
}

static void put_site_service(const struct request *request, json_t *array,
			     const struct ingress_service_view *service,
			     const struct ingress_site_view *site)
{
	json_t *object = answer_append(array);

	put_key(request, object, service->config->name, &service->config->key);
	answer_text(object, "egress", addr_format(&site->egress, (char[ADDR_STRLEN]){ 0 }));
	answer_text(object, "state", site_state(request, site, service->table));
	if (site->member)
		way_put(request, answer_object(object, "way"), site->table_site);
	if (site->verdict) {
		answer_number(object, "share", site->verdict->share);
		answer_text(object, "reason", weights_reason_text(site->verdict->reason));
	}
	answer_count(object, "slots", site->slots);
	put_counter(object, &site->counter);
}

/* A site's own counters: what it got for all its services. */
static void count_site(json_t *object, const struct mg_counter *counter)
{
	const struct {
		const char *key;
		uint64_t value;
	} sums[] = { { "packets", counter->packets },
		     { "bytes", counter->bytes },
		     { "starts", counter->starts } };

	for (size_t i = 0; i < ARRAY_SIZE(sums); i++) {
		json_int_t before = json_integer_value(json_object_get(object, sums[i].key));

		answer_count(object, sums[i].key, (uint64_t)before + sums[i].value);
	}
}

json_t *show_sites(const struct request *request)
{
	const struct ingress *ingress = request->context->ingress;
	json_t *answer = json_object(), *sites = answer_array(answer, "sites");
	struct ingress_service_view service;
	struct ingress_site_view site;

	for (size_t i = 0; ingress && ingress_service(ingress, i, &service); i++)
		for (size_t s = 0; ingress_site(ingress, i, s, &site); s++) {
			json_t *object = site_object(sites, &site);

			count_site(object, &site.counter);
			put_site_service(request, json_object_get(object, "services"), &service,
					 &site);
		}
	return answer;
}
