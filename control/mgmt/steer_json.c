/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/steer_json.h"

#include "mgmt/answer.h"
#include "mgmt/report_json.h"

#include <stdio.h>

/* Of the first class of the set; NULL: it has none that is configured. */
static const char *class_name(const struct config *config, uint64_t classes)
{
	for (size_t i = 0; i < config->class_count; i++)
		if (classes >> i & 1)
			return config->class_name[i];
	return NULL;
}

static void put_limits(json_t *object, const struct weights_limits *limits)
{
	answer_number(object, "minimum-share", limits->share_min);
	answer_number(object, "maximum-share", limits->share_max);
	answer_number(object, "maximum-move", limits->move_max);
	if (limits->rtt_max_s > 0)
		answer_number(object, "maximum-rtt-ms", limits->rtt_max_s * 1000);
	answer_number(object, "minimum-score", limits->score_min);
	answer_number(object, "overflow-ms", limits->overflow_s * 1000);
	answer_number(object, "cost-weight-ms", limits->cost_weight_s * 1000);
	answer_number(object, "distrust", limits->distrust);
}

/* A list of their names; nothing where there are none. */
static void put_classes(json_t *object, const char *key, const struct config *config,
			uint64_t classes)
{
	json_t *array = classes ? answer_array(object, key) : NULL;

	for (size_t i = 0; array && i < config->class_count; i++)
		if (classes >> i & 1)
			json_array_append_new(array, json_string(config->class_name[i]));
}

static void put_rules(json_t *object, const struct config *config, const struct class_rules *rules)
{
	json_t *array;

	put_classes(object, "allowed-classes", config, rules->allowed);
	put_classes(object, "excluded-classes", config, rules->excluded);
	if (!rules->tier_count)
		return;
	array = answer_array(object, "tiers");
	for (size_t i = 0; i < rules->tier_count; i++)
		json_array_append_new(array, json_string(class_name(config, rules->tier[i])));
}

void settings_put(json_t *object, const struct config *config,
		  const struct ingress_service_config *service)
{
	const struct weights_config *weights = &service->weights;

	answer_text(object, "policy", policy_text(weights->policy));
	answer_number(object, "queue-factor", weights->queue_factor);
	answer_number(object, "hysteresis", weights->hysteresis);
	answer_number(object, "report-period", weights->report_period_s);
	answer_number(object, "slow-start", weights->slow_start_s);
	put_limits(object, &weights->limits);
	answer_number(object, "stale-age",
		      weights->stale_s > 0 ? weights->stale_s : 3 * weights->report_period_s);
	answer_number(object, "max-age", weights->expired_s);
	answer_text(object, "when-missing", distrust_text(weights->on_missing));
	answer_text(object, "when-stale", distrust_text(weights->on_stale));
	answer_text(object, "when-expired", distrust_text(weights->on_expired));
	put_rules(object, config, &service->classes);
}

void standing_put(json_t *object, const struct config *config, const struct ingress_site_view *site)
{
	put_classes(object, "class", config, site->classes);
	answer_count(object, "tier", site->tier);
	answer_number(object, "cost", site->cost);
}

void reason_put(json_t *object, const struct config *config,
		const struct ingress_service_config *service, const struct ingress_site_view *site)
{
	const char *class = class_name(config, classes_culprits(&service->classes, site->classes));
	char text[96];

	if (site->verdict->reason != REASON_CLASS) {
		answer_text(object, "reason", weights_reason_text(site->verdict->reason));
		return;
	}
	if (class)
		snprintf(text, sizeof(text), "excluded: class %s not allowed", class);
	else
		snprintf(text, sizeof(text), "excluded: of none of the allowed classes");
	answer_text(object, "reason", text);
}

void parts_put(json_t *object, const struct weights_verdict *v)
{
	answer_number(object, "way-ms", v->rtt_s * 1000);
	answer_number(object, "tier-ms", v->tier_s * 1000);
	answer_number(object, "cost-ms", v->cost_s * 1000);
	answer_number(object, "work-ms", (v->marginal_s - v->rtt_s - v->tier_s - v->cost_s) * 1000);
}
