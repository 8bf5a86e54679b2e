/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The server ID in a QUIC connection ID: draft-ietf-quic-load-balancers-19 in its plaintext form.
 *
 *   first octet   config rotation (3 bits), length of the rest or random bits (5 bits)
 *   server ID     as many octets as the configuration says
 *   nonce         the rest, of no interest here
 *
 * Only what holds for all versions of QUIC is read (RFC 8999 sections 5.1 and 5.2), so that it can
 * be read in those to come.
 */
#pragma once
#include "packet.h"

#define QUIC_LONG         0x80 /* of the first octet: a long header */
#define QUIC_CONFIG_SHIFT 5

/* Ahead of QUIC at most: what packet_frame() and the end of a tunnel can have read. The verifier
 * asks for a bound. */
#define QUIC_HEADERS_MAX 32768

/* RFC 8999 section 5.1, behind the first octet. */
struct quic_invariants {
	__u8 version[4], id_len;
} __attribute__((packed));

/* Room for a connection ID that starts with config and server ID? left: octets of the datagram
 * behind the first one. The cursor is there, and then at the connection ID. */
static MG_INLINE bool quic_id_fits(struct packet *pkt, __u8 first, __u32 left, __u32 len)
{
	const struct quic_invariants *quic;

	if (!(first & QUIC_LONG))
		return left >= len; /* its length is known to the server alone */
	quic = packet_pull(pkt, sizeof(*quic));
	return quic && quic->id_len >= len && left >= sizeof(*quic) + quic->id_len;
}

/* False: no connection ID of ours. The cursor is at the start of the frame of a whole UDP packet;
 * ret->id has to be zeroed. */
static MG_INLINE bool quic_server_id(struct packet *pkt, const struct flow *flow,
				     const struct mg_service *service, struct mg_server_key *ret)
{
	__u32 end = flow->offset + flow->len;
	__u32 at = flow->payload + sizeof(struct udp_header);
	const __u8 *first, *octet;

	if (at > QUIC_HEADERS_MAX || at >= end || !packet_pull(pkt, at))
		return false;
	first = packet_pull(pkt, 1);
	if (!first || !quic_id_fits(pkt, *first, end - at - 1, 1 + service->quic_id_len))
		return false;
	octet = packet_pull(pkt, 1);
	if (!octet || *octet >> QUIC_CONFIG_SHIFT != service->quic_config)
		return false;
	for (int i = 0; i < MG_SERVER_ID_MAX; i++) {
		if (i >= service->quic_id_len)
			break;
		octet = packet_pull(pkt, 1);
		if (!octet)
			return false;
		ret->id[i] = *octet;
	}
	return true;
}
