/* SPDX-License-Identifier: BSD-2-Clause */
#include "mgmt/durable.h"

#include "base/log.h"
#include "base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_BYTES_MAX (16u << 20)

struct durable {
	char dir[256], file[300], draft[300]; /* dir "": nothing is kept */
	json_t *list;
};

static int list_valid(const json_t *list)
{
	const json_t *entry;
	size_t i;

	if (!json_is_array(list))
		return 0;
	json_array_foreach(list, i,
			   entry) if (!json_is_string(json_object_get(entry, "name"))) return 0;
	return 1;
}

/* A new reference to the list in the file; NULL: the file is not ours, or broken. */
static json_t *list_read(const char *file)
{
	json_error_t error;
	json_t *root = json_load_file(file, JSON_REJECT_DUPLICATES, &error);
	json_t *list = json_incref(json_object_get(root, "announcements"));

	json_decref(root);
	if (list_valid(list))
		return list;
	json_decref(list);
	log_err(0, "%s: line %d: %s; it is set aside as %s.bad", file, root ? 0 : error.line,
		root ? "no list of announcements" : error.text, file);
	return NULL;
}

static json_t *list_open(const char *file)
{
	char aside[310];
	struct stat status;
	json_t *list;

	if (stat(file, &status) < 0) {
		if (errno != ENOENT)
			log_err(-errno, "%s: announcements of the command line are lost", file);
		return json_array();
	}
	list = status.st_size <= FILE_BYTES_MAX ? list_read(file) : NULL;
	if (list)
		return list;
	snprintf(aside, sizeof(aside), "%s.bad", file);
	if (rename(file, aside) < 0)
		log_err(-errno, "%s: cannot be set aside", file);
	return json_array();
}

int durable_open(const char *dir, struct durable **ret)
{
	_cleanup_(durable_free) struct durable *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	snprintf(d->dir, sizeof(d->dir), "%s", dir);
	snprintf(d->file, sizeof(d->file), "%s/announcements.json", d->dir);
	snprintf(d->draft, sizeof(d->draft), "%s/announcements.json.new", d->dir);
	d->list = *dir ? list_open(d->file) : json_array();
	if (!d->list)
		return -ENOMEM;
	*ret = TAKE_PTR(d);
	return 0;
}

void durable_free(struct durable **durable)
{
	if (*durable)
		json_decref((*durable)->list);
	freep(durable);
}

const json_t *durable_list(const struct durable *durable)
{
	return durable->list;
}

static int file_write(int fd, const char *text)
{
	size_t len = strlen(text);

	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/* The new text is whole on the disk before it takes the old one's name. */
static int file_replace(const struct durable *d, const char *text)
{
	_cleanup_(closep) int dir = -1, fd = -1;
	int r;

	if (mkdir(d->dir, 0755) < 0 && errno != EEXIST)
		return -errno;
	dir = open(d->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = open(d->draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (dir < 0 || fd < 0)
		return -errno;
	r = file_write(fd, text);
	if (r < 0)
		return r;
	if (rename(d->draft, d->file) < 0)
		return -errno;
	return fsync(dir) < 0 ? -errno : 0;
}

/* Takes the list's reference. */
static int list_replace(struct durable *d, json_t *list)
{
	json_t *root = json_pack("{s:i, s:o}", "version", 1, "announcements", json_incref(list));
	_cleanup_(freep) char *text = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
	int r = text ? 0 : -ENOMEM;

	if (text && strlen(text) > FILE_BYTES_MAX) /* the next start would set it aside */
		r = -EFBIG;
	else if (text)
		r = file_replace(d, text);
	json_decref(root);
	if (r < 0) {
		json_decref(list);
		return r;
	}
	json_decref(d->list);
	d->list = list;
	return 0;
}

/* A new list without the entry of that name, which *ret_found tells of. NULL: no memory. */
static json_t *list_without(const json_t *list, const char *name, int *ret_found)
{
	json_t *copy = json_array(), *entry;
	size_t i;

	*ret_found = 0;
	json_array_foreach(list, i, entry)
	{
		if (strcmp(json_string_value(json_object_get(entry, "name")), name) == 0)
			*ret_found = 1;
		else if (json_array_append(copy, entry) < 0) {
			json_decref(copy);
			return NULL;
		}
	}
	return copy;
}

int durable_keep(struct durable *d, const json_t *announce)
{
	const char *name = json_string_value(json_object_get(announce, "name"));
	json_t *list;
	int found;

	if (!*d->dir)
		return -EOPNOTSUPP;
	list = list_without(d->list, name, &found);
	if (!list || json_array_append_new(list, json_deep_copy(announce)) < 0) {
		json_decref(list);
		return -ENOMEM;
	}
	return list_replace(d, list);
}

int durable_forget(struct durable *d, const char *name)
{
	int found;
	json_t *list = list_without(d->list, name, &found);

	if (list && found)
		return list_replace(d, list);
	json_decref(list);
	return list ? -ENOENT : -ENOMEM;
}
