/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What `margay trace` and `margay capture` see: the filter that they write into mg_trace_filter,
 * and the records that the data plane writes into the ring mg_trace. Layouts are a contract with
 * the reader, as those of abi.h; times are CLOCK_MONOTONIC, numbers in host order.
 */
#pragma once
#include "abi.h"

#include <stdbool.h>

#define MG_TRACE_SNAP_MAX 9216 /* octets of a packet at most: a jumbo frame */
#define MG_TRACE_SERVICES 8    /* that one filter may name */

enum mg_trace_program {
	MG_TRACE_INGRESS = 0,
	MG_TRACE_EGRESS = 1,
	MG_TRACE_EDGE = 2,
	MG_TRACE_PROGRAM_COUNT
};

/* mg_trace_filter.on */
#define MG_TRACE_ON   1
#define MG_TRACE_CAME 2 /* with the packet as it came */
#define MG_TRACE_LEFT 4 /* with the packet as it left, or as it was dropped */

/* mg_trace_filter.fields: what has to match; what is not named here matches any packet. */
#define MG_TRACE_BY_CLIENT      1
#define MG_TRACE_BY_DESTINATION 2
#define MG_TRACE_BY_SPORT       4
#define MG_TRACE_BY_PORT        8
#define MG_TRACE_BY_PROTOCOL    16
#define MG_TRACE_BY_INTERFACE   32
#define MG_TRACE_BY_SERVICE     64

struct mg_trace_filter {
	__u32 on; /* MG_TRACE_ON and others; 0: off */
	__u32 fields;
	__u64 until_ns; /* off from then on: the reader renews it, and may be killed */
	__u64 verdicts[MG_TRACE_PROGRAM_COUNT]; /* by program: bits 1 << enum mg_verdict */
	__u8 client[16], client_mask[16];
	__u8 destination[16], destination_mask[16];
	__u32 service[MG_TRACE_SERVICES]; /* mg_service.index, any of them; 0: none */
	__u16 sport, port;
	__u8 proto;
	__u8 zero[3];
	__u32 ifindex; /* that the packet came or leaves by */
	__u32 one_in;  /* 1 in so many of those that match, by chance; 0 and 1: all */
	__u32 snaplen; /* octets of the packet at most, up to MG_TRACE_SNAP_MAX */
	__u32 zero2;
};
_Static_assert(sizeof(struct mg_trace_filter) == 160, "mapped: a multiple of eight, no padding");
_Static_assert(MG_VERDICT_COUNT <= 64, "a bit for each");

/* mg_trace_record.flags */
#define MG_TRACE_V4       1
#define MG_TRACE_START    2  /* TCP SYN, QUIC Initial */
#define MG_TRACE_FRAGMENT 4  /* of a larger packet */
#define MG_TRACE_HEADLESS 8  /* and not its first */
#define MG_TRACE_QUOTED   16 /* ICMP error; the flow is that of the packet it quotes */
#define MG_TRACE_PORTLESS 32 /* it has ports that are not known */

/* In the ring, and behind it `captured` octets of the packet, Ethernet header first. Out of a
 * tunnel the flow is the inner packet's, once that could be read. */
struct mg_trace_record {
	__u64 time_ns;
	__u8 src[16], dst[16]; /* zero: the frame was not read as far as that */
	__u16 sport, dport;
	__u8 proto;
	__u8 program; /* enum mg_trace_program */
	__u8 verdict; /* enum mg_verdict */
	__u8 zero;
	__u32 flags;
	__u32 len;         /* of the frame as it came, or with MG_TRACE_LEFT as it left */
	__u32 service;     /* mg_service.index; 0: not known for any */
	__u32 member;      /* index into mg_members; 0: none chosen, and site says nothing */
	__u32 site;        /* index into mg_sites */
	__u32 ifindex;     /* came by */
	__u32 out_ifindex; /* of the next hop; 0: none chosen */
	__u32 captured;
};
_Static_assert(sizeof(struct mg_trace_record) == 80, "a contract with the reader: no padding");

/* Per CPU: a record in the making, and the packet that it is about. */
struct mg_trace_scratch {
	struct mg_trace_record record;
	__u8 packet[MG_TRACE_SNAP_MAX];
};

/* Whether a packet ends here: what is neither sent nor left to the kernel. The same for people that
 * the programs' last switch is for packets. */
static MG_INLINE bool trace_drops(enum mg_trace_program program, enum mg_verdict verdict)
{
	switch (verdict) {
	case MG_FORWARD:
	case MG_DELIVERED:
	case MG_CONNECTED:
	case MG_NOT_OURS:
	case MG_NOT_TUNNEL:
	case MG_TOO_BIG_TOLD:
	case MG_UNREACHABLE:
	case MG_LAST_RESORT:
	case MG_ROUTED:
		return false;
	case MG_TTL_EXPIRED: /* the kernel answers where the client's packet came in */
		return program != MG_TRACE_INGRESS;
	default:
		return true;
	}
}
