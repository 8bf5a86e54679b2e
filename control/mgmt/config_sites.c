/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/config_sites.h"
#include "mgmt/config_classes.h"
#include "mgmt/config_words.h"

/* RFC 8986 section 10.2 */
static const struct word behaviors[] = { { "end-dx6", 16 }, { "end-dx4", 17 },  { "end-dt6", 18 },
					 { "end-dt4", 19 }, { "end-dt46", 20 }, { NULL, 0 } };
static const struct word local_behaviors[] = { { "end-dx6", MG_END_DX6 },
					       { "end-dx4", MG_END_DX4 },
					       { "end-dt6", MG_END_DT6 },
					       { "end-dt4", MG_END_DT4 },
					       { NULL, MG_END_DT46 } };
static const struct word tunnels[] = {
	{ "srv6", BGP_TUNNEL_SRV6 },   { "ipip", BGP_TUNNEL_IPIP },     { "gre", BGP_TUNNEL_GRE },
	{ "vxlan", BGP_TUNNEL_VXLAN }, { "direct", BGP_TUNNEL_DIRECT }, { NULL, 0 }
};
/* Nothing is stripped where there is no tunnel. */
static const struct word strips[] = { { "srv6", 1 << MG_ENCAP_SRV6 },
				      { "ipip", 1 << MG_ENCAP_IPIP },
				      { "gre", 1 << MG_ENCAP_GRE },
				      { "vxlan", 1 << MG_ENCAP_VXLAN },
				      { NULL, 0 } };

/* Digits in pairs; what stands between them is skipped. Returns how many octets there were. */
static uint8_t octets_of(const char *text, uint8_t *ret, size_t room)
{
	unsigned int octet;
	size_t n = 0;

	for (; n < room && sscanf(text, "%2x", &octet) == 1; n++) {
		ret[n] = (uint8_t)octet;
		text += 2 + (text[2] == ':');
	}
	return (uint8_t)n;
}

/* What is said here of mode and DSCP, in place of what is said for all. */
static void marks_values(const struct model *model, const struct lyd_node *node,
			 struct ingress_carriage *ret)
{
	const struct lyd_node *dscp = model_child(model, node, "dscp");
	const char *mode = model_text(node, "mode");

	if (!*mode && !dscp)
		return;
	ret->flags = strcmp(mode, "uniform") == 0 ? MG_UNIFORM : 0;
	if (dscp)
		ret->flags |= MG_DSCP;
	ret->dscp = (uint8_t)model_uint(node, "dscp");
}

void tunnel_values(const struct model *model, struct config *config)
{
	const struct lyd_node *tunnel = model_child(model, NULL, "tunnel");

	config->ingress.source_v4 = model_addr(tunnel, "source-v4");
	config->ingress.source_v6 = model_addr(tunnel, "source-v6");
	marks_values(model, tunnel, &config->ingress.carriage);
}

static struct ingress_carriage
carriage_values(const struct model *model, const struct lyd_node *node, const struct config *config)
{
	const struct lyd_node *segment = model_child(model, node, "segments");
	const struct lyd_node *compress = model_child(model, node, "compress");
	struct ingress_carriage carriage = config->ingress.carriage;

	marks_values(model, node, &carriage);
	for (; segment; segment = model_next(segment))
		carriage.segment[carriage.segment_count++] = model_addr_of(segment);
	carriage.format.block_len = (uint8_t)model_uint(compress, "block-length");
	carriage.format.csid_len = (uint8_t)model_uint(compress, "csid-length");
	return carriage;
}

static void server_id_values(const struct model *model, const struct lyd_node *node,
			     struct ingress_site_config *ret)
{
	const struct lyd_node *leaf = model_child(model, node, "server-ids");

	for (; leaf; leaf = model_next(leaf)) {
		struct ingress_server_id *id = &ret->server_id[ret->server_id_count++];

		id->len = octets_of(lyd_get_value(leaf), id->octet, sizeof(id->octet));
	}
}

/* One entry per egress address, as an offer is found by it. */
static void site_values(const struct model *model, const struct lyd_node *node,
			struct config *config)
{
	const struct lyd_node *egress = model_child(model, node, "egress");

	for (; egress; egress = model_next(egress)) {
		struct ingress_site_config *site = &config->site[config->site_count++];

		text_copy(site->name, sizeof(site->name), model_text(node, "name"));
		site->id = (uint16_t)model_uint(node, "id");
		site->egress = model_addr_of(egress);
		site->rtt_s = model_double(node, "rtt-ms") / 1000;
		site->capacity = model_double(node, "capacity");
		site->service_time_s = model_double(node, "service-time-ms") / 1000;
		site->tier = (uint8_t)model_uint(node, "tier");
		site->classes = classes_of(model, node, "class", config);
		site->cost = model_double(node, "cost");
		site->carriage = carriage_values(model, node, config);
		server_id_values(model, node, site);
	}
}

void sites_values(const struct model *model, struct config *config, bool *failed)
{
	const struct lyd_node *node = model_child(model, NULL, "sites");
	size_t count = 0;

	for (; node; node = model_next(node))
		count += model_count(model, node, "egress");
	config->site = count ? calloc(count, sizeof(*config->site)) : NULL;
	*failed |= count && !config->site;
	node = *failed ? NULL : model_child(model, NULL, "sites");
	for (; node; node = model_next(node))
		site_values(model, node, config);
}

/* Somebody has to be the destination of the frame inside: without a word of the operator, a locally
 * administered address that is this endpoint's. */
static void vxlan_values(const struct lyd_node *site, struct egress_config *egress)
{
	struct bgp_tunnel *tunnel = &egress->tunnel;

	tunnel->vni = egress->local.vni = (uint32_t)model_uint(site, "vni");
	if (octets_of(model_text(site, "inner-mac"), tunnel->mac, sizeof(tunnel->mac)))
		return;
	tunnel->mac[0] = 0x02;
	memcpy(tunnel->mac + 2, tunnel->endpoint.octet + 12, 4);
}

static struct endpoint_spec local_values(const struct lyd_node *site)
{
	bool uniform = strcmp(model_text(site, "mode"), "uniform") == 0;
	bool kernel = strcmp(model_text(site, "unknown"), "kernel") == 0;

	return (struct endpoint_spec){
		.strip = (uint32_t)word_value(strips, model_text(site, "encapsulation")),
		.behavior =
			(enum mg_behavior)word_value(local_behaviors, model_text(site, "behavior")),
		.flags = (uniform ? MG_UNIFORM : 0) | (kernel ? MG_KERNEL : 0),
	};
}

void egress_values(const struct model *model, struct config *config)
{
	const struct lyd_node *site = model_child(model, NULL, "site");
	struct egress_config *egress = &config->egress;

	config->has_egress = site;
	if (!site)
		return;
	config->site_availability = (uint8_t)model_uint(site, "availability");
	egress->site_id = (uint16_t)model_uint(site, "id");
	egress->tunnel.kind =
		(enum bgp_tunnel_kind)word_value(tunnels, model_text(site, "encapsulation"));
	egress->tunnel.endpoint = model_addr(site, "endpoint");
	egress->next_hop_v4 = model_addr(site, "next-hop-v4");
	egress->next_hop_v6 = model_addr(site, "next-hop-v6");
	egress->local = local_values(site);
	egress->cross_connect = model_addr(site, "cross-connect");
	if (egress->tunnel.kind == BGP_TUNNEL_SRV6)
		egress->tunnel.behavior =
			(uint16_t)word_value(behaviors, model_text(site, "behavior"));
	if (egress->tunnel.kind == BGP_TUNNEL_VXLAN)
		vxlan_values(site, egress);
	text_copy(egress->site_name, sizeof(egress->site_name), model_text(site, "name"));
}
