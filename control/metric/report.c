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

static bool backlog_moved(const struct report *sent, const struct report *now)
{
	double slots = now->has & REPORT_CAPACITY ? now->capacity : 1;

	return now->has & REPORT_IN_FLIGHT &&
	       fabs(backlog(now) - backlog(sent)) > BACKLOG_PER_SLOT * slots;
}

/* The margin keeps a load that hovers on a level from being told every time. */
static bool utilisation_crossed(const struct report *sent, const struct report *now)
{
	double before, after;

	if (!report_utilisation(sent, &before) || !report_utilisation(now, &after) ||
	    fabs(after - before) <= CROSSING_MARGIN)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(crossings); i++)
		if ((before < crossings[i]) != (after < crossings[i]))
			return true;
	return false;
}

static bool index_moved(const struct report *sent, const struct report *now)
{
	return (now->has & REPORT_PREFERENCE && now->preference != sent->preference) ||
	       (now->has & REPORT_AVAILABILITY && now->availability != sent->availability) ||
	       (now->has & REPORT_SCORE && abs(now->score - sent->score) >= SCORE_MOVED) ||
	       (now->has & REPORT_DELAY && abs(now->delay_index - sent->delay_index) > DELAY_MOVED);
}

bool report_significant(const struct report *sent, const struct report *now)
{
	if (sent->has != now->has || sent->drain != now->drain)
		return true;
	if (now->has & REPORT_CAPACITY && !within(sent->capacity, now->capacity, CAPACITY_MOVED))
		return true;
	if (now->has & REPORT_SERVICE_TIME && fabs(now->service_time_s - sent->service_time_s) >
						      SERVICE_TIME_MOVED * sent->service_time_s)
		return true;
	return backlog_moved(sent, now) || utilisation_crossed(sent, now) || index_moved(sent, now);
}
