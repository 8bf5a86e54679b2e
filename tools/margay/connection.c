/* SPDX-License-Identifier: BSD-2-Clause */
#include "connection.h"

#include "base/util.h"
#include "mgmt/answer.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#define ANSWER_STEP 65536

struct connection {
	int fd;
	double end_s; /* monotonic time at which it is too late */
};

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* 0, -ETIMEDOUT, or another negative errno. */
static int connection_wait(const struct connection *c, short events)
{
	struct pollfd poll_fd = { .fd = c->fd, .events = events };

	for (;;) {
		double left = c->end_s - now_s();
		int n = left > 0 ? poll(&poll_fd, 1, (int)(left * 1000) + 1) : 0;

		if (n > 0)
			return 0;
		if (n == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

static int connection_open(struct connection *c, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		return -errno;
	while (connect(c->fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		/* EAGAIN: the backlog is full, and poll() does not tell when it is not. */
		if (errno != EAGAIN)
			return -errno;
		if (now_s() >= c->end_s)
			return -ETIMEDOUT;
		nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	}
	return 0;
}

static int connection_send(const struct connection *c, const char *text, size_t len)
{
	while (len) {
		ssize_t n = send(c->fd, text, len, MSG_NOSIGNAL);
		int r;

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		r = n < 0 ? connection_wait(c, POLLOUT) : 0;
		if (r < 0)
			return r;
		text += n < 0 ? 0 : n;
		len -= n < 0 ? 0 : (size_t)n;
	}
	return 0;
}

/* Reads to the end of the line. *ret_text is to be freed. */
static int connection_receive(const struct connection *c, char **ret_text, size_t *ret_len)
{
	_cleanup_(freep) char *text = NULL;
	size_t len = 0, size = 0;

	while (!len || text[len - 1] != '\n') {
		ssize_t n;
		int r;

		if (size - len < ANSWER_STEP) {
			char *grown = realloc(text, size = 2 * size + ANSWER_STEP);

			if (!grown)
				return -ENOMEM;
			text = grown;
		}
		r = connection_wait(c, POLLIN);
		if (r < 0)
			return r;
		n = recv(c->fd, text + len, size - len, 0);
		if (n == 0)
			return -ECONNRESET;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		len += n < 0 ? 0 : (size_t)n;
	}
	*ret_text = TAKE_PTR(text);
	*ret_len = len;
	return 0;
}

static json_t *failure(const struct daemon_address *daemon, int r)
{
	if (r == -ETIMEDOUT)
		return answer_error(ANSWER_TIMED_OUT, NULL,
				    "-t SECONDS waits longer; margayd's log may tell more",
				    "no answer from margayd within %g seconds", daemon->timeout_s);
	if (r == -EACCES || r == -EPERM)
		return answer_error(ANSWER_UNREACHABLE, NULL,
				    "be root, or of the group that owns the socket",
				    "%s: you may not ask margayd", daemon->socket);
	if (r == -ECONNRESET || r == -EPIPE)
		return answer_error(ANSWER_UNREACHABLE, NULL,
				    "it has stopped, or 64 others ask it: ask again; its log may "
				    "tell more",
				    "%s: margayd closed the connection", daemon->socket);
	return answer_error(ANSWER_UNREACHABLE, NULL,
			    "start it (systemctl start margayd), or name its socket with -s or "
			    "MARGAY_SOCKET",
			    "%s: margayd does not answer: %s", daemon->socket, strerror(-r));
}

static int connection_talk(struct connection *c, const char *path, const char *line, size_t len,
			   char **ret_text, size_t *ret_len)
{
	int r = connection_open(c, path);

	if (r < 0)
		return r;
	r = connection_send(c, line, len);
	if (r < 0)
		return r;
	return connection_receive(c, ret_text, ret_len);
}

json_t *connection_ask(const struct daemon_address *daemon, const json_t *request)
{
	_cleanup_(freep) char *body = json_dumps(request, JSON_COMPACT), *line = NULL, *text = NULL;
	struct connection c = { .fd = -1, .end_s = now_s() + daemon->timeout_s };
	json_t *answer;
	size_t len = 0;
	int n = body ? asprintf(&line, "%s\n", body) : -1, r;

	if (n < 0) {
		line = NULL;
		return NULL;
	}
	r = connection_talk(&c, daemon->socket, line, (size_t)n, &text, &len);
	closep(&c.fd);
	if (r < 0)
		return failure(daemon, r);
	answer = json_loadb(text, len, 0, NULL);
	if (json_is_object(answer))
		return answer;
	json_decref(answer);
	return answer_error(ANSWER_BAD_ANSWER, NULL, "is it margayd that listens there?",
			    "%s: the answer is not JSON", daemon->socket);
}
