/* SPDX-License-Identifier: BSD-2-Clause */
#include "select/memory.h"

#include "base/util.h"
#include "state.h"

#include <errno.h>
#include <string.h>

/* A new member: does a later decision depend on it? Then it belongs into the memory, too. */
#define SIZE_IS(type, size) \
	_Static_assert(sizeof(void *) != 8 || sizeof(type) == (size), "see above")
SIZE_IS(struct site, 280);
SIZE_IS(struct weights, 400);
SIZE_IS(struct waterfill_site, 104);

static int timeline_copy(const struct timeline *from, struct timeline *ret)
{
	size_t room = from->count + 1;
	struct timeline copy = { .step = calloc(room, sizeof(*copy.step)),
				 .count = from->count,
				 .room = room };

	if (!copy.step)
		return -ENOMEM;
	if (from->count)
		memcpy(copy.step, from->step, from->count * sizeof(*copy.step));
	*ret = copy;
	return 0;
}

/* --- taken ------------------------------------------------------------------------------------ */

static int site_take(const struct site *site, double guess, struct weights_memory_site *ret)
{
	*ret = (struct weights_memory_site){ .id = site->id,
					     .share = site->share,
					     .known = site->known,
					     .founder = site->founder,
					     .up = site->up,
					     .drains = site->drains,
					     .bad = site->bad,
					     .drain_since_s = site->drain_since_s,
					     .remembers = site->remembers,
					     .last = site->last,
					     .last_sampled_s = site->last_sampled_s,
					     .sampled_s = site->sampled_s,
					     .window_s = site->window_s,
					     .own_then = site->own_then,
					     .own_known = site->own_known,
					     .guess = guess };
	return timeline_copy(&site->shares, &ret->shares);
}

int weights_memory_of(const struct weights *w, struct weights_memory *ret)
{
	_cleanup_(weights_memory_clear) struct weights_memory m = {
		.decided_s = w->decision.time_s,
		.began_s = w->began_s,
		.changed_s = w->changed_s,
		.own_rate = w->own_rate,
		.demand_total = w->demand.total,
		.demand_observed_s = w->demand.observed_s,
		.demand_complete_s = w->demand.complete_s,
		.demand_started = w->demand.started,
		.level = w->level,
		.time_per_flow_time = w->time_per_flow_time,
		.per_flow = w->per_flow,
		.budget = w->budget,
		.limited = w->limited,
		.site = calloc(w->count + 1, sizeof(*m.site)),
	};

	if (!m.site || timeline_copy(&w->rates, &m.rates) < 0)
		return -ENOMEM;
	for (; m.count < w->count; m.count++)
		if (site_take(&w->site[m.count], w->fill[m.count].guess, &m.site[m.count]) < 0)
			return -ENOMEM;
	*ret = m;
	m = (struct weights_memory){ 0 };
	return 0;
}

void weights_memory_clear(struct weights_memory *m)
{
	for (size_t i = 0; i < m->count; i++)
		timeline_clear(&m->site[i].shares);
	timeline_clear(&m->rates);
	free(m->site);
	*m = (struct weights_memory){ 0 };
}

/* --- given back ------------------------------------------------------------------------------- */

static int site_give(const struct weights_memory_site *m, struct site *ret)
{
	*ret = (struct site){ .id = m->id,
			      .share = m->share,
			      .known = m->known,
			      .founder = m->founder,
			      .up = m->up,
			      .drains = m->drains,
			      .bad = m->bad,
			      .drain_since_s = m->drain_since_s,
			      .remembers = m->remembers,
			      .last = m->last,
			      .last_sampled_s = m->last_sampled_s,
			      .sampled_s = m->sampled_s,
			      .window_s = m->window_s,
			      .own_then = m->own_then,
			      .own_known = m->own_known };
	return timeline_copy(&m->shares, &ret->shares);
}

static void weights_give(struct weights *w, const struct weights_memory *m)
{
	w->decision.time_s = m->decided_s;
	w->began_s = m->began_s;
	w->changed_s = m->changed_s;
	w->own_rate = m->own_rate;
	w->demand = (struct demand){ .total = m->demand_total,
				     .observed_s = m->demand_observed_s,
				     .complete_s = m->demand_complete_s,
				     .started = m->demand_started };
	w->level = m->level;
	w->time_per_flow_time = m->time_per_flow_time;
	w->per_flow = m->per_flow;
	w->budget = m->budget;
	w->limited = m->limited;
}

/* The lists of as many sites, of which nothing is filled in yet. */
static struct weights *weights_of(size_t count)
{
	_cleanup_(weights_free) struct weights *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->site = calloc(count + 1, sizeof(*w->site));
	w->estimate = calloc(count + 1, sizeof(*w->estimate));
	w->fill = calloc(count + 1, sizeof(*w->fill));
	w->decision.site = calloc(count + 1, sizeof(*w->decision.site));
	if (!w->site || !w->estimate || !w->fill || !w->decision.site)
		return NULL;
	w->count = count;
	return TAKE_PTR(w);
}

int weights_remember(struct weights *w, const struct weights_memory *m)
{
	_cleanup_(weights_free) struct weights *made = weights_of(m->count);
	struct weights former = *w;

	if (!made || timeline_copy(&m->rates, &made->rates) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < m->count; i++) {
		if (site_give(&m->site[i], &made->site[i]) < 0)
			return -ENOMEM;
		made->fill[i].guess = m->site[i].guess;
	}
	weights_give(made, m);
	made->config = w->config;
	*w = *made;
	*made = former; /* and is freed */
	return 0;
}

void weights_applied(struct weights *w, double now_s, const double *share)
{
	for (size_t i = 0; i < w->count; i++)
		if (timeline_reserve(&w->site[i].shares) == 0)
			timeline_note(&w->site[i].shares, now_s, share[i]);
}
