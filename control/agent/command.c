/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The run is over when the shell has ended and its output has been read to the end, in whichever
 * order the two come. A child that it left behind may hold the output open: so the whole group is
 * asked to end as soon as one of them has come, and is killed when its patience is used up.
 */
#include "agent/command.h"

#include "agent/splitter.h"
#include "base/limit.h"
#include "base/log.h"
#include "base/util.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#define COMMAND_PATIENCE_MS 2000 /* from SIGTERM to SIGKILL */

struct command {
	const char *line;
	const struct source_ops *ops; /* NULL: stopped, nobody listens any more */
	void *user;
	uv_process_t process;
	uv_pipe_t out, err;
	uv_timer_t patience, rest;
	unsigned int open; /* handles that are not closed yet */
	bool exited, out_ended, finishing;
	char reason[64];
	struct splitter err_lines;
	struct limit err_limit;
	char chunk[SOURCE_CHUNK];
};

static void command_closed(uv_handle_t *handle)
{
	struct command *c = handle->data;

	if (!--c->open)
		free(c);
}

static void command_close(void *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, command_closed);
}

/* What is left of the group gets the signal. False: nothing is left. */
static bool command_signal(const struct command *c, int signal)
{
	/* The group's number stays taken as long as one of it lives, also after its leader. */
	return c->process.pid > 0 && kill(-c->process.pid, signal) == 0;
}

static void command_close_all(struct command *c)
{
	command_close(&c->process);
	command_close(&c->out);
	command_close(&c->err);
	command_close(&c->patience);
	command_close(&c->rest);
}

/* After every step: tells the agent when the run is over, lets go when nothing is left to wait for.
 */
static void command_advance(struct command *c)
{
	const struct source_ops *ops = c->ops;

	if (c->exited && c->out_ended && ops) {
		c->ops = NULL;
		ops->ended(c->user, c->reason);
	}
	if (c->exited && !c->ops && !command_signal(c, 0))
		command_close_all(c);
}

static void command_impatient(uv_timer_t *timer)
{
	struct command *c = timer->data;

	command_signal(c, SIGKILL);
	/* Whoever still holds the output has left the group: do not wait for it. */
	c->out_ended = true;
	uv_read_stop((uv_stream_t *)&c->out);
	if (c->exited && !c->ops)
		command_close_all(c);
	else
		command_advance(c);
}

static void command_finish(struct command *c)
{
	if (c->finishing)
		return;
	c->finishing = true;
	command_signal(c, SIGTERM);
	uv_timer_start(&c->patience, command_impatient, COMMAND_PATIENCE_MS, COMMAND_PATIENCE_MS);
}

static void command_exited(uv_process_t *process, int64_t status, int signal)
{
	struct command *c = process->data;

	if (signal)
		snprintf(c->reason, sizeof(c->reason), "the command was ended by signal %d (%s)",
			 signal, strsignal(signal));
	else
		snprintf(c->reason, sizeof(c->reason), "the command ended with status %" PRId64,
			 status);
	c->exited = true;
	command_finish(c);
	command_advance(c);
}

static void command_chunk(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
	struct command *c = handle->data;

	*ret = uv_buf_init(c->chunk, sizeof(c->chunk));
}

static void command_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf);

static void command_err(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf);

static void command_rested(uv_timer_t *timer)
{
	struct command *c = timer->data;

	if (!c->out_ended)
		uv_read_start((uv_stream_t *)&c->out, command_chunk, command_read);
	uv_read_start((uv_stream_t *)&c->err, command_chunk, command_err);
}

static void command_rest(struct command *c, uv_stream_t *stream)
{
	uv_read_stop(stream);
	uv_timer_start(&c->rest, command_rested, SOURCE_REST_MS, 0);
}

static void command_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct command *c = stream->data;
	unsigned int lines;

	if (n < 0) {
		uv_read_stop(stream);
		c->out_ended = true;
		command_finish(c);
		command_advance(c);
		return;
	}
	lines = n && c->ops ? c->ops->bytes(c->user, buf->base, (size_t)n, 0) : 0;
	/* A full chunk is a sign that more is waiting: one chunk a turn is what a flood gets. */
	if (c->ops && (lines >= SOURCE_TURN_LINES || (size_t)n == buf->len))
		command_rest(c, stream);
}

static void command_err_line(struct command *c, const char *text, size_t len)
{
	uint64_t suppressed;

	if (!len || !limit_pass(&c->err_limit, uv_now(c->err.loop), text, len, &suppressed))
		return;
	log_info("collector %s: says: %.*s", c->line, (int)len, text);
	if (suppressed)
		log_info("collector %s: %" PRIu64 " lines on standard error not shown", c->line,
			 suppressed);
}

static void command_err(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct command *c = stream->data;
	struct cursor bytes = cursor_of(buf->base, n > 0 ? (size_t)n : 0);
	enum splitter_state state;
	const char *text;
	size_t len;

	if (n < 0) {
		uv_read_stop(stream);
		return;
	}
	while ((state = splitter_next(&c->err_lines, &bytes, &text, &len)) != SPLITTER_MORE)
		if (state == SPLITTER_LINE && c->ops)
			command_err_line(c, text, len);
	if (c->ops && (size_t)n == buf->len)
		command_rest(c, stream);
}

static int command_spawn(struct command *c)
{
	char *args[] = { "/bin/sh", "-c", (char *)c->line, NULL };
	uv_stdio_container_t stdio[] = {
		{ .flags = UV_IGNORE },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
		  .data.stream = (uv_stream_t *)&c->out },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
		  .data.stream = (uv_stream_t *)&c->err },
	};
	uv_process_options_t options = {
		.exit_cb = command_exited,
		.file = args[0],
		.args = args,
		.flags = UV_PROCESS_DETACHED, /* setsid(2): a group of its own */
		.stdio = stdio,
		.stdio_count = ARRAY_SIZE(stdio),
	};
	int r;

	/* Capabilities that a service manager gave to the daemon are not for its collectors. */
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	r = uv_spawn(c->out.loop, &c->process, &options);
	if (r < 0)
		return r;
	uv_read_start((uv_stream_t *)&c->out, command_chunk, command_read);
	uv_read_start((uv_stream_t *)&c->err, command_chunk, command_err);
	return 0;
}

int command_start(uv_loop_t *loop, const char *line, const struct source_ops *ops, void *user,
		  struct command **ret)
{
	struct command *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->line = line;
	c->ops = ops;
	c->user = user;
	c->open = 5;
	c->process.data = c->out.data = c->err.data = c->patience.data = c->rest.data = c;
	uv_pipe_init(loop, &c->out, 0);
	uv_pipe_init(loop, &c->err, 0);
	uv_timer_init(loop, &c->patience);
	uv_timer_init(loop, &c->rest);
	r = command_spawn(c);
	if (r < 0) {
		command_close_all(c);
		return r;
	}
	*ret = c;
	return 0;
}

void command_stop(struct command **command)
{
	struct command *c = TAKE_PTR(*command);

	if (!c)
		return;
	c->ops = NULL;
	command_close(&c->out);
	command_close(&c->err);
	command_close(&c->rest);
	command_finish(c);
	command_advance(c);
}
