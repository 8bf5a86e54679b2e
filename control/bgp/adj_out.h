/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one neighbour was told (Adj-RIB-Out) and which prefixes have to be looked at again. It holds
 * no messages: they are made from the RIB as it is when there is room to send, so a neighbour that
 * does not read costs one mark a prefix, however often its routes change. Owned by the neighbour,
 * for one Established session; on the event loop.
 */
#pragma once
#include "bgp/export.h"
#include "bgp/rib.h"

struct adj_out;

/* Messages to send, grown as needed. */
struct buffer {
	uint8_t *at;
	size_t len, size, messages;
};
void buffer_clear(struct buffer *buffer);

/* The RIB outlives it. Every route that is in the RIB is due. NULL: out of memory. */
struct adj_out *adj_out_new(struct rib *rib, const struct export_target *to);
void adj_out_free(struct adj_out **out);

/* The routes of the destination have changed. 0, or -ENOMEM: the session cannot go on. */
int adj_out_touch(struct adj_out *out, const struct bgp_dst *dst);
/* RFC 2918: what the neighbour was told is due again, changed or not; where RFC 7313 was agreed on,
 * between a begin and an end, unless the first table is still under way, which serves as well. */
void adj_out_refresh(struct adj_out *out, enum bgp_family family);

/* Appends to *ret the UPDATEs for some of what is due: withdrawals first, equal paths together, and
 * after the first whole table End-of-RIB. Returns whether there is more, or -ENOMEM: the session
 * cannot go on. */
int adj_out_flush(struct adj_out *out, struct buffer *ret);

bool adj_out_due(const struct adj_out *out);
size_t adj_out_count(const struct adj_out *out); /* routes the neighbour has from us */
