/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A packet carries a mixture of its own addresses and ports as its sequence number, so that the
 * sink sees an inner packet that was changed or mixed up with another. Freestanding.
 */
#pragma once
#include "frame.h"

static MG_INLINE __u32 token_of(const struct frame_flow *flow)
{
	__u64 mixed = (__u64)flow->client << 32 | flow->server;

	mixed = (mixed ^ flow->port) * 0x9e3779b97f4a7c15ull;
	return mixed >> 32;
}
