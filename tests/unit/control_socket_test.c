/* SPDX-License-Identifier: BSD-2-Clause */
/* The control socket from its clients' side: well-behaved, slow, silent, greedy and gone ones. */
#include "router_fake.h"

#include "base/util.h"
#include "mgmt/socket.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static void mgmt_open(struct router *r)
{
	signal(SIGPIPE, SIG_IGN); /* as main.c has it */
	router_open(r);
	uv_loop_init(&r->loop);
	cr_assert(eq(int, mgmt_new(&r->loop, r->path, &r->context, &r->mgmt), 0));
}

static void mgmt_close(struct router *r)
{
	mgmt_free(&r->mgmt);
	uv_run(&r->loop, UV_RUN_DEFAULT);
	cr_expect(eq(int, uv_loop_close(&r->loop), 0), "a handle stays open");
	cr_expect(eq(int, access(r->path, F_OK), -1), "the socket stays");
	router_close(r);
}

static int dial(const struct router *r)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	strcpy(address.sun_path, r->path);
	cr_assert(eq(int, connect(fd, (struct sockaddr *)&address, sizeof(address)), 0));
	return fd;
}

/* Lets the loop turn until the client has something to read; the whole of it, or 0 at the end. */
static ssize_t hear(struct router *r, int fd, char *ret, size_t size)
{
	for (int i = 0; i < 1000; i++) {
		struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

		uv_run(&r->loop, UV_RUN_NOWAIT);
		if (poll(&poll_fd, 1, 1) > 0)
			return recv(fd, ret, size - 1, 0);
	}
	return -1;
}

/* Reads up to the end of a line. */
static char *hear_line(struct router *r, int fd)
{
	char *line = calloc(1, 1 << 20);
	size_t len = 0;

	while (!strchr(line, '\n')) {
		ssize_t n = hear(r, fd, line + len, (1 << 20) - len);

		if (n <= 0)
			break;
		len += (size_t)n;
	}
	return line;
}

#define VERSION  "{\"verb\":\"version\"}\n"
#define SLOTS_OF "{\"verb\":\"show\",\"object\":\"slots\",\"service\":\"web\"}\n"

static void say(int fd, const char *text)
{
	cr_assert(eq(sz, (size_t)send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text)));
}

static void expect_version(struct router *r, int fd, const char *when)
{
	_cleanup_(freep) char *line = hear_line(r, fd);

	cr_expect(strstr(line, "\"version\":") != NULL, "%s: '%s'", when, line);
	cr_expect(strlen(line) && line[strlen(line) - 1] == '\n', "%s", when);
}

Test(socket, answers_a_line_with_a_line)
{
	struct router r;
	struct stat status;
	int fd;

	mgmt_open(&r);
	cr_expect(eq(int, stat(r.path, &status), 0));
	cr_expect(eq(u32, status.st_mode & 0777, 0660));
	fd = dial(&r);
	say(fd, VERSION);
	expect_version(&r, fd, "first");
	say(fd, VERSION);
	expect_version(&r, fd, "on the same connection");
	for (const char *at = VERSION; *at; at++) {
		say(fd, (char[]){ *at, '\0' });
		uv_run(&r.loop, UV_RUN_NOWAIT);
	}
	expect_version(&r, fd, "octet by octet");
	close(fd);
	mgmt_close(&r);
}

Test(socket, answers_requests_in_their_order)
{
	struct router r;
	int fd, lines = 0;
	char text[65536];
	ssize_t n;

	mgmt_open(&r);
	fd = dial(&r);
	say(fd, VERSION VERSION "{}\n" VERSION);
	while (lines < 4 && (n = hear(&r, fd, text, sizeof(text))) > 0)
		for (ssize_t i = 0; i < n; i++)
			lines += text[i] == '\n';
	cr_expect(eq(int, lines, 4));
	close(fd);
	mgmt_close(&r);
}

Test(socket, refuses_a_giant_request)
{
	_cleanup_(freep) char *giant = malloc(100000), *line = NULL;
	struct router r;
	size_t sent = 0;
	int fd;

	mgmt_open(&r);
	fd = dial(&r);
	memset(giant, ' ', 100000);
	while (sent < 100000) {
		ssize_t n = send(fd, giant + sent, 100000 - sent, MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			break; /* it has hung up: that is right, too */
		sent += n > 0 ? (size_t)n : 0;
		uv_run(&r.loop, UV_RUN_NOWAIT);
	}
	line = hear_line(&r, fd);
	cr_expect(strstr(line, "bad-request") != NULL, "'%s'", line);
	close(fd);
	fd = dial(&r);
	say(fd, VERSION);
	expect_version(&r, fd, "afterwards");
	close(fd);
	mgmt_close(&r);
}

/* One is silent in the middle of a request, one takes nothing of a large answer, one is gone before
 * its answer: the next one is served at once. */
Test(socket, is_not_stalled_by_a_client)
{
	struct router r;
	int silent, deaf, gone, fd;

	mgmt_open(&r);
	silent = dial(&r);
	say(silent, "{\"verb\":");
	deaf = dial(&r);
	for (int i = 0; i < 50; i++)
		say(deaf, SLOTS_OF);
	gone = dial(&r);
	say(gone, SLOTS_OF);
	close(gone);
	for (int i = 0; i < 10; i++)
		uv_run(&r.loop, UV_RUN_NOWAIT);
	fd = dial(&r);
	say(fd, VERSION);
	expect_version(&r, fd, "beside them");
	close(fd);
	close(deaf);
	close(silent);
	mgmt_close(&r);
}

Test(socket, bounds_its_clients)
{
	struct router r;
	int fds[80], served = 0, closed = 0;

	mgmt_open(&r);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = dial(&r);
		for (int k = 0; k < 3; k++)
			uv_run(&r.loop, UV_RUN_NOWAIT);
	}
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		_cleanup_(freep) char *line = NULL;

		if (send(fds[i], VERSION, strlen(VERSION), MSG_NOSIGNAL) < 0) {
			closed++;
			continue;
		}
		line = hear_line(&r, fds[i]);
		served += strstr(line, "version") != NULL;
	}
	cr_expect(eq(int, served, 64));
	cr_expect(eq(int, closed, 16));
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	mgmt_close(&r);
}

Test(socket, is_replaced_only_where_nobody_answers)
{
	struct mgmt *second = NULL;
	struct router r;
	char copy[80];
	int fd;

	mgmt_open(&r);
	cr_expect(eq(int, mgmt_new(&r.loop, r.path, &r.context, &second), -EADDRINUSE));
	cr_expect(second == NULL);
	uv_run(&r.loop, UV_RUN_NOWAIT);
	cr_expect(eq(int, access(r.path, F_OK), 0), "the living one's socket was removed");

	/* A socket that a killed daemon left. */
	snprintf(copy, sizeof(copy), "%s.stale", r.path);
	close(socket_listen(copy));
	cr_expect(eq(int, access(copy, F_OK), 0));
	fd = socket_listen(copy);
	cr_expect(fd >= 0);
	close(fd);

	snprintf(copy, sizeof(copy), "%s.file", r.path);
	close(open(copy, O_CREAT | O_WRONLY, 0600));
	cr_expect(eq(int, socket_listen(copy), -EEXIST));
	cr_expect(eq(int, access(copy, F_OK), 0));
	mgmt_close(&r);
}
