/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DOC: One request of the thread pool at a time: write, write, ..., sync, rename. Whatever ends,
 * the last request's callback closes the descriptor and frees. Opening, closing and unlinking are
 * done on the loop: they do not wait for data to reach the disk.
 */
#include "feed/spool.h"

#include "base/grow.h"
#include "base/log.h"
#include "base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct spool {
	uv_loop_t *loop;
	const struct spool_ops *ops; /* NULL: abandoned */
	void *user;
	uv_fs_t request;
	bool busy; /* with the request */
	bool finished, synced, left;
	int fd, error;
	size_t room, put, written;
	uint8_t *queue, *flying; /* flying: at the disk, from flown on */
	size_t len, size, flying_len, flown;
	char part[300], path[300];
};

static void spool_free(struct spool *s)
{
	closep(&s->fd);
	free(s->queue);
	free(s->flying);
	free(s);
}

static void spool_end(struct spool *s)
{
	const struct spool_ops *ops = s->ops;
	void *user = s->user;
	int status = s->error;

	if (status < 0 && s->left && s->written && rename(s->part, s->path) == 0) {
		log_err(status, "%s: ends after %zu octets", s->path, s->written);
	} else if (status < 0 || !ops) {
		if (ops)
			log_err(status, "%s: not written", s->path);
		unlink(s->part);
	}
	spool_free(s);
	if (ops)
		ops->done(user, status);
}

static void spool_go_on(struct spool *s);

/* Returns what the request came to, and makes it ready for the next one. */
static ssize_t request_result(struct spool *s)
{
	ssize_t result = s->request.result;

	uv_fs_req_cleanup(&s->request);
	s->busy = false;
	if (result < 0 && !s->error)
		s->error = (int)result;
	return result;
}

static void on_written(uv_fs_t *request)
{
	struct spool *s = request->data;
	ssize_t n = request_result(s);

	s->flown += n > 0 ? (size_t)n : 0;
	s->written += n > 0 ? (size_t)n : 0;
	if (n == 0)
		s->error = -EIO;
	if (s->flown == s->flying_len)
		freep(&s->flying);
	spool_go_on(s);
}

static void on_synced(uv_fs_t *request)
{
	struct spool *s = request->data;

	request_result(s);
	s->synced = true;
	spool_go_on(s);
}

static void on_renamed(uv_fs_t *request)
{
	struct spool *s = request->data;

	request_result(s);
	spool_end(s);
}

static void spool_write(struct spool *s)
{
	uv_buf_t buf;

	if (!s->flying) {
		s->flying = TAKE_PTR(s->queue);
		s->flying_len = s->len;
		s->flown = s->len = s->size = 0;
	}
	buf = uv_buf_init((char *)s->flying + s->flown, (unsigned int)(s->flying_len - s->flown));
	s->busy = true;
	uv_fs_write(s->loop, &s->request, s->fd, &buf, 1, -1, on_written);
}

static void spool_go_on(struct spool *s)
{
	if (s->busy)
		return;
	if (!s->ops || (s->error && s->finished)) {
		spool_end(s);
	} else if (s->error) {
		s->ops->drained(s->user); /* who finishes or abandons it */
	} else if (s->flying || s->len) {
		spool_write(s);
	} else if (!s->finished) {
		s->ops->drained(s->user);
	} else if (!s->synced) {
		s->busy = true;
		uv_fs_fsync(s->loop, &s->request, s->fd, on_synced);
	} else {
		s->busy = true;
		uv_fs_rename(s->loop, &s->request, s->part, s->path, on_renamed);
	}
}

int spool_open(uv_loop_t *loop, const char *path, size_t room, const struct spool_ops *ops,
	       void *user, struct spool **ret)
{
	_cleanup_(freep) struct spool *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->loop = loop;
	s->ops = ops;
	s->user = user;
	s->room = room;
	s->request.data = s;
	if (strlen(path) + sizeof(SPOOL_PART) > sizeof(s->part))
		return -ENAMETOOLONG;
	snprintf(s->path, sizeof(s->path), "%s", path);
	snprintf(s->part, sizeof(s->part), "%s" SPOOL_PART, path);
	s->fd = open(s->part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (s->fd < 0)
		return -errno;
	*ret = TAKE_PTR(s);
	return 0;
}

int spool_put(struct spool *s, const void *octets, size_t len)
{
	size_t waiting = s->len + (s->flying ? s->flying_len - s->flown : 0);

	if (s->error)
		return s->error;
	if (waiting + len > s->room)
		return -ENOBUFS;
	if (grow_octets(&s->queue, &s->size, s->len + len) < 0)
		return -ENOMEM;
	memcpy(s->queue + s->len, octets, len);
	s->len += len;
	s->put += len;
	spool_go_on(s);
	return 0;
}

int spool_error(const struct spool *s)
{
	return s->error;
}

size_t spool_size(const struct spool *s)
{
	return s->put;
}

void spool_finish(struct spool *s)
{
	s->finished = true;
	spool_go_on(s);
}

static void nothing(void *user)
{
}

static void nothing_done(void *user, int status)
{
}

static const struct spool_ops nobody = { nothing, nothing_done };

void spool_leave(struct spool **spool)
{
	struct spool *s = TAKE_PTR(*spool);

	if (!s)
		return;
	s->ops = &nobody;
	s->left = true;
	spool_finish(s);
}

void spool_abandon(struct spool **spool)
{
	struct spool *s = TAKE_PTR(*spool);

	if (!s)
		return;
	s->ops = NULL;
	spool_go_on(s);
}
