/* SPDX-License-Identifier: BSD-2-Clause */
#include "lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct sending {
	uv_write_t write;
	char text[];
};

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *ret)
{
	struct lines *lines = handle->data;

	*ret = uv_buf_init(lines->in + lines->len, (unsigned int)(LINES_MAX - lines->len));
}

/* Hands out the whole lines, keeps the begun one. */
static void lines_cut(struct lines *lines)
{
	char *at = lines->in, *end;

	while (!lines->closing && (end = memchr(at, '\n', lines->len - (size_t)(at - lines->in)))) {
		*end = 0;
		lines->line(lines, at);
		at = end + 1;
	}
	lines->len -= (size_t)(at - lines->in);
	memmove(lines->in, at, lines->len);
}

static void lines_fail(struct lines *lines, int status)
{
	if (!lines->closing)
		lines->ended(lines, status);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct lines *lines = stream->data;

	if (n < 0) {
		lines_fail(lines, (int)n);
		return;
	}
	lines->len += (size_t)n;
	lines_cut(lines);
	if (lines->len == LINES_MAX)
		lines_fail(lines, -EMSGSIZE);
}

int lines_start(struct lines *lines)
{
	lines->handle.data = lines;
	return uv_read_start(&lines->stream, on_alloc, on_read);
}

static void on_sent(uv_write_t *write, int status)
{
	if (status < 0 && status != UV_ECANCELED)
		lines_fail(write->handle->data, status);
	free(write->data);
}

void lines_send(struct lines *lines, const char *text)
{
	uv_buf_t buf = uv_buf_init((char *)text, (unsigned int)strlen(text));
	struct sending *sending;
	int n;

	if (lines->closing)
		return;
	n = uv_try_write(&lines->stream, &buf, 1);
	if (n == (int)buf.len)
		return;
	n = n < 0 ? 0 : n; /* an error comes again below, where it is seen */
	sending = malloc(sizeof(*sending) + buf.len - (size_t)n);
	if (!sending) {
		lines_fail(lines, -ENOMEM);
		return;
	}
	memcpy(sending->text, text + n, buf.len - (size_t)n);
	sending->write.data = sending;
	buf = uv_buf_init(sending->text, (unsigned int)(buf.len - (size_t)n));
	n = uv_write(&sending->write, &lines->stream, &buf, 1, on_sent);
	if (n < 0) {
		free(sending);
		lines_fail(lines, n);
	}
}

static void on_closed(uv_handle_t *handle)
{
	struct lines *lines = handle->data;

	lines->closed(lines);
}

void lines_close(struct lines *lines)
{
	if (lines->closing)
		return;
	lines->closing = true;
	lines->handle.data = lines;
	uv_close(&lines->handle, on_closed);
}
