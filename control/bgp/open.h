/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OPEN messages (RFC 4271 section 4.2) and capabilities (RFC 5492). Values; nothing is owned.
 */
#pragma once
#include "bgp/codec.h"
#include "bgp/notification.h"

#define OPEN_VERSION       4
#define OPEN_EDGE_METADATA 78 /* the capability's code until IANA settles it; README.md */

/* Families that may be agreed on with RFC 8950; IPv6 has its own next hops. */
#define OPEN_EXTENDED_NEXT_HOP (1u << BGP_IPV4_UNICAST | 1u << BGP_VPN_IPV4)

struct bgp_open {
	uint32_t as; /* from the 4-octet AS capability where it was sent */
	uint16_t hold_s;
	uint8_t id[4];
	uint32_t families;          /* RFC 4760; no such capability: IPv4 unicast */
	uint32_t add_path_send;     /* RFC 7911: families whose sender would send path ids */
	uint32_t add_path_receive;  /* and would take them */
	uint32_t edge_metadata;     /* families for which attribute 42 is understood */
	uint32_t extended_next_hop; /* RFC 8950: families of IPv4 over IPv6 next hops */
	bool route_refresh;         /* RFC 2918 */
	bool enhanced_refresh;      /* RFC 7313 */
	bool extended_message;      /* RFC 8654 */
	bool as4;                   /* RFC 6793 */
	bool graceful;              /* RFC 4724: the capability was there */
	bool restarted;             /* R bit: its sender has begun anew */
	bool graceful_notification; /* N bit, RFC 8538 */
	uint16_t restart_s;         /* 0..4095: for how long it may be away */
	uint32_t graceful_families; /* whose forwarding outlasts its restart */
	uint32_t forwarding;        /* F bits: did outlast it */
	bool long_lived;            /* RFC 9494; and the same of it: */
	uint32_t long_lived_families, long_lived_forwarding;
	uint32_t long_lived_s[BGP_FAMILY_COUNT]; /* 24 bits */
	uint8_t edge_metadata_code;              /* to send and to look for; 0: none */
};

/* A whole message. */
void open_encode(const struct bgp_open *open, struct writer *w);

/* The body, after the header; edge_metadata_code as in struct bgp_open. 0, or -EBADMSG and
 * *ret_fault says why; *ret is untouched then. Whether the AS is the expected one is for the
 * caller. */
int open_decode(struct cursor *c, uint8_t edge_metadata_code, struct bgp_open *ret,
		struct notification *ret_fault);

/* What both sides can do. carriers_send and carriers_accept are left empty: they are configuration,
 * not agreement. */
struct bgp_codec open_negotiate(const struct bgp_open *ours, const struct bgp_open *theirs);
