/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An update group: neighbours with the same export target, the table of what they are told, and the
 * order in which that changed. Private to adj_out.c, adj_chunk.c and adj_limit.c; owned by struct
 * adj_outs, and gone with the last member.
 */
#pragma once
#include "bgp/adj_out.h"

/* What is told of a prefix under one path id. The versions count the group's changes. */
struct sent {
	uint32_t id;
	uint32_t source; /* neighbour that the route is from: it is not told */
	struct interned
		*path;    /* NULL: withdrawn, kept until every member knows. See adj_group.out */
	uint64_t version; /* of its last change */
	uint64_t first;   /* before that, no member has had anything of this id */
	uint64_t moved;   /* since then it is from this source */
};

struct out_entry {
	struct table_link link;
	struct bgp_dst dst;
	bool due, redo;
	uint32_t slot; /* in the log; NO_SLOT: not yet */
	uint32_t count;
	struct sent one, *sent; /* by growing id; sent is &one where that is all */
	struct out_entry *next_due;
};

struct log_slot { /* NULL: the entry has changed again and stands further back */
	uint64_t version;
	struct out_entry *entry;
};

/* UPDATEs for members that had been told everything up to `from`. */
struct chunk {
	uint64_t from, to; /* from == to: none */
	uint64_t made;     /* adj_group.version then */
	struct buffer buffer;
	uint32_t *source; /* whose routes are in there: for those it is not */
	size_t source_count;
	bool own; /* for one of them: for nobody else */
};

#define GROUP_CHUNKS 32
#define NO_SLOT      UINT32_MAX

struct adj_group {
	struct adj_outs *outs;
	struct export_target to; /* without the neighbour */
	/* Whether `sent` has the paths as they are told. Within the AS they are told as they came,
	 * but for what names the reflector: then it has the RIB's, and they are made to be sent. */
	bool out;
	bool failed; /* memory was short: what is told is not what should be */
	struct table entries;
	struct out_entry *due, *last_due;
	struct log_slot *log;
	size_t log_count, log_size, log_live;
	uint64_t version;   /* of the last change */
	uint64_t trimmed;   /* up to there, nothing withdrawn is kept */
	uint64_t redo_from; /* entries with redo: what changed since is to be told again */
	size_t told, gone;  /* routes, and those withdrawn that are still kept */
	struct adj_out *members;
	size_t member_count;
	struct chunk chunk[GROUP_CHUNKS];
	size_t next_chunk;
	const struct adj_group
		*copy_of; /* made of it by adj_limit.c, when it was at this version; */
	uint64_t copied;  /* NULL: of none, or it has gone */
	struct adj_group *next;
};

struct adj_out {
	struct adj_group *group;
	uint32_t neighbor;
	uint64_t version;   /* told everything up to there */
	uint64_t again;     /* RFC 2918: to be told again from there on, */
	uint64_t again_end; /* to there: */
	uint32_t again_families;
	uint32_t end_of_rib;                 /* families for which it is still to be sent */
	uint32_t refresh_begin, refresh_end; /* the same of RFC 7313 */
	size_t own;                          /* routes of the group that are from this neighbour */
	struct adj_out *prev, *next;
};

/* NULL: out of memory. A new one has all of the RIB's prefixes due. */
struct adj_group *adj_group_demand(struct adj_outs *outs, const struct export_target *to);
void adj_group_release(struct adj_group *group); /* frees it if it has no member */
int adj_group_touch(struct adj_group *group, const struct bgp_dst *dst, uint32_t hash);
/* Compares some of what is due with the RIB. 0 or -ENOMEM. */
int adj_group_advance(struct adj_group *group);
/* Forgets what was withdrawn and every member knows. */
void adj_group_trim(struct adj_group *group);
/* Index of the first slot of the log after this version. */
size_t adj_group_slot(const struct adj_group *group, uint64_t version);
/* The path cannot be told: it counts as withdrawn. */
void adj_group_fail(struct adj_group *group, struct out_entry *entry, uint32_t id);

struct out_entry *adj_group_entry(const struct adj_group *group, const struct bgp_dst *dst,
				  uint32_t hash);
/* NULL: out of memory. */
struct out_entry *adj_group_entry_new(struct adj_group *group, const struct bgp_dst *dst,
				      uint32_t hash);

/* May the member, told everything up to `told`, hold something of this id? */
static inline bool sent_held(const struct sent *sent, uint32_t neighbor, uint64_t told)
{
	return sent->first <= told && !(sent->source == neighbor && sent->moved <= told);
}
