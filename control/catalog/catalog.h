/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which site offers which service, how loaded it is, how fresh that is and who said so. An offer is
 * one (service, egress, site); several sources (BGP neighbour and path id) may tell of the same
 * one, and the freshest report wins. What is told of a service that nobody asks for need not be put
 * in here. One catalog, owned by the event loop; time is an argument.
 */
#pragma once
#include "base/addr.h"
#include "bgp/path.h" /* struct bgp_tunnel */
#include "catalog/dated.h"
#include "metric/report.h"

struct catalog;

struct offer_key {
	struct addr service; /* CS-ID */
	struct addr egress;  /* BGP next hop */
	uint16_t site_id;
};

struct offer_source {
	uint32_t neighbor, path_id;
	struct bgp_rd rd; /* of a route of a VPN: each is a route of its own */
};

struct offer {
	struct offer_key key;
	struct offer_source source; /* whose word this is */
	struct bgp_tunnel tunnel;
	bool local;                          /* the site behind this router says it */
	bool labelled;                       /* it wants an MPLS label in front of the packet */
	uint32_t carrier;                    /* enum bgp_carrier */
	uint32_t carried[BGP_CARRIER_COUNT]; /* as in struct bgp_path */
	bool has_report;
	struct report report;
	int64_t sampled_ms;   /* monotonic ms at which the report's values were taken; see catalog.c
				 on clocks */
	enum dated_by dated;  /* how that is known */
	int64_t lag_ms;       /* as in struct dated */
	int64_t received_ms;  /* monotonic ms */
	int64_t announced_ms; /* monotonic ms at which the offer appeared, after being absent */
};

/* What an announcement has changed of the winning offers; the last one is the worst. */
enum catalog_change {
	CATALOG_SAME,
	CATALOG_REPORT, /* what the site reports, or who tells it */
	CATALOG_OFFER,  /* there is one more */
	CATALOG_GONE,   /* one is gone, or the way to it */
};

struct catalog *catalog_new(void);           /* NULL: out of memory */
void catalog_free(struct catalog **catalog); /* *catalog may be NULL; NULL afterwards */

/* Copies *offer (announced_ms is the catalog's to fill). What the same source said before about the
 * same prefix under another egress or site is withdrawn by it. 0 or -ENOMEM. */
int catalog_announce(struct catalog *catalog, const struct offer *offer, enum catalog_change *ret);

/* All that this source said of the service. 0, or -ENOENT. */
int catalog_withdraw(struct catalog *catalog, const struct addr *service,
		     const struct offer_source *source);

/* Forgets every service that is not kept: the word is the caller's. */
void catalog_keep(struct catalog *catalog,
		  bool (*keep)(const void *user, const struct addr *service), const void *user);

/* Winning offers, sorted by (egress, site id), so that all routers agree on ties. Borrowed: the
 * calls above end it. */
const struct offer *catalog_offers(const struct catalog *catalog, const struct addr *service,
				   size_t *ret_count);
