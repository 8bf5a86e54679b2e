/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What struct tables is made of, for the files of control/tables alone. Numbers of slots, members,
 * sites and next hops come from `struct ranges`; what they name lies in the mapped maps, and here
 * what only the writer needs to know.
 */
#pragma once
#include "tables/adjacency.h"
#include "tables/maps.h"
#include "tables/range.h"
#include "tables/tables.h"

struct site {
	struct site_spec spec;
	uint32_t references; /* 0: free */
	bool adopted;        /* one of the references is for the former run's sake */
	char fault[sizeof(((struct way *)0)->fault)];
};

enum member_use {
	MEMBER_FREE = 0,
	MEMBER_ADOPTED, /* of a former run, not asked for yet; at work */
	MEMBER_BOUND,
	MEMBER_LEAVING, /* removed, but a slot or pin may still name it */
};

struct member {
	enum member_use use;
	uint32_t site; /* holds a reference, unless FREE */
	uint32_t bindings;
	uint32_t owned; /* slots whose `now` it is */
	uint64_t left;  /* LEAVING: the sweep's round in which it was removed */
	uint64_t named; /* the last round in which a slot named it */
};

struct table_service {
	struct tables *tables;
	struct service_spec spec; /* idle_s 0: adopted, not asked for yet; its flows do not age */
	struct mg_service entry;
	uint32_t place; /* of the entry in mg_services; 0: not entered yet */
	bool claimed;
	struct mg_counter gone;          /* what members that are no more have taken */
	struct table_service *former;    /* of another shape: at work until our slots are filled */
	struct table_service *next_near; /* of tables.near */
	struct member *member;           /* by number, from 1 to entry.member_count */
	uint32_t *moving_since_s;        /* by slot */
	struct server {
		uint8_t id[MG_SERVER_ID_MAX];
		uint16_t member;
	} * server; /* entries of mg_server_ids that somebody has asked for */
	size_t server_count;
	uint32_t pins, pins_counting;
};

/* The entry for echo requests of a service address. */
struct echo {
	struct mg_service entry; /* as it stands in the map */
	uint32_t place;
	struct echo *next;
};

/* What has addresses of one hash: services and echo entries are found by their address. */
#define NEAR_COUNT 4096
struct near {
	struct table_service *services;
	struct echo *echoes;
};

struct port {
	struct port_state state; /* ifindex 0: the interface is gone, its return is awaited */
};

/* One round looks at all sets of pins, then at all slots, some of both at each call. */
struct sweep {
	uint64_t round; /* from 1 */
	bool in_slots;  /* else in the pins */
	uint32_t at;
	uint64_t *foreign; /* a bit by slot: a pin of it names another member than `now` */
};

struct tables {
	char *pin_dir;
	struct maps maps;
	struct adjacency *adjacency;
	struct ranges services, slots, members, sites, nexthops;
	struct ranges places;           /* in mg_services */
	struct site *site;              /* by index */
	uint32_t *nexthop_references;   /* by index */
	struct table_service **service; /* by slot_base */
	size_t service_count;
	struct near near[NEAR_COUNT];
	struct port *port;
	size_t port_count;
	struct addr *endpoint; /* claimed ones */
	size_t endpoint_count;
	struct interface_tags *tags;
	size_t tags_count;
	struct sweep sweep;
	uint64_t peak[MAP_COUNT];                   /* fill.c */
	void (*reached)(void *user, uint32_t site); /* tables_listen() */
	void *reached_user;
};

static inline struct mg_slot *tables_slot_memory(const struct tables *t)
{
	return t->maps.memory[MAP_SLOTS];
}

static inline struct mg_pin_set *tables_pin_memory(const struct tables *t)
{
	return t->maps.memory[MAP_PINS];
}

static inline struct mg_member *tables_member_memory(const struct tables *t)
{
	return t->maps.memory[MAP_MEMBERS];
}

static inline struct mg_site *tables_site_memory(const struct tables *t)
{
	return t->maps.memory[MAP_SITES];
}

static inline struct mg_nexthop *tables_nexthop_memory(const struct tables *t)
{
	return t->maps.memory[MAP_NEXTHOPS];
}

/* nexthops.c: entries of mg_nexthops, shared where equal; a changed next hop is another entry. */
int nexthop_get(struct tables *tables, const struct mg_nexthop *entry, uint32_t *ret);
void nexthop_put(struct tables *tables, uint32_t index);
void nexthops_release(struct tables *tables);
int nexthop_adopt(struct tables *tables, uint32_t index); /* one more reference; -EEXIST, -ENOMEM */

/* tags.c */
int tags_copy(struct tables *tables, const struct interface_tags *tags, size_t count);
void tags_apply(const struct tables *tables, struct mg_nexthop *hop);

/* sites.c */
int sites_adopt(struct tables *tables);
void sites_claim_end(struct tables *tables);
void sites_release(struct tables *tables);
void site_reference(struct tables *tables, uint32_t site);
void site_way(void *tables, uint32_t site, const struct way *way); /* adjacency_ops.way */

/* services.c */
int services_adopt(struct tables *tables);
void services_claim_end(struct tables *tables);
void services_free(struct tables *tables);    /* memory only: the maps stay as they are */
void services_scrub(struct tables *tables);   /* empties what no service covers */
void services_release(struct tables *tables); /* at a round's end: what was given back is free */
/* Enters the service, or its changed entry in place of the former one. */
int service_publish(struct table_service *service);
/* The service in whose range a slot is; NULL: none. */
struct table_service *service_of_slot(const struct tables *tables, uint32_t slot);

/* echo.c: the entry of a service address that echo requests take. */
struct near *near_of(const struct tables *tables, const struct mg_service_key *key);
bool echo_is(const struct mg_service_key *key); /* else it is a service's */
/* Brings the entry of this address and scope in line with the services there. */
void echo_sync(struct tables *tables, const struct mg_service_key *key);
int echo_adopt(struct tables *tables, uint32_t place, const struct mg_service *entry);
void echo_claim_end(struct tables *tables);
void echo_free(struct tables *tables);

/* service_index.c: which place of mg_services a key leads to. */
int service_index_enter(struct tables *tables, const struct mg_service *entry, uint32_t former,
			uint32_t *ret_place); /* former: the place to be replaced, or 0 */
void service_index_remove(struct tables *tables, const struct mg_service *entry, uint32_t place);
/* Calls back for each entry that a former run left; false: it makes no sense, and goes. */
int service_index_adopt(struct tables *tables, int (*adopt)(struct tables *tables, uint32_t place,
							    const struct mg_service *entry));

/* members.c */
struct mg_counter
members_count(const struct table_service *service); /* those that are no more, too */
int members_new(struct table_service *service, uint32_t count);
void members_adopt(struct table_service *service);
void members_claim_end(struct table_service *service);
void members_put(struct table_service *service);  /* of a service that goes */
void members_bury(struct table_service *service); /* at a round's end: numbers nobody names */
bool member_usable(const struct table_service *service, uint16_t member);

/* loads.c */
void load_reset(const struct table_service *service, uint32_t member);
/* Its flows are gone, be they ended or elsewhere. */
void load_forget(const struct table_service *service, uint32_t member);
void load_copy(struct tables *tables, uint32_t from, uint32_t to); /* indexes of mg_loads */

/* slots.c */
void slots_adopt(struct table_service *service, uint64_t now_ns);
/* Takes slots [from, to) of a service a step further, where it is due. */
void slots_settle(struct table_service *service, uint32_t from, uint32_t to, uint64_t now_ns);

/* Slots of a service with two choices look at no pins from then on, but for those that have one
 * which leads elsewhere: they come to that by the sweep. */
void slots_pin(struct table_service *service);

void slots_count(const struct table_service *service, struct service_state *ret);

/* pins.c */
/* Takes a range. Where only resting ones would give room, it runs whole rounds at once. */
int sweep_take(struct tables *tables, struct ranges *ranges, uint32_t len, uint32_t *ret_base);
void pins_scrub(struct tables *tables); /* frees, at the start, what names no service or member */

/* ports.c */
void ports_refresh(struct tables *tables); /* some link has changed */
void ports_claim_end(struct tables *tables);

/* servers.c */
void servers_clear(struct table_service *service); /* out of the map, too */
void servers_claim_end(struct tables *tables);

/* endpoints.c */
void endpoints_claim_end(struct tables *tables);

/* fill.c */
void fill_mark(struct tables *tables, uint64_t now_ns); /* at a round's end: how full it got */
