/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An update group: neighbours with the same export target, the table of what they are told, and the
 * order in which that changed. Private to adj_out.c, adj_chunk.c and adj_limit.c; owned by struct
 * adj_outs, and gone with the last member.
 */
#pragma once
#include "base/pool.h"
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
	struct rib_entry *of; /* kept as long as this is */
	struct adj_group *group;
	struct out_entry *next; /* another group's, of the same */
	uint32_t slot;          /* in the log; NO_SLOT: not yet */
	uint32_t count : 30;
	uint32_t due : 1, redo : 1;
	union {
		struct sent one; /* where count is 0 or 1 */
		struct sent *list;
	};
};

/* By growing id. */
static inline struct sent *out_sent(struct out_entry *entry)
{
	return entry->count > 1 ? entry->list : &entry->one;
}

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
	bool own;      /* for one of them: for nobody else */
	size_t takers; /* who have not had it yet, of those that it was made for */
};

#define GROUP_CHUNKS 32
#define NO_SLOT      UINT32_MAX

struct adj_group {
	struct adj_outs *outs;
	struct export_target to; /* without the neighbour */
	/* Whether `sent` has the paths as they are told. Within the AS they are told as they came,
	 * but for what names the reflector: then it has the RIB's, and they are made to be sent. */
	bool out;
	bool failed;            /* memory was short: what is told is not what should be */
	struct pool pool;       /* of entries: each stands in the log, is due, or both */
	struct out_entry **due; /* a queue: those from due_at to before due_end */
	size_t due_at, due_end, due_size;
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
	uint64_t touched; /* adj_outs.touch when it was last seen */
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
/* The entry is to be compared with the RIB. 0 or -ENOMEM. */
int adj_group_touch(struct adj_group *group, struct out_entry *entry);
/* Compares some of what is due with the RIB. 0 or -ENOMEM. */
int adj_group_advance(struct adj_group *group);
/* Forgets what was withdrawn and every member knows. */
void adj_group_trim(struct adj_group *group);
/* Index of the first slot of the log after this version. */
size_t adj_group_slot(const struct adj_group *group, uint64_t version);
/* Of the routes told, those that came from this neighbour. */
size_t adj_group_told_from(const struct adj_group *group, uint32_t source);
/* The path cannot be told: it counts as withdrawn. */
void adj_group_fail(struct adj_group *group, struct out_entry *entry, uint32_t id);

/* The group has none of it. NULL: out of memory. */
struct out_entry *adj_group_entry_new(struct adj_group *group, struct rib_entry *of);
void adj_group_entry_free(struct adj_group *group, struct out_entry *entry); /* is not due */
/* Copies the list, which may be part of its own. 0, or -ENOMEM and it is as it was. */
int adj_group_entry_set(struct out_entry *entry, const struct sent *list, size_t count);

static inline bool adj_group_due(const struct adj_group *group)
{
	return group->due_at < group->due_end;
}

/* May the member, told everything up to `told`, hold something of this id? */
static inline bool sent_held(const struct sent *sent, uint32_t neighbor, uint64_t told)
{
	return sent->first <= told && !(sent->source == neighbor && sent->moved <= told);
}
