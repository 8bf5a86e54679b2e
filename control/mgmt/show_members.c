/* SPDX-License-Identifier: BSD-2-Clause */
/* show members: what this router sees of its own flows to each site of each service. */
#include "ingress/placement.h"
#include "mgmt/request.h"
#include "mgmt/roster.h"

static void put_flows(json_t *object, const struct member_flows *flows)
{
	answer_number(object, "in-flight", flows->in_flight);
	answer_count(object, "starts", flows->starts);
	answer_count(object, "ends", flows->ends);
	answer_count(object, "second-choices", flows->seconds);
	answer_count(object, "handshakes", flows->handshakes);
	if (flows->handshakes)
		answer_number(object, "handshake-ms",
			      (double)flows->handshake_us / (double)flows->handshakes / 1000);
	if (flows->timed)
		answer_number(object, "flow-ms",
			      (double)flows->flow_us / (double)flows->timed / 1000);
}

void placement_put(json_t *object, const struct ingress_service_view *service)
{
	const struct service_options *options = &service->config->options;
	const struct placement *p = service->placement;
	bool two = options->placement != MG_PLACEMENT_SLOT;

	answer_text(object, "placement", two ? "two-choice" : "slot");
	answer_flag(object, "observed", two || options->observe);
	if (!p || !(two || options->observe))
		return;
	if (two) {
		answer_text(object, "gate", placement_gate_text(p->gate));
		answer_text(object, "note", placement_gate_reason(p->gate));
		answer_count(object, "gate-turns", p->turns);
	}
	answer_number(object, "in-flight", p->in_flight);
	answer_number(object, "start-rate", placement_rate(p));
	if (p->starts > 0) {
		answer_number(object, "ends-seen", p->ends / p->starts);
		answer_number(object, "flow-ms", placement_flow_s(p) * 1000);
	}
	answer_number(object, "late-ms", p->view.late_us / 1000.0);
}

static void put_member(json_t *object, const struct ingress_site_view *site, bool observed)
{
	char egress[ADDR_STRLEN];

	answer_text(object, "name", site->name);
	answer_text(object, "egress", addr_format(&site->egress, egress));
	answer_count(object, "site-id", site->site_id);
	answer_number(object, "weight", site->weight);
	answer_count(object, "slots", site->slots);
	if (observed)
		put_flows(object, &site->flows);
}

static void put_service(const struct request *request, json_t *array, size_t index,
			const struct ingress_service_view *service)
{
	const struct ingress_service_config *config = service->config;
	json_t *object = answer_append(array), *members;
	char address[ADDR_STRLEN];
	bool observed = config->options.observe || config->options.placement != MG_PLACEMENT_SLOT;
	struct ingress_site_view site;

	answer_text(object, "name", config->name);
	vrf_put(request->context, object, config->key.vrf);
	answer_text(object, "address", service_address(&config->key, address));
	answer_text(object, "protocol", service_protocol(&config->key));
	answer_count(object, "port", config->key.port);
	placement_put(object, service);
	members = answer_array(object, "members");
	for (size_t s = 0; ingress_site(request->context->ingress, index, s, &site); s++)
		if (site.member != MG_MEMBER_NONE)
			put_member(answer_append(members), &site, observed);
}

json_t *show_members(const struct request *request)
{
	const struct ingress *ingress = request->context->ingress;
	const char *wanted = request_text(request, "service");
	json_t *answer = json_object(), *services = answer_array(answer, "services");
	struct ingress_service_view service;

	for (size_t i = 0; ingress && ingress_service(ingress, i, &service); i++)
		if (service_matches(service.config->name, &service.config->key, wanted))
			put_service(request, services, i, &service);
	if (json_array_size(services) || !wanted)
		return answer;
	json_decref(answer);
	return answer_error(ANSWER_NOT_FOUND, "service", "margay show services lists all",
			    "no service '%.60s' is steered here", wanted);
}
