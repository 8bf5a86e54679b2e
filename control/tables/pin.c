/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables/pin.h"

#include "base/log.h"
#include "base/util.h"

#include <abi.h>
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>

static int pin_path(const char *pin_dir, const char *room, const char *name, char ret[PATH_MAX])
{
	int len = snprintf(ret, PATH_MAX, "%s/%s/", pin_dir, room), n;

	n = len < PATH_MAX ? snprintf(ret + len, (size_t)(PATH_MAX - len), "%s", name) : 0;
	if (len + n >= PATH_MAX)
		return -ENAMETOOLONG;
	for (char *c = ret + len; *c; c++)
		if (*c == '.')
			*c = ':';
	return 0;
}

static int mkdir_all(char *path)
{
	for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
		if (slash)
			*slash = '\0';
		if (mkdir(path, 0750) < 0 && errno != EEXIST)
			return -errno;
		if (!slash)
			return 0;
		*slash = '/';
	}
}

/* Of the nearest parent that exists: whether it is in a BPF file system. */
static bool on_bpffs(const char *path)
{
	_cleanup_(freep) char *parent = strdup(path);
	struct statfs fs;

	while (parent && statfs(parent, &fs) < 0 && errno == ENOENT) {
		char *slash = strrchr(parent, '/');

		if (!slash || slash == parent)
			return false;
		*slash = '\0';
	}
	return parent && fs.f_type == BPF_FS_MAGIC;
}

int pin_dir_open(const char *pin_dir, int *ret_lock)
{
	_cleanup_(closep) int lock = -1;
	char path[PATH_MAX];
	int r;

	if (pin_dir[0] != '/')
		return log_err(-EINVAL, "%s: the pin directory must be a full path", pin_dir);
	if (!on_bpffs(pin_dir))
		return log_err(-ENOENT,
			       "%s: not on a BPF file system: mount -t bpf bpf /sys/fs/bpf, or set "
			       "pin-directory to a place on one",
			       pin_dir);
	r = pin_path(pin_dir, "links", "", path);
	if (r >= 0)
		r = mkdir_all(path);
	if (r >= 0)
		r = pin_path(pin_dir, "dispatched", "", path);
	if (r >= 0)
		r = mkdir_all(path);
	if (r >= 0)
		r = pin_path(pin_dir, MG_ABI_VERSION, "", path);
	if (r >= 0)
		r = mkdir_all(path);
	if (r < 0)
		return log_err(r, "%s: cannot be made: margayd needs write access there", pin_dir);
	lock = open(pin_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0)
		return log_err(-errno, "%s: cannot be opened", pin_dir);
	if (flock(lock, LOCK_EX | LOCK_NB) < 0)
		return log_err(-errno,
			       "%s: in use by another margayd: stop it, or give each its own "
			       "pin-directory",
			       pin_dir);
	*ret_lock = lock;
	lock = -1;
	return 0;
}

int pin_get(const char *pin_dir, const char *room, const char *name, int *ret_fd)
{
	char path[PATH_MAX];
	int r = pin_path(pin_dir, room, name, path);

	if (r < 0)
		return r;
	r = bpf_obj_get(path);
	if (r < 0)
		return -errno;
	*ret_fd = r;
	return 0;
}

int pin_put(const char *pin_dir, const char *room, const char *name, int fd)
{
	char path[PATH_MAX];
	int r = pin_path(pin_dir, room, name, path);

	if (r < 0)
		return r;
	return bpf_obj_pin(fd, path) < 0 ? -errno : 0;
}

int pin_remove(const char *pin_dir, const char *room, const char *name)
{
	char path[PATH_MAX];
	int r = pin_path(pin_dir, room, name, path);

	if (r < 0)
		return r;
	return unlink(path) < 0 ? -errno : 0;
}

static void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

void pin_list(const char *pin_dir, const char *room, void (*visit)(void *user, const char *name),
	      void *user)
{
	_cleanup_(closedirp) DIR *dir = NULL;
	const struct dirent *entry;
	char path[PATH_MAX];

	if (pin_path(pin_dir, room, "", path) >= 0)
		dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		char name[NAME_MAX + 1];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s", entry->d_name);
		for (char *c = name; *c; c++)
			if (*c == ':')
				*c = '.';
		visit(user, name);
	}
}
