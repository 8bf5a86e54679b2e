/* SPDX-License-Identifier: BSD-2-Clause */
#include "metric/scores.h"

#include "base/fnv.h"
#include "base/util.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define UTILISATION     "utilisation"
#define UTILISATION_MAX 4.0 /* what a score can stand for: more says no more */

const struct scores scores_default = {
	.metric = { { .type = UTILISATION,
		      .category = KIND_COMPUTING,
		      .weight = 1,
		      .normalisation = SCORES_MIN_MAX,
		      .worst = 1,
		      .best = 0 } },
	.count = 1,
	.category = { [0 ... KIND_CATEGORY_COUNT - 1] = { SCORES_MEAN, 1 } },
	.aggregation = SCORES_MEAN,
};

const char *scores_aggregation_text(enum scores_aggregation aggregation)
{
	static const char *const texts[SCORES_AGGREGATION_COUNT] = {
		[SCORES_MEAN] = "mean",
		[SCORES_MIN] = "min",
		[SCORES_MAX_OF] = "max",
		[SCORES_WEIGHTED] = "weighted",
	};

	return aggregation < SCORES_AGGREGATION_COUNT ? texts[aggregation] : "?";
}

const char *scores_normalisation_text(enum scores_normalisation normalisation)
{
	static const char *const texts[SCORES_NORMALISATION_COUNT] = {
		[SCORES_MIN_MAX] = "min-max",
		[SCORES_SIGMOID] = "sigmoid",
	};

	return normalisation < SCORES_NORMALISATION_COUNT ? texts[normalisation] : "?";
}

const char *scores_band_text(uint8_t score)
{
	return score >= 8 ? "high" : score >= 4 ? "medium" : "low";
}

static const struct scores *sane(const struct scores *scores)
{
	return scores && scores->count ? scores : &scores_default;
}

/* --- what is configured ----------------------------------------------------------------------- */

static const char *metric_validate(const struct scores_metric *metric)
{
	if (!(metric->weight > 0) || !isfinite(metric->weight))
		return "weight";
	if (metric->normalisation == SCORES_SIGMOID)
		return !isfinite(metric->middle)                                ? "middle"
		       : metric->steepness == 0 || !isfinite(metric->steepness) ? "steepness"
										: NULL;
	if (!isfinite(metric->worst) || metric->worst == metric->best)
		return "worst";
	return isfinite(metric->best) ? NULL : "best";
}

const char *scores_validate(const struct scores *scores, size_t *ret_index)
{
	for (size_t i = 0; i < scores->count; i++) {
		const char *wrong = metric_validate(&scores->metric[i]);

		for (size_t k = 0; k < i && !wrong; k++)
			if (!strcmp(scores->metric[k].type, scores->metric[i].type))
				wrong = "type";
		if (wrong) {
			*ret_index = i;
			return wrong;
		}
	}
	return NULL;
}

/* --- levels 0 to 2 ---------------------------------------------------------------------------- */

static double within_scale(double score)
{
	return fmin(SCORES_MAX, fmax(0, score));
}

double scores_normalise(const struct scores_metric *metric, double value)
{
	if (metric->normalisation == SCORES_SIGMOID)
		return SCORES_MAX / (1 + exp(-metric->steepness * (value - metric->middle)));
	return within_scale(SCORES_MAX * (value - metric->worst) / (metric->best - metric->worst));
}

/* A mean, a least or a greatest, as values come. */
struct gathering {
	double sum, weight, least, most;
};

static void gather(struct gathering *g, double value, double weight)
{
	g->least = g->weight > 0 ? fmin(g->least, value) : value;
	g->most = g->weight > 0 ? fmax(g->most, value) : value;
	g->sum += weight * value;
	g->weight += weight;
}

static double gathered(const struct gathering *g, enum scores_aggregation aggregation)
{
	if (!(g->weight > 0))
		return NAN;
	return aggregation == SCORES_MIN      ? g->least
	       : aggregation == SCORES_MAX_OF ? g->most
					      : g->sum / g->weight;
}

static double weight_of(enum scores_aggregation aggregation, double weight)
{
	return aggregation == SCORES_WEIGHTED ? weight : 1;
}

static double level2(const struct scores *scores, const double level1[KIND_CATEGORY_COUNT])
{
	struct gathering all = { 0 };

	for (size_t c = 0; c < KIND_CATEGORY_COUNT; c++)
		if (!isnan(level1[c]))
			gather(&all, level1[c],
			       weight_of(scores->aggregation, scores->category[c].weight));
	return gathered(&all, scores->aggregation);
}

bool scores_of(const struct scores *scores, const struct value_set *set, struct scores_result *ret)
{
	struct gathering in[KIND_CATEGORY_COUNT] = { 0 };
	struct scores_result result = { 0 };

	scores = sane(scores);
	for (size_t i = 0; i < scores->count; i++) {
		const struct scores_metric *metric = &scores->metric[i];
		const struct value *value = value_set_find(set, metric->type);

		result.missing += !value;
		result.used += !!value;
		if (value)
			gather(&in[metric->category], scores_normalise(metric, value->value),
			       weight_of(scores->category[metric->category].aggregation,
					 metric->weight));
	}
	for (size_t c = 0; c < KIND_CATEGORY_COUNT; c++)
		result.level1[c] = gathered(&in[c], scores->category[c].aggregation);
	result.exact = level2(scores, result.level1);
	if (!result.used || isnan(result.exact))
		return false;
	result.score = (uint8_t)lround(within_scale(result.exact));
	*ret = result;
	return true;
}

/* --- utilisation and score -------------------------------------------------------------------- */

bool scores_by_utilisation(const struct scores *scores)
{
	scores = sane(scores);
	return scores->count == 1 && !strcmp(scores->metric[0].type, UTILISATION);
}

/* Then a score can be read back. */
static const struct scores_metric *of_utilisation_alone(const struct scores *scores)
{
	return scores_by_utilisation(scores) ? &scores->metric[0] : &scores_default.metric[0];
}

double scores_of_utilisation(const struct scores *scores, double utilisation)
{
	return scores_normalise(of_utilisation_alone(sane(scores)), utilisation);
}

/* A sigmoid ends nowhere: the first and the last score stand for the middle of what rounds to them.
 */
static double sigmoid_inverse(const struct scores_metric *metric, double score)
{
	double s = fmin(SCORES_MAX - 0.25, fmax(0.25, score));

	return metric->middle + log(s / (SCORES_MAX - s)) / metric->steepness;
}

double scores_utilisation(const struct scores *scores, double score)
{
	const struct scores_metric *metric = of_utilisation_alone(sane(scores));
	double s = within_scale(score);
	double found = metric->normalisation == SCORES_SIGMOID
			       ? sigmoid_inverse(metric, s)
			       : metric->worst + s / SCORES_MAX * (metric->best - metric->worst);

	return fmin(UTILISATION_MAX, fmax(0, found));
}

/* --- names ------------------------------------------------------------------------------------ */

struct text {
	char *at;
	size_t len;
	bool cut;
};

__attribute__((format(printf, 2, 3))) static void text_add(struct text *text, const char *format,
							   ...)
{
	size_t room = SCORES_NAME_MAX - text->len;
	va_list args;
	int n;

	if (text->cut)
		return;
	va_start(args, format);
	n = vsnprintf(text->at + text->len, room, format, args);
	va_end(args);
	if (n >= 0 && (size_t)n < room)
		text->len += (size_t)n;
	else
		text->cut = true;
}

static void name_one(const struct scores_metric *metric, struct text *text)
{
	bool sigmoid = metric->normalisation == SCORES_SIGMOID;

	text_add(text, "%s of %s", scores_normalisation_text(metric->normalisation), metric->type);
	if (sigmoid)
		text_add(text, " around %g by %g", metric->middle, metric->steepness);
	else if (metric->worst != 1 || metric->best != 0)
		text_add(text, " from %g to %g", metric->worst, metric->best);
}

/* Returns whether it has any. */
static bool name_category(const struct scores *scores, enum kind_category category, bool first,
			  struct text *text)
{
	size_t n = 0;

	for (size_t i = 0; i < scores->count; i++) {
		const struct scores_metric *metric = &scores->metric[i];

		if (metric->category != category)
			continue;
		if (!n)
			text_add(text, "%s%s: %s(", first ? "" : ", ", kind_category_text(category),
				 scores_aggregation_text(scores->category[category].aggregation));
		text_add(text, "%s%s", n ? ", " : "", metric->type);
		n++;
	}
	if (n)
		text_add(text, ")");
	return n;
}

const char *scores_name(const struct scores *scores, char ret[SCORES_NAME_MAX])
{
	struct text text = { .at = ret };
	bool first = true;

	scores = sane(scores);
	ret[0] = '\0';
	if (scores->count == 1) {
		name_one(&scores->metric[0], &text);
		return ret;
	}
	text_add(&text, "%s(", scores_aggregation_text(scores->aggregation));
	for (unsigned int c = 0; c < KIND_CATEGORY_COUNT; c++)
		first &= !name_category(scores, (enum kind_category)c, first, &text);
	text_add(&text, ")");
	if (text.cut)
		strcpy(ret + SCORES_NAME_MAX - 4, "...");
	return ret;
}

/* Numbers as text: not by their octets, which are not the same on all machines. */
static uint64_t metric_print(const struct scores_metric *metric, bool weighs)
{
	char text[256];
	bool sigmoid = metric->normalisation == SCORES_SIGMOID;
	int n = snprintf(text, sizeof(text), "%s %d %.9g %d %.9g %.9g", metric->type,
			 (int)metric->category, weighs ? metric->weight : 1,
			 (int)metric->normalisation, sigmoid ? metric->middle : metric->worst,
			 sigmoid ? metric->steepness : metric->best);

	return fnv_add(FNV_START, text, (size_t)n);
}

static bool category_used(const struct scores *scores, enum kind_category category)
{
	for (size_t i = 0; i < scores->count; i++)
		if (scores->metric[i].category == category)
			return true;
	return false;
}

uint32_t scores_fingerprint(const struct scores *scores)
{
	uint64_t sum = 0, all;
	char text[64];

	scores = sane(scores);
	for (size_t i = 0; i < scores->count; i++) {
		const struct scores_metric *metric = &scores->metric[i];
		enum scores_aggregation in = scores->category[metric->category].aggregation;

		sum += metric_print(metric, in == SCORES_WEIGHTED);
	}
	all = fnv_add(FNV_START, text,
		      (size_t)snprintf(text, sizeof(text), "%d %016llx", (int)scores->aggregation,
				       (unsigned long long)sum));
	for (unsigned int c = 0; c < KIND_CATEGORY_COUNT; c++) {
		const struct scores_category *category = &scores->category[c];
		double weight = scores->aggregation == SCORES_WEIGHTED ? category->weight : 1;

		if (category_used(scores, (enum kind_category)c))
			all = fnv_add(all, text,
				      (size_t)snprintf(text, sizeof(text), "%u %d %.9g", c,
						       (int)category->aggregation, weight));
	}
	return (uint32_t)(all ^ all >> 32);
}
