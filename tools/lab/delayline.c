/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: delayline: every frame that comes in on one of two interfaces leaves on the other one a
 * fixed time later, in order. It stands in for distance where the kernel has no netem.
 *
 * The interfaces must hand over whole frames: no GRO, GSO, TSO or checksum offload on either side.
 */
#include "alarm.h"
#include "base/log.h"
#include "base/util.h"
#include "loop.h"
#include "ring.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NS_PER_S   1000000000ull
#define NS_PER_MS  1e6
#define EXIT_USAGE 2

/* Frames due within this time leave together: bounds wake-ups to 10,000 a second. */
#define SLACK_NS 100000u

/* One direction. It listens to its ring only while that is empty; else the oldest frame's time
 * wakes it, at which all others that came meanwhile are still ahead of theirs. */
struct way {
	const char *from;
	struct ring *in, *out;
	uv_poll_t poll;
	struct alarm alarm;
	uint64_t delay_ns, frames, refused;
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void way_listen(struct way *way);

static void way_send_due(void *user)
{
	struct way *way = user;
	uint64_t now = clock_ns(CLOCK_REALTIME);
	struct frame frame;

	while (ring_peek(way->in, &frame)) {
		uint64_t due = frame.arrived_ns + way->delay_ns;

		/* A clock that was set back must not hold a frame longer than the delay. */
		if (due > now + SLACK_NS && due <= now + way->delay_ns) {
			alarm_set(&way->alarm, uv_hrtime() + (due - now));
			return;
		}
		way->frames++;
		if (ring_send(way->out, &frame) < 0)
			way->refused++;
		ring_next(way->in);
	}
	way_listen(way);
}

static void on_frame(uv_poll_t *poll, int status, int events)
{
	uv_poll_stop(poll);
	way_send_due(poll->data);
}

static void way_listen(struct way *way)
{
	uv_poll_start(&way->poll, UV_READABLE, on_frame);
}

static int way_open(uv_loop_t *loop, struct way *way)
{
	int r = uv_poll_init(loop, &way->poll, way->in->fd);

	if (r < 0)
		return r;
	way->poll.data = way;
	r = alarm_init(loop, &way->alarm, way_send_due, way);
	if (r < 0)
		return r;
	way_listen(way);
	return 0;
}

static void way_print(const struct way *way)
{
	printf("{\"from\":\"%s\",\"frames\":%llu,\"dropped\":%u,\"refused\":%llu}\n", way->from,
	       (unsigned long long)way->frames, ring_drops(way->in),
	       (unsigned long long)way->refused);
}

/* A wire is not slower because a machine is busy. Not allowed to us: then it is a little. */
static void priority_raise(void)
{
	struct sched_param param = { .sched_priority = 1 };

	sched_setscheduler(0, SCHED_FIFO, &param);
}

static int run(struct way way[static 2])
{
	struct program_loop program;
	int r = 0;

	loop_open(&program);
	for (size_t i = 0; i < 2 && r == 0; i++) {
		r = way_open(&program.loop, &way[i]);
		if (r < 0)
			log_err(r, "delayline: %s", way[i].from);
	}
	if (r == 0) {
		priority_raise();
		uv_run(&program.loop, UV_RUN_DEFAULT);
	}
	loop_close(&program);
	for (size_t i = 0; i < 2; i++)
		way_print(&way[i]);
	return r;
}

static const char usage[] =
	"delayline: passes frames between two interfaces, each a fixed time later\n"
	"\n"
	"  delayline [--delay-ms X] INTERFACE INTERFACE\n"
	"\n"
	"  --delay-ms X   default 5; fractions are kept to 0.1 ms\n"
	"  SIGTERM or SIGINT ends it: one line of JSON a direction, with the frames it dropped.\n";

static int usage_error(const char *fault)
{
	fprintf(stderr, "delayline: %s\n\n%s", fault, usage);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "delay-ms", required_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	_cleanup_(ring_close) struct ring a = RING_NONE, b = RING_NONE;
	double delay_ms = 5;
	char *end = "";
	int c;

	while ((c = getopt_long(argc, argv, "d:h", options, NULL)) != -1) {
		if (c == 'h')
			return fputs(usage, stdout) < 0;
		if (c != 'd')
			return usage_error("no such option");
		delay_ms = strtod(optarg, &end);
	}
	if (*end || !(delay_ms >= 0 && delay_ms <= 10000))
		return usage_error("--delay-ms takes 0 to 10000");
	if (argc - optind != 2)
		return usage_error("needs two interfaces");
	if (ring_open(argv[optind], &a) < 0 || ring_open(argv[optind + 1], &b) < 0)
		return EXIT_FAILURE;
	return run((struct way[]){
		       { .from = argv[optind],
			 .in = &a,
			 .out = &b,
			 .delay_ns = (uint64_t)(delay_ms * NS_PER_MS) },
		       { .from = argv[optind + 1],
			 .in = &b,
			 .out = &a,
			 .delay_ns = (uint64_t)(delay_ms * NS_PER_MS) },
	       }) < 0;
}
