/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which sites an operator's wishes leave. An exclusion always holds; every
 * other wish is granted only while it leaves a site: a service far away is
 * better than none.
 */
#include "base/util.h"
#include "state.h"

#include <math.h>

#define SCORE_BACK                                                                 \
	1 /* points above the least, before a site that was below it is used again \
	   */

static bool site_excluded(struct weights *w, const struct weights_site *in, size_t i)
{
	return in[i].excluded;
}

static bool site_of_barred_class(struct weights *w, const struct weights_site *in, size_t i)
{
	return in[i].class_barred;
}

static bool any_pinned(const struct weights *w, const struct weights_site *in)
{
	for (size_t i = 0; i < w->count; i++)
		if (in[i].pinned)
			return true;
	return false;
}

static bool site_unpinned(struct weights *w, const struct weights_site *in, size_t i)
{
	return !in[i].pinned && any_pinned(w, in);
}

static bool site_far(struct weights *w, const struct weights_site *in, size_t i)
{
	double most_s = w->config.limits.rtt_max_s;

	return most_s > 0 && !(in[i].rtt_s <= most_s);
}

/* Where the score is of utilisation alone, that is the finer one: 11 steps are coarse. NAN: not
 * known. */
static double site_score(const struct weights *w, size_t i)
{
	const struct scores *scores = w->config.scores;
	const struct estimate *e = &w->estimate[i];
	bool alone = scores_by_utilisation(scores);
	double load = e->arrival_rate * e->service_time_s / e->capacity;

	if (alone && !isnan(e->utilisation))
		return scores_of_utilisation(scores, e->utilisation);
	if (!isnan(e->score))
		return e->score;
	return isnan(load) ? NAN : scores_of_utilisation(scores, load);
}

/* What it tells now, or what its load amounts to. Where nothing is known it is
 * not bad. */
static bool site_bad(struct weights *w, const struct weights_site *in, size_t i)
{
	double least = w->config.limits.score_min, score = site_score(w, i);
	struct site *site = &w->site[i];

	if (!(least > 0) || !(w->estimate[i].trust > 0) || isnan(score))
		site->bad = false;
	else
		site->bad = score < least || (site->bad && score < least + SCORE_BACK);
	return site->bad;
}

/* Only the compute-aware policy weighs tiers against load; the others fill the
 * lowest there is. */
static bool site_later(struct weights *w, const struct weights_site *in, size_t i)
{
	if (w->config.policy == POLICY_COMPUTE_AWARE)
		return false;
	for (size_t k = 0; k < w->count; k++)
		if (w->site[k].ramp > 0 && in[k].tier < in[i].tier)
			return true;
	return false;
}

/* In this order. */
static const struct wish {
	bool (*against)(struct weights *w, const struct weights_site *in, size_t i);
	enum weights_reason reason;
	bool always;
} wishes[] = {
	{ site_excluded, REASON_EXCLUDED, true },  { site_of_barred_class, REASON_CLASS, true },
	{ site_unpinned, REASON_UNPINNED, false }, { site_far, REASON_FAR, false },
	{ site_bad, REASON_BAD, false },           { site_later, REASON_TIER, false },
};

static void wish_grant(struct weights *w, const struct weights_site *in, const struct wish *wish)
{
	size_t left = 0;

	for (size_t i = 0; i < w->count; i++) {
		struct site *site = &w->site[i];

		site->unwanted = site->ramp > 0 && wish->against(w, in, i);
		left += site->ramp > 0 && !site->unwanted;
	}
	for (size_t i = 0; i < w->count; i++) {
		struct site *site = &w->site[i];

		if (!site->unwanted || (!left && !wish->always))
			continue;
		site->ramp = 0;
		site->barred = wish->reason;
	}
}

void weights_bar(struct weights *w, const struct weights_site *in)
{
	for (size_t i = 0; i < w->count; i++)
		w->site[i].barred = REASON_SHARE;
	for (size_t k = 0; k < ARRAY_SIZE(wishes); k++)
		wish_grant(w, in, &wishes[k]);
}
