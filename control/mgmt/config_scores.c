/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/config_scores.h"

#include "metric/kind.h"
#include "mgmt/config_words.h"

static const struct word aggregations[] = { { "mean", SCORES_MEAN },
					    { "min", SCORES_MIN },
					    { "max", SCORES_MAX_OF },
					    { "weighted", SCORES_WEIGHTED },
					    { NULL, SCORES_MEAN } };
static const struct word categories[] = { { "computing", KIND_COMPUTING },
					  { "communication", KIND_COMMUNICATION },
					  { "service", KIND_SERVICE },
					  { "composed", KIND_COMPOSED },
					  { NULL, KIND_CATEGORY_COUNT } };

static enum scores_aggregation aggregation_value(const struct lyd_node *node)
{
	return (enum scores_aggregation)word_value(aggregations, model_text(node, "aggregation"));
}

static void metric_fault(const struct model *model, const struct lyd_node *node,
			 struct fault_list *faults, const char *what, const char *remedy)
{
	fault_list_add(faults, model_mark(model, node), "missing-key", model_path(node), remedy,
		       "metric '%s': %s", model_text(node, "name"), what);
}

static void category_of_metric(const struct model *model, const struct lyd_node *node,
			       const struct kind *kind, struct scores_metric *ret,
			       struct fault_list *faults)
{
	int named = word_value(categories, model_text(node, "category"));

	if (named < KIND_CATEGORY_COUNT)
		ret->category = (enum kind_category)named;
	else if (kind)
		ret->category = kind->category;
	else
		metric_fault(model, node, faults, "its category is not known beforehand",
			     "set 'category'");
}

static void ends_of_metric(const struct model *model, const struct lyd_node *node,
			   const struct kind *kind, struct scores_metric *ret,
			   struct fault_list *faults)
{
	bool told = model_child(model, node, "worst");

	ret->worst = told ? model_double(node, "worst") : kind ? kind->worst : 0;
	ret->best = told ? model_double(node, "best") : kind ? kind->best : 0;
	if (ret->worst == ret->best)
		metric_fault(model, node, faults,
			     "which values are the worst and the best is not known beforehand",
			     "set 'worst' and 'best', in its unit");
}

static void metric_values(const struct model *model, const struct lyd_node *node,
			  struct scores_metric *ret, struct fault_list *faults)
{
	const struct kind *kind = kind_find(model_text(node, "name"));

	text_copy(ret->type, sizeof(ret->type), model_text(node, "name"));
	ret->weight = model_double(node, "weight");
	category_of_metric(model, node, kind, ret, faults);
	if (!strcmp(model_text(node, "normalisation"), "sigmoid")) {
		ret->normalisation = SCORES_SIGMOID;
		ret->middle = model_double(node, "middle");
		ret->steepness = model_double(node, "steepness");
		return;
	}
	ret->normalisation = SCORES_MIN_MAX;
	ends_of_metric(model, node, kind, ret, faults);
}

void scores_values(const struct model *model, struct config *config, struct fault_list *faults)
{
	const struct lyd_node *scores = model_child(model, NULL, "scores");
	const struct lyd_node *node = scores ? model_child(model, scores, "categories") : NULL;
	struct scores *ret = &config->scores;

	*ret = scores_default;
	ret->aggregation = aggregation_value(scores);
	for (; node; node = model_next(node)) {
		int category = word_value(categories, model_text(node, "name"));

		ret->category[category] = (struct scores_category){
			.aggregation = aggregation_value(node),
			.weight = model_double(node, "weight"),
		};
	}
	node = scores ? model_child(model, scores, "metrics") : NULL;
	if (!node)
		return;
	ret->count = 0;
	for (; node && ret->count < SCORES_METRICS_MAX; node = model_next(node))
		metric_values(model, node, &ret->metric[ret->count++], faults);
}
