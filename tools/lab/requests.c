/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: open-loop requests. A request starts when the schedule says so, however the last ones fare,
 * and its latency counts from that planned time: a stall of the service, or of this program, is
 * seen. One new TCP connection each; the client closes first, in order, so that routers see FINs.
 */
#include "alarm.h"
#include "base/log.h"
#include "base/util.h"
#include "generator.h"
#include "schedule.h"

#include <errno.h>
#include <string.h>
#include <sys/queue.h>

#define NS_PER_S 1e9

struct request {
	struct lines lines; /* first: the callbacks' argument */
	uv_connect_t connect;
	TAILQ_ENTRY(request) entry;
	struct requests *requests;
	uint64_t planned_ns, work_us;
	size_t phase;
	int family;
	char site[SITE_NAME_MAX];
	uint64_t late_ns;
	struct board *board; /* of the oracle's choice */
	bool asked, ended;
};

struct requests {
	struct generator *generator;
	struct requests_config config;
	void (*done)(struct generator *generator);
	struct schedule schedule;
	struct alarm arrival, deadline;
	struct draw work, way; /* streams: more sites do not change the sizes */
	double next_s;         /* negative: the schedule is at its end */
	size_t next_phase;
	uint64_t started;
	TAILQ_HEAD(, request) open; /* by planned time, hence by deadline */
};

static uint64_t deadline_ns(const struct requests *requests, const struct request *request)
{
	return request->planned_ns + (uint64_t)(requests->config.timeout_s * NS_PER_S);
}

static void deadline_set(struct requests *requests)
{
	const struct request *first = TAILQ_FIRST(&requests->open);

	alarm_set(&requests->deadline, first ? deadline_ns(requests, first) : 0);
	if (!first && requests->next_s < 0)
		requests->done(requests->generator);
}

static void request_log(const struct request *request, enum outcome outcome, double latency_ms,
			const char *answer)
{
	const struct generator *generator = request->requests->generator;

	if (generator->log)
		fprintf(generator->log, "%.6f,%zu,%d,%s,%s,%.3f,%s,%llu\n",
			(double)(int64_t)(request->planned_ns - generator->start_ns) / NS_PER_S,
			request->phase, request->family, outcome_text(outcome), request->site,
			latency_ms, answer, (unsigned long long)request->late_ns / 1000);
}

/* answer: wait and service as the site told them, in microseconds. */
static void request_end(struct request *request, enum outcome outcome, const char *answer)
{
	struct requests *requests = request->requests;
	double latency_ms = (double)(int64_t)(uv_hrtime() - request->planned_ns) / 1e6;

	if (request->ended)
		return;
	request->ended = true;
	if (request->board && !request->asked)
		request->board->asked--; /* the site will never know of it */
	request_log(request, outcome, latency_ms, answer);
	tally_add(requests->generator->tally, request->site, outcome, latency_ms);
	TAILQ_REMOVE(&requests->open, request, entry);
	lines_close(&request->lines);
	deadline_set(requests);
}

static void request_line(struct lines *lines, const char *text)
{
	struct request *request = (struct request *)lines;
	unsigned long long wait_us, service_us;
	char answer[64];

	if (sscanf(text, "site %31s", request->site) == 1)
		return;
	if (sscanf(text, "done %llu %llu", &wait_us, &service_us) == 2) {
		snprintf(answer, sizeof(answer), "%llu,%llu", wait_us, service_us);
		request_end(request, OUTCOME_DONE, answer);
		return;
	}
	request_end(request, strcmp(text, "busy") == 0 ? OUTCOME_BUSY : OUTCOME_RESET, ",");
}

static void request_ended(struct lines *lines, int status)
{
	request_end((struct request *)lines, dial_outcome(status), ",");
}

/* Without an end: the program ends before the request does. */
static void request_closed(struct lines *lines)
{
	struct request *request = (struct request *)lines;

	if (!request->ended)
		TAILQ_REMOVE(&request->requests->open, request, entry);
	free(request);
}

static void on_connected(uv_connect_t *connect, int status)
{
	struct request *request = connect->data;
	char text[LINES_MAX];

	if (request->ended)
		return; /* timed out; closing cancels what connects */
	if (status == 0)
		status = lines_start(&request->lines);
	if (status < 0) {
		request_end(request, dial_outcome(status), ",");
		return;
	}
	snprintf(text, sizeof(text), "work %llu\n", (unsigned long long)request->work_us);
	request->asked = true;
	lines_send(&request->lines, text);
}

static struct route request_route(struct requests *requests, struct request *request)
{
	struct generator *generator = requests->generator;
	size_t to = draw_below(&requests->way, (uint32_t)generator->endpoints.to_count);

	if (generator->oracle.count) {
		to = oracle_choose(&generator->oracle, requests->config.sizes.mean / 1e6);
		request->board = generator->oracle.site[to].board;
		request->board->asked++;
	}
	return endpoints_route(&generator->endpoints, to, &requests->way);
}

static void request_start(struct requests *requests)
{
	struct generator *generator = requests->generator;
	double work_us = draw_size(&requests->work, &requests->config.sizes);
	struct request *request = calloc(1, sizeof(*request));
	struct route route;
	int r;

	if (!request)
		die("flowgen: out of memory"); /* a request that is not sent would be a lie */
	request->requests = requests;
	request->planned_ns = generator->start_ns + (uint64_t)(requests->next_s * NS_PER_S);
	request->late_ns = uv_hrtime() - request->planned_ns;
	request->phase = requests->next_phase;
	request->work_us = work_us < 1 ? 1 : (uint64_t)work_us;
	route = request_route(requests, request);
	request->family = route.to->ss_family == AF_INET ? 4 : 6;
	request->lines.line = request_line;
	request->lines.ended = request_ended;
	request->lines.closed = request_closed;
	request->connect.data = request;
	TAILQ_INSERT_TAIL(&requests->open, request, entry);
	requests->started++;
	r = dial(generator->loop, &request->lines, &request->connect, &route, on_connected);
	if (r < 0)
		request_end(request, OUTCOME_LOCAL, ",");
}

static void arrival_draw(struct requests *requests)
{
	requests->next_s = schedule_next(&requests->schedule);
	requests->next_phase = requests->schedule.now;
}

static void on_arrival(void *user)
{
	struct requests *requests = user;
	const struct generator *generator = requests->generator;
	double now_s = (double)(int64_t)(uv_hrtime() - generator->start_ns) / NS_PER_S;

	while (requests->next_s >= 0 && requests->next_s <= now_s) {
		request_start(requests);
		arrival_draw(requests);
	}
	if (requests->next_s >= 0)
		alarm_set(&requests->arrival,
			  generator->start_ns + (uint64_t)(requests->next_s * NS_PER_S) + 1);
	deadline_set(requests);
}

static void on_deadline(void *user)
{
	struct requests *requests = user;
	struct request *request;

	while ((request = TAILQ_FIRST(&requests->open)) &&
	       deadline_ns(requests, request) <= uv_hrtime())
		request_end(request, OUTCOME_TIMEOUT, ",");
	deadline_set(requests);
}

int requests_start(struct generator *generator, const struct requests_config *config,
		   void (*done)(struct generator *generator), struct requests **ret)
{
	_cleanup_(requests_free) struct requests *requests = calloc(1, sizeof(*requests));
	int r;

	if (!requests)
		return log_err(-ENOMEM, "flowgen");
	requests->generator = generator;
	requests->config = *config;
	requests->done = done;
	requests->work = draw_of(generator->seed, 1);
	requests->way = draw_of(generator->seed, 2);
	TAILQ_INIT(&requests->open);
	r = schedule_read(config->schedule, draw_of(generator->seed, 0), &requests->schedule);
	if (r < 0)
		return r;
	r = alarm_init(generator->loop, &requests->arrival, on_arrival, requests);
	if (r == 0)
		r = alarm_init(generator->loop, &requests->deadline, on_deadline, requests);
	if (r < 0)
		die("flowgen: no timer: %s", strerror(-r));
	if (generator->log)
		fputs("planned-s,phase,family,outcome,site,latency-ms,wait-us,service-us,late-us\n",
		      generator->log);
	arrival_draw(requests);
	alarm_set(&requests->arrival, generator->start_ns);
	*ret = TAKE_PTR(requests);
	return 0;
}

void requests_free(struct requests **requests)
{
	if (!*requests)
		return;
	schedule_clear(&(*requests)->schedule);
	free(*requests);
	*requests = NULL;
}

void requests_describe(const struct requests *requests, json_t *object)
{
	const struct request *request;
	json_int_t open = 0;

	TAILQ_FOREACH(request, &requests->open, entry)
	open++;
	json_object_set_new(object, "started", json_integer((json_int_t)requests->started));
	json_object_set_new(object, "open", json_integer(open));
}
