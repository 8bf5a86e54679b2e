/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What stands in front of an IP packet: Ethernet and up to MG_TAGS_MAX tags. The only reader and
 * writer of whole link headers; encap.h writes the plain one itself.
 */
#pragma once
#include "packet.h"

#define ETHERTYPE_VLAN     0x8100 /* 802.1Q */
#define ETHERTYPE_QINQ     0x88a8 /* 802.1ad */
#define ETHERTYPE_QINQ_OLD 0x9100 /* what was in use before 802.1ad */

#define LINK_MAX (sizeof(struct ethernet_header) + MG_TAGS_MAX * sizeof(struct vlan_header))

struct link {
	struct ethernet_header eth;
	struct vlan_header tag[MG_TAGS_MAX];
	__u32 tags;
	__be16 type; /* of what follows */
};

static MG_INLINE bool link_tagged(__be16 type)
{
	return type == BE16(ETHERTYPE_VLAN) || type == BE16(ETHERTYPE_QINQ) ||
	       type == BE16(ETHERTYPE_QINQ_OLD);
}

static MG_INLINE __u32 link_len(__u32 tags)
{
	return sizeof(struct ethernet_header) + tags * sizeof(struct vlan_header);
}

/* at: the tag's number, a constant. False: it runs past the frame. */
static MG_INLINE bool link_read_tag(struct packet *pkt, __u32 at, struct link *ret)
{
	const struct vlan_header *tag = packet_pull(pkt, sizeof(*tag));

	if (!tag)
		return false;
	ret->tag[at] = *tag;
	ret->type = tag->type;
	ret->tags = at + 1;
	return true;
}

/* False: it runs past the frame. */
static MG_INLINE bool link_read(struct packet *pkt, struct link *ret)
{
	const struct ethernet_header *eth = packet_pull(pkt, sizeof(*eth));

	if (!eth)
		return false;
	ret->eth = *eth;
	ret->type = eth->type;
	ret->tags = 0;
	if (!link_tagged(ret->type))
		return true;
	if (!link_read_tag(pkt, 0, ret))
		return false;
	return !link_tagged(ret->type) || link_read_tag(pkt, 1, ret);
}

/* Its tags, and then what is of link->type. */
static MG_INLINE bool link_write(struct packet *pkt, const struct link *link)
{
	struct ethernet_header *eth = packet_pull(pkt, sizeof(*eth));
	struct vlan_header *tag;

	if (!eth)
		return false;
	*eth = link->eth;
	eth->type = link->tags ? link->eth.type : link->type;
	if (!link->tags)
		return true;
	tag = packet_pull(pkt, sizeof(*tag));
	if (!tag)
		return false;
	*tag = link->tag[0];
	tag->type = link->tags > 1 ? link->tag[0].type : link->type;
	if (link->tags == 1)
		return true;
	tag = packet_pull(pkt, sizeof(*tag));
	if (!tag)
		return false;
	*tag = link->tag[1];
	tag->type = link->type;
	return true;
}

static MG_INLINE __be16 link_type(bool v4)
{
	return v4 ? BE16(ETHERTYPE_IPV4) : BE16(ETHERTYPE_IPV6);
}

/* Reads a frame up to the ports into *ret, which the caller has zeroed. */
static MG_INLINE enum mg_verdict packet_frame(struct packet *pkt, struct flow *ret)
{
	const struct ethernet_header *eth = packet_peek(pkt, sizeof(*eth));
	struct link link;

	if (!eth)
		return MG_TRUNCATED;
	if (eth->dst[0] & 1)
		return MG_NOT_OURS; /* to a group: routers hand on what is sent to them */
	if (!link_read(pkt, &link))
		return MG_TRUNCATED;
	ret->offset = link_len(link.tags);

	switch (link.type) {
	case BE16(ETHERTYPE_IPV4):
		return packet_ipv4(pkt, ret);
	case BE16(ETHERTYPE_IPV6):
		return packet_ipv6(pkt, ret);
	default:
		return MG_NOT_OURS;
	}
}
