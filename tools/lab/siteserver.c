/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: siteserver: a compute site of the lab. Its capacity is real: worker slots that a request
 * occupies for its work, a queue before them, and a limit to the queue. service.h has what clients
 * say, control.h what operators and margayd's collector say.
 */
#include "base/log.h"
#include "base/util.h"
#include "control.h"
#include "loop.h"
#include "service.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define EXIT_USAGE 2

struct options {
	struct site_config site;
	const char *control;
	unsigned short port;
	char **address; /* up to a NULL */
};

static void server_print(const struct site *site)
{
	printf("{\"site\":\"%s\",\"served\":%llu,\"refused\":%llu,\"left\":%llu}\n", site->name,
	       (unsigned long long)site->served, (unsigned long long)site->refused,
	       (unsigned long long)site->left);
}

static int server_open(struct site *site, uv_loop_t *loop, const struct options *options,
		       uv_tcp_t *listener, struct control **ret)
{
	int r = site_init(site, loop, &options->site, service_done);

	for (char **address = options->address; r == 0 && *address; address++)
		r = service_listen(site, listener++, *address, options->port);
	return r < 0 ? r : control_listen(site, options->control, ret);
}

static int run(const struct options *options, size_t address_count)
{
	_cleanup_(freep) uv_tcp_t *listener = calloc(address_count, sizeof(*listener));
	_cleanup_(freep) struct control *control = NULL;
	struct program_loop program;
	struct site site;
	int r;

	if (!listener)
		die("siteserver: out of memory");
	loop_open(&program);
	r = server_open(&site, &program.loop, options, listener, &control);
	if (r == 0) {
		uv_run(&program.loop, UV_RUN_DEFAULT);
		unlink(options->control);
		server_print(&site);
	}
	loop_close(&program);
	/* What still held a slot has lost its client by now: done() frees it. */
	if (r == 0)
		workers_run(&site.workers, UINT64_MAX);
	site_clear(&site);
	return r;
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
			    "  --window S              of its averages, default 2\n"
			    "  --board FILE            what flowgen's oracle reads\n";

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
		{ "board", required_argument, NULL, 'b' },
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
		case 'b':
			ret->site.board = optarg;
			break;
		default:
			return -EINVAL;
		}
	}
	ret->address = argv + optind;
	return 0;
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
	return run(&options, (size_t)(argc - optind)) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
