/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two tables of series, the last good reading's and the one under way; a good end swaps them. A
 * series that is missing in one reading begins anew: its counter may have been anything meanwhile.
 * A hit is a sample that a term wants; all arithmetic is done over the hits, at the end.
 */
#include "agent/reading.h"

#include "agent/field.h"
#include "base/fnv.h"
#include "base/util.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define SLOTS    (2 * READING_SERIES_MAX) /* of a table; a power of two */
#define HITS_MAX (4 * READING_SERIES_MAX)
#define TERMS    (2 * MAPPING_TERMS_MAX) /* of a value: `of`, then `per` */
/* By how much a source's clock may go otherwise than ours between two samples of a counter. */
#define DRIFT_PART 0.5
#define DRIFT_S    30
#define OVER_ONE   0.25
#define RATE_MIN_S 0.05 /* two readings closer than that tell no rate */

struct series {
	uint64_t hash; /* 0: empty */
	double value;
	bool has_time, counter; /* counter: a term wants its rate */
	int64_t time_ms;        /* Unix time: the sample's, or of the reading */
	uint64_t loop_ms;       /* of the reading that brought it */
	bool has_rate;
	double rate, rate_s; /* per second, over so many seconds */
};

struct hit {
	uint16_t slot;
	uint8_t value, term, alias;
};

struct known {
	bool is;
	double value, window_s; /* window_s 0: none */
	int64_t sampled_ms;
	uint64_t loop_ms;
};

struct reading {
	struct mapping *mapping;
	uint32_t max_age_ms;
	uint64_t salt; /* of the hashes: nobody outside can make two series look like one */
	struct series *now, *before;
	size_t series_count, hit_count;
	struct hit *hit;
	struct known known[MAPPING_VALUES_MAX];
	struct reading_stats stats, under_way;
};

struct reading *reading_new(struct mapping *mapping, uint32_t max_age_ms)
{
	_cleanup_(reading_free) struct reading *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->mapping = mapping_ref(mapping);
	r->max_age_ms = max_age_ms;
	arc4random_buf(&r->salt, sizeof(r->salt));
	r->now = calloc(SLOTS, sizeof(*r->now));
	r->before = calloc(SLOTS, sizeof(*r->before));
	r->hit = calloc(HITS_MAX, sizeof(*r->hit));
	return r->now && r->before && r->hit ? TAKE_PTR(r) : NULL;
}

void reading_free(struct reading **reading)
{
	struct reading *r = TAKE_PTR(*reading);

	if (!r)
		return;
	mapping_unref(&r->mapping);
	free(r->now);
	free(r->before);
	free(r->hit);
	free(r);
}

void reading_begin(struct reading *r)
{
	if (r->series_count)
		memset(r->now, 0, SLOTS * sizeof(*r->now));
	r->series_count = r->hit_count = 0;
	r->under_way = r->stats;
}

static const struct mapping_term *value_term(const struct mapping_value *value, size_t i)
{
	if (i < MAPPING_TERMS_MAX)
		return i < value->of_count ? &value->of[i] : NULL;
	i -= MAPPING_TERMS_MAX;
	return i < value->per_count ? &value->per[i] : NULL;
}

bool reading_wanted(const struct reading *r, const char *name, size_t len)
{
	for (size_t v = 0; v < r->mapping->value_count; v++)
		for (size_t i = 0; i < TERMS; i++) {
			const struct mapping_term *term = value_term(&r->mapping->value[v], i);

			if (term && mapping_alias(term, name, len) >= 0)
				return true;
		}
	return false;
}

/* Does not depend on the order of the labels. */
static uint64_t sample_hash(const struct reading *r, const struct exposition_sample *sample)
{
	uint64_t hash = fnv_add(FNV_START ^ r->salt, sample->name, sample->name_len);

	for (size_t i = 0; i < sample->label_count; i++) {
		const struct exposition_label *label = &sample->label[i];
		uint64_t one = fnv_add(FNV_START ^ r->salt, label->name, label->name_len);

		one = fnv_add(one, "=", 1);
		hash += fnv_add(one, label->value, label->value_len) * 0x9e3779b97f4a7c15ull;
	}
	return hash ? hash : 1;
}

/* The slot of this series, or the empty one that is its to take; the table is never full. */
static size_t series_slot(const struct series *table, uint64_t hash)
{
	size_t i = hash & (SLOTS - 1);

	while (table[i].hash && table[i].hash != hash)
		i = (i + 1) & (SLOTS - 1);
	return i;
}

static bool any_rate(const struct reading *r, size_t from)
{
	for (size_t i = from; i < r->hit_count; i++) {
		const struct hit *hit = &r->hit[i];

		if (value_term(&r->mapping->value[hit->value], hit->term)->rate)
			return true;
	}
	return false;
}

/* A hit for every term that wants the sample. */
static const char *hits_add(struct reading *r, const struct exposition_sample *sample, size_t slot)
{
	for (size_t v = 0; v < r->mapping->value_count; v++)
		for (size_t i = 0; i < TERMS; i++) {
			const struct mapping_term *term = value_term(&r->mapping->value[v], i);
			int alias = term ? mapping_alias(term, sample->name, sample->name_len) : -1;

			if (alias < 0 || !mapping_matches(term, sample))
				continue;
			if (r->hit_count == HITS_MAX)
				return "more than 8192 uses of samples: narrow the labels";
			r->hit[r->hit_count++] = (struct hit){ (uint16_t)slot, (uint8_t)v,
							       (uint8_t)i, (uint8_t)alias };
		}
	return NULL;
}

const char *reading_sample(struct reading *r, const struct exposition_sample *sample)
{
	uint64_t hash = sample_hash(r, sample);
	size_t slot = series_slot(r->now, hash), hits = r->hit_count;
	const char *fault;

	if (r->now[slot].hash)
		return "a sample is there twice";
	fault = hits_add(r, sample, slot);
	if (fault || hits == r->hit_count)
		return fault;
	if (!isfinite(sample->value)) {
		r->under_way.skipped++;
		r->hit_count = hits;
		return NULL;
	}
	if (sample->value < 0 && any_rate(r, hits))
		return "a counter is negative";
	if (r->series_count == READING_SERIES_MAX)
		return "more than 2048 samples are wanted: narrow the labels";
	r->series_count++;
	r->now[slot] = (struct series){ .hash = hash,
					.value = sample->value,
					.has_time = sample->has_time,
					.counter = any_rate(r, hits),
					.time_ms = sample->time_ms };
	return NULL;
}

/* What a counter did between two readings. */
static void series_rate(struct reading *r, struct series *s, const struct series *before)
{
	double by_us = (double)(s->loop_ms - before->loop_ms) / 1000, seconds = by_us;

	if (s->has_time && before->has_time) {
		seconds = (double)(s->time_ms - before->time_ms) / 1000;
		/* The source has not looked again: what it said before still holds. */
		if (!seconds && s->value == before->value) {
			*s = *before;
			return;
		}
		if (seconds <= 0 || fabs(seconds - by_us) > DRIFT_PART * by_us + DRIFT_S) {
			r->under_way.jumps++;
			return;
		}
	}
	if (s->value < before->value) {
		r->under_way.resets++;
		return;
	}
	if (seconds < RATE_MIN_S)
		return;
	s->rate = (s->value - before->value) / seconds;
	s->rate_s = seconds;
	s->has_rate = true;
}

/* Times as we see them, and rates. What is too old loses its place in the arithmetic only. */
static void series_finish(struct reading *r, struct series *s, const struct reading_time *now)
{
	const struct series *before = &r->before[series_slot(r->before, s->hash)];

	s->loop_ms = now->loop_ms;
	if (!s->has_time)
		s->time_ms = now->unix_ms;
	if (before->hash && s->counter)
		series_rate(r, s, before);
	if (s->has_time && s->time_ms > now->unix_ms)
		r->under_way.ahead++;
	if (s->time_ms < now->unix_ms - r->max_age_ms)
		r->under_way.old++;
	else
		r->under_way.samples++;
}

/* What a term's samples are combined to. */
struct sum {
	size_t count;
	double sum, min, max, window_s;
};

static void sum_add(struct sum *sum, double value, const struct series *s)
{
	if (!sum->count++)
		*sum = (struct sum){ 1, 0, value, value, 0 };
	sum->sum += value;
	sum->min = fmin(sum->min, value);
	sum->max = fmax(sum->max, value);
	sum->window_s = fmax(sum->window_s, s->has_rate ? s->rate_s : 0);
}

static double sum_value(const struct sum *sum, enum mapping_combine combine)
{
	switch (combine) {
	case MAPPING_MEAN:
		return sum->sum / (double)sum->count;
	case MAPPING_MIN:
		return sum->min;
	case MAPPING_MAX:
		return sum->max;
	case MAPPING_COUNT:
		return (double)sum->count;
	default:
		return sum->sum;
	}
}

/* Adds the term's samples up, those of the first alias that has any. */
static bool term_sum(const struct reading *r, size_t value, size_t term, int64_t unix_ms,
		     struct sum *ret)
{
	const struct mapping_term *t = value_term(&r->mapping->value[value], term);
	struct sum sum[MAPPING_ALIASES_MAX] = { 0 };

	for (size_t i = 0; i < r->hit_count; i++) {
		const struct hit *hit = &r->hit[i];
		const struct series *s = &r->now[hit->slot];

		if (hit->value != value || hit->term != term || (t->rate && !s->has_rate) ||
		    s->time_ms < unix_ms - r->max_age_ms)
			continue;
		sum_add(&sum[hit->alias], t->rate ? s->rate : s->value, s);
	}
	for (size_t i = 0; i < t->metric_count; i++) {
		if (!sum[i].count)
			continue;
		*ret = sum[i];
		return true;
	}
	return false;
}

/* The sum of `of` or `per`. False: a term has no samples. */
static bool terms_sum(const struct reading *r, size_t value, bool per, struct known *known,
		      double *ret)
{
	const struct mapping_value *v = &r->mapping->value[value];
	size_t from = per ? MAPPING_TERMS_MAX : 0, count = per ? v->per_count : v->of_count;

	*ret = 0;
	for (size_t i = from; i < from + count; i++) {
		const struct mapping_term *term = value_term(v, i);
		struct sum sum;

		if (!term_sum(r, value, i, known->sampled_ms, &sum))
			return false;
		*ret += sum_value(&sum, term->combine);
		if (term->rate)
			known->window_s = fmax(known->window_s, sum.window_s);
	}
	return true;
}

/* The sample time of a value is that of its oldest sample; a clock that runs ahead must not make
 * its site look fresh for longer. */
static int64_t value_time(const struct reading *r, size_t value, int64_t unix_ms)
{
	int64_t oldest = unix_ms;

	for (size_t i = 0; i < r->hit_count; i++) {
		const struct series *s = &r->now[r->hit[i].slot];

		if (r->hit[i].value == value && s->time_ms < oldest &&
		    s->time_ms >= unix_ms - r->max_age_ms)
			oldest = s->time_ms;
	}
	return oldest;
}

/* Readings are not taken at the very moment that they are timed by: a little more than all of it,
 * as of idle time, is all of it. */
static double rest_of_one(double part)
{
	return part > 1 && part < 1 + OVER_ONE ? 0 : 1 - part;
}

static struct known value_know(const struct reading *r, size_t value,
			       const struct reading_time *now)
{
	const struct mapping_value *v = &r->mapping->value[value];
	struct known known = { .sampled_ms = now->unix_ms, .loop_ms = now->loop_ms };
	double of, per = 1;

	if (!terms_sum(r, value, false, &known, &of) ||
	    (v->per_count && !terms_sum(r, value, true, &known, &per)) || per == 0)
		return known;
	known.value = v->scale * of / per;
	if (v->complement)
		known.value = rest_of_one(known.value);
	known.sampled_ms = value_time(r, value, now->unix_ms);
	known.is = true;
	return known;
}

/* Into the field of that name. Names that no field has are kept and told, no more. */
static int value_store(const struct mapping_value *v, double value, struct report *report,
		       char reason[160])
{
	size_t field;

	if (!isfinite(value)) {
		snprintf(reason, 160, "%s: comes out as no number", v->name);
		return -EBADMSG;
	}
	if (v->maximum > 0 && value > v->maximum) {
		snprintf(reason, 160, "%s: is %.6g, above its 'maximum' of %.6g", v->name, value,
			 v->maximum);
		return -EBADMSG;
	}
	if (strcmp(v->name, "drain") == 0) {
		report->drain = value > 0;
		return 0;
	}
	if (!field_find(v->name, &field))
		return 0;
	return field_store(report, field, field_is_whole(field) ? round(value) : value, reason);
}

int reading_end(struct reading *r, const struct reading_time *now, char reason[160])
{
	struct known known[MAPPING_VALUES_MAX] = { 0 };
	struct report scratch = { 0 };
	struct series *table;

	for (size_t i = 0; i < SLOTS && r->series_count; i++)
		if (r->now[i].hash)
			series_finish(r, &r->now[i], now);
	for (size_t v = 0; v < r->mapping->value_count; v++) {
		known[v] = value_know(r, v, now);
		if (known[v].is &&
		    value_store(&r->mapping->value[v], known[v].value, &scratch, reason) < 0)
			return -EBADMSG;
	}
	if (!r->series_count) {
		snprintf(reason, 160, "none of the metrics of mapping %s is there",
			 r->mapping->name);
		return -EBADMSG;
	}
	if (r->under_way.samples == r->stats.samples) {
		snprintf(reason, 160, "all samples are older than %u s by their own time",
			 r->max_age_ms / 1000);
		return -EBADMSG;
	}
	for (size_t v = 0; v < r->mapping->value_count; v++)
		if (known[v].is)
			r->known[v] = known[v];
	table = r->before;
	r->before = r->now;
	r->now = table;
	memset(r->now, 0, SLOTS * sizeof(*r->now));
	r->stats = r->under_way;
	r->series_count = r->hit_count = 0;
	return 0;
}

static bool known_now(const struct reading *r, size_t v, const struct reading_time *now)
{
	return r->known[v].is && now->loop_ms - r->known[v].loop_ms <= r->max_age_ms;
}

void reading_report(const struct reading *r, const struct reading_time *now, struct report *ret)
{
	struct report report = { .has = REPORT_SAMPLED, .sampled_ms = now->unix_ms };
	char reason[160];

	for (size_t v = 0; v < r->mapping->value_count; v++) {
		const struct known *known = &r->known[v];

		if (!known_now(r, v, now) ||
		    value_store(&r->mapping->value[v], known->value, &report, reason) < 0)
			continue;
		if (known->sampled_ms < report.sampled_ms)
			report.sampled_ms = known->sampled_ms;
		if (known->window_s <= report.window_s)
			continue;
		report.window_s = known->window_s;
		report.has |= REPORT_WINDOW;
	}
	*ret = report;
}

bool reading_value(const struct reading *r, size_t i, const struct reading_time *now,
		   struct reading_value *ret)
{
	if (i >= r->mapping->value_count)
		return false;
	*ret = (struct reading_value){ .name = r->mapping->value[i].name,
				       .known = known_now(r, i, now),
				       .value = r->known[i].value,
				       .window_s = r->known[i].window_s,
				       .sampled_ms = r->known[i].sampled_ms };
	return true;
}

void reading_stats(const struct reading *r, struct reading_stats *ret)
{
	*ret = r->stats;
}
