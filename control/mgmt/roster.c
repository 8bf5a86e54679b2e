/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/roster.h"

#include "base/util.h"
#include "mgmt/answer.h"
#include "mgmt/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *service_address(const struct mg_service_key *key, char ret[ADDR_STRLEN])
{
	struct addr addr;

	memcpy(addr.octet, key->addr, sizeof(addr.octet));
	return addr_format(&addr, ret);
}

const char *service_protocol(const struct mg_service_key *key)
{
	return key->proto == IPPROTO_TCP ? "tcp" : key->proto == IPPROTO_UDP ? "udp" : "any";
}

void vrf_put(const struct mgmt_context *context, json_t *object, uint8_t id)
{
	const struct config *config = context->config;
	const struct vrf *vrf = config ? vrf_find(config->vrf, config->vrf_count, id) : NULL;

	if (vrf)
		answer_text(object, "vrf", vrf->name);
}

bool service_matches(const char *name, const struct mg_service_key *key, const char *wanted)
{
	char address[ADDR_STRLEN];
	struct addr addr;

	if (!wanted || strcmp(name, wanted) == 0)
		return true;
	if (addr_parse(wanted, &addr) < 0)
		return false;
	return strcmp(service_address(key, address),
		      addr_format(&addr, (char[ADDR_STRLEN]){ 0 })) == 0;
}

bool roster_matches(const struct roster *roster, const char *wanted)
{
	return service_matches(roster->service, &roster->key, wanted);
}

const char *roster_member(const struct roster *roster, uint16_t member)
{
	return roster && member < roster->count ? roster->member[member] : "";
}

static int by_table(const void *a, const void *b)
{
	const struct roster *const *one = a, *const *other = b;

	return ((*one)->table > (*other)->table) - ((*one)->table < (*other)->table);
}

/* Each of 10,000 services looks for its own. */
static int roster_index(struct roster_list *list)
{
	list->by_table = calloc(list->count + 1, sizeof(*list->by_table));
	if (!list->by_table)
		return -ENOMEM;
	for (size_t i = 0; i < list->count; i++)
		list->by_table[i] = &list->at[i];
	qsort(list->by_table, list->count, sizeof(*list->by_table), by_table);
	return 0;
}

const struct roster *roster_find(const struct roster_list *list, const struct table_service *table)
{
	const struct roster key = { .table = table }, *const wanted = &key;
	const struct roster *const *found;

	if (!table || !list->count)
		return NULL;
	found = bsearch(&wanted, list->by_table, list->count, sizeof(*list->by_table), by_table);
	return found ? *found : NULL;
}

static int roster_name(struct roster *roster, uint16_t member, const char *name)
{
	if (member >= roster->count) {
		char(*grown)[ADDR_STRLEN] = realloc(roster->member, (member + 1u) * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		memset(grown + roster->count, 0, (member + 1u - roster->count) * sizeof(*grown));
		roster->member = grown;
		roster->count = member + 1u;
	}
	snprintf(roster->member[member], sizeof(*roster->member), "%s", name);
	return 0;
}

static struct roster *roster_add(struct roster_list *list, const struct table_service *table,
				 const char *service, const struct mg_service_key *key)
{
	struct roster *grown = reallocarray(list->at, list->count + 1, sizeof(*grown));
	struct service_state state;

	if (!grown)
		return NULL;
	tables_service_state(table, &state);
	list->at = grown;
	grown[list->count] = (struct roster){
		.table = table, .service = service, .key = *key, .slot_base = state.entry.slot_base
	};
	return &grown[list->count++];
}

static int roster_ingress(const struct ingress *ingress, struct roster_list *list)
{
	struct ingress_service_view service;

	for (size_t i = 0; ingress && ingress_service(ingress, i, &service); i++) {
		struct ingress_site_view site;
		struct roster *roster;

		if (!service.table)
			continue;
		roster =
			roster_add(list, service.table, service.config->name, &service.config->key);
		if (!roster)
			return -ENOMEM;
		roster->affinity = service.config->affinity;
		for (size_t s = 0; ingress_site(ingress, i, s, &site); s++)
			if (site.member && roster_name(roster, site.member, site.name) < 0)
				return -ENOMEM;
	}
	return 0;
}

/* An instance is the address that its table site leads to. */
static void instance_name(const struct tables *tables, uint32_t site, char ret[ADDR_STRLEN])
{
	struct site_state state;
	struct addr addr;

	*ret = '\0';
	if (!tables_site_at(tables, site, &state))
		return;
	memcpy(addr.octet, state.entry.outer_dst, sizeof(addr.octet));
	addr_format(&addr, ret);
}

static int roster_instances(const struct tables *tables, struct roster *roster)
{
	struct mg_counter counter;
	struct mg_member member;
	uint32_t slots;

	for (uint16_t m = 1; tables_member(roster->table, m, &member, &counter, &slots); m++) {
		char name[ADDR_STRLEN];

		if (member.state == MG_EMPTY)
			continue;
		instance_name(tables, member.site, name);
		if (roster_name(roster, m, name) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int roster_egress(const struct mgmt_context *context, struct roster_list *list)
{
	struct egress_service_view service;

	for (size_t i = 0; context->egress && egress_service(context->egress, i, &service); i++) {
		struct roster *roster;

		if (!service.table)
			continue;
		roster =
			roster_add(list, service.table, service.config->name, &service.config->key);
		if (!roster)
			return -ENOMEM;
		if (roster_instances(context->tables, roster) < 0)
			return -ENOMEM;
	}
	return 0;
}

int roster_list_of(const struct mgmt_context *context, struct roster_list *ret)
{
	_cleanup_(roster_list_clear) struct roster_list list = { 0 };

	if (roster_ingress(context->ingress, &list) < 0 || roster_egress(context, &list) < 0 ||
	    roster_index(&list) < 0)
		return -ENOMEM;
	*ret = list;
	list = (struct roster_list){ 0 };
	return 0;
}

void roster_list_clear(struct roster_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->at[i].member);
	free(list->at);
	free(list->by_table);
	*list = (struct roster_list){ 0 };
}
