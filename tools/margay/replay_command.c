/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: margay replay: lines from a file, decisions from replay.c, each as a JSON object that is
 * either printed or laid out for people. Decisions in which nothing happened, neither then nor now,
 * are left out unless --all.
 */
#include "record_commands.h"

#include "base/util.h"
#include "local.h"
#include "mgmt/answer.h"
#include "record_file.h"
#include "replay.h"
#include "table.h"

#include <errno.h>
#include <math.h>
#include <string.h>

struct showing {
	const char *path, *service; /* service NULL: all */
	bool all, summary, json, check;
	struct replay *replay;
	struct record_file file;
};

/* --- options ---------------------------------------------------------------------------------- */

static const struct number_option {
	const char *name;
	size_t offset;
	double min, max, unit;
} numbers[] = {
	{ "queue-factor", offsetof(struct replay_changes, queue_factor), 1e-3, 1e6, 1 },
	{ "hysteresis", offsetof(struct replay_changes, hysteresis), 0, 1, 1 },
	{ "minimum-share", offsetof(struct replay_changes, share_min), 0, 1, 1 },
	{ "maximum-share", offsetof(struct replay_changes, share_max), 0, 1, 1 },
	{ "maximum-move", offsetof(struct replay_changes, move_max), 0, 1, 1 },
	{ "distrust", offsetof(struct replay_changes, distrust), 0, 1, 1 },
	{ "cost-weight-ms", offsetof(struct replay_changes, cost_weight_s), 0, 60000, 1e-3 },
};

static void policy_parse(const char *word, struct replay_changes *ret)
{
	if (!word)
		return;
	ret->policy_set = true;
	ret->policy = POLICY_COMPUTE_AWARE; /* or "saw", which it is */
	for (int policy = 0; policy <= POLICY_GREEDY; policy++)
		if (strcmp(word, record_policy_text(policy)) == 0)
			ret->policy = (enum policy)policy;
}

/* 0, or -1 and *ret_error. */
static int changes_parse(const json_t *request, struct replay_changes *ret, json_t **ret_error)
{
	*ret = (struct replay_changes){ 0 };
	policy_parse(json_string_value(json_object_get(request, "policy")), ret);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		const struct number_option *n = &numbers[i];
		const json_t *value = json_object_get(request, n->name);
		double number = value ? json_number_value(value) : NAN;

		if (value && !(number >= n->min && number <= n->max)) {
			*ret_error = answer_error(ANSWER_USAGE, n->name, NULL,
						  "%g is no value for %s: it is from %g to %g",
						  number, n->name, n->min, n->max);
			return -1;
		}
		*(double *)((char *)ret + n->offset) = number * n->unit;
	}
	return 0;
}

/* --- a decision ------------------------------------------------------------------------------- */

static void put_side(json_t *object, const struct weights_verdict *v)
{
	answer_number(object, "share", v->share);
	answer_number(object, "wanted", v->wanted);
	answer_text(object, "reason", weights_reason_text(v->reason));
	answer_number(object, "marginal-ms", v->marginal_s * 1000);
	answer_number(object, "base", v->base);
	answer_number(object, "utilisation", v->utilisation);
}

static void put_site(json_t *object, const struct record_site *then,
		     const struct weights_verdict *now)
{
	answer_text(object, "name", then->name);
	answer_text(object, "freshness", weights_freshness_text(now->freshness));
	answer_number(object, "age", now->age_s);
	answer_number(object, "rtt-ms", then->in.rtt_s * 1000);
	put_side(answer_object(object, "recorded"), &then->verdict);
	put_side(answer_object(object, "replayed"), now);
}

static json_t *decision_json(const struct showing *s, const struct replay_outcome *o)
{
	json_t *object = json_object(), *sites;

	answer_text(object, "service", o->service->name);
	answer_number(object, "time", o->then->time_s - replay_began_s(s->replay));
	answer_flag(object, "same", o->same);
	answer_number(object, "difference", o->apart);
	answer_number(object, "own-rate", o->then->own_rate);
	answer_number(object, "total-rate", o->now->total_rate);
	sites = answer_array(object, "sites");
	for (size_t i = 0; i < o->then->count; i++)
		put_site(answer_append(sites), &o->then->site[i], &o->now->site[i]);
	return object;
}

/* Members of the members, so that a table can have them: recorded.share as recorded-share. */
static json_t *flat_sites(const json_t *decision)
{
	static const char *const sides[] = { "recorded", "replayed" };
	json_t *sites = json_deep_copy(json_object_get(decision, "sites")), *site;
	size_t i;

	json_array_foreach(sites, i, site)
	{
		for (size_t k = 0; k < ARRAY_SIZE(sides); k++) {
			const json_t *side = json_object_get(site, sides[k]);
			const char *key;
			json_t *value;

			json_object_foreach((json_t *)side, key, value)
			{
				char name[64];

				snprintf(name, sizeof(name), "%s-%s", sides[k], key);
				json_object_set(site, name, value);
			}
		}
		if (strcmp(json_string_value(json_object_get(site, "recorded-reason")),
			   json_string_value(json_object_get(site, "replayed-reason"))) == 0)
			json_object_del(site, "replayed-reason");
	}
	return sites;
}

static void decision_print(const json_t *decision)
{
	static const struct column columns[] = {
		{ "SITE", "name", CELL_TEXT },
		{ "RECORDED", "recorded-share", CELL_PERCENT },
		{ "REPLAYED", "replayed-share", CELL_PERCENT },
		{ "WANTED", "replayed-wanted", CELL_PERCENT },
		{ "MARGINAL", "replayed-marginal-ms", CELL_MS },
		{ "RTT", "rtt-ms", CELL_MS },
		{ "AGE", "age", CELL_AGE },
		{ "REASON", "recorded-reason", CELL_TEXT },
		{ "REPLAYED REASON", "replayed-reason", CELL_TEXT },
	};
	double apart = json_number_value(json_object_get(decision, "difference"));
	json_t *sites = flat_sites(decision);

	printf("%.3f s  %s  ", json_number_value(json_object_get(decision, "time")),
	       json_string_value(json_object_get(decision, "service")));
	if (json_is_true(json_object_get(decision, "same")))
		puts("as recorded");
	else
		printf("%.1f %% otherwise than recorded\n", apart * 100);
	table_print(stdout, sites, columns, ARRAY_SIZE(columns), 2);
	json_decref(sites);
}

static bool worth_showing(const struct showing *s, const struct replay_outcome *o)
{
	return !s->summary && (s->all || !o->same || o->then->changed || o->now->changed);
}

static void show_decision(const struct showing *s, const struct replay_outcome *o)
{
	json_t *decision = worth_showing(s, o) ? decision_json(s, o) : NULL;

	if (decision && s->json) {
		json_t *line = json_pack("{s:O}", "decision", decision);

		json_dumpf(line, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
		putchar('\n');
		json_decref(line);
	} else if (decision) {
		decision_print(decision);
	}
	json_decref(decision);
}

/* --- the summary ------------------------------------------------------------------------------ */

static double per_minute(const struct replay_service *s, double moved)
{
	double minutes = (s->last_s - s->began_s) / 60;

	return minutes > 0 ? moved / minutes : 0;
}

static void put_whole(json_t *object, const struct replay_service *s, int side)
{
	answer_text(object, "policy", record_policy_text((int)s->policy[side]));
	answer_count(object, "changes", s->changes[side]);
	answer_number(object, "moved-per-minute", per_minute(s, s->moved[side]));
}

static void put_shares(json_t *object, const struct replay_service *s)
{
	double seconds = s->last_s - s->began_s;
	json_t *sites = answer_array(object, "sites");

	for (size_t i = 0; i < s->site_count; i++) {
		const struct replay_site *site = &s->site[i];
		json_t *member = answer_append(sites);

		answer_text(member, "name", site->name);
		answer_number(member, "recorded-share",
			      seconds > 0 ? site->summed[0] / seconds : site->last[0]);
		answer_number(member, "replayed-share",
			      seconds > 0 ? site->summed[1] / seconds : site->last[1]);
	}
}

static void put_service(const struct showing *s, json_t *object,
			const struct replay_service *service)
{
	double seconds = service->last_s - service->began_s;

	answer_text(object, "name", service->name);
	answer_count(object, "decisions", service->decisions);
	answer_number(object, "seconds", service->decisions ? seconds : 0);
	answer_count(object, "differ", service->differ);
	answer_number(object, "mean-difference",
		      service->decisions && seconds > 0 ? service->apart_summed / seconds
							: service->apart);
	answer_number(object, "most-difference", service->apart_most);
	if (service->apart_most > 0)
		answer_number(object, "most-difference-at",
			      service->apart_most_s - replay_began_s(s->replay));
	put_whole(answer_object(object, "recorded"), service, 0);
	put_whole(answer_object(object, "replayed"), service, 1);
	put_shares(object, service);
}

static bool service_wanted(const struct showing *s, const char *name)
{
	return !s->service || record_label_matches(name, s->service);
}

static json_t *summary_json(const struct showing *s)
{
	json_t *object = json_object(), *services = answer_array(object, "services");
	const struct replay_service *service;
	uint64_t decisions = 0, differ = 0;

	for (size_t i = 0; (service = replay_service(s->replay, i)); i++) {
		if (!service_wanted(s, service->name))
			continue;
		decisions += service->decisions;
		differ += service->differ;
		put_service(s, answer_append(services), service);
	}
	answer_count(object, "decisions", decisions);
	answer_count(object, "differ", differ);
	answer_count(object, "lost", replay_lost(s->replay));
	answer_flag(object, "ended", replay_ended(s->replay));
	return object;
}

static double number_of(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void service_print(const json_t *service)
{
	static const struct column columns[] = {
		{ "SITE", "name", CELL_TEXT },
		{ "RECORDED", "recorded-share", CELL_PERCENT },
		{ "REPLAYED", "replayed-share", CELL_PERCENT },
	};
	const json_t *then = json_object_get(service, "recorded"),
		     *now = json_object_get(service, "replayed");

	printf("service %s: %.0f decisions in %.0f s, %.0f of them otherwise than recorded\n",
	       text_of(service, "name"), number_of(service, "decisions"),
	       number_of(service, "seconds"), number_of(service, "differ"));
	printf("  recorded  %-14s %5.0f changes, %.3f moved a minute\n", text_of(then, "policy"),
	       number_of(then, "changes"), number_of(then, "moved-per-minute"));
	printf("  replayed  %-14s %5.0f changes, %.3f moved a minute\n", text_of(now, "policy"),
	       number_of(now, "changes"), number_of(now, "moved-per-minute"));
	if (number_of(service, "most-difference") > 0)
		printf("  apart by %.1f %% of the flows on average, %.1f %% at most, at %.3f s\n",
		       100 * number_of(service, "mean-difference"),
		       100 * number_of(service, "most-difference"),
		       number_of(service, "most-difference-at"));
	table_print(stdout, json_object_get(service, "sites"), columns, ARRAY_SIZE(columns), 2);
}

static void summary_print(const json_t *summary)
{
	const json_t *service;
	size_t i;

	json_array_foreach(json_object_get(summary, "services"), i, service) service_print(service);
	if (number_of(summary, "lost") > 0)
		printf("%.0f decisions were lost when it was recorded\n",
		       number_of(summary, "lost"));
	if (!json_is_true(json_object_get(summary, "ended")))
		puts("the record has no end: it was not finished, or is being written");
}

/* The exit status. */
static int show_summary(const struct showing *s)
{
	json_t *summary = summary_json(s), *line = json_pack("{s:O}", "summary", summary);
	bool differ = number_of(summary, "differ") > 0;

	if (s->json) {
		json_dumpf(line, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
		putchar('\n');
	} else {
		summary_print(summary);
	}
	json_decref(line);
	json_decref(summary);
	return fflush(stdout) == EOF || ferror(stdout) || (s->check && differ);
}

/* --- the file --------------------------------------------------------------------------------- */

/* 1: go on; 0: the end; negative: as record_file_next() and replay_line(). */
static int showing_next(struct showing *s, char fault[FORM_FAULT_LEN])
{
	_cleanup_(record_line_clear) struct record_line line = { 0 };
	struct replay_outcome outcome;
	int r = record_file_next(&s->file, &line, fault);

	if (r <= 0)
		return r;
	if ((line.kind == RECORD_SERVICE || line.kind == RECORD_DECISION) &&
	    !service_wanted(s, line.service))
		return 1;
	r = replay_line(s->replay, &line, &outcome, fault);
	if (r > 0)
		show_decision(s, &outcome);
	return r < 0 ? r : ferror(stdout) ? 0 : 1;
}

static json_t *showing_error(const struct showing *s, int r, const char *fault)
{
	char place[4200];

	if (r == -ENOMEM)
		return answer_error(ANSWER_NO_MEMORY, NULL, NULL, "no memory");
	if (r == -EIO)
		return answer_error(ANSWER_REFUSED, "file", NULL, "%s: cannot be read: %s", s->path,
				    strerror(errno));
	snprintf(place, sizeof(place), "%s:%u", s->path, s->file.line);
	return answer_error(ANSWER_BAD_RECORD, place,
			    "margay-record(5) has the format; the lines before it are good",
			    "%s: %s", place, fault);
}

static int showing_run(struct showing *s)
{
	char fault[FORM_FAULT_LEN] = "";
	int r;

	while ((r = showing_next(s, fault)) > 0)
		;
	if (!r && s->file.line == 1) {
		snprintf(fault, sizeof(fault), "the file is empty");
		r = -EBADMSG;
	}
	if (r < 0)
		return local_print(showing_error(s, r, fault), s->json, NULL);
	return show_summary(s);
}

static int showing_open(struct showing *s, const struct replay_changes *changes)
{
	int status;

	s->file.file = strcmp(s->path, "-") ? fopen(s->path, "re") : stdin;
	if (!s->file.file)
		return local_print(answer_error(ANSWER_REFUSED, "file", NULL,
						"%s: cannot be read: %s", s->path, strerror(errno)),
				   s->json, NULL);
	s->replay = replay_new(changes);
	status = s->replay ? showing_run(s) : local_print(NULL, s->json, NULL);
	if (s->file.file != stdin)
		fclose(s->file.file);
	record_file_clear(&s->file);
	replay_free(&s->replay);
	return status;
}

int local_replay(const struct daemon_address *daemon, const json_t *request, bool json)
{
	struct showing s = { .path = text_of(request, "file"),
			     .service = text_of(request, "service"),
			     .all = json_is_true(json_object_get(request, "all")),
			     .summary = json_is_true(json_object_get(request, "summary")),
			     .check = json_is_true(json_object_get(request, "check")),
			     .json = json };
	struct replay_changes changes;
	json_t *error;

	if (changes_parse(request, &changes, &error) < 0)
		return local_print(error, json, NULL);
	return showing_open(&s, &changes);
}
