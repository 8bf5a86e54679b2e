/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: Opens what a former run left, or makes it. Sites are adopted before the services whose
 * members lead to them; then everything that no service covers is emptied, so that a new one finds
 * clean slots and no pin of somebody else.
 */
#include "tables/state.h"

#include "base/log.h"
#include "base/util.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

static void tables_free(struct tables **tables)
{
	struct tables *t = TAKE_PTR(*tables);

	if (!t)
		return;
	adjacency_close(&t->adjacency);
	services_free(t);
	maps_close(&t->maps);
	ranges_clear(&t->services);
	ranges_clear(&t->places);
	ranges_clear(&t->slots);
	ranges_clear(&t->members);
	ranges_clear(&t->sites);
	ranges_clear(&t->nexthops);
	free(t->site);
	free(t->nexthop_references);
	free(t->port);
	free(t->endpoint);
	free(t->tags);
	free(t->sweep.foreign);
	free(t->pin_dir);
	free(t);
}

static void tables_link_changed(void *user)
{
	ports_refresh(user);
}

static const struct adjacency_ops adjacency_ops = { .way = site_way, .link = tables_link_changed };

static int tables_memory(struct tables *t)
{
	const uint32_t *size = t->maps.size;

	ranges_init(&t->services, 1, size[MAP_COUNTERS_SERVICE]);
	ranges_init(&t->places, 1, size[MAP_SERVICES]);
	ranges_init(&t->slots, 0, size[MAP_SLOTS]);
	ranges_init(&t->members, 1, size[MAP_MEMBERS]);
	ranges_init(&t->sites, 0, size[MAP_SITES]);
	ranges_init(&t->nexthops, 1, size[MAP_NEXTHOPS]);
	t->site = calloc(size[MAP_SITES], sizeof(*t->site));
	t->nexthop_references = calloc(size[MAP_NEXTHOPS], sizeof(*t->nexthop_references));
	t->sweep.foreign = calloc(size[MAP_SLOTS] / 64 + 1, sizeof(*t->sweep.foreign));
	t->sweep.round = 1;
	return t->site && t->nexthop_references && t->sweep.foreign ? 0 : -ENOMEM;
}

static struct mg_limit limit_of(const struct tables_limit *limit)
{
	uint64_t clock_ns = limit->per_second ? 1000000000 / limit->per_second : 0;

	return (struct mg_limit){ .clock_ns = clock_ns, .advance_ns = clock_ns * limit->burst };
}

void tables_limits_set(struct tables *t, const struct tables_limit limit[MG_GUARD_COUNT])
{
	struct mg_settings *settings = t->maps.memory[MAP_SETTINGS];

	for (size_t i = 0; i < MG_GUARD_COUNT; i++) {
		struct mg_limit now = limit_of(&limit[i]);

		__atomic_store_n(&settings->limit[i].advance_ns, now.advance_ns, __ATOMIC_RELAXED);
		__atomic_store_n(&settings->limit[i].clock_ns, now.clock_ns, __ATOMIC_RELAXED);
	}
}

bool tables_adopted(const struct tables *t)
{
	return t->maps.adopted;
}

static void tables_settings(struct tables *t, const struct tables_config *config)
{
	struct mg_settings *settings = t->maps.memory[MAP_SETTINGS];

	if (t->maps.adopted && settings->hash_seed != config->hash_seed)
		log_warn(0, "hash-seed has changed: running flows may change site");
	settings->pin_set_mask = config->pin_sets - 1;
	settings->service_set_mask = t->maps.size[MAP_SERVICE_SETS] - 1;
	settings->hash_seed = config->hash_seed;
	settings->members = t->maps.size[MAP_MEMBERS];
	tables_limits_set(t, config->limit);
}

static int tables_adopt(struct tables *t)
{
	int r = t->maps.adopted ? maps_flows_open(&t->maps) : 0;

	if (r >= 0)
		r = sites_adopt(t);
	if (r >= 0)
		r = services_adopt(t);
	if (r < 0)
		return log_err(r, "%s: what a former run left cannot be taken over", t->pin_dir);
	services_scrub(t);
	pins_scrub(t);
	if (!t->service_count)
		maps_flows_close(&t->maps);
	if (t->maps.adopted)
		log_info("%s: took over %zu services and %zu sites of a former run", t->pin_dir,
			 t->service_count, t->sites.count);
	return 0;
}

int tables_open(uv_loop_t *loop, const struct tables_config *config, struct tables **ret)
{
	_cleanup_(tables_free) struct tables *t = calloc(1, sizeof(*t));
	struct maps maps;
	int r;

	if (!t)
		return -ENOMEM;
	maps_init(&t->maps);
	t->pin_dir = strdup(config->pin_dir);
	if (!t->pin_dir)
		return -ENOMEM;
	r = adjacency_open(loop, &adjacency_ops, t, &t->adjacency);
	if (r < 0)
		return r;
	r = maps_open(config, &maps);
	if (r < 0)
		return r;
	t->maps = maps;
	r = tables_memory(t);
	if (r < 0)
		return r;
	tables_settings(t, config);
	r = tags_copy(t, config->tags, config->tags_count);
	if (r >= 0)
		r = tables_adopt(t);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(t);
	return 0;
}

void tables_close(struct tables **tables)
{
	tables_free(tables);
}

void tables_claim_end(struct tables *t)
{
	services_claim_end(t);
	sites_claim_end(t);
	servers_claim_end(t);
	endpoints_claim_end(t);
	ports_claim_end(t);
}

void tables_verdicts(const struct tables *t, struct mg_counter ret[MG_VERDICT_COUNT])
{
	for (uint32_t i = 0; i < MG_VERDICT_COUNT; i++)
		ret[i] = maps_counter(&t->maps, MAP_COUNTERS_VERDICT, i);
}

void tables_events(const struct tables *t, uint64_t ret[MG_EVENT_COUNT])
{
	for (uint32_t i = 0; i < MG_EVENT_COUNT; i++)
		ret[i] = maps_event(&t->maps, i);
}
