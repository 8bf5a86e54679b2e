/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel knows of links, neighbours and routes: links and neighbours as libnl caches that
 * follow the kernel's events, routes asked for one address at a time (a full table would not pay
 * for the few ways that are used). For control/tables and control/igp; owned by the event loop.
 */
#pragma once
#include "base/addr.h"

#include <abi.h>
#include <net/if.h>
#include <uv.h>

struct netlink;

/* What has changed; ask again. An event that was lost is told as "anything". */
struct netlink_ops {
	void (*link)(void *user);
	void (*neighbour)(void *user, uint32_t ifindex, const struct addr *addr);
	void (*route)(void *user, const struct prefix *dst); /* NULL: any */
};

/* On failure *ret is untouched. netlink_close() ends all callbacks; the memory goes as soon as the
 * loop has turned. */
int netlink_open(uv_loop_t *loop, const struct netlink_ops *ops, void *user, struct netlink **ret);
void netlink_close(struct netlink **netlink);

struct netlink_link {
	char name[IFNAMSIZ];
	uint32_t ifindex, mtu;
	uint8_t mac[6];
	bool up;        /* up, and with a carrier */
	bool ethernet;  /* has a MAC address */
	uint32_t lower; /* a VLAN device: the interface below all tags; else ifindex */
	uint16_t vlan;  /* and its tag; else 0 */
	uint16_t outer_vlan, outer_type; /* a VLAN device on another: that one's tag and TPID */
	bool tagged_otherwise;           /* three tags, or 802.1ad where only 802.1q goes */
};
bool netlink_link(const struct netlink *netlink, uint32_t ifindex, struct netlink_link *ret);
bool netlink_link_named(const struct netlink *netlink, const char *name, struct netlink_link *ret);

enum neighbour_state {
	NEIGHBOUR_NONE,   /* the kernel has no entry */
	NEIGHBOUR_ASKED,  /* it is asking */
	NEIGHBOUR_FAILED, /* it got no answer */
	NEIGHBOUR_STALE,  /* known, unconfirmed for a while */
	NEIGHBOUR_KNOWN,
};
/* Writes ret_mac only with STALE and KNOWN. */
enum neighbour_state netlink_neighbour(const struct netlink *netlink, uint32_t ifindex,
				       const struct addr *addr, uint8_t ret_mac[6]);
/* Makes the kernel find out, or confirm, the neighbour's MAC address, as if a packet went there. */
int netlink_neighbour_probe(struct netlink *netlink, uint32_t ifindex, const struct addr *addr);

struct netlink_route {
	uint8_t type;     /* RTN_UNICAST, RTN_LOCAL, ... */
	uint32_t mtu;     /* 0: the link's */
	uint32_t metric;  /* its priority among routes to one prefix; 0: none given */
	uint8_t len;      /* of its prefix */
	uint8_t protocol; /* RTPROT_*: who has installed it */
	size_t count;
	struct netlink_hop {
		uint32_t ifindex;
		uint32_t weight;  /* 1.. */
		bool gateway;     /* false: the destination itself is on the link */
		struct addr addr; /* the gateway, of either family (RFC 5549, RTA_VIA) */
	} hop[MG_SITE_NEXTHOPS];
};
/* The route that the kernel's tables hold for addr, with all of its next hops. 0, or negative errno
 * and *ret is untouched; -ENETUNREACH: no route. */
int netlink_route(struct netlink *netlink, const struct addr *addr, struct netlink_route *ret);
