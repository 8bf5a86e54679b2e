/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables/state.h"

#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool site_spec_equal(const struct site_spec *a, const struct site_spec *b)
{
	for (size_t i = 0; i < MG_SEGMENTS_MAX - 1; i++)
		if (!addr_equal(&a->segment[i], &b->segment[i]))
			return false;
	return a->encap == b->encap && addr_equal(&a->outer_src, &b->outer_src) &&
	       addr_equal(&a->outer_dst, &b->outer_dst) && a->flags == b->flags &&
	       a->dscp == b->dscp && a->segment_count == b->segment_count && a->vni == b->vni &&
	       !memcmp(a->inner_dst, b->inner_dst, sizeof(a->inner_dst)) &&
	       !memcmp(a->inner_src, b->inner_src, sizeof(a->inner_src));
}

uint32_t site_spec_overhead(const struct site_spec *spec)
{
	uint32_t outer = addr_is_v4(&spec->outer_dst) ? 20 : 40;

	switch (spec->encap) {
	case MG_ENCAP_IPIP:
		return outer;
	case MG_ENCAP_SRV6: /* RFC 8754 section 2 */
		return outer + (spec->segment_count ? 8 + 16u * spec->segment_count : 0);
	case MG_ENCAP_GRE: /* RFC 2784, without options */
		return outer + 4;
	case MG_ENCAP_VXLAN: /* UDP, VXLAN, Ethernet (RFC 7348 section 5) */
		return outer + 8 + 8 + 14;
	default:
		return 0;
	}
}

static struct mg_site entry_of(const struct site_spec *spec)
{
	struct mg_site entry = { .encap = spec->encap,
				 .state = MG_DOWN,
				 .flags = spec->flags,
				 .dscp = spec->dscp,
				 .vni = spec->vni,
				 .segment_count = spec->segment_count };

	memcpy(entry.outer_src, spec->outer_src.octet, sizeof(entry.outer_src));
	memcpy(entry.outer_dst, spec->outer_dst.octet, sizeof(entry.outer_dst));
	memcpy(entry.inner_src, spec->inner_src, sizeof(entry.inner_src));
	memcpy(entry.inner_dst, spec->inner_dst, sizeof(entry.inner_dst));
	memcpy(entry.segment, spec->segment, sizeof(entry.segment));
	return entry;
}

static struct site_spec spec_of(const struct mg_site *entry)
{
	struct site_spec spec = { .encap = entry->encap,
				  .flags = entry->flags,
				  .dscp = entry->dscp,
				  .vni = entry->vni,
				  .segment_count = entry->segment_count };

	memcpy(spec.outer_src.octet, entry->outer_src, sizeof(entry->outer_src));
	memcpy(spec.outer_dst.octet, entry->outer_dst, sizeof(entry->outer_dst));
	memcpy(spec.inner_src, entry->inner_src, sizeof(entry->inner_src));
	memcpy(spec.inner_dst, entry->inner_dst, sizeof(entry->inner_dst));
	memcpy(spec.segment, entry->segment, sizeof(entry->segment));
	return spec;
}

/* The number of next hops that a site holds references to, and which. */
static uint32_t site_hops(const struct mg_site *entry, uint32_t ret[MG_SITE_NEXTHOPS])
{
	uint32_t count = entry->nexthop_count;

	if (count > MG_SITE_NEXTHOPS)
		count = MG_SITE_NEXTHOPS;
	memcpy(ret, entry->nexthop, count * sizeof(*ret));
	return count;
}

/* A site without a way is down: the data plane leaves it for the next choice by itself. The unused
 * places repeat the used ones: whoever reads the old count with the new places, or the
 * other way round, still finds a next hop that works. */
static void site_store_way(struct mg_site *entry, const uint32_t *hop, uint32_t count, uint32_t mtu)
{
	for (uint32_t i = 0; i < MG_SITE_NEXTHOPS && count; i++)
		__atomic_store_n(&entry->nexthop[i], hop[i % count], __ATOMIC_RELAXED);
	if (count)
		__atomic_store_n(&entry->mtu, mtu, __ATOMIC_RELAXED);
	__atomic_store_n(&entry->nexthop_count, count, __ATOMIC_RELEASE);
	__atomic_store_n(&entry->state, count ? MG_UP : MG_DOWN, __ATOMIC_RELEASE);
}

static void site_log_way(const struct site *site, const struct mg_site *old, const struct way *way)
{
	char text[ADDR_STRLEN];

	addr_format(&site->spec.outer_dst, text);
	if (!way->count && !way->asked)
		log_warn(0, "way to %s: %s", text, way->fault);
	else if (way->count && !old->nexthop_count)
		log_info("way to %s: %zu next hops, MTU %u", text, way->count, way->mtu);
}

void site_way(void *user, uint32_t index, const struct way *way)
{
	struct tables *t = user;
	struct site *site = &t->site[index];
	struct mg_site *entry = &tables_site_memory(t)[index];
	uint32_t hop[MG_SITE_NEXTHOPS], old[MG_SITE_NEXTHOPS], count = 0, old_count;
	uint32_t was = entry->nexthop_count;

	for (size_t i = 0; i < way->count; i++) {
		struct mg_nexthop tagged = way->hop[i];

		tags_apply(t, &tagged);
		if (nexthop_get(t, &tagged, &hop[count]) >= 0)
			count++;
	}
	site_log_way(site, entry, way);
	old_count = site_hops(entry, old);
	site_store_way(entry, hop, count, way->mtu);
	while (old_count)
		nexthop_put(t, old[--old_count]);
	snprintf(site->fault, sizeof(site->fault), "%s", way->fault);
	if (t->reached && !was != !count)
		t->reached(t->reached_user, index);
}

static int site_watch(struct tables *t, uint32_t index, const struct way *way)
{
	const struct site_spec *spec = &t->site[index].spec;

	if (spec->encap == MG_ENCAP_LOCAL)
		return 0; /* its instances have ways of their own */
	return adjacency_watch(t->adjacency, index, &spec->outer_dst, spec->encap == MG_ENCAP_NONE,
			       way);
}

static bool site_find(const struct tables *t, const struct site_spec *spec, uint32_t *ret)
{
	for (size_t i = 0; i < t->sites.count; i++) {
		uint32_t index = t->sites.range[i].base;

		if (t->site[index].references && site_spec_equal(&t->site[index].spec, spec)) {
			*ret = index;
			return true;
		}
	}
	return false;
}

static int site_make(struct tables *t, const struct site_spec *spec, uint32_t *ret)
{
	static const struct way nowhere;
	struct mg_site entry = entry_of(spec);
	uint32_t index;
	int r = sweep_take(t, &t->sites, 1, &index);

	if (r < 0)
		return log_err(r, "mg_sites: no room for another site: raise tables.sites");
	t->site[index] = (struct site){ .spec = *spec, .references = 1 };
	if (spec->encap == MG_ENCAP_LOCAL)
		entry.state = MG_UP;
	tables_site_memory(t)[index] = entry;
	r = site_watch(t, index, &nowhere);
	if (r < 0) {
		tables_site_put(t, index);
		return r;
	}
	*ret = index;
	return 0;
}

int tables_site_get(struct tables *t, const struct site_spec *spec, uint32_t *ret_site)
{
	if (!site_find(t, spec, ret_site))
		return site_make(t, spec, ret_site);
	site_reference(t, *ret_site);
	return 0;
}

void site_reference(struct tables *t, uint32_t site)
{
	t->site[site].references++;
}

/* The entry stays in the map while it rests: a packet may be on its way to it. */
void tables_site_put(struct tables *t, uint32_t site)
{
	uint32_t hop[MG_SITE_NEXTHOPS], count;

	if (--t->site[site].references)
		return;
	adjacency_unwatch(t->adjacency, site);
	count = site_hops(&tables_site_memory(t)[site], hop);
	while (count)
		nexthop_put(t, hop[--count]);
	ranges_retire(&t->sites, site, t->sweep.round);
}

bool tables_site_reached(const struct tables *t, uint32_t site)
{
	return tables_site_memory(t)[site].state == MG_UP;
}

uint32_t tables_site_mtu(const struct tables *t, uint32_t site)
{
	return tables_site_memory(t)[site].mtu;
}

void tables_listen(struct tables *t, void (*reached)(void *user, uint32_t site), void *user)
{
	t->reached = reached;
	t->reached_user = user;
}

bool tables_site_at(const struct tables *t, uint32_t site, struct site_state *ret)
{
	uint32_t hop[MG_SITE_NEXTHOPS], count;

	if (site >= t->maps.size[MAP_SITES] || !t->site[site].references)
		return false;
	*ret = (struct site_state){ .index = site,
				    .references = t->site[site].references,
				    .entry = tables_site_memory(t)[site],
				    .fault = t->site[site].fault };
	count = site_hops(&ret->entry, hop);
	for (uint32_t k = 0; k < count; k++)
		ret->nexthop[k] = tables_nexthop_memory(t)[hop[k]];
	return true;
}

bool tables_site(const struct tables *t, size_t index, struct site_state *ret)
{
	for (size_t i = 0; i < t->sites.count; i++) {
		uint32_t site = t->sites.range[i].base;

		if (t->site[site].references && !index--)
			return tables_site_at(t, site, ret);
	}
	return false;
}

static void site_empty(void *user, uint32_t base, uint32_t len)
{
	struct tables *t = user;

	memset(tables_site_memory(t) + base, 0, len * sizeof(struct mg_site));
}

void sites_release(struct tables *t)
{
	ranges_release(&t->sites, t->sweep.round, site_empty, t);
}

/* --- adoption --------------------------------------------------------------------------------- */
static struct way site_stored_way(const struct tables *t, const struct mg_site *entry)
{
	uint32_t hop[MG_SITE_NEXTHOPS], count = site_hops(entry, hop);
	struct way way = { .count = count, .mtu = entry->mtu };

	for (uint32_t i = 0; i < count; i++)
		way.hop[i] = tables_nexthop_memory(t)[hop[i]];
	return way;
}

/* Drops, of a site's next hops, what the table cannot hold. */
static void site_adopt_hops(struct tables *t, struct mg_site *entry)
{
	uint32_t hop[MG_SITE_NEXTHOPS], count = site_hops(entry, hop), good = 0;

	for (uint32_t i = 0; i < count; i++)
		if (nexthop_adopt(t, hop[i]) >= 0)
			hop[good++] = hop[i];
	if (good != entry->nexthop_count)
		site_store_way(entry, hop, good, entry->mtu);
}

static int site_adopt(struct tables *t, uint32_t index)
{
	struct mg_site *entry = &tables_site_memory(t)[index];
	struct site *site = &t->site[index];
	int r = ranges_claim(&t->sites, index, 1);

	if (r < 0)
		return r;
	*site = (struct site){ .references = 1, .adopted = true, .spec = spec_of(entry) };
	site_adopt_hops(t, entry);
	return 0;
}

int sites_adopt(struct tables *t)
{
	int r = 0;

	for (uint32_t i = 0; i < t->maps.size[MAP_SITES] && r >= 0; i++)
		if (tables_site_memory(t)[i].state != MG_EMPTY)
			r = site_adopt(t, i);
	/* Only now that all next hops in use are known may a changed way take another. */
	for (size_t i = 0; i < t->sites.count && r >= 0; i++) {
		uint32_t site = t->sites.range[i].base;
		struct way way = site_stored_way(t, &tables_site_memory(t)[site]);

		r = site_watch(t, site, &way);
	}
	return r;
}

void sites_claim_end(struct tables *t)
{
	for (size_t i = 0; i < t->sites.count; i++) {
		struct site *site = &t->site[t->sites.range[i].base];

		if (!site->references || !site->adopted)
			continue;
		site->adopted = false;
		tables_site_put(t, t->sites.range[i].base);
	}
}
