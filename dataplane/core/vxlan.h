/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * VXLAN, RFC 7348: UDP, the network's number, and a whole Ethernet frame. The UDP checksum is zero,
 * over IPv6 too: RFC 6935 and 6936 allow it to tunnels whose payload has sums of its own.
 */
#pragma once
#include "packet.h"

#define VXLAN_PORT       4789
#define VXLAN_HAS_VNI    0x08
#define VXLAN_SPORT_0    49152 /* to 65535: section 5 */
#define VXLAN_SPORT_SPAN 0x3fff

struct vxlan_header {
	__be16 src, dst, len, csum; /* of UDP */
	__u8 flags, zero[3];
	__u8 vni[3], zero2;
	struct ethernet_header eth;
} WIRE_HEADER;

/* len: octets of the IP packet inside. */
static MG_INLINE bool vxlan_write(struct packet *pkt, const struct mg_site *site, __u64 hash,
				  __u32 len, __be16 type)
{
	struct vxlan_header *vxlan = packet_pull(pkt, sizeof(*vxlan));
	__u32 vni = site->vni;

	if (!vxlan)
		return false;
	*vxlan = (struct vxlan_header){
		.src = BE16(VXLAN_SPORT_0 | (flow_label(hash) & VXLAN_SPORT_SPAN)),
		.dst = BE16(VXLAN_PORT),
		.len = BE16(sizeof(*vxlan) + len),
		.flags = VXLAN_HAS_VNI,
		.vni = { vni >> 16, vni >> 8, vni },
		.eth.type = type,
	};
	__builtin_memcpy(vxlan->eth.dst, site->inner_dst, sizeof(vxlan->eth.dst));
	__builtin_memcpy(vxlan->eth.src, site->inner_src, sizeof(vxlan->eth.src));
	return true;
}

static MG_INLINE __u32 vxlan_vni(const struct vxlan_header *vxlan)
{
	return vxlan->vni[0] << 16 | vxlan->vni[1] << 8 | vxlan->vni[2];
}

/* Frames to groups (ARP, Neighbor Discovery) and of other networks are for the kernel. */
static MG_INLINE enum mg_verdict vxlan_read(struct packet *pkt, __u32 vni, __be16 *ret_type)
{
	const struct vxlan_header *vxlan = packet_pull(pkt, sizeof(*vxlan));

	if (!vxlan)
		return MG_TRUNCATED;
	if (!(vxlan->flags & VXLAN_HAS_VNI) || vxlan->eth.dst[0] & 1)
		return MG_NOT_TUNNEL;
	if (vni != vxlan_vni(vxlan))
		return MG_NOT_TUNNEL;
	*ret_type = vxlan->eth.type;
	return MG_FORWARD;
}
