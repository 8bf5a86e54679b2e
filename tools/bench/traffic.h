/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the bench and its driver program agree on: the flows that are made, and what must come out
 * of the program under test. User space writes a struct bench between runs and reads it after them;
 * during a run it is the driver's. Freestanding, because it is compiled into the driver.
 */
#pragma once
#include <linux/types.h>

#define TRAFFIC_SERVICE   0xc6120000u /* 198.18.0.0/15 (RFC 2544), last word in IPv6 as well */
#define TRAFFIC_CLIENT    0x0a000000u /* 10.0.0.0/8: 2^24 clients, hence as many flows */
#define TRAFFIC_FLOWS_MAX (1u << 24)
#define TRAFFIC_PORT      80
#define TRAFFIC_PREFIX    0x20010db8u /* RFC 3849; the next two words are zero */
#define TRAFFIC_LEN_V4    60u         /* the smallest Ethernet frame, less its checksum */
#define TRAFFIC_LEN_V6    74u
#define TRAFFIC_DST_V4    30u /* where the destination's last four octets are */
#define TRAFFIC_DST_V6    50u

struct traffic {
	__u64 seed;
	__u32 flows; /* 1 to TRAFFIC_FLOWS_MAX */
	__u32 services;
	__u32 v6;
	__u32 in_order; /* each flow in turn, and not at random: for filling tables */
};

/* A result is right if it is so many octets long and if the word at `at` is, where mask has ones,
 * base + ((service & group) << shift). */
struct expect {
	__u32 len;
	__u32 version; /* of the outer header; 0: do not look */
	__u32 at, base, mask;
	__u32 group, shift;
};

struct bench {
	struct traffic traffic;
	struct expect expect;
	__u64 state;   /* of the random numbers; the driver's own, like all below */
	__u32 next;    /* flow, where they come in order */
	__u32 service; /* of the packet that is under way */
	__u32 pending; /* there is one */
	__u32 zero;
	__u64 right, wrong; /* results */
	__u64 lost;         /* packets that did not reach the program under test */
};

static inline __u32 traffic_word(const struct expect *expect, __u32 service)
{
	return expect->base + ((service & expect->group) << expect->shift);
}
