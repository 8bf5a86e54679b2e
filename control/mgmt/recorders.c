/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: record [service NAME]                 a new recorder: {"recorder":1,"lines":[...]}
 *      record recorder 1 [most N] [end]      what has come since
 *
 * Lines are those of margay-record(5), as text, so that no number is rounded on its way. The first
 * line of a service is what its weights remember before the next decision; it comes again where
 * the service was configured anew or lines were lost, as a replay can go on only from there.
 */
#include "mgmt/recorders.h"

#include "base/util.h"
#include "mgmt/roster.h"
#include "mgmt/version.h"
#include "record/line.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#define RECORDERS_MAX 4
#define OCTETS_MAX    (8u << 20) /* in one queue */
#define ANSWER_MAX    (1u << 20) /* in one answer, but at least a line */
#define IDLE_MS       10000

struct queued {
	char *text; /* with its newline */
	size_t len;
	bool decision;
};

struct recorded { /* a service whose memory has been written */
	uint64_t service, configured_ns;
};

struct recorder {
	unsigned id;
	char wanted[ADDR_STRLEN]; /* service; "": all */
	struct queued *queue;
	size_t first, count, room, octets;
	struct recorded *recorded;
	size_t recorded_count;
	uint64_t lost, lost_told;
	int64_t asked_ms;
};

struct recorders {
	struct recorder *recorder[RECORDERS_MAX];
	unsigned ids;
	struct ingress *watched; /* NULL: nobody records */
	uint64_t service;        /* that `memory` is of */
	char *memory;            /* its line, before the decision at hand; NULL: not wanted */
	size_t memory_len;
};

static int64_t now_ms(void)
{
	return (int64_t)(uv_hrtime() / 1000000);
}

/* --- a recorder ------------------------------------------------------------------------------- */

static void recorder_free(struct recorder **recorder)
{
	struct recorder *r = *recorder;

	if (!r)
		return;
	for (size_t i = 0; i < r->count; i++)
		free(r->queue[r->first + i].text);
	free(r->queue);
	free(r->recorded);
	freep(recorder);
}

/* Room for two more lines behind the last one. */
static bool queue_reserve(struct recorder *r)
{
	size_t room = 2 * r->count + 16;
	struct queued *grown;

	if (r->first + r->count + 2 <= r->room)
		return true;
	if (r->first) {
		memmove(r->queue, r->queue + r->first, r->count * sizeof(*r->queue));
		r->first = 0;
	}
	if (r->count + 2 <= r->room)
		return true;
	grown = reallocarray(r->queue, room, sizeof(*grown));
	if (!grown)
		return false;
	r->queue = grown;
	r->room = room;
	return true;
}

/* Copies it. False: it does not fit. */
static bool queue_put(struct recorder *r, const char *text, size_t len, bool decision)
{
	char *copy = text && r->octets + len <= OCTETS_MAX && queue_reserve(r) ? malloc(len) : NULL;

	if (!copy)
		return false;
	memcpy(copy, text, len);
	r->queue[r->first + r->count++] = (struct queued){ copy, len, decision };
	r->octets += len;
	return true;
}

static void queue_take_back(struct recorder *r)
{
	struct queued *last = &r->queue[r->first + --r->count];

	r->octets -= last->len;
	free(last->text);
}

static bool queue_put_line(struct recorder *r, const struct record_line *line)
{
	size_t len = 0;
	_cleanup_(freep) char *text = record_line_write(line, &len);

	return queue_put(r, text, len, false);
}

/* The place of the service, or where it would stand: they are sorted, as each decision asks. */
static size_t recorded_place(const struct recorder *r, uint64_t service)
{
	size_t low = 0, high = r->recorded_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (r->recorded[middle].service < service)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct recorded *recorded_find(const struct recorder *r, uint64_t service)
{
	size_t place = recorded_place(r, service);

	return place < r->recorded_count && r->recorded[place].service == service
		       ? &r->recorded[place]
		       : NULL;
}

static bool recorder_knows(const struct recorder *r, const struct ingress_decision *d)
{
	const struct recorded *known = recorded_find(r, d->service);

	return known && known->configured_ns == d->configured_ns;
}

static void recorder_forget(struct recorder *r, uint64_t service)
{
	struct recorded *known = recorded_find(r, service);

	if (!known)
		return;
	r->recorded_count--;
	memmove(known, known + 1,
		(size_t)(r->recorded + r->recorded_count - known) * sizeof(*known));
}

static bool recorder_learn(struct recorder *r, const struct ingress_decision *d)
{
	struct recorded *grown, *known = recorded_find(r, d->service);
	size_t place;

	if (known) {
		known->configured_ns = d->configured_ns;
		return true;
	}
	grown = reallocarray(r->recorded, r->recorded_count + 1, sizeof(*grown));
	if (!grown)
		return false;
	r->recorded = grown;
	place = recorded_place(r, d->service);
	memmove(grown + place + 1, grown + place, (r->recorded_count - place) * sizeof(*grown));
	grown[place] = (struct recorded){ d->service, d->configured_ns };
	r->recorded_count++;
	return true;
}

static bool recorder_wants(const struct recorder *r, const struct ingress_decision *d)
{
	return r && (!*r->wanted || service_matches(d->config->name, &d->config->key, r->wanted));
}

/* A gap is told before what comes after it. */
static bool recorder_tell_lost(struct recorder *r)
{
	const struct record_line line = { .kind = RECORD_LOST, .lost = r->lost - r->lost_told };

	if (!line.lost)
		return true;
	if (!queue_put_line(r, &line))
		return false;
	r->lost_told = r->lost;
	return true;
}

/* memory: of the service before this decision, where it is needed. */
static bool recorder_put(struct recorder *r, const struct ingress_decision *d, const char *memory,
			 size_t memory_len, const char *text, size_t len)
{
	bool knows = recorder_knows(r, d);

	if (!recorder_tell_lost(r))
		return false;
	if (!knows && !queue_put(r, memory, memory_len, false))
		return false;
	if (queue_put(r, text, len, true) && (knows || recorder_learn(r, d)))
		return true;
	if (!knows)
		queue_take_back(r);
	return false;
}

/* --- all of them ------------------------------------------------------------------------------ */

static void on_decision(void *user, const struct ingress_decision *decision);

static void recorders_watch(struct recorders *all, struct ingress *ingress)
{
	bool any = false;

	for (size_t i = 0; i < RECORDERS_MAX; i++)
		any |= all->recorder[i] != NULL;
	if (any && !all->watched && ingress) {
		ingress_watch(ingress, on_decision, all);
		all->watched = ingress;
	} else if (!any && all->watched) {
		ingress_watch(all->watched, NULL, NULL);
		all->watched = NULL;
	}
}

static void recorders_expire(struct recorders *all)
{
	int64_t now = now_ms();

	for (size_t i = 0; i < RECORDERS_MAX; i++)
		if (all->recorder[i] && now - all->recorder[i]->asked_ms > IDLE_MS)
			recorder_free(&all->recorder[i]);
	recorders_watch(all, NULL);
}

static char *memory_write(const struct ingress_decision *d, size_t *ret_len)
{
	struct record_line line = { .kind = RECORD_SERVICE, .config = d->config->weights };
	char address[ADDR_STRLEN];
	char *text = NULL;

	record_label(d->config->name, service_address(&d->config->key, address), line.service);
	if (weights_memory_of(d->weights, &line.memory) == 0)
		text = record_line_write(&line, ret_len);
	record_line_clear(&line);
	return text;
}

static char *decision_write(const struct ingress_decision *d, size_t *ret_len)
{
	struct record_line line = { .kind = RECORD_DECISION,
				    .decision = { .time_s = d->now_s,
						  .own_rate = d->own_rate,
						  .own_rate_smooth = d->decision->own_rate,
						  .total_rate = d->decision->total_rate,
						  .level_s = d->decision->level_s,
						  .changed = d->decision->changed,
						  .site = calloc(d->count + 1,
								 sizeof(*line.decision.site)),
						  .count = d->count } };
	char address[ADDR_STRLEN];
	char *text = NULL;

	record_label(d->config->name, service_address(&d->config->key, address), line.service);
	for (size_t i = 0; line.decision.site && i < d->count; i++) {
		struct record_site *site = &line.decision.site[i];

		snprintf(site->name, sizeof(site->name), "%s", d->name[i]);
		site->in = d->site[i];
		site->verdict = d->decision->site[i];
	}
	if (line.decision.site)
		text = record_line_write(&line, ret_len);
	record_line_clear(&line);
	return text;
}

static void before_decision(struct recorders *all, const struct ingress_decision *d)
{
	bool wanted = false;

	freep(&all->memory);
	recorders_expire(all);
	for (size_t i = 0; i < RECORDERS_MAX; i++)
		wanted |=
			recorder_wants(all->recorder[i], d) && !recorder_knows(all->recorder[i], d);
	all->service = d->service;
	if (wanted)
		all->memory = memory_write(d, &all->memory_len);
}

static void after_decision(struct recorders *all, const struct ingress_decision *d)
{
	const char *memory = all->service == d->service ? all->memory : NULL;
	_cleanup_(freep) char *text = NULL;
	size_t len = 0;

	for (size_t i = 0; i < RECORDERS_MAX; i++) {
		struct recorder *r = all->recorder[i];

		if (!recorder_wants(r, d))
			continue;
		text = text ? text : decision_write(d, &len);
		if (recorder_put(r, d, memory, all->memory_len, text, len))
			continue;
		r->lost++;
		recorder_forget(r, d->service);
	}
	freep(&all->memory);
}

static void on_decision(void *user, const struct ingress_decision *d)
{
	if (d->decision)
		after_decision(user, d);
	else
		before_decision(user, d);
}

struct recorders *recorders_new(void)
{
	return calloc(1, sizeof(struct recorders));
}

void recorders_free(struct recorders **recorders)
{
	struct recorders *all = *recorders;

	if (!all)
		return;
	for (size_t i = 0; i < RECORDERS_MAX; i++)
		recorder_free(&all->recorder[i]);
	recorders_watch(all, NULL);
	free(all->memory);
	freep(recorders);
}

/* --- requests --------------------------------------------------------------------------------- */

static struct recorder **recorders_free_place(struct recorders *all)
{
	for (size_t i = 0; i < RECORDERS_MAX; i++)
		if (!all->recorder[i])
			return &all->recorder[i];
	return NULL;
}

static struct recorder **recorders_find(struct recorders *all, double id)
{
	for (size_t i = 0; i < RECORDERS_MAX; i++)
		if (all->recorder[i] && all->recorder[i]->id == id)
			return &all->recorder[i];
	return NULL;
}

static bool service_exists(const struct request *request, const char *wanted)
{
	struct ingress_service_view service;

	for (size_t i = 0; ingress_service(request->context->ingress, i, &service); i++)
		if (service_matches(service.config->name, &service.config->key, wanted))
			return true;
	return false;
}

static bool recorder_begin(struct recorder *r)
{
	struct record_line line = { .kind = RECORD_BEGIN,
				    .begin = { .format = RECORD_FORMAT,
					       .margay = MGMT_VERSION,
					       .time_s = (double)uv_hrtime() / 1e9 } };
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	line.begin.unix_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	return queue_put_line(r, &line);
}

static struct recorder *recorder_new(struct recorders *all, const char *wanted)
{
	struct recorder *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->id = ++all->ids;
	snprintf(r->wanted, sizeof(r->wanted), "%s", wanted ? wanted : "");
	if (!recorder_begin(r))
		recorder_free(&r);
	return r;
}

static json_t *line_json(const struct queued *line)
{
	return json_stringn(line->text, line->len - 1);
}

/* Takes lines out of the queue, as far as an answer goes. */
static json_t *recorder_answer(struct recorder *r, double most)
{
	json_t *answer = json_object(), *lines = answer_array(answer, "lines");
	uint64_t decisions = 0;
	size_t octets = 0;

	answer_count(answer, "recorder", r->id);
	while (r->count && octets < ANSWER_MAX) {
		struct queued *line = &r->queue[r->first];

		if (line->decision && most > 0 && (double)decisions >= most)
			break;
		octets += line->len;
		decisions += line->decision;
		json_array_append_new(lines, line_json(line));
		r->octets -= line->len;
		freep(&line->text);
		r->first++;
		r->count--;
	}
	answer_count(answer, "decisions", decisions);
	answer_count(answer, "lost", r->lost);
	answer_flag(answer, "more", r->count);
	return answer;
}

static json_t *record_start(const struct request *request)
{
	const char *wanted = request_text(request, "service");
	struct recorder **place = recorders_free_place(request->recorders);

	if (!request->context->ingress)
		return answer_error(ANSWER_NOT_CONFIGURED, NULL, NULL,
				    "this router steers no service");
	if (wanted && (strlen(wanted) >= ADDR_STRLEN || !service_exists(request, wanted)))
		return answer_error(ANSWER_NOT_FOUND, "service", "margay show services lists all",
				    "no service '%.60s' is steered here", wanted);
	if (!place)
		return answer_error(
			ANSWER_REFUSED, NULL, "one that is not asked for goes within 10 s",
			"%d recorders are at work already, and no more may be", RECORDERS_MAX);
	*place = recorder_new(request->recorders, wanted);
	if (!*place)
		return NULL;
	(*place)->asked_ms = now_ms();
	recorders_watch(request->recorders, request->context->ingress);
	return recorder_answer(*place, 0);
}

json_t *record_decisions(const struct request *request)
{
	struct recorder **recorder;
	json_t *answer;

	recorders_expire(request->recorders);
	if (!json_object_get(request->body, "recorder"))
		return record_start(request);
	recorder = recorders_find(request->recorders, request_number(request, "recorder"));
	if (!recorder)
		return answer_error(ANSWER_NOT_FOUND, "recorder",
				    "margayd has started anew, or has not been asked for 10 s",
				    "there is no such recorder");
	(*recorder)->asked_ms = now_ms();
	answer = recorder_answer(*recorder, request_number(request, "most"));
	if (request_flag(request, "end")) {
		recorder_free(recorder);
		recorders_watch(request->recorders, NULL);
	}
	return answer;
}
