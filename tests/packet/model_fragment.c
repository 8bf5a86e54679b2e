/* SPDX-License-Identifier: BSD-2-Clause */
/* Fragments follow their first one: dataplane/README.md, "Fragments". */
#include "model.h"

#include <string.h>

#define LIFE 2 /* ticks */

static struct model_fragment entry_of(const struct model *model, const struct model_packet *packet)
{
	struct model_fragment entry = { .id = packet->id, .vrf = packet->vrf, .tick = model->tick };

	memcpy(entry.src, packet->src, 16);
	memcpy(entry.dst, packet->dst, 16);
	entry.key_proto = packet->v4 ? packet->proto : 0;
	entry.proto = packet->proto;
	entry.sport = packet->sport;
	entry.dport = packet->dport;
	return entry;
}

static bool same_packet(const struct model_fragment *a, const struct model_fragment *b)
{
	return !memcmp(a->src, b->src, 16) && !memcmp(a->dst, b->dst, 16) && a->id == b->id &&
	       a->vrf == b->vrf && a->key_proto == b->key_proto;
}

/* The newest that is left of this packet; NULL: none. */
static struct model_fragment *find(struct model *model, const struct model_fragment *like)
{
	size_t kept = model->fragments < MODEL_FRAGMENTS ? model->fragments : MODEL_FRAGMENTS;

	for (size_t i = 1; i <= kept; i++) {
		struct model_fragment *entry =
			&model->fragment[(model->fragments - i) % MODEL_FRAGMENTS];

		if (same_packet(entry, like))
			return model->tick - entry->tick < LIFE ? entry : NULL;
	}
	return NULL;
}

void model_recall(struct model *model, struct model_packet *packet)
{
	struct model_fragment like = entry_of(model, packet), *entry;

	if (!packet->later)
		return;
	entry = find(model, &like);
	if (!entry)
		return;
	packet->proto = entry->proto;
	packet->sport = entry->sport;
	packet->dport = entry->dport;
	packet->unknown = false;
}

void model_learn(struct model *model, const struct model_packet *packet)
{
	if (!packet->fragment || packet->later || !packet->proto) /* 0 marks a free entry */
		return;
	model->fragment[model->fragments++ % MODEL_FRAGMENTS] = entry_of(model, packet);
}
