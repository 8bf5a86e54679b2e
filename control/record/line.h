/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A record of decisions, line by line: what margayd writes of them and `margay replay` reads. The
 * format is margay-record(5). Lines are values; what order they must stand in is for who reads.
 */
#pragma once
#include "record/form.h"
#include "select/memory.h"
#include "select/weights.h"

#define RECORD_FORMAT    2
#define RECORD_LINE_MAX  (4u << 20) /* octets, with the newline */
#define RECORD_NAME_LEN  64
#define RECORD_LABEL_LEN 128
#define RECORD_SITES_MAX 1024
#define RECORD_STEPS_MAX 65536 /* of a history */

enum record_kind {
	RECORD_BEGIN,    /* the first line: which format, when */
	RECORD_SERVICE,  /* a service as it is before the next decision: settings and memory */
	RECORD_DECISION, /* what went in, what came out */
	RECORD_LOST,     /* decisions are missing here */
	RECORD_END,      /* the last line */
};

struct record_begin {
	uint32_t format;
	char margay[32]; /* version */
	int64_t unix_ms; /* the router's clock, when its monotonic one showed time_s */
	double time_s;
};

struct record_site {
	char name[RECORD_NAME_LEN];
	struct weights_site in;
	struct weights_verdict verdict; /* its id is that of `in` */
};

struct record_decision {
	double time_s, own_rate; /* arguments */
	double total_rate, level_s, own_rate_smooth;
	bool changed;
	struct record_site *site;
	size_t count;
};

struct record_line {
	enum record_kind kind;
	char service[RECORD_LABEL_LEN]; /* of a service and of a decision: record_label() */
	struct record_begin begin;
	struct weights_config config; /* scores: only to be written; NULL where it was read */
	bool has_scores;
	struct scores scores; /* as configured, where they are */
	struct weights_memory memory;
	struct record_decision decision;
	uint64_t lost; /* decisions; at the end, in all */
	uint64_t decisions;
	char why[RECORD_NAME_LEN]; /* it ended */
};

/* One line without its newline. 0; -EBADMSG and ret_fault says what is wrong; -ENOMEM. *ret is to
 * be cleared only after 0. */
int record_line_read(const char *text, size_t len, struct record_line *ret,
		     char ret_fault[FORM_FAULT_LEN]);
void record_line_clear(struct record_line *line);

/* The line with its newline, to be freed, and *ret_len without a terminating zero. NULL: no memory,
 * or longer than RECORD_LINE_MAX. */
char *record_line_write(const struct record_line *line, size_t *ret_len);

/* NAME@ADDRESS: a name may stand for several addresses, and each decides by itself. Returns ret. */
const char *record_label(const char *name, const char *address, char ret[RECORD_LABEL_LEN]);
/* Whether the label is of a service of this name, or address, or is this itself. */
bool record_label_matches(const char *label, const char *wanted);

const char *record_policy_text(int policy);
