/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two inotify watches: the directory's tells when the name comes, goes or means another file; the
 * file's own tells of its growth, also where the name is a link into another directory. Either
 * leads to the same check, which may be made at any time, so that events may be lost or doubled.
 *
 * Reads are plain system calls: a regular file on a local disk never makes them wait, and the
 * thread pool would bring back the order of events as a problem.
 */
#include "agent/follower.h"

#include "base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* A file that was written anew is read from its start, as it holds the lines of all services; a
 * larger one is a log, of which the last line counts. Also how far back a last line is looked for.
 */
#define FOLLOWER_WINDOW 16384

struct follower {
	const char *path, *name; /* name: its last part */
	char dir_path[256];
	struct stat dir_seen; /* the directory that is watched */
	uint32_t fresh_ms;
	const struct source_ops *ops; /* NULL: stopped */
	void *user;
	uv_fs_event_t dir, file;
	uv_timer_t rest;
	unsigned int open; /* handles that are not closed yet */
	int fd;            /* -1: there is no such file now */
	struct stat seen;  /* the open file when it was last read */
	off_t at;          /* the next byte to read */
	off_t line_end;    /* behind the last newline that was read; 0: none */
};

static int64_t stat_written_ms(const struct stat *st)
{
	return st->st_mtim.tv_sec * INT64_C(1000) + st->st_mtim.tv_nsec / 1000000;
}

static void follower_close_file(struct follower *f)
{
	uv_fs_event_stop(&f->file);
	closep(&f->fd);
}

/* There is no file to read now. Where an event of the directory will tell of a change, wait for
 * it; else (out of descriptors, a broken disk) it takes another start. */
static void follower_lost(struct follower *f, int r)
{
	bool told = r == -ENOENT || r == -EACCES || r == -ELOOP || r == -EISDIR || r == -EINVAL;
	char reason[96];

	follower_close_file(f);
	snprintf(reason, sizeof(reason), "the file cannot be read: %s",
		 r == -EINVAL ? "Not a regular file" : strerror(-r));
	if (told)
		f->ops->down(f->user, reason);
	else
		f->ops->ended(f->user, reason);
}

/* Whether the byte at that place is a newline. */
static bool follower_newline_at(const struct follower *f, off_t at)
{
	char byte;

	return pread(f->fd, &byte, 1, at) == 1 && byte == '\n';
}

/* The file's content is not what was read before and more. */
static bool follower_rewritten(const struct follower *f, const struct stat *now)
{
	bool changed = now->st_mtim.tv_sec != f->seen.st_mtim.tv_sec ||
		       now->st_mtim.tv_nsec != f->seen.st_mtim.tv_nsec;

	return now->st_size < f->at || (now->st_size == f->at && changed) ||
	       (f->line_end && !follower_newline_at(f, f->line_end - 1));
}

/* Where the last whole line begins; the end of the file where none ends in the window. */
static off_t follower_last_line(const struct follower *f, off_t size)
{
	off_t from = size > FOLLOWER_WINDOW ? size - FOLLOWER_WINDOW : 0;
	char tail[FOLLOWER_WINDOW];
	ssize_t n = pread(f->fd, tail, (size_t)(size - from), from);
	const char *end = n > 0 ? memrchr(tail, '\n', (size_t)n) : NULL;
	const char *before = end ? memrchr(tail, '\n', (size_t)(end - tail)) : NULL;

	if (before)
		return from + (before - tail) + 1;
	return end && !from ? 0 : size;
}

static void follower_rewind(struct follower *f, const struct stat *st, off_t at)
{
	f->seen = *st;
	f->at = at;
	f->line_end = 0;
}

static off_t follower_start_of_new(const struct follower *f, const struct stat *st)
{
	return st->st_size <= FOLLOWER_WINDOW ? 0 : follower_last_line(f, st->st_size);
}

/* Reads one chunk within the size that st tells. Lines, or -errno; 0 with *ret_more false: all is
 * read. */
static int follower_chunk(struct follower *f, const struct stat *st, bool *ret_more)
{
	char chunk[SOURCE_CHUNK];
	size_t want = st->st_size - f->at < (off_t)sizeof(chunk) ? (size_t)(st->st_size - f->at)
								 : sizeof(chunk);
	ssize_t n = pread(f->fd, chunk, want, f->at);
	const char *newline = n > 0 ? memrchr(chunk, '\n', (size_t)n) : NULL;

	if (n < 0)
		return -errno;
	if (newline)
		f->line_end = f->at + (newline - chunk) + 1;
	f->at += n;
	*ret_more = n > 0 && f->at < st->st_size;
	return n ? (int)f->ops->bytes(f->user, chunk, (size_t)n, stat_written_ms(st)) : 0;
}

static void follower_check(struct follower *f);

static void follower_rested(uv_timer_t *timer)
{
	follower_check(timer->data);
}

/* Reads what is new in the open file. True: all of it is read, and nobody has stopped us. */
static bool follower_read(struct follower *f)
{
	unsigned int lines = 0;
	bool more = true;
	struct stat st;
	int r;

	if (fstat(f->fd, &st) < 0)
		return true;
	if (follower_rewritten(f, &st)) {
		f->ops->restart(f->user);
		follower_rewind(f, &st, follower_start_of_new(f, &st));
	}
	f->seen = st;
	while (more && lines < SOURCE_TURN_LINES) {
		r = follower_chunk(f, &st, &more);
		if (!f->ops)
			return false;
		if (r < 0) {
			follower_lost(f, r);
			return false;
		}
		lines += (unsigned int)r;
	}
	if (more)
		uv_timer_start(&f->rest, follower_rested, SOURCE_REST_MS, 0);
	return !more;
}

static void follower_event(uv_fs_event_t *handle, const char *name, int events, int status);

/* 0 or -errno. On success the file is open and watched; where to read is the caller's to say. */
static int follower_open(struct follower *f, struct stat *ret)
{
	_cleanup_(closep) int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int r;

	if (fd < 0 || fstat(fd, ret) < 0)
		return -errno;
	if (!S_ISREG(ret->st_mode))
		return S_ISDIR(ret->st_mode) ? -EISDIR : -EINVAL;
	r = uv_fs_event_start(&f->file, follower_event, f->path, 0);
	if (r < 0)
		return r;
	f->fd = fd;
	fd = -1;
	return 0;
}

/* Whether the name still means the open file. */
static bool follower_same(const struct follower *f)
{
	struct stat st;

	return f->fd >= 0 && stat(f->path, &st) == 0 && st.st_ino == f->seen.st_ino &&
	       st.st_dev == f->seen.st_dev;
}

static void follower_check(struct follower *f)
{
	struct stat st;
	int r;

	if (uv_is_active((uv_handle_t *)&f->rest))
		return; /* it is known that there is more */
	/* The last lines of a file that was moved away are read before its successor's. */
	if (f->fd >= 0 && !follower_read(f))
		return;
	if (follower_same(f))
		return;
	follower_close_file(f);
	r = follower_open(f, &st);
	if (r < 0) {
		follower_lost(f, r);
		return;
	}
	f->ops->restart(f->user);
	follower_rewind(f, &st, follower_start_of_new(f, &st));
	follower_read(f);
}

/* Whether the watched directory was removed or moved, so that its watch tells nothing any more. */
static bool follower_dir_gone(const struct follower *f)
{
	struct stat st;

	return stat(f->dir_path, &st) < 0 || st.st_ino != f->dir_seen.st_ino ||
	       st.st_dev != f->dir_seen.st_dev;
}

static void follower_event(uv_fs_event_t *handle, const char *name, int events, int status)
{
	struct follower *f = handle->data;

	if (!f->ops)
		return;
	if (handle == &f->dir && events & UV_RENAME && follower_dir_gone(f)) {
		f->ops->ended(f->user, "the file's directory is gone");
		return;
	}
	if (handle == &f->file || !name || !strcmp(name, f->name))
		follower_check(f);
}

/* The first look: a last line that is old is not the site's load now. */
static void follower_begin(uv_timer_t *timer)
{
	struct follower *f = timer->data;
	struct timespec now;
	struct stat st;
	bool fresh;
	int r = follower_open(f, &st);

	if (r < 0) {
		follower_lost(f, r);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	fresh = now.tv_sec * INT64_C(1000) - stat_written_ms(&st) <= f->fresh_ms;
	follower_rewind(f, &st, fresh ? follower_last_line(f, st.st_size) : st.st_size);
	follower_read(f);
}

static void follower_closed(uv_handle_t *handle)
{
	struct follower *f = handle->data;

	if (!--f->open)
		free(f);
}

static void follower_free(struct follower *f)
{
	f->ops = NULL;
	closep(&f->fd);
	uv_close((uv_handle_t *)&f->dir, follower_closed);
	uv_close((uv_handle_t *)&f->file, follower_closed);
	uv_close((uv_handle_t *)&f->rest, follower_closed);
}

/* Splits the path into the directory to watch and the name to look for. 0 or -ENAMETOOLONG. */
static int follower_name(struct follower *f, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	if (len >= sizeof(f->dir_path))
		return -ENAMETOOLONG;
	f->path = path;
	f->name = slash ? slash + 1 : path;
	snprintf(f->dir_path, sizeof(f->dir_path), "%.*s", (int)len, path);
	if (!len)
		strcpy(f->dir_path, slash ? "/" : ".");
	return 0;
}

static int follower_watch(struct follower *f)
{
	int r = uv_fs_event_start(&f->dir, follower_event, f->dir_path, 0);

	if (r < 0)
		return r;
	return stat(f->dir_path, &f->dir_seen) < 0 ? -errno : 0;
}

int follower_start(uv_loop_t *loop, const char *path, uint32_t fresh_ms,
		   const struct source_ops *ops, void *user, struct follower **ret)
{
	struct follower *f = malloc(sizeof(*f));
	int r;

	if (!f)
		return -ENOMEM;
	*f = (struct follower){
		.fresh_ms = fresh_ms, .ops = ops, .user = user, .open = 3, .fd = -1
	};
	f->dir.data = f->file.data = f->rest.data = f;
	uv_fs_event_init(loop, &f->dir);
	uv_fs_event_init(loop, &f->file);
	uv_timer_init(loop, &f->rest);
	r = follower_name(f, path);
	if (r == 0)
		r = follower_watch(f);
	if (r < 0) {
		follower_free(f);
		return r;
	}
	uv_timer_start(&f->rest, follower_begin, 0, 0);
	*ret = f;
	return 0;
}

void follower_stop(struct follower **follower)
{
	struct follower *f = TAKE_PTR(*follower);

	if (f)
		follower_free(f);
}
