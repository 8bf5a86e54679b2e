/* SPDX-License-Identifier: BSD-2-Clause */
#include "metric/raw.h"

#include "base/util.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Fields that are a number of their own. */
static const struct field {
	const char *type;
	enum report_field bit;
	size_t offset;
	bool mean; /* over the report's window */
} fields[] = {
	{ "capacity", REPORT_CAPACITY, offsetof(struct report, capacity), false },
	{ "service-time", REPORT_SERVICE_TIME, offsetof(struct report, service_time_s), true },
	{ "arrival-rate", REPORT_ARRIVAL_RATE, offsetof(struct report, arrival_rate), true },
	{ "in-flight", REPORT_IN_FLIGHT, offsetof(struct report, in_flight), false },
	{ "utilisation", REPORT_UTILISATION, offsetof(struct report, utilisation), true },
};

/* Where a site does not tell the load of its service, that of what it runs on. */
static const char *const machine_loads[] = { "cpu-utilisation", "gpu-utilisation",
					     "npu-utilisation" };

/* --- report to values ------------------------------------------------------------------------- */

static void put(struct value_set *set, struct value *value, const char *type, double number)
{
	const struct kind *kind = kind_find(type);

	snprintf(value->type, sizeof(value->type), "%s", type);
	snprintf(value->unit, sizeof(value->unit), "%s", kind ? kind->unit : "");
	value->value = number;
	value_set_put(set, value);
}

void raw_put_report(struct value_set *set, const struct report *report, enum value_source source,
		    int64_t sampled_ms)
{
	bool windowed = report->has & REPORT_WINDOW;
	struct value value = { .source = source,
			       .sampled_ms = report->has & REPORT_SAMPLED ? report->sampled_ms
									  : sampled_ms };

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		bool mean = windowed && fields[i].mean;

		if (!(report->has & fields[i].bit))
			continue;
		value.statistic = mean ? VALUE_MEAN : VALUE_CURRENT;
		value.window_s = mean ? report->window_s : 0;
		put(set, &value, fields[i].type,
		    *(const double *)((const char *)report + fields[i].offset));
	}
	value.statistic = VALUE_CURRENT;
	value.window_s = 0;
	if (report->has & REPORT_AVAILABILITY)
		put(set, &value, "availability", report->availability / 100.0);
}

/* --- values to report ------------------------------------------------------------------------- */

struct completion {
	const struct value_set *set;
	struct report *report;
	uint32_t filled;
	int64_t oldest_ms; /* of what was used; 0: nothing has a time */
	double window_s;
};

static void used(struct completion *c, const struct value *value)
{
	if (value->sampled_ms && (!c->oldest_ms || value->sampled_ms < c->oldest_ms))
		c->oldest_ms = value->sampled_ms;
	c->window_s = fmax(c->window_s, value->window_s);
}

/* A field is what there is or a mean of it, never an extreme. */
static const struct value *usual(const struct value_set *set, const char *type)
{
	const struct value *value = value_set_find(set, type);

	return value && value->statistic <= VALUE_MEAN ? value : NULL;
}

/* Sets the field, if the report may have it. */
static bool fill(struct completion *c, enum report_field bit, size_t offset, double number)
{
	struct report trial = *c->report;

	trial.has |= bit;
	*(double *)((char *)&trial + offset) = number;
	if (report_validate(&trial))
		return false;
	*c->report = trial;
	c->filled |= bit;
	return true;
}

static bool lacks(const struct completion *c, enum report_field bit)
{
	return !(c->report->has & bit);
}

static void complete_told(struct completion *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const struct value *value = usual(c->set, fields[i].type);

		if (value && lacks(c, fields[i].bit) &&
		    fill(c, fields[i].bit, fields[i].offset, value->value))
			used(c, value);
	}
}

/* In flight is what is worked on and what waits. A queue alone tells it where all slots are busy,
 * as they are where something waits. */
static void complete_in_flight(struct completion *c)
{
	const struct value *busy = usual(c->set, "busy");
	const struct value *queue = usual(c->set, "queue");
	double waits = queue && queue->value >= 0 ? queue->value : 0, works;

	if (!lacks(c, REPORT_IN_FLIGHT))
		return;
	if (busy && busy->value >= 0)
		works = busy->value;
	else if (waits > 0 && !lacks(c, REPORT_CAPACITY))
		works = c->report->capacity;
	else
		return;
	if (!fill(c, REPORT_IN_FLIGHT, offsetof(struct report, in_flight), works + waits))
		return;
	if (busy && busy->value >= 0)
		used(c, busy);
	if (queue && queue->value >= 0)
		used(c, queue);
}

static const struct value *busiest(const struct value_set *set)
{
	const struct value *found = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(machine_loads); i++) {
		const struct value *value = usual(set, machine_loads[i]);

		if (value && value->value >= 0 && (!found || value->value > found->value))
			found = value;
	}
	return found;
}

/* The machine's load counts where the service's own is told in no way: other work is in it, too. */
static void complete_utilisation(struct completion *c)
{
	const size_t offset = offsetof(struct report, utilisation);
	const struct value *busy = usual(c->set, "busy"), *machine = busiest(c->set);
	double known;

	if (!lacks(c, REPORT_UTILISATION))
		return;
	if (busy && !lacks(c, REPORT_CAPACITY) &&
	    fill(c, REPORT_UTILISATION, offset, busy->value / c->report->capacity))
		used(c, busy);
	else if (machine && !report_utilisation(c->report, &known) &&
		 fill(c, REPORT_UTILISATION, offset, machine->value))
		used(c, machine);
}

static void complete_availability(struct completion *c)
{
	const struct value *value = usual(c->set, "availability");

	if (!value || !lacks(c, REPORT_AVAILABILITY) || !(value->value >= 0 && value->value <= 1))
		return;
	c->report->availability = (uint16_t)lround(value->value * 100);
	c->report->has |= REPORT_AVAILABILITY;
	c->filled |= REPORT_AVAILABILITY;
	used(c, value);
}

static void complete_times(struct completion *c)
{
	if (!c->filled)
		return;
	if (lacks(c, REPORT_SAMPLED) && c->oldest_ms) {
		c->report->sampled_ms = c->oldest_ms;
		c->report->has |= REPORT_SAMPLED;
		c->filled |= REPORT_SAMPLED;
	}
	if (lacks(c, REPORT_WINDOW) && c->window_s > 0)
		fill(c, REPORT_WINDOW, offsetof(struct report, window_s), c->window_s);
}

uint32_t raw_complete(const struct value_set *set, struct report *report)
{
	struct completion c = { .set = set, .report = report };

	complete_told(&c);
	complete_in_flight(&c);
	complete_utilisation(&c);
	complete_availability(&c);
	complete_times(&c);
	return c.filled;
}

/* --- score ------------------------------------------------------------------------------------ */

static void put_set(struct value_set *to, const struct value_set *from)
{
	for (size_t i = 0; from && i < from->count; i++)
		value_set_put(to, &from->value[i]);
}

bool raw_score(const struct scores *scores, const struct report *report,
	       const struct value_set *set, uint8_t *ret_score)
{
	_cleanup_(value_set_clear) struct value_set all = { 0 };
	struct report known = *report;
	struct scores_result result;

	if (report->has & REPORT_SCORE) {
		*ret_score = report->score;
		return true;
	}
	/* The metric that scores are of by default, where it follows from the others. */
	if (report_utilisation(&known, &known.utilisation))
		known.has |= REPORT_UTILISATION;
	raw_put_report(&all, &known, VALUE_AGENT, 0);
	put_set(&all, set);
	if (!scores_of(scores, &all, &result))
		return false;
	*ret_score = result.score;
	return true;
}
