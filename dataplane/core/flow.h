/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the packet reader learns of a packet, and the hash that places its flow. A value on the
 * stack of one packet's way.
 */
#pragma once
#include "abi.h"

#include <stdbool.h>

struct flow {
	struct mg_service_key service; /* destination, port, protocol; the caller sets scope
					  and VRF */
	__u32 offset;                  /* of the IP header in the frame */
	__u32 payload;                 /* of what follows the IP headers in the frame */
	__u32 id;                      /* of the fragmented packet, as it stands there */
	__u8 src[16];
	__u16 sport;
	__u8 tos, ttl; /* or traffic class, hop limit: before this hop, but after a tunnel's end */
	__u32 len;     /* of the IP packet, as its header says */
	bool v4;
	bool fragment; /* of a larger packet */
	bool headless; /* and not its first */
	bool portless; /* it has ports that are not known */
	bool error;    /* of ICMP, about a packet that it quotes */
	bool quoted;   /* the flow is that of the quoted packet */
	bool start;    /* TCP SYN, QUIC Initial */
	bool end;      /* TCP FIN or RST */
} __attribute__((aligned(8)));

/* Odd numbers without structure: the fractions of the square roots of 2 and 3. */
#define FLOW_MIX_A 0x6a09e667f3bcc909ull
#define FLOW_MIX_B 0xbb67ae8584caa73bull

/* Where the hash's bits go; the bits between serve the next hop. */
#define FLOW_PIN_SHIFT         20
#define FLOW_FINGERPRINT_SHIFT 48

/* Two multiplications with a shift between: after one alone, a flipped top bit would come out as a
 * known difference under any seed, and the next word could take it back. */
static MG_INLINE __u64 flow_mix(__u64 hash, __u64 word)
{
	hash = (hash ^ word) * FLOW_MIX_A;
	hash ^= hash >> 32;
	hash *= FLOW_MIX_B;
	return hash ^ hash >> 29;
}

static MG_INLINE __u32 flow_octets4(const __u8 *octets)
{
	__u32 word;

	__builtin_memcpy(&word, octets, sizeof(word));
	return word;
}

static MG_INLINE __u64 flow_octets8(const __u8 *octets)
{
	__u64 word;

	__builtin_memcpy(&word, octets, sizeof(word));
	return word;
}

/* The same at a multiple of four or eight. Where clang for BPF does not know of one, it copies
 * octet by octet, and what reads them as a word waits for the stores. */
static MG_INLINE __u32 flow_half(const __u8 *octets)
{
	__u32 word;

	__builtin_memcpy(&word, __builtin_assume_aligned(octets, 4), sizeof(word));
	return word;
}

static MG_INLINE __u64 flow_word(const __u8 *octets)
{
	__u64 word;

	__builtin_memcpy(&word, __builtin_assume_aligned(octets, 8), sizeof(word));
	return word;
}

static MG_INLINE __u64 flow_hash_v4(__u64 hash, const struct flow *flow, bool client)
{
	__u64 dst = client ? 0 : flow_half(flow->service.addr + 12);

	return flow_mix(hash, (__u64)flow_half(flow->src + 12) << 32 | dst);
}

static MG_INLINE __u64 flow_hash_v6(__u64 hash, const struct flow *flow, bool client)
{
	hash = flow_mix(hash, flow_word(flow->src));
	hash = flow_mix(hash, flow_word(flow->src + 8));
	if (client)
		return hash;
	hash = flow_mix(hash, flow_word(flow->service.addr));
	return flow_mix(hash, flow_word(flow->service.addr + 8));
}

/* Keyed by the seed, equal on every ingress of a domain. Bits 0 to 19 choose the slot, 20 to 43 the
 * pin set, 48 to 63 are the fingerprint: a value must be well mixed in all of them. */
static MG_INLINE __u64 flow_hash(const struct flow *flow, __u64 seed, enum mg_affinity affinity)
{
	bool client = affinity == MG_AFFINITY_CLIENT;
	__u64 hash = flow->v4 ? flow_hash_v4(seed, flow, client) : flow_hash_v6(seed, flow, client);
	__u64 ports = (__u64)flow->sport << 32 | (__u64)flow->service.port << 16;

	hash = flow_mix(hash, client ? 0 : ports | flow->service.proto);
	hash *= FLOW_MIX_A;
	return hash ^ hash >> 32;
}

/* Masks of an address's leading bits, over its octets as they lie in memory. */
static MG_INLINE __u32 flow_mask4(__u32 bits)
{
	__u32 mask = bits < 32 ? ~(~0u >> bits) : ~0u;

	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap32(mask) : mask;
}

static MG_INLINE __u64 flow_mask8(__u32 bits)
{
	__u64 mask = bits < 64 ? ~(~0ull >> bits) : ~0ull;

	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(mask) : mask;
}

/* Of all flows of the clients that share so many leading bits of their address; 0: all of it, and
 * then the same as flow_hash(). */
static MG_INLINE __u64 flow_hash_client(const struct flow *flow, __u64 seed, __u32 bits)
{
	__u64 hash = seed;

	bits = bits ? bits : 128;
	if (flow->v4) {
		hash = flow_mix(hash, (__u64)(flow_octets4(flow->src + 12) & flow_mask4(bits))
					      << 32);
	} else {
		hash = flow_mix(hash, flow_octets8(flow->src) & flow_mask8(bits));
		bits = bits > 64 ? bits - 64 : 0;
		hash = flow_mix(hash, flow_octets8(flow->src + 8) & flow_mask8(bits));
	}
	hash = flow_mix(hash, 0) * FLOW_MIX_A;
	return hash ^ hash >> 32;
}

/* As the service's affinity says. What has a connection ID of ours is not asked for its hash. */
static MG_INLINE __u64 flow_hash_for(const struct flow *flow, __u64 seed,
				     const struct mg_service *service)
{
	if (service->affinity != MG_AFFINITY_CLIENT)
		return flow_hash(flow, seed, MG_AFFINITY_FLOW);
	return flow_hash_client(flow, seed, flow->v4 ? service->prefix_v4 : service->prefix_v6);
}

/* A further draw for the same flow: the caller feeds it its own result. */
static MG_INLINE __u64 flow_redraw(__u64 hash)
{
	return flow_mix(hash, FLOW_MIX_B);
}

/* Chooses a second slot, whatever the first one and its stand-ins are. */
static MG_INLINE __u64 flow_second(__u64 hash)
{
	return flow_mix(hash, FLOW_MIX_A);
}

/* RFC 6437 section 3: uniformly spread, and not zero, which means "no label". */
static MG_INLINE __u32 flow_label(__u64 hash)
{
	__u32 label = hash * FLOW_MIX_B >> 44;

	return label ? label : 1;
}
