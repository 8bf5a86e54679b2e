/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: a line is an object whose "record" says what it is. Each kind has a function that puts its
 * members and one that takes them; forms.c has the members themselves.
 */
#include "record/line.h"

#include "base/util.h"
#include "record/forms.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* It may quote the line. */
static void fault_tame(char text[FORM_FAULT_LEN])
{
	for (char *at = text; *at; at++)
		if (form_steers((char[]){ *at, '\0' }) || (unsigned char)*at == 0xc2)
			*at = '?';
}

static int take(json_t *object, const struct form *form, void *ret, char why[FORM_FAULT_LEN])
{
	return form_take(object, form, ret, why) ? 0 : -EBADMSG;
}

static int take_end(const json_t *object, char why[FORM_FAULT_LEN])
{
	return form_empty(object, why) ? 0 : -EBADMSG;
}

/* Takes a member that is itself an object. */
static int take_whole(json_t *object, const char *name, const struct form *form, void *ret,
		      char why[FORM_FAULT_LEN])
{
	json_t *member = json_object_get(object, name);
	int r;

	if (!json_is_object(member))
		return form_fault(why, "'%s' must be an object", name);
	r = take(member, form, ret, why);
	if (!r)
		r = take_end(member, why);
	json_object_del(object, name);
	return r;
}

static int list_of(const json_t *object, const char *name, size_t most, const json_t **ret,
		   char why[FORM_FAULT_LEN])
{
	const json_t *list = json_object_get(object, name);

	if (!json_is_array(list) || json_array_size(list) > most)
		return form_fault(why, "'%s' must be a list of at most %zu", name, most);
	*ret = list;
	return 0;
}

/* NULL: it is no object. */
static json_t *item_of(const json_t *list, size_t index, const char *name, char why[FORM_FAULT_LEN])
{
	json_t *item = json_array_get(list, index);

	if (json_is_object(item))
		return item;
	form_fault(why, "'%s' must have objects", name);
	return NULL;
}

static json_t *put_object(json_t *object, const char *name, const struct form *form,
			  const void *from)
{
	json_t *member = json_object();

	form_put(member, form, from);
	json_object_set_new(object, name, member);
	return member;
}

/* --- histories: [[seconds, value], ...] ------------------------------------------------------- */

static void put_history(json_t *object, const char *name, const struct timeline *history)
{
	json_t *list = json_array();

	for (size_t i = 0; i < history->count; i++) {
		json_t *step = json_array();

		json_array_append_new(step, json_real(history->step[i].start_s));
		json_array_append_new(step, form_any(history->step[i].value));
		json_array_append_new(list, step);
	}
	json_object_set_new(object, name, list);
}

static bool step_get(const json_t *item, struct timeline_step *ret)
{
	const json_t *start = json_array_get(item, 0);

	if (json_array_size(item) != 2 || !json_is_number(start))
		return false;
	ret->start_s = json_number_value(start);
	return form_any_get(json_array_get(item, 1), &ret->value);
}

static int take_history(json_t *object, const char *name, struct timeline *ret,
			char why[FORM_FAULT_LEN])
{
	const json_t *list = NULL, *item;
	size_t i, count;
	int r = list_of(object, name, RECORD_STEPS_MAX, &list, why);

	if (r < 0)
		return r;
	count = json_array_size(list);
	ret->step = calloc(count + 1, sizeof(*ret->step));
	if (!ret->step)
		return -ENOMEM;
	ret->room = count + 1;
	json_array_foreach(list, i, item)
	{
		struct timeline_step *step = &ret->step[ret->count];

		if (!step_get(item, step))
			return form_fault(why, "'%s' must have pairs of numbers", name);
		if (ret->count && step->start_s < step[-1].start_s)
			return form_fault(why, "'%s' goes back in time", name);
		ret->count++;
	}
	json_object_del(object, name);
	return 0;
}

/* --- reports ---------------------------------------------------------------------------------- */

static void put_report(json_t *object, const char *name, const struct report *report)
{
	put_object(object, name, &form_report, report);
}

/* Is it there? If not, *ret is untouched. */
static int take_report(json_t *object, const char *name, bool *ret_there, struct report *ret,
		       char why[FORM_FAULT_LEN])
{
	*ret_there = json_object_get(object, name);
	return *ret_there ? take_whole(object, name, &form_report, ret, why) : 0;
}

/* --- how scores are made -----------------------------------------------------------------------
 */

static void put_list(json_t *object, const char *name, const struct form *form, const void *from,
		     size_t count, size_t size)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		json_t *item = json_object();

		form_put(item, form, (const char *)from + i * size);
		json_array_append_new(list, item);
	}
	json_object_set_new(object, name, list);
}

static int take_list(json_t *object, const char *name, const struct form *form, void *ret,
		     size_t most, size_t size, size_t *ret_count, char why[FORM_FAULT_LEN])
{
	const json_t *list = NULL;
	json_t *item;
	size_t i;
	int r = list_of(object, name, most, &list, why);

	if (r < 0)
		return r;
	*ret_count = json_array_size(list);
	json_array_foreach(list, i, item)
	{
		if (!item_of(list, i, name, why))
			return -EBADMSG;
		r = take(item, form, (char *)ret + i * size, why);
		if (!r)
			r = take_end(item, why);
		if (r < 0)
			return r;
	}
	json_object_del(object, name);
	return 0;
}

static void put_scores(json_t *object, const struct scores *scores)
{
	json_t *member = put_object(object, "scores", &form_scores, scores);

	put_list(member, "metrics", &form_metric, scores->metric, scores->count,
		 sizeof(*scores->metric));
	put_list(member, "categories", &form_category, scores->category, KIND_CATEGORY_COUNT,
		 sizeof(*scores->category));
}

static int check_scores(const struct scores *scores, char why[FORM_FAULT_LEN])
{
	size_t index = 0;
	const char *wrong = scores_validate(scores, &index);

	if (wrong)
		return form_fault(why, "'%s' of a score's metric %zu cannot be", wrong, index + 1);
	return 0;
}

static int take_scores(json_t *object, struct record_line *line, char why[FORM_FAULT_LEN])
{
	json_t *member = json_object_get(object, "scores");
	size_t categories = 0;
	int r;

	line->has_scores = member;
	if (!member)
		return 0;
	if (!json_is_object(member))
		return form_fault(why, "'scores' must be an object");
	r = take_list(member, "metrics", &form_metric, line->scores.metric, SCORES_METRICS_MAX,
		      sizeof(*line->scores.metric), &line->scores.count, why);
	if (!r)
		r = take_list(member, "categories", &form_category, line->scores.category,
			      KIND_CATEGORY_COUNT, sizeof(*line->scores.category), &categories,
			      why);
	if (!r && categories != KIND_CATEGORY_COUNT)
		r = form_fault(why, "'categories' must be a list of %d", KIND_CATEGORY_COUNT);
	if (!r)
		r = take(member, &form_scores, &line->scores, why);
	if (!r)
		r = take_end(member, why);
	json_object_del(object, "scores");
	return r ? r : check_scores(&line->scores, why);
}

const char *record_label(const char *name, const char *address, char ret[RECORD_LABEL_LEN])
{
	snprintf(ret, RECORD_LABEL_LEN, "%.60s@%.60s", name, address);
	return ret;
}

bool record_label_matches(const char *label, const char *wanted)
{
	const char *at = strchr(label, '@');
	size_t len = at ? (size_t)(at - label) : strlen(label);

	return strcmp(label, wanted) == 0 ||
	       (strlen(wanted) == len && strncmp(label, wanted, len) == 0) ||
	       (at && strcmp(at + 1, wanted) == 0);
}

/* --- services --------------------------------------------------------------------------------- */

static void put_service(json_t *object, const struct record_line *line)
{
	const struct scores *scores = line->has_scores ? &line->scores : line->config.scores;
	const struct weights_memory *m = &line->memory;
	json_t *memory, *sites = json_array();

	json_object_set_new(object, "service", json_string(line->service));
	put_object(object, "settings", &form_config, &line->config);
	if (scores && scores->count)
		put_scores(object, scores);
	memory = put_object(object, "memory", &form_memory, m);
	put_history(memory, "own-rates", &m->rates);
	for (size_t i = 0; i < m->count; i++) {
		const struct weights_memory_site *site = &m->site[i];
		json_t *member = json_object();

		form_put(member, &form_kept, site);
		if (site->remembers)
			put_report(member, "last", &site->last);
		put_history(member, "shares", &site->shares);
		json_array_append_new(sites, member);
	}
	json_object_set_new(memory, "sites", sites);
}

static int take_kept(json_t *object, struct weights_memory_site *ret, char why[FORM_FAULT_LEN])
{
	bool there;
	int r = take(object, &form_kept, ret, why);

	if (!r)
		r = take_report(object, "last", &there, &ret->last, why);
	if (!r && there != ret->remembers)
		r = form_fault(why, "'last' is there if, and only if, 'remembers' is true");
	if (!r)
		r = take_history(object, "shares", &ret->shares, why);
	return r ? r : take_end(object, why);
}

static int take_memory(json_t *object, struct weights_memory *ret, char why[FORM_FAULT_LEN])
{
	const json_t *list = NULL;
	int r = list_of(object, "sites", RECORD_SITES_MAX, &list, why);

	if (!r)
		r = take(object, &form_memory, ret, why);
	if (!r)
		r = take_history(object, "own-rates", &ret->rates, why);
	if (r < 0)
		return r;
	ret->site = calloc(json_array_size(list) + 1, sizeof(*ret->site));
	if (!ret->site)
		return -ENOMEM;
	while (!r && ret->count < json_array_size(list)) {
		json_t *item = item_of(list, ret->count, "sites", why);

		r = item ? take_kept(item, &ret->site[ret->count++], why) : -EBADMSG;
	}
	if (r < 0)
		return r;
	json_object_del(object, "sites");
	return take_end(object, why);
}

static int take_name(json_t *object, struct record_line *line, char why[FORM_FAULT_LEN])
{
	const char *name = json_string_value(json_object_get(object, "service"));

	if (!name || strlen(name) >= sizeof(line->service) || form_steers(name))
		return form_fault(why, "'service' must be a name of less than %zu octets",
				  sizeof(line->service));
	strcpy(line->service, name);
	json_object_del(object, "service");
	return 0;
}

static int take_service(json_t *object, struct record_line *line, char why[FORM_FAULT_LEN])
{
	json_t *memory = json_object_get(object, "memory");
	int r = take_name(object, line, why);

	if (!r)
		r = take_whole(object, "settings", &form_config, &line->config, why);
	if (!r)
		r = take_scores(object, line, why);
	if (!r)
		r = json_is_object(memory) ? take_memory(memory, &line->memory, why)
					   : form_fault(why, "'memory' must be an object");
	json_object_del(object, "memory");
	return r;
}

/* --- decisions -------------------------------------------------------------------------------- */

static void put_decision(json_t *object, const struct record_line *line)
{
	const struct record_decision *d = &line->decision;
	json_t *sites = json_array();

	json_object_set_new(object, "service", json_string(line->service));
	form_put(object, &form_decision, d);
	for (size_t i = 0; i < d->count; i++) {
		json_t *site = json_object(), *in;

		form_put(site, &form_site, &d->site[i]);
		in = put_object(site, "in", &form_in, &d->site[i].in);
		if (d->site[i].in.has_report)
			put_report(in, "report", &d->site[i].in.report);
		put_object(site, "out", &form_verdict, &d->site[i].verdict);
		json_array_append_new(sites, site);
	}
	json_object_set_new(object, "sites", sites);
}

static int take_site(json_t *object, struct record_site *ret, char why[FORM_FAULT_LEN])
{
	json_t *in = json_object_get(object, "in");
	int r = take(object, &form_site, ret, why);

	if (!r && !json_is_object(in))
		r = form_fault(why, "'in' must be an object");
	if (!r)
		r = take_report(in, "report", &ret->in.has_report, &ret->in.report, why);
	if (!r)
		r = take_whole(object, "in", &form_in, &ret->in, why);
	if (!r)
		r = take_whole(object, "out", &form_verdict, &ret->verdict, why);
	ret->verdict.id = ret->in.id;
	return r ? r : take_end(object, why);
}

/* Of the same site twice nobody could tell what became of it. */
static int check_ids(const struct record_decision *d, char why[FORM_FAULT_LEN])
{
	for (size_t i = 0; i < d->count; i++)
		for (size_t k = 0; k < i; k++)
			if (d->site[i].in.id == d->site[k].in.id)
				return form_fault(why, "'sites' has a site twice");
	return 0;
}

static int take_sites(json_t *object, struct record_decision *ret, char why[FORM_FAULT_LEN])
{
	const json_t *list = NULL;
	int r = list_of(object, "sites", RECORD_SITES_MAX, &list, why);

	if (r < 0)
		return r;
	ret->site = calloc(json_array_size(list) + 1, sizeof(*ret->site));
	if (!ret->site)
		return -ENOMEM;
	while (!r && ret->count < json_array_size(list)) {
		json_t *item = item_of(list, ret->count, "sites", why);

		r = item ? take_site(item, &ret->site[ret->count++], why) : -EBADMSG;
	}
	json_object_del(object, "sites");
	return r ? r : check_ids(ret, why);
}

static int take_decision(json_t *object, struct record_line *line, char why[FORM_FAULT_LEN])
{
	int r = take_name(object, line, why);

	if (!r)
		r = take(object, &form_decision, &line->decision, why);
	return r ? r : take_sites(object, &line->decision, why);
}

/* --- the others ------------------------------------------------------------------------------- */

static void put_begin(json_t *object, const struct record_line *line)
{
	json_object_set_new(object, "format", json_integer(line->begin.format));
	form_put(object, &form_begin, &line->begin);
}

static int take_begin(json_t *object, struct record_line *line, char why[FORM_FAULT_LEN])
{
	const json_t *format = json_object_get(object, "format");

	if (!json_is_integer(format))
		return form_fault(why, "'format' must be a number");
	if (json_integer_value(format) != RECORD_FORMAT)
		return form_fault(why,
				  "format %lld is not known here: this margay reads format %d, and "
				  "another version may read it",
				  (long long)json_integer_value(format), RECORD_FORMAT);
	line->begin.format = RECORD_FORMAT;
	json_object_del(object, "format");
	return take(object, &form_begin, &line->begin, why);
}

static void put_lost(json_t *object, const struct record_line *line)
{
	form_put(object, &form_lost, line);
}

static int take_lost(json_t *object, struct record_line *line, char why[FORM_FAULT_LEN])
{
	return take(object, &form_lost, line, why);
}

static void put_end(json_t *object, const struct record_line *line)
{
	form_put(object, &form_end, line);
}

static int take_finish(json_t *object, struct record_line *line, char why[FORM_FAULT_LEN])
{
	return take(object, &form_end, line, why);
}

static const struct line_kind {
	const char *name;
	void (*put)(json_t *object, const struct record_line *line);
	int (*take)(json_t *object, struct record_line *line, char why[FORM_FAULT_LEN]);
} kinds[] = {
	[RECORD_BEGIN] = { "begin", put_begin, take_begin },
	[RECORD_SERVICE] = { "service", put_service, take_service },
	[RECORD_DECISION] = { "decision", put_decision, take_decision },
	[RECORD_LOST] = { "lost", put_lost, take_lost },
	[RECORD_END] = { "end", put_end, take_finish },
};

/* --- lines ------------------------------------------------------------------------------------ */

static int line_take(json_t *object, struct record_line *ret, char why[FORM_FAULT_LEN])
{
	const char *name = json_string_value(json_object_get(object, "record"));
	int r = 1;

	for (size_t i = 0; name && i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(name, kinds[i].name))
			continue;
		ret->kind = (enum record_kind)i;
		json_object_del(object, "record");
		r = kinds[i].take(object, ret, why);
		return r ? r : take_end(object, why);
	}
	return form_fault(why, "'record' must be begin, service, decision, lost or end");
}

int record_line_read(const char *text, size_t len, struct record_line *ret,
		     char why[FORM_FAULT_LEN])
{
	struct record_line line = { 0 };
	json_error_t error;
	json_t *object;
	int r;

	if (len >= RECORD_LINE_MAX)
		return form_fault(why, "a line has at most %u octets", RECORD_LINE_MAX);
	object = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (!object && json_error_code(&error) == json_error_out_of_memory)
		return -ENOMEM;
	if (!object)
		r = form_fault(why, "not JSON: %.100s, octet %d", error.text, error.position);
	else if (!json_is_object(object))
		r = form_fault(why, "a line is one JSON object");
	else
		r = line_take(object, &line, why);
	json_decref(object);
	if (r < 0) {
		fault_tame(why);
		record_line_clear(&line);
		return r;
	}
	*ret = line;
	return 0;
}

void record_line_clear(struct record_line *line)
{
	weights_memory_clear(&line->memory);
	free(line->decision.site);
	*line = (struct record_line){ 0 };
}

char *record_line_write(const struct record_line *line, size_t *ret_len)
{
	static const size_t flags = JSON_COMPACT | JSON_REAL_PRECISION(17);
	json_t *object = json_object();
	_cleanup_(freep) char *text = NULL;
	size_t len;

	json_object_set_new(object, "record", json_string(kinds[line->kind].name));
	kinds[line->kind].put(object, line);
	len = object ? json_dumpb(object, NULL, 0, flags) : 0;
	if (len && len < RECORD_LINE_MAX)
		text = malloc(len + 1);
	if (text) {
		json_dumpb(object, text, len, flags);
		text[len] = '\n';
		*ret_len = len + 1;
	}
	json_decref(object);
	return TAKE_PTR(text);
}
