/* SPDX-License-Identifier: BSD-2-Clause */
/* What struct ingress is made of, for the files of control/ingress alone. */
#pragma once
#include "ingress/agenda.h"
#include "ingress/ingress.h"
#include "ingress/known.h"
#include "ingress/rtts.h"
#include "ingress/site_states.h"
#include "ingress/steering.h"

/* In a block of their own: closed asynchronously by the loop. */
struct ingress_handles {
	uv_timer_t tick;
	uv_idle_t work; /* runs while the agenda is not empty */
	unsigned int open;
};

struct ingress {
	uv_loop_t *loop;
	struct tables *tables;
	struct ingress_config config;
	struct catalog *catalog; /* of what is in no VRF */
	struct ingress_vrf {
		struct vrf vrf;
		struct catalog *catalog;
	} * vrf;
	size_t vrf_count;
	struct known_sites known;
	struct scores scores;
	struct rtts rtts;
	bool measures; /* somebody measures round-trip times: see ingress_measures() */
	struct site_states states;
	bool states_changed;       /* looked up when routes settle */
	struct steering **service; /* as configured */
	struct steering **by_key;  /* the same, sorted: routes name an address */
	size_t service_count;
	const char *(*cut)(const void *user, const struct addr *egress); /* NULL: nobody looks */
	const void *cut_user;
	void (*recall)(void *user, const struct bgp_dst *dst,
		       void (*visit)(void *user, const struct bgp_route *route), void *visit_user);
	void *recall_user; /* recall NULL: nobody keeps routes */
	void (*decides)(void *user, const struct ingress_decision *decision); /* NULL: nobody */
	void *decides_user;
	struct agenda agenda;
	struct steering *look; /* list of those whose members are looked at before any decision */
	uint64_t spent_ns;     /* on decisions in this turn of the loop */
	bool converged;
	bool ways_changed; /* some site's way; looked up at the next tick */
	unsigned int tick;
	size_t observed; /* services: whose turn it is to be looked at */
	struct ingress_handles *handles;
};

/* The service is to decide anew, after ingress_settled(). */
void ingress_mark(struct ingress *ingress, struct steering *steering, enum urgency urgency);
/* Tells who watches of a decision; NULL: it is about to be made. */
void ingress_tell(const void *ingress, const struct steering *steering, double now_s,
		  const struct weights_site *site, const struct weights_decision *decision);
/* Index in by_key of the first service whose key does not begin with less than these octets. */
size_t ingress_place(const struct ingress *ingress, const void *octets, size_t len);
/* The list of services is another one: forgets the offers of those that are gone, and asks for the
 * routes of those that are new. */
void ingress_recall(struct ingress *ingress);
/* What is known of services of the VRF is no more: ingress_recall() asks anew. */
void ingress_forget(struct ingress *ingress, uint8_t vrf);
/* Where the offers of a service are: its VRF's catalog, or the one of no VRF. */
const struct catalog *ingress_catalog(const struct ingress *ingress,
				      const struct mg_service_key *key);
