/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ingress role (C-PS and C-TC of RFC 10053): per service, from the catalog's offers to shares,
 * from shares to slot owners, from owners to the tables. One object, owned by the event loop.
 */
#pragma once
#include "bgp/bgp.h"
#include "bgp/vrf.h"
#include "catalog/catalog.h"
#include "ingress/classes.h"
#include "ingress/csid.h"
#include "metric/observed.h"
#include "metric/scores.h"
#include "select/weights.h"
#include "tables/tables.h"

struct ingress;
struct placement;

/* How packets are carried to a site; in which tunnel is what its routes say. */
struct ingress_carriage {
	uint32_t flags; /* MG_UNIFORM, MG_DSCP */
	uint8_t dscp;
	uint8_t segment_count;
	struct addr segment[MG_SEGMENTS_MAX - 1]; /* SRv6: waypoints before the site's SID */
	struct csid_format format;                /* SRv6; block_len 0: not packed */
};

#define INGRESS_SERVER_IDS_MAX 16 /* of one site */

struct ingress_server_id {
	uint8_t octet[MG_SERVER_ID_MAX], len;
};

/* What is configured of a site beforehand: a name for people, stand-ins for what it does not tell,
 * and how it is reached. */
struct ingress_site_config {
	uint16_t id;        /* 0: any site behind this egress */
	struct addr egress; /* BGP next hop */
	char name[32];
	double rtt_s, capacity, service_time_s;
	uint8_t tier; /* 0 is used first */
	uint64_t classes;
	double cost; /* of a flow, in the operator's unit */
	struct ingress_carriage carriage;
	struct ingress_server_id server_id[INGRESS_SERVER_IDS_MAX];
	size_t server_id_count;
};

#define INGRESS_WISHES_MAX 16 /* of one service */

/* That a site is the only one to be used, or never. */
struct ingress_wish {
	char site[32]; /* its name */
	bool pinned;   /* else excluded */
};

struct ingress_service_config {
	char name[32];
	struct mg_service_key key; /* MG_SCOPE_INGRESS */
	uint32_t slots, idle_s;
	enum mg_affinity affinity;
	uint8_t prefix_v4, prefix_v6; /* with MG_AFFINITY_CLIENT; 0: the whole address */
	struct service_options options;
	bool mss_auto;      /* options.mss_* follow the ways to the sites */
	bool handshake_rtt; /* flows' handshakes tell how far sites are, where nobody else does */
	struct weights_config weights;
	struct ingress_wish wish[INGRESS_WISHES_MAX];
	size_t wish_count;
	struct class_rules classes;
};

struct ingress_config {
	struct addr source_v4,
		source_v6; /* outer source addresses; zero: that family is not sent */
	struct ingress_carriage carriage; /* to sites that are not configured */
};

int ingress_new(uv_loop_t *loop, struct tables *tables, const struct ingress_config *config,
		struct ingress **ret);
/* Routes of VPNs are imported into these from then on, also those that came before. Services of a
 * VRF that is not among them have no sites; they are to go next. Copied. 0, or -ENOMEM and they are
 * as they were. */
int ingress_vrfs_set(struct ingress *ingress, const struct vrf *vrfs, size_t count);
void ingress_free(struct ingress **ingress); /* the tables keep what was written */

/* Whoever keeps all routes. What is announced of an address that no service has is not kept here,
 * so when one gets it, its routes are asked for: recall() calls visit for every route that stands
 * to this destination, or for all that there are (NULL), before it returns. */
void ingress_recall_by(struct ingress *ingress,
		       void (*recall)(void *user, const struct bgp_dst *dst,
				      void (*visit)(void *user, const struct bgp_route *route),
				      void *visit_user),
		       void *user);

/* What a score stands for: copied. Before ingress_configure(), which has all decide anew. */
void ingress_scores_set(struct ingress *ingress, const struct scores *scores);

/* Replaces the lists: services and sites that are equal stay as they are. 0, or the first error;
 * then the others are done all the same and the log names what was left out. */
int ingress_configure(struct ingress *ingress, const struct ingress_service_config *services,
		      size_t service_count, const struct ingress_site_config *sites,
		      size_t site_count);

/* To be called from the callbacks of bgp_new(), and for routes of our own. */
void ingress_announced(struct ingress *ingress, const struct bgp_route *route);
void ingress_withdrawn(struct ingress *ingress, const struct bgp_route *route);
void ingress_settled(struct ingress *ingress);

/* After a start: the routes are back (End-of-RIB, or time enough), adopted services may decide.
 * Before that they keep the slots that the former run left. */
void ingress_converged(struct ingress *ingress);

/* Who knows interior routes: cut() says in static words why none leads to an egress, or NULL; cut
 * NULL: nobody does. ingress_reach_changed() has all sites looked at again. */
void ingress_reach_by(struct ingress *ingress,
		      const char *(*cut)(const void *user, const struct addr *egress),
		      const void *user);
void ingress_reach_changed(struct ingress *ingress);

/* Operator's drain of a site (matches site name, or egress address as text) at this ingress. 0,
 * -ENOENT. */
int ingress_drain(struct ingress *ingress, const char *site, bool drain);

/* Whether somebody measures round-trip times. Then a time that is measured is used before the one
 * configured, and what has neither counts as far as the farthest site of the service that has. */
void ingress_measures(struct ingress *ingress, bool measures);
/* The egresses whose round-trip time decisions ask for. 1: others than at the last call, and *ret
 * is to be freed; 0: the same, and *ret is untouched. -ENOMEM. */
int ingress_egresses(struct ingress *ingress, struct addr **ret, size_t *ret_count);
/* Used from the next decision on, within a second. rtt_s negative: not known any more. */
void ingress_rtt(struct ingress *ingress, const struct addr *egress, double rtt_s);

/* A decision for who records it: all that goes in, and what came out. Borrowed during the call. */
struct ingress_decision {
	const struct ingress_service_config *config;
	uint64_t service;              /* its id, the same on every ingress */
	uint64_t configured_ns;        /* CLOCK_MONOTONIC, when it was last configured */
	const struct weights *weights; /* before the decision: as the one before it left them */
	double now_s, own_rate;
	const struct weights_site *site;
	const char (*name)[ADDR_STRLEN]; /* of each site */
	size_t count;
	const struct weights_decision *decision; /* NULL: it is about to be made */
};

/* decides is called before and after each decision of any service; NULL: no more. */
void ingress_watch(struct ingress *ingress,
		   void (*decides)(void *user, const struct ingress_decision *decision),
		   void *user);

/* How far a site is, and who says so. */
enum ingress_rtt_source {
	INGRESS_RTT_UNKNOWN,
	INGRESS_RTT_CONFIGURED,
	INGRESS_RTT_MEASURED,
	INGRESS_RTT_HANDSHAKE /* how much farther than another: ingress/farness.h */,
};
struct ingress_rtt {
	double rtt_s; /* negative: not known */
	enum ingress_rtt_source source;
};

/* Views for mgmt; borrowed until the loop turns. */
struct ingress_site_view {
	char name[ADDR_STRLEN]; /* configured name, or the egress's address */
	struct addr egress;
	uint16_t site_id;
	const char *fault;         /* why it cannot be used from here; "" */
	const struct offer *offer; /* NULL: configured or remembered, but not offered now */
	const struct weights_verdict *verdict; /* NULL: not decided yet */
	uint16_t member;                       /* 0: none */
	uint32_t table_site;
	bool drained;                    /* by an operator here */
	struct ingress_rtt rtt;          /* as last decided with */
	double capacity, service_time_s; /* configured; 0: not */
	double cost;
	uint64_t classes;
	uint8_t tier;          /* for this service */
	uint32_t slots;        /* owned now */
	uint8_t available;     /* percent of the whole site, as its egress says; 100: all of it */
	uint32_t available_by; /* enum bgp_carrier; 0: nobody says anything, or our own site */
	struct mg_counter counter;
	double weight;                 /* of new flows, as the data plane has it: 0 to 1 */
	struct observed_load observed; /* what they tell of the site; window_s 0: nothing */
	struct member_flows flows;     /* all zero where the service is not observed */
};

struct ingress_service_view {
	const struct ingress_service_config *config;
	const struct weights_decision *decision; /* NULL: none yet */
	struct table_service *table;             /* NULL: not in the tables, see fault */
	const char *fault;                       /* why not; "" */
	size_t site_count;
	uint64_t decisions, changes, slots_moved;
	const struct placement
		*placement; /* ingress/placement.h; at work where flows are counted */
};

bool ingress_service(const struct ingress *ingress, size_t index, struct ingress_service_view *ret);
bool ingress_site(const struct ingress *ingress, size_t service, size_t index,
		  struct ingress_site_view *ret);
