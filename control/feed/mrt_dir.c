/* SPDX-License-Identifier: BSD-2-Clause */
#include "feed/mrt_dir.h"

#include "base/log.h"
#include "base/util.h"
#include "feed/spool.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_LEN 64
#define SUFFIX       ".mrt"
#define STAMP        ".00000000.000000" /* 0: a digit */

const char *mrt_dir_stamped(const char *kind, time_t now, char ret[MRT_STAMPED_STRLEN])
{
	struct tm tm = { 0 };
	size_t len = (size_t)snprintf(ret, MRT_STAMPED_STRLEN, "%.16s", kind);

	gmtime_r(&now, &tm);
	strftime(ret + len, MRT_STAMPED_STRLEN - len, ".%Y%m%d.%H%M%S" SUFFIX, &tm);
	return ret;
}

/* Is it KIND, a stamp, and the suffix? */
static bool is_stamped(const char *name, const char *kind, const char *suffix)
{
	size_t len = strlen(kind);

	if (strncmp(name, kind, len) != 0)
		return false;
	name += len;
	for (const char *form = STAMP; *form; form++, name++)
		if (*form == '0' ? !isdigit((unsigned char)*name) : *name != *form)
			return false;
	return strcmp(name, suffix) == 0;
}

bool mrt_dir_name_fits(const char *name)
{
	static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				   "._-";
	size_t len = strlen(name), part = strlen(SPOOL_PART);

	if (!len || len > NAME_MAX_LEN || *name == '.' || strspn(name, good) != len)
		return false;
	if (len >= part && strcmp(name + len - part, SPOOL_PART) == 0)
		return false;
	return !is_stamped(name, "rib", SUFFIX) && !is_stamped(name, "updates", SUFFIX);
}

static int is_any(const struct dirent *entry)
{
	return 1;
}

static void file_remove(const char *directory, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (unlink(path) < 0)
		log_warn(-errno, "mrt: cannot remove %s", path);
}

void mrt_dir_prune(const char *directory, const char *kind, size_t keep)
{
	struct dirent **entry;
	int count = scandir(directory, &entry, is_any, alphasort);
	size_t seen = 0;

	/* Stamps sort by time: the newest is the last. */
	for (int i = count - 1; i >= 0; i--) {
		if (is_stamped(entry[i]->d_name, kind, SUFFIX) && ++seen > keep)
			file_remove(directory, entry[i]->d_name);
		free(entry[i]);
	}
	if (count >= 0)
		free(entry);
}

static void log_adopt(const char *directory, const char *name)
{
	char from[512], to[512];
	int len = (int)(strlen(name) - strlen(SPOOL_PART));

	snprintf(from, sizeof(from), "%s/%s", directory, name);
	snprintf(to, sizeof(to), "%s/%.*s", directory, len, name);
	if (rename(from, to) < 0)
		log_warn(-errno, "mrt: cannot rename %s", from);
}

void mrt_dir_mend(const char *directory)
{
	struct dirent **entry;
	int count = scandir(directory, &entry, is_any, alphasort);

	for (int i = 0; i < count; i++) {
		if (is_stamped(entry[i]->d_name, "updates", SUFFIX SPOOL_PART))
			log_adopt(directory, entry[i]->d_name);
		else if (is_stamped(entry[i]->d_name, "rib", SUFFIX SPOOL_PART))
			file_remove(directory, entry[i]->d_name);
		free(entry[i]);
	}
	if (count >= 0)
		free(entry);
}
