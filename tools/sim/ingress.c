/* SPDX-License-Identifier: BSD-2-Clause */
#include "ingress.h"

#include "select/waterfill.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define HYSTERESIS 0.005
#define SERVICE    1          /* its id, for the slot tables */
#define FIRST_NS   1000000000 /* the daemon's clock is not 0 at the start */

static struct weights_site input_of(const struct world *world, size_t m, size_t i)
{
	const struct setup *setup = world->setup;
	const struct world_site *site = &world->site[i];

	return (struct weights_site){ .id = i + 1,
				      .up = true,
				      .rtt_s = world_rtt(world, m, i),
				      .capacity = site->slots,
				      .service_time_s = setup->mean_s / site->speed };
}

int ingress_init(struct ingress *in, const struct world *world, size_t number)
{
	const struct setup *setup = world->setup;
	struct weights_config config = { .policy = setup->rule->policy,
					 .queue_factor = setup->theta,
					 .hysteresis = HYSTERESIS,
					 .report_period_s = setup->delay_s,
					 .limits = { .share_max = setup->share_max,
						     .distrust = setup->distrust } };

	*in = (struct ingress){ .world = world, .number = number };
	placement_init(&in->placement, false, 0, FIRST_NS);
	for (size_t i = 0; i < SITES; i++)
		in->in[i] = input_of(world, number, i);
	if (setup->rule->shares == SHARES_SELECT) {
		in->weights = weights_new(&config);
		if (!in->weights)
			return -ENOMEM;
	}
	if (setup->rule->slots) {
		in->owner = calloc(setup->slots, sizeof(*in->owner));
		in->owner_turn = calloc(setup->slots, sizeof(*in->owner_turn));
		if (!in->owner || !in->owner_turn)
			return -ENOMEM;
	}
	return 0;
}

void ingress_clear(struct ingress *in)
{
	weights_free(&in->weights);
	free(in->owner);
	free(in->owner_turn);
	*in = (struct ingress){ 0 };
}

void ingress_told(struct ingress *in, size_t site, const struct told *told, double sampled_s)
{
	in->told[site] = *told;
	in->in[site].report = told->report;
	in->in[site].has_report = true;
	in->in[site].sampled_s = sampled_s;
}

void ingress_notice(struct ingress *in, size_t site, bool up, double now_s)
{
	in->in[site].up = up;
	if (up)
		in->in[site].up_since_s = now_s;
	else
		in->in[site].has_report = false;
	in->side[site].in_flight = 0;
	in->since[site]++;
}

/* --- shares ----------------------------------------------------------------------------------- */

static double nominal(const struct weights_site *in)
{
	return in->capacity / in->service_time_s;
}

static double reported(const struct weights_site *in)
{
	return in->has_report ? in->report.capacity / in->report.service_time_s : nominal(in);
}

static double headroom(const struct weights_site *in)
{
	return in->has_report ? reported(in) * fmax(0.01, 1 - in->report.utilisation) : nominal(in);
}

static double one(const struct weights_site *in)
{
	return 1;
}

static void shares_by(struct ingress *in, double (*weight)(const struct weights_site *),
		      double ret[SITES])
{
	double sum = 0;

	for (size_t i = 0; i < SITES; i++)
		sum += ret[i] = in->in[i].up ? weight(&in->in[i]) : 0;
	for (size_t i = 0; i < SITES; i++)
		ret[i] /= sum;
}

static void shares_absolute(struct ingress *in, double now_s, double ret[SITES])
{
	struct waterfill_site site[SITES];
	struct waterfill fill = { .site = site, .count = SITES, .theta = in->world->setup->theta };
	double period_s = in->world->setup->delay_s;

	for (size_t i = 0; i < SITES; i++) {
		const struct weights_site *s = &in->in[i];
		double trim_s = fmax(0.5, 0.6 * (now_s - s->sampled_s + period_s));

		site[i] = (struct waterfill_site){ .rtt_s = s->rtt_s,
						   .capacity = s->capacity,
						   .service_time_s = s->service_time_s,
						   .closed = !s->up,
						   .queue = queue_of(s->capacity) };
		if (!s->has_report)
			continue;
		site[i].service_time_s = s->report.service_time_s;
		site[i].base = fmax(0, s->report.in_flight - s->capacity) / trim_s;
		fill.rate += s->report.arrival_rate;
	}
	waterfill(&fill);
	for (size_t i = 0; i < SITES; i++)
		ret[i] = site[i].share;
}

static int shares_select(struct ingress *in, double now_s, double ret[SITES])
{
	double passed_s = now_s - in->decided_s;
	double rate = passed_s > 0 ? in->started / passed_s : -1;
	const struct weights_decision *decision;
	int r = weights_update(in->weights, now_s, rate, in->in, SITES, &decision);

	if (r < 0)
		return r;
	for (size_t i = 0; i < SITES; i++)
		ret[i] = decision->site[i].share;
	return 0;
}

static int shares_find(struct ingress *in, double now_s, const double *optimum, double ret[SITES])
{
	switch (in->world->setup->rule->shares) {
	case SHARES_SELECT:
		return shares_select(in, now_s, ret);
	case SHARES_UNIFORM:
		shares_by(in, one, ret);
		break;
	case SHARES_HEADROOM:
		shares_by(in, headroom, ret);
		break;
	case SHARES_RATE:
		shares_by(in, reported, ret);
		break;
	case SHARES_ABSOLUTE:
		shares_absolute(in, now_s, ret);
		break;
	case SHARES_OPTIMUM:
		for (size_t i = 0; i < SITES; i++)
			ret[i] = optimum[i];
		break;
	case SHARES_TRUTH:
		break;
	}
	return 0;
}

static void table_fill(struct ingress *in)
{
	in->turn++;
	for (size_t i = 0; i < SITES; i++)
		in->owner_site[i] = (struct owner_site){ .id = in->in[i].id,
							 .share = in->share[i],
							 .member = (uint16_t)(i + 1),
							 .spare = in->in[i].up };
}

static void shares_take(struct ingress *in, const double share[SITES])
{
	double moved = 0, below = 0;

	for (size_t i = 0; i < SITES; i++)
		moved += fabs(share[i] - in->share[i]) / 2;
	if (moved <= 0)
		return;
	in->moved += moved;
	for (size_t i = 0; i < SITES; i++) {
		in->share[i] = share[i];
		in->below[i] = below += share[i];
		in->side[i].weight = (uint32_t)(share[i] * 65536);
	}
	if (in->owner)
		table_fill(in);
}

int ingress_decide(struct ingress *in, double now_s, const double *optimum)
{
	double share[SITES] = { 0 };
	int r = shares_find(in, now_s, optimum, share);

	if (r < 0)
		return r;
	shares_take(in, share);
	in->started = 0;
	in->decided_s = now_s;
	return 0;
}

/* --- two choices ------------------------------------------------------------------------------ */

/* As control/ingress/steering.c has it. */
static double seconds_said(const struct weights_site *site)
{
	return site->rtt_s +
	       (site->has_report ? site->report.service_time_s : site->service_time_s);
}

void ingress_watch(struct ingress *in, double now_s)
{
	placement_begin(&in->placement, FIRST_NS + (uint64_t)(now_s * 1e9));
	for (size_t i = 0; i < SITES; i++) {
		in->site[i].share = in->share[i];
		in->site[i].expected_s = seconds_said(&in->in[i]);
		in->flows[i].in_flight = (double)in->side[i].in_flight / TWO_CHOICE_FLOW;
		placement_add(&in->placement, &in->site[i], &in->flows[i]);
	}
	placement_end(&in->placement);
	for (size_t i = 0; i < SITES; i++) {
		double more = placement_correct(&in->placement, &in->site[i]);

		in->side[i].in_flight =
			two_choice_adjust(in->side[i].in_flight, llround(more * TWO_CHOICE_FLOW));
	}
}

bool ingress_closed(const struct ingress *in)
{
	return in->placement.gate != PLACEMENT_OPEN;
}

static size_t slot_owner(struct ingress *in, uint32_t slot)
{
	if (in->owner_turn[slot] != in->turn) {
		in->owner[slot] = owner_of_slot(SERVICE, in->owner_site, SITES, slot);
		in->owner_turn[slot] = in->turn;
	}
	return in->owner[slot].now - 1u;
}

static size_t site_drawn(struct ingress *in, uint32_t hash)
{
	double at = hash * 0x1p-32;
	size_t i = 0;

	if (in->owner)
		return slot_owner(in, hash & (in->world->setup->slots - 1));
	while (i < SITES - 1 && at >= in->below[i])
		i++;
	return i;
}

/* Another head start than the data path's: the first's weight counts for so much more. */
static bool second_is_better(const struct ingress *in, size_t i, size_t j)
{
	double head_start = in->world->setup->gamma * TWO_CHOICE_GAMMA_DEN / TWO_CHOICE_GAMMA_NUM;
	struct two_choice first = in->side[i];

	first.weight = (uint32_t)lround(first.weight * head_start);
	return two_choice_second(&first, &in->side[j]);
}

size_t ingress_place(struct ingress *in, uint32_t h1, uint32_t h2, bool *ret_second)
{
	size_t first = site_drawn(in, h1), site = first, second;

	if (in->world->setup->rule->two_choice && !ingress_closed(in)) {
		second = site_drawn(in, h2);
		if (second != first && second_is_better(in, first, second))
			site = second;
	}
	*ret_second = site != first;
	in->started++;
	in->flows[site].starts++;
	in->flows[site].seconds += *ret_second;
	in->side[site].in_flight += TWO_CHOICE_FLOW;
	return site;
}

void ingress_end(struct ingress *in, size_t site, uint32_t since, double took_s)
{
	if (since != in->since[site])
		return;
	in->flows[site].ends++;
	in->flows[site].timed++;
	in->flows[site].flow_us += (uint64_t)(took_s * 1e6);
	in->side[site].in_flight = two_choice_end(in->side[site].in_flight);
}
