/* SPDX-License-Identifier: BSD-2-Clause */
#include "loop.h"

#include "base/log.h"
#include "base/util.h"
#include "lines.h"

#include <signal.h>
#include <sys/resource.h>

static void descriptors_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void on_stop(uv_signal_t *handle, int signal)
{
	uv_stop(handle->loop);
}

void loop_open(struct program_loop *program)
{
	static const int stops[] = { SIGTERM, SIGINT };

	if (uv_loop_init(&program->loop) < 0)
		die("no event loop");
	descriptors_raise();
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < ARRAY_SIZE(stops); i++) {
		uv_signal_init(&program->loop, &program->stop[i]);
		uv_signal_start(&program->stop[i], on_stop, stops[i]);
	}
}

static void handle_close(uv_handle_t *handle, void *user)
{
	/* Of the streams, those of lines.c begin with their handle; listeners belong to others. */
	bool is_stream = handle->type == UV_TCP || handle->type == UV_NAMED_PIPE;

	if (is_stream && handle->data == handle)
		lines_close((struct lines *)handle);
	else if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

void loop_close(struct program_loop *program)
{
	uv_walk(&program->loop, handle_close, NULL);
	while (uv_run(&program->loop, UV_RUN_DEFAULT)) /* again if a callback stopped it */
		uv_walk(&program->loop, handle_close, NULL);
	uv_loop_close(&program->loop);
}
