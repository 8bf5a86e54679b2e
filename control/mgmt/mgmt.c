/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: Connections to the control socket. A client sends requests and reads answers, one after the
 * other: while an answer is being written nothing is read, so at most one request and one answer
 * are held per client, however fast or slow it is. Who says or takes nothing for IDLE_MS is let go,
 * and beyond CLIENTS_MAX nobody is let in: no client can stall the loop or eat its memory.
 */
#include "mgmt/mgmt.h"

#include "base/log.h"
#include "base/util.h"
#include "mgmt/change.h"
#include "mgmt/recorders.h"
#include "mgmt/request.h"
#include "mgmt/socket.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define REQUEST_MAX (64 * 1024)
#define READ_STEP   4096
#define CLIENTS_MAX 64
#define IDLE_MS     30000

struct client {
	uv_pipe_t pipe;
	uv_timer_t idle;
	uv_write_t write;
	struct mgmt *mgmt;
	struct client *prev, *next;
	bool may_write, last; /* last: close after this answer */
	unsigned handles;     /* still open; the last one to close frees the client */
	char *request;        /* what came, without an end yet */
	size_t len, size;
	char *answer;
};

struct mgmt {
	uv_loop_t *loop;
	uv_pipe_t listener;
	struct mgmt_context context;
	struct durable *durable;
	struct recorders *recorders;
	struct client *clients;
	size_t client_count;
	char path[108];
	ino_t inode; /* of our socket: another one of that name is not ours to remove */
};

static void client_closed(uv_handle_t *handle)
{
	struct client *client = handle->data;

	if (--client->handles)
		return;
	free(client->request);
	free(client->answer);
	free(client);
}

static void client_close(struct client *client)
{
	struct mgmt *mgmt = client->mgmt;

	if (uv_is_closing((uv_handle_t *)&client->pipe))
		return;
	if (client->prev)
		client->prev->next = client->next;
	else
		mgmt->clients = client->next;
	if (client->next)
		client->next->prev = client->prev;
	mgmt->client_count--;
	uv_close((uv_handle_t *)&client->pipe, client_closed);
	uv_close((uv_handle_t *)&client->idle, client_closed);
}

static void on_idle(uv_timer_t *timer)
{
	client_close(timer->data);
}

static void client_awake(struct client *client)
{
	uv_timer_start(&client->idle, on_idle, IDLE_MS, 0);
}

static void client_serve(struct client *client);

static void on_written(uv_write_t *write, int status)
{
	struct client *client = write->data;

	freep(&client->answer);
	if (status < 0 || client->last) {
		client_close(client);
		return;
	}
	client_awake(client);
	client_serve(client);
}

/* Takes text, one line with its newline. */
static void client_answer(struct client *client, char *text, size_t len)
{
	uv_buf_t buffer = uv_buf_init(text, (unsigned)len);

	client->answer = text;
	client->write.data = client;
	uv_read_stop((uv_stream_t *)&client->pipe);
	if (uv_write(&client->write, (uv_stream_t *)&client->pipe, &buffer, 1, on_written) < 0)
		client_close(client);
}

/* Takes the answer. */
static void client_answer_json(struct client *client, json_t *answer)
{
	static const size_t flags = JSON_COMPACT | JSON_REAL_PRECISION(9);
	size_t len = answer ? json_dumpb(answer, NULL, 0, flags) : 0;
	_cleanup_(freep) char *text = len ? malloc(len + 1) : NULL;

	if (text) {
		json_dumpb(answer, text, len, flags);
		text[len] = '\n';
	}
	json_decref(answer);
	if (text)
		client_answer(client, TAKE_PTR(text), len + 1);
	else
		client_close(client); /* no memory: a closed connection is the shortest answer */
}

static void client_request(struct client *client, size_t len)
{
	struct mgmt *mgmt = client->mgmt;
	struct request request = { .context = &mgmt->context,
				   .durable = mgmt->durable,
				   .recorders = mgmt->recorders,
				   .now_ms = (int64_t)uv_now(mgmt->loop) };
	json_t *answer = request_answer(&request, client->may_write, client->request, len);

	/* Before it is answered, as answering may go on with the next one. */
	client->len -= len + 1;
	memmove(client->request, client->request + len + 1, client->len);
	client_answer_json(client, answer);
}

static void alloc_request(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
	struct client *client = handle->data;

	if (client->size - client->len < READ_STEP) {
		char *grown = realloc(client->request, client->size + READ_STEP);

		if (!grown)
			return; /* *ret stays empty: on_read() gets UV_ENOBUFS */
		client->request = grown;
		client->size += READ_STEP;
	}
	*ret = uv_buf_init(client->request + client->len, (unsigned)(client->size - client->len));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
	struct client *client = stream->data;

	if (n < 0) {
		client_close(client);
		return;
	}
	client->len += (size_t)n;
	if (n)
		client_serve(client);
}

/* Answers the first whole request, or reads on. */
static void client_serve(struct client *client)
{
	const char *end = client->len ? memchr(client->request, '\n', client->len) : NULL;

	if (end) {
		client_request(client, (size_t)(end - client->request));
		return;
	}
	if (client->len > REQUEST_MAX) {
		client->last = true;
		client_answer_json(client,
				   answer_error(ANSWER_BAD_REQUEST, NULL, NULL,
						"a request has at most %d octets", REQUEST_MAX));
		return;
	}
	uv_read_start((uv_stream_t *)&client->pipe, alloc_request, on_read);
}

static int client_accept(struct mgmt *mgmt, struct client *client)
{
	uv_os_fd_t fd;
	int r = uv_accept((uv_stream_t *)&mgmt->listener, (uv_stream_t *)&client->pipe);

	if (r < 0)
		return r;
	r = uv_fileno((uv_handle_t *)&client->pipe, &fd);
	if (r < 0)
		return r;
	client->may_write = socket_peer_may_write(fd, mgmt->path);
	return mgmt->client_count > CLIENTS_MAX ? -EMFILE : 0;
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct mgmt *mgmt = listener->data;
	struct client *client = status < 0 ? NULL : calloc(1, sizeof(*client));

	if (!client)
		return; /* tried again when the loop turns */
	client->mgmt = mgmt;
	client->handles = 2;
	uv_pipe_init(mgmt->loop, &client->pipe, 0);
	uv_timer_init(mgmt->loop, &client->idle);
	client->pipe.data = client;
	client->idle.data = client;
	client->next = mgmt->clients;
	if (client->next)
		client->next->prev = client;
	mgmt->clients = client;
	mgmt->client_count++;
	if (client_accept(mgmt, client) < 0) {
		client_close(client);
		return;
	}
	client_awake(client);
	client_serve(client);
}

static void listener_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static int mgmt_listen(struct mgmt *mgmt)
{
	_cleanup_(closep) int fd = socket_listen(mgmt->path);
	struct stat status;
	int r;

	if (fd < 0)
		return fd;
	if (lstat(mgmt->path, &status) == 0)
		mgmt->inode = status.st_ino;
	r = uv_pipe_open(&mgmt->listener, fd);
	if (r < 0)
		return r;
	fd = -1; /* the pipe's now */
	return uv_listen((uv_stream_t *)&mgmt->listener, CLIENTS_MAX, on_connection);
}

int mgmt_new(uv_loop_t *loop, const char *socket_path, const struct mgmt_context *context,
	     struct mgmt **ret)
{
	_cleanup_(mgmt_free) struct mgmt *mgmt = NULL;
	int r;

	if (strlen(socket_path) >= sizeof(mgmt->path))
		return log_err(-ENAMETOOLONG, "%s: no control socket", socket_path);
	mgmt = calloc(1, sizeof(*mgmt));
	if (!mgmt)
		return -ENOMEM;
	mgmt->loop = loop;
	mgmt->context = *context;
	strcpy(mgmt->path, socket_path);
	uv_pipe_init(loop, &mgmt->listener, 0);
	mgmt->listener.data = mgmt;
	mgmt->recorders = recorders_new();
	if (!mgmt->recorders)
		return -ENOMEM;
	r = durable_open(context->config->state_dir, &mgmt->durable);
	if (r < 0)
		return r;
	r = mgmt_listen(mgmt);
	if (r < 0)
		return r;
	if (context->egress)
		change_replay(mgmt->durable, context->egress);
	*ret = TAKE_PTR(mgmt);
	return 0;
}

void mgmt_context_set(struct mgmt *mgmt, const struct mgmt_context *context)
{
	mgmt->context = *context;
}

void mgmt_free(struct mgmt **mgmt)
{
	struct mgmt *m = *mgmt;
	struct stat status;

	if (!m)
		return;
	while (m->clients)
		client_close(m->clients);
	if (m->inode && lstat(m->path, &status) == 0 && status.st_ino == m->inode)
		unlink(m->path);
	durable_free(&m->durable);
	recorders_free(&m->recorders);
	uv_close((uv_handle_t *)&m->listener, listener_closed); /* frees m when the loop turns */
	*mgmt = NULL;
}
