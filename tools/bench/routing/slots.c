/* SPDX-License-Identifier: BSD-2-Clause */
#include "slots.h"

#include "base/log.h"
#include "base/util.h"
#include "clock.h"
#include "ground.h"
#include "ingress/identity.h"
#include "select/owners.h"
#include "told.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define CHECKS   50 /* of one service, whose shares may change while it is looked at */
#define CHECK_NS UINT64_C(20000000)
#define REST_NS  UINT64_C(2000000)

/* --- who must own what ------------------------------------------------------------------------ */
static struct mg_service_key service_key(uint32_t service)
{
	struct mg_service_key key = { .port = 80, .proto = IPPROTO_TCP };
	struct addr addr = fleet_service_addr(service);

	memcpy(key.addr, addr.octet, sizeof(key.addr));
	return key;
}

static void even_assign(uint32_t service, uint8_t ret[FLEET_SLOTS])
{
	struct mg_service_key key = service_key(service);
	struct owner_site site[FLEET_SITES];
	struct owner owner[FLEET_SLOTS];

	for (uint32_t i = 0; i < FLEET_SITES; i++) {
		struct addr egress = fleet_site_addr(i);

		site[i] = (struct owner_site){ .id = identity_of_site(&egress, fleet_site_id(i)),
					       .share = 1.0 / FLEET_SITES,
					       .member = (uint16_t)(i + 1) };
	}
	owners_assign(identity_of_service(&key), site, FLEET_SITES, owner, FLEET_SLOTS);
	for (uint32_t i = 0; i < FLEET_SLOTS; i++)
		ret[i] = (uint8_t)(owner[i].now - 1);
}

int slots_open(const struct fleet *fleet, struct slots *ret)
{
	struct slots s = { .fleet = fleet };

	s.service = calloc(fleet->services, sizeof(*s.service));
	s.even = malloc((size_t)fleet->services * FLEET_SLOTS);
	*ret = s;
	if (!s.service || !s.even)
		return log_err(-ENOMEM, "the services");
	for (uint32_t i = 0; i < fleet->services; i++)
		even_assign(i, s.even + (size_t)i * FLEET_SLOTS);
	return 0;
}

/* --- the tables ------------------------------------------------------------------------------- */
static void map_close(struct slots_map *map)
{
	if (map->at)
		munmap((void *)map->at, map->len);
	*map = (struct slots_map){ 0 };
}

void slots_close(struct slots *s)
{
	map_close(&s->services);
	map_close(&s->slots);
	map_close(&s->members);
	map_close(&s->sites);
	freep(&s->service);
	freep(&s->even);
}

static int map_open(const char *name, struct slots_map *ret)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);
	_cleanup_(closep) int fd = -1;
	char path[100];
	size_t octets;
	void *at;

	if (ret->at)
		return 0;
	snprintf(path, sizeof(path), GROUND_PINS "/" MG_ABI_VERSION "/%s", name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return -EAGAIN;
	if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return log_err(-errno, "%s", path);
	octets = (size_t)info.value_size * info.max_entries; /* values are multiples of eight */
	at = mmap(NULL, octets, PROT_READ, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return log_err(-errno, "%s: cannot map it", path);
	*ret = (struct slots_map){ at, octets };
	return 0;
}

static int maps_open(struct slots *s)
{
	int r = map_open("mg_services", &s->services);

	if (r == 0)
		r = map_open("mg_slots", &s->slots);
	if (r == 0)
		r = map_open("mg_members", &s->members);
	return r < 0 ? r : map_open("mg_sites", &s->sites);
}

static uint32_t service_number(const struct slots *s, const struct mg_service_key *key)
{
	uint32_t number =
		(uint32_t)(key->addr[13] - 18) << 16 | (uint32_t)key->addr[14] << 8 | key->addr[15];
	struct mg_service_key want = service_key(number);

	return number < s->fleet->services && !memcmp(&want, key, sizeof(want))
		       ? number
		       : s->fleet->services;
}

void slots_look_at(struct slots *s, uint32_t service)
{
	struct slots_service *at = &s->service[service];
	const struct mg_member *member = s->members.at;
	const struct mg_site *site = s->sites.at;

	memset(at->member, 0, sizeof(at->member));
	for (uint32_t m = 1; m <= at->member_count; m++) {
		const struct mg_member *is = &member[at->member_base + m];

		for (uint32_t i = 0; is->state == MG_UP && i < FLEET_SITES; i++) {
			struct addr addr = fleet_site_addr(i);

			if (!memcmp(addr.octet, site[is->site].outer_dst, sizeof(addr.octet)))
				at->member[i] = (uint16_t)m;
		}
	}
}

int slots_look(struct slots *s)
{
	const struct mg_service *entry;
	uint32_t found = 0;
	int r = maps_open(s);

	if (r < 0)
		return r;
	entry = s->services.at;
	for (uint32_t i = 0; i < s->fleet->services; i++)
		s->service[i].known = false;
	for (size_t i = 0; i < s->services.len / sizeof(*entry); i++) {
		uint32_t number = service_number(s, &entry[i].key);
		struct slots_service *at = &s->service[number];

		if (number == s->fleet->services)
			continue;
		at->slot_base = entry[i].slot_base;
		at->member_base = entry[i].member_base;
		at->member_count = entry[i].member_count;
		found += !at->known; /* an entry that was changed stands twice */
		at->known = true;
	}
	return found == s->fleet->services ? 0 : -EAGAIN;
}

uint32_t slots_owner(const struct slots *s, uint32_t service, uint32_t slot)
{
	uint16_t now = slots_word(s, service, slot).now;
	uint32_t site = 0;

	while (site < FLEET_SITES &&
	       (now == MG_MEMBER_NONE || s->service[service].member[site] != now))
		site++;
	return site;
}

uint32_t slots_count(const struct slots *s, uint32_t service, uint32_t site)
{
	uint16_t member = s->service[service].member[site];
	uint32_t count = 0;

	for (uint32_t i = 0; i < FLEET_SLOTS && member; i++)
		count += slots_word(s, service, i).now == member;
	return count;
}

/* --- whether they do -------------------------------------------------------------------------- */
bool slots_are_even(const struct slots *s, uint32_t service)
{
	for (uint32_t i = 0; i < FLEET_SLOTS; i++)
		if (slots_owner(s, service, i) != s->even[(size_t)service * FLEET_SLOTS + i])
			return false;
	return true;
}

/* So many from the first one on. */
static uint32_t even_count(struct slots *s, uint32_t from)
{
	while (from < s->fleet->services) {
		slots_look_at(s, from);
		if (!slots_are_even(s, from))
			break;
		from++;
	}
	return from;
}

int slots_await_even(struct slots *s, struct fleet *fleet, uint64_t timeout_ns)
{
	uint64_t until = clock_ns() + timeout_ns;
	int r = -EAGAIN, pumped = 0;
	uint32_t even = 0;

	while (pumped == 0) {
		if (r == -EAGAIN)
			r = slots_look(s);
		if (r < 0 && r != -EAGAIN)
			return r;
		even = r == 0 ? even_count(s, even) : 0;
		if (even == fleet->services) /* all of them at the same time */
			even = even_count(s, 0);
		if (even == fleet->services)
			return 0;
		if (clock_ns() > until)
			return log_err(-ETIMEDOUT,
				       r < 0 ? "not all services are in the tables"
					     : "service s%u has not the slots it must have",
				       even);
		pumped = fleet_rest(fleet, 0, REST_NS);
	}
	return pumped;
}

int fleet_load(struct fleet *f, struct slots *s, uint64_t timeout_ns)
{
	uint32_t first = FLEET_SITES - (f->sessions - 1); /* of the sessions behind the first one */
	int r = fleet_announce_all(f, 0, 0, first);

	for (unsigned int i = 1; i < f->sessions && r == 0; i++)
		r = fleet_announce_all(f, i, first + i - 1, first + i);
	if (r == 0)
		r = fleet_start(f);
	for (unsigned int i = 0; i < f->sessions && r == 0; i++)
		r = fleet_send(f, i, timeout_ns);
	return r < 0 ? r : slots_await_even(s, f, timeout_ns);
}

/* As margayd says it has decided. */
static int owners_told(const struct slots *s, uint32_t service, const json_t *told,
		       struct owner ret[FLEET_SLOTS])
{
	struct mg_service_key key = service_key(service);
	const json_t *sites = json_object_get(told, "sites"), *at;
	struct owner_site site[FLEET_SITES];
	size_t i;

	if (json_array_size(sites) != FLEET_SITES)
		return log_err(-EBADMSG, "service s%u: margayd tells of %zu sites", service,
			       json_array_size(sites));
	json_array_foreach(sites, i, at)
	{
		uint32_t number = told_site(at);
		struct addr egress = fleet_site_addr(number);

		if (number == FLEET_SITES)
			return log_err(-EBADMSG, "service s%u: margayd tells of another site",
				       service);
		site[i] = (struct owner_site){
			.id = identity_of_site(&egress, fleet_site_id(number)),
			.share = json_number_value(json_object_get(at, "share")),
			.member = (uint16_t)json_integer_value(json_object_get(at, "member")),
		};
	}
	owners_assign(identity_of_service(&key), site, FLEET_SITES, ret, FLEET_SLOTS);
	return 0;
}

/* 1: they are the same. */
static int service_check(const struct slots *s, uint32_t service, const json_t *told)
{
	struct owner owner[FLEET_SLOTS];
	int r = owners_told(s, service, told, owner);

	for (uint32_t i = 0; i < FLEET_SLOTS && r == 0; i++)
		if (slots_word(s, service, i).now != owner[i].now)
			return 0;
	return r < 0 ? r : 1;
}

static int service_check_again(const struct slots *s, uint32_t service)
{
	int r = 0;

	for (int i = 0; i < CHECKS && r == 0; i++) {
		char name[16];
		json_t *told;

		snprintf(name, sizeof(name), "s%u", service);
		fleet_wait_until(clock_ns() + CHECK_NS);
		told = told_services(s->fleet, name);
		r = told ? service_check(s, service,
					 json_array_get(json_object_get(told, "services"), 0))
			 : -EBADMSG;
		json_decref(told);
	}
	return r ? r
		 : log_err(-EBADMSG, "service s%u: slots have other owners than its shares give",
			   service);
}

int slots_check(struct slots *s, struct fleet *fleet)
{
	json_t *told = told_services(fleet, NULL);
	const json_t *services = told ? json_object_get(told, "services") : NULL;
	int r = told ? 1 : -EBADMSG;

	if (told && json_array_size(services) != fleet->services)
		r = log_err(-EBADMSG, "margayd tells of %zu services", json_array_size(services));
	for (uint32_t i = 0; i < fleet->services && r > 0; i++) {
		r = service_check(s, i, json_array_get(services, i));
		if (r == 0)
			r = service_check_again(s, i);
	}
	json_decref(told);
	return r < 0 ? r : 0;
}
