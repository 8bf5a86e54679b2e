/* SPDX-License-Identifier: BSD-2-Clause */
/* A file of records, line by line, with room for one line. Owned by the caller. */
#pragma once
#include "record/line.h"

#include <stdio.h>

struct record_file {
	FILE *file; /* the caller's */
	char *text;
	size_t room;
	unsigned line; /* number of the one that was read last, from 1 */
};

/* 1: *ret is to be cleared; 0: the end. -EBADMSG and ret_fault says what is wrong with that line;
 * -EIO; -ENOMEM. */
int record_file_next(struct record_file *file, struct record_line *ret,
		     char ret_fault[FORM_FAULT_LEN]);
void record_file_clear(struct record_file *file); /* the FILE stays open */
