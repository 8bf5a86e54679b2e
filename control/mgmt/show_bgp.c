/* SPDX-License-Identifier: BSD-2-Clause */
/* show bgp [neighbors]. */
#include "base/util.h"
#include "bgp/tcp_counters.h"
#include "mgmt/report_json.h"
#include "mgmt/request.h"

#include <stdio.h>

static void put_families(json_t *object, const char *key, uint32_t families)
{
	static const char *const names[BGP_FAMILY_COUNT] = {
		[BGP_IPV4_UNICAST] = "ipv4-unicast",
		[BGP_IPV6_UNICAST] = "ipv6-unicast",
		[BGP_VPN_IPV4] = "ipv4-vpn",
		[BGP_VPN_IPV6] = "ipv6-vpn",
	};
	json_t *array = answer_array(object, key);

	for (size_t i = 0; i < BGP_FAMILY_COUNT; i++)
		if (families & BIT(i))
			json_array_append_new(array, json_string(names[i]));
}

static void put_carriers(json_t *object, const char *key, uint32_t carriers)
{
	json_t *array = answer_array(object, key);

	for (size_t i = 0; i < BGP_CARRIER_COUNT; i++)
		if (carriers & BIT(i))
			json_array_append_new(array, json_string(bgp_carrier_text(BIT(i))));
}

static void put_session(json_t *object, const struct bgp_neighbor_state *state)
{
	id_put(object, "remote-id", state->remote_id);
	answer_count(object, "hold-time", state->hold_s);
	put_families(object, "families", state->families);
	put_families(object, "add-path-in", state->add_path_in);
	put_families(object, "add-path-out", state->add_path_out);
	answer_flag(object, "edge-metadata", state->edge_metadata);
	answer_flag(object, "enhanced-refresh", state->enhanced_refresh);
	answer_flag(object, "extended-messages", state->extended_messages);
}

static void put_notified(const struct request *request, json_t *neighbor, const char *key,
			 const struct bgp_notified *notified)
{
	json_t *object;

	if (!notified->code)
		return;
	object = answer_object(neighbor, key);
	answer_count(object, "code", notified->code);
	answer_count(object, "subcode", notified->subcode);
	answer_text(object, "text", notified->text);
	answer_text(object, "reason", notified->reason);
	answer_number(object, "age", (double)(request->now_ms - (int64_t)notified->at_ms) / 1000);
	answer_flag(object, "told", notified->told);
}

static void put_security(json_t *object, const struct socket_options *socket)
{
	answer_text(object, "interface", socket->interface);
	if (socket->ttl)
		answer_count(object, "ttl", socket->ttl);
	if (socket->ttl_min)
		answer_count(object, "ttl-min", socket->ttl_min);
	if (socket->auth.kind)
		answer_text(object, "authentication", tcp_auth_name(&socket->auth));
}

static void put_signing(json_t *object, const struct bgp_neighbor_state *state)
{
	const struct tcp_auth_info *signing = &state->signing;

	if (state->config.socket.auth.kind != TCP_AUTH_AO || !signing->good)
		return;
	answer_count(object, "ao-send-id", signing->current);
	answer_count(object, "ao-receive-id-wanted", signing->next);
	answer_count(object, "ao-segments-good", signing->good);
	answer_count(object, "ao-segments-bad",
		     signing->bad + signing->key_not_found + signing->unsigned_segments);
}

static void put_graceful(const struct request *request, json_t *neighbor,
			 const struct bgp_neighbor_state *state)
{
	static const char *const modes[] = { [BGP_GRACEFUL_DISABLED] = "disabled",
					     [BGP_GRACEFUL_HELPER] = "helper",
					     [BGP_GRACEFUL_ENABLED] = "enabled" };
	const struct bgp_graceful_state *graceful = &state->graceful;
	json_t *object = answer_object(neighbor, "graceful-restart");

	answer_text(object, "mode", modes[state->config.graceful]);
	answer_flag(object, "keeps-ours", graceful->mutual);
	put_families(object, "kept-here", graceful->families);
	answer_count(object, "restart-time", graceful->restart_s);
	answer_flag(object, "notification", graceful->notification);
	answer_flag(object, "restarted", graceful->restarted);
	answer_count(object, "stale-routes", graceful->stale);
	put_families(object, "long-lived", graceful->long_lived);
	if (graceful->due_ms)
		answer_number(object, "stale-for",
			      (double)((int64_t)graceful->due_ms - request->now_ms) / 1000);
}

static void put_limits(json_t *object, const struct bgp_neighbor_state *state)
{
	if (state->config.limits.total)
		answer_count(object, "prefix-limit", state->config.limits.total);
	if (state->config.limits.paths_out)
		answer_count(object, "add-path-send-limit", state->config.limits.paths_out);
	answer_flag(object, "prefix-limit-near", state->limit_near);
	answer_count(object, "prefix-limit-reached", state->limited);
	answer_count(object, "paths-refused", state->paths_refused);
}

static void put_neighbor(const struct request *request, json_t *object,
			 const struct bgp_neighbor_state *state)
{
	char address[ADDR_STRLEN];

	answer_text(object, "address", addr_format(&state->config.remote, address));
	answer_text(object, "description", state->config.description);
	answer_count(object, "as", state->config.remote_as);
	answer_text(object, "state", state->state);
	answer_number(object, "since", (double)(request->now_ms - (int64_t)state->since_ms) / 1000);
	answer_text(object, "last-error", state->last_error);
	put_notified(request, object, "last-sent", &state->sent);
	put_notified(request, object, "last-received", &state->received);
	answer_flag(object, "shutdown", state->shutdown);
	put_graceful(request, object, state);
	answer_flag(object, "dynamic", state->config.dynamic);
	answer_flag(object, "client", state->config.client);
	put_session(object, state);
	put_security(object, &state->config.socket);
	put_signing(object, state);
	answer_text(object, "domain", state->inside ? "inside" : "outside");
	put_carriers(object, "carriers-send", state->config.carriers_send);
	put_carriers(object, "carriers-accept", state->config.carriers_accept);
	answer_count(object, "prefixes-in", state->prefixes_in);
	answer_count(object, "prefixes-out", state->prefixes_out);
	answer_count(object, "update-group", state->group);
	put_limits(object, state);
	answer_count(object, "updates-in", state->updates_in);
	answer_count(object, "updates-out", state->updates_out);
	answer_count(object, "established", state->established);
	answer_count(object, "faults-reset", state->faults_reset);
	answer_count(object, "faults-withdraw", state->faults_withdraw);
	answer_count(object, "faults-discard", state->faults_discard);
	answer_count(object, "out-of-scope", state->out_of_scope);
}

#define REFUSAL_NAME(name, text)         [BGP_REFUSED_##name] = #name,
#define COUNTER_NAME(kernel, name, text) [TCP_COUNTER_##name] = #name,
static const char *const refusal_names[] = { BGP_REFUSALS(REFUSAL_NAME) };
static const char *const counter_names[] = { TCP_COUNTERS(COUNTER_NAME) };

/* What never came to a session: connections that we refused, and segments that the kernel dropped.
 */
static void put_dropped(json_t *answer, const struct bgp *bgp)
{
	json_t *refused = answer_object(answer, "connections-refused");
	json_t *dropped = answer_object(answer, "segments-dropped");
	uint64_t counter[TCP_COUNTER_COUNT];
	char name[32];

	for (int i = 0; i < BGP_REFUSED_COUNT; i++)
		answer_count(refused, answer_name(refusal_names[i], name),
			     bgp ? bgp_refused(bgp, i) : 0);
	tcp_counters_read(counter);
	for (int i = 0; i < TCP_COUNTER_COUNT; i++)
		answer_count(dropped, answer_name(counter_names[i], name), counter[i]);
}

static void put_ranges(json_t *answer, const struct bgp *bgp)
{
	json_t *ranges = answer_array(answer, "neighbor-ranges");
	struct bgp_range_state state;

	for (size_t i = 0; bgp && bgp_range_state(bgp, i, &state); i++) {
		const struct bgp_neighbor_config *neighbor = &state.config.neighbor;
		json_t *object = answer_append(ranges);
		char prefix[PREFIX_STRLEN];

		answer_text(object, "prefix", prefix_format(&state.config.prefix, prefix));
		answer_count(object, "as-min", neighbor->remote_as);
		answer_count(object, "as-max", neighbor->remote_as_max);
		answer_text(object, "description", neighbor->description);
		answer_count(object, "limit", state.config.limit);
		answer_count(object, "neighbors", state.count);
		answer_count(object, "refused", state.refused);
		put_security(object, &neighbor->socket);
	}
}

json_t *show_bgp_neighbors(const struct request *request)
{
	json_t *answer = json_object(), *neighbors = answer_array(answer, "neighbors");
	const struct bgp *bgp = request->context->bgp;
	struct bgp_neighbor_state state;

	for (size_t i = 0; bgp && bgp_neighbor_state(bgp, i, &state); i++)
		put_neighbor(request, answer_append(neighbors), &state);
	put_ranges(answer, bgp);
	put_dropped(answer, bgp);
	return answer;
}
