/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: sitectl: says one line to a site server and prints what it answers. With "report" it is the
 * collector of margayd: it prints lines as long as the server lives, and ends with it. --wait lets
 * it wait for the server's socket, so that a collector that is started again is not too early.
 */
#include "base/log.h"
#include "base/util.h"

#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>

#define EXIT_USAGE       2
#define EXIT_UNREACHABLE 3

static int site_connect(const char *path, int *ret)
{
	_cleanup_(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (fd < 0)
		return -errno;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	*ret = fd;
	fd = -1;
	return 0;
}

/* The watch stands before the first try, so that no server comes unseen between the two. */
static int site_await(const char *path, int *ret)
{
	_cleanup_(closep) int watch = inotify_init1(IN_CLOEXEC);
	_cleanup_(freep) char *copy = strdup(path);
	char events[4096];
	int r;

	if (!copy)
		return -ENOMEM;
	if (watch < 0 || inotify_add_watch(watch, dirname(copy), IN_CREATE | IN_MOVED_TO) < 0)
		return -errno;
	do {
		r = site_connect(path, ret);
		if (r != -ENOENT && r != -ECONNREFUSED)
			return r;
	} while (read(watch, events, sizeof(events)) > 0);
	return -errno;
}

static int site_ask(int fd, char **words, bool follow)
{
	_cleanup_(freep) char *line = NULL;
	FILE *stream = fdopen(fd, "r+");
	size_t size = 0;

	if (!stream)
		return -errno;
	for (size_t i = 0; words[i]; i++)
		fprintf(stream, i ? " %s" : "%s", words[i]);
	fputc('\n', stream);
	fflush(stream);
	setlinebuf(stdout);
	while (getline(&line, &size, stream) > 0) {
		fputs(line, stdout);
		if (!follow)
			return strncmp(line, "error", 5) == 0 ? -EINVAL : 0;
	}
	return follow ? 0 : -ECONNRESET;
}

static const char usage[] = "sitectl: talks to a siteserver\n"
			    "\n"
			    "  sitectl [--wait] SOCKET report|show|slots N|speed X\n";

int main(int argc, char **argv)
{
	static const struct option options[] = { { "wait", no_argument, NULL, 'w' }, { 0 } };
	bool wait = false;
	const char *path;
	int fd, r, c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c != 'w')
			return fputs(usage, stderr) < 0 ? EXIT_FAILURE : EXIT_USAGE;
		wait = true;
	}
	if (argc - optind < 2)
		return fputs(usage, stderr) < 0 ? EXIT_FAILURE : EXIT_USAGE;
	path = argv[optind];
	r = wait ? site_await(path, &fd) : site_connect(path, &fd);
	if (r < 0) {
		log_err(r, "no site server at %s", path);
		return EXIT_UNREACHABLE;
	}
	r = site_ask(fd, argv + optind + 1, strcmp(argv[optind + 1], "report") == 0);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
