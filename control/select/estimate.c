/* SPDX-License-Identifier: BSD-2-Clause */
#include "select/estimate.h"

#include <math.h>

/* With no word from any site and nothing configured, all that counts is that sites are equal. */
#define CAPACITY_UNKNOWN     1.0
#define SERVICE_TIME_UNKNOWN 0.05

/* What no site has; keeps squares of it and sums over sites far from infinity. */
#define ABSURD      1e12
#define WINDOWS_MAX 20 /* periods */

static double not_negative(double value)
{
	return value >= 0 ? fmin(value, ABSURD) : NAN;
}

double estimate_positive(double value)
{
	return value > 0 ? fmax(1 / ABSURD, fmin(value, ABSURD)) : NAN;
}

static double either(double value, double stand_in)
{
	return isnan(value) ? stand_in : value;
}

/* share of the first, rest of the second; whichever is known if one is not. */
static double mixture(double first, double second, double share)
{
	if (isnan(first) || isnan(second))
		return either(first, second);
	return share * first + (1 - share) * second;
}

static double told(const struct report *report, enum report_field field, double value)
{
	return report->has & field ? value : NAN;
}

/* Of load, and of when: what a report without any of it says is true until it says otherwise. */
#define PASSING                                                                       \
	(REPORT_ARRIVAL_RATE | REPORT_IN_FLIGHT | REPORT_UTILISATION | REPORT_SCORE | \
	 REPORT_SAMPLED)

static enum weights_freshness freshness_of(const struct weights_site *site, double age_s,
					   const struct weights_config *config)
{
	if (!site->has_report || !isfinite(site->sampled_s))
		return FRESH_NONE;
	if (!(site->report.has & PASSING))
		return FRESH_LASTING;
	return age_s > config->expired_s ? FRESH_EXPIRED
	       : age_s > config->stale_s ? FRESH_LATE
					 : FRESH_CURRENT;
}

enum weights_distrust distrust_of(const struct weights_config *config,
				  enum weights_freshness freshness)
{
	switch (freshness) {
	case FRESH_NONE:
		return config->on_missing;
	case FRESH_LATE:
		return config->on_stale;
	case FRESH_EXPIRED:
		return config->on_expired;
	default:
		return DISTRUST_HOLD; /* good as it is */
	}
}

static double trust_of(enum weights_freshness freshness, double age_s,
		       const struct weights_config *config)
{
	if (freshness == FRESH_NONE)
		return 0;
	if (distrust_of(config, freshness) == DISTRUST_HOLD)
		return 1;
	if (freshness != FRESH_LATE || config->on_stale == DISTRUST_EXCLUDE)
		return 0;
	return exp(-(age_s - config->stale_s) / (2 * config->report_period_s));
}

/* Any three of rate, time, capacity and utilisation tell the fourth. */
static void estimate_deduce(struct estimate *e)
{
	double utilisation = either(e->utilisation, e->scored);

	if (isnan(e->capacity) && utilisation > 0) {
		e->capacity = estimate_positive(e->arrival_rate * e->service_time_s / utilisation);
		e->capacity_by = ORIGIN_DEDUCED;
	}
	if (isnan(e->service_time_s) && e->arrival_rate > 0) {
		e->service_time_s = estimate_positive(utilisation * e->capacity / e->arrival_rate);
		e->service_time_by = ORIGIN_DEDUCED;
	}
}

static void estimate_read_score(struct estimate *e, const struct report *r,
				const struct scores *scores)
{
	e->score = told(r, REPORT_SCORE, fmin(r->score, SCORES_MAX));
	if (!isnan(e->score))
		e->scored = scores_utilisation(scores, e->score);
}

void estimate_forget_load(struct estimate *e)
{
	e->arrival_rate = e->in_flight = e->utilisation = e->score = e->scored = NAN;
}

static void estimate_read(struct estimate *e, const struct report *r,
			  const struct weights_config *config, bool with_load)
{
	double period_s = config->report_period_s;

	e->capacity = estimate_positive(told(r, REPORT_CAPACITY, r->capacity));
	e->service_time_s = estimate_positive(told(r, REPORT_SERVICE_TIME, r->service_time_s));
	e->arrival_rate = not_negative(told(r, REPORT_ARRIVAL_RATE, r->arrival_rate));
	e->in_flight = not_negative(told(r, REPORT_IN_FLIGHT, r->in_flight));
	e->utilisation = not_negative(told(r, REPORT_UTILISATION, r->utilisation));
	estimate_read_score(e, r, config->scores);
	e->window_s = fmin(either(estimate_positive(told(r, REPORT_WINDOW, r->window_s)), period_s),
			   WINDOWS_MAX * period_s);
	estimate_deduce(e);
	if (!with_load)
		estimate_forget_load(e);
}

struct estimate estimate_of(const struct weights_site *site, double now_s,
			    const struct weights_config *config, bool with_load)
{
	double age_s = fmax(0, now_s - site->sampled_s), period_s = config->report_period_s;
	struct estimate e = { .freshness = freshness_of(site, age_s, config),
			      .capacity = NAN,
			      .service_time_s = NAN,
			      .arrival_rate = NAN,
			      .utilisation = NAN,
			      .score = NAN,
			      .scored = NAN,
			      .in_flight = NAN,
			      .unavailable = fmin(fmax(0, site->unavailable), 1),
			      .window_s = period_s,
			      .sampled_s = site->sampled_s };

	e.age_s = e.freshness == FRESH_NONE ? 0 : age_s;
	e.trust = trust_of(e.freshness, age_s, config);
	if (e.trust > 0)
		estimate_read(&e, &site->report, config, with_load);
	if (isnan(e.capacity))
		e.capacity_by = ORIGIN_CONFIGURED;
	if (isnan(e.service_time_s))
		e.service_time_by = ORIGIN_CONFIGURED;
	e.capacity = mixture(e.capacity, estimate_positive(site->capacity), e.trust);
	e.service_time_s =
		mixture(e.service_time_s, estimate_positive(site->service_time_s), e.trust);
	if (e.trust > 0 && site->report.has & REPORT_AVAILABILITY)
		e.capacity *= fmax(1 / ABSURD, fmin(site->report.availability, 100) / 100);
	return e;
}

/* Mean over those sites where it is known; NAN: of none. */
static double common(const struct estimate *estimates, size_t count, size_t offset)
{
	double sum = 0;
	size_t known = 0;

	for (size_t i = 0; i < count; i++) {
		double value = *(const double *)((const char *)&estimates[i] + offset);

		if (isnan(value))
			continue;
		sum += value;
		known++;
	}
	return known ? sum / (double)known : NAN;
}

static void rate_from(struct estimate *e, enum weights_origin origin, double rate)
{
	if (!isnan(e->arrival_rate))
		return;
	e->arrival_rate = not_negative(rate);
	e->rate_by = origin;
}

/* A score is last: eleven steps are coarser than what runs. */
static void estimate_rate(struct estimate *e)
{
	double running = isnan(e->in_flight) ? NAN : fmin(e->in_flight, e->capacity);

	rate_from(e, ORIGIN_UTILISATION, e->utilisation * e->capacity / e->service_time_s);
	rate_from(e, ORIGIN_IN_FLIGHT, running / e->service_time_s);
	rate_from(e, ORIGIN_SCORE, e->scored * e->capacity / e->service_time_s);
	if (isnan(e->arrival_rate))
		e->rate_by = ORIGIN_NONE;
}

/* What is not known of this site is as at the others, if it is known of any. */
static void complete_as_others(double *value, enum weights_origin *origin, double mean,
			       double fallback)
{
	if (!isnan(*value))
		return;
	*value = either(mean, fallback);
	*origin = isnan(mean) ? ORIGIN_NONE : ORIGIN_OTHERS;
}

void estimate_complete(struct estimate *estimates, size_t count)
{
	double capacity = common(estimates, count, offsetof(struct estimate, capacity));
	double service_time = common(estimates, count, offsetof(struct estimate, service_time_s));

	for (size_t i = 0; i < count; i++) {
		struct estimate *e = &estimates[i];

		complete_as_others(&e->capacity, &e->capacity_by, capacity, CAPACITY_UNKNOWN);
		complete_as_others(&e->service_time_s, &e->service_time_by, service_time,
				   SERVICE_TIME_UNKNOWN);
		estimate_rate(e);
		/* Last, for what is told of the load is told of the whole. */
		e->capacity = fmax(1 / ABSURD, e->capacity * (1 - e->unavailable));
	}
}
