/* SPDX-License-Identifier: BSD-2-Clause */
#include "ingress/carriage.h"

#include <string.h>

static const enum mg_encap encaps[BGP_TUNNEL_COUNT] = {
	/* A route without a tunnel attribute is reached by IP-in-IP to its next hop
	 * (draft-ietf-idr-5g-edge-service-metadata-29 section 3.2). */
	[BGP_TUNNEL_NONE] = MG_ENCAP_IPIP,   [BGP_TUNNEL_IPIP] = MG_ENCAP_IPIP,
	[BGP_TUNNEL_SRV6] = MG_ENCAP_SRV6,   [BGP_TUNNEL_GRE] = MG_ENCAP_GRE,
	[BGP_TUNNEL_VXLAN] = MG_ENCAP_VXLAN, [BGP_TUNNEL_DIRECT] = MG_ENCAP_NONE,
};

/* The waypoints, then the SID; packed where that is asked for. There are at most MG_SEGMENTS_MAX,
 * as margay.yang takes one waypoint less. */
static void segments_set(struct site_spec *spec, const struct ingress_carriage *carriage)
{
	struct addr list[MG_SEGMENTS_MAX], packed[MG_SEGMENTS_MAX];
	size_t count = carriage->segment_count;

	if (!count)
		return;
	memcpy(list, carriage->segment, count * sizeof(*list));
	list[count++] = spec->outer_dst;
	if (carriage->format.block_len) {
		count = csid_pack(&carriage->format, list, count, packed);
		memcpy(list, packed, count * sizeof(*list));
	}
	spec->outer_dst = list[0];
	spec->segment_count = (uint8_t)(count - 1);
	memcpy(spec->segment, list + 1, (count - 1) * sizeof(*list));
}

/* A locally administered MAC address that says whose it is: nobody asks for it. */
static void inner_source(const struct addr *source, uint8_t ret[6])
{
	ret[0] = 0x02;
	ret[1] = 0;
	memcpy(ret + 2, source->octet + 12, 4);
}

static const char *vxlan_set(struct site_spec *spec, const struct bgp_tunnel *tunnel)
{
	static const uint8_t none[sizeof(tunnel->mac)];

	if (!memcmp(tunnel->mac, none, sizeof(none)))
		return "its VXLAN tunnel names no MAC address for the frame inside";
	spec->vni = tunnel->vni;
	memcpy(spec->inner_dst, tunnel->mac, sizeof(spec->inner_dst));
	inner_source(&spec->outer_src, spec->inner_src);
	return NULL;
}

static const char *source_missing(const struct addr *dst)
{
	return addr_is_v4(dst) ? "no tunnel source-v4 is configured here"
			       : "no tunnel source-v6 is configured here";
}

bool carriage_of(const struct ingress_config *config, const struct ingress_site_config *known,
		 const struct offer *offer, struct site_spec *ret, const char **ret_fault)
{
	const struct ingress_carriage *carriage = known ? &known->carriage : &config->carriage;
	bool named = offer->tunnel.kind != BGP_TUNNEL_NONE;
	struct site_spec spec = { .encap = encaps[offer->tunnel.kind],
				  .outer_dst = named ? offer->tunnel.endpoint : offer->key.egress };
	const char *fault = NULL;

	if (offer->local) {
		*ret = (struct site_spec){ .encap = MG_ENCAP_LOCAL };
		return true;
	}
	if (offer->labelled) {
		*ret_fault = "its route wants an MPLS label, and none can be put on here";
		return false;
	}
	if (spec.encap != MG_ENCAP_NONE) {
		spec.outer_src =
			addr_is_v4(&spec.outer_dst) ? config->source_v4 : config->source_v6;
		spec.flags = carriage->flags;
		spec.dscp = carriage->flags & MG_DSCP ? carriage->dscp : 0;
		if (addr_is_zero(&spec.outer_src))
			fault = source_missing(&spec.outer_dst);
	}
	if (spec.encap == MG_ENCAP_SRV6)
		segments_set(&spec, carriage);
	if (spec.encap == MG_ENCAP_VXLAN && !fault)
		fault = vxlan_set(&spec, &offer->tunnel);
	if (fault)
		*ret_fault = fault;
	else
		*ret = spec;
	return !fault;
}
