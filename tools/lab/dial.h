/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connections of the generator: from which address to which, and what their end means.
 */
#pragma once
#include "draw.h"
#include "lines.h"
#include "tally.h"

#include <stddef.h>
#include <sys/socket.h>

struct endpoints {
	struct sockaddr_storage *from, *to;
	size_t from_count, to_count;
};

/* Adds to a list; port 0 for sources. 0 or -errno, logged. */
int endpoints_add(struct sockaddr_storage **list, size_t *count, const char *address,
		  unsigned short port);
void endpoints_clear(struct endpoints *endpoints);

/* Some target, and some source of its family; NULL: let the kernel choose the source. */
struct route {
	const struct sockaddr_storage *from, *to;
};
struct route endpoints_draw(const struct endpoints *endpoints, struct draw *draw);

/* The same to the target of an index. */
struct route endpoints_route(const struct endpoints *endpoints, size_t to, struct draw *draw);

/* Begins to connect; done() is called once. 0 or negative errno: done() is not called, and the
 * stream is closing. */
int dial(uv_loop_t *loop, struct lines *lines, uv_connect_t *connect, const struct route *route,
	 uv_connect_cb done);

/* The outcome that a status of connecting or reading stands for. */
enum outcome dial_outcome(int status);
