/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One stream of the lab, TCP or Unix: short lines in, short lines out. Freed by itself once closed;
 * the event loop owns it.
 */
#pragma once
#include <stdbool.h>
#include <uv.h>

#define LINES_MAX 256 /* of one line; a longer one ends the stream */

struct lines {
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	};
	char in[LINES_MAX];
	size_t len;
	bool closing;
	void (*line)(struct lines *lines, const char *text);
	void (*ended)(struct lines *lines, int status); /* UV_EOF or what went wrong */
	void (*closed)(struct lines *lines);            /* last call: frees */
};

/* Starts to read. Callbacks must be set. 0 or negative errno. */
int lines_start(struct lines *lines);

/* Copies text. What cannot be sent ends the stream by ended(). */
void lines_send(struct lines *lines, const char *text);

/* No line() or ended() comes any more. May be called twice. */
void lines_close(struct lines *lines);
