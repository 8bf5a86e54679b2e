/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/secret.h"

#include "base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
	const char *text, *remedy;
} faults[] = {
	[SECRET_GOOD] = { "is good", "" },
	[SECRET_UNREADABLE] = { "cannot be read", "give its path, and let this user read it" },
	[SECRET_NOT_REGULAR] = { "is no regular file", "put the secret into a file" },
	[SECRET_OWNER] = { "belongs to another user", "chown it to root or to margayd's user" },
	[SECRET_MODE] = { "is open to group or others", "chmod 600 it" },
	[SECRET_EMPTY] = { "is empty", "put the secret into its first line" },
	[SECRET_TOO_LONG] = { "is too long",
			      "a key has at most 80 octets, a token 8192, a PEM file 32768" },
	[SECRET_LINES] = { "has more than one line, or a zero octet",
			   "put the secret, and nothing else, into its first line" },
};

const char *secret_text(enum secret_fault fault)
{
	return faults[fault].text;
}

const char *secret_remedy(enum secret_fault fault)
{
	return faults[fault].remedy;
}

static enum secret_fault status_check(const struct stat *status)
{
	if (!S_ISREG(status->st_mode))
		return SECRET_NOT_REGULAR;
	if (status->st_uid != 0 && status->st_uid != geteuid())
		return SECRET_OWNER;
	if (status->st_mode & (S_IRWXG | S_IRWXO))
		return SECRET_MODE;
	return SECRET_GOOD;
}

/* By its status before it is opened, as opening a device can do things; and again once it is open,
 * as the file of that name may be another one by then. */
static enum secret_fault secret_open(const char *path, int *ret)
{
	_cleanup_(closep) int fd = -1;
	struct stat status;
	enum secret_fault fault;

	if (stat(path, &status) < 0)
		return SECRET_UNREADABLE;
	fault = status_check(&status);
	if (fault)
		return fault;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &status) < 0)
		return SECRET_UNREADABLE;
	fault = status_check(&status);
	if (fault)
		return fault;
	*ret = fd;
	fd = -1;
	return SECRET_GOOD;
}

/* All there is in the file, up to max octets. */
static enum secret_fault secret_take(int fd, uint8_t *ret, size_t max, size_t *ret_len)
{
	size_t len = 0;
	uint8_t end[2]; /* a newline, and what must not follow it */
	ssize_t n;

	while (len < max && (n = read(fd, ret + len, max - len)) != 0) {
		if (n < 0)
			return SECRET_UNREADABLE;
		len += (size_t)n;
	}
	n = read(fd, end, sizeof(end));
	if (n < 0)
		return SECRET_UNREADABLE;
	if (n > 1 || (n == 1 && end[0] != '\n'))
		return SECRET_TOO_LONG;
	if (!n && len && ret[len - 1] == '\n')
		len--;
	if (!len)
		return SECRET_EMPTY;
	memset(ret + len, 0, max - len);
	*ret_len = len;
	return SECRET_GOOD;
}

enum secret_fault secret_read_file(const char *path, uint8_t *ret, size_t max, size_t *ret_len)
{
	_cleanup_(closep) int fd = -1;
	enum secret_fault fault = secret_open(path, &fd);

	if (!fault)
		fault = secret_take(fd, ret, max, ret_len);
	if (fault) {
		int error = errno;

		explicit_bzero(ret, max);
		errno = error;
	}
	return fault;
}

enum secret_fault secret_read_line(const char *path, uint8_t *ret, size_t max, size_t *ret_len)
{
	size_t len = 0;
	enum secret_fault fault = secret_read_file(path, ret, max, &len);

	if (fault)
		return fault;
	if (memchr(ret, '\n', len) || memchr(ret, '\0', len)) {
		explicit_bzero(ret, max);
		return SECRET_LINES;
	}
	*ret_len = len;
	return SECRET_GOOD;
}

enum secret_fault secret_read(const char *path, uint8_t ret[SECRET_MAX], size_t *ret_len)
{
	return secret_read_line(path, ret, SECRET_MAX, ret_len);
}
