/* SPDX-License-Identifier: BSD-2-Clause */
/* What a frame is: Ethernet, a tag, IPv4 (RFC 791) or IPv6 (RFC 8200), TCP, UDP. */
#include "model.h"

#include <netinet/in.h>
#include <string.h>

#define AUTHENTICATION 51

/* RFC 9000 section 17.2.2, RFC 9369 section 3.2: the packet type of an Initial, by version. */
static bool quic_initial(const uint8_t *at, size_t len)
{
	if (len < 5 || !(at[0] & 0x80))
		return false;
	if (read32(at + 1) == 1)
		return (at[0] & 0x30) == 0x00;
	return read32(at + 1) == 0x6b3343cf && (at[0] & 0x30) == 0x10;
}

static bool is_extension(uint8_t proto)
{
	return proto == IPPROTO_HOPOPTS || proto == IPPROTO_ROUTING || proto == IPPROTO_FRAGMENT ||
	       proto == IPPROTO_DSTOPTS || proto == AUTHENTICATION;
}

/* Behind an extension header that is in the first fragment may be anything. */
bool model_may_have_ports(const struct model_packet *packet)
{
	return packet->proto == IPPROTO_TCP || packet->proto == IPPROTO_UDP ||
	       (!packet->v4 && is_extension(packet->proto));
}

static enum mg_verdict parse_ports(struct model_packet *packet)
{
	const uint8_t *at = packet->frame + packet->payload;
	size_t len = packet->end - packet->payload;

	packet->unknown = packet->later && model_may_have_ports(packet);
	if (packet->later || (packet->proto != IPPROTO_TCP && packet->proto != IPPROTO_UDP))
		return MG_FORWARD;
	if (len < (packet->proto == IPPROTO_TCP ? 20 : 8))
		return MG_TRUNCATED;
	packet->sport = read16(at);
	packet->dport = read16(at + 2);
	packet->ends = packet->proto == IPPROTO_TCP && (at[13] & 0x05); /* FIN, RST */
	if (packet->proto == IPPROTO_TCP)
		packet->start = (at[13] & 0x17) == 0x02; /* SYN; no FIN, RST, ACK */
	else
		packet->start = quic_initial(at + 8, len - 8);
	return MG_FORWARD;
}

/* IPv4 addresses stand as ::ffff:a.b.c.d, as in the tables. */
void model_addresses(struct model_packet *packet)
{
	const uint8_t *ip = packet->frame + packet->ip;
	size_t skip = packet->v4 ? 12 : 0, len = 16 - skip, at = packet->v4 ? 12 : 8;

	memset(packet->src, 0, 16);
	memset(packet->dst, 0, 16);
	if (packet->v4) {
		memset(packet->src + 10, 0xff, 2);
		memset(packet->dst + 10, 0xff, 2);
	}
	memcpy(packet->src + skip, ip + at, len);
	memcpy(packet->dst + skip, ip + at + len, len);
}

static enum mg_verdict parse_v4(struct model_packet *packet, size_t limit)
{
	const uint8_t *ip = packet->frame + packet->ip;
	size_t header, total, left = limit - packet->ip;

	if (left < 20)
		return MG_TRUNCATED;
	header = (ip[0] & 15) * 4;
	total = read16(ip + 2);
	if (ip[0] >> 4 != 4 || header < 20 || total < header)
		return MG_MALFORMED;
	if (left < total)
		return MG_TRUNCATED;
	packet->payload = packet->ip + header;
	packet->end = packet->ip + total;
	packet->tos = ip[1];
	packet->id = read16(ip + 4);
	packet->fragment = read16(ip + 6) & 0x3fff; /* more to come, or not at the start */
	packet->later = read16(ip + 6) & 0x1fff;
	packet->ttl = ip[8];
	packet->proto = ip[9];
	model_addresses(packet);
	return MG_FORWARD;
}

/* One extension header. Behind the header of a later fragment is no header at all. */
static enum mg_verdict parse_extension(struct model_packet *packet)
{
	const uint8_t *at = packet->frame + packet->payload;
	size_t left = packet->end - packet->payload, len;

	if (left < 8)
		return MG_TRUNCATED;
	if (packet->proto == IPPROTO_FRAGMENT)
		len = 8;
	else if (packet->proto == AUTHENTICATION) /* RFC 4302 section 2.2 */
		len = (at[1] + 2) * 4;
	else
		len = (at[1] + 1) * 8;
	if (left < len)
		return MG_TRUNCATED;
	if (packet->proto == IPPROTO_ROUTING && at[3])
		return MG_NOT_OURS; /* segments left: a waypoint's business */
	if (packet->proto == IPPROTO_FRAGMENT) {
		packet->id = read32(at + 4);
		packet->later = read16(at + 2) & 0xfff8;
		packet->fragment = read16(at + 2) & 0xfff9;
	}
	packet->proto = at[0];
	packet->payload += len;
	return MG_FORWARD;
}

enum mg_verdict model_parse_extensions(struct model_packet *packet)
{
	enum mg_verdict verdict = MG_FORWARD;

	for (int i = 0; i < MG_EXTENSIONS_MAX && verdict == MG_FORWARD; i++) {
		if (packet->later || !is_extension(packet->proto))
			break;
		verdict = parse_extension(packet);
	}
	return verdict;
}

static enum mg_verdict parse_v6(struct model_packet *packet, size_t limit)
{
	const uint8_t *ip = packet->frame + packet->ip;
	size_t left = limit - packet->ip;

	if (left < 40)
		return MG_TRUNCATED;
	if (ip[0] >> 4 != 6 || is_v4(ip + 8) || is_v4(ip + 24))
		return MG_MALFORMED;
	if (left < 40 + read16(ip + 4))
		return MG_TRUNCATED;
	packet->payload = packet->ip + 40;
	packet->end = packet->payload + read16(ip + 4);
	packet->tos = read16(ip) >> 4;
	packet->proto = ip[6];
	packet->ttl = ip[7];
	model_addresses(packet);
	return model_parse_extensions(packet);
}

enum mg_verdict model_parse_ip(const uint8_t *frame, size_t at, size_t limit, bool v4,
			       struct model_packet *ret)
{
	enum mg_verdict verdict;

	memset(ret, 0, sizeof(*ret));
	ret->frame = frame;
	ret->ip = at;
	ret->v4 = v4;
	verdict = v4 ? parse_v4(ret, limit) : parse_v6(ret, limit);
	ret->ecn = ret->tos & 3;
	memcpy(ret->own_dst, ret->dst, 16);
	return verdict == MG_FORWARD ? parse_ports(ret) : verdict;
}

enum mg_verdict model_parse_tags(const uint8_t *frame, size_t len, size_t *at, bool *ret_v4)
{
	uint32_t type = read16(frame + *at);

	for (int i = 0; i < MG_TAGS_MAX; i++) {
		if (type != 0x8100 && type != 0x88a8 && type != 0x9100)
			break;
		*at += 4;
		if (len < *at + 2)
			return MG_TRUNCATED;
		type = read16(frame + *at);
	}
	*at += 2;
	*ret_v4 = type == 0x0800;
	return type == 0x0800 || type == 0x86dd ? MG_FORWARD : MG_NOT_OURS;
}

enum mg_verdict model_parse(const uint8_t *frame, size_t len, struct model_packet *ret)
{
	enum mg_verdict verdict;
	size_t at = 12;
	bool v4;

	memset(ret, 0, sizeof(*ret));
	if (len < 14)
		return MG_TRUNCATED;
	if (frame[0] & 1)
		return MG_NOT_OURS; /* to a group */
	verdict = model_parse_tags(frame, len, &at, &v4);
	if (verdict != MG_FORWARD)
		return verdict;
	verdict = model_parse_ip(frame, at, len, v4, ret);
	ret->link = at;
	return verdict;
}
