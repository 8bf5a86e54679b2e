/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Secrets out of files: a password or key that nobody but its owner may read. No call here logs or
 * formats what it has read.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define SECRET_MAX 80 /* octets: what the kernel takes as a key of TCP MD5 or TCP-AO */

enum secret_fault {
	SECRET_GOOD,
	SECRET_UNREADABLE, /* errno says why */
	SECRET_NOT_REGULAR,
	SECRET_OWNER,
	SECRET_MODE,
	SECRET_EMPTY,
	SECRET_TOO_LONG,
	SECRET_LINES,
};

/*
 * Reads the only line of a file into ret; one newline at its end is not part of it.
 * The file is a regular one (a symbolic link to one will do), owned by root or by the user that
 * this process runs as, without permissions for group or others. Not SECRET_GOOD: *ret_len is
 * untouched and ret has zeros.
 */
enum secret_fault secret_read(const char *path, uint8_t ret[SECRET_MAX], size_t *ret_len);
/* The same for a line of up to max octets, such as a token; and for a whole file, such as a PEM. */
enum secret_fault secret_read_line(const char *path, uint8_t *ret, size_t max, size_t *ret_len);
enum secret_fault secret_read_file(const char *path, uint8_t *ret, size_t max, size_t *ret_len);

/* For people: what is wrong with the file, and what to do about it. */
const char *secret_text(enum secret_fault fault);
const char *secret_remedy(enum secret_fault fault);
