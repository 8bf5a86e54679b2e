/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: An entry of mg_services is never changed once a word leads to it, for a packet could read
 * half of each. A changed service is written to another place, then its word is stored anew; the
 * old place rests for a round of the sweep. Where a word goes from a full set, a mark stays, since
 * keys of the second set are only looked for behind a first one without a free word.
 */
#include "tables/state.h"

#include "base/log.h"

#include <errno.h>
#include <service.h>
#include <string.h>

static struct mg_service_set *index_sets(const struct tables *t)
{
	return t->maps.memory[MAP_SERVICE_SETS];
}

static uint32_t index_mask(const struct tables *t)
{
	return t->maps.size[MAP_SERVICE_SETS] - 1;
}

int service_index_enter(struct tables *t, const struct mg_service *entry, uint32_t former,
			uint32_t *ret_place)
{
	struct mg_service *services = t->maps.memory[MAP_SERVICES];
	struct service_name name = service_name(&entry->key);
	struct mg_service_ref *ref =
		former ? service_ref(index_sets(t), index_mask(t), &name, former) : NULL;
	uint32_t place;
	int r = sweep_take(t, &t->places, 1, &place);

	if (r < 0)
		return log_err(r, "mg_services: no room: raise tables.services");
	services[place] = *entry;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	if (ref) {
		service_store(ref, (struct mg_service_ref){ ref->tag, place });
	} else if (!service_enter(index_sets(t), index_mask(t), &name, place)) {
		ranges_retire(&t->places, place, t->sweep.round);
		return log_err(-ENOSPC, "mg_service_sets: both sets of a service are full: raise "
					"tables.services");
	}
	*ret_place = place;
	return 0;
}

static void index_clear(struct mg_service_set *sets, struct mg_service_ref *ref)
{
	struct mg_service_set *set = &sets[(ref - sets->ref) / MG_SERVICES_PER_SET];
	struct mg_service_ref *last = &set->ref[MG_SERVICES_PER_SET - 1];
	bool end = !last->place && !ref[1].place; /* the last one is not ref, as it is free */

	service_store(ref, (struct mg_service_ref){ .place = end ? 0 : MG_SERVICE_GONE });
}

void service_index_remove(struct tables *t, const struct mg_service *entry, uint32_t place)
{
	struct service_name name = service_name(&entry->key);
	struct mg_service_ref *ref = service_ref(index_sets(t), index_mask(t), &name, place);

	if (ref)
		index_clear(index_sets(t), ref);
}

static bool index_sound(const struct tables *t, uint32_t set, struct mg_service_ref ref)
{
	const struct mg_service *services = t->maps.memory[MAP_SERVICES];
	struct service_name name;
	struct service_spot spot;

	if (ref.place >= t->maps.size[MAP_SERVICES])
		return false;
	name = service_name(&services[ref.place].key);
	spot = service_spot(&name, index_mask(t));
	return spot.tag == ref.tag && (spot.set[0] == set || spot.set[1] == set);
}

static int index_adopt_ref(struct tables *t, uint32_t set, struct mg_service_ref *ref,
			   int (*adopt)(struct tables *tables, uint32_t place,
					const struct mg_service *entry))
{
	const struct mg_service *services = t->maps.memory[MAP_SERVICES];
	int r = -EINVAL;

	if (!ref->place || ref->place == MG_SERVICE_GONE)
		return 0;
	if (index_sound(t, set, *ref) && ranges_claim(&t->places, ref->place, 1) >= 0)
		r = adopt(t, ref->place, &services[ref->place]);
	if (r != -EINVAL && r != -EEXIST)
		return r;
	log_warn(0, "mg_services: an entry of a former run makes no sense: removed");
	service_store(ref, (struct mg_service_ref){ .place = MG_SERVICE_GONE });
	return 0;
}

int service_index_adopt(struct tables *t, int (*adopt)(struct tables *tables, uint32_t place,
						       const struct mg_service *entry))
{
	int r = 0;

	for (uint32_t set = 0; set <= index_mask(t); set++)
		for (int i = 0; i < MG_SERVICES_PER_SET && r >= 0; i++)
			r = index_adopt_ref(t, set, &index_sets(t)[set].ref[i], adopt);
	return r;
}
