/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: siteserver: a compute site of the lab. Its capacity is real: worker slots that a request
 * occupies for its work, a queue before them, and a limit to the queue. service.h has what clients
 * say, control.h what operators and margayd's collector say.
 */
#include "base/log.h"
#include "base/util.h"
#include "control.h"
#include "service.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define EXIT_USAGE 2

struct options {
	struct site_config site;
	const char *control;
	unsigned short port;
	char **address; /* up to a NULL */
};

static void on_stop(uv_signal_t *handle, int signal)
{
	uv_stop(handle->loop);
}

static int run(const struct options *options)
{
	struct site site;
	uv_signal_t stop;
	uv_loop_t loop;
	int r;

	if (uv_loop_init(&loop) < 0)
		die("siteserver: no event loop");
	r = site_init(&site, &loop, &options->site, service_done);
	for (char **address = options->address; r == 0 && *address; address++)
		r = service_listen(&site, *address, options->port);
	if (r == 0)
		r = control_listen(&site, options->control);
	if (r < 0)
		return r;
	uv_signal_init(&loop, &stop);
	uv_signal_start(&stop, on_stop, SIGTERM);
	uv_run(&loop, UV_RUN_DEFAULT);
	unlink(options->control);
	printf("{\"site\":\"%s\",\"served\":%llu,\"refused\":%llu,\"left\":%llu}\n", site.name,
	       (unsigned long long)site.served, (unsigned long long)site.refused,
	       (unsigned long long)site.left);
	return 0;
}

static const char usage[] = "siteserver: a TCP service with a real, limited capacity\n"
			    "\n"
			    "  siteserver --name NAME --control SOCKET [OPTION]... ADDRESS...\n"
			    "\n"
			    "  --service NAME          in its reports; default web\n"
			    "  --port PORT             default 80\n"
			    "  --slots N               worker slots, default 8\n"
			    "  --queue N               requests that may wait, default 40 a slot\n"
			    "  --service-time-ms X     what it was built for, default 50\n"
			    "  --window S              of its averages, default 2\n";

static int usage_error(const char *fault)
{
	fprintf(stderr, "siteserver: %s\n\n%s", fault, usage);
	return EXIT_USAGE;
}

/* 0, or what is wrong. */
static const char *options_check(struct options *options)
{
	struct site_config *site = &options->site;

	if (!site->name || !options->control || !*options->address)
		return "needs --name, --control and an address";
	if (site->slots < 1 || site->slots > 65535 || !options->port ||
	    !(site->service_time_s > 0) || !(site->window_s > 0))
		return "a number is out of range";
	if (!site->waiting_max)
		site->waiting_max = site->slots * 40;
	return NULL;
}

static int options_read(int argc, char **argv, struct options *ret)
{
	static const struct option list[] = {
		{ "name", required_argument, NULL, 'n' },
		{ "control", required_argument, NULL, 'c' },
		{ "service", required_argument, NULL, 's' },
		{ "port", required_argument, NULL, 'p' },
		{ "slots", required_argument, NULL, 'w' },
		{ "queue", required_argument, NULL, 'q' },
		{ "service-time-ms", required_argument, NULL, 't' },
		{ "window", required_argument, NULL, 'W' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", list, NULL)) != -1) {
		switch (c) {
		case 'n':
			ret->site.name = optarg;
			break;
		case 'c':
			ret->control = optarg;
			break;
		case 's':
			ret->site.service = optarg;
			break;
		case 'p':
			ret->port = (unsigned short)strtoul(optarg, NULL, 10);
			break;
		case 'w':
			ret->site.slots = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 'q':
			ret->site.waiting_max = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 't':
			ret->site.service_time_s = strtod(optarg, NULL) / 1000;
			break;
		case 'W':
			ret->site.window_s = strtod(optarg, NULL);
			break;
		default:
			return -EINVAL;
		}
	}
	ret->address = argv + optind;
	return 0;
}

/* One descriptor a connection: as many as we may have. */
static void descriptors_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	struct options options = {
		.site = { .service = "web", .slots = 8, .service_time_s = 0.05, .window_s = 2 },
		.port = 80,
	};
	const char *fault;

	if (options_read(argc, argv, &options) < 0)
		return usage_error("no such option");
	fault = options_check(&options);
	if (fault)
		return usage_error(fault);
	descriptors_raise();
	signal(SIGPIPE, SIG_IGN);
	return run(&options) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
