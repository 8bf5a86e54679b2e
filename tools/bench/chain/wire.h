/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What user space and the programs at both ends of the chain agree on. User space writes the
 * settings before a run; the counters only grow. Freestanding.
 */
#pragma once
#include "traffic.h"

#define CHAIN_SAMPLE  96          /* octets kept of a wrong packet: the headers */
#define CHAIN_SITES   4           /* site n takes n of SHARES parts */
#define CHAIN_SHARES  10          /* 1 + 2 + 3 + 4 */
#define CHAIN_SOURCE  0x00010000u /* outer source 2001:db8:1::1, words 1 and 3; 0 is the prefix */
#define CHAIN_SOURCE3 1u
#define CHAIN_SID     0x00050000u /* SID of site n: 2001:db8:5:n:: */

/* Of the generator's program. */
struct source {
	struct traffic traffic;
	__u64 state;   /* of the random numbers; the program's own, like the next */
	__u64 made;    /* packets */
	__u32 ifindex; /* where they leave */
};

/* Of the sink's: per CPU. */
struct tally {
	__u64 right[CHAIN_SITES]; /* by site, from 1 */
	__u64 wrong;              /* for no site, or not as they should be */
	__u64 other;              /* to a group, or ICMPv6: neighbour discovery and its like */
};
