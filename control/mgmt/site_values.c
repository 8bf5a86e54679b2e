/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/site_values.h"

#include "metric/kind.h"
#include "metric/raw.h"
#include "mgmt/answer.h"
#include "mgmt/report_json.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

static int64_t unix_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void put(struct value_set *set, const char *type, double number, enum value_source source,
		int64_t sampled_ms)
{
	struct value value = { .value = number,
			       .source = source,
			       .statistic = VALUE_CURRENT,
			       .sampled_ms = sampled_ms };

	snprintf(value.type, sizeof(value.type), "%s", type);
	snprintf(value.unit, sizeof(value.unit), "%s", kind_find(type)->unit);
	value_set_put(set, &value);
}

/* The report's age by our clock: the site's may be wrong. */
static void put_report(struct value_set *set, const struct offer *offer, int64_t now_ms,
		       int64_t wall_ms)
{
	struct report report = offer->report;

	report.has &= ~(uint32_t)REPORT_SAMPLED;
	raw_put_report(set, &report, VALUE_AGENT, wall_ms - (now_ms - offer->sampled_ms));
}

static void put_configured(struct value_set *set, const struct ingress_site_view *site)
{
	if (site->capacity > 0)
		put(set, "capacity", site->capacity, VALUE_CONFIGURED, 0);
	if (site->service_time_s > 0)
		put(set, "service-time", site->service_time_s, VALUE_CONFIGURED, 0);
	if (site->rtt.source == INGRESS_RTT_CONFIGURED && site->rtt.rtt_s > 0)
		put(set, "rtt", site->rtt.rtt_s, VALUE_CONFIGURED, 0);
}

void site_values(const struct ingress_site_view *site, int64_t now_ms, struct value_set *ret)
{
	int64_t wall_ms = unix_ms();

	if (site->offer && site->offer->has_report)
		put_report(ret, site->offer, now_ms, wall_ms);
	observed_put(ret, &site->observed, wall_ms - llround(site->observed.age_s * 1000));
	if (site->rtt.source == INGRESS_RTT_MEASURED)
		put(ret, "rtt", site->rtt.rtt_s, VALUE_PROBE, wall_ms);
	if (site->rtt.source == INGRESS_RTT_HANDSHAKE)
		put(ret, "rtt", site->rtt.rtt_s, VALUE_OBSERVED, wall_ms);
	put_configured(ret, site);
}

void site_score_put(json_t *object, const struct scores *scores,
		    const struct ingress_site_view *site, const struct value_set *set)
{
	const struct report none = { 0 };
	const struct offer *offer = site->offer;

	score_put(object, scores, offer && offer->has_report ? &offer->report : &none, set);
}

static void put_value(json_t *object, const struct value *value, int64_t wall_ms)
{
	answer_text(object, "type", value->type);
	answer_number(object, "value", value->value);
	answer_text(object, "unit", value->unit);
	answer_text(object, "source", value_source_text(value->source));
	answer_text(object, "statistic", value_statistic_text(value->statistic));
	if (value->window_s > 0)
		answer_number(object, "window", value->window_s);
	if (value->sampled_ms)
		answer_number(object, "age", fmax(0, (double)(wall_ms - value->sampled_ms)) / 1000);
}

void values_put(json_t *array, const struct value_set *set)
{
	int64_t wall_ms = unix_ms();

	for (size_t i = 0; i < set->count; i++)
		put_value(answer_append(array), &set->value[i], wall_ms);
}
