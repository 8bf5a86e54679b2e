/* SPDX-License-Identifier: BSD-2-Clause */
/* How a packet leaves: next hop, outer header, a hop less, and what changes inside. */
#include "model.h"

#include <flow.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <string.h>

/* Returns where the type field goes. */
static size_t write_tags(uint8_t *frame, const struct mg_nexthop *hop,
			 const struct model_packet *packet)
{
	size_t at = 12;

	if (hop->flags & MG_KEEP_TAGS) {
		memcpy(frame + at, packet->frame + at, packet->link - 14);
		return packet->link - 2;
	}
	if (hop->vlan && hop->outer_vlan) {
		write16(frame + at, hop->outer_type);
		write16(frame + at + 2, hop->outer_vlan);
		at += 4;
	}
	if (hop->vlan) {
		write16(frame + at, 0x8100);
		write16(frame + at + 2, hop->vlan);
		at += 4;
	}
	return at;
}

static size_t write_ethernet(uint8_t *frame, const struct mg_nexthop *hop,
			     const struct model_packet *packet, bool v4)
{
	size_t at = write_tags(frame, hop, packet);

	memcpy(frame, hop->dst_mac, 6);
	memcpy(frame + 6, hop->src_mac, 6);
	write16(frame + at, v4 ? 0x0800 : 0x86dd);
	return at + 2;
}

/* The packet itself: a hop less, and the mark that its tunnel left on it. */
static void change_inside(uint8_t *ip, const struct model_packet *packet, uint8_t ttl)
{
	uint8_t tos = (packet->tos & 0xfc) | packet->ecn;
	uint32_t checksum = read16(ip + 10), before, after;

	if (!packet->v4) {
		write16(ip, 6u << 12 | tos << 4 | (ip[1] & 15));
		ip[7] = ttl;
		return;
	}
	write16(ip + 10, 0);
	before = sum_octets(ip, 20);
	ip[1] = tos;
	ip[8] = ttl;
	after = sum_octets(ip, 20);
	write16(ip + 10, checksum_kept(checksum, before, after));
}

void model_route(const struct model_packet *packet, size_t len, struct model_outcome *ret)
{
	memcpy(ret->frame, packet->frame, packet->link);
	write16(ret->frame + packet->link - 2, packet->v4 ? 0x0800 : 0x86dd);
	memcpy(ret->frame + packet->link, packet->frame + packet->ip, len - packet->ip);
	change_inside(ret->frame + packet->link, packet, packet->ttl);
	ret->len = packet->link + len - packet->ip;
}

/* Where the MSS option's value stands among a start's options; 0: nowhere, or they contradict
 * themselves (RFC 9293 section 3.1). */
static size_t find_mss(const uint8_t *tcp, size_t len)
{
	size_t header = (tcp[12] >> 4) * 4u, at = 20;

	if (header > len)
		return 0;
	while (at < header && tcp[at] != 0) {
		size_t size;

		if (tcp[at] == 1) {
			at++;
			continue;
		}
		size = at + 1 < header ? tcp[at + 1] : 0;
		if (size < 2 || at + size > header)
			return 0;
		if (tcp[at] == 2)
			return size == 4 ? at + 2 : 0;
		at += size;
	}
	return 0;
}

static void clamp(uint8_t *tcp, const struct model_packet *packet, const struct mg_service *service)
{
	size_t len = packet->end - packet->payload, at, even;
	uint32_t most = packet->v4 ? service->mss_v4 : service->mss_v6, before;

	if (!most || !packet->start || packet->proto != IPPROTO_TCP)
		return;
	at = find_mss(tcp, len);
	if (!at || read16(tcp + at) <= most)
		return;
	even = at & ~(size_t)1; /* the checksum's words */
	before = sum_octets(tcp + even, 4);
	write16(tcp + at, most);
	write16(tcp + 16, checksum_kept(read16(tcp + 16), before, sum_octets(tcp + even, 4)));
}

enum mg_verdict model_send(const struct model *model, const struct model_packet *packet, size_t len,
			   const struct model_way *way, struct model_outcome *ret)
{
	const struct mg_site *site = &model->site[way->site];
	const struct mg_nexthop *hop = &model->nexthop[way->nexthop];
	uint32_t overhead = model_overhead(site);
	bool outer_v4 = overhead ? is_v4(site->outer_dst) : packet->v4;
	size_t at;

	if (site->segment_count >= MG_SEGMENTS_MAX) /* an entry that cannot be: no way there */
		return MG_NO_NEXTHOP;
	if (packet->ttl <= 1)
		return MG_TTL_EXPIRED;
	if (packet->end - packet->ip + overhead > site->mtu)
		return MG_TOO_BIG;
	if (!model->port(hop->ifindex))
		return MG_NO_PORT;
	at = write_ethernet(ret->frame, hop, packet, outer_v4);
	if (overhead)
		model_encap(ret->frame + at, site, packet, flow_label(way->hash));
	at += overhead;
	memcpy(ret->frame + at, packet->frame + packet->ip, len - packet->ip);
	change_inside(ret->frame + at, packet, packet->ttl - 1);
	if (way->service)
		clamp(ret->frame + at + packet->payload - packet->ip, packet, way->service);
	ret->len = at + len - packet->ip;
	ret->action = hop->ifindex == model->ifindex ? XDP_TX : XDP_REDIRECT;
	return MG_FORWARD;
}
