/* SPDX-License-Identifier: BSD-2-Clause */
#include "record_file.h"

#include "base/util.h"

#include <errno.h>

#define ROOM_FIRST 4096

void record_file_clear(struct record_file *f)
{
	freep(&f->text);
	f->room = 0;
}

static int room_grow(struct record_file *f)
{
	size_t room = f->room ? f->room * 2 : ROOM_FIRST;
	char *grown = realloc(f->text, room);

	if (!grown)
		return -ENOMEM;
	f->text = grown;
	f->room = room;
	return 0;
}

/* Up to the newline, which is read and left out. The length, -ENODATA at the end. */
static ssize_t line_next(struct record_file *f, char why[FORM_FAULT_LEN])
{
	size_t len = 0;
	int c;

	while ((c = getc_unlocked(f->file)) != EOF && c != '\n') {
		if (len == RECORD_LINE_MAX) {
			snprintf(why, FORM_FAULT_LEN, "a line has at most %u octets",
				 RECORD_LINE_MAX);
			return -EBADMSG;
		}
		if (len == f->room && room_grow(f) < 0)
			return -ENOMEM;
		f->text[len++] = (char)c;
	}
	if (c == '\n')
		return (ssize_t)len;
	if (ferror(f->file))
		return -EIO;
	if (!len)
		return -ENODATA;
	snprintf(why, FORM_FAULT_LEN, "the line is cut short: the file ends in the midst of it");
	return -EBADMSG;
}

int record_file_next(struct record_file *f, struct record_line *ret, char why[FORM_FAULT_LEN])
{
	ssize_t len;
	int r;

	f->line++;
	len = line_next(f, why);
	if (len < 0)
		return len == -ENODATA ? 0 : (int)len;
	r = record_line_read(f->text, (size_t)len, ret, why);
	return r < 0 ? r : 1;
}
