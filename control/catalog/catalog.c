/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: a hash of services, each with what its sources say (statements.h). BGP is ordered, so what a
 * source says replaces what it said before, however old its sample; only between sources does
 * freshness decide.
 *
 * On clocks: sampled_ms is on our monotonic clock, converted (dated.h) from the sender's stamp or
 * from the time of arrival. Here times are only compared, and the same stamp keeps its first date.
 *
 * The hash is keyed: service addresses come from peers, and must not be chosen to collide.
 */
#include "catalog/catalog.h"

#include "base/util.h"
#include "statements.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct entry {
	struct addr service;
	struct statements statements;
	UT_hash_handle hh;
};

struct catalog {
	struct entry *entries; /* uthash's head */
	uint64_t secret[2];
};

struct catalog *catalog_new(void)
{
	struct catalog *catalog = calloc(1, sizeof(*catalog));

	if (catalog)
		arc4random_buf(catalog->secret, sizeof(catalog->secret));
	return catalog;
}

static void entry_free(struct entry **entry)
{
	if (!*entry)
		return;
	statements_clear(&(*entry)->statements);
	freep(entry);
}

void catalog_free(struct catalog **catalog)
{
	struct entry *entry, *next;

	if (!*catalog)
		return;
	HASH_ITER(hh, (*catalog)->entries, entry, next)
	{
		HASH_DEL((*catalog)->entries, entry);
		entry_free(&entry);
	}
	freep(catalog);
}

static struct entry *catalog_entry(const struct catalog *catalog, const struct addr *service)
{
	unsigned int hash = addr_hash(service, catalog->secret);
	struct entry *entry;

	HASH_FIND_BYHASHVALUE(hh, catalog->entries, service, sizeof(*service), hash, entry);
	return entry;
}

static struct entry *catalog_entry_new(struct catalog *catalog, const struct addr *service)
{
	_cleanup_(entry_free) struct entry *entry = calloc(1, sizeof(*entry));
	unsigned int hash = addr_hash(service, catalog->secret);

	if (!entry)
		return NULL;
	entry->service = *service;
	HASH_ADD_BYHASHVALUE(hh, catalog->entries, service, sizeof(entry->service), hash, entry);
	if (!entry->hh.tbl)
		return NULL; /* uthash had no memory and left the entry out */
	return TAKE_PTR(entry);
}

static void catalog_entry_drop(struct catalog *catalog, struct entry *entry)
{
	HASH_DEL(catalog->entries, entry);
	entry_free(&entry);
}

int catalog_announce(struct catalog *catalog, const struct offer *offer, enum catalog_change *ret)
{
	struct entry *entry = catalog_entry(catalog, &offer->key.service);
	int r;

	if (!entry)
		entry = catalog_entry_new(catalog, &offer->key.service);
	if (!entry)
		return -ENOMEM;
	r = statements_put(&entry->statements, offer, ret);
	if (r < 0 && !entry->statements.count)
		catalog_entry_drop(catalog, entry);
	return r;
}

int catalog_withdraw(struct catalog *catalog, const struct addr *service,
		     const struct offer_source *source)
{
	struct entry *entry = catalog_entry(catalog, service);
	int r = entry ? statements_take(&entry->statements, source) : -ENOENT;

	if (!r && !entry->statements.count)
		catalog_entry_drop(catalog, entry);
	return r;
}

void catalog_keep(struct catalog *catalog,
		  bool (*keep)(const void *user, const struct addr *service), const void *user)
{
	struct entry *entry, *next;

	HASH_ITER(hh, catalog->entries, entry, next)
	{
		if (!keep(user, &entry->service))
			catalog_entry_drop(catalog, entry);
	}
}

const struct offer *catalog_offers(const struct catalog *catalog, const struct addr *service,
				   size_t *ret_count)
{
	const struct entry *entry = catalog_entry(catalog, service);

	*ret_count = entry ? entry->statements.winners : 0;
	return entry ? entry->statements.at : NULL;
}
