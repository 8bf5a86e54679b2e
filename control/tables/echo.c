/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: A service address gets one more entry, (address, ICMP), for echo requests and for what
 * cannot be told to be for one of its services (dataplane/README.md). It is a copy of the entry of
 * the address's service with the least protocol and port, so that all ingress routers choose the
 * same, by client, on that one's slots and members; it comes, changes and goes with it. Adoption
 * knows such entries by their protocol, which no service has.
 */
#include "tables/state.h"

#include "base/fnv.h"
#include "base/log.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static uint8_t echo_protocol(const struct mg_service_key *key)
{
	struct addr addr;

	memcpy(addr.octet, key->addr, sizeof(addr.octet));
	return addr_is_v4(&addr) ? IPPROTO_ICMP : IPPROTO_ICMPV6;
}

static bool same_address(const struct mg_service_key *a, const struct mg_service_key *b)
{
	return a->scope == b->scope && a->vrf == b->vrf &&
	       !memcmp(a->addr, b->addr, sizeof(a->addr));
}

struct near *near_of(const struct tables *t, const struct mg_service_key *key)
{
	uint64_t hash = fnv_add(FNV_START, key->addr, sizeof(key->addr));

	return (struct near *)&t->near[(hash ^ hash >> 32) % NEAR_COUNT];
}

static uint32_t key_rank(const struct mg_service_key *key)
{
	return (uint32_t)key->proto << 16 | key->port;
}

bool echo_is(const struct mg_service_key *key)
{
	return !key->port && key->proto == echo_protocol(key);
}

/* Whose entry is to be copied; NULL: the address has no service in the map. */
static const struct table_service *echo_model(const struct tables *t,
					      const struct mg_service_key *key)
{
	const struct table_service *least = NULL, *s = near_of(t, key)->services;

	for (; s; s = s->next_near) {
		if (s->place && same_address(&s->spec.key, key) &&
		    (!least || key_rank(&s->spec.key) < key_rank(&least->spec.key)))
			least = s;
	}
	return least;
}

static struct mg_service echo_entry(const struct table_service *model)
{
	struct mg_service entry = model->entry;

	entry.key.port = 0;
	entry.key.proto = echo_protocol(&entry.key);
	entry.affinity = MG_AFFINITY_CLIENT;
	entry.quic_config = entry.quic_id_len = 0;
	entry.mss_v4 = entry.mss_v6 = 0;
	entry.observe = 0;
	/* By the pins of its clients, where there are such; nothing begins by an echo. */
	entry.placement = model->entry.placement && model->entry.affinity == MG_AFFINITY_CLIENT
				  ? MG_PLACEMENT_FIRST
				  : MG_PLACEMENT_SLOT;
	return entry;
}

static struct echo *echo_find(const struct tables *t, const struct mg_service_key *key)
{
	struct echo *echo = near_of(t, key)->echoes;

	while (echo && !same_address(&echo->entry.key, key))
		echo = echo->next;
	return echo;
}

static struct echo *echo_add(struct tables *t, const struct mg_service_key *key)
{
	struct near *near = near_of(t, key);
	struct echo *echo = calloc(1, sizeof(*echo));

	if (!echo)
		return NULL;
	echo->entry.key = *key;
	echo->next = near->echoes;
	near->echoes = echo;
	return echo;
}

static void echo_remove(struct tables *t, struct echo *echo)
{
	struct echo **at = &near_of(t, &echo->entry.key)->echoes;

	if (echo->place) {
		service_index_remove(t, &echo->entry, echo->place);
		ranges_retire(&t->places, echo->place, t->sweep.round);
	}
	while (*at != echo)
		at = &(*at)->next;
	*at = echo->next;
	free(echo);
}

static int echo_enter(struct tables *t, struct echo *echo, const struct mg_service *entry)
{
	uint32_t place;
	int r = service_index_enter(t, entry, echo->place, &place);

	if (r < 0)
		return r;
	if (echo->place)
		ranges_retire(&t->places, echo->place, t->sweep.round);
	echo->entry = *entry;
	echo->place = place;
	return 0;
}

void echo_sync(struct tables *t, const struct mg_service_key *key)
{
	const struct table_service *model = echo_model(t, key);
	struct echo *echo = echo_find(t, key);
	struct mg_service entry;
	int r;

	if (!model) {
		if (echo)
			echo_remove(t, echo);
		return;
	}
	entry = echo_entry(model);
	if (echo && !memcmp(&echo->entry, &entry, sizeof(entry)))
		return;
	if (!echo)
		echo = echo_add(t, &entry.key);
	r = echo ? echo_enter(t, echo, &entry) : -ENOMEM;
	if (r >= 0)
		return;
	log_err(r, "a service's address takes no echo requests");
	if (echo && !echo->place)
		echo_remove(t, echo);
}

int echo_adopt(struct tables *t, uint32_t place, const struct mg_service *entry)
{
	struct echo *echo = echo_add(t, &entry->key);

	if (!echo)
		return -ENOMEM;
	echo->entry = *entry;
	echo->place = place;
	return 0;
}

void echo_free(struct tables *t)
{
	for (size_t i = 0; i < NEAR_COUNT; i++)
		while (t->near[i].echoes) {
			struct echo *echo = t->near[i].echoes;

			t->near[i].echoes = echo->next;
			free(echo);
		}
}

/* Of services that have gone, and of those of an older build, which had none. */
void echo_claim_end(struct tables *t)
{
	for (size_t i = 0; i < NEAR_COUNT; i++)
		for (struct echo *echo = t->near[i].echoes, *next; echo; echo = next) {
			struct mg_service_key key = echo->entry.key;

			next = echo->next;
			echo_sync(t, &key);
		}
	for (size_t i = 0; i < t->service_count; i++)
		echo_sync(t, &t->service[i]->spec.key);
}
