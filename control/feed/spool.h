/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file that is written without ever waiting for the disk: octets go to a bounded queue, from
 * there by libuv's threads to NAME.part, and only a whole file, synced, gets its name. Private to
 * control/feed; on the event loop.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct spool;

struct spool_ops {
	/* All that was put is with the kernel: there is room. Or the disk gave an error, once:
	 * spool_error(). */
	void (*drained)(void *user);
	/* The file has its name, or negative errno and there is none. The spool is no more. */
	void (*done)(void *user, int status);
};

#define SPOOL_PART ".part"

/* path: of the file to come. 0, or -errno: *ret is untouched. A file of that name is replaced. */
int spool_open(uv_loop_t *loop, const char *path, size_t room, const struct spool_ops *ops,
	       void *user, struct spool **ret);
/* Copies. -ENOBUFS: more than `room` would wait; or the error that the disk gave. */
int spool_put(struct spool *spool, const void *octets, size_t len);
int spool_error(const struct spool *spool);   /* 0, or -errno: nothing more can be written */
size_t spool_size(const struct spool *spool); /* octets put so far */
/* Nothing more comes: done() follows. */
void spool_finish(struct spool *spool);
/* As spool_finish(), but no callback comes, and a file that ends by an error has its name, too,
 * with what could be written before. *spool may be NULL; NULL afterwards. */
void spool_leave(struct spool **spool);
/* Drops the file; no callback comes. *spool may be NULL; NULL afterwards. */
void spool_abandon(struct spool **spool);
