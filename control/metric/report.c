/* SPDX-License-Identifier: BSD-2-Clause */
#include "metric/report.h"

#include "base/util.h"

#include <math.h>
#include <stddef.h>

#define SCORE_MAX 10

/* When the ingresses are told at once (README.md). */
#define SERVICE_TIME_MOVED 0.15
#define CAPACITY_MOVED     0.01
#define BACKLOG_PER_SLOT   2.0
#define SCORE_MOVED        2
#define DELAY_MOVED        15
#define CROSSING_MARGIN    0.05

static const double crossings[] = { 0.7, 0.9, 1.0 };

enum bound { BOUND_FROM_ZERO, BOUND_ABOVE_ZERO };

static const struct measured_field {
	const char *name;
	enum report_field bit;
	enum bound low;
	size_t offset;
} measured[] = {
	{ "capacity", REPORT_CAPACITY, BOUND_ABOVE_ZERO, offsetof(struct report, capacity) },
	{ "service-time", REPORT_SERVICE_TIME, BOUND_ABOVE_ZERO,
	  offsetof(struct report, service_time_s) },
	{ "arrival-rate", REPORT_ARRIVAL_RATE, BOUND_FROM_ZERO,
	  offsetof(struct report, arrival_rate) },
	{ "in-flight", REPORT_IN_FLIGHT, BOUND_FROM_ZERO, offsetof(struct report, in_flight) },
	{ "utilisation", REPORT_UTILISATION, BOUND_FROM_ZERO,
	  offsetof(struct report, utilisation) },
	{ "window", REPORT_WINDOW, BOUND_ABOVE_ZERO, offsetof(struct report, window_s) },
};

static double measured_value(const struct measured_field *field, const struct report *report)
{
	return *(const double *)((const char *)report + field->offset);
}

static bool measured_valid(const struct measured_field *field, const struct report *report)
{
	double value = measured_value(field, report);

	return isfinite(value) && (field->low == BOUND_FROM_ZERO ? value >= 0 : value > 0);
}

const char *report_validate(const struct report *report)
{
	for (size_t i = 0; i < ARRAY_SIZE(measured); i++)
		if (report->has & measured[i].bit && !measured_valid(&measured[i], report))
			return measured[i].name;
	if (report->has & REPORT_SAMPLED && report->sampled_ms < 0)
		return "sampled";
	if (report->has & REPORT_AVAILABILITY && report->availability > 100)
		return "availability";
	if (report->has & REPORT_DELAY && report->delay_index > 100)
		return "delay-index";
	if (report->has & REPORT_SCORE && report->score > SCORE_MAX)
		return "score";
	return NULL;
}

/* NaN is within of nothing, so that it shows as a change. */
static bool within(double a, double b, double tolerance)
{
	return a == b || fabs(a - b) <= tolerance * fmax(fabs(a), fabs(b));
}

static bool whole_equal(const struct report *a, const struct report *b)
{
	uint32_t has = a->has;

	return (!(has & REPORT_PREFERENCE) || a->preference == b->preference) &&
	       (!(has & REPORT_AVAILABILITY) || a->availability == b->availability) &&
	       (!(has & REPORT_DELAY) || a->delay_index == b->delay_index) &&
	       (!(has & REPORT_SCORE) || a->score == b->score);
}

bool report_equal_within(const struct report *a, const struct report *b, double tolerance)
{
	if (a->has != b->has || a->drain != b->drain || !whole_equal(a, b))
		return false;
	if (tolerance == 0 && a->has & REPORT_SAMPLED && a->sampled_ms != b->sampled_ms)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(measured); i++)
		if (a->has & measured[i].bit && !within(measured_value(&measured[i], a),
							measured_value(&measured[i], b), tolerance))
			return false;
	return true;
}

bool report_utilisation(const struct report *report, double *ret)
{
	const uint32_t offered = REPORT_ARRIVAL_RATE | REPORT_SERVICE_TIME | REPORT_CAPACITY;
	const uint32_t running = REPORT_IN_FLIGHT | REPORT_CAPACITY;

	if (report->has & REPORT_UTILISATION)
		*ret = report->utilisation;
	else if ((report->has & offered) == offered)
		*ret = report->arrival_rate * report->service_time_s / report->capacity;
	else if ((report->has & running) == running)
		*ret = fmin(1, report->in_flight / report->capacity);
	else if (report->has & REPORT_SCORE)
		*ret = 1 - (double)report->score / SCORE_MAX;
	else
		return false;
	return true;
}

bool report_score(const struct report *report, uint8_t *ret)
{
	double utilisation;

	if (!report_utilisation(report, &utilisation) || isnan(utilisation))
		return false;
	*ret = (uint8_t)lround(SCORE_MAX * (1 - fmin(1, fmax(0, utilisation))));
	return true;
}

static double backlog(const struct report *report)
{
	double slots = report->has & REPORT_CAPACITY ? report->capacity : 1;

	return fmax(0, report->in_flight - slots);
}

/* growth: of what is bad; it is news where it is above the threshold. */
static enum report_change change_of(double growth, double threshold)
{
	return growth > threshold    ? REPORT_WORSE
	       : growth < -threshold ? REPORT_BETTER
				     : REPORT_SAME;
}

static enum report_change capacity_change(const struct report *sent, const struct report *now)
{
	if (!(now->has & REPORT_CAPACITY) || within(sent->capacity, now->capacity, CAPACITY_MOVED))
		return REPORT_SAME;
	return change_of(sent->capacity - now->capacity, 0);
}

static enum report_change time_change(const struct report *sent, const struct report *now,
				      double threshold)
{
	if (!(now->has & REPORT_SERVICE_TIME))
		return REPORT_SAME;
	return change_of(now->service_time_s - sent->service_time_s,
			 threshold * sent->service_time_s);
}

static enum report_change backlog_change(const struct report *sent, const struct report *now,
					 double scale)
{
	double slots = now->has & REPORT_CAPACITY ? now->capacity : 1;

	if (!(now->has & REPORT_IN_FLIGHT))
		return REPORT_SAME;
	return change_of(backlog(now) - backlog(sent), BACKLOG_PER_SLOT * scale * slots);
}

/* The margin keeps a load that hovers on a level from being told every time. */
static enum report_change utilisation_change(const struct report *sent, const struct report *now,
					     double scale)
{
	double before, after;

	if (!report_utilisation(sent, &before) || !report_utilisation(now, &after) ||
	    fabs(after - before) <= CROSSING_MARGIN * scale)
		return REPORT_SAME;
	for (size_t i = 0; i < ARRAY_SIZE(crossings); i++)
		if ((before < crossings[i]) != (after < crossings[i]))
			return change_of(after - before, 0);
	return REPORT_SAME;
}

static enum report_change worst(enum report_change a, enum report_change b)
{
	return a > b ? a : b;
}

static enum report_change index_change(const struct report *sent, const struct report *now,
				       double scale)
{
	enum report_change change = REPORT_SAME;

	if (now->has & REPORT_PREFERENCE)
		change = worst(change, change_of((double)sent->preference - now->preference, 0));
	if (now->has & REPORT_AVAILABILITY)
		change = worst(change, change_of(sent->availability - now->availability, 0));
	if (now->has & REPORT_SCORE && abs(now->score - sent->score) >= SCORE_MOVED)
		change = worst(change, change_of(sent->score - now->score, 0));
	if (now->has & REPORT_DELAY)
		change = worst(change, change_of(now->delay_index - sent->delay_index,
						 DELAY_MOVED * scale));
	return change;
}

/* What is told of other things cannot be compared: it counts as bad. */
enum report_change report_change(const struct report *sent, const struct report *now,
				 double threshold)
{
	double scale = threshold / SERVICE_TIME_MOVED;
	enum report_change change;

	if (sent->has != now->has || (now->drain && !sent->drain))
		return REPORT_WORSE;
	change = sent->drain && !now->drain ? REPORT_BETTER : REPORT_SAME;
	change = worst(change, capacity_change(sent, now));
	change = worst(change, time_change(sent, now, threshold));
	change = worst(change, backlog_change(sent, now, scale));
	change = worst(change, utilisation_change(sent, now, scale));
	return worst(change, index_change(sent, now, scale));
}

bool report_significant(const struct report *sent, const struct report *now)
{
	return report_change(sent, now, SERVICE_TIME_MOVED) != REPORT_SAME;
}
