/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What neighbours were told (Adj-RIB-Out) and which prefixes have to be looked at again. Neighbours
 * that are to be told the same share one table and the encoding of what changes (an update group);
 * each has but its place in the order of changes, so one that does not read costs nothing more,
 * however often routes change. No messages are held but the last few chunks, for the other members
 * of a group. On the event loop.
 */
#pragma once
#include "bgp/export.h"
#include "bgp/rib.h"

struct adj_group;
struct adj_out;

/* All groups of a speaker. A value; zeroed but for the RIB, which outlives it, it is empty. */
struct adj_outs {
	struct rib *rib;
	struct adj_group *groups;
	uint64_t touch; /* adj_group.c's own */
};

/* The routes of the prefix have changed. Where memory is short the next flush says so. */
void adj_outs_touch(struct adj_outs *outs, const struct bgp_dst *dst);

/* Messages to send, grown as needed. */
struct buffer {
	uint8_t *at;
	size_t len, size, messages;
};
void buffer_clear(struct buffer *buffer);

/* For one Established session of one neighbour. Every route that is in the RIB is due. NULL: out of
 * memory. */
struct adj_out *adj_out_new(struct adj_outs *outs, const struct export_target *to);
void adj_out_free(struct adj_out **out);

/* RFC 2918: what the neighbour was told is due again, changed or not; where RFC 7313 was agreed on,
 * between a begin and an end, unless the first table is still under way, which serves as well. */
void adj_out_refresh(struct adj_out *out, enum bgp_family family);

/* Appends to *ret the UPDATEs for some of what is due: withdrawals first, equal paths together, and
 * after the first whole table End-of-RIB. Returns whether there is more, or -ENOMEM: the session
 * cannot go on. */
int adj_out_flush(struct adj_out *out, struct buffer *ret);

/* From now on, so many paths of a prefix: what is too many is withdrawn, what may be told now is,
 * and all else stays as the neighbour has it. 0; -ENOMEM: the session cannot go on. */
int adj_out_limit(struct adj_out *out, uint8_t paths_max);

bool adj_out_due(const struct adj_out *out);
/* Routes the neighbour has from us, once what is due has been sent. */
size_t adj_out_count(const struct adj_out *out);
size_t adj_out_members(const struct adj_out *out); /* neighbours in its group, itself included */
