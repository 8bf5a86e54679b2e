/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: file -> yaml_tree (places) -> model (margay.yang) -> values (here) -> cross_check(). By the
 * time values are read here, the model has found them right and has filled in the defaults, so
 * nothing below can fail but memory.
 */
#include "mgmt/config.h"

#include "base/log.h"
#include "base/util.h"
#include "mgmt/config_classes.h"
#include "mgmt/config_collect.h"
#include "mgmt/config_feeds.h"
#include "mgmt/config_probe.h"
#include "mgmt/config_scores.h"
#include "mgmt/config_security.h"
#include "mgmt/config_sites.h"
#include "mgmt/config_vrfs.h"
#include "mgmt/config_words.h"
#include "mgmt/cross.h"
#include "mgmt/file_text.h"
#include "mgmt/model.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <math.h>
#include <string.h>

#define DEFERRAL_S 15 /* without BGP: as margay.yang has it */

static const struct word roles[] = { { "access", PORT_ACCESS },
				     { "core", PORT_CORE },
				     { "edge", PORT_EDGE },
				     { "site", PORT_SITE },
				     { NULL, 0 } };
static const struct word attach_ways[] = { { "link", PORT_LINK },
					   { "dispatcher", PORT_DISPATCHER },
					   { NULL, 0 } };
static const struct word policies[] = { { "compute-aware", POLICY_COMPUTE_AWARE },
					{ "nearest", POLICY_NEAREST },
					{ "static", POLICY_STATIC },
					{ "greedy", POLICY_GREEDY },
					{ NULL, 0 } };
static const struct word families[] = { { "ipv4-unicast", 1 << BGP_IPV4_UNICAST },
					{ "ipv6-unicast", 1 << BGP_IPV6_UNICAST },
					{ "ipv4-vpn", 1 << BGP_VPN_IPV4 },
					{ "ipv6-vpn", 1 << BGP_VPN_IPV6 },
					{ NULL, 0 } };
static const struct word carriers[] = { { "community", BGP_CARRIER_COMMUNITY },
					{ "edge-metadata", BGP_CARRIER_EDGE_METADATA },
					{ "link-bandwidth", BGP_CARRIER_LINK_BANDWIDTH },
					{ NULL, 0 } };
static const struct word graceful_ways[] = { { "helper", BGP_GRACEFUL_HELPER },
					     { "enabled", BGP_GRACEFUL_ENABLED },
					     { NULL, BGP_GRACEFUL_DISABLED } };
static const struct word domains[] = { { "inside", BGP_DOMAIN_INSIDE },
				       { "outside", BGP_DOMAIN_OUTSIDE },
				       { NULL, BGP_DOMAIN_BY_AS } };
static const struct word affinities[] = { { "client", MG_AFFINITY_CLIENT },
					  { "quic", MG_AFFINITY_QUIC },
					  { NULL, MG_AFFINITY_FLOW } };
static const struct word last_resorts[] = { { "unreachable", MG_LAST_UNREACHABLE },
					    { "kernel", MG_LAST_KERNEL },
					    { NULL, MG_LAST_DROP } };
static const struct word protocols[] = {
	{ "any", 0 }, { "tcp", IPPROTO_TCP }, { "udp", IPPROTO_UDP }, { NULL, 0 }
};

uint8_t config_protocol(const char *name)
{
	return (uint8_t)word_value(protocols, name);
}

/* The bits of all values of a leaf-list. */
static uint32_t word_bits(const struct model *model, const struct lyd_node *parent,
			  const char *name, const struct word *words)
{
	const struct lyd_node *leaf = model_child(model, parent, name);
	uint32_t bits = 0;

	for (; leaf; leaf = model_next(leaf))
		bits |= (uint32_t)word_value(words, lyd_get_value(leaf));
	return bits;
}

static struct tables_limit limit_values(const struct lyd_node *tables, const char *rate,
					const char *burst)
{
	return (struct tables_limit){ .per_second = (uint32_t)model_uint(tables, rate),
				      .burst = (uint32_t)model_uint(tables, burst) };
}

static void router_values(const struct model *model, struct config *config)
{
	const struct lyd_node *router = model_child(model, NULL, "router");
	const struct lyd_node *tables = model_child(model, NULL, "tables");

	text_copy(config->router_name, sizeof(config->router_name), model_text(router, "name"));
	text_copy(config->control_socket, sizeof(config->control_socket),
		  model_text(router, "control-socket"));
	text_copy(config->state_dir, sizeof(config->state_dir),
		  model_text(router, "state-directory"));
	text_copy(config->pin_dir, sizeof(config->pin_dir), model_text(router, "pin-directory"));
	config->tables = (struct tables_config){
		.pin_dir = config->pin_dir,
		.services = (uint32_t)model_uint(tables, "services"),
		.slots = (uint32_t)model_uint(tables, "slots"),
		.pin_sets = (uint32_t)model_uint(tables, "pin-sets"),
		.members = (uint32_t)model_uint(tables, "members"),
		.sites = (uint32_t)model_uint(tables, "sites"),
		.hash_seed = model_uint(tables, "hash-seed"),
		.tags = config->tags,
		.tags_count = config->tables.tags_count,
		.limit[MG_GUARD_ANSWERS] = limit_values(tables, "icmp-rate", "icmp-burst"),
		.limit[MG_GUARD_PINS] = limit_values(tables, "pin-rate", "pin-burst"),
	};
}

static const struct word tag_modes[] = { { "keep", TAGS_KEEP },
					 { "set", TAGS_SET },
					 { NULL, TAGS_NEXT_HOP } };

static void tags_values(const struct model *model, const struct lyd_node *interface,
			struct config *config)
{
	const struct lyd_node *node = model_child(model, interface, "tags");
	struct interface_tags *tags = &config->tags[config->tables.tags_count];
	bool dot1q = strcmp(model_text(node, "outer-type"), "802.1q") == 0;

	tags->mode = word_value(tag_modes, model_text(node, "mode"));
	if (tags->mode == TAGS_NEXT_HOP)
		return;
	text_copy(tags->interface, sizeof(tags->interface), model_text(interface, "name"));
	tags->inner = (uint16_t)model_uint(node, "inner");
	tags->outer = (uint16_t)model_uint(node, "outer");
	tags->outer_type = !tags->outer ? 0 : dot1q ? ETH_P_8021Q : ETH_P_8021AD;
	config->tables.tags_count++;
}

static void interface_values(const struct model *model, struct config *config, bool *failed)
{
	const struct lyd_node *node = model_child(model, NULL, "interfaces");
	size_t count = model_count(model, NULL, "interfaces");

	config->interface = count ? calloc(count, sizeof(*config->interface)) : NULL;
	config->tags = calloc(count + 1, sizeof(*config->tags));
	*failed |= (count && !config->interface) || !config->tags;
	for (; node && !*failed; node = model_next(node)) {
		struct config_interface *port = &config->interface[config->interface_count++];

		text_copy(port->name, sizeof(port->name), model_text(node, "name"));
		port->port = (struct port_spec){
			.role = (enum port_role)word_value(roles, model_text(node, "role")),
			.attach = (enum port_attach)word_value(attach_ways,
							       model_text(node, "attach")),
			.priority = (uint16_t)model_uint(node, "priority"),
			.generic_allowed = model_bool(node, "allow-generic"),
			.vrf = vrf_id(config, model_text(node, "vrf")),
		};
		tags_values(model, node, config);
	}
}

/* A BGP identifier: the four octets of an IPv4 address, or zeros. */
static void id_copy(uint8_t ret[4], const struct lyd_node *parent, const char *name)
{
	struct addr addr = model_addr(parent, name);

	memcpy(ret, addr.octet + 12, 4);
}

static struct bgp_limits limit_bounds(const struct model *model, const struct lyd_node *node)
{
	const struct lyd_node *one = model_child(model, node, "prefix-limits");
	struct bgp_limits limits = {
		.total = (uint32_t)model_uint(node, "prefix-limit"),
		.warning_pct = (uint8_t)model_uint(node, "prefix-warning"),
		.restart_s = (uint32_t)model_uint(node, "prefix-restart"),
		.paths_in = (uint16_t)model_uint(node, "add-path-receive-limit"),
		.paths_out = (uint8_t)model_uint(node, "add-path-send-limit"),
	};

	for (; one; one = model_next(one)) {
		int bit = word_value(families, model_text(one, "family"));

		limits.family[__builtin_ctz((unsigned int)bit)] =
			(uint32_t)model_uint(one, "limit");
	}
	return limits;
}

static void neighbor_values(const struct model *model, const struct lyd_node *node, uint32_t as,
			    struct bgp_neighbor_config *ret)
{
	const char *add_path = model_text(node, "add-path");
	bool both = strcmp(add_path, "both") == 0;

	*ret = (struct bgp_neighbor_config){
		.remote = model_addr(node, "address"),
		.local = model_addr(node, "local-address"),
		.port = (uint16_t)model_uint(node, "port"),
		.remote_as = (uint32_t)model_uint(node, "as"),
		.passive = model_bool(node, "passive"),
		.client = model_bool(node, "client"),
		.next_hop_self = model_bool(node, "next-hop-self"),
		.hold_s = (uint16_t)model_uint(node, "hold-time"),
		.retry_s = (uint16_t)model_uint(node, "connect-retry"),
		.families = word_bits(model, node, "families", families),
		.add_path_send = both || strcmp(add_path, "send") == 0,
		.add_path_receive = both || strcmp(add_path, "receive") == 0,
		.domain = (enum bgp_domain)word_value(domains, model_text(node, "domain")),
		.carriers_send = word_bits(model, node, "carriers-send", carriers),
		.carriers_accept = word_bits(model, node, "carriers-accept", carriers),
		.limits = limit_bounds(model, node),
		.extended_messages = model_bool(node, "extended-messages"),
		.graceful = (enum bgp_graceful)word_value(graceful_ways,
							  model_text(node, "graceful-restart")),
		.restart_s = (uint16_t)model_uint(node, "restart-time"),
		.stale_s = (uint16_t)model_uint(node, "stale-time"),
		.long_lived_s = (uint32_t)model_uint(node, "long-lived-stale-time"),
		.send_hold_s = (uint16_t)model_uint(node, "send-hold-time"),
		.shutdown = model_bool(node, "shutdown"),
	};
	text_copy(ret->reason, sizeof(ret->reason), model_text(node, "shutdown-reason"));
	text_copy(ret->description, sizeof(ret->description), model_text(node, "description"));
	security_values(model, node, ret->remote_as != as, &ret->socket);
}

/* Too great a number is one fault more, security_check(). */
static uint32_t as_cut(unsigned long as)
{
	return as > UINT32_MAX ? UINT32_MAX : (uint32_t)as;
}

/* "65000", or "64512-65534". */
static void range_values(const struct model *model, const struct lyd_node *node, uint32_t as,
			 struct bgp_range_config *ret)
{
	char *after;
	unsigned long min = strtoul(model_text(node, "as"), &after, 10), max = min;

	if (*after)
		max = strtoul(after + 1, NULL, 10);
	*ret = (struct bgp_range_config){
		.prefix = model_prefix(node, "prefix"),
		.limit = (uint32_t)model_uint(node, "limit"),
		.hold_down_s = (uint32_t)model_uint(node, "hold-down"),
	};
	neighbor_values(model, node, as, &ret->neighbor);
	ret->neighbor.remote_as = as_cut(min);
	ret->neighbor.remote_as_max = as_cut(max);
	ret->neighbor.retry_s = 1; /* without effect: we do not dial them */
	ret->neighbor.passive = true;
	security_values(model, node, as < min || as > max, &ret->neighbor.socket);
}

static void ranges_values(const struct model *model, const struct lyd_node *bgp,
			  struct config *config, bool *failed)
{
	const struct lyd_node *node = model_child(model, bgp, "neighbor-ranges");
	size_t count = model_count(model, bgp, "neighbor-ranges");

	config->range = count ? calloc(count, sizeof(*config->range)) : NULL;
	*failed |= count && !config->range;
	for (; node && !*failed; node = model_next(node))
		range_values(model, node, config->bgp.as, &config->range[config->range_count++]);
}

static struct metadata_rules metadata_values(const struct model *model, const struct lyd_node *bgp)
{
	const struct lyd_node *node = model_child(model, bgp, "edge-metadata");
	const struct lyd_node *scope = model_child(model, node, "scopes");
	struct metadata_rules rules = { .report_type = (uint16_t)model_uint(node, "report-type"),
					.scope_send = model_bool(node, "scope-send") };

	for (; scope && rules.scope_count < METADATA_SCOPES_MAX; scope = model_next(scope))
		rules.scope[rules.scope_count++] =
			(uint32_t)strtoul(lyd_get_value(scope), NULL, 10);
	return rules;
}

static void bgp_values(const struct model *model, struct config *config, bool *failed)
{
	const struct lyd_node *bgp = model_child(model, NULL, "bgp");
	const struct lyd_node *router = model_child(model, NULL, "router"), *node;
	size_t count;

	config->has_bgp = bgp;
	config->deferral_s = DEFERRAL_S;
	if (!bgp)
		return;
	config->bgp = (struct bgp_config){
		.as = (uint32_t)model_uint(router, "as"),
		.listen = model_addr(bgp, "listen"),
		.port = (uint16_t)model_uint(bgp, "port"),
	};
	config->deferral_s = (uint16_t)model_uint(bgp, "selection-deferral-time");
	config->bgp.metadata = metadata_values(model, bgp);
	id_copy(config->bgp.router_id, router, "router-id");
	id_copy(config->bgp.cluster_id, bgp, "cluster-id");

	count = model_count(model, bgp, "neighbors");
	config->neighbor = count ? calloc(count, sizeof(*config->neighbor)) : NULL;
	*failed |= count && !config->neighbor;
	node = *failed ? NULL : model_child(model, bgp, "neighbors");
	for (; node; node = model_next(node))
		neighbor_values(model, node, config->bgp.as,
				&config->neighbor[config->neighbor_count++]);
	ranges_values(model, bgp, config, failed);
}

static enum weights_distrust distrust_value(const struct lyd_node *steer, const char *name)
{
	static const struct word words[] = { { "hold", DISTRUST_HOLD },
					     { "exclude", DISTRUST_EXCLUDE },
					     { NULL, DISTRUST_DEGRADE } };

	return (enum weights_distrust)word_value(words, model_text(steer, name));
}

static struct mg_service_key service_key(const struct config *config,
					 const struct lyd_node *service,
					 const struct lyd_node *address, enum mg_scope scope)
{
	struct addr addr = model_addr_of(address);
	struct mg_service_key key = {
		.port = (__u16)model_uint(service, "port"),
		.proto = config_protocol(model_text(service, "protocol")),
		.scope = (__u8)scope,
		.vrf = vrf_id(config, model_text(service, "vrf")),
	};

	memcpy(key.addr, addr.octet, sizeof(key.addr));
	return key;
}

static struct service_options option_values(const struct model *model, const struct lyd_node *steer)
{
	const struct lyd_node *quic = model_child(model, steer, "quic-lb");
	bool two_choice = strcmp(model_text(steer, "placement"), "two-choice") == 0;

	return (struct service_options){
		.last_resort = (enum mg_last_resort)word_value(last_resorts,
							       model_text(steer, "last-resort")),
		.quic_config = (uint8_t)model_uint(quic, "config-id"),
		.quic_id_len = (uint8_t)model_uint(quic, "server-id-length"),
		.mss_v4 = (uint16_t)model_uint(steer, "mss-clamp-v4"),
		.mss_v6 = (uint16_t)model_uint(steer, "mss-clamp-v6"),
		.observe = model_bool(steer, "observe") || two_choice,
		.placement = two_choice ? MG_PLACEMENT_TWO_CHOICE : MG_PLACEMENT_SLOT,
	};
}

static struct weights_limits weights_limit_values(const struct lyd_node *steer)
{
	return (struct weights_limits){
		.share_min = model_double(steer, "minimum-share"),
		.share_max = model_double(steer, "maximum-share"),
		.move_max = model_double(steer, "maximum-move"),
		.rtt_max_s = model_double(steer, "maximum-rtt-ms") / 1000,
		.score_min = model_double(steer, "minimum-score"),
		.overflow_s = model_double(steer, "overflow-ms") / 1000,
		.cost_weight_s = model_double(steer, "cost-weight-ms") / 1000,
		.distrust = model_double(steer, "distrust"),
	};
}

static void wish_values(const struct model *model, const struct lyd_node *steer, bool pinned,
			struct ingress_service_config *ret)
{
	const struct lyd_node *name =
		model_child(model, steer, pinned ? "pinned-sites" : "excluded-sites");

	for (; name && ret->wish_count < INGRESS_WISHES_MAX; name = model_next(name)) {
		struct ingress_wish *wish = &ret->wish[ret->wish_count++];

		text_copy(wish->site, sizeof(wish->site), lyd_get_value(name));
		wish->pinned = pinned;
	}
}

static void steer_values(const struct model *model, const struct lyd_node *service,
			 const struct lyd_node *steer, const struct config *config,
			 struct mg_service_key key, struct ingress_service_config *ret)
{
	*ret = (struct ingress_service_config){
		.classes = class_rules_values(model, steer, config),
		.key = key,
		.slots = (uint32_t)model_uint(steer, "slots"),
		.idle_s = (uint32_t)model_uint(steer, "idle-timeout"),
		.affinity = (enum mg_affinity)word_value(affinities, model_text(steer, "affinity")),
		.prefix_v4 = (uint8_t)model_uint(steer, "client-prefix-v4"),
		.prefix_v6 = (uint8_t)model_uint(steer, "client-prefix-v6"),
		.options = option_values(model, steer),
		.handshake_rtt = model_bool(steer, "handshake-rtt"),
		.mss_auto = strcmp(model_text(steer, "mss-clamp"), "auto") == 0,
		.weights.policy = (enum policy)word_value(policies, model_text(steer, "policy")),
		.weights.queue_factor = model_double(steer, "queue-factor"),
		.weights.hysteresis = model_double(steer, "hysteresis"),
		.weights.report_period_s = model_double(steer, "report-period"),
		.weights.slow_start_s = model_double(steer, "slow-start"),
		.weights.limits = weights_limit_values(steer),
		.weights.stale_s = model_double(steer, "stale-age"),
		.weights.expired_s = (double)model_uint(steer, "max-age"),
		.weights.on_missing = distrust_value(steer, "when-missing"),
		.weights.on_stale = distrust_value(steer, "when-stale"),
		.weights.on_expired = distrust_value(steer, "when-expired"),
	};
	text_copy(ret->name, sizeof(ret->name), model_text(service, "name"));
	wish_values(model, steer, true, ret);
	wish_values(model, steer, false, ret);
}

static void collector_values(const struct lyd_node *collector, struct agent_config *ret)
{
	const char *command = model_text(collector, "exec"), *file = model_text(collector, "file");

	if (!collector)
		return;
	ret->kind = *command ? AGENT_EXEC : AGENT_FILE;
	ret->timeout_ms = (uint32_t)lround(model_double(collector, "timeout") * 1000);
	text_copy(ret->path, sizeof(ret->path), *command ? command : file);
}

static void announce_values(const struct model *model, const struct lyd_node *service,
			    const struct lyd_node *announce, struct mg_service_key key,
			    struct egress_service_config *ret)
{
	const struct lyd_node *instance = model_child(model, announce, "instances");

	*ret = (struct egress_service_config){
		.key = key,
		.slots = (uint32_t)model_uint(announce, "slots"),
		.idle_s = (uint32_t)model_uint(announce, "idle-timeout"),
		.capacity = model_double(announce, "capacity"),
		.service_time_s = model_double(announce, "service-time-ms") / 1000,
		.announce_without_report = model_bool(announce, "announce-without-report"),
		.discipline = discipline_values(announce),
	};
	text_copy(ret->name, sizeof(ret->name), model_text(service, "name"));
	for (; instance && ret->instance_count < EGRESS_INSTANCES_MAX;
	     instance = model_next(instance))
		ret->instance[ret->instance_count++] = model_addr_of(instance);
	collector_values(model_child(model, announce, "collector"), &ret->collector);
	collectors_of(model, announce, &ret->collector);
}

/* One entry per address, as each is a key of its own in the tables. */
static void service_values(const struct model *model, const struct lyd_node *service,
			   struct config *config)
{
	const struct lyd_node *steer = model_child(model, service, "steer");
	const struct lyd_node *announce = model_child(model, service, "announce");
	const struct lyd_node *address = model_child(model, service, "addresses");

	for (; address; address = model_next(address)) {
		if (steer)
			steer_values(model, service, steer, config,
				     service_key(config, service, address, MG_SCOPE_INGRESS),
				     &config->steer[config->steer_count++]);
		if (announce)
			announce_values(model, service, announce,
					service_key(config, service, address, MG_SCOPE_EGRESS),
					&config->announce[config->announce_count++]);
	}
}

static void services_values(const struct model *model, struct config *config, bool *failed)
{
	const struct lyd_node *service = model_child(model, NULL, "services");
	size_t steered = 0, announced = 0;

	for (; service; service = model_next(service)) {
		size_t addresses = model_count(model, service, "addresses");

		steered += model_child(model, service, "steer") ? addresses : 0;
		announced += model_child(model, service, "announce") ? addresses : 0;
	}
	config->steer = steered ? calloc(steered, sizeof(*config->steer)) : NULL;
	config->announce = announced ? calloc(announced, sizeof(*config->announce)) : NULL;
	*failed |= (steered && !config->steer) || (announced && !config->announce);
	service = *failed ? NULL : model_child(model, NULL, "services");
	for (; service; service = model_next(service))
		service_values(model, service, config);
}

static void igp_values(const struct model *model, struct config *config)
{
	const struct lyd_node *igp = model_child(model, NULL, "igp");

	config->has_igp = igp;
	config->igp.default_route = model_bool(igp, "default-route");
}

/* NULL: no memory. */
static struct config *config_of(const struct model *model)
{
	_cleanup_(config_free) struct config *config = calloc(1, sizeof(*config));
	bool failed = false;

	if (!config)
		return NULL;
	tunnel_values(model, config);
	vrfs_values(model, config, &failed);
	interface_values(model, config, &failed);
	classes_values(model, config);
	sites_values(model, config, &failed);
	bgp_values(model, config, &failed);
	services_values(model, config, &failed);
	if (failed)
		return NULL;
	probe_values(model, config);
	router_values(model, config);
	egress_values(model, config);
	feeds_values(model, config);
	igp_values(model, config);
	return TAKE_PTR(config);
}

static int config_parse(const char *text, size_t len, struct config **ret,
			struct fault_list *faults)
{
	_cleanup_(yaml_tree_free) struct yaml_tree *yaml = yaml_tree_parse(text, len, faults);
	_cleanup_(model_free) struct model *model = yaml ? model_new(yaml, faults) : NULL;
	_cleanup_(config_free) struct config *config = NULL;

	if (!model)
		return -EINVAL;
	config = config_of(model);
	if (!config)
		return -ENOMEM;
	scores_values(model, config, faults);
	secrets_read(model, config, faults);
	security_check(model, config, faults);
	probe_secrets(model, config, faults);
	collect_values(model, config, faults);
	clusters_values(model, config, faults);
	cross_check(model, config, faults);
	if (!fault_list_empty(faults))
		return -EINVAL;
	*ret = TAKE_PTR(config);
	return 0;
}

int config_inspect(const char *file, struct config **ret, struct fault_list *ret_faults)
{
	_cleanup_(freep) char *text = NULL;
	size_t len = 0;
	int r = file_text(file, &text, &len);

	if (r < 0) {
		fault_list_add(ret_faults, (struct mark){ 0 }, "unreadable", NULL,
			       r == -EFBIG ? "at most 1 MiB is taken" : NULL, "cannot read it: %s",
			       strerror(-r));
		return r;
	}
	r = config_parse(text, len, ret, ret_faults);
	fault_list_sort(ret_faults);
	return r;
}

static void fault_log(const char *file, const struct config_fault *fault)
{
	char place[32] = "";

	if (fault->mark.line)
		snprintf(place, sizeof(place), ":%u", fault->mark.line);
	log_err(0, "%s%s: %s%s%s", file, place, fault->message, *fault->hint ? "; " : "",
		fault->hint);
}

int config_read(const char *file, struct config **ret)
{
	_cleanup_(fault_list_clear) struct fault_list faults = { 0 };
	int r = config_inspect(file, ret, &faults);

	for (size_t i = 0; i < faults.count; i++)
		fault_log(file, &faults.at[i]);
	if (faults.more)
		log_err(0, "%s: there are more faults, or memory ran out", file);
	else if (r < 0 && !faults.count)
		log_err(r, "%s: cannot be read", file);
	return r;
}

void config_free(struct config **config)
{
	if (!*config)
		return;
	free((*config)->interface);
	free((*config)->tags);
	free((*config)->vrf);
	secrets_forget(*config);
	free((*config)->neighbor);
	free((*config)->range);
	free((*config)->site);
	free((*config)->steer);
	free((*config)->announce);
	collect_forget(*config);
	free((*config)->guest);
	freep(config);
}
