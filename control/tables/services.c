/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: The order of stores is what a crash at any point leaves sound: members before the slots that
 * name them, slots before the service's entry, which is the last to come and the first to go. So a
 * service of a new shape leaves the old entry at work until its own slots are filled.
 */
#include "tables/state.h"

#include "base/log.h"
#include "base/util.h"

#include <errno.h>
#include <string.h>

#define MEMBERS_FIRST 16
#define IDLE_MAX_S    900 /* what a pin's clock of 8 bits can tell */

static bool key_equal(const struct mg_service_key *a, const struct mg_service_key *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* The latest with this key: what it replaces stands behind its `former`. */
static struct table_service *service_find(const struct tables *t, const struct mg_service_key *key)
{
	struct table_service *found = NULL, *s = near_of(t, key)->services;

	for (; s; s = s->next_near) {
		if (key_equal(&s->spec.key, key) && (!found || s->former == found))
			found = s;
	}
	return found;
}

struct table_service *service_of_slot(const struct tables *t, uint32_t slot)
{
	size_t low = 0, high = t->service_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct table_service *s = t->service[middle];

		if (slot < s->entry.slot_base)
			high = middle;
		else if (slot - s->entry.slot_base < s->spec.slots)
			return s;
		else
			low = middle + 1;
	}
	return NULL;
}

/* --- the object ------------------------------------------------------------------------------- */
static void service_free(struct table_service **service)
{
	struct table_service *s = TAKE_PTR(*service);

	if (!s)
		return;
	free(s->member);
	free(s->server);
	free(s->moving_since_s);
	free(s);
}

static struct table_service *service_alloc(struct tables *t, const struct service_spec *spec)
{
	_cleanup_(service_free) struct table_service *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	*s = (struct table_service){ .tables = t, .spec = *spec };
	s->moving_since_s = calloc(spec->slots, sizeof(*s->moving_since_s));
	return s->moving_since_s ? TAKE_PTR(s) : NULL;
}

/* Index of the first service whose slots do not begin before those. */
static size_t service_at(const struct tables *t, uint32_t slot_base)
{
	size_t low = 0, high = t->service_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (t->service[middle]->entry.slot_base < slot_base)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int service_insert(struct tables *t, struct table_service *s)
{
	struct table_service **more =
		reallocarray(t->service, t->service_count + 1, sizeof(struct table_service *));
	struct near *near = near_of(t, &s->spec.key);
	size_t at;

	if (!more)
		return -ENOMEM;
	t->service = more;
	at = service_at(t, s->entry.slot_base);
	memmove(more + at + 1, more + at, (t->service_count - at) * sizeof(struct table_service *));
	more[at] = s;
	t->service_count++;
	s->next_near = near->services;
	near->services = s;
	return 0;
}

static void service_delete(struct tables *t, const struct table_service *s)
{
	struct table_service **near = &near_of(t, &s->spec.key)->services;
	size_t at = service_at(t, s->entry.slot_base);

	while (*near && *near != s)
		near = &(*near)->next_near;
	if (!*near)
		return; /* it was never inserted */
	*near = s->next_near;
	memmove(t->service + at, t->service + at + 1,
		(--t->service_count - at) * sizeof(struct table_service *));
}

/* Gives back its ranges, which rest before they are used again. */
static void service_retire(struct table_service **service)
{
	struct table_service *s = *service;
	struct tables *t = s->tables;

	servers_clear(s);
	members_put(s);
	ranges_retire(&t->members, s->entry.member_base + 1, t->sweep.round);
	ranges_retire(&t->slots, s->entry.slot_base, t->sweep.round);
	ranges_retire(&t->services, s->entry.index, t->sweep.round);
	if (s->place)
		ranges_retire(&t->places, s->place, t->sweep.round);
	service_delete(t, s);
	service_free(service);
}

int service_publish(struct table_service *s)
{
	struct tables *t = s->tables;
	uint32_t former = s->place ? s->place : s->former ? s->former->place : 0, place;
	int r = service_index_enter(t, &s->entry, former, &place);

	if (r < 0)
		return r;
	if (s->place)
		ranges_retire(&t->places, s->place, t->sweep.round);
	s->place = place;
	if (s->former)
		service_retire(&s->former);
	echo_sync(t, &s->spec.key);
	return 0;
}

static int slots_take(struct table_service *s)
{
	uint32_t n = s->spec.slots;

	/* Aligned ranges keep the gaps useful, but any place will do. */
	if (ranges_take(&s->tables->slots, n, n, &s->entry.slot_base) >= 0)
		return 0;
	return sweep_take(s->tables, &s->tables->slots, n, &s->entry.slot_base);
}

static int service_ranges(struct table_service *s)
{
	struct tables *t = s->tables;
	int r = sweep_take(t, &t->services, 1, &s->entry.index);

	if (r < 0)
		return log_err(r, "mg_services: no room: raise tables.services");
	r = slots_take(s);
	if (r < 0) {
		ranges_retire(&t->services, s->entry.index, t->sweep.round);
		return log_err(r, "mg_slots: no room for %u slots in a row: raise tables.slots",
			       s->spec.slots);
	}
	r = members_new(s, MEMBERS_FIRST);
	if (r < 0) {
		ranges_retire(&t->slots, s->entry.slot_base, t->sweep.round);
		ranges_retire(&t->services, s->entry.index, t->sweep.round);
	}
	return r;
}

/* What of an entry is not its places in the tables. */
static void entry_set(struct mg_service *entry, const struct service_spec *spec)
{
	entry->affinity = spec->affinity;
	entry->prefix_v4 = spec->prefix_v4;
	entry->prefix_v6 = spec->prefix_v6;
	entry->last_resort = spec->options.last_resort;
	entry->quic_config = spec->options.quic_config;
	entry->quic_id_len = spec->options.quic_id_len;
	entry->mss_v4 = spec->options.mss_v4;
	entry->mss_v6 = spec->options.mss_v6;
	entry->placement = spec->options.placement;
	entry->observe = spec->options.observe || entry->placement;
}

static int service_make(struct tables *t, const struct service_spec *spec,
			struct table_service *former, struct table_service **ret)
{
	_cleanup_(service_free) struct table_service *s = service_alloc(t, spec);
	struct table_service *made;
	int r = s ? maps_flows_open(&t->maps) : -ENOMEM;

	if (r >= 0)
		r = service_ranges(s);

	if (r < 0)
		return r;
	s->entry.key = spec->key;
	s->entry.slot_mask = spec->slots - 1;
	entry_set(&s->entry, spec);
	maps_counter_reset(&t->maps, MAP_COUNTERS_SERVICE, s->entry.index);
	r = service_insert(t, s);
	made = TAKE_PTR(s);
	if (r < 0) {
		service_retire(&made);
		return r;
	}
	made->claimed = true;
	made->former = former;
	*ret = made;
	return 0;
}

static bool idle_ok(uint32_t idle_s)
{
	return idle_s && idle_s <= IDLE_MAX_S;
}

/* A service of the same key whose flows may stay where they are. */
static bool shape_equal(const struct service_spec *a, const struct service_spec *b)
{
	return a->slots == b->slots && a->affinity == b->affinity && a->prefix_v4 == b->prefix_v4 &&
	       a->prefix_v6 == b->prefix_v6;
}

/* On failure all is as it was. */
static int service_respecify(struct table_service *s, const struct service_spec *spec)
{
	struct mg_service old = s->entry;
	int r = 0;

	entry_set(&s->entry, spec);
	if (old.placement && !s->entry.placement)
		slots_pin(s);
	if (s->place && memcmp(&old, &s->entry, sizeof(old)))
		r = service_publish(s);
	if (r < 0)
		s->entry = old;
	else
		s->spec = *spec;
	return r;
}

int tables_service_change(struct table_service *s, uint32_t idle_s,
			  const struct service_options *options)
{
	struct service_spec spec = s->spec;

	if (!idle_ok(idle_s))
		return log_err(-EINVAL, "idle timeout must be 1 to %u s", IDLE_MAX_S);
	spec.idle_s = idle_s;
	spec.options = *options;
	return service_respecify(s, &spec);
}

int tables_service_add(struct tables *t, const struct service_spec *spec,
		       struct table_service **ret)
{
	struct table_service *s = service_find(t, &spec->key);
	int r;

	if (!spec->slots || spec->slots & (spec->slots - 1) || spec->slots > MG_RANGE_MAX)
		return log_err(-EINVAL, "slots must be a power of two up to %u", MG_RANGE_MAX);
	if (!idle_ok(spec->idle_s))
		return log_err(-EINVAL, "idle timeout must be 1 to %u s", IDLE_MAX_S);
	if (s && s->claimed)
		return -EEXIST;
	if (!s || !shape_equal(&s->spec, spec))
		return service_make(t, spec, s, ret);
	r = service_respecify(s, spec);
	if (r < 0)
		return r;
	s->claimed = true;
	*ret = s;
	return 0;
}

void tables_service_remove(struct table_service **service)
{
	struct table_service *s = *service;
	struct mg_service_key key;
	struct tables *t;

	if (!s)
		return;
	key = s->spec.key;
	t = s->tables;
	if (s->place)
		service_index_remove(s->tables, &s->entry, s->place);
	else if (s->former)
		service_index_remove(s->tables, &s->former->entry, s->former->place);
	if (s->former)
		service_retire(&s->former);
	service_retire(service); /* what it gives back rests longer than its echo entry lives */
	echo_sync(t, &key);
}

void tables_service_state(const struct table_service *s, struct service_state *ret)
{
	*ret = (struct service_state){
		.key = s->spec.key,
		.entry = s->entry,
		.idle_s = s->spec.idle_s,
		.pins = s->pins,
		.counter = members_count(s),
	};
	slots_count(s, ret);
}

/* --- adoption --------------------------------------------------------------------------------- */
static int service_claim_ranges(struct tables *t, const struct mg_service *entry)
{
	if (entry->slot_mask >= MG_RANGE_MAX || entry->slot_mask & (entry->slot_mask + 1) ||
	    !entry->member_count || entry->member_count > MG_MEMBERS_MAX)
		return -EINVAL;
	if (ranges_claim(&t->services, entry->index, 1) < 0)
		return -EEXIST;
	if (ranges_claim(&t->slots, entry->slot_base, entry->slot_mask + 1) < 0 ||
	    ranges_claim(&t->members, entry->member_base + 1, entry->member_count) < 0)
		return -EEXIST;
	return 0;
}

static int service_adopt(struct tables *t, uint32_t place, const struct mg_service *entry)
{
	const struct service_spec spec = { .key = entry->key,
					   .slots = entry->slot_mask + 1,
					   .affinity = entry->affinity,
					   .prefix_v4 = entry->prefix_v4,
					   .prefix_v6 = entry->prefix_v6 };
	_cleanup_(service_free) struct table_service *s = NULL;
	int r;

	if (echo_is(&entry->key))
		return echo_adopt(t, place, entry);
	r = service_claim_ranges(t, entry);
	if (r < 0)
		return r;
	s = service_alloc(t, &spec);
	if (!s)
		return -ENOMEM;
	s->entry = *entry;
	s->place = place;
	s->member = calloc(entry->member_count + 1, sizeof(*s->member));
	if (!s->member)
		return -ENOMEM;
	r = service_insert(t, s);
	if (r < 0)
		return r;
	members_adopt(s);
	slots_adopt(s, uv_hrtime());
	TAKE_PTR(s);
	return 0;
}

int services_adopt(struct tables *t)
{
	return service_index_adopt(t, service_adopt);
}

static struct table_service *service_with_former(const struct tables *t)
{
	for (size_t i = 0; i < t->service_count; i++)
		if (t->service[i]->former)
			return t->service[i];
	return NULL;
}

static bool service_replaced(const struct tables *t, const struct table_service *former)
{
	for (size_t i = 0; i < t->service_count; i++)
		if (t->service[i]->former == former)
			return true;
	return false;
}

void services_claim_end(struct tables *t)
{
	struct table_service *replacing = service_with_former(t);

	while (replacing && service_publish(replacing) >= 0)
		replacing = service_with_former(t);
	for (size_t i = t->service_count; i-- > 0;) {
		struct table_service *s = t->service[i];

		if (s->claimed)
			members_claim_end(s);
		else if (!service_replaced(t, s))
			tables_service_remove(&s);
	}
	echo_claim_end(t);
}

static void slots_empty(void *user, uint32_t base, uint32_t len)
{
	struct tables *t = user;

	if (tables_slot_memory(t)) /* else they are new */
		memset(tables_slot_memory(t) + base, 0, len * sizeof(struct mg_slot));
}

static void members_empty(void *user, uint32_t base, uint32_t len)
{
	struct tables *t = user;

	memset(tables_member_memory(t) + base, 0, len * sizeof(struct mg_member));
}

static void place_empty(void *user, uint32_t base, uint32_t len)
{
	struct tables *t = user;
	struct mg_service *service = t->maps.memory[MAP_SERVICES];

	memset(service + base, 0, len * sizeof(*service));
}

static void index_empty(void *user, uint32_t base, uint32_t len)
{
}

void services_release(struct tables *t)
{
	ranges_release(&t->slots, t->sweep.round, slots_empty, t);
	ranges_release(&t->members, t->sweep.round, members_empty, t);
	ranges_release(&t->services, t->sweep.round, index_empty, t);
	ranges_release(&t->places, t->sweep.round, place_empty, t);
}

void services_scrub(struct tables *t)
{
	ranges_gaps(&t->slots, slots_empty, t);
	ranges_gaps(&t->members, members_empty, t);
	ranges_gaps(&t->places, place_empty, t);
}

void services_free(struct tables *t)
{
	for (size_t i = 0; i < t->service_count; i++)
		service_free(&t->service[i]);
	free(t->service);
	echo_free(t);
}
