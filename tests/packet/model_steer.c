/* SPDX-License-Identifier: BSD-2-Clause */
/* Service, slot, pin, member: DESIGN sections 2 and 3. */
#include "model.h"

#include <flow.h>
#include <netinet/in.h>
#include <string.h>

const struct mg_service *model_service(const struct model *model, const struct model_table *table,
				       const uint8_t addr[16], uint8_t proto, uint16_t port)
{
	for (size_t i = 0; i < model->services; i++) {
		const struct mg_service_key *key = &model->service[i].key;

		if (key->scope == table->scope && key->vrf == table->vrf && key->proto == proto &&
		    key->port == port && !memcmp(key->addr, addr, 16))
			return &model->service[i];
	}
	return NULL;
}

static const struct mg_service *find_service(struct model *model, uint8_t scope,
					     const struct model_packet *packet)
{
	const struct model_table table = { scope, packet->vrf };
	const struct mg_service *service = NULL;

	if (packet->dport && !packet->unknown)
		service = model_service(model, &table, packet->dst, packet->proto, packet->dport);
	if (!service)
		service = model_service(model, &table, packet->dst, packet->proto, 0);
	return service ? service : model_service(model, &table, packet->dst, 0, 0);
}

uint64_t model_hash(const struct model *model, const struct model_packet *packet,
		    const struct mg_service *service)
{
	struct flow flow = { .v4 = packet->v4, .sport = packet->sport };

	memcpy(flow.src, packet->src, 16);
	memcpy(flow.service.addr, packet->dst, 16);
	flow.service.port = packet->dport;
	flow.service.proto = packet->proto;
	return flow_hash_for(&flow, model->settings.hash_seed, service);
}

bool model_usable(const struct model *model, const struct mg_service *service, uint32_t member)
{
	const struct mg_member *entry;

	if (!member || member > service->member_count)
		return false;
	entry = &model->member[service->member_base + member];
	if (entry->state != MG_UP || model->site[entry->site].state != MG_UP)
		return false;
	/* Steered to another router once and never again: no loop, whatever the tables say. */
	return service->key.scope == MG_SCOPE_INGRESS ||
	       model->site[entry->site].encap == MG_ENCAP_NONE;
}

static struct model_pin *find_pin(struct model *model, uint32_t slot, uint64_t hash)
{
	for (size_t i = 0; i < model->pins; i++) {
		struct model_pin *pin = &model->pin[i];

		if (pin->slot == slot && pin->fingerprint == hash >> FLOW_FINGERPRINT_SHIFT &&
		    pin->set == (hash >> FLOW_PIN_SHIFT & model->settings.pin_set_mask))
			return pin;
	}
	return NULL;
}

static void add_pin(struct model *model, uint32_t slot, uint64_t hash, uint32_t member)
{
	model->pin[model->pins++ % MODEL_PINS] =
		(struct model_pin){ slot, hash >> FLOW_PIN_SHIFT & model->settings.pin_set_mask,
				    hash >> FLOW_FINGERPRINT_SHIFT, member, model->tick };
}

uint32_t model_stand_in(const struct model *model, const struct mg_service *service, uint64_t hash)
{
	for (int draw = 0; draw <= MG_REDRAWS; draw++) {
		const struct mg_slot *slot =
			&model->slot[service->slot_base + (hash & service->slot_mask)];

		if (model_usable(model, service, slot->now))
			return slot->now;
		if (model_usable(model, service, slot->next))
			return slot->next;
		hash = flow_redraw(hash);
	}
	return 0;
}

uint32_t model_slot(struct model *model, const struct mg_service *service,
		    const struct model_packet *packet, uint64_t hash, struct model_count *count)
{
	uint32_t index = service->slot_base + (hash & service->slot_mask), member;
	const struct mg_slot *slot = &model->slot[index];
	bool by_client = service->affinity == MG_AFFINITY_CLIENT, needed, old;
	struct model_pin *pin;

	if (slot->state == MG_SLOT_STABLE && !service->placement)
		return model_stand_in(model, service, hash);
	pin = find_pin(model, index, hash);
	old = packet->start && pin && model->tick - pin->tick > 2 &&
	      !(service->placement && by_client);
	if (pin && model_usable(model, service, pin->member) && !old) {
		pin->tick = model->tick;
		count->again = !by_client;
		return pin->member;
	}
	needed = slot->state == MG_SLOT_MOVING;
	if (model_begins(service, packet)) {
		member = model_begin(model, service, packet, hash, !pin, count);
		needed |= packet->proto == IPPROTO_UDP || by_client || member != slot->now;
	} else if (needed && !pin && !packet->start && model_usable(model, service, slot->prev)) {
		member = slot->prev;
	} else {
		member = model_stand_in(model, service, hash);
	}
	if (pin) {
		pin->member = member ? member : pin->member;
		pin->tick = model->tick;
	} else if (needed && member) {
		add_pin(model, index, hash, member);
	}
	return member;
}

/* draft-ietf-quic-load-balancers-19: the first octet of a connection ID says the configuration in
 * its top three bits, the server's ID follows. In a long header the ID's length stands before it,
 * in a short one the ID follows the first octet. */
static uint32_t server_member(const struct model *model, const struct model_packet *packet,
			      const struct mg_service *service)
{
	const uint8_t *at = packet->frame + packet->payload + 8;
	size_t need = 1 + service->quic_id_len, id_at = 1, len;

	if (packet->proto != IPPROTO_UDP || packet->error || packet->fragment)
		return 0;
	len = packet->end - packet->payload - 8;
	if (len && at[0] & 0x80) {
		if (len < 6 || at[5] < need || 6u + at[5] > len)
			return 0;
		id_at = 6;
	}
	if (len < id_at + need || at[id_at] >> 5 != service->quic_config)
		return 0;
	return model->server(service->index, at + id_at + 1, service->quic_id_len);
}

static enum mg_verdict no_member(uint8_t scope, const struct model_packet *packet,
				 const struct mg_service *service)
{
	if (scope == MG_SCOPE_EGRESS)
		return MG_NO_MEMBER;
	if (service->last_resort == MG_LAST_KERNEL)
		return MG_LAST_RESORT;
	if (service->last_resort == MG_LAST_UNREACHABLE && model_answerable(packet))
		return MG_UNREACHABLE;
	return MG_NO_MEMBER;
}

/* Hash bits 32 to 47, which neither slot nor fingerprint have, share the next hops out evenly. */
enum mg_verdict model_nexthop(const struct model *model, struct model_way *way)
{
	const struct mg_site *site = &model->site[way->site];
	uint32_t draw = (way->hash >> 32 & 0xffff) * site->nexthop_count / 65536;

	if (!site->nexthop_count || draw >= MG_SITE_NEXTHOPS)
		return MG_NO_NEXTHOP;
	way->nexthop = site->nexthop[draw];
	return model->nexthop[way->nexthop].ifindex ? MG_FORWARD : MG_NO_NEXTHOP;
}

enum mg_verdict model_steer(struct model *model, uint8_t scope, struct model_packet *packet,
			    struct model_way *ret)
{
	const struct mg_service *service = find_service(model, scope, packet);
	const struct model_table table = { scope, packet->vrf };
	enum mg_verdict unclear = packet->error ? MG_QUOTE : MG_FRAGMENT;
	uint8_t icmp = packet->v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	struct model_count count = { 0 };
	uint32_t member = 0;

	if (packet->unknown && (!service || service->affinity != MG_AFFINITY_CLIENT))
		return service || model_service(model, &table, packet->dst, icmp, 0) ? unclear
										     : MG_NOT_OURS;
	if (!service)
		return MG_NOT_OURS;
	ret->service = service;
	ret->hash = model_hash(model, packet, service);
	count.observed = service->observe && scope == MG_SCOPE_INGRESS;
	if (service->affinity == MG_AFFINITY_QUIC)
		member = server_member(model, packet, service);
	if (model_usable(model, service, member))
		count.observed = false;
	else
		member = model_slot(model, service, packet, ret->hash, &count);
	if (!member)
		return no_member(scope, packet, service);
	ret->member = service->member_base + member;
	count.member = ret->member;
	if (scope == MG_SCOPE_INGRESS)
		ret->count = count;
	ret->site = model->member[ret->member].site;
	if (model->site[ret->site].encap == MG_ENCAP_LOCAL)
		return MG_FORWARD; /* its next hops are those of an instance */
	return model_nexthop(model, ret);
}
