/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: flowgen: the clients of the lab. With --schedule, open-loop requests (requests.c); with
 * --long, connections that stay (longlived.c). A line of JSON a second says how they fare, --log
 * keeps every request.
 */
#include "base/log.h"
#include "base/util.h"
#include "generator.h"
#include "loop.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

#define EXIT_USAGE 2
#define NS_PER_S   1e9

struct flowgen {
	struct generator generator; /* first: done()'s argument */
	struct requests *requests;
	struct longlived *longlived;
	struct requests_config requests_config;
	struct longlived_config longlived_config;
	unsigned short port;
	const char *log;
	uv_timer_t second;
};

static void flowgen_print(struct flowgen *flowgen)
{
	json_t *object = tally_take(flowgen->generator.tally);
	double at_s = (double)(int64_t)(uv_hrtime() - flowgen->generator.start_ns) / NS_PER_S;
	_cleanup_(freep) char *text = NULL;

	json_object_set_new(object, "at", json_real(at_s));
	if (flowgen->requests)
		requests_describe(flowgen->requests, object);
	if (flowgen->longlived)
		longlived_describe(flowgen->longlived, object);
	text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(6));
	json_decref(object);
	if (text)
		puts(text);
	if (flowgen->generator.log)
		fflush(flowgen->generator.log);
}

static void on_second(uv_timer_t *timer)
{
	flowgen_print(timer->data);
}

static void on_done(struct generator *generator)
{
	uv_stop(generator->loop);
}

static int flowgen_start(struct flowgen *flowgen)
{
	struct generator *generator = &flowgen->generator;

	if (flowgen->longlived_config.count)
		return longlived_start(generator, &flowgen->longlived_config, on_done,
				       &flowgen->longlived);
	return requests_start(generator, &flowgen->requests_config, on_done, &flowgen->requests);
}

static int flowgen_run(struct flowgen *flowgen)
{
	struct generator *generator = &flowgen->generator;
	struct program_loop program;
	int r;

	loop_open(&program);
	generator->loop = &program.loop;
	if (!generator->start_ns)
		generator->start_ns = uv_hrtime();
	generator->tally = tally_new();
	if (!generator->tally)
		die("flowgen: out of memory");
	uv_timer_init(&program.loop, &flowgen->second);
	flowgen->second.data = flowgen;
	uv_timer_start(&flowgen->second, on_second, 1000, 1000);
	r = flowgen_start(flowgen);
	if (r == 0) {
		uv_run(&program.loop, UV_RUN_DEFAULT);
		flowgen_print(flowgen);
	}
	loop_close(&program);
	return r;
}

static void flowgen_clear(struct flowgen *flowgen)
{
	requests_free(&flowgen->requests);
	longlived_free(&flowgen->longlived);
	tally_free(&flowgen->generator.tally);
	endpoints_clear(&flowgen->generator.endpoints);
	oracle_clear(&flowgen->generator.oracle);
	if (flowgen->generator.log)
		fclose(flowgen->generator.log);
}

static const char usage[] =
	"flowgen: requests to a siteserver, or many of them behind one address\n"
	"\n"
	"  flowgen --to ADDRESS... --schedule FILE [OPTION]...\n"
	"  flowgen --to ADDRESS... --long N [OPTION]...\n"
	"\n"
	"  --to ADDRESS, --from ADDRESS   may be given again; drawn for each connection\n"
	"  --port PORT       of the --to after it, default 80\n"
	"  --seed N          default 1: same seed, same arrivals, sizes and addresses\n"
	"  --start S         begin at this CLOCK_MONOTONIC time; default now\n"
	"  --log FILE        a line of CSV for each request\n"
	"\n"
	"  --schedule FILE   lines of SECONDS RATE\n"
	"  --work-ms X       mean work, default 50\n"
	"  --alpha A         of its bounded Pareto distribution, default 1.5; 0: exponential\n"
	"  --ratio R         largest to smallest work, default 100\n"
	"  --timeout S       default 3\n"
	"  --oracle FILE,MS  for each --to, in the same order: the siteserver's board and its\n"
	"                    round-trip time; a request goes where it will be over first\n"
	"\n"
	"  --long N          connections that stay open\n"
	"  --ramp S          time in which they start, default 5\n"
	"  --interval S      between two questions on one, default 1\n"
	"  --seconds S       how long, default 60\n";

static int usage_error(const char *fault)
{
	fprintf(stderr, "flowgen: %s\n\n%s", fault, usage);
	return EXIT_USAGE;
}

static const struct option options[] = {
	{ "to", required_argument, NULL, 'd' },
	{ "from", required_argument, NULL, 'f' },
	{ "port", required_argument, NULL, 'p' },
	{ "seed", required_argument, NULL, 's' },
	{ "start", required_argument, NULL, 'S' },
	{ "log", required_argument, NULL, 'l' },
	{ "schedule", required_argument, NULL, 'c' },
	{ "work-ms", required_argument, NULL, 'w' },
	{ "alpha", required_argument, NULL, 'a' },
	{ "ratio", required_argument, NULL, 'r' },
	{ "timeout", required_argument, NULL, 't' },
	{ "long", required_argument, NULL, 'n' },
	{ "ramp", required_argument, NULL, 'R' },
	{ "interval", required_argument, NULL, 'i' },
	{ "seconds", required_argument, NULL, 'e' },
	{ "oracle", required_argument, NULL, 'o' },
	{ 0 },
};

/* The numbers; -EINVAL: none of these options. */
static int option_number(struct flowgen *flowgen, int option, double value)
{
	switch (option) {
	case 'p':
		flowgen->port = (unsigned short)value;
		return 0;
	case 'S':
		flowgen->generator.start_ns = (uint64_t)(value * NS_PER_S);
		return 0;
	case 'w':
		flowgen->requests_config.sizes.mean = value * 1000;
		return 0;
	case 'a':
		flowgen->requests_config.sizes.alpha = value;
		return 0;
	case 'r':
		flowgen->requests_config.sizes.ratio = value;
		return 0;
	case 't':
		flowgen->requests_config.timeout_s = value;
		return 0;
	case 'n':
		flowgen->longlived_config.count = (size_t)value;
		return 0;
	case 'R':
		flowgen->longlived_config.ramp_s = value;
		return 0;
	case 'i':
		flowgen->longlived_config.interval_s = value;
		return 0;
	case 'e':
		flowgen->longlived_config.seconds = value;
		return 0;
	default:
		return -EINVAL;
	}
}

static int option_take(struct flowgen *flowgen, int option, const char *value)
{
	struct endpoints *endpoints = &flowgen->generator.endpoints;
	char *end = "";
	double number;

	switch (option) {
	case 'd':
		return endpoints_add(&endpoints->to, &endpoints->to_count, value, flowgen->port);
	case 'f':
		return endpoints_add(&endpoints->from, &endpoints->from_count, value, 0);
	case 'o':
		return oracle_add(&flowgen->generator.oracle, value);
	case 's':
		flowgen->generator.seed = strtoull(value, NULL, 0);
		return 0;
	case 'l':
		flowgen->log = value;
		return 0;
	case 'c':
		flowgen->requests_config.schedule = value;
		return 0;
	case '?':
		return -EINVAL;
	}
	number = strtod(value, &end);
	return *end || !(number >= 0) ? -EINVAL : option_number(flowgen, option, number);
}

/* NULL, or what is wrong. */
static const char *flowgen_check(const struct flowgen *flowgen)
{
	const struct sizes *sizes = &flowgen->requests_config.sizes;

	if (!flowgen->generator.endpoints.to_count)
		return "needs --to";
	if (!flowgen->requests_config.schedule == !flowgen->longlived_config.count)
		return "needs --schedule or --long, not both";
	if (flowgen->generator.oracle.count &&
	    flowgen->generator.oracle.count != flowgen->generator.endpoints.to_count)
		return "needs an --oracle for each --to, or for none";
	if (!(sizes->mean > 0) || !(sizes->ratio > 1) || !(flowgen->requests_config.timeout_s > 0))
		return "a number is out of range";
	return NULL;
}

int main(int argc, char **argv)
{
	_cleanup_(flowgen_clear) struct flowgen flowgen = {
		.generator = { .seed = 1 },
		.requests_config = { .sizes = { .mean = 50000, .alpha = 1.5, .ratio = 100 },
				     .timeout_s = 3 },
		.longlived_config = { .ramp_s = 5, .interval_s = 1, .seconds = 60 },
		.port = 80,
	};
	const char *fault;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (option_take(&flowgen, c, optarg) < 0)
			return usage_error("wrong option or value");
	fault = optind < argc ? "takes no other words" : flowgen_check(&flowgen);
	if (fault)
		return usage_error(fault);
	if (flowgen.log && !(flowgen.generator.log = fopen(flowgen.log, "we")))
		return log_err(-errno, "%s", flowgen.log) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	if (flowgen.generator.log)
		setlinebuf(flowgen.generator.log);
	setlinebuf(stdout);
	return flowgen_run(&flowgen) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
