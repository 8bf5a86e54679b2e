/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMP errors (RFC 792, RFC 4443): whose flow they are. */
#include "model.h"

#include <netinet/in.h>
#include <string.h>

static bool is_error(const struct model_packet *packet)
{
	uint8_t type;

	if (packet->fragment || packet->end - packet->payload < 8)
		return false;
	if (packet->proto != (packet->v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		return false;
	type = packet->frame[packet->payload];
	if (packet->v4)
		return type == 3 || type == 11 || type == 12;
	return type >= 1 && type <= 4;
}

/* RFC 792: header and eight octets, or more. A quote reaches as far as its error does; what its own
 * header says of lengths is about the packet that it was, and some senders mangle it. */
static bool read_quote(const struct model_packet *packet, struct model_packet *ret)
{
	size_t at = packet->payload + 8, left = packet->end - at, header = packet->v4 ? 20 : 40;
	const uint8_t *ip = packet->frame + at;

	*ret = (struct model_packet){ .frame = packet->frame, .ip = at, .v4 = packet->v4 };
	ret->end = packet->end;
	if (left < header || ip[0] >> 4 != (packet->v4 ? 4 : 6))
		return false;
	if (packet->v4)
		header = (ip[0] & 15) * 4;
	if (header < 20 || header > left)
		return false;
	ret->payload = at + header;
	model_addresses(ret);
	if (packet->v4)
		ret->later = read16(ip + 6) & 0x1fff;
	ret->proto = ip[packet->v4 ? 9 : 6];
	if (!packet->v4 && model_parse_extensions(ret) != MG_FORWARD)
		return false;
	ret->unknown = ret->later && model_may_have_ports(ret);
	if (ret->later || (ret->proto != IPPROTO_TCP && ret->proto != IPPROTO_UDP))
		return true;
	if (ret->end - ret->payload < 4)
		return false;
	ret->sport = read16(packet->frame + ret->payload);
	ret->dport = read16(packet->frame + ret->payload + 2);
	return true;
}

/* Something that is for an address with services and for none of them that could be named. */
static enum mg_verdict lost(struct model *model, uint8_t scope, const struct model_packet *packet)
{
	const struct model_table table = { scope, packet->vrf };
	uint8_t icmp = packet->v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;

	if (model_service(model, &table, packet->own_dst, icmp, 0) ||
	    model_service(model, &table, packet->own_dst, 0, 0))
		return MG_QUOTE;
	return MG_NOT_OURS;
}

enum mg_verdict model_quote(struct model *model, uint8_t scope, struct model_packet *packet)
{
	struct model_packet quote;

	if (!is_error(packet))
		return MG_FORWARD;
	packet->error = true;
	if (!read_quote(packet, &quote) || memcmp(quote.src, packet->dst, 16))
		return lost(model, scope, packet);
	memcpy(packet->src, quote.dst, 16);
	packet->sport = quote.dport;
	packet->dport = quote.sport;
	packet->proto = quote.proto;
	packet->unknown = quote.unknown;
	packet->start = false;
	return MG_FORWARD;
}
