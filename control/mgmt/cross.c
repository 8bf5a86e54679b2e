/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/cross.h"

#include "base/util.h"
#include "mgmt/config_classes.h"
#include "mgmt/config_vrfs.h"

#include <string.h>
#include <uthash.h>

/* A service key that some service has taken; or egress address and id, taken by a site. */
struct taken {
	struct mg_service_key key;
	struct mark mark;
	const char *name;
	UT_hash_handle hh;
};

struct check {
	const struct model *model;
	struct fault_list *faults;
	struct taken *taken;
	const struct lyd_node *site;
	const struct config *config;
};

static void taken_clear(struct taken **taken)
{
	struct taken *at, *next;

	HASH_ITER(hh, *taken, at, next)
	{
		HASH_DEL(*taken, at);
		free(at);
	}
}

/* `what` there is, an address or the like, can belong to one `kind` only. */
static void take(struct check *c, const struct lyd_node *address, const struct mg_service_key *key,
		 const char *what, const char *kind, const char *name, const char *why)
{
	struct taken *entry;

	HASH_FIND(hh, c->taken, key, sizeof(*key), entry);
	if (entry) {
		fault_list_add(
			c->faults, model_mark(c->model, address), "duplicate", model_path(address),
			why, "%s %s of %s '%s' belongs to %s '%s' (line %u)", what,
			lyd_get_value(address), kind, name, kind, entry->name, entry->mark.line);
		return;
	}
	entry = calloc(1, sizeof(*entry));
	if (!entry) {
		c->faults->more = true;
		return;
	}
	*entry = (struct taken){ *key, model_mark(c->model, address), name, { 0 } };
	HASH_ADD(hh, c->taken, key, sizeof(*key), entry);
}

static bool addr_is_multicast(const struct addr *addr)
{
	return addr_is_v4(addr) ? addr->octet[12] >= 224 : addr->octet[0] == 0xff;
}

/* A SID of one family takes no packet of the other out of the tunnel (RFC 8986 sections 4.4-4.7).
 */
static void check_behavior(struct check *c, const struct lyd_node *address)
{
	const char *behavior = model_text(c->site, "behavior");
	struct addr addr = model_addr_of(address);
	size_t len = strlen(behavior);
	char family = len ? behavior[len - 1] : 0; /* end-dt46 takes both */

	if (strcmp(behavior, "end-dt46") == 0 || family == (addr_is_v4(&addr) ? '4' : '6'))
		return;
	fault_list_add(c->faults, model_mark(c->model, address), "must", model_path(address),
		       "announce it with end-dt46, or leave the address out",
		       "%s: a SID of behavior %s takes no packets to it", lyd_get_value(address),
		       behavior);
}

static void check_address(struct check *c, const struct lyd_node *service,
			  const struct lyd_node *address)
{
	struct addr addr = model_addr_of(address);
	const char *next_hop = addr_is_v4(&addr) ? "next-hop-v4" : "next-hop-v6";
	const char *name = model_text(service, "name");
	const struct lyd_node *announce = model_child(c->model, service, "announce");
	struct mg_service_key key = { .port = (__u16)model_uint(service, "port"),
				      .vrf = vrf_id(c->config, model_text(service, "vrf")) };

	if (addr_is_zero(&addr) || addr_is_multicast(&addr))
		fault_list_add(c->faults, model_mark(c->model, address), "bad-value",
			       model_path(address), "give it a unicast address",
			       "addresses: %s cannot be a service's address",
			       lyd_get_value(address));
	memcpy(key.addr, addr.octet, sizeof(key.addr));
	if (model_child(c->model, service, "steer")) {
		key.proto = config_protocol(model_text(service, "protocol"));
		key.scope = MG_SCOPE_INGRESS;
		take(c, address, &key, "address", "service", name,
		     "tell them apart by address, or by protocol and port");
	}
	if (!announce)
		return;
	if (c->site)
		check_behavior(c, address);
	key = (struct mg_service_key){ .scope = MG_SCOPE_EGRESS, .vrf = key.vrf };
	memcpy(key.addr, addr.octet, sizeof(key.addr));
	take(c, address, &key, "address", "service", name,
	     "a route tells the load of one service: give each its own");
	if (c->site && !model_child(c->model, c->site, next_hop))
		fault_list_add(c->faults, model_mark(c->model, c->site), "missing-key",
			       model_path(c->site), NULL,
			       "'%s' is missing in site: service '%s' announces %s", next_hop, name,
			       lyd_get_value(address));
}

static void check_services(struct check *c)
{
	const struct lyd_node *service = model_child(c->model, NULL, "services"), *address;

	for (; service; service = model_next(service)) {
		address = model_child(c->model, service, "addresses");
		for (; address; address = model_next(address))
			check_address(c, service, address);
		if (!model_child(c->model, service, "steer") &&
		    !model_child(c->model, service, "announce"))
			fault_list_add(c->faults, model_mark(c->model, service), "must",
				       model_path(service),
				       "add 'steer:' on an ingress, or 'announce:' at a site",
				       "service '%s' is neither steered nor announced",
				       model_text(service, "name"));
	}
}

static void check_sites(struct check *c)
{
	const struct lyd_node *site = model_child(c->model, NULL, "sites"), *egress;

	for (; site; site = model_next(site)) {
		egress = model_child(c->model, site, "egress");
		for (; egress; egress = model_next(egress)) {
			struct addr addr = model_addr_of(egress);
			struct mg_service_key key = { .port = (__u16)model_uint(site, "id") };

			memcpy(key.addr, addr.octet, sizeof(key.addr));
			take(c, egress, &key, "address", "site", model_text(site, "name"),
			     "sites behind one egress differ by 'id'");
		}
	}
}

static unsigned int hex_digit(char c)
{
	return c <= '9' ? (unsigned int)(c - '0') : ((unsigned int)(c | 0x20) - 'a' + 10);
}

static void check_server_ids(struct check *c)
{
	const struct lyd_node *site = model_child(c->model, NULL, "sites"), *id;

	for (; site; site = model_next(site)) {
		id = model_child(c->model, site, "server-ids");
		for (; id; id = model_next(id)) {
			const char *text = lyd_get_value(id);
			struct mg_service_key key = { .port = (__u16)strlen(text) };

			for (size_t i = 0; i < key.port && i < 2 * sizeof(key.addr); i++)
				key.addr[i / 2] = (__u8)(key.addr[i / 2] << 4 | hex_digit(text[i]));
			take(c, id, &key, "server ID", "site", model_text(site, "name"),
			     "a server ID names one site");
		}
	}
}

static void check_room(struct check *c, const char *table, size_t want, size_t have)
{
	const struct lyd_node *tables = model_child(c->model, NULL, "tables");

	if (want <= have)
		return;
	fault_list_add(c->faults, model_mark(c->model, tables), "too-many", model_path(tables),
		       "enlarge the table",
		       "the services need %zu %s, and 'tables' has room for %zu", want, table,
		       have);
}

void cross_check(const struct model *model, const struct config *config, struct fault_list *faults)
{
	struct check c = { .model = model, .faults = faults, .config = config };
	size_t slots = 0;

	c.site = model_child(model, NULL, "site");
	vrfs_check(model, faults);
	classes_check(model, config, faults);
	check_services(&c);
	taken_clear(&c.taken);
	check_sites(&c);
	taken_clear(&c.taken);
	check_server_ids(&c);
	taken_clear(&c.taken);
	for (size_t i = 0; i < config->steer_count; i++)
		slots += config->steer[i].slots;
	for (size_t i = 0; i < config->announce_count; i++)
		slots += config->announce[i].slots;
	check_room(&c, "slots", slots, config->tables.slots);
	check_room(&c, "services", config->steer_count + config->announce_count,
		   config->tables.services);
}
