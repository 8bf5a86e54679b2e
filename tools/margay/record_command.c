/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: margay record: asks margayd twice a second for the lines that it has queued, and writes them
 * as they are. It ends by --count, --time, --size, a signal, or where margayd or the output fails;
 * however it ends, the last line says why.
 */
#include "record_commands.h"

#include "base/util.h"
#include "local.h"
#include "mgmt/answer.h"
#include "record/line.h"
#include "stop.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define ASK_EVERY_S  0.5
#define SIZE_DEFAULT (1ull << 30)

struct recording {
	const struct daemon_address *daemon;
	json_int_t id;
	FILE *out;
	const char *path;
	double end_s;            /* monotonic; INFINITY: none */
	uint64_t most;           /* decisions; 0: no limit */
	uint64_t size, size_max; /* octets */
	uint64_t decisions, lost;
	const char *why; /* it ends; NULL: it goes on */
	bool failed;     /* the output */
};

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void nap(double seconds)
{
	struct timespec left = { .tv_sec = (time_t)seconds,
				 .tv_nsec = (long)(fmod(seconds, 1) * 1e9) };

	if (seconds > 0 && !stop_wanted())
		nanosleep(&left, NULL); /* a signal ends it */
}

static void put(struct recording *r, const char *text, size_t len)
{
	r->failed |= fwrite(text, 1, len, r->out) != len;
	r->size += len;
}

/* Writes what came; flushed, so that a reader and a crash find whole lines. */
static void put_lines(struct recording *r, const json_t *answer)
{
	const json_t *lines = json_object_get(answer, "lines"), *line;
	size_t i;

	json_array_foreach(lines, i, line)
	{
		put(r, json_string_value(line), json_string_length(line));
		put(r, "\n", 1);
	}
	r->failed |= fflush(r->out) == EOF;
	r->decisions += (uint64_t)json_integer_value(json_object_get(answer, "decisions"));
	r->lost = (uint64_t)json_integer_value(json_object_get(answer, "lost"));
}

static void put_end(struct recording *r)
{
	struct record_line line = { .kind = RECORD_END,
				    .decisions = r->decisions,
				    .lost = r->lost };
	_cleanup_(freep) char *text = NULL;
	size_t len = 0;

	snprintf(line.why, sizeof(line.why), "%s", r->why);
	text = record_line_write(&line, &len);
	if (text)
		put(r, text, len);
	r->failed |= !text || fflush(r->out) == EOF;
}

/* What has come since; with `end` margayd forgets the recorder. */
static json_t *ask(const struct recording *r, bool end)
{
	json_t *request = json_pack("{s:s, s:I, s:b}", "verb", "record", "recorder", r->id, "end",
				    end),
	       *answer;

	if (request && r->most)
		json_object_set_new(request, "most",
				    json_integer((json_int_t)(r->most - r->decisions)));
	answer = request ? connection_ask(r->daemon, request) : NULL;
	json_decref(request);
	return answer;
}

static const char *reason_to_end(const struct recording *r)
{
	if (r->failed)
		return "output";
	if (stop_wanted())
		return "signal";
	if (r->most && r->decisions >= r->most)
		return "count";
	if (r->size >= r->size_max)
		return "size";
	return now_s() >= r->end_s ? "time" : NULL;
}

/* NULL, or margayd's error. */
static json_t *recording_loop(struct recording *r)
{
	bool more = true;

	while (!(r->why = reason_to_end(r))) {
		json_t *answer;

		nap(more ? 0 : fmin(ASK_EVERY_S, r->end_s - now_s()));
		answer = ask(r, false);
		if (!answer || json_object_get(answer, "error")) {
			r->why = "daemon";
			return answer ? answer
				      : answer_error(ANSWER_NO_MEMORY, NULL, NULL, "no memory");
		}
		more = json_is_true(json_object_get(answer, "more"));
		put_lines(r, answer);
		json_decref(answer);
	}
	return NULL;
}

/* The last ones, unless there are enough. */
static void recording_finish(struct recording *r)
{
	bool full = strcmp(r->why, "count") == 0 || strcmp(r->why, "size") == 0;
	json_t *answer = strcmp(r->why, "daemon") ? ask(r, true) : NULL;

	if (answer && !full && !r->failed)
		put_lines(r, answer);
	json_decref(answer);
	put_end(r);
}

static json_t *recording_open(struct recording *r)
{
	r->out = r->path && strcmp(r->path, "-") ? fopen(r->path, "we") : stdout;
	if (!r->out)
		return answer_error(ANSWER_REFUSED, "write", NULL, "%s: cannot be written: %s",
				    r->path, strerror(errno));
	return NULL;
}

/* 0, or -1 and *ret_error. */
static int limits_parse(struct recording *r, const json_t *request, json_t **ret_error)
{
	static const char *const names[] = { "count", "time", "size" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const json_t *value = json_object_get(request, names[i]);
		double number = json_number_value(value);

		if (!value || (number > 0 && (number >= 1 || strcmp(names[i], "time") == 0)))
			continue;
		*ret_error = answer_error(ANSWER_USAGE, names[i], "more than 0",
					  "%g is no value for %s", number, names[i]);
		return -1;
	}
	r->most = (uint64_t)json_number_value(json_object_get(request, "count"));
	r->size_max = (uint64_t)(json_number_value(json_object_get(request, "size")) * 1e6);
	if (!r->size_max)
		r->size_max = SIZE_DEFAULT;
	r->end_s = json_object_get(request, "time")
			   ? now_s() + json_number_value(json_object_get(request, "time"))
			   : INFINITY;
	return 0;
}

static json_t *recording_start(struct recording *r, const char *service)
{
	json_t *request = json_pack("{s:s, s:s*}", "verb", "record", "service", service);
	json_t *answer = request ? connection_ask(r->daemon, request) : NULL, *error;

	json_decref(request);
	if (!answer || json_object_get(answer, "error"))
		return answer ? answer : answer_error(ANSWER_NO_MEMORY, NULL, NULL, "no memory");
	r->id = json_integer_value(json_object_get(answer, "recorder"));
	error = recording_open(r);
	if (!error)
		put_lines(r, answer);
	else
		json_decref(ask(r, true));
	json_decref(answer);
	return error;
}

static void summary_print(const struct recording *r, bool json)
{
	FILE *to = json && r->out != stdout ? stdout : stderr;

	if (json)
		fprintf(to, "{\"recorded\":{\"decisions\":%llu,\"lost\":%llu,\"why\":\"%s\"}}\n",
			(unsigned long long)r->decisions, (unsigned long long)r->lost, r->why);
	else
		fprintf(to, "margay: %llu decision%s recorded, %llu lost%s\n",
			(unsigned long long)r->decisions, r->decisions == 1 ? "" : "s",
			(unsigned long long)r->lost,
			r->lost ? ": more came than could be written; name one service" : "");
	fflush(to);
}

int local_record(const struct daemon_address *daemon, const json_t *request, bool json)
{
	struct recording r = { .daemon = daemon };
	json_t *error = NULL;

	r.path = json_string_value(json_object_get(request, "write"));
	if (limits_parse(&r, request, &error) < 0)
		return local_print(error, json, NULL);
	stop_listen();
	error = recording_start(&r, json_string_value(json_object_get(request, "service")));
	if (!error) {
		error = recording_loop(&r);
		recording_finish(&r);
		summary_print(&r, json);
	}
	if (r.out && r.out != stdout && fclose(r.out) == EOF)
		r.failed = true;
	stop_unlisten();
	if (r.failed)
		fprintf(stderr, "margay: %s: not all could be written\n",
			r.path ? r.path : "standard output");
	return error ? local_print(error, json, NULL) : r.failed;
}
