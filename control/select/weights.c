/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: a decision in steps, numbered as in README.md.
 *
 *   1 estimate     what to reckon with at each site                      observe.c, estimate.c
 *   2 remember     own share and own rate at the time of each report     observe.c, timeline.c
 *   3 demand       what all ingresses send: Lambda                       observe.c, demand.c
 *   4 want         shares by the policy                                  want.c, waterfill.c
 *   5 hold         the former shares, if the new ones differ by little
 *   6 explain      every quantity of it, for people
 *
 * The point is in step 4: every ingress reckons as if all of them moved by the same fractions as
 * itself, relative to the snapshot that the reports are. Then moving at the same time, on the same
 * old news, cannot overshoot.
 */
#include "select/weights.h"

#include "base/util.h"
#include "state.h"

#include <errno.h>
#include <math.h>

/* Own shares: as long as a report can be old, and its window reaches back from there. */
#define PERIODS_KEPT 10
#define WINDOWS_KEPT 5

#define SETTING_MAX 1e6

/* In periods: a report is stale after so many, and expired after so many, where not configured. */
#define LATE    3
#define EXPIRED 10

const char *weights_reason_text(enum weights_reason reason)
{
	static const char *const texts[REASON_COUNT] = {
		[REASON_SHARE] = "share by the policy",
		[REASON_DOWN] = "down",
		[REASON_DRAIN] = "draining",
		[REASON_FARTHER] = "another site is nearer",
		[REASON_BUSIER] = "another site seems to be over first",
		[REASON_TOO_SLOW] = "costs more than the others at the margin",
		[REASON_HELD] = "held: the change would be too small",
		[REASON_SILENT] = "excluded: its report is missing or too old",
		[REASON_LAST_RESORT] = "drains, but so do all others",
		[REASON_EXCLUDED] = "excluded by configuration",
		[REASON_UNPINNED] = "other sites are pinned",
		[REASON_FAR] = "farther than the maximum RTT",
		[REASON_BAD] = "score below the minimum",
		[REASON_TIER] = "a site of an earlier tier is up",
		[REASON_MOST] = "kept at the maximum share",
		[REASON_LEAST] = "kept at the minimum share",
		[REASON_MOVING] = "on its way: no more may move at once",
		[REASON_CLASS] = "excluded: its class is not allowed",
		[REASON_DEAR] = "too dear: but for its cost it would be used",
	};

	return reason < REASON_COUNT ? texts[reason] : "?";
}

const char *weights_freshness_text(enum weights_freshness freshness)
{
	static const char *const texts[] = {
		[FRESH_NONE] = "missing",    [FRESH_CURRENT] = "fresh",   [FRESH_LATE] = "stale",
		[FRESH_EXPIRED] = "expired", [FRESH_LASTING] = "lasting",
	};

	return freshness < ARRAY_SIZE(texts) ? texts[freshness] : "?";
}

const char *weights_origin_text(enum weights_origin origin)
{
	static const char *const texts[ORIGIN_COUNT] = {
		[ORIGIN_TOLD] = "told",
		[ORIGIN_DEDUCED] = "deduced",
		[ORIGIN_UTILISATION] = "utilisation",
		[ORIGIN_IN_FLIGHT] = "in-flight",
		[ORIGIN_SCORE] = "score",
		[ORIGIN_OBSERVED] = "observed",
		[ORIGIN_CONFIGURED] = "configured",
		[ORIGIN_OTHERS] = "other-sites",
		[ORIGIN_NONE] = "nothing",
	};

	return origin < ORIGIN_COUNT ? texts[origin] : "?";
}

static double above_zero(double value, double fallback)
{
	return value > 0 && value < SETTING_MAX ? value : fallback;
}

static double part_of_one(double value)
{
	return value > 0 && value <= 1 ? value : 0;
}

static struct weights_limits limits_sane(const struct weights_limits *limits)
{
	return (struct weights_limits){
		.share_min = part_of_one(limits->share_min),
		.share_max = part_of_one(limits->share_max),
		.move_max = part_of_one(limits->move_max),
		.rtt_max_s = above_zero(limits->rtt_max_s, 0),
		.score_min =
			limits->score_min > 0 && limits->score_min <= 10 ? limits->score_min : 0,
		.overflow_s = above_zero(limits->overflow_s, 0),
		.cost_weight_s = above_zero(limits->cost_weight_s, 0),
		.distrust = part_of_one(limits->distrust),
	};
}

void weights_configure(struct weights *w, const struct weights_config *config)
{
	w->config = *config;
	w->config.queue_factor = above_zero(config->queue_factor, 10);
	w->config.report_period_s = above_zero(config->report_period_s, 5);
	w->config.slow_start_s = above_zero(config->slow_start_s, 0);
	w->config.stale_s = above_zero(config->stale_s, LATE * w->config.report_period_s);
	w->config.expired_s =
		fmax(w->config.stale_s,
		     above_zero(config->expired_s, EXPIRED * w->config.report_period_s));
	if (!(config->hysteresis >= 0 && config->hysteresis <= 1))
		w->config.hysteresis = 0.005;
	w->config.limits = limits_sane(&config->limits);
	w->budget = w->config.limits.move_max;
}

struct weights *weights_new(const struct weights_config *config)
{
	struct weights *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	weights_configure(w, config);
	w->demand.total = NAN;
	w->changed_s = -INFINITY;
	w->began_s = w->own_rate = NAN;
	return w;
}

void weights_free(struct weights **weights)
{
	struct weights *w = *weights;

	if (!w)
		return;
	for (size_t i = 0; i < w->count; i++)
		timeline_clear(&w->site[i].shares);
	timeline_clear(&w->rates);
	free(w->site);
	free(w->estimate);
	free(w->fill);
	free(w->decision.site);
	freep(weights);
}

/* --- the list of sites ------------------------------------------------------------------------ */

static bool weights_same_sites(const struct weights *w, const struct weights_site *in, size_t count)
{
	if (!w->site || count != w->count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (w->site[i].id != in[i].id)
			return false;
	return true;
}

static void sites_free(struct site **sites, size_t count)
{
	for (size_t i = 0; *sites && i < count; i++)
		timeline_clear(&(*sites)[i].shares);
	freep(sites);
}

static struct site *sites_new(const struct weights_site *in, size_t count)
{
	struct site *sites = calloc(count + 1, sizeof(*sites));

	for (size_t i = 0; sites && i < count; i++) {
		sites[i].id = in[i].id;
		if (timeline_reserve(&sites[i].shares) < 0)
			sites_free(&sites, count);
	}
	return sites;
}

/* Moves what is remembered of sites that stay to where the new list has them. */
static void sites_move(struct site *from, size_t from_count, struct site *to, size_t to_count)
{
	for (size_t i = 0; i < to_count; i++)
		for (size_t k = 0; k < from_count; k++)
			if (from[k].id == to[i].id && from[k].known) {
				struct site former = from[k];

				from[k] = to[i];
				to[i] = former;
				break;
			}
}

static int weights_replace_sites(struct weights *w, const struct weights_site *in, size_t count)
{
	_cleanup_(freep) struct estimate *estimate = calloc(count + 1, sizeof(*estimate));
	_cleanup_(freep) struct waterfill_site *fill = calloc(count + 1, sizeof(*fill));
	_cleanup_(freep) struct weights_verdict *verdict = calloc(count + 1, sizeof(*verdict));
	struct site *site = sites_new(in, count);

	if (!estimate || !fill || !verdict || !site) {
		sites_free(&site, count);
		return -ENOMEM;
	}
	sites_move(w->site, w->count, site, count);
	sites_free(&w->site, w->count);
	free(w->estimate);
	free(w->fill);
	free(w->decision.site);
	w->site = site;
	w->count = count;
	w->estimate = TAKE_PTR(estimate);
	w->fill = TAKE_PTR(fill);
	w->decision.site = TAKE_PTR(verdict);
	return 0;
}

/* All that can fail, before anything is changed. */
static int weights_prepare(struct weights *w, const struct weights_site *in, size_t count)
{
	int r = timeline_reserve(&w->rates);

	for (size_t i = 0; i < w->count && !r; i++)
		r = timeline_reserve(&w->site[i].shares);
	if (r < 0 || weights_same_sites(w, in, count))
		return r;
	return weights_replace_sites(w, in, count);
}

/* --- 5 hold ----------------------------------------------------------------------------------- */

static bool weights_hold(const struct weights *w)
{
	double sum = 0, moved = 0;

	for (size_t i = 0; i < w->count; i++) {
		const struct site *site = &w->site[i];

		if (site->share > 0 && site->ramp <= 0)
			return false; /* at once */
		sum += site->share;
		moved += fabs(site->wanted - site->share) / 2;
	}
	return fabs(sum - 1) < 1e-6 && moved <= w->config.hysteresis;
}

static double shares_sum(const struct weights *w)
{
	double sum = 0;

	for (size_t i = 0; i < w->count; i++)
		sum += w->site[i].share;
	return sum;
}

/* Sites that may not be used are left at once, and what they had goes to the
 * others as these are; of the way from there to what is wanted, the part that
 * may be gone. */
static double weights_part(struct weights *w, double now_s)
{
	double most = w->config.limits.move_max, kept = 0, moved = 0;

	w->limited = false;
	if (!(most > 0 && most < 1))
		return 1;
	w->budget = fmin(most, w->budget + most * fmax(0, now_s - w->decision.time_s) /
						   w->config.report_period_s);
	for (size_t i = 0; i < w->count; i++)
		kept += w->site[i].ramp > 0 ? w->site[i].share : 0;
	for (size_t i = 0; i < w->count && kept > 0; i++) {
		struct site *site = &w->site[i];

		site->start = site->ramp > 0 ? site->share / kept : 0;
		moved += fabs(site->wanted - site->start) / 2;
	}
	if (!(kept > 0)) /* the first shares of all */
		return 1;
	w->limited = moved > w->budget;
	return w->limited ? w->budget / moved : 1;
}

static bool weights_settle(struct weights *w, double now_s)
{
	double part = weights_part(w, now_s);
	bool changed = false;

	for (size_t i = 0; i < w->count; i++) {
		struct site *site = &w->site[i];
		double share =
			part < 1 ? site->start + part * (site->wanted - site->start) : site->wanted;

		changed |= site->share != share;
		w->budget -= fabs(share - site->share) / 2;
		site->share = share;
		timeline_note(&site->shares, now_s, site->share);
		timeline_forget(&site->shares, now_s - PERIODS_KEPT * w->config.report_period_s -
						       WINDOWS_KEPT * w->estimate[i].window_s);
	}
	w->budget = fmax(0, w->budget);
	return changed;
}

/* --- 6 explain -------------------------------------------------------------------------------- */

/* Nothing is sent there, and the level is above what it would cost without the money. */
static bool site_dear(const struct weights *w, const struct site *site, double marginal_s)
{
	return site->cost_s > 0 && w->level > 0 && marginal_s - site->cost_s < w->level;
}

static enum weights_reason site_reason(const struct weights *w, const struct site *site,
				       double marginal_s)
{
	if (!site->up)
		return REASON_DOWN;
	if (site->barred != REASON_SHARE)
		return site->barred;
	if (site->silent)
		return REASON_SILENT;
	if (site->drains)
		return w->last_resort ? REASON_LAST_RESORT : REASON_DRAIN;
	if (site->share != site->wanted)
		return w->limited ? REASON_MOVING : REASON_HELD;
	if (site->capped)
		return REASON_MOST;
	if (site->least > 0 && site->share <= site->least * (1 + 1e-9))
		return REASON_LEAST;
	if (site->share > 0 || w->config.policy == POLICY_STATIC)
		return REASON_SHARE;
	return w->config.policy == POLICY_NEAREST  ? REASON_FARTHER
	       : w->config.policy == POLICY_GREEDY ? REASON_BUSIER
	       : site_dear(w, site, marginal_s)    ? REASON_DEAR
						   : REASON_TOO_SLOW;
}

static void verdict_fill(const struct weights *w, size_t i, struct weights_verdict *ret)
{
	const struct waterfill_site *fill = &w->fill[i];
	const struct estimate *e = &w->estimate[i];
	const struct site *site = &w->site[i];
	double rate = isnan(weights_rate(w)) ? 0 : weights_rate(w);
	double predicted = fmax(0, fill->base + rate * site->share);
	double marginal_s =
		fill->rtt_s + waterfill_marginal(fill, w->config.queue_factor, predicted);

	*ret = (struct weights_verdict){
		.id = site->id,
		.share = site->share,
		.wanted = site->wanted,
		.reason = site_reason(w, site, marginal_s),
		.freshness = e->freshness,
		.age_s = e->age_s,
		.capacity = fill->capacity,
		.service_time_s = fill->service_time_s,
		.capacity_by = e->capacity_by,
		.service_time_by = e->service_time_by,
		.rate_by = e->rate_by,
		.base = fill->base,
		.doubted = site->doubted,
		.own_share_then = weights_own_then(w, i),
		.utilisation = predicted * fill->service_time_s / fill->capacity,
		.marginal_s = marginal_s,
		.rtt_s = site->rtt_s,
		.tier_s = site->tier_s,
		.cost_s = site->cost_s,
	};
}

static void weights_explain(struct weights *w, double now_s, bool changed)
{
	w->decision.time_s = now_s;
	w->decision.own_rate = isnan(w->own_rate) ? -1 : w->own_rate;
	w->decision.total_rate = isnan(w->demand.total) ? -1 : weights_rate(w);
	w->decision.foreseen_rate = isnan(w->demand.total) ? 0 : w->foreseen;
	w->decision.level_s = w->level;
	w->decision.changed = changed;
	w->decision.count = w->count;
	for (size_t i = 0; i < w->count; i++)
		verdict_fill(w, i, &w->decision.site[i]);
}

int weights_update(struct weights *w, double now_s, double own_rate,
		   const struct weights_site *sites, size_t count,
		   const struct weights_decision **ret)
{
	double before = shares_sum(w);
	bool changed;
	int r = weights_prepare(w, sites, count);

	if (r < 0)
		return r;
	now_s = isfinite(now_s) ? fmax(now_s, w->decision.time_s) : w->decision.time_s;

	changed = shares_sum(w) != before; /* a site has left without going down first */
	weights_observe(w, now_s, own_rate, sites);
	weights_bar(w, sites);
	weights_want(w, sites);
	if (!weights_hold(w))
		changed |= weights_settle(w, now_s);
	weights_explain(w, now_s, changed);
	*ret = &w->decision;
	return 0;
}
