/* SPDX-License-Identifier: BSD-2-Clause */
/* Two choices, and what is counted of flows: DESIGN section 3, dataplane/README.md. Written apart
 * from dataplane/core, as the rest of the model. */
#include "model.h"

#include <flow.h>
#include <netinet/in.h>
#include <string.h>

static struct model_recent *find_recent(struct model *model, const struct model_packet *packet)
{
	for (size_t i = 0; i < model->recents && i < MODEL_RECENT; i++) {
		struct model_recent *r = &model->recent[i];

		if (!memcmp(r->src, packet->src, 16) && !memcmp(r->dst, packet->dst, 16) &&
		    r->proto == packet->proto && r->sport == packet->sport &&
		    r->dport == packet->dport)
			return r;
	}
	return NULL;
}

static struct model_recent *get_recent(struct model *model, const struct model_packet *packet)
{
	struct model_recent *r = find_recent(model, packet);

	if (r)
		return r;
	r = &model->recent[model->recents++ % MODEL_RECENT];
	*r = (struct model_recent){ .proto = packet->proto,
				    .sport = packet->sport,
				    .dport = packet->dport };
	memcpy(r->src, packet->src, 16);
	memcpy(r->dst, packet->dst, 16);
	return r;
}

bool model_begins(const struct mg_service *service, const struct model_packet *packet)
{
	if (service->placement == MG_PLACEMENT_SLOT || packet->error)
		return false;
	return packet->start || packet->proto == IPPROTO_UDP ||
	       (packet->proto == IPPROTO_TCP && service->affinity == MG_AFFINITY_CLIENT);
}

/* gamma (f_j + 1) / w_j < (f_i + 1) / w_i, gamma 1.25; no division by a weight of zero. */
static bool second_is_better(const struct model *model, uint32_t first, uint32_t second)
{
	double one = MG_LOAD_FLOW;
	double fi = model->load[first].in_flight + one, fj = model->load[second].in_flight + one;

	return 1.25 * fj * model->member[first].weight < fi * model->member[second].weight;
}

uint32_t model_begin(struct model *model, const struct mg_service *service,
		     const struct model_packet *packet, uint64_t hash, bool asks_recent,
		     struct model_count *count)
{
	const struct mg_slot *slot = &model->slot[service->slot_base + (hash & service->slot_mask)];
	const struct mg_slot *other =
		&model->slot[service->slot_base + (flow_second(hash) & service->slot_mask)];
	const struct model_recent *recent = asks_recent ? find_recent(model, packet) : NULL;
	uint32_t base = service->member_base, first, had;

	count->begins = packet->start || packet->proto == IPPROTO_UDP;
	had = recent && recent->state != RECENT_ENDED ? recent->member - base : 0;
	if (model_usable(model, service, had))
		return had;
	if (slot->state == MG_SLOT_MOVING && !packet->start &&
	    model_usable(model, service, slot->prev))
		return slot->prev;
	first = model_stand_in(model, service, hash);
	if (!first || service->placement != MG_PLACEMENT_TWO_CHOICE || !count->begins)
		return first;
	if (other->now == first || !model_usable(model, service, other->now) ||
	    !second_is_better(model, base + first, base + other->now))
		return first;
	count->second = true;
	return other->now;
}

static void count_start(struct model *model, const struct model_packet *packet,
			const struct model_count *count)
{
	bool known = find_recent(model, packet) != NULL;
	struct model_recent *r = get_recent(model, packet);
	struct mg_load *load = &model->load[count->member];
	bool again = count->again || (known && r->state != RECENT_ENDED);

	r->state = again ? RECENT_RUNNING : RECENT_STARTED;
	r->member = count->member;
	if (again)
		return;
	load->starts++;
	load->seconds += count->second;
	load->in_flight += MG_LOAD_FLOW;
}

static void count_end(struct model *model, const struct model_packet *packet,
		      const struct model_count *count)
{
	bool known = find_recent(model, packet) != NULL;
	struct model_recent *r = get_recent(model, packet);
	struct mg_load *load = &model->load[count->member];

	if (known && r->state == RECENT_ENDED)
		return;
	r->state = RECENT_ENDED;
	r->member = count->member;
	load->ends++;
	load->timed += known;
	load->in_flight -= load->in_flight < MG_LOAD_FLOW ? load->in_flight : MG_LOAD_FLOW;
}

void model_observe(struct model *model, const struct model_packet *packet,
		   const struct model_count *count)
{
	struct model_recent *r = find_recent(model, packet);
	bool timed = packet->proto == IPPROTO_TCP && !packet->error &&
		     !(packet->sport * FLOW_MIX_A >> 60);

	if (!count->observed)
		return;
	if (packet->start || count->begins) {
		count_start(model, packet, count);
	} else if (packet->ends) {
		count_end(model, packet, count);
	} else if (timed && r && r->state == RECENT_STARTED) {
		r->state = RECENT_RUNNING;
		model->load[count->member].handshakes++;
	}
}
