/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which name people know each member number of each service by: a site's at an ingress, an
 * instance's address at an egress. Made for one answer; the tables are borrowed.
 */
#pragma once
#include "mgmt/mgmt.h"

#include <jansson.h>

struct roster {
	const struct table_service *table;
	const char *service;
	struct mg_service_key key;
	uint32_t slot_base; /* of its range in mg_slots, by which pins name slots */
	enum mg_affinity affinity;
	char (*member)[ADDR_STRLEN]; /* by number; [0] is "" */
	size_t count;
};

struct roster_list {
	struct roster *at;
	const struct roster **by_table; /* sorted, for roster_find() */
	size_t count;
};

/* One roster per service and address that is in the tables. 0 or -ENOMEM. */
int roster_list_of(const struct mgmt_context *context, struct roster_list *ret);
void roster_list_clear(struct roster_list *list);
const struct roster *roster_find(const struct roster_list *list, const struct table_service *table);
const char *roster_member(const struct roster *roster, uint16_t member); /* "" if unknown */
/* wanted: NULL (any), the service's name, or its address. */
bool roster_matches(const struct roster *roster, const char *wanted);

/* Also for others that list services by what people call them. */
bool service_matches(const char *name, const struct mg_service_key *key, const char *wanted);
const char *service_address(const struct mg_service_key *key, char ret[ADDR_STRLEN]);
const char *service_protocol(const struct mg_service_key *key);
/* Member "vrf", where there is one: its name. */
void vrf_put(const struct mgmt_context *context, json_t *object, uint8_t id);
/* The words of one slot: state, now, prev, next. */
void slot_put(json_t *object, const struct roster *roster, const struct mg_slot *slot);
