/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: Names from margayd, filter from the words, records from the tracer, each to a sink: a line,
 * or a packet in a file. It ends by --count, by a signal, or where nobody reads what it writes;
 * each of them turns the filter off and says how many were seen and lost.
 */
#include "trace_commands.h"

#include "base/util.h"
#include "local.h"
#include "mgmt/answer.h"
#include "mgmt/version.h"
#include "names.h"
#include "pcapng.h"
#include "stop.h"
#include "trace_filter.h"
#include "trace_line.h"
#include "tracer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define PIN_DIRECTORY_DEFAULT "/sys/fs/bpf/margay"
#define POLL_MS               100
#define ASK_AGAIN_NS          5000000000ull /* for names that were not known */
#define ASK_AGAIN_TIMEOUT_S   0.5           /* meanwhile records wait in the ring */

struct session {
	const struct daemon_address *daemon;
	struct names *names; /* owned */
	bool asked;          /* margayd has answered */
	bool strange;        /* a number had no name: a service or site is new */
	uint64_t asked_ns;
	uint64_t wall_ns;     /* time of day less CLOCK_MONOTONIC */
	uint64_t seen, count; /* count 0: no end */
	bool json;
	FILE *out;
	bool failed; /* memory, or the output */
	struct trace_widths widths;
	const char *path; /* of a capture; NULL: lines are wanted */
	struct pcapng pcapng;
};

static void session_clear(struct session *s)
{
	names_free(&s->names);
}

static uint64_t clock_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* --- sinks ------------------------------------------------------------------------------------ */
static void line_write(struct session *s, const struct mg_trace_record *record)
{
	json_t *packet = trace_json(record, s->names, s->wall_ns);
	_cleanup_(freep) char *line = packet && s->json ? json_dumps(packet, JSON_COMPACT) : NULL;

	if (packet && !s->json)
		line = trace_line(packet, &s->widths);
	json_decref(packet);
	s->failed |= !line || fprintf(s->out, "%s\n", line) < 0;
}

static void packet_write(struct session *s, const struct mg_trace_record *record,
			 const uint8_t *octets)
{
	_cleanup_(freep) char *comment = trace_comment(record, s->names);
	char name[NAME_LEN];
	const struct pcapng_packet packet = {
		.ifindex = record->ifindex,
		.interface = interface_name(record->ifindex, name),
		.time_ns = record->time_ns + s->wall_ns,
		.len = record->len,
		.captured = record->captured,
		.octets = octets,
		.comment = comment,
	};

	s->failed |= !comment || pcapng_write(&s->pcapng, &packet) < 0;
}

static bool session_take(void *user, const struct mg_trace_record *record, const uint8_t *packet)
{
	struct session *s = user;

	s->seen++;
	s->strange |= (record->service && !names_service(s->names, record->service)) ||
		      (record->member && !names_member(s->names, record->member));
	if (s->path)
		packet_write(s, record, packet);
	else
		line_write(s, record);
	return !s->failed && s->seen != s->count;
}

/* --- a session -------------------------------------------------------------------------------- */
/* Names as margayd has them now; those there were stay where it does not answer. False: no memory.
 */
static bool names_ask(struct session *s, double timeout_s)
{
	const struct daemon_address daemon = { s->daemon->socket, timeout_s };
	json_t *request = json_pack("{s:s, s:s}", "verb", "show", "object", "names");
	json_t *answer = request ? connection_ask(&daemon, request) : NULL;
	struct names *names = NULL;

	s->asked = json_object_get(answer, "services") != NULL;
	s->asked_ns = clock_ns(CLOCK_MONOTONIC);
	s->strange = false;
	if (s->asked || !s->names)
		names = names_new(answer);
	json_decref(answer);
	json_decref(request);
	if (names) {
		names_free(&s->names);
		s->names = names;
	}
	return s->names;
}

static void names_refresh(struct session *s)
{
	if (s->strange && s->asked && clock_ns(CLOCK_MONOTONIC) - s->asked_ns >= ASK_AGAIN_NS)
		names_ask(s, ASK_AGAIN_TIMEOUT_S);
}

static void session_loop(struct session *s, struct tracer *tracer)
{
	stop_listen();
	while (!stop_wanted() && !s->failed && tracer_poll(tracer, POLL_MS)) {
		s->failed |= fflush(s->out) == EOF;
		names_refresh(s);
	}
	s->failed |= fflush(s->out) == EOF;
	stop_unlisten();
}

/* To standard error, so that it cannot be taken for a packet; scripts get it as their last line. */
static void summary_print(const struct session *s, uint64_t lost, bool to_output)
{
	if (s->json)
		fprintf(to_output ? stdout : stderr,
			"{\"summary\":{\"seen\":%llu,\"lost\":%llu}}\n",
			(unsigned long long)s->seen, (unsigned long long)lost);
	else
		fprintf(stderr, "margay: %llu packet%s seen, %llu lost%s\n",
			(unsigned long long)s->seen, s->seen == 1 ? "" : "s",
			(unsigned long long)lost,
			lost ? ": more came than could be written; a narrower filter, sample, or a "
			       "smaller --snaplen helps"
			     : "");
	fflush(to_output ? stdout : stderr);
}

static const char *pin_directory(const json_t *request, const struct names *names)
{
	const char *said = json_string_value(json_object_get(request, "pin-directory"));

	if (said)
		return said;
	said = names_pin_directory(names);
	return said ? said : PIN_DIRECTORY_DEFAULT;
}

static json_t *count_parse(const json_t *count, uint64_t *ret)
{
	if (count && (!json_is_integer(count) || json_integer_value(count) < 1))
		return answer_error(ANSWER_USAGE, "count", "1 or more packets",
				    "%g is no value for count", json_number_value(count));
	*ret = (uint64_t)json_integer_value(count);
	return NULL;
}

/* What both commands begin with: names, then what the words say. 0; or -1 and *ret_error is set, or
 * NULL for want of memory. */
static int session_prepare(struct session *s, const json_t *request, struct mg_trace_filter *ret,
			   json_t **ret_error)
{
	*ret_error = count_parse(json_object_get(request, "count"), &s->count);
	if (*ret_error || !names_ask(s, s->daemon->timeout_s))
		return -1;
	if (!s->asked)
		fprintf(stderr,
			"margay: margayd does not answer: numbers (#) are shown in place of "
			"services' and sites' names\n");
	return trace_filter_of(request, s->names, ret, ret_error);
}

/* start() opens the output once the tracer is at work, before the first record; NULL: it could. */
static int session_run(struct session *s, const json_t *request,
		       const struct mg_trace_filter *filter, json_t *(*start)(struct session *s),
		       uint64_t *ret_lost, json_t **ret_error)
{
	_cleanup_(tracer_close) struct tracer *tracer = NULL;

	if (tracer_open(pin_directory(request, s->names), filter, session_take, s, &tracer,
			ret_error) < 0)
		return -1;
	s->wall_ns = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
	*ret_error = start(s);
	if (*ret_error)
		return -1;
	session_loop(s, tracer);
	*ret_lost = tracer_lost(tracer);
	return 0;
}

/* --- trace ------------------------------------------------------------------------------------ */
static json_t *lines_start(struct session *s)
{
	_cleanup_(freep) char *header = s->json ? NULL : trace_header(&s->widths);

	s->out = stdout;
	if (header)
		fprintf(s->out, "%s\n", header);
	return NULL;
}

int local_trace(const struct daemon_address *daemon, const json_t *request, bool json)
{
	_cleanup_(session_clear) struct session s = { .daemon = daemon, .json = json };
	struct mg_trace_filter filter;
	json_t *error = NULL;
	uint64_t lost = 0;

	if (session_prepare(&s, request, &filter, &error) < 0 ||
	    session_run(&s, request, &filter, lines_start, &lost, &error) < 0)
		return local_print(error, json, NULL);
	summary_print(&s, lost, true);
	return s.failed || ferror(stdout);
}

/* --- capture ---------------------------------------------------------------------------------- */
/* Not before the tracer is at work: another capture may be writing this very file. */
static json_t *packets_start(struct session *s)
{
	s->out = strcmp(s->path, "-") == 0 ? stdout : fopen(s->path, "we");
	if (!s->out)
		return answer_error(ANSWER_REFUSED, "write", NULL, "%s: cannot be written: %s",
				    s->path, strerror(errno));
	if (isatty(fileno(s->out)))
		return answer_error(ANSWER_USAGE, "write",
				    "name a file, or send it on: margay capture -w - | tshark -r -",
				    "packets are not written to a terminal");
	pcapng_start(&s->pcapng, s->out, s->pcapng.snaplen, "margay " MGMT_VERSION);
	return NULL;
}

static void packets_end(struct session *s)
{
	pcapng_end(&s->pcapng);
	if (!s->out)
		return;
	s->failed |= ferror(s->out) != 0;
	if (s->out != stdout && fclose(s->out) == EOF)
		s->failed = true;
}

int local_capture(const struct daemon_address *daemon, const json_t *request, bool json)
{
	_cleanup_(session_clear) struct session s = { .daemon = daemon, .json = json };
	struct mg_trace_filter filter;
	json_t *error = NULL;
	uint64_t lost = 0;
	int r;

	s.path = json_string_value(json_object_get(request, "write"));
	if (session_prepare(&s, request, &filter, &error) < 0)
		return local_print(error, json, NULL);
	filter.on |= filter.on & MG_TRACE_LEFT ? 0 : MG_TRACE_CAME;
	filter.snaplen = filter.snaplen ? filter.snaplen : MG_TRACE_SNAP_MAX;
	s.pcapng.snaplen = filter.snaplen;
	r = session_run(&s, request, &filter, packets_start, &lost, &error);
	packets_end(&s);
	if (r < 0)
		return local_print(error, json, NULL);
	summary_print(&s, lost, strcmp(s.path, "-") != 0);
	if (s.failed)
		fprintf(stderr, "margay: %s: not all could be written\n", s.path);
	return s.failed;
}
