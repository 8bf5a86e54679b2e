/* SPDX-License-Identifier: BSD-2-Clause */
/* Seconds, flows per second, worker slots and shares of 1 throughout: nothing is rounded. */
#include "record/forms.h"

#include "base/util.h"
#include "record/line.h"

#include <stdint.h>

#define RATE_MAX      1e12
#define TIME_MAX      1e15
#define INT_MAX_EXACT 9007199254740992.0 /* what a double holds of them */

/* A new member: is it recorded? README.md says what belongs to it. */
#define SIZE_IS(type, size) \
	_Static_assert(sizeof(void *) != 8 || sizeof(type) == (size), "see above")
SIZE_IS(struct weights_config, 144);
SIZE_IS(struct weights_site, 224);
SIZE_IS(struct weights_verdict, 136);
SIZE_IS(struct report, 80);

static const char *const policies[] = { [POLICY_COMPUTE_AWARE] = "compute-aware",
					[POLICY_NEAREST] = "nearest",
					[POLICY_STATIC] = "static",
					[POLICY_GREEDY] = "greedy" };

static const char *const distrusts[] = {
	[DISTRUST_DEGRADE] = "degrade", [DISTRUST_HOLD] = "hold", [DISTRUST_EXCLUDE] = "exclude"
};

/* Sentences may change; these do not. */
static const char *const reasons[REASON_COUNT] = {
	[REASON_SHARE] = "share",
	[REASON_DOWN] = "down",
	[REASON_DRAIN] = "drain",
	[REASON_FARTHER] = "farther",
	[REASON_BUSIER] = "busier",
	[REASON_TOO_SLOW] = "too-slow",
	[REASON_HELD] = "held",
	[REASON_SILENT] = "silent",
	[REASON_LAST_RESORT] = "last-resort",
	[REASON_EXCLUDED] = "excluded",
	[REASON_UNPINNED] = "unpinned",
	[REASON_FAR] = "far",
	[REASON_BAD] = "bad",
	[REASON_TIER] = "tier",
	[REASON_MOST] = "most",
	[REASON_LEAST] = "least",
	[REASON_MOVING] = "moving",
	[REASON_CLASS] = "class",
	[REASON_DEAR] = "dear",
};

const char *record_policy_text(int policy)
{
	return policy >= 0 && policy < (int)ARRAY_SIZE(policies) ? policies[policy] : "?";
}

static const char *distrust_word(int distrust)
{
	return distrust >= 0 && distrust < (int)ARRAY_SIZE(distrusts) ? distrusts[distrust] : "?";
}

static const char *reason_word(int reason)
{
	return reason >= 0 && reason < REASON_COUNT ? reasons[reason] : "?";
}

static const char *aggregation_word(int aggregation)
{
	return scores_aggregation_text((enum scores_aggregation)aggregation);
}

static const char *normalisation_word(int normalisation)
{
	return scores_normalisation_text((enum scores_normalisation)normalisation);
}

static const char *category_word(int category)
{
	return kind_category_text((enum kind_category)category);
}

static const char *origin_word(int origin)
{
	return weights_origin_text((enum weights_origin)origin);
}

static const char *freshness_word(int freshness)
{
	return weights_freshness_text((enum weights_freshness)freshness);
}

#define AT(member) offsetof(THIS, member)

#define NUMBER(key, member, least, most)                                                          \
	{                                                                                         \
		.name = key, .type = FORM_NUMBER, .offset = AT(member), .min = least, .max = most \
	}
#define ANY(key, member)                                            \
	{                                                           \
		.name = key, .type = FORM_ANY, .offset = AT(member) \
	}
#define FLAG(key, member)                                            \
	{                                                            \
		.name = key, .type = FORM_FLAG, .offset = AT(member) \
	}
#define INTEGER(key, kind, member, most)                                     \
	{                                                                    \
		.name = key, .type = kind, .offset = AT(member), .max = most \
	}
#define ID(key, member)                                            \
	{                                                          \
		.name = key, .type = FORM_ID, .offset = AT(member) \
	}
#define WORD(key, member, last, text)                                                           \
	{                                                                                       \
		.name = key, .type = FORM_WORD, .offset = AT(member), .max = last, .word = text \
	}
#define TEXT(key, member)                                             \
	{                                                             \
		.name = key, .type = FORM_TEXT, .offset = AT(member), \
		.max = sizeof(((THIS *)0)->member)                    \
	}
#define FORM(fields)                                           \
	{                                                      \
		.field = (fields), .count = ARRAY_SIZE(fields) \
	}

#define THIS struct record_begin
static const struct form_field begin[] = {
	TEXT("margay", margay),
	INTEGER("unix-ms", FORM_S64, unix_ms, INT_MAX_EXACT),
	NUMBER("time", time_s, 0, TIME_MAX),
};
const struct form form_begin = FORM(begin);
#undef THIS

#define THIS struct weights_config
static const struct form_field config[] = {
	WORD("policy", policy, POLICY_GREEDY, record_policy_text),
	NUMBER("queue-factor", queue_factor, 0, RATE_MAX),
	NUMBER("hysteresis", hysteresis, 0, 1),
	NUMBER("report-period", report_period_s, 0, TIME_MAX),
	NUMBER("stale-age", stale_s, 0, TIME_MAX),
	NUMBER("max-age", expired_s, 0, TIME_MAX),
	WORD("when-missing", on_missing, DISTRUST_EXCLUDE, distrust_word),
	WORD("when-stale", on_stale, DISTRUST_EXCLUDE, distrust_word),
	WORD("when-expired", on_expired, DISTRUST_EXCLUDE, distrust_word),
	NUMBER("slow-start", slow_start_s, 0, TIME_MAX),
	NUMBER("minimum-share", limits.share_min, 0, 1),
	NUMBER("maximum-share", limits.share_max, 0, 1),
	NUMBER("maximum-move", limits.move_max, 0, 1),
	NUMBER("maximum-rtt", limits.rtt_max_s, 0, TIME_MAX),
	NUMBER("minimum-score", limits.score_min, 0, 10),
	NUMBER("overflow", limits.overflow_s, 0, TIME_MAX),
	NUMBER("cost-weight", limits.cost_weight_s, 0, TIME_MAX),
	NUMBER("distrust", limits.distrust, 0, 1),
};
const struct form form_config = FORM(config);
#undef THIS

#define THIS struct scores
static const struct form_field scores[] = {
	WORD("aggregation", aggregation, SCORES_AGGREGATION_COUNT - 1, aggregation_word),
};
const struct form form_scores = FORM(scores);
#undef THIS

#define THIS struct scores_metric
static const struct form_field metric[] = {
	TEXT("type", type),
	WORD("category", category, KIND_CATEGORY_COUNT - 1, category_word),
	NUMBER("weight", weight, 0, RATE_MAX),
	WORD("normalisation", normalisation, SCORES_NORMALISATION_COUNT - 1, normalisation_word),
	NUMBER("worst", worst, -VALUE_LIMIT, VALUE_LIMIT),
	NUMBER("best", best, -VALUE_LIMIT, VALUE_LIMIT),
	NUMBER("middle", middle, -VALUE_LIMIT, VALUE_LIMIT),
	NUMBER("steepness", steepness, -VALUE_LIMIT, VALUE_LIMIT),
};
const struct form form_metric = FORM(metric);
#undef THIS

#define THIS struct scores_category
static const struct form_field category[] = {
	WORD("aggregation", aggregation, SCORES_AGGREGATION_COUNT - 1, aggregation_word),
	NUMBER("weight", weight, 0, RATE_MAX),
};
const struct form form_category = FORM(category);
#undef THIS

#define THIS struct weights_memory
static const struct form_field memory[] = {
	NUMBER("decided", decided_s, 0, TIME_MAX),
	ANY("began", began_s),
	ANY("changed", changed_s),
	ANY("own-rate", own_rate),
	ANY("demand", demand_total),
	NUMBER("demand-observed", demand_observed_s, 0, TIME_MAX),
	NUMBER("demand-complete", demand_complete_s, 0, TIME_MAX),
	FLAG("demand-started", demand_started),
	ANY("level", level),
	NUMBER("time-per-flow-time", time_per_flow_time, 0, TIME_MAX),
	NUMBER("per-flow", per_flow, 0, RATE_MAX),
	NUMBER("budget", budget, 0, 1),
	FLAG("limited", limited),
};
const struct form form_memory = FORM(memory);
#undef THIS

#define THIS struct weights_memory_site
static const struct form_field kept[] = {
	ID("id", id),
	NUMBER("share", share, 0, 1),
	FLAG("known", known),
	FLAG("founder", founder),
	FLAG("up", up),
	FLAG("drains", drains),
	FLAG("bad", bad),
	ANY("drain-since", drain_since_s),
	FLAG("remembers", remembers),
	ANY("last-sampled", last_sampled_s),
	ANY("sampled", sampled_s),
	ANY("window", window_s),
	ANY("own-then", own_then),
	ANY("own-known", own_known),
	ANY("guess", guess),
};
const struct form form_kept = FORM(kept);
#undef THIS

#define THIS struct report
#define TOLD(key, bits, member, least, most)                                                       \
	{                                                                                          \
		.name = key, .type = FORM_NUMBER, .offset = AT(member), .min = least, .max = most, \
		.bit = bits                                                                        \
	}
#define TOLD_COUNT(key, kind, bits, member, most)                                         \
	{                                                                                 \
		.name = key, .type = kind, .offset = AT(member), .max = most, .bit = bits \
	}
static const struct form_field report[] = {
	TOLD("capacity", REPORT_CAPACITY, capacity, 0, RATE_MAX),
	TOLD("service-time", REPORT_SERVICE_TIME, service_time_s, 0, TIME_MAX),
	TOLD("arrival-rate", REPORT_ARRIVAL_RATE, arrival_rate, 0, RATE_MAX),
	TOLD("in-flight", REPORT_IN_FLIGHT, in_flight, 0, RATE_MAX),
	TOLD("utilisation", REPORT_UTILISATION, utilisation, 0, RATE_MAX),
	TOLD("window", REPORT_WINDOW, window_s, 0, TIME_MAX),
	TOLD_COUNT("score", FORM_U8, REPORT_SCORE, score, 10),
	TOLD_COUNT("sampled-ms", FORM_S64, REPORT_SAMPLED, sampled_ms, INT_MAX_EXACT),
	TOLD_COUNT("preference", FORM_U32, REPORT_PREFERENCE, preference, UINT32_MAX),
	TOLD_COUNT("availability", FORM_U16, REPORT_AVAILABILITY, availability, 100),
	TOLD_COUNT("delay-index", FORM_U8, REPORT_DELAY, delay_index, 100),
	FLAG("drain", drain),
};
const struct form form_report = { .field = report,
				  .count = ARRAY_SIZE(report),
				  .has = offsetof(struct report, has) };
#undef THIS

#define THIS struct record_decision
static const struct form_field decision[] = {
	NUMBER("time", time_s, 0, TIME_MAX),
	ANY("own-rate", own_rate),
	ANY("own-rate-smooth", own_rate_smooth),
	ANY("total-rate", total_rate),
	ANY("level", level_s),
	FLAG("changed", changed),
};
const struct form form_decision = FORM(decision);
#undef THIS

#define THIS struct record_site
static const struct form_field site[] = { TEXT("name", name) };
const struct form form_site = FORM(site);
#undef THIS

#define THIS struct weights_site
static const struct form_field in[] = {
	ID("id", id),
	FLAG("up", up),
	NUMBER("unavailable", unavailable, 0, 1),
	FLAG("drain", drain),
	FLAG("excluded", excluded),
	FLAG("class-barred", class_barred),
	FLAG("pinned", pinned),
	INTEGER("tier", FORM_U8, tier, UINT8_MAX),
	NUMBER("cost", cost, 0, RATE_MAX),
	ANY("rtt", rtt_s),
	ANY("up-since", up_since_s),
	ANY("sampled", sampled_s),
	ANY("capacity", capacity),
	ANY("service-time", service_time_s),
	ANY("flow-time", flow_time_s),
	ANY("flow-count", flow_count),
	ANY("handshake", handshake_s),
	ANY("flows-in-flight", flows_in_flight),
	ANY("seen-window", seen_window_s),
	ANY("flow-rate", flow_rate),
	ANY("seen", seen_s),
};
const struct form form_in = FORM(in);
#undef THIS

#define THIS struct weights_verdict
static const struct form_field verdict[] = {
	NUMBER("share", share, 0, 1),
	NUMBER("wanted", wanted, 0, 1),
	WORD("reason", reason, REASON_COUNT - 1, reason_word),
	WORD("freshness", freshness, FRESH_LASTING, freshness_word),
	ANY("age", age_s),
	ANY("capacity", capacity),
	ANY("service-time", service_time_s),
	WORD("capacity-by", capacity_by, ORIGIN_COUNT - 1, origin_word),
	WORD("service-time-by", service_time_by, ORIGIN_COUNT - 1, origin_word),
	WORD("rate-by", rate_by, ORIGIN_COUNT - 1, origin_word),
	ANY("base", base),
	FLAG("doubted", doubted),
	ANY("own-share-then", own_share_then),
	ANY("utilisation", utilisation),
	ANY("marginal", marginal_s),
	ANY("rtt", rtt_s),
	ANY("tier", tier_s),
	ANY("cost", cost_s),
};
const struct form form_verdict = FORM(verdict);
#undef THIS

#define THIS struct record_line
static const struct form_field lost[] = { INTEGER("lost", FORM_S64, lost, INT_MAX_EXACT) };
const struct form form_lost = FORM(lost);

static const struct form_field end[] = {
	TEXT("why", why),
	INTEGER("decisions", FORM_S64, decisions, INT_MAX_EXACT),
	INTEGER("lost", FORM_S64, lost, INT_MAX_EXACT),
};
const struct form form_end = FORM(end);
#undef THIS
