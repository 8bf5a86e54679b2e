/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stretch of a group's log as UPDATEs: withdrawals first, equal paths together, messages filled.
 * Private to adj_out.c.
 */
#pragma once
#include "bgp/adj_group.h"

/* Room for a message more, of this length at most. */
int buffer_reserve(struct buffer *buffer, size_t max);
struct writer buffer_writer(const struct buffer *buffer);

/* What the member has not been told yet, or as much as one batch takes. Borrowed from the group
 * until its next call; NULL: out of memory. */
const struct chunk *adj_chunk(struct adj_group *group, const struct adj_out *member);

/* The member has had what adj_chunk() gave it. */
void adj_chunk_taken(struct adj_group *group, const struct chunk *chunk);

/* What it has been told, once more: some of it from member->again on. *ret_to is how far that went.
 * 0 or -ENOMEM. */
int adj_chunk_again(struct adj_group *group, const struct adj_out *member, struct buffer *ret,
		    uint64_t *ret_to);

/* Chunks that may tell of what has gone since are not for somebody new. */
void adj_chunks_expire(struct adj_group *group);
