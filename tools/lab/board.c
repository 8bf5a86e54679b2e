/* SPDX-License-Identifier: BSD-2-Clause */
#include "board.h"

#include "base/log.h"
#include "base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define BOARD_MAGIC 0x6472616f62676dull

static int board_map(int fd, struct board **ret)
{
	void *at = mmap(NULL, sizeof(**ret), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	*ret = at;
	return 0;
}

/* Complete before it has its name. */
static int board_create(const char *path, struct board **ret)
{
	_cleanup_(board_close) struct board *board = NULL;
	_cleanup_(freep) char *hidden = NULL;
	_cleanup_(closep) int fd = -1;
	int r;

	if (asprintf(&hidden, "%s.new", path) < 0)
		return -ENOMEM;
	unlink(hidden);
	fd = open(hidden, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(*board)) < 0)
		return -errno;
	r = board_map(fd, &board);
	if (r < 0)
		return r;
	board->magic = BOARD_MAGIC;
	if (rename(hidden, path) < 0)
		return -errno;
	*ret = TAKE_PTR(board);
	return 0;
}

int board_make(const char *path, struct board **ret)
{
	int r = board_create(path, ret);

	return r < 0 ? log_err(r, "cannot make the board %s", path) : 0;
}

int board_open(const char *path, struct board **ret)
{
	_cleanup_(board_close) struct board *board = NULL;
	_cleanup_(closep) int fd = open(path, O_RDWR | O_CLOEXEC);
	struct stat file;
	int r;

	if (fd < 0 || fstat(fd, &file) < 0)
		return log_err(-errno, "%s", path);
	if (file.st_size != sizeof(*board))
		return log_err(-EINVAL, "%s is no board of a siteserver", path);
	r = board_map(fd, &board);
	if (r < 0)
		return log_err(r, "%s", path);
	if (board->magic != BOARD_MAGIC)
		return log_err(-EINVAL, "%s is no board of a siteserver", path);
	*ret = TAKE_PTR(board);
	return 0;
}

void board_close(struct board **board)
{
	if (*board)
		munmap(*board, sizeof(**board));
	*board = NULL;
}
