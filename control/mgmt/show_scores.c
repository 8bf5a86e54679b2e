/* SPDX-License-Identifier: BSD-2-Clause */
/* show scores: how raw metrics become one score here, and which types of metrics are known by name.
 */
#include "metric/kind.h"
#include "metric/scores.h"
#include "mgmt/report_json.h"
#include "mgmt/request.h"

#include <stdio.h>

static void put_normalisation(json_t *object, const struct scores_metric *metric)
{
	answer_text(object, "normalisation", scores_normalisation_text(metric->normalisation));
	if (metric->normalisation == SCORES_SIGMOID) {
		answer_number(object, "middle", metric->middle);
		answer_number(object, "steepness", metric->steepness);
	} else {
		answer_number(object, "worst", metric->worst);
		answer_number(object, "best", metric->best);
	}
}

static void put_metric(json_t *object, const struct scores_metric *metric)
{
	const struct kind *kind = kind_find(metric->type);

	answer_text(object, "name", metric->type);
	answer_text(object, "unit", kind ? kind->unit : "");
	answer_text(object, "category", kind_category_text(metric->category));
	answer_number(object, "weight", metric->weight);
	put_normalisation(object, metric);
}

static bool category_has_metrics(const struct scores *scores, enum kind_category category)
{
	for (size_t i = 0; i < scores->count; i++)
		if (scores->metric[i].category == category)
			return true;
	return false;
}

static void put_categories(json_t *array, const struct scores *scores)
{
	for (unsigned int c = 0; c < KIND_CATEGORY_COUNT; c++) {
		const struct scores_category *category = &scores->category[c];
		json_t *object;

		if (!category_has_metrics(scores, (enum kind_category)c))
			continue;
		object = answer_append(array);
		answer_text(object, "name", kind_category_text((enum kind_category)c));
		answer_text(object, "aggregation", scores_aggregation_text(category->aggregation));
		answer_number(object, "weight", category->weight);
	}
}

static void put_kinds(json_t *array)
{
	const struct kind *kind;

	for (size_t i = 0; (kind = kind_at(i)); i++) {
		json_t *object = answer_append(array);

		answer_text(object, "name", kind->type);
		answer_text(object, "unit", kind->unit);
		answer_text(object, "category", kind_category_text(kind->category));
		if (kind->worst != kind->best) {
			answer_number(object, "worst", kind->worst);
			answer_number(object, "best", kind->best);
		}
		answer_text(object, "what", kind->text);
	}
}

json_t *show_scores(const struct request *request)
{
	const struct scores *scores = &request->context->config->scores;
	json_t *answer = json_object(), *metrics;
	char name[SCORES_NAME_MAX], print[9];

	snprintf(print, sizeof(print), "%08x", scores_fingerprint(scores));
	answer_text(answer, "function", scores_name(scores, name));
	answer_text(answer, "fingerprint", print);
	answer_text(answer, "aggregation", scores_aggregation_text(scores->aggregation));
	put_categories(answer_array(answer, "categories"), scores);
	metrics = answer_array(answer, "metrics");
	for (size_t i = 0; i < scores->count; i++)
		put_metric(answer_append(metrics), &scores->metric[i]);
	put_kinds(answer_array(answer, "known"));
	return answer;
}

void score_put(json_t *object, const struct scores *scores, const struct report *report,
	       const struct value_set *set)
{
	char name[SCORES_NAME_MAX];
	uint8_t score;

	if (!raw_score(scores, report, set, &score))
		return;
	answer_count(object, "score", score);
	answer_text(object, "score-band", scores_band_text(score));
	answer_text(object, "score-by", report->has & REPORT_SCORE ? "site" : "here");
	answer_text(object, "score-function", scores_name(scores, name));
}
