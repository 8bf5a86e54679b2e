/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One service at this ingress: its sites, their members in the tables, its shares and its slots.
 * Private to control/ingress; owned by struct ingress.
 */
#pragma once
#include "ingress/farness.h"
#include "ingress/ingress.h"
#include "ingress/placement.h"
#include "ingress/rtts.h"
#include "ingress/site_states.h"
#include "metric/observed.h"

/* What handshakes tell of a site's distance. */
struct steering_distance {
	struct handshake handshake;
	struct farness farness;
};

/* In the order of the catalog's offers: by egress, then site id. */
struct steering_site {
	struct addr egress;
	uint16_t site_id;
	uint16_t member; /* MG_MEMBER_NONE: not offered now, or not reachable with our tunnel
			    sources */
	uint32_t table_site;
	uint64_t id; /* of (egress, site_id): the same on every ingress */
	struct site_spec spec;
	struct ingress_server_id server_id[INGRESS_SERVER_IDS_MAX]; /* in the tables for it */
	size_t server_id_count;
	int64_t gone_ms;           /* uv_now() of its withdrawal; 0 while it is offered */
	bool offered;              /* steering_sync()'s own */
	bool usable;               /* offered, with a member and a way: as the slots know it */
	const char *cut;           /* no interior route leads to its egress; NULL: one does */
	uint8_t available;         /* percent of the site, as decided with */
	struct ingress_rtt rtt;    /* as decided with */
	struct observed *observed; /* own flows there; NULL: the service is not observed */
	struct steering_distance *distance; /* NULL: handshakes are not looked at */
	struct placement_site placement;
	const char *fault;
};

/* Why a service is to decide anew; the last one is the most urgent. */
enum urgency {
	URGENCY_ROUTINE,  /* ages and the own rate move by themselves: once a second */
	URGENCY_NEWS,     /* a report or an offer, configuration */
	URGENCY_DECLINED, /* a site wants no more of it */
	URGENCY_GONE,     /* a site, or the way to it */
	URGENCY_COUNT
};

struct steering {
	struct ingress_service_config config;
	struct tables *tables;
	struct table_service *table; /* NULL: see fault */
	struct weights *weights;
	const struct weights_decision *decision; /* borrowed from weights; NULL before the first */
	struct steering_site *site;
	size_t site_count;
	const char *fault;
	struct steering *before, *behind; /* agenda.h's own, as the next two */
	enum urgency urgency;
	bool listed;
	struct steering *next_look; /* struct ingress's list of those to look at */
	bool looked_for;            /* is in it */
	int64_t declined_ms;        /* uv_now() when it was last URGENCY_DECLINED */
	bool kept;                  /* ingress_configure()'s own */
	bool recalled;              /* the routes that were there before it have been asked for */
	bool stale; /* offers or configuration, but for reports, changed since steering_sync() */
	bool unapplied;          /* members or shares that the slots do not show yet */
	bool adopted;            /* its slots hold what a former run decided */
	uint16_t mss_v4, mss_v6; /* with config.mss_auto: as found; 0: not yet */
	uint64_t id;             /* of the service key: the same on every ingress */
	uint64_t decisions, changes, slots_moved;
	struct placement placement; /* at work where flows are counted */
	uint64_t starts_seen, starts_at_ns;
	uint64_t configured_ns;
	double own_rate; /* flow starts per second; negative: not known yet */
};

/* What is around the services of one ingress. */
struct steering_context {
	const struct ingress_config *config;
	const struct catalog *catalog;
	const struct ingress_site_config *(*site_config)(const void *user,
							 const struct addr *egress,
							 uint16_t site_id);
	bool (*drained)(const void *user, const struct addr *egress, uint16_t site_id);
	/* Why no interior route leads to it; NULL: one does, or nobody looks. */
	const char *(*cut)(const void *user, const struct addr *egress);
	const struct site_states *states;
	/* Is told before and after a decision, then with it; NULL: nobody wants to know. */
	void (*decides)(const void *user, const struct steering *steering, double now_s,
			const struct weights_site *site, const struct weights_decision *decision);
	const void *user;
	struct rtts *rtts; /* NULL: round-trip times are not measured */
	int64_t now_ms;    /* uv_now() */
	uint64_t now_ns;   /* CLOCK_MONOTONIC */
};

/* NULL: out of memory. A service that the tables refuse is made all the same, with its fault. */
struct steering *steering_new(struct tables *tables, const struct ingress_service_config *config);
void steering_free(struct steering **steering);   /* the tables keep what was written */
void steering_remove(struct steering **steering); /* and takes the service out of the tables */

/* Takes over what may change in place; false where the service must be made anew. */
bool steering_reconfigure(struct steering *steering, const struct ingress_service_config *config);

/* Brings members in line with the catalog's offers, where they changed: those gone are left by the
 * data plane at once. */
void steering_sync(struct steering *steering, const struct steering_context *context);

/* Has the kernel found or lost the way to one of its sites since the last decision? */
bool steering_ways_changed(const struct steering *steering);

/* Looks at interior routes: a site that lost them is left by the data plane at once, with one
 * store; shares follow by the next decision. Returns whether anything changed. */
bool steering_reach(struct steering *steering, const struct steering_context *context);

/* Has an egress said something new of one of its sites since the last decision? */
bool steering_states_changed(const struct steering *steering, const struct site_states *states);

/* Reads the own flows at each site, where the data plane counts them: with each decision, and
 * besides as often as there is time, for flows may be short. */
void steering_observe(struct steering *steering, uint64_t now_ns);

/* Measures the own rate, decides the shares, stores changed slots. 0, or -ENOMEM and the slots are
 * as they were. */
int steering_decide(struct steering *steering, const struct steering_context *context);

/* Looks at the counts of its flows, where they are kept; ten times a second. True: so many begin of
 * a sudden that it should decide now. */
bool steering_watch(struct steering *steering, uint64_t now_ns);

/* The catalog's offer of this site, borrowed from it; NULL: it offers nothing now. */
const struct offer *steering_site_offer(const struct steering *steering,
					const struct steering_site *site,
					const struct catalog *catalog);
