/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay.h"

#include "base/util.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define SERVICES_MAX 65536
#define SITES_MAX    4096 /* of one service, in the whole record */

enum side { THEN, NOW };

struct replay {
	struct replay_changes changes;
	bool changed; /* anything but as recorded */
	struct replay_service **service;
	size_t service_count;
	bool began, ended;
	double began_s;
	uint64_t lost;
	/* Of the decision at hand, for the selector. */
	struct weights_site *in;
	double *share;
	size_t room;
};

/* --- what is to be otherwise ------------------------------------------------------------------ */

static bool changes_any(const struct replay_changes *c)
{
	return c->policy_set || !isnan(c->queue_factor) || !isnan(c->hysteresis) ||
	       !isnan(c->share_min) || !isnan(c->share_max) || !isnan(c->move_max) ||
	       !isnan(c->distrust) || !isnan(c->cost_weight_s);
}

static void change(double *setting, double value)
{
	if (!isnan(value))
		*setting = value;
}

static struct weights_config config_changed(const struct replay_changes *c,
					    const struct weights_config *recorded)
{
	struct weights_config config = *recorded;

	if (c->policy_set)
		config.policy = c->policy;
	change(&config.queue_factor, c->queue_factor);
	change(&config.hysteresis, c->hysteresis);
	change(&config.limits.share_min, c->share_min);
	change(&config.limits.share_max, c->share_max);
	change(&config.limits.move_max, c->move_max);
	change(&config.limits.distrust, c->distrust);
	change(&config.limits.cost_weight_s, c->cost_weight_s);
	return config;
}

/* --- services and sites ----------------------------------------------------------------------- */

static void service_free(struct replay_service **service)
{
	struct replay_service *s = *service;

	if (!s)
		return;
	weights_free(&s->weights);
	free(s->site);
	freep(service);
}

static struct replay_service *service_find(const struct replay *replay, const char *name)
{
	for (size_t i = 0; i < replay->service_count; i++)
		if (strcmp(replay->service[i]->name, name) == 0)
			return replay->service[i];
	return NULL;
}

/* NULL: out of memory. */
static struct replay_service *service_add(struct replay *replay, const char *name)
{
	struct replay_service **grown = reallocarray(replay->service, replay->service_count + 1,
						     sizeof(struct replay_service *));
	struct replay_service *s;

	if (!grown)
		return NULL;
	replay->service = grown;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	snprintf(s->name, sizeof(s->name), "%s", name);
	grown[replay->service_count++] = s;
	return s;
}

static struct replay_site *site_find(const struct replay_service *s, uint64_t id)
{
	for (size_t i = 0; i < s->site_count; i++)
		if (s->site[i].id == id)
			return &s->site[i];
	return NULL;
}

/* NULL: no memory, or more than SITES_MAX. */
static struct replay_site *site_get(struct replay_service *s, const struct record_site *from)
{
	struct replay_site *site = site_find(s, from->in.id), *grown;

	if (site || s->site_count == SITES_MAX)
		return site;
	grown = reallocarray(s->site, s->site_count + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	s->site = grown;
	site = &grown[s->site_count++];
	*site = (struct replay_site){ .id = from->in.id };
	snprintf(site->name, sizeof(site->name), "%s", from->name);
	return site;
}

/* --- a service's memory ----------------------------------------------------------------------- */

/* Where other shares are in force here than were then, these are what hysteresis and limits look
 * at; the histories stay those of the record. */
static void memory_adopt(const struct replay_service *s, struct weights_memory *memory)
{
	for (size_t i = 0; i < memory->count; i++) {
		const struct replay_site *site = site_find(s, memory->site[i].id);

		memory->site[i].share = site && site->there ? site->last[NOW] : 0;
	}
}

static int take_memory(struct replay *replay, const struct record_line *line,
		       char why[FORM_FAULT_LEN])
{
	struct replay_service *s = service_find(replay, line->service);
	struct weights_config config = config_changed(&replay->changes, &line->config);
	_cleanup_(weights_free) struct weights *weights = NULL;
	struct weights_memory memory = line->memory;
	_cleanup_(freep) struct weights_memory_site *site = calloc(memory.count + 1, sizeof(*site));

	if (!s && replay->service_count == SERVICES_MAX)
		return form_fault(why, "there are more than %d services", SERVICES_MAX);
	s = s ? s : service_add(replay, line->service);
	if (!s || !site)
		return -ENOMEM;
	config.scores = line->has_scores ? &s->scores : NULL;
	weights = weights_new(&config);
	if (!weights)
		return -ENOMEM;
	if (s->decisions && memory.decided_s < s->last_s)
		return form_fault(why, "time goes backwards: %.3f after %.3f", memory.decided_s,
				  s->last_s);
	if (memory.count)
		memcpy(site, memory.site, memory.count * sizeof(*site));
	memory.site = site;
	if (replay->changed && s->decisions)
		memory_adopt(s, &memory);
	if (weights_remember(weights, &memory) < 0)
		return -ENOMEM;
	weights_free(&s->weights);
	s->weights = TAKE_PTR(weights);
	s->scores = line->scores;
	s->policy[THEN] = line->config.policy;
	s->policy[NOW] = config.policy;
	s->last_s = fmax(s->last_s, memory.decided_s);
	return 0;
}

/* --- a decision ------------------------------------------------------------------------------- */

static bool equal(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

static bool verdict_same(const struct weights_verdict *a, const struct weights_verdict *b)
{
	return equal(a->share, b->share) && equal(a->wanted, b->wanted) && a->reason == b->reason &&
	       a->freshness == b->freshness && equal(a->age_s, b->age_s) &&
	       equal(a->capacity, b->capacity) && equal(a->service_time_s, b->service_time_s) &&
	       a->capacity_by == b->capacity_by && a->service_time_by == b->service_time_by &&
	       a->rate_by == b->rate_by && equal(a->base, b->base) && a->doubted == b->doubted &&
	       equal(a->own_share_then, b->own_share_then) &&
	       equal(a->utilisation, b->utilisation) && equal(a->marginal_s, b->marginal_s) &&
	       equal(a->rtt_s, b->rtt_s) && equal(a->tier_s, b->tier_s) &&
	       equal(a->cost_s, b->cost_s);
}

static bool decision_same(const struct record_decision *then, const struct weights_decision *now)
{
	bool same = equal(then->own_rate_smooth, now->own_rate) &&
		    equal(then->total_rate, now->total_rate) &&
		    equal(then->level_s, now->level_s) && then->changed == now->changed;

	for (size_t i = 0; same && i < then->count; i++)
		same = verdict_same(&then->site[i].verdict, &now->site[i]);
	return same;
}

static int room_make(struct replay *replay, size_t count)
{
	struct weights_site *in;
	double *share;

	if (count < replay->room)
		return 0;
	in = reallocarray(replay->in, count + 1, sizeof(*in));
	replay->in = in ? in : replay->in;
	share = reallocarray(replay->share, count + 1, sizeof(*share));
	replay->share = share ? share : replay->share;
	if (!in || !share)
		return -ENOMEM;
	replay->room = count + 1;
	return 0;
}

/* The time between two decisions belongs to the shares of the first. */
static void tally_time(struct replay_service *s, double now_s)
{
	double passed_s = s->decisions ? now_s - s->last_s : 0;

	for (size_t i = 0; i < s->site_count; i++) {
		struct replay_site *site = &s->site[i];

		site->seconds += site->there ? passed_s : 0;
		for (int side = THEN; side <= NOW; side++)
			site->summed[side] += site->last[side] * passed_s;
		site->there = false;
	}
	s->apart_summed += s->apart * passed_s;
}

static int tally_sites(struct replay_service *s, const struct replay_outcome *o)
{
	double moved[2] = { 0, 0 };

	for (size_t i = 0; i < o->then->count; i++) {
		struct replay_site *site = site_get(s, &o->then->site[i]);
		double share[2] = { o->then->site[i].verdict.share, o->now->site[i].share };

		if (!site)
			return -ENOMEM;
		site->there = true;
		for (int side = THEN; side <= NOW; side++) {
			moved[side] += fabs(share[side] - site->last[side]) / 2;
			site->last[side] = share[side];
		}
	}
	for (size_t i = 0; i < s->site_count; i++)
		for (int side = THEN; side <= NOW && !s->site[i].there; side++) {
			moved[side] += s->site[i].last[side] / 2; /* it is gone */
			s->site[i].last[side] = 0;
		}
	for (int side = THEN; side <= NOW && s->decisions; side++)
		s->moved[side] += moved[side];
	return 0;
}

static int tally(struct replay_service *s, const struct replay_outcome *o)
{
	int r;

	tally_time(s, o->then->time_s);
	r = tally_sites(s, o);
	if (r < 0)
		return r;
	if (!s->decisions)
		s->began_s = o->then->time_s;
	s->last_s = o->then->time_s;
	s->decisions++;
	s->differ += !o->same;
	s->changes[THEN] += o->then->changed;
	s->changes[NOW] += o->now->changed;
	s->apart = o->apart;
	if (o->apart > s->apart_most) {
		s->apart_most = o->apart;
		s->apart_most_s = o->then->time_s;
	}
	return 0;
}

static int decide(struct replay *replay, struct replay_service *s,
		  const struct record_decision *then, struct replay_outcome *ret)
{
	struct replay_outcome o = { .service = s, .then = then };
	int r = room_make(replay, then->count);

	if (r < 0)
		return r;
	for (size_t i = 0; i < then->count; i++) {
		replay->in[i] = then->site[i].in;
		replay->share[i] = then->site[i].verdict.share;
	}
	r = weights_update(s->weights, then->time_s, then->own_rate, replay->in, then->count,
			   &o.now);
	if (r < 0)
		return r;
	o.same = decision_same(then, o.now);
	for (size_t i = 0; i < then->count; i++)
		o.apart += fabs(o.now->site[i].share - replay->share[i]) / 2;
	weights_applied(s->weights, then->time_s, replay->share);
	r = tally(s, &o);
	if (r < 0)
		return r;
	*ret = o;
	return 1;
}

static int take_decision(struct replay *replay, const struct record_line *line,
			 struct replay_outcome *ret, char why[FORM_FAULT_LEN])
{
	struct replay_service *s = service_find(replay, line->service);

	if (!s || !s->weights)
		return form_fault(
			why,
			"a decision of service '%.60s', and no line before it says what it "
			"remembers",
			line->service);
	if (line->decision.time_s < s->last_s || line->decision.time_s < replay->began_s)
		return form_fault(why, "time goes backwards: %.3f after %.3f",
				  line->decision.time_s, fmax(s->last_s, replay->began_s));
	return decide(replay, s, &line->decision, ret);
}

/* --- lines ------------------------------------------------------------------------------------ */

int replay_line(struct replay *replay, const struct record_line *line, struct replay_outcome *ret,
		char why[FORM_FAULT_LEN])
{
	if (replay->ended)
		return form_fault(why, "there is a line after the record's end");
	if (replay->began == (line->kind == RECORD_BEGIN))
		return form_fault(why, replay->began
					       ? "a second begin"
					       : "this is no record: its first line has no begin");
	switch (line->kind) {
	case RECORD_BEGIN:
		replay->began = true;
		replay->began_s = line->begin.time_s;
		return 0;
	case RECORD_SERVICE:
		return take_memory(replay, line, why);
	case RECORD_DECISION:
		return take_decision(replay, line, ret, why);
	case RECORD_LOST:
		replay->lost += line->lost;
		return 0;
	case RECORD_END:
		replay->ended = true;
		return 0;
	}
	return 0;
}

struct replay *replay_new(const struct replay_changes *changes)
{
	struct replay *replay = calloc(1, sizeof(*replay));

	if (!replay)
		return NULL;
	replay->changes = *changes;
	replay->changed = changes_any(changes);
	return replay;
}

void replay_free(struct replay **replay)
{
	struct replay *r = *replay;

	if (!r)
		return;
	for (size_t i = 0; i < r->service_count; i++)
		service_free(&r->service[i]);
	free(r->service);
	free(r->in);
	free(r->share);
	freep(replay);
}

double replay_began_s(const struct replay *replay)
{
	return replay->began_s;
}

uint64_t replay_lost(const struct replay *replay)
{
	return replay->lost;
}

bool replay_ended(const struct replay *replay)
{
	return replay->ended;
}

const struct replay_service *replay_service(const struct replay *replay, size_t index)
{
	return index < replay->service_count ? replay->service[index] : NULL;
}
