/* SPDX-License-Identifier: BSD-2-Clause */
/* show collectors: how the sources of load answer, and what they say. */
#include "agent/reading.h"
#include "egress/collector.h"
#include "mgmt/request.h"

#include <time.h>

static struct reading_time time_of(const struct request *request)
{
	struct reading_time now = { .loop_ms = (uint64_t)request->now_ms };
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	now.unix_ms = ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
	return now;
}

static void put_values(const struct request *request, json_t *object, const struct reading *reading)
{
	json_t *values = answer_array(object, "values");
	struct reading_time now = time_of(request);
	struct reading_value value;

	for (size_t i = 0; reading_value(reading, i, &now, &value); i++) {
		json_t *one = answer_append(values);

		answer_text(one, "name", value.name);
		answer_flag(one, "known", value.known);
		if (!value.known)
			continue;
		answer_number(one, "value", value.value);
		answer_number(one, "age", (double)(now.unix_ms - value.sampled_ms) / 1000);
	}
}

static void put_counters(json_t *object, const struct reading *reading)
{
	struct reading_stats stats;

	reading_stats(reading, &stats);
	answer_count(object, "samples", stats.samples);
	answer_count(object, "skipped", stats.skipped);
	answer_count(object, "old", stats.old);
	answer_count(object, "ahead", stats.ahead);
	answer_count(object, "resets", stats.resets);
	answer_count(object, "clock-jumps", stats.jumps);
}

static void put_collector(const struct request *request, json_t *object,
			  const struct gather_view *view)
{
	const struct gather_config *config = view->config;

	answer_text(object, "name", config->name);
	answer_text(object, "kind", gather_kind_text(config->kind));
	answer_text(object, "url", config->target.url);
	answer_text(object, "mapping", config->mapping->name);
	answer_number(object, "interval", (double)config->interval_ms / 1000);
	answer_number(object, "max-age", (double)config->max_age_ms / 1000);
	answer_text(object, "state", gather_state_text(view->state));
	if (view->last_good_ms)
		answer_number(object, "age",
			      (double)(request->now_ms - (int64_t)view->last_good_ms) / 1000);
	answer_number(object, "took-ms", (double)view->took_ms);
	answer_count(object, "asked", view->asked);
	answer_count(object, "good", view->good);
	answer_count(object, "failed", view->failed);
	answer_count(object, "octets", view->bytes);
	answer_text(object, "last-error", view->last_error);
	put_counters(object, view->reading);
	put_values(request, object, view->reading);
}

struct listing {
	const struct request *request;
	json_t *collectors;
};

static void put_agent(void *user, const struct collector_view *view)
{
	const struct listing *listing = user;
	json_t *object = answer_append(listing->collectors);

	answer_text(object, "name", view->config->path);
	answer_text(object, "kind", view->config->kind == AGENT_EXEC ? "exec" : "file");
	answer_number(object, "max-age", (double)view->config->timeout_ms / 1000);
	answer_text(object, "state", !view->said ? "new" : view->up ? "good" : "down");
	if (view->report_ms)
		answer_number(object, "age",
			      (double)(listing->request->now_ms - view->report_ms) / 1000);
	answer_count(object, "services", view->users);
	answer_count(object, "starts", view->stats.starts);
	answer_count(object, "lines", view->stats.lines);
	answer_count(object, "failed", view->stats.bad_lines);
	answer_text(object, "last-error",
		    *view->stats.last_error || view->up || !view->said ? view->stats.last_error
								       : view->fault);
}

json_t *show_collectors(const struct request *request)
{
	json_t *answer = json_object(), *collectors = answer_array(answer, "collectors");
	struct listing listing = { request, collectors };
	const struct gatherers *gatherers = request->context->gatherers;
	struct gather_view view;

	for (size_t i = 0; gatherers && gatherers_view(gatherers, i, &view); i++)
		put_collector(request, answer_append(collectors), &view);
	if (request->context->egress)
		egress_collectors(request->context->egress, put_agent, &listing);
	return answer;
}
