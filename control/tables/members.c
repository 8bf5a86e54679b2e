/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: A member number is what slots and pins name, so it must not change hands while one does.
 * A removed member is down at once, and its number rests until a whole round of the sweep has found
 * no slot and no pin that names it. The numbers' place in mg_members may move, when they get more.
 */
#include "tables/state.h"

#include "base/log.h"
#include "base/util.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

static struct mg_member *member_entry(const struct table_service *s, uint32_t member)
{
	return &tables_member_memory(s->tables)[s->entry.member_base + member];
}

static void member_state_store(struct mg_member *entry, enum mg_state state)
{
	__atomic_store_n(&entry->state, state, __ATOMIC_RELEASE);
}

/* A site that has no way just now may have one again, and its flows with it: only a member's own
 * state ends them. */
bool member_usable(const struct table_service *s, uint16_t member)
{
	if (member == MG_MEMBER_NONE || member > s->entry.member_count)
		return false;
	return s->member[member].use != MEMBER_FREE && s->member[member].use != MEMBER_LEAVING &&
	       member_entry(s, member)->state == MG_UP;
}

int members_new(struct table_service *s, uint32_t count)
{
	uint32_t base;
	int r;

	s->member = calloc(count + 1, sizeof(*s->member));
	if (!s->member)
		return -ENOMEM;
	r = sweep_take(s->tables, &s->tables->members, count, &base);
	if (r < 0)
		return log_err(r, "mg_members: no room for %u members: raise tables.members",
			       count);
	s->entry.member_base = base - 1; /* their numbers begin at 1 */
	s->entry.member_count = count;
	return 0;
}

/* The new place is filled before the service's entry leads to it; the old one stays for a while. */
static int members_move(struct table_service *s, uint32_t base, uint32_t count)
{
	struct mg_service entry = s->entry, old = s->entry;
	struct tables *t = s->tables;
	int r = 0;

	entry.member_base = base - 1;
	entry.member_count = count;
	for (uint32_t m = 1; m <= old.member_count; m++) {
		tables_member_memory(t)[entry.member_base + m] = *member_entry(s, m);
		maps_member_counter_copy(&t->maps, old.member_base + m, entry.member_base + m);
		load_copy(t, old.member_base + m, entry.member_base + m);
	}
	s->entry = entry;
	if (s->place)
		r = service_publish(s);
	if (r < 0)
		s->entry = old;
	else
		ranges_retire(&t->members, old.member_base + 1, t->sweep.round);
	return r;
}

static int members_grow(struct table_service *s)
{
	uint32_t count = s->entry.member_count, more = count * 2, base;
	struct member *member;
	int r;

	if (count >= MG_MEMBERS_MAX)
		return -ENOSPC;
	more = more > MG_MEMBERS_MAX ? MG_MEMBERS_MAX : more;
	member = reallocarray(s->member, more + 1, sizeof(*member));
	if (!member)
		return -ENOMEM;
	s->member = member;
	memset(member + count + 1, 0, (more - count) * sizeof(*member));
	r = sweep_take(s->tables, &s->tables->members, more, &base);
	if (r < 0)
		return log_err(r, "mg_members: no room for %u members: raise tables.members", more);
	r = members_move(s, base, more);
	if (r < 0)
		ranges_retire(&s->tables->members, base, s->tables->sweep.round);
	return r;
}

/* --- one member ------------------------------------------------------------------------------- */
static uint32_t member_find(const struct table_service *s, uint32_t site)
{
	for (uint32_t m = 1; m <= s->entry.member_count; m++)
		if (s->member[m].use != MEMBER_FREE && s->member[m].site == site)
			return m;
	return MG_MEMBER_NONE;
}

static uint32_t member_unused(const struct table_service *s)
{
	for (uint32_t m = 1; m <= s->entry.member_count; m++)
		if (s->member[m].use == MEMBER_FREE)
			return m;
	return MG_MEMBER_NONE;
}

static int member_make(struct table_service *s, uint32_t site, uint32_t *ret)
{
	uint32_t m = member_unused(s);
	int r = m == MG_MEMBER_NONE ? members_grow(s) : 0;

	if (r < 0)
		return r;
	if (m == MG_MEMBER_NONE)
		m = member_unused(s);
	s->member[m] = (struct member){ .use = MEMBER_BOUND, .site = site };
	site_reference(s->tables, site);
	maps_member_counter_reset(&s->tables->maps, s->entry.member_base + m);
	load_reset(s, m);
	*member_entry(s, m) = (struct mg_member){ .site = site };
	member_state_store(member_entry(s, m), MG_DOWN); /* until the caller says otherwise */
	*ret = m;
	return 0;
}

int tables_member_add(struct table_service *s, uint32_t site, uint16_t *ret_member)
{
	uint32_t m = member_find(s, site);

	if (m == MG_MEMBER_NONE) {
		int r = member_make(s, site, &m);

		if (r < 0)
			return r;
	}
	s->member[m].use = MEMBER_BOUND;
	s->member[m].bindings++;
	*ret_member = (uint16_t)m;
	return 0;
}

static void member_leave(struct table_service *s, uint32_t m)
{
	s->member[m].use = MEMBER_LEAVING;
	s->member[m].bindings = 0;
	s->member[m].left = s->tables->sweep.round;
	member_state_store(member_entry(s, m), MG_DOWN);
}

void tables_member_remove(struct table_service *s, uint16_t member)
{
	if (!--s->member[member].bindings)
		member_leave(s, member);
}

void tables_member_state(struct table_service *s, uint16_t member, enum mg_state state,
			 uint32_t weight)
{
	__atomic_store_n(&member_entry(s, member)->weight, weight, __ATOMIC_RELAXED);
	if (state == MG_UP && member_entry(s, member)->state != MG_UP)
		load_forget(s, member);
	member_state_store(member_entry(s, member), state);
}

bool tables_member(const struct table_service *s, uint16_t member, struct mg_member *ret,
		   struct mg_counter *ret_counter, uint32_t *ret_slots)
{
	if (member == MG_MEMBER_NONE || member > s->entry.member_count)
		return false;
	*ret = *member_entry(s, member);
	*ret_counter = maps_member_counter(&s->tables->maps, s->entry.member_base + member);
	*ret_slots = s->member[member].owned;
	return true;
}

static void counter_add(struct mg_counter *sum, const struct mg_counter *counter)
{
	sum->packets += counter->packets;
	sum->bytes += counter->bytes;
	sum->starts += counter->starts;
}

static void member_add(const struct table_service *s, uint32_t m, struct mg_counter *sum)
{
	struct mg_counter counter = maps_member_counter(&s->tables->maps, s->entry.member_base + m);

	counter_add(sum, &counter);
}

struct mg_counter members_count(const struct table_service *s)
{
	struct mg_counter sum = s->gone;

	for (uint32_t m = 1; m <= s->entry.member_count; m++)
		if (s->member[m].use != MEMBER_FREE)
			member_add(s, m, &sum);
	return sum;
}

/* --- adoption and burial ---------------------------------------------------------------------- */
void members_adopt(struct table_service *s)
{
	for (uint32_t m = 1; m <= s->entry.member_count; m++) {
		struct mg_member *entry = member_entry(s, m);

		if (entry->state == MG_EMPTY)
			continue;
		if (entry->site >= s->tables->maps.size[MAP_SITES] ||
		    !s->tables->site[entry->site].references) {
			*entry = (struct mg_member){ 0 };
			continue;
		}
		s->member[m] = (struct member){ .use = MEMBER_ADOPTED, .site = entry->site };
		site_reference(s->tables, entry->site);
	}
}

void members_claim_end(struct table_service *s)
{
	for (uint32_t m = 1; m <= s->entry.member_count; m++)
		if (s->member[m].use == MEMBER_ADOPTED)
			member_leave(s, m);
}

void members_put(struct table_service *s)
{
	for (uint32_t m = 1; m <= s->entry.member_count; m++)
		if (s->member[m].use != MEMBER_FREE)
			tables_site_put(s->tables, s->member[m].site);
}

void members_bury(struct table_service *s)
{
	uint64_t round = s->tables->sweep.round;

	for (uint32_t m = 1; m <= s->entry.member_count; m++) {
		struct member *member = &s->member[m];

		/* Removed before this round began: it has seen every pin and slot since. */
		if (member->use != MEMBER_LEAVING || member->left >= round ||
		    member->named == round)
			continue;
		*member_entry(s, m) = (struct mg_member){ 0 };
		member_add(s, m, &s->gone);
		tables_site_put(s->tables, member->site);
		*member = (struct member){ 0 };
	}
}
