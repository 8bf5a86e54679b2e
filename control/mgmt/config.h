/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration as values: one file, read and checked as a whole against margay.yang. Nothing
 * is applied here; a struct config is immutable and belongs to its reader.
 */
#pragma once
#include "agent/gather.h"
#include "bgp/bgp.h"
#include "bgp/vrf.h"
#include "egress/egress.h"
#include "egress/guests.h"
#include "feed/feed.h"
#include "igp/igp.h"
#include "ingress/ingress.h"
#include "metric/scores.h"
#include "mgmt/fault_list.h"
#include "probe/prober.h"
#include "probe/reflector.h"
#include "tables/tables.h"

struct config_interface {
	char name[16];
	struct port_spec port;
};

struct config {
	char router_name[64];
	char control_socket[108];
	char state_dir[256]; /* "" : CLI announcements are not kept over a restart */
	char pin_dir[256];
	struct tables_config tables; /* pin_dir points into this struct */
	bool has_bgp, has_egress, has_feeds, has_igp;
	bool has_prober, has_reflector;
	struct prober_config prober;
	struct reflector_config reflector;
	struct bgp_config bgp;
	struct feed_config feeds;
	struct igp_config igp;
	struct ingress_config ingress;
	char class_name[CLASSES_MAX][32]; /* of the sites; a class is its place here */
	size_t class_count;
	struct egress_config egress;
	struct scores scores;
	uint8_t site_availability;   /* percent */
	struct interface_tags *tags; /* tables.tags; at most interface_count */
	struct vrf *vrf;
	struct config_interface *interface;
	struct bgp_neighbor_config *neighbor;
	struct bgp_range_config *range;
	struct ingress_site_config *site;
	struct ingress_service_config
		*steer; /* services with a `steer` container, one per address */
	struct egress_service_config
		*announce;        /* services with an `announce` container, one per address */
	struct mapping **mapping; /* a reference each */
	struct gather_config *gather;
	struct guest_config *guest;
	size_t mapping_count, gather_count, guest_count;
	uint16_t deferral_s; /* after a start: routes that are not back by then count as gone */
	size_t vrf_count, interface_count, neighbor_count, range_count, site_count, steer_count,
		announce_count;
};

/* Reads, checks, fills in defaults. 0; or -EINVAL and the log has every fault with file, line and
 * remedy; or -errno of the file. *ret is untouched on failure. */
int config_read(const char *file, struct config **ret);
/* The same without the log: -EINVAL and *ret_faults, which is empty before, has the faults in the
 * order of the file. An unreadable file is a fault too, with its errno as the result. */
int config_inspect(const char *file, struct config **ret, struct fault_list *ret_faults);
void config_free(struct config **config);

/* What only a new start can change, for people; NULL: nothing of that differs. */
const char *config_fixed(const struct config *a, const struct config *b);

/* A neighbour for which this kernel cannot do what is asked, to be looked for before anything is
 * changed; NULL: none. */
const struct bgp_neighbor_config *config_unsupported(const struct config *config);
/* In words; to be freed; NULL: out of memory. */
char *config_unsupported_text(const struct bgp_neighbor_config *neighbor);

/* "any", "tcp" or "udp" as IPPROTO_*; 0 for anything else. */
uint8_t config_protocol(const char *name);
