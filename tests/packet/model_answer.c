/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMP errors of our own: RFC 1191, RFC 1812 section 4.3, RFC 4443. */
#include "model.h"

#include <netinet/in.h>
#include <string.h>

#define LEAST_V6 1280

/* RFC 1122 section 3.2.2 and RFC 4443 section 2.4 (e): a source that is one host. */
static bool single_host(const struct model_packet *packet)
{
	static const uint8_t zeros[15];
	const uint8_t *src = packet->src;

	if (packet->v4)
		return src[12] && src[12] != 127 && src[12] < 224;
	return src[0] != 0xff && !(!memcmp(src, zeros, 15) && src[15] <= 1);
}

bool model_answerable(const struct model_packet *packet)
{
	return !packet->error && !packet->later && single_host(packet);
}

static size_t write_answer_v4(uint8_t *ip, const struct model_packet *packet, size_t quote)
{
	memset(ip, 0, 20);
	ip[0] = 0x45;
	ip[1] = 0xc0; /* RFC 1812 section 4.3.2.5: Internetwork Control */
	write16(ip + 2, 20 + 8 + quote);
	ip[6] = 0x40;
	ip[8] = 64;
	ip[9] = IPPROTO_ICMP;
	memcpy(ip + 12, packet->dst + 12, 4);
	memcpy(ip + 16, packet->src + 12, 4);
	write16(ip + 10, checksum_of(ip, 20, NULL, 0));
	return 20;
}

static size_t write_answer_v6(uint8_t *ip, const struct model_packet *packet, size_t quote)
{
	memset(ip, 0, 40);
	ip[0] = 0x60;
	write16(ip + 4, 8 + quote);
	ip[6] = IPPROTO_ICMPV6;
	ip[7] = 64;
	memcpy(ip + 8, packet->dst, 16);
	memcpy(ip + 24, packet->src, 16);
	return 40;
}

static void write_icmp(uint8_t *icmp, const struct model_packet *packet, uint32_t told_mtu,
		       size_t quote)
{
	uint8_t pseudo[40] = { 0 };

	memset(icmp, 0, 8);
	memcpy(icmp + 8, packet->frame + packet->ip, quote);
	if (packet->v4)
		icmp[0] = 3;
	else
		icmp[0] = told_mtu ? 2 : 1;
	if (!told_mtu)
		icmp[1] = packet->v4 ? 1 : 3; /* Host, Address Unreachable */
	else if (packet->v4)
		icmp[1] = 4;
	write32(icmp + 4, told_mtu);
	memcpy(pseudo, packet->dst, 16); /* RFC 8200 section 8.1 */
	memcpy(pseudo + 16, packet->src, 16);
	write32(pseudo + 32, 8 + quote);
	pseudo[39] = IPPROTO_ICMPV6;
	write16(icmp + 2, checksum_of(pseudo, packet->v4 ? 0 : 40, icmp, 8 + quote));
}

static uint32_t mtu_told(const struct model_packet *packet, const struct mg_site *site)
{
	uint32_t mtu = site->mtu - model_overhead(site);

	return packet->v4 || mtu > LEAST_V6 ? mtu : LEAST_V6;
}

enum mg_verdict model_answer(const struct model *model, const struct model_packet *packet,
			     const struct model_way *way, enum mg_verdict verdict,
			     struct model_outcome *ret)
{
	bool big = verdict == MG_TOO_BIG;
	size_t quote = packet->end - packet->ip, most = packet->v4 ? 548 : 1232, at;
	uint8_t *frame = ret->frame;

	if (big && (!model_answerable(packet) || (!packet->v4 && quote <= LEAST_V6)))
		return MG_TOO_BIG;
	if (!model->tokens)
		return big ? MG_TOO_BIG_QUIET : MG_UNREACHABLE_QUIET;
	quote = quote < most ? quote : most;
	memcpy(frame, packet->frame, packet->ip); /* tags stay */
	memcpy(frame, packet->frame + 6, 6);
	memcpy(frame + 6, packet->frame, 6);
	at = packet->ip;
	at += packet->v4 ? write_answer_v4(frame + at, packet, quote)
			 : write_answer_v6(frame + at, packet, quote);
	write_icmp(frame + at, packet, big ? mtu_told(packet, &model->site[way->site]) : 0, quote);
	ret->len = at + 8 + quote;
	return big ? MG_TOO_BIG_TOLD : MG_UNREACHABLE;
}
