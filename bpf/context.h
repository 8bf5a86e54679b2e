/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* A frame under XDP, as packet.h wants it: from the context of the program. */
#pragma once
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "packet.h"

static MG_INLINE struct packet packet_of(struct xdp_md *ctx)
{
	return (struct packet){ .at = (void *)(long)ctx->data,
				.end = (void *)(long)ctx->data_end,
				.frame = ctx };
}

static MG_INLINE __u32 packet_frame_len(const struct packet *pkt)
{
	return bpf_xdp_get_buff_len(pkt->frame);
}

/* Octets in the first buffer. As 64-bit words: the verifier refuses half a pointer on the stack,
 * where clang may put it. */
static MG_INLINE __u32 frame_linear(const struct xdp_md *ctx)
{
	return (void *)(long)ctx->data_end - (void *)(long)ctx->data;
}

/* The same of all, with `linear` octets in its first buffer, once it has been read: asked for
 * seldom. */
static MG_INLINE __u32 frame_len(struct xdp_md *ctx, const struct flow *flow, __u32 linear)
{
	return flow->offset + flow->len > linear ? bpf_xdp_get_buff_len(ctx) : linear;
}

/* Plain loads and stores: the verifier allows unaligned ones where the CPU does them well. */
typedef __u32 __attribute__((may_alias)) any_word4;
typedef __u64 __attribute__((may_alias)) any_word8;

static MG_INLINE __u32 octets_load4(const void *at)
{
	return *(const any_word4 *)at;
}

static MG_INLINE __u64 octets_load8(const void *at)
{
	return *(const any_word8 *)at;
}

static MG_INLINE void octets_store8(void *at, __u64 word)
{
	*(any_word8 *)at = word;
}
