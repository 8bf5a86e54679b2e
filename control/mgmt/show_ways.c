/* SPDX-License-Identifier: BSD-2-Clause */
/* How packets are carried to a site, and what is done with those that come out of a tunnel. */
#include "base/util.h"
#include "mgmt/request.h"
#include "mgmt/roster.h"

#include <stdio.h>
#include <string.h>

static const char *const encapsulations[] = {
	[MG_ENCAP_NONE] = "direct", [MG_ENCAP_IPIP] = "ipip",   [MG_ENCAP_SRV6] = "srv6",
	[MG_ENCAP_GRE] = "gre",     [MG_ENCAP_VXLAN] = "vxlan", [MG_ENCAP_LOCAL] = "local",
};

static void put_octets(json_t *object, const char *key, const uint8_t octets[16])
{
	struct addr addr;
	char text[ADDR_STRLEN];

	memcpy(addr.octet, octets, sizeof(addr.octet));
	if (!addr_is_zero(&addr))
		answer_text(object, key, addr_format(&addr, text));
}

static void put_mac(json_t *object, const char *key, const uint8_t mac[6])
{
	char text[18];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	answer_text(object, key, text);
}

static const char *mode_text(uint32_t flags)
{
	return flags & MG_UNIFORM ? "uniform" : "pipe";
}

static void put_segments(json_t *object, const struct mg_site *entry)
{
	json_t *segments;

	if (!entry->segment_count)
		return;
	segments = answer_array(object, "segments");
	for (size_t i = 0; i < entry->segment_count && i < MG_SEGMENTS_MAX - 1; i++) {
		struct addr addr;
		char text[ADDR_STRLEN];

		memcpy(addr.octet, entry->segment[i], sizeof(addr.octet));
		json_array_append_new(segments, json_string(addr_format(&addr, text)));
	}
}

/* One of more weight stands there several times: it is shown once, with the places it has. */
static uint32_t hop_places(const struct site_state *state, uint32_t at)
{
	uint32_t places = 0;

	for (uint32_t i = 0; i < state->entry.nexthop_count && i < MG_SITE_NEXTHOPS; i++) {
		if (memcmp(&state->nexthop[i], &state->nexthop[at], sizeof(state->nexthop[i])))
			continue;
		if (i < at)
			return 0;
		places++;
	}
	return places;
}

static void put_hop(json_t *hops, const struct mg_nexthop *hop, uint32_t places)
{
	json_t *object = answer_append(hops);

	answer_count(object, "ifindex", hop->ifindex);
	put_mac(object, "mac", hop->dst_mac);
	answer_count(object, "places", places);
	if (hop->flags & MG_KEEP_TAGS)
		answer_text(object, "tags", "keep");
	if (hop->vlan)
		answer_count(object, "inner", hop->vlan);
	if (!hop->outer_vlan)
		return;
	answer_count(object, "outer", hop->outer_vlan);
	answer_text(object, "outer-type", hop->outer_type == 0x88a8 ? "802.1ad" : "802.1q");
}

void way_put(const struct request *request, json_t *object, uint32_t table_site)
{
	const struct tables *tables = request->context->tables;
	struct site_state state;
	json_t *hops;

	if (!tables || !tables_site_at(tables, table_site, &state))
		return;
	answer_text(object, "encapsulation", encapsulations[state.entry.encap]);
	if (state.entry.encap == MG_ENCAP_LOCAL)
		return; /* its instances have the ways */
	put_octets(object, "source", state.entry.outer_src);
	put_octets(object, "destination", state.entry.outer_dst);
	put_segments(object, &state.entry);
	if (state.entry.encap == MG_ENCAP_VXLAN) {
		answer_count(object, "vni", state.entry.vni);
		put_mac(object, "inner-mac", state.entry.inner_dst);
	}
	if (state.entry.encap != MG_ENCAP_NONE)
		answer_text(object, "mode", mode_text(state.entry.flags));
	if (state.entry.flags & MG_DSCP)
		answer_count(object, "dscp", state.entry.dscp);
	if (state.entry.nexthop_count)
		answer_count(object, "mtu", state.entry.mtu);
	answer_text(object, "fault", state.fault);
	hops = answer_array(object, "next-hops");
	for (uint32_t i = 0; i < state.entry.nexthop_count && i < MG_SITE_NEXTHOPS; i++)
		if (hop_places(&state, i))
			put_hop(hops, &state.nexthop[i], hop_places(&state, i));
}

static void put_strip(json_t *object, uint32_t strip)
{
	json_t *names = answer_array(object, "encapsulation");

	for (size_t i = 0; i < ARRAY_SIZE(encapsulations); i++)
		if (strip & BIT(i))
			json_array_append_new(names, json_string(encapsulations[i]));
}

json_t *show_endpoints(const struct request *request)
{
	static const char *const behaviors[] = { [MG_END_DT46] = "end-dt46",
						 [MG_END_DT4] = "end-dt4",
						 [MG_END_DT6] = "end-dt6",
						 [MG_END_DX4] = "end-dx4",
						 [MG_END_DX6] = "end-dx6" };
	const struct tables *tables = request->context->tables;
	json_t *answer = json_object(), *endpoints = answer_array(answer, "endpoints");
	struct endpoint_state state;

	for (size_t i = 0; tables && tables_endpoint(tables, i, &state); i++) {
		const struct mg_endpoint *entry = &state.entry;
		json_t *object = answer_append(endpoints);

		put_octets(object, "endpoint", state.addr.octet);
		vrf_put(request->context, object, (uint8_t)entry->vrf);
		put_strip(object, entry->strip);
		answer_text(object, "behavior", behaviors[entry->behavior]);
		if (entry->vni)
			answer_count(object, "vni", entry->vni);
		answer_text(object, "mode", mode_text(entry->flags));
		answer_text(object, "unknown", entry->flags & MG_KERNEL ? "kernel" : "drop");
		if (entry->behavior == MG_END_DX4 || entry->behavior == MG_END_DX6)
			way_put(request, answer_object(object, "cross-connect"), entry->site);
	}
	return answer;
}
