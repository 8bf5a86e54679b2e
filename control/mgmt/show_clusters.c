/* SPDX-License-Identifier: BSD-2-Clause */
/* show clusters: what the Services of Kubernetes clusters want announced, and what came of it. */
#include "mgmt/request.h"

static void put_channel(const struct request *request, json_t *object,
			const struct channel_view *channel)
{
	answer_text(object, "state", channel->state);
	if (channel->last_good_ms)
		answer_number(object, "age",
			      (double)(request->now_ms - (int64_t)channel->last_good_ms) / 1000);
	answer_count(object, "asked", channel->asked);
	answer_count(object, "good", channel->good);
	answer_count(object, "failed", channel->failed);
	answer_count(object, "octets", channel->bytes);
	answer_text(object, "last-error", channel->last_error);
}

static void put_addresses(json_t *object, const struct annotated *service)
{
	json_t *addresses = answer_array(object, "addresses");
	json_t *ports = answer_array(object, "ports");
	char text[ADDR_STRLEN];

	for (size_t i = 0; i < service->address_count; i++)
		json_array_append_new(addresses,
				      json_string(addr_format(&service->address[i], text)));
	for (size_t i = 0; i < service->port_count; i++) {
		json_t *port = answer_append(ports);

		answer_text(port, "protocol",
			    service->port[i].protocol == IPPROTO_TCP ? "tcp" : "udp");
		answer_count(port, "port", service->port[i].port);
	}
}

static const char *state_of(const struct annotated *service)
{
	if (service->refused[0])
		return "refused";
	if (!service->use.taken)
		return "waiting";
	return service->use.ready ? "announced" : "draining";
}

static void put_service(json_t *object, const struct annotated *service)
{
	char name[ANNOTATED_NAME_MAX];

	answer_text(object, "service", annotated_name(service, name));
	answer_text(object, "state", state_of(service));
	put_addresses(object, service);
	answer_count(object, "endpoints", service->use.endpoints);
	answer_count(object, "ready", service->use.ready);
	answer_text(object, "fault", service->refused[0] ? service->refused : service->use.fault);
}

static void put_cluster(const struct request *request, json_t *object,
			const struct cluster *cluster)
{
	json_t *services;
	const struct annotated *service;
	struct cluster_view view;

	cluster_view(cluster, &view);
	answer_text(object, "name", view.config->name);
	answer_text(object, "url", view.config->target.url);
	put_channel(request, answer_object(object, "watch-services"),
		    &view.channel[CLUSTER_SERVICES]);
	put_channel(request, answer_object(object, "watch-endpoints"),
		    &view.channel[CLUSTER_ENDPOINTS]);
	answer_count(object, "refused", view.refusals);
	answer_count(object, "endpoints-refused", view.endpoints_refused);
	services = answer_array(object, "services");
	for (size_t i = 0; (service = cluster_service(cluster, i)); i++)
		put_service(answer_append(services), service);
}

json_t *show_clusters(const struct request *request)
{
	json_t *answer = json_object(), *clusters = answer_array(answer, "clusters");
	const struct guests *guests = request->context->guests;
	const struct cluster *cluster;

	for (size_t i = 0; guests && (cluster = guests_cluster(guests, i)); i++)
		put_cluster(request, answer_append(clusters), cluster);
	return answer;
}
