/* SPDX-License-Identifier: BSD-2-Clause */
/* How a packet leaves: next hop, outer header, a hop less, and what changes inside. */
#include "model.h"

#include <flow.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <string.h>

uint32_t model_overhead(const struct mg_site *site)
{
	if (site->encap == MG_ENCAP_NONE)
		return 0;
	return is_v4(site->outer_dst) ? 20 : 40;
}

static size_t write_ethernet(uint8_t *frame, const struct mg_nexthop *hop, bool v4)
{
	size_t at = 12;

	memcpy(frame, hop->dst_mac, 6);
	memcpy(frame + 6, hop->src_mac, 6);
	if (hop->vlan) {
		write16(frame + at, 0x8100);
		write16(frame + at + 2, hop->vlan);
		at += 4;
	}
	write16(frame + at, v4 ? 0x0800 : 0x86dd);
	return at + 2;
}

/* RFC 2003, RFC 4213, with DF: the tunnel never fragments. */
static void write_outer_v4(uint8_t *ip, const struct mg_site *site,
			   const struct model_packet *packet)
{
	memset(ip, 0, 20);
	ip[0] = 0x45;
	ip[1] = packet->tos;
	write16(ip + 2, 20 + packet->end - packet->ip);
	ip[6] = 0x40;
	ip[8] = 64;
	ip[9] = packet->v4 ? IPPROTO_IPIP : IPPROTO_IPV6;
	memcpy(ip + 12, site->outer_src + 12, 4);
	memcpy(ip + 16, site->outer_dst + 12, 4);
	write16(ip + 10, checksum_of(ip, 20, NULL, 0));
}

/* RFC 2473, RFC 8986 section 5.2 with one segment. */
static void write_outer_v6(uint8_t *ip, const struct mg_site *site,
			   const struct model_packet *packet, uint32_t label)
{
	write32(ip, 6u << 28 | (uint32_t)packet->tos << 20 | label);
	write16(ip + 4, packet->end - packet->ip);
	ip[6] = packet->v4 ? IPPROTO_IPIP : IPPROTO_IPV6;
	ip[7] = 64;
	memcpy(ip + 8, site->outer_src, 16);
	memcpy(ip + 24, site->outer_dst, 16);
}

/* The packet itself: a hop less, and the mark that its tunnel left on it. */
static void change_inside(uint8_t *ip, const struct model_packet *packet)
{
	uint32_t before = sum_octets(ip, 20);

	if (packet->v4) {
		before = (before + 0xffff - read16(ip + 10)) % 0xffff;
		ip[1] = (packet->tos & 0xfc) | packet->ecn;
		ip[8]--;
		write16(ip + 10, checksum_kept(read16(ip + 10), before,
					       sum_octets(ip, 20) + 0xffff - read16(ip + 10)));
	} else {
		ip[1] = (ip[1] & 0xcf) | packet->ecn << 4;
		ip[7]--;
	}
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
	bool outer_v4 = overhead ? overhead == 20 : packet->v4;
	size_t at;

	if (packet->ttl <= 1)
		return MG_TTL_EXPIRED;
	if (!model->port(hop->ifindex))
		return MG_NO_PORT;
	if (packet->end - packet->ip + overhead > site->mtu)
		return MG_TOO_BIG;
	at = write_ethernet(ret->frame, hop, outer_v4);
	if (overhead == 20)
		write_outer_v4(ret->frame + at, site, packet);
	if (overhead == 40)
		write_outer_v6(ret->frame + at, site, packet, flow_label(way->hash));
	at += overhead;
	memcpy(ret->frame + at, packet->frame + packet->ip, len - packet->ip);
	change_inside(ret->frame + at, packet);
	clamp(ret->frame + at + packet->payload - packet->ip, packet, way->service);
	ret->len = at + len - packet->ip;
	ret->action = hop->ifindex == model->ifindex ? XDP_TX : XDP_REDIRECT;
	return MG_FORWARD;
}
