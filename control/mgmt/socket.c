/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/socket.h"

#include "base/log.h"
#include "base/util.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define BACKLOG 64

static int address_of(const char *path, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(ret->sun_path))
		return -ENAMETOOLONG;
	strcpy(ret->sun_path, path);
	return 0;
}

static int socket_open(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? -errno : fd;
}

static void directory_make(const char *path)
{
	char dir[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char *slash;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (!slash || slash == dir)
		return;
	*slash = '\0';
	mkdir(dir, 0755); /* where that fails, bind() says so */
}

/* 0: the name is free. */
static int socket_reclaim(const struct sockaddr_un *address)
{
	_cleanup_(closep) int fd = -1;
	struct stat status;

	if (lstat(address->sun_path, &status) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(status.st_mode))
		return -EEXIST;
	fd = socket_open();
	if (fd < 0)
		return fd;
	/* EAGAIN is a full backlog: somebody is there, though slow. */
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
	    errno != ECONNREFUSED)
		return -EADDRINUSE;
	return unlink(address->sun_path) < 0 ? -errno : 0;
}

static int socket_bind(const char *path, int *ret_fd)
{
	_cleanup_(closep) int fd = -1;
	struct sockaddr_un address;
	mode_t mask;
	int r = address_of(path, &address);

	if (r < 0)
		return r;
	directory_make(path);
	r = socket_reclaim(&address);
	if (r < 0)
		return r;
	fd = socket_open();
	if (fd < 0)
		return fd;
	mask = umask(0117); /* from the first moment on nobody else can connect */
	r = bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
	umask(mask);
	if (r < 0)
		return r;
	if (listen(fd, BACKLOG) < 0)
		return -errno;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

int socket_listen(const char *path)
{
	int fd = -1, r = socket_bind(path, &fd);

	if (r == -EADDRINUSE)
		return log_err(r,
			       "%s: another margayd answers there; stop it, or set "
			       "'control-socket' in 'router'",
			       path);
	if (r == -EEXIST)
		return log_err(r, "%s: is no socket, so it is left alone; remove it", path);
	if (r < 0)
		return log_err(r, "%s: no control socket", path);
	return fd;
}

static bool group_matches(const gid_t *groups, size_t count, gid_t wanted)
{
	for (size_t i = 0; i < count; i++)
		if (groups[i] == wanted)
			return true;
	return false;
}

bool socket_peer_may_write(int fd, const char *path)
{
	gid_t groups[256]; /* of more, the further ones give no right: the safe side */
	socklen_t len = sizeof(struct ucred);
	struct stat status;
	struct ucred peer;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	if (peer.uid == 0 || peer.uid == geteuid())
		return true;
	if (stat(path, &status) < 0)
		return false;
	if (peer.gid == status.st_gid)
		return true;
	len = sizeof(groups);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) < 0)
		return false;
	return group_matches(groups, len / sizeof(*groups), status.st_gid);
}
