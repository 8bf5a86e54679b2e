/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/config_probe.h"
#include "mgmt/config_security.h"

static void source_values(const struct model *model, const struct lyd_node *sender,
			  struct prober_config *ret)
{
	const struct lyd_node *leaf = model_child(model, sender, "source");

	for (; leaf; leaf = model_next(leaf)) {
		struct addr addr = model_addr_of(leaf);

		*(addr_is_v4(&addr) ? &ret->source_v4 : &ret->source_v6) = addr;
	}
}

/* "sender" or "reflector"; NULL: not configured. */
static const struct lyd_node *probe_end(const struct model *model, const char *name)
{
	const struct lyd_node *probe = model_child(model, NULL, "probe");

	return probe ? model_child(model, probe, name) : NULL;
}

void probe_values(const struct model *model, struct config *config)
{
	const struct lyd_node *sender = probe_end(model, "sender");
	const struct lyd_node *reflector = probe_end(model, "reflector");

	config->has_prober = sender;
	config->has_reflector = reflector;
	config->prober = (struct prober_config){
		.port = (uint16_t)model_uint(sender, "port"),
		.interval_ms = (uint32_t)model_uint(sender, "interval-ms"),
		.rate_max = (uint32_t)model_uint(sender, "rate"),
		.max_age_ms = (uint32_t)model_uint(sender, "max-age") * 1000,
		.dscp = (uint8_t)model_uint(sender, "dscp"),
	};
	source_values(model, sender, &config->prober);
	config->reflector = (struct reflector_config){
		.port = (uint16_t)model_uint(reflector, "port"),
		.rate_max = (uint32_t)model_uint(reflector, "rate"),
	};
}

static void key_of(const struct model *model, const struct lyd_node *end, struct stamp_key *ret,
		   struct fault_list *faults)
{
	const struct lyd_node *leaf = end ? model_child(model, end, "key-file") : NULL;

	if (leaf)
		secret_value(model, leaf, ret->octet, &ret->len, faults);
}

void probe_secrets(const struct model *model, struct config *config, struct fault_list *faults)
{
	key_of(model, probe_end(model, "sender"), &config->prober.key, faults);
	key_of(model, probe_end(model, "reflector"), &config->reflector.key, faults);
}

_Static_assert(STAMP_KEY_MAX == SECRET_MAX, "a secret fits into a key");
