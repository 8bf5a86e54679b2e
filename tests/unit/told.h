/* SPDX-License-Identifier: BSD-2-Clause */
/* Neighbours as adj_out.c sees them, and what each holds by the UPDATEs it was sent. */
#pragma once
#include "bgp/adj_out.h"
#include "bgp/message.h"
#include "bgp/update.h"
#include "random.h"
#include "routes.h"

#define FAMILIES (BIT(BGP_IPV4_UNICAST) | BIT(BGP_IPV6_UNICAST))

static inline struct export_target target_of(uint8_t neighbor, bool add_path)
{
	return (struct export_target){ .neighbor = neighbor,
				       .client = true,
				       .local = addr_of_v4((uint8_t[]){ 10, 0, 0, 99 }),
				       .cluster_id = { 10, 0, 0, 99 },
				       .codec = { .local_as = 65000,
						  .remote_as = 65000,
						  .ibgp = true,
						  .inside = true,
						  .as4 = true,
						  .families = FAMILIES,
						  .add_path_out = add_path ? FAMILIES : 0 } };
}

/* What the neighbour holds by what it was sent: LOCAL_PREF by prefix and path id. */
#define PREFIXES 30
#define IDS      1000 /* they grow as long as a prefix is never without routes */

struct listener {
	struct bgp_codec codec;
	uint32_t pref[PREFIXES][IDS];
	unsigned int updates, announced, withdrawn, end_of_rib;
	bool announced_before_withdrawn;
	bool grouped; /* may hear a withdrawal that it needs not, as others do: RFC 4271 section 9
		       */
};

static inline struct listener listener_of(const struct export_target *to)
{
	struct listener listener = { .codec = to->codec };

	listener.codec.add_path_in = to->codec.add_path_out;
	return listener;
}

static inline void listen_update(struct listener *l, struct cursor body)
{
	static struct bgp_update update;
	struct update_item item;

	cr_assert(eq(int, update_decode(&l->codec, body, &update), FAULT_NONE));
	l->end_of_rib += update.end_of_rib;
	l->updates += !update.end_of_rib;
	while (update_next(&update, &item)) {
		const uint8_t *octet = item.nlri.dst.prefix.addr.octet;
		uint8_t i = octet[15];

		l->announced_before_withdrawn |= !item.path && l->announced;
		l->announced += item.path != NULL;
		l->withdrawn += !item.path;
		if (octet[13] || octet[14] || i >= PREFIXES || item.nlri.path_id >= IDS)
			continue;
		cr_assert(item.path || l->grouped || l->pref[i][item.nlri.path_id],
			  "withdrawn, not announced");
		l->pref[i][item.nlri.path_id] = item.path ? item.path->local_pref : 0;
	}
}

/* Flushes to the end. */
static inline void hear(struct adj_out *out, struct listener *l)
{
	_cleanup_(buffer_clear) struct buffer buffer = { 0 };
	struct notification fault;
	struct message message;
	struct cursor c;
	int r = 1;

	l->updates = l->announced = l->withdrawn = 0;
	while (r > 0)
		r = adj_out_flush(out, &buffer);
	cr_assert(eq(int, r, 0));
	cr_assert(adj_out_due(out) == false);
	c = cursor_of(buffer.at, buffer.len);
	for (size_t i = 0; i < buffer.messages; i++) {
		cr_assert(eq(int, message_read(&c, &message, &fault), 1));
		listen_update(l, message.body);
	}
	cr_expect(eq(sz, cursor_left(&c), 0));
}

static inline void say(struct adj_outs *outs, struct rib_source *source, struct bgp_nlri nlri,
		       uint32_t pref)
{
	struct bgp_path path = path_pref(pref);

	if (pref)
		cr_assert(rib_announce(outs->rib, source, &nlri, &path, 0) >= 0);
	else
		rib_withdraw(outs->rib, source, &nlri);
	adj_outs_touch(outs, &nlri.dst);
}

/* Some messages, not to the end. */
static inline void hear_some(struct adj_out *out, struct listener *l)
{
	_cleanup_(buffer_clear) struct buffer buffer = { 0 };
	struct notification fault;
	struct message message;
	struct cursor c;

	cr_assert(adj_out_flush(out, &buffer) >= 0);
	c = cursor_of(buffer.at, buffer.len);
	while (message_read(&c, &message, &fault) > 0)
		listen_update(l, message.body);
	cr_expect(eq(sz, cursor_left(&c), 0));
}
