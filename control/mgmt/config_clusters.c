/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/config_collect.h"

#include "mgmt/config_words.h"

#include <math.h>

struct discipline discipline_values(const struct lyd_node *node)
{
	return (struct discipline){ .min_s = model_double(node, "update-min"),
				    .max_s = model_double(node, "update-max"),
				    .good_s = model_double(node, "good-news-delay"),
				    .jitter = model_double(node, "jitter") / 100,
				    .threshold = model_double(node, "threshold") / 100,
				    .quantum = model_double(node, "quantise") / 100 };
}

static size_t prefixes_values(const struct lyd_node *leaf, struct prefix ret[POLICY_PREFIXES_MAX])
{
	size_t n = 0;

	for (; leaf && n < POLICY_PREFIXES_MAX; leaf = model_next(leaf))
		ret[n++] = model_prefix_of(leaf);
	return n;
}

static void policy_values(const struct model *model, const struct lyd_node *node,
			  struct announce_policy *ret)
{
	const struct lyd_node *namespace = model_child(model, node, "namespaces");

	for (; namespace && ret->namespace_count < POLICY_NAMESPACES_MAX;
	     namespace = model_next(namespace))
		text_copy(ret->namespace[ret->namespace_count++], ANNOTATED_LABEL_MAX,
			  lyd_get_value(namespace));
	ret->prefix_count = prefixes_values(model_child(model, node, "prefixes"), ret->prefix);
	ret->endpoint_count = prefixes_values(model_child(model, node, "endpoints"), ret->endpoint);
	ret->services_max = (uint32_t)model_uint(node, "max-services");
}

static void cluster_values(const struct model *model, const struct lyd_node *node,
			   struct cluster_config *ret)
{
	const struct lyd_node *leaf = model_child(model, node, "nodes");

	text_copy(ret->name, sizeof(ret->name), model_text(node, "name"));
	target_values(node, &ret->target);
	text_copy(ret->selector, sizeof(ret->selector), model_text(node, "selector"));
	ret->timeout_ms = (uint32_t)lround(model_double(node, "timeout") * 1000);
	ret->max_age_ms = (uint32_t)lround(model_double(node, "max-age") * 1000);
	ret->body_max = model_uint(node, "size-limit") * 1024;
	policy_values(model, node, &ret->policy);
	for (; leaf && ret->node_count < CLUSTER_NODES_MAX; leaf = model_next(leaf))
		ret->node[ret->node_count++] = model_addr_of(leaf);
}

/* Its routes need a next hop of their family. */
static void next_hops_check(const struct model *model, const struct lyd_node *node,
			    struct fault_list *faults)
{
	const struct lyd_node *site = model_child(model, NULL, "site");
	const struct lyd_node *leaf = model_child(model, node, "prefixes");

	for (; leaf; leaf = model_next(leaf)) {
		struct prefix prefix = model_prefix_of(leaf);
		const char *next_hop = addr_is_v4(&prefix.addr) ? "next-hop-v4" : "next-hop-v6";

		if (model_child(model, site, next_hop))
			continue;
		fault_list_add(faults, model_mark(model, site), "missing-key", model_path(site),
			       NULL, "'%s' is missing in site: cluster '%s' may announce %s",
			       next_hop, model_text(node, "name"), lyd_get_value(leaf));
	}
}

void clusters_values(const struct model *model, struct config *config, struct fault_list *faults)
{
	const struct lyd_node *node = model_child(model, NULL, "clusters");
	size_t count = model_count(model, NULL, "clusters");

	config->guest = count ? calloc(count, sizeof(*config->guest)) : NULL;
	faults->more |= count && !config->guest;
	for (; node && config->guest; node = model_next(node)) {
		struct guest_config *guest = &config->guest[config->guest_count++];

		cluster_values(model, node, &guest->cluster);
		guest->slots = (uint32_t)model_uint(node, "slots");
		guest->idle_s = (uint32_t)model_uint(node, "idle-timeout");
		guest->discipline = discipline_values(node);
		next_hops_check(model, node, faults);
	}
}
