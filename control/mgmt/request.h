/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One request in, one answer out: finds the verb, checks who asks and with which arguments, calls
 * the handler. No socket here; a request is a line of text.
 */
#pragma once
#include "mgmt/answer.h"
#include "mgmt/durable.h"
#include "mgmt/mgmt.h"

struct recorders;

struct request {
	const struct mgmt_context *context;
	struct durable *durable;
	struct recorders *recorders;
	int64_t now_ms;     /* uv_now() */
	const json_t *body; /* an object whose members the verb's argument list has let through */
};

/* line: JSON text without its newline. NULL: no memory. */
json_t *request_answer(struct request *request, bool may_write, const char *line, size_t len);

/* Arguments; absent: NULL, 0, false. */
const char *request_text(const struct request *request, const char *name);
double request_number(const struct request *request, const char *name);
bool request_flag(const struct request *request, const char *name);

/* Handlers. Each returns a new answer; NULL: no memory. */
typedef json_t *request_handler(const struct request *request);
request_handler show_clusters, show_collectors, show_services, show_sites, show_slots, show_pins,
	show_interfaces, show_counters, show_maps, show_members, show_scores, show_endpoints,
	show_names, show_bgp_neighbors, show_bgp_routes, show_bmp, show_igp, show_mrt, show_probes,
	change_mrt_dump, explain_service, change_announce, change_withdraw, change_metric,
	change_drain, change_undrain, change_shutdown, change_enable, change_reset, change_refresh,
	config_verb_check, config_verb_reload, record_decisions;

/* How packets are carried to a site of the tables: encapsulation, MTU, next hops; what is amiss. */
void way_put(const struct request *request, json_t *object, uint32_t table_site);
/* How flows of a service are placed, and what is seen of them. */
void placement_put(json_t *object, const struct ingress_service_view *service);
/* The round-trip time that is used for a site, and where it is from. */
void rtt_put(json_t *object, const struct ingress_site_view *site);
/* How flows of the service stay together, and where they go while no site is usable. */
void affinity_put(json_t *object, const struct ingress_service_config *config);
void last_resort_put(json_t *object, const struct ingress_service_config *config);
