/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hash table of things that hold their own link, 16 octets each where uthash's handle has 56: a
 * reflector has such a link in every route, prefix and path. Keys and their comparison are the
 * caller's, who walks those of one hash; hashes are to be keyed (hash.h). A value; zeroed it is
 * empty.
 */
#pragma once
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct table_link {
	struct table_link *next;
	uint32_t hash;
	uint32_t note; /* whatever the owner likes: it would be padding */
};

struct table {
	struct table_link **bucket;
	size_t size, count; /* size: a power of two, or 0 */
};

#define TABLE_ENTRY(link, type, member) \
	((link) ? (type *)((char *)(link)-offsetof(type, member)) : (type *)NULL)

/* The first link of this hash from `link` on, itself included. */
static inline struct table_link *table_match(struct table_link *link, uint32_t hash)
{
	while (link && link->hash != hash)
		link = link->next;
	return link;
}

static inline struct table_link *table_first(const struct table *table, uint32_t hash)
{
	return table->size ? table_match(table->bucket[hash & (table->size - 1)], hash) : NULL;
}

static inline struct table_link *table_next(const struct table_link *link)
{
	return table_match(link->next, link->hash);
}

static inline void table_rehash(struct table *table, struct table_link **bucket, size_t size)
{
	for (size_t i = 0; i < table->size; i++) {
		struct table_link *link = table->bucket[i], *next;

		for (; link; link = next) {
			struct table_link **to = &bucket[link->hash & (size - 1)];

			next = link->next;
			link->next = *to;
			*to = link;
		}
	}
	free(table->bucket);
	table->bucket = bucket;
	table->size = size;
}

/* 0, or -ENOMEM and the table is as it was. */
static inline int table_add(struct table *table, struct table_link *link, uint32_t hash)
{
	struct table_link **to;

	if (table->count == table->size) {
		size_t size = table->size ? table->size * 2 : 64;
		struct table_link **bucket = calloc(size, sizeof(*bucket));

		if (!bucket)
			return -ENOMEM;
		table_rehash(table, bucket, size);
	}
	to = &table->bucket[hash & (table->size - 1)];
	link->next = *to;
	link->hash = hash;
	*to = link;
	table->count++;
	return 0;
}

/* It is in the table. The last one that goes takes the buckets along. */
static inline void table_remove(struct table *table, struct table_link *link)
{
	struct table_link **at = &table->bucket[link->hash & (table->size - 1)];

	while (*at != link)
		at = &(*at)->next;
	*at = link->next;
	if (--table->count)
		return;
	free(table->bucket);
	*table = (struct table){ 0 };
}

/* The bucket to look at after this one, in a walk with pauses: 0 begins and ends it. What is there
 * from its beginning to its end is met, whatever is added and removed meanwhile; some things may be
 * met twice. Indices count up from their highest bit, so that a bucket that has become two by
 * growth is followed by both. */
static inline uint64_t table_scan_next(const struct table *table, uint64_t at)
{
	uint64_t bit = table->size >> 1;

	for (at &= table->size ? table->size - 1 : 0; at & bit; bit >>= 1)
		at ^= bit;
	return at | bit;
}

/* All of them, in no order: NULL begins and ends it. Additions and removals end a walk. */
static inline struct table_link *table_walk(const struct table *table,
					    const struct table_link *after)
{
	size_t i = after ? (after->hash & (table->size - 1)) + 1 : 0;

	if (after && after->next)
		return after->next;
	for (; i < table->size; i++)
		if (table->bucket[i])
			return table->bucket[i];
	return NULL;
}
