/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The egress role (C-SMA of RFC 10053, and the end of the tunnel): announces the services of the
 * site behind this router with their reports, and spreads what comes out of the tunnel over the
 * instances. One object, owned by the event loop.
 */
#pragma once
#include "agent/agent.h"
#include "bgp/bgp.h"
#include "bgp/vrf.h"
#include "egress/discipline.h"
#include "metric/scores.h"
#include "tables/tables.h"

struct egress;
struct gatherers;

#define EGRESS_INSTANCES_MAX 256
#define EGRESS_NAME_MAX      128 /* with the closing 0 */

struct egress_config {
	uint16_t site_id;
	char site_name[32];
	struct bgp_tunnel
		tunnel; /* what the announced routes say; endpoint: local tunnel address or SID */
	struct endpoint_spec local; /* what is done at that address; strip 0: nothing, the tunnel
				       is BGP_TUNNEL_DIRECT. site is filled in */
	struct addr cross_connect;  /* with MG_END_DX4, DX6: the neighbour that gets it all */
	struct addr next_hop_v4,
		next_hop_v6; /* BGP next hop of IPv4 and IPv6 routes (RFC 8950: v4 may be IPv6) */
};

struct egress_service_config {
	char name[EGRESS_NAME_MAX];
	struct mg_service_key key; /* MG_SCOPE_EGRESS */
	uint32_t slots, idle_s;
	struct addr instance[EGRESS_INSTANCES_MAX];
	size_t instance_count;
	double capacity, service_time_s; /* told where no collector does; 0: not told */
	uint8_t availability;            /* percent; likewise */
	bool drain;                      /* its servers take no new flows */
	bool absent;                     /* nor any others: it is not announced */
	struct agent_config collector;   /* kind AGENT_NONE: none */
	bool announce_without_report; /* false: with a collector, announced only while it reports */
	struct discipline discipline;
};

/* Of the routes that are announced, to whom it may concern here; as struct bgp_ops. The first two
 * are not called from within the other calls' failures: what they say is what neighbours are told.
 */
struct egress_ops {
	void (*announced)(void *user, const struct bgp_route *route);
	void (*withdrawn)(void *user, const struct bgp_route *route);
	void (*settled)(void *user); /* time to act on it */
};

int egress_new(uv_loop_t *loop, struct tables *tables, struct bgp *bgp,
	       const struct egress_config *config, struct egress **ret);
/* An endpoint each, that leads to the VRF's services, and what their routes are called; both change
 * where they were others before. Services of a VRF that is not among them are not announced.
 * Copied. 0, or the first error of the tables, logged. */
int egress_vrfs_set(struct egress *egress, const struct vrf *vrfs, size_t count);
/* Once, before there are services: where those collectors are that services name. Borrowed for as
 * long as the egress lives. */
void egress_gather_from(struct egress *egress, struct gatherers *gatherers);
/* ops NULL: nobody. Borrowed. */
void egress_listen(struct egress *egress, const struct egress_ops *ops, void *user);
/* After a start: every collector has had its say, so that what can be announced is. */
bool egress_whole(const struct egress *egress);
void egress_free(struct egress **egress);
/* Replaces the configured list; what the CLI announced stays. As ingress_configure(). */
int egress_configure(struct egress *egress, const struct egress_service_config *services,
		     size_t count);

/* Services that somebody else, `origin` (at most 31 octets), wants announced here: replaces what
 * that one offered before. An address that is another's, by its origin or name, is not taken: those
 * of the configuration and the command line come first, then who was there first. Who is absent
 * keeps the instances that it had. Results, one each: 0; -EEXIST: the address is another's; or as
 * egress_configure(). */
void egress_offer(struct egress *egress, const char *origin,
		  const struct egress_service_config *services, size_t count, int *ret_results);

/* How a score is made of reports that have none: copied; told with the next UPDATE of each service.
 */
void egress_scores_set(struct egress *egress, const struct scores *scores);

/* CLI: margay announce, withdraw, metric, drain. name: of a service. 0, -ENOENT, -EEXIST, -EINVAL.
 * announce of a configured service undoes a withdraw. */
int egress_announce(struct egress *egress, const struct egress_service_config *service);
int egress_withdraw(struct egress *egress, const char *name);
int egress_metric(struct egress *egress, const char *name, const struct report *report);
int egress_drain(struct egress *egress, const char *name /* NULL: all */, bool drain);

/* How much of the whole site is there, in percent; 100 at first. 0, -EINVAL, -ENOMEM. */
int egress_availability(struct egress *egress, uint32_t percent);
uint8_t egress_availability_now(const struct egress *egress);

struct egress_service_view {
	const struct egress_service_config *config;
	bool announced, drained, from_cli, has_report;
	const char *origin; /* egress_offer()'s; "": of the configuration or the command line */
	struct report report;
	const struct value_set *values; /* what its collector gives that is no field of it */
	int64_t reported_ms;            /* uv_now() of the last report; 0: there was none */
	uint64_t updates_sent;
	struct table_service *table;
	const char *fault; /* why not announced; "" */
};
bool egress_service(const struct egress *egress, size_t index, struct egress_service_view *ret);
/* Each command and each file that services' reports come from, once; visit must change nothing. */
struct collector_view; /* collector.h */
void egress_collectors(const struct egress *egress,
		       void (*visit)(void *user, const struct collector_view *view), void *user);
