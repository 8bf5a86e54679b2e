/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/secret.h"
#include "base/util.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define TEN "0123456789"
#define MAX TEN TEN TEN TEN TEN TEN TEN TEN

static const struct {
	const char *name, *text;
	size_t len;
	mode_t mode;
	enum secret_fault want;
	size_t want_len;
} vectors[] = {
	{ "a line", "secret\n", 7, 0600, SECRET_GOOD, 6 },
	{ "no newline", "secret", 6, 0600, SECRET_GOOD, 6 },
	{ "one octet", "s", 1, 0400, SECRET_GOOD, 1 },
	{ "spaces are part of it", " a b \n", 6, 0600, SECRET_GOOD, 5 },
	{ "carriage return is part of it", "a\r\n", 3, 0600, SECRET_GOOD, 2 },
	{ "79 octets", MAX, 79, 0600, SECRET_GOOD, 79 },
	{ "79 octets and newline", TEN TEN TEN TEN TEN TEN TEN "012345678\n", 80, 0600, SECRET_GOOD,
	  79 },
	{ "80 octets", MAX, 80, 0600, SECRET_GOOD, 80 },
	{ "80 octets and newline", MAX "\n", 81, 0600, SECRET_GOOD, 80 },
	{ "81 octets", MAX "x", 81, 0600, SECRET_TOO_LONG, 0 },
	{ "81 octets and newline", MAX "x\n", 82, 0600, SECRET_TOO_LONG, 0 },
	{ "80 octets and two newlines", MAX "\n\n", 82, 0600, SECRET_TOO_LONG, 0 },
	{ "nothing", "", 0, 0600, SECRET_EMPTY, 0 },
	{ "only a newline", "\n", 1, 0600, SECRET_EMPTY, 0 },
	{ "two newlines", "\n\n", 2, 0600, SECRET_LINES, 0 },
	{ "two lines", "a\nb\n", 4, 0600, SECRET_LINES, 0 },
	{ "zero octet", "a\0b", 3, 0600, SECRET_LINES, 0 },
	{ "group reads", "secret\n", 7, 0640, SECRET_MODE, 0 },
	{ "others read", "secret\n", 7, 0604, SECRET_MODE, 0 },
	{ "group writes", "secret\n", 7, 0620, SECRET_MODE, 0 },
};

static void file_make(const char *text, size_t len, mode_t mode, char ret[32])
{
	_cleanup_(closep) int fd = -1;

	strcpy(ret, "/tmp/secret_test.XXXXXX");
	fd = mkstemp(ret);
	cr_assert(fd >= 0);
	cr_assert(write(fd, text, len) == (ssize_t)len);
	cr_assert(fchmod(fd, mode) == 0);
}

static enum secret_fault read_into(const char *path, uint8_t **ret, size_t *ret_len)
{
	uint8_t *octets = malloc(SECRET_MAX); /* a block of its own, which the sanitizer watches */

	cr_assert(octets != NULL);
	memset(octets, 0xee, SECRET_MAX);
	*ret = octets;
	return secret_read(path, octets, ret_len);
}

Test(secret, reads_what_is_kept_well)
{
	static const uint8_t zeros[SECRET_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		_cleanup_(freep) uint8_t *octets = NULL;
		size_t len = 999, good;
		char path[32];

		file_make(vectors[i].text, vectors[i].len, vectors[i].mode, path);
		cr_expect(eq(int, read_into(path, &octets, &len), vectors[i].want), "%s",
			  vectors[i].name);
		good = vectors[i].want_len;
		cr_expect(eq(sz, len, vectors[i].want ? 999 : good), "%s", vectors[i].name);
		cr_expect(memcmp(octets, vectors[i].text, good) == 0, "%s", vectors[i].name);
		cr_expect(memcmp(octets + good, zeros, SECRET_MAX - good) == 0, "%s",
			  vectors[i].name);
		unlink(path);
	}
}

Test(secret, takes_regular_files_only)
{
	_cleanup_(freep) uint8_t *octets = NULL;
	char path[32], link[40];
	size_t len;

	cr_expect(eq(int, read_into("/dev/zero", &octets, &len), SECRET_NOT_REGULAR));
	cr_expect(eq(int, secret_read("/", octets, &len), SECRET_NOT_REGULAR));
	cr_expect(eq(int, secret_read("/nonexistent", octets, &len), SECRET_UNREADABLE));
	cr_expect(eq(int, errno, ENOENT));

	file_make("a\n", 2, 0600, path);
	snprintf(link, sizeof(link), "%s.l", path);
	cr_assert(symlink(path, link) == 0);
	cr_expect(eq(int, secret_read(link, octets, &len), SECRET_GOOD));
	cr_assert(chmod(path, 0644) == 0);
	cr_expect(eq(int, secret_read(link, octets, &len), SECRET_MODE),
		  "the file's, not the link's");
	unlink(link);

	unlink(path);
	cr_assert(mkfifo(path, 0600) == 0);
	cr_expect(eq(int, secret_read(path, octets, &len), SECRET_NOT_REGULAR),
		  "and does not wait");
	unlink(path);
}

Test(secret, belongs_to_root_or_to_us)
{
	_cleanup_(freep) uint8_t *octets = NULL;
	char path[32];
	size_t len;

	if (geteuid() != 0)
		cr_skip("needs root to give a file away");
	file_make("a\n", 2, 0600, path);
	cr_assert(chown(path, 12345, 0) == 0);
	cr_expect(eq(int, read_into(path, &octets, &len), SECRET_OWNER));
	cr_assert(seteuid(12345) == 0);
	cr_expect(eq(int, secret_read(path, octets, &len), SECRET_GOOD));
	cr_assert(seteuid(0) == 0);
	cr_assert(chown(path, 0, 0) == 0);
	cr_expect(eq(int, secret_read(path, octets, &len), SECRET_GOOD));
	unlink(path);
}

Test(secret, each_fault_has_words)
{
	for (int fault = SECRET_UNREADABLE; fault <= SECRET_LINES; fault++)
		cr_expect(strlen(secret_text(fault)) && strlen(secret_remedy(fault)), "%d", fault);
}
